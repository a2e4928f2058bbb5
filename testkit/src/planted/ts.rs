//! MPEG transport streams, by the faults of `samples`.

use samples::ts_faults::TS_FAULTS;

use super::Exam::Vod;
use super::Planted;
use crate::presentation::Base::FfmpegTs;

/// The segment that is broken: one with neighbours.
const PLACE: usize = 5;

pub(super) fn planted() -> Vec<Planted> {
    let planted = |fault: &samples::ts_faults::TsFault| {
        let follows = FOLLOWS.iter().find(|(name, _)| *name == fault.name);
        Planted::new(fault.name, fault.rule, FfmpegTs, Vod)
            .broken(PLACE, fault.plant)
            .follows(follows.map_or(&[], |(_, follows)| *follows))
    };
    let second = Planted::new("long adaptation field extension", "TS-SECOND", FfmpegTs, Vod)
        .broken(READ_TWICE, long_extension);
    TS_FAULTS.iter().map(planted).chain([second]).collect()
}

/// One of those that another reader reads, too: it reads one in four.
const READ_TWICE: usize = 4;

/// A packet of pictures says that its adaptation field has an extension, and that is longer than
/// the field (ISO/IEC 13818-1, 2.4.3.4). Few readers look at it.
fn long_extension(segment: &[u8]) -> Vec<u8> {
    let mut bytes = segment.to_vec();
    for packet in bytes.chunks_exact_mut(188) {
        // With nothing but stuffing in the field.
        if let [0x47, 0x01, 0x00, control, 2..=255, flags @ 0x00, 0xff, ..] = packet
            && *control & 0x30 == 0x30
        {
            *flags = 0x01;
            break;
        }
    }
    bytes
}

/// What else a fault breaks of necessity, and why.
type Follows = &'static [(&'static str, &'static str)];

const FOLLOWS: &[(&str, Follows)] = &[
    ("cut_in_packet", &[("MED-CONTA", "the packet that is lost has the last of the sound")]),
    ("sound_gap", &[("MED-CONTA", "the sound behind the gap ends as much later")]),
];
