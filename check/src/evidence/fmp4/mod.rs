//! Fragmented MP4, taken apart.

mod init;
mod pictures;
mod second;
mod segment;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use init::{InitEvidence, InitTrack};
pub use second::{Second, SecondTrack};
pub use segment::{Fmp4Fragment, Fmp4Segment, Fmp4Track, Sightings, TrackPiece, read};

/// Times beyond this, in nanoseconds, are held to be at it: 146 years either way, so that the
/// difference of any two can be counted.
const TIME_NS_MAX: i64 = (1 << 62) - 1;

/// A time in nanoseconds.
fn nanoseconds(ticks: i128, timescale: u32) -> i64 {
    let limit = i128::from(TIME_NS_MAX);
    let doubled = ticks.saturating_mul(2_000_000_000).checked_div(i128::from(timescale));
    // To the nearest.
    let nearest = (doubled.unwrap_or(0) + 1).div_euclid(2);
    i64::try_from(nearest.clamp(-limit, limit)).unwrap_or(0)
}
