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
    TS_FAULTS.iter().map(planted).collect()
}

/// What else a fault breaks of necessity, and why.
type Follows = &'static [(&'static str, &'static str)];

const FOLLOWS: &[(&str, Follows)] = &[
    ("cut_in_packet", &[("MED-CONTA", "the packet that is lost has the last of the sound")]),
    ("sound_gap", &[("MED-CONTA", "the sound behind the gap ends as much later")]),
];
