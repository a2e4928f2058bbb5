//! Faults of the clock, and of times that are held against it.

use super::layout::{Packet, Pids, body, packets, set_time, time};
use super::pes::starts;

/// There are no clock references.
#[must_use]
pub fn without_clock(segment: &[u8]) -> Vec<u8> {
    let mut packets = packets(segment);
    clocks(&mut packets).for_each(remove);
    packets.concat()
}

/// A clock reference in the middle is a second behind.
#[must_use]
pub fn clock_back(segment: &[u8]) -> Vec<u8> {
    let mut packets = packets(segment);
    let middle = clocks(&mut packets).count() / 2;
    change_clock(clocks(&mut packets).nth(middle).unwrap(), -90_000);
    packets.concat()
}

/// Of ten clock references one is left.
#[must_use]
pub fn few_clock_references(segment: &[u8]) -> Vec<u8> {
    let mut packets = packets(segment);
    let all = clocks(&mut packets).enumerate();
    all.filter(|(number, _)| !number.is_multiple_of(10)).for_each(|(_, packet)| remove(packet));
    packets.concat()
}

/// The clock is two seconds ahead of what it was.
#[must_use]
pub fn clock_ahead(segment: &[u8]) -> Vec<u8> {
    let mut packets = packets(segment);
    clocks(&mut packets).for_each(|packet| change_clock(packet, 2 * 90_000));
    packets.concat()
}

/// The clock is eleven seconds behind what it was.
#[must_use]
pub fn clock_behind(segment: &[u8]) -> Vec<u8> {
    let mut packets = packets(segment);
    clocks(&mut packets).for_each(|packet| change_clock(packet, -11 * 90_000));
    packets.concat()
}

/// A picture is decoded when the one before it is.
#[must_use]
pub fn decoded_twice(segment: &[u8]) -> Vec<u8> {
    let mut packets = packets(segment);
    let video = Pids::of(&packets).video;
    let mut before = 0;
    for (number, packet) in starts(&mut packets, video).enumerate() {
        // DTS, if there is one, or PTS.
        let pes = body(packet);
        let at = pes + if packet[pes + 7] & 0x40 != 0 { 14 } else { 9 };
        if number == 9 {
            set_time(&mut packet[at..], before);
        }
        before = time(&packet[at..]);
    }
    packets.concat()
}

/// A picture is shown before it is decoded.
#[must_use]
pub fn shown_early(segment: &[u8]) -> Vec<u8> {
    let mut packets = packets(segment);
    let video = Pids::of(&packets).video;
    let has_both = |packet: &&mut Packet| packet[body(packet) + 7] & 0xc0 == 0xc0;
    let packet = starts(&mut packets, video).filter(has_both).nth(5).unwrap();
    let pes = body(packet);
    let decoded = time(&packet[pes + 14..]);
    set_time(&mut packet[pes + 9..], decoded - 900);
    packets.concat()
}

/// Packets with a clock reference.
fn clocks(packets: &mut [Packet]) -> impl Iterator<Item = &mut Packet> {
    packets
        .iter_mut()
        .filter(|packet| packet[3] & 0x20 != 0 && packet[4] >= 7 && packet[5] & 0x10 != 0)
}

fn remove(packet: &mut Packet) {
    packet[5] &= !0x10;
    packet[6..12].fill(0xff);
}

fn change_clock(packet: &mut Packet, ticks: i64) {
    let field = packet[6..12].iter().fold(0_i64, |bits, &byte| bits << 8 | i64::from(byte));
    let base = ((field >> 15) + ticks) & 0x1_ffff_ffff;
    let field = base << 15 | field & 0x7fff;
    packet[6..12].copy_from_slice(&field.to_be_bytes()[2..]);
}
