//! Parameter sets that come with the pictures of H.264: some encoders change the resolution that
//! way, and say nothing ahead of it.

#[cfg(test)]
mod tests;

use bytes::Bytes;
use media::avc::{self, AvcConfig, NalType, nal_units};

use crate::set_ids::{SETS_LOOKED_AT_MAX, avc_pps, avc_sps};

/// The decoder configuration record of the pictures from `unit` on: `None` while its parameter sets
/// are those of `config`, byte for byte, or it brings none.
///
/// The sequence parameter sets that it brings come first, since the first is the one that says what
/// the pictures look like. The others stay, unless the unit replaces everything: with a new
/// sequence parameter set and with picture parameter sets.
pub(super) fn changed_record(config: &AvcConfig, unit: &[u8]) -> Option<Bytes> {
    let sets = |kind| {
        let nals = nal_units(unit, config.length_size()).map_while(Result::ok);
        nals.filter(move |nal| NalType::of(nal) == kind)
    };
    // A set more than is looked at, or none.
    let limit = SETS_LOOKED_AT_MAX + 1;
    let count = sets(NalType::SPS).chain(sets(NalType::PPS)).take(limit).count();
    if count == 0 || count == limit {
        return None;
    }
    // Nearly always nothing changes, and then no memory is taken.
    let has_new = |kind, known: &[Bytes]| sets(kind).any(|nal| !known.iter().any(|set| set == nal));
    let has_new_sps = has_new(NalType::SPS, config.sps_list());
    let is_first = |nal| config.sps_list().first().is_some_and(|first| first == nal);
    let has_same_first = sets(NalType::SPS).next().is_none_or(is_first);
    if !has_new_sps && has_same_first && !has_new(NalType::PPS, config.pps_list()) {
        return None;
    }
    let (mut sps, mut brought_pps) = (Vec::new(), Vec::new());
    sets(NalType::SPS).for_each(|new| put(&mut sps, new, avc_sps));
    sets(NalType::PPS).for_each(|new| put(&mut brought_pps, new, avc_pps));
    let mut pps = Vec::new();
    if !has_new_sps || sps.is_empty() || brought_pps.is_empty() {
        for old in config.sps_list() {
            if !sps.iter().any(|new| avc_sps(new) == avc_sps(old)) {
                sps.push(old);
            }
        }
        pps.extend(config.pps_list().iter().map(Bytes::as_ref));
    }
    brought_pps.into_iter().for_each(|new| put(&mut pps, new, avc_pps));
    if sps == config.sps_list() && pps == config.pps_list() {
        return None;
    }
    avc::record(&sps, &pps, config.length_size())
}

/// Puts a set in the place of the one with its number, or behind the others. One without a number
/// is none.
fn put<'a>(sets: &mut Vec<&'a [u8]>, new: &'a [u8], id: fn(&[u8]) -> Option<u32>) {
    let Some(number) = id(new) else { return };
    match sets.iter_mut().find(|old| id(old) == Some(number)) {
        Some(old) => *old = new,
        None => sets.push(new),
    }
}
