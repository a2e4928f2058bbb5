//! The table of all that a stream is held to, family by family.

mod access;
mod dates;
mod dvr;
mod edges;
mod fmp4;
mod http;
mod live;
mod low_latency;
mod measured;
mod media;
mod playlist;
mod second;
#[cfg(test)]
mod tests;
mod ts;
mod variants;

use crate::rule::Rule;

/// Every rule, in the order in which they are documented.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    FAMILIES.iter().flat_map(|family| family.iter())
}

const FAMILIES: [&[Rule]; 21] = [
    playlist::RULES,
    live::RULES,
    dates::RULES,
    variants::RULES,
    measured::RULES,
    http::RULES,
    access::RULES,
    edges::RULES,
    dvr::RULES,
    media::RULES,
    ts::PACKETS,
    ts::TABLES,
    ts::PES,
    ts::CLOCK,
    ts::VIDEO,
    ts::SOUND,
    fmp4::RULES,
    low_latency::RULES,
    second::PLAYLIST,
    second::TS,
    second::FMP4,
];
