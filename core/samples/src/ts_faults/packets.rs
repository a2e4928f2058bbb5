//! Faults of packets and tables.

use super::layout::{PAT, Packet, Pids, body, change_section, is_start, packets, pid, set_pid};

/// A packet in the middle does not begin with the synchronization byte.
#[must_use]
pub fn wrong_sync_byte(segment: &[u8]) -> Vec<u8> {
    change_middle(segment, |packet| packet[0] = 0x46)
}

/// The segment ends in the middle of a packet.
#[must_use]
pub fn cut_in_packet(segment: &[u8]) -> Vec<u8> {
    segment[..segment.len() - 100].to_vec()
}

/// A packet in the middle says that it is damaged.
#[must_use]
pub fn marked_damaged(segment: &[u8]) -> Vec<u8> {
    change_middle(segment, |packet| packet[1] |= 0x80)
}

/// A packet in the middle says that it is scrambled.
#[must_use]
pub fn marked_scrambled(segment: &[u8]) -> Vec<u8> {
    change_middle(segment, |packet| packet[3] |= 0x80)
}

/// The program association is missing.
#[must_use]
pub fn without_association(segment: &[u8]) -> Vec<u8> {
    keep(segment, |packet| pid(packet) != PAT)
}

/// The program map is missing.
#[must_use]
pub fn without_map(segment: &[u8]) -> Vec<u8> {
    let map = Pids::of(&packets(segment)).map;
    keep(segment, |packet| pid(packet) != map)
}

/// The tables come behind the first packet of media.
#[must_use]
pub fn media_first(segment: &[u8]) -> Vec<u8> {
    let mut packets = packets(segment);
    let Pids { video, audio, .. } = Pids::of(&packets);
    let media = packets.iter().position(|packet| [video, audio].contains(&pid(packet))).unwrap();
    let first = packets.remove(media);
    packets.insert(0, first);
    packets.concat()
}

/// The checksum of a program map is wrong.
#[must_use]
pub fn bad_checksum(segment: &[u8]) -> Vec<u8> {
    let mut packets = packets(segment);
    let map = Pids::of(&packets).map;
    let packet = packets.iter_mut().find(|packet| pid(packet) == map).unwrap();
    let section = body(packet) + 1;
    let length = usize::from(u16::from_be_bytes([packet[section + 1] & 0x0f, packet[section + 2]]));
    packet[section + 2 + length] ^= 0x01;
    packets.concat()
}

/// The program association names another program.
#[must_use]
pub fn two_programs(segment: &[u8]) -> Vec<u8> {
    let mut packets = packets(segment);
    for packet in packets.iter_mut().filter(|packet| pid(packet) == PAT) {
        change_section(packet, |section| section.extend([0, 2, 0xff, 0xfe]));
    }
    packets.concat()
}

/// The program map says that it has more descriptors than it has room for. Its checksum is right.
#[must_use]
pub fn long_program_info(segment: &[u8]) -> Vec<u8> {
    let mut packets = packets(segment);
    let map = Pids::of(&packets).map;
    for packet in packets.iter_mut().filter(|packet| pid(packet) == map) {
        change_section(packet, |section| section[11] = 0xff);
    }
    packets.concat()
}

/// The sound has another PID, in its packets and in the program map.
#[must_use]
pub fn pids_changed(segment: &[u8]) -> Vec<u8> {
    let mut packets = packets(segment);
    let Pids { map, audio, .. } = Pids::of(&packets);
    let new = audio + 0x20;
    for packet in &mut packets {
        if pid(packet) == audio {
            set_pid(packet, new);
        } else if pid(packet) == map {
            change_section(packet, |section| {
                let [old, new] = [audio, new].map(|pid| (0xe000 | pid).to_be_bytes());
                let at = (8..section.len()).filter(|&at| section[at..].starts_with(&old));
                at.collect::<Vec<_>>().into_iter().for_each(|at| {
                    section[at..at + 2].copy_from_slice(&new);
                });
            });
        }
    }
    packets.concat()
}

/// A packet in the middle is missing.
#[must_use]
pub fn lost_packet(segment: &[u8]) -> Vec<u8> {
    let mut packets = packets(segment);
    packets.remove(middle(&packets));
    packets.concat()
}

/// Two packets in the middle have changed places.
#[must_use]
pub fn swapped_packets(segment: &[u8]) -> Vec<u8> {
    let mut packets = packets(segment);
    let middle = middle(&packets);
    packets.swap(middle, middle + 1);
    packets.concat()
}

/// The continuity counters do not go on from those of the segment before.
#[must_use]
pub fn counters_changed(segment: &[u8]) -> Vec<u8> {
    let mut packets = packets(segment);
    for packet in &mut packets {
        packet[3] = packet[3] & 0xf0 | (packet[3] + 5) & 0x0f;
    }
    packets.concat()
}

/// Packets in the middle have a PID that the program map does not name.
#[must_use]
pub fn stray_packets(segment: &[u8]) -> Vec<u8> {
    let mut packets = packets(segment);
    let middle = middle(&packets);
    for continuity in 0..3 {
        let mut stray = [0; 188];
        stray[..4].copy_from_slice(&[0x47, 0x1a, 0xbc, 0x10 | continuity]);
        packets.insert(middle + usize::from(continuity), stray);
    }
    packets.concat()
}

fn keep(segment: &[u8], keep: impl Fn(&Packet) -> bool) -> Vec<u8> {
    packets(segment).into_iter().filter(keep).collect::<Vec<_>>().concat()
}

fn change_middle(segment: &[u8], change: impl FnOnce(&mut Packet)) -> Vec<u8> {
    let mut packets = packets(segment);
    let middle = middle(&packets);
    change(&mut packets[middle]);
    packets.concat()
}

/// A packet in the middle, with another of the same picture before it and behind it.
pub(super) fn middle(packets: &[Packet]) -> usize {
    let video = Pids::of(packets).video;
    let inner =
        |packet: &Packet| pid(packet) == video && !is_start(packet) && packet[3] & 0x30 == 0x10;
    let all = 1..packets.len() - 2;
    let found = all.filter(|&at| (at - 1..=at + 2).all(|at| inner(&packets[at])));
    let found: Vec<_> = found.collect();
    found[found.len() / 2]
}
