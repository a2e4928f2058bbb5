//! Moves units through clock, cut and renditions.

mod checkup;
mod cues;
mod open;
mod parts;
mod renditions;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use media::{AccessUnit, TrackId, TrackKind};
use timeline::{DateRange, boundary_ms};

use self::open::Open;
pub(crate) use self::renditions::Announced;
use crate::ahead::Ahead;
use crate::boundary::{Boundary, SAME_MOMENT_TICKS, Side};
use crate::calendar::Calendar;
use crate::cue::Cues;
use crate::cut::SHORTEST_MS;
use crate::gop::declared_gop_ms;
use crate::latest::{Latest, ticks};
use crate::part::PartCutter;
use crate::rendition::Rendition;
use crate::start::{Arrived, Start};
use crate::{Clock, Cut, Cutter, Doctor, LowLatency, Output, Packaging, Repairs};

/// Cuts a publication into segments.
///
/// ```text
/// push(unit) → Clock → Start (waits for tracks and a key frame)
///                    → Ahead (waits for the pictures that decide)
///                    → Cutter: a boundary? ─ no ──────────────→ renditions
///                                          └ yes → held until every track has reached it
///                                                  → segment is pulled, the next begins
/// ```
///
/// Units are written in the order in which they arrive, since encoders interleave them. Only at a
/// boundary what is after it waits for what is before it, so that all tracks are cut at one
/// moment, and with them all renditions.
#[derive(Debug)]
pub struct Segmenter {
    packaging: Packaging,
    timed_id3: bool,
    low_latency: LowLatency,
    /// Where parts end, if there can be any.
    parts: Option<PartCutter>,
    clock: Clock,
    doctor: Doctor,
    cutter: Cutter,
    calendar: Calendar,
    start: Option<Start>,
    tracks: BTreeMap<TrackId, Announced>,
    /// Tracks have been announced or changed since the renditions were planned.
    has_new_tracks: bool,
    renditions: Vec<Rendition>,
    open: Option<Open>,
    boundary: Option<Boundary>,
    ahead: Ahead,
    /// The timeline has jumped since the segment began: the next one is a discontinuity.
    jumped: bool,
    latest: Latest,
    /// Cues from before the timeline began, by the publisher's own time.
    early_cues: Cues<u32>,
    /// Cues from before the first segment.
    cues: Cues<i64>,
    /// Date ranges whose end is not known yet, by their names.
    open_ranges: BTreeMap<String, DateRange>,
    /// Tags that wait for the media of their moment.
    tags: Cues<i64>,
    /// From where on the next key frame begins a segment.
    cuts_at: BTreeSet<i64>,
    /// The segment has begun with sound: the next key frame ends it.
    awaits_pictures: bool,
    /// Where the last discontinuity was.
    last_break: Option<i64>,
    unwritable: u64,
    forced_cuts: u64,
    outputs: VecDeque<Output>,
}

/// How a stream is cut.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Settings {
    /// Segments end at the first key frame at or after this, in milliseconds.
    pub segment_ms: i64,
    /// The target duration that an earlier publication of the stream has fixed, in seconds.
    pub target_duration_s: Option<u32>,
    /// The containers that the stream is offered in.
    pub packaging: Packaging,
    /// Whether the segments may have ID3 tags in them, which a transport stream says beforehand.
    pub timed_id3: bool,
    /// Which renditions have parts.
    pub low_latency: LowLatency,
    /// How long parts are at most, in milliseconds, but for what rounding to frames makes of it.
    pub part_ms: i64,
    /// The part target that an earlier publication of the stream has fixed, in milliseconds.
    pub part_target_ms: Option<u32>,
    /// Where the timeline begins at the earliest, in milliseconds: behind that of an earlier
    /// publication, since players stumble over decode times that go back, break or no break.
    pub begins_at_ms: i64,
}

/// Most bytes of one segment in all its renditions, so that a clock that stands still cannot make
/// one of any size: ten seconds of 50 Mbit/s. What waits at a boundary is a segment's beginning
/// and has the same limit.
const SEGMENT_BYTES_MAX: usize = 64 * 1024 * 1024;
/// How much later than sound pictures arrive that belong to it, in milliseconds, at the limit of a
/// segment: twice this is what is left until it would be rounded up.
const PICTURES_LATE_MS: i64 = 45;

