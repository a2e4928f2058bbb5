//! Where the open segment will end, and what comes after.

use std::collections::{BTreeSet, VecDeque};

use media::{AccessUnit, Timestamp, TrackId, TrackKind};

use crate::latest::ticks;
use crate::start::Arrived;

/// How long units wait at a boundary for those before it, in 90 kHz ticks of decode time: more
/// than encoders delay one track against the other, less than a viewer would notice.
const HOLD_TICKS_MAX: i64 = 90_000 / 2;
/// Most units that wait at a boundary: half a second of a few tracks has a few hundred.
const HELD_UNITS_MAX: usize = 1_024;
/// How far apart pictures of one moment may be in different tracks, in 90 kHz ticks: encoders
/// round to milliseconds.
pub(crate) const SAME_MOMENT_TICKS: i64 = 180;

/// A boundary that some tracks have not reached yet.
#[derive(Debug)]
pub(crate) struct Boundary {
    /// Where it is, in 90 kHz ticks.
    pub(crate) at: i64,
    /// Whether it is only expected, since segments so far have ended like that: the next picture
    /// tells.
    pub(crate) is_expected: bool,
    /// When its first unit arrived, in milliseconds since the Unix epoch.
    pub(crate) now_ms: i64,
    pub(crate) discontinuity: bool,
    waits_for: BTreeSet<TrackId>,
    pub(crate) held: VecDeque<Arrived>,
    held_bytes: usize,
    /// The decode time of what was held last.
    held_until: i64,
}

/// On which side of a boundary a unit is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Side {
    Before,
    After,
}

impl Boundary {
    /// A boundary before `first`, at its presentation time.
    pub(crate) fn new(
        first: Arrived,
        discontinuity: bool,
        waits_for: impl Iterator<Item = TrackId>,
    ) -> Self {
        let (at, id) = (ticks(first.unit.pts), first.unit.track);
        Self {
            at,
            now_ms: first.now_ms,
            discontinuity,
            waits_for: waits_for.filter(|other| *other != id).collect(),
            is_expected: false,
            held_bytes: first.unit.payload.len(),
            held_until: at,
            held: VecDeque::from([first]),
        }
    }

    /// A boundary at `at` where the next picture is expected to begin a segment. What some tracks
    /// have still to send before it goes before it.
    pub(crate) fn expected(at: i64, waits_for: impl Iterator<Item = TrackId>) -> Self {
        Self {
            at,
            is_expected: true,
            now_ms: 0,
            discontinuity: false,
            waits_for: waits_for.collect(),
            held_bytes: 0,
            held_until: at,
            held: VecDeque::new(),
        }
    }

    /// Becomes the boundary that was expected: tracks that have passed the one have passed the
    /// other.
    pub(crate) fn confirm(&mut self, expected: Self) {
        self.waits_for.retain(|track| expected.waits_for.contains(track));
        for arrived in expected.held {
            self.keep(arrived);
        }
    }

    /// Nothing more of the track comes before the boundary.
    pub(crate) fn pass(&mut self, track: TrackId) {
        self.waits_for.remove(&track);
    }

    /// On which side a unit belongs; sound lasts `sound_ticks`. A track that has passed the
    /// boundary stays behind it.
    pub(crate) fn side(&mut self, unit: &AccessUnit, sound_ticks: i64) -> Side {
        if !self.waits_for.contains(&unit.track) {
            return Side::After;
        }
        let pts = ticks(unit.pts);
        let has_passed = match unit.track.kind {
            // By its middle, so that sound is cut within half a frame of the pictures.
            TrackKind::Audio => pts.saturating_add(sound_ticks / 2) >= self.at,
            TrackKind::Video => {
                let early = if unit.random_access { SAME_MOMENT_TICKS } else { 0 };
                pts.saturating_add(early) >= self.at
            }
        };
        if !has_passed {
            return Side::Before;
        }
        self.waits_for.remove(&unit.track);
        Side::After
    }

    /// Keeps a unit for the next segment. Says whether there is nothing more to wait for.
    pub(crate) fn hold(&mut self, arrived: Arrived, bytes_max: usize) -> bool {
        self.keep(arrived);
        self.is_settled() || self.is_full(bytes_max)
    }

    /// Whether more is kept than is worth waiting for.
    pub(crate) fn is_full(&self, bytes_max: usize) -> bool {
        self.held_until.saturating_sub(self.at) > HOLD_TICKS_MAX
            || self.held_bytes > bytes_max
            || self.held.len() >= HELD_UNITS_MAX
    }

    fn keep(&mut self, arrived: Arrived) {
        self.held_until = ticks(arrived.unit.dts);
        self.held_bytes = self.held_bytes.saturating_add(arrived.unit.payload.len());
        self.held.push_back(arrived);
    }

    /// Whether every track has passed.
    pub(crate) fn is_settled(&self) -> bool {
        self.waits_for.is_empty()
    }

    /// When the first unit of a track behind the boundary is decoded.
    pub(crate) fn next(&self, track: TrackId) -> Option<Timestamp> {
        Some(self.held.iter().find(|arrived| arrived.unit.track == track)?.unit.dts)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn arrived(track: TrackId, at: i64) -> Arrived {
        let time = Timestamp::new(at, media::Timescale::MPEG);
        let payload = Bytes::from_static(&[1]);
        let (dts, pts, random_access) = (time, time, true);
        let unit = AccessUnit { track, dts, pts, random_access, samples: 1_024, payload };
        Arrived { unit, now_ms: 0, jumped: false, config: 0 }
    }

    /// Times in milliseconds are wrong by up to one: what has passed where a boundary was expected
    /// does not come before it after all.
    #[test]
    fn a_track_that_has_passed_an_expected_boundary_has_passed_it() {
        let other = TrackId { number: 1, ..TrackId::AUDIO };
        let mut expected = Boundary::expected(180_000, [TrackId::AUDIO, other].into_iter());
        expected.pass(TrackId::AUDIO);
        assert!(!expected.hold(arrived(TrackId::AUDIO, 179_100), 1_000));
        let waits_for = [TrackId::AUDIO, other].into_iter();
        let mut boundary = Boundary::new(arrived(TrackId::VIDEO, 180_090), false, waits_for);
        boundary.confirm(expected);
        assert!(!boundary.is_settled(), "the other has not passed");
        assert_eq!(boundary.side(&arrived(TrackId::AUDIO, 179_100).unit, 1_920), Side::After);
        assert_eq!(boundary.held.len(), 2, "the picture, and the sound behind it");
        boundary.pass(other);
        assert!(boundary.is_settled());
    }
}
