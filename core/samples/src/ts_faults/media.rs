//! Faults of pictures (H.264) and sound (AAC).

use super::layout::{Pes, Pids, change_pes, packets, set_time, time};
use super::pes::change_sound;

/// Types of NAL units.
const IDR: u8 = 5;
const SPS: u8 = 7;
const PPS: u8 = 8;
const DELIMITER: u8 = 9;
/// Padding, which decoders pass over.
const FILLER: u8 = 12;

/// No access unit begins with a delimiter.
#[must_use]
pub fn without_delimiters(segment: &[u8]) -> Vec<u8> {
    change_pictures(segment, |list| list.iter_mut().for_each(|pes| hide(pes, &[DELIMITER])))
}

/// A PES packet holds two pictures.
#[must_use]
pub fn pictures_joined(segment: &[u8]) -> Vec<u8> {
    change_pictures(segment, |list| {
        let second = list.remove(8);
        let first = &mut list[7];
        let data = &second.bytes[second.header()..];
        first.bytes.extend(data);
        first.measure();
    })
}

/// There are no parameter sets.
#[must_use]
pub fn without_parameter_sets(segment: &[u8]) -> Vec<u8> {
    change_pictures(segment, |list| list.iter_mut().for_each(|pes| hide(pes, &[SPS, PPS])))
}

/// Key frames behind the first have no parameter sets.
#[must_use]
pub fn later_key_without_sets(segment: &[u8]) -> Vec<u8> {
    change_pictures(segment, |list| {
        list.iter_mut().skip(1).for_each(|pes| hide(pes, &[SPS, PPS]));
    })
}

/// No key frame has the random access indicator.
#[must_use]
pub fn unmarked_keys(segment: &[u8]) -> Vec<u8> {
    change_pictures(segment, |list| list.iter_mut().for_each(Pes::unmark))
}

/// Key frames behind the first have no random access indicator.
#[must_use]
pub fn later_key_unmarked(segment: &[u8]) -> Vec<u8> {
    change_pictures(segment, |list| {
        assert!(list.iter().skip(1).any(|pes| types(pes).contains(&IDR)), "one key frame");
        list.iter_mut().skip(1).for_each(Pes::unmark);
    })
}

/// A frame of the sound does not begin with a sync word.
#[must_use]
pub fn bad_adts_header(segment: &[u8]) -> Vec<u8> {
    change_sound(segment, |list| {
        let header = list[1].header();
        list[1].bytes[header] = 0;
    })
}

/// A frame of the sound begins in one PES packet and ends in the next.
#[must_use]
pub fn sound_misaligned(segment: &[u8]) -> Vec<u8> {
    change_sound(segment, |list| {
        let left = list[1].bytes.len() - 20;
        let moved = list[1].bytes.split_off(left);
        list[1].measure();
        let header = list[2].header();
        list[2].bytes.splice(header..header, moved);
        list[2].measure();
    })
}

/// The last frame of the sound lacks its end.
#[must_use]
pub fn sound_cut(segment: &[u8]) -> Vec<u8> {
    change_sound(segment, |list| {
        let last = list.last_mut().unwrap();
        last.bytes.truncate(last.bytes.len() - 20);
        last.measure();
    })
}

/// A PES packet of the sound is 100 ms late.
#[must_use]
pub fn sound_late(segment: &[u8]) -> Vec<u8> {
    change_sound(segment, |list| {
        let field = &mut list[1].bytes[9..14];
        let late = time(field) + 9_000;
        set_time(field, late);
    })
}

/// The sound is 100 ms late from its second PES packet on.
#[must_use]
pub fn sound_gap(segment: &[u8]) -> Vec<u8> {
    change_sound(segment, |list| {
        for pes in list.iter_mut().skip(1) {
            let field = &mut pes.bytes[9..14];
            let late = time(field) + 9_000;
            set_time(field, late);
        }
    })
}

fn change_pictures(segment: &[u8], change: impl FnOnce(&mut Vec<Pes>)) -> Vec<u8> {
    let packets = packets(segment);
    change_pes(&packets, Pids::of(&packets).video, change)
}

/// Where NAL units begin, behind their start codes.
fn nal_units(pes: &Pes) -> Vec<usize> {
    let starts = pes.bytes.windows(3).enumerate().skip(pes.header());
    starts.filter(|(_, bytes)| *bytes == [0, 0, 1]).map(|(at, _)| at + 3).collect()
}

fn types(pes: &Pes) -> Vec<u8> {
    nal_units(pes).into_iter().map(|at| pes.bytes[at] & 0x1f).collect()
}

/// Makes NAL units of some types such that decoders pass over.
fn hide(pes: &mut Pes, kinds: &[u8]) {
    for at in nal_units(pes) {
        if kinds.contains(&(pes.bytes[at] & 0x1f)) {
            pes.bytes[at] = FILLER;
        }
    }
}