impl Segmenter {
    /// A segmenter for one publication.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let has_parts = settings.low_latency != LowLatency::Off;
        let parts = has_parts.then(|| PartCutter::new(settings.part_ms, settings.part_target_ms));
        Self {
            packaging: settings.packaging,
            timed_id3: settings.timed_id3,
            low_latency: settings.low_latency,
            parts,
            clock: Clock::beginning_at(settings.begins_at_ms),
            doctor: Doctor::new(),
            cutter: Cutter::new(settings.segment_ms, settings.target_duration_s),
            calendar: Calendar::default(),
            start: Some(Start::default()),
            tracks: BTreeMap::new(),
            has_new_tracks: false,
            renditions: Vec::new(),
            open: None,
            boundary: None,
            ahead: Ahead::default(),
            jumped: false,
            latest: Latest::default(),
            early_cues: Cues::default(),
            cues: Cues::default(),
            open_ranges: BTreeMap::new(),
            tags: Cues::default(),
            cuts_at: BTreeSet::new(),
            last_break: None,
            awaits_pictures: false,
            unwritable: 0,
            forced_cuts: 0,
            outputs: VecDeque::new(),
        }
    }

    /// Takes in a unit that arrived at `now_ms`, in milliseconds since the Unix epoch.
    pub fn push(&mut self, unit: AccessUnit, now_ms: i64) {
        let Some(placement) = self.clock.place(unit) else { return };
        let (unit, jumped) = (placement.unit, placement.jumped);
        self.doctor.unit(&unit, jumped, now_ms);
        let early: Vec<_> = self.early_cues.drain().collect();
        early.into_iter().for_each(|(timestamp_ms, cue)| self.cue(timestamp_ms, cue));
        let config = self.tracks.get(&unit.track).map_or(0, |known| known.config);
        let arrived = Arrived { unit, now_ms, jumped, config };
        match &mut self.start {
            None => self.take(arrived),
            Some(start) => {
                start.push(arrived);
                if let Some(begun) = start.begin(self.tracks.keys().copied()) {
                    self.begin(begun);
                }
            }
        }
    }

    /// The publication is over: what is open becomes a segment, however short.
    pub fn finish(&mut self) {
        if let Some(units) = self.start.take().and_then(Start::finish) {
            self.begin(units);
        }
        for arrived in self.ahead.drain() {
            self.step(arrived);
        }
        while let Some(boundary) = self.boundary.take() {
            if boundary.is_expected {
                self.give_up(boundary);
            } else {
                self.cross(boundary);
            }
        }
        if let (Some(open), Some(end)) = (&self.open, self.latest.end()) {
            let shortest = open.start.saturating_add(self.latest.step().max(1));
            let longest = open.start.saturating_add(self.limit_ticks());
            self.close(end.max(shortest).min(longest), |_| None);
        }
    }

    /// What comes out next, or `None` until more has come in.
    pub fn pull(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// What has been mended so far.
    #[must_use]
    pub fn repairs(&self) -> Repairs {
        let repairs = self.clock.repairs();
        Repairs {
            dropped: repairs.dropped.saturating_add(self.unwritable),
            forced_cuts: self.forced_cuts,
            ..repairs
        }
    }

    /// Begins the first segment with the units that have waited for it.
    fn begin(&mut self, units: VecDeque<Arrived>) {
        self.start = None;
        let is_picture = |arrived: &&Arrived| arrived.unit.track.kind == TrackKind::Video;
        let first = units.iter().find(is_picture).or_else(|| units.front());
        let Some(first) = first else { return };
        let known = self.tracks.get(&first.unit.track);
        if let Some(gop_ms) = known.and_then(|it| declared_gop_ms(&it.track, &first.unit)) {
            self.cutter.declare_gop(gop_ms);
        }
        let (at, now_ms) = (ticks(first.unit.pts), first.now_ms);
        self.open(at, now_ms, true);
        for arrived in units {
            self.take(Arrived { jumped: false, ..arrived });
        }
    }

    /// Puts a unit in its place among those of the other tracks.
    fn take(&mut self, arrived: Arrived) {
        self.latest.arrive(&arrived.unit);
        if let Some(arrived) = self.ahead.hold(arrived, self.pictures_arrived()) {
            self.step(arrived);
        }
        while let Some(arrived) = self.ahead.release(self.pictures_arrived()) {
            self.step(arrived);
        }
    }

    fn step(&mut self, arrived: Arrived) {
        let sound_ticks = self.sound_ticks(&arrived.unit);
        let Some(boundary) = &mut self.boundary else { return self.decide(arrived, None) };
        if boundary.is_expected && self.latest.is_master(&arrived.unit) {
            return self.find_out(arrived);
        }
        if boundary.side(&arrived.unit, sound_ticks) == Side::Before {
            self.write(&arrived);
            return self.pass_early(&arrived.unit);
        }
        if boundary.hold(arrived, SEGMENT_BYTES_MAX) {
            self.pass();
        }
    }

    /// Goes over the boundary, or, if it is only expected, as far as that can be done.
    fn pass(&mut self) {
        let Some(boundary) = self.boundary.take() else { return };
        if boundary.is_expected {
            self.pass_expected(boundary);
        } else {
            self.cross(boundary);
        }
    }

    /// Writes a unit, or sets a boundary before it, which may have been expected.
    fn decide(&mut self, mut arrived: Arrived, expected: Option<Boundary>) {
        self.jumped |= std::mem::take(&mut arrived.jumped);
        let unit = &arrived.unit;
        let Some(open) = &self.open else { return };
        let at = ticks(unit.pts);
        let elapsed_ms = boundary_ms(at).saturating_sub(boundary_ms(open.start));
        // A break, tracks that the renditions do not know yet, or a splice end the segment early:
        // at the first moment from which decoding can start.
        let is_rare = self
            .last_break
            .is_none_or(|last| boundary_ms(at).saturating_sub(boundary_ms(last)) >= SHORTEST_MS);
        let breaks = (self.jumped || self.has_new_tracks) && is_rare;
        let pictures_are_back = self.awaits_pictures
            && unit.track.kind == TrackKind::Video
            && elapsed_ms >= SHORTEST_MS;
        let is_wanted = breaks
            || pictures_are_back
            || self.cuts_at.first().is_some_and(|cut| is_reached(*cut, at));
        let ends_early = is_wanted && unit.random_access && elapsed_ms > 0;
        // Sound that is coded otherwise from here on cannot wait for a key frame: it would be lost.
        let sound_changes = breaks && elapsed_ms > 0 && self.is_other_sound(&arrived);
        // Sound cuts for the pictures when they are late, and any unit does when a clock that
        // stands still would make a segment of any size.
        let is_overdue = elapsed_ms >= self.cutter.limit_ms().saturating_add(PICTURES_LATE_MS)
            || open.bytes > SEGMENT_BYTES_MAX;
        let cut = match self.latest.is_master(unit) {
            _ if sound_changes => self.cutter.cut_early(),
            false => Cut::Continue,
            true if ends_early => self.cutter.cut_early(),
            true => self.cutter.decide(elapsed_ms, unit.random_access),
        };
        let cut = if is_overdue && cut == Cut::Continue { Cut::Forced } else { cut };
        if cut == Cut::Continue {
            self.write(&arrived);
            return expected.into_iter().for_each(|boundary| self.give_up(boundary));
        }
        self.forced_cuts = self.forced_cuts.saturating_add(u64::from(cut == Cut::Forced));
        self.awaits_pictures = unit.track.kind == TrackKind::Audio;
        let discontinuity = breaks && unit.random_access;
        let waits_for = self.behind(at);
        let mut boundary = Boundary::new(arrived, discontinuity, waits_for.into_iter());
        expected.into_iter().for_each(|expected| boundary.confirm(expected));
        if boundary.is_settled() {
            self.cross(boundary);
        } else {
            self.boundary = Some(boundary);
        }
    }

    /// Ends the open segment at the boundary and begins the next.
    fn cross(&mut self, mut boundary: Boundary) {
        let mut start = boundary.at;
        if let Some(open) = &self.open {
            // The last picture may last longer than its segment may be: the next one begins where
            // this one must end. What no segment can bridge is a hole in the media, and said.
            let end = boundary.at.min(open.start.saturating_add(self.limit_ticks()));
            if boundary.at.saturating_sub(end) <= self.limit_ticks() {
                start = end;
            } else {
                boundary.discontinuity = true;
            }
            match self.close(end, |track| boundary.next(track)) {
                Some(closed) if start == end => start = closed,
                Some(_) => {}
                None => boundary.discontinuity = true,
            }
        }
        self.open(start, boundary.now_ms, boundary.discontinuity);
        for arrived in boundary.held {
            self.step(arrived);
        }
    }

    fn write(&mut self, arrived: &Arrived) {
        let unit = &arrived.unit;
        self.latest.write(unit, self.sound_ticks(unit));
        self.parts_before(unit);
        self.write_tags(ticks(unit.pts));
        let mut bytes = 0_usize;
        for rendition in &mut self.renditions {
            match rendition.write(unit, arrived.config) {
                Some(written) => bytes = bytes.saturating_add(written),
                None => self.unwritable = self.unwritable.saturating_add(1),
            }
        }
        if let Some(open) = &mut self.open {
            open.bytes = open.bytes.saturating_add(bytes);
        }
        self.parts_after(arrived);
    }

    /// How long the unit's sound lasts, in 90 kHz ticks.
    fn sound_ticks(&self, unit: &AccessUnit) -> i64 {
        let audio = self.tracks.get(&unit.track).and_then(|known| known.track.codec.audio());
        audio.map_or(0, |audio| {
            i64::from(unit.samples).saturating_mul(90_000) / i64::from(audio.sample_rate).max(1)
        })
    }
}

/// Whether a cut that was asked for at `cut` can be made at `at`, in 90 kHz ticks.
const fn is_reached(cut: i64, at: i64) -> bool {
    at.saturating_add(SAME_MOMENT_TICKS) >= cut
}

#[cfg(test)]
mod tests;
