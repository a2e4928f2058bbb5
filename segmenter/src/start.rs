//! Where a publication begins: when its tracks are known, at a key frame.

use std::collections::{BTreeSet, VecDeque};

use media::{AccessUnit, TrackId, TrackKind};

use crate::boundary::SAME_MOMENT_TICKS;
use crate::latest::ticks;

/// How long a second kind of track is waited for, in 90 kHz ticks of media: encoders announce all
/// their tracks within a fraction of a second.
const TRACKS_TICKS_MAX: i64 = 90_000;
/// How long a key frame is waited for, in 90 kHz ticks: longer than the largest usual distance
/// between two.
const KEY_FRAME_TICKS_MAX: i64 = 10 * 90_000;
/// Most bytes that wait for the first segment: ten seconds at 25 Mbit/s.
const WAITING_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Most units that wait for the first segment: ten seconds of 60 pictures and 50 sounds a second
/// are 1,100.
const WAITING_UNITS_MAX: usize = 4_096;
/// How much sound before the first picture is kept, in 90 kHz ticks: what encoders send ahead.
const SOUND_AHEAD_TICKS_MAX: i64 = 90_000 / 5;

/// A unit and when it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Arrived {
    /// The unit, on the timeline.
    pub(crate) unit: AccessUnit,
    /// Milliseconds since the Unix epoch.
    pub(crate) now_ms: i64,
    /// Whether the encoder's clock jumped right before it.
    pub(crate) jumped: bool,
    /// The number of its track's configuration: what it is coded by.
    pub(crate) config: u32,
}

/// Holds the first units until it is clear with which the first segment begins.
#[derive(Debug, Default)]
pub(crate) struct Start {
    units: VecDeque<Arrived>,
    bytes: usize,
    /// The first and the last decode time, in 90 kHz ticks.
    span: Option<(i64, i64)>,
    /// Tracks of which something waits, and those of which a key frame does.
    seen: BTreeSet<TrackId>,
    key_frames: BTreeSet<TrackId>,
}

impl Start {
    pub(crate) fn push(&mut self, arrived: Arrived) {
        let dts = ticks(arrived.unit.dts);
        let (first, last) = self.span.unwrap_or((dts, dts));
        self.span = Some((first.min(dts), last.max(dts)));
        self.seen.insert(arrived.unit.track);
        if is_key_frame(&arrived) {
            self.key_frames.insert(arrived.unit.track);
        }
        self.bytes = self.bytes.saturating_add(arrived.unit.payload.len());
        self.units.push_back(arrived);
    }

    /// The units of the first segment, once they are known.
    pub(crate) fn begin(
        &mut self,
        tracks: impl Iterator<Item = TrackId> + Clone,
    ) -> Option<VecDeque<Arrived>> {
        let announced = |kind| tracks.clone().any(|id| id.kind == kind);
        let has_all = announced(TrackKind::Video) && announced(TrackKind::Audio);
        let is_full = self.bytes > WAITING_BYTES_MAX || self.units.len() > WAITING_UNITS_MAX;
        if !has_all && self.waited() < TRACKS_TICKS_MAX && !is_full {
            return None;
        }
        if announced(TrackKind::Video) {
            // The first one that has sent something: one that only was announced may never.
            let is_there = |id: &TrackId| id.kind == TrackKind::Video && self.seen.contains(id);
            let first = tracks.clone().find(is_there);
            if let Some(first) = first.filter(|id| self.key_frames.contains(id)) {
                self.begin_at_key_frame(first);
            } else if self.waited() < KEY_FRAME_TICKS_MAX && !is_full {
                self.forget_what_no_key_frame_will_need();
                return None;
            }
        }
        Some(std::mem::take(&mut self.units))
    }

    fn begin_at_key_frame(&mut self, track: TrackId) {
        let is_first = |arrived: &&Arrived| is_key_frame(arrived) && arrived.unit.track == track;
        let Some(first) = self.units.iter().find(is_first) else { return };
        let (at, dts) = (ticks(first.unit.pts), first.unit.dts);
        self.units.retain(|arrived| match arrived.unit.track.kind {
            TrackKind::Video if arrived.unit.track == track => arrived.unit.dts >= dts,
            // Others may be decoded earlier for the same moment.
            TrackKind::Video => ticks(arrived.unit.pts).saturating_add(SAME_MOMENT_TICKS) >= at,
            TrackKind::Audio => at.saturating_sub(ticks(arrived.unit.pts)) <= SOUND_AHEAD_TICKS_MAX,
        });
    }

    /// What is too early for a key frame that is still to come. That of another track may have come
    /// a little before.
    fn forget_what_no_key_frame_will_need(&mut self) {
        let latest = self.units.back().map_or(0, |arrived| ticks(arrived.unit.dts));
        self.units.retain(|arrived| {
            latest.saturating_sub(ticks(arrived.unit.pts)) <= 2 * SOUND_AHEAD_TICKS_MAX
        });
        let left = self.units.iter();
        self.key_frames = left.filter(|it| is_key_frame(it)).map(|it| it.unit.track).collect();
        self.bytes = self.units.iter().map(|arrived| arrived.unit.payload.len()).sum();
    }

    /// What there is when the publication ends before it has begun: worth a segment only if
    /// something in it can be decoded.
    pub(crate) fn finish(mut self) -> Option<VecDeque<Arrived>> {
        match self.key_frames.first().copied() {
            Some(first) => self.begin_at_key_frame(first),
            None => self.units.retain(|arrived| arrived.unit.track.kind == TrackKind::Audio),
        }
        (!self.units.is_empty()).then_some(self.units)
    }

    /// From the first decode time to the last, in 90 kHz ticks.
    fn waited(&self) -> i64 {
        self.span.map_or(0, |(first, last)| last.saturating_sub(first))
    }
}

fn is_key_frame(arrived: &Arrived) -> bool {
    arrived.unit.track.kind == TrackKind::Video && arrived.unit.random_access
}
