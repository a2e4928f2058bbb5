//! Faults of PES packets.

use super::layout::{Packet, Pes, Pids, body, change_pes, is_start, packets, pid};

/// A PES packet of pictures in the middle has no start code.
#[must_use]
pub fn bad_start_code(segment: &[u8]) -> Vec<u8> {
    let mut packets = packets(segment);
    let video = Pids::of(&packets).video;
    let packet = starts(&mut packets, video).nth(7).unwrap();
    packet[body(packet) + 2] = 2;
    packets.concat()
}

/// The segment begins with the rest of a PES packet of the sound.
#[must_use]
pub fn starts_inside_pes(segment: &[u8]) -> Vec<u8> {
    let mut packets = packets(segment);
    let audio = Pids::of(&packets).audio;
    let first = packets.iter().position(|packet| pid(packet) == audio).unwrap();
    let mut rest = packets[first];
    rest[1] &= !0x40;
    rest[3] = 0x10 | (rest[3].wrapping_sub(1) & 0x0f);
    rest[4..].fill(0x55);
    packets.insert(first, rest);
    packets.concat()
}

/// A PES packet of the sound says that it is longer than it is.
#[must_use]
pub fn wrong_length(segment: &[u8]) -> Vec<u8> {
    change_sound(segment, |list| list[1].bytes[5] ^= 0x01)
}

/// A PES packet of the sound does not say how long it is.
#[must_use]
pub fn unsaid_length(segment: &[u8]) -> Vec<u8> {
    change_sound(segment, |list| list[1].bytes[4..6].fill(0))
}

/// The time of a PES packet of the sound lacks a marker bit.
#[must_use]
pub fn wrong_marker(segment: &[u8]) -> Vec<u8> {
    change_sound(segment, |list| list[1].bytes[11] &= !0x01)
}

/// A PES packet of the sound has no time.
#[must_use]
pub fn without_time(segment: &[u8]) -> Vec<u8> {
    change_sound(segment, |list| {
        let pes = &mut list[1];
        let header = pes.header();
        pes.bytes[7] &= 0x3f;
        pes.bytes[9..header].fill(0xff);
    })
}

pub(super) fn change_sound(segment: &[u8], change: impl FnOnce(&mut Vec<Pes>)) -> Vec<u8> {
    let packets = packets(segment);
    change_pes(&packets, Pids::of(&packets).audio, change)
}

/// The packets that PES packets of a PID start in.
pub(super) fn starts(packets: &mut [Packet], wanted: u16) -> impl Iterator<Item = &mut Packet> {
    packets.iter_mut().filter(move |packet| pid(packet) == wanted && is_start(packet))
}
