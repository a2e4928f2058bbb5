//! Moves units through clock, cut and package.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use container::ts::{Muxer, UnsupportedTracks};
use media::{AccessUnit, CodecConfig, Track, TrackId, TrackKind, avc};
use timeline::{NewSegment, RenditionId, boundary_ms};

use crate::calendar::Calendar;
use crate::latest::{Latest, NO_PICTURES_TICKS_MAX, ticks};
use crate::package::{TsPackage, first_of_each_kind};
use crate::start::{Arrived, Start};
use crate::{Clock, Cut, Cutter, Repairs};

/// Cuts a publication into segments.
///
/// ```text
/// push(unit) → Clock → Start (waits for tracks and a key frame)
///                    → Cutter: a boundary? ─ no ──────────────→ package
///                                          └ yes → held until the sound has reached it
///                                                  → segment is pulled, the next begins
/// ```
///
/// Units are written in the order in which they arrive, since encoders interleave them. Only at a
/// boundary the pictures after it wait for the sound before it, so that both are cut at one
/// moment.
#[derive(Debug)]
pub struct Segmenter {
    clock: Clock,
    cutter: Cutter,
    calendar: Calendar,
    start: Option<Start>,
    tracks: BTreeMap<TrackId, Track>,
    /// Tracks have been announced or changed since the package was made.
    has_new_tracks: bool,
    package: Option<TsPackage>,
    open: Option<Open>,
    boundary: Option<Boundary>,
    /// The timeline has jumped since the segment began: the next one is a discontinuity.
    jumped: bool,
    latest: Latest,
    unwritable: u64,
    outputs: VecDeque<Output>,
}

/// How a stream is cut.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Settings {
    /// Segments end at the first key frame at or after this, in milliseconds.
    pub segment_ms: i64,
    /// The target duration that an earlier publication of the stream has fixed, in seconds.
    pub target_duration_s: Option<u32>,
}

/// What comes out.
#[derive(Clone, Debug)]
pub enum Output {
    /// A finished segment.
    Segment(Segment),
}

/// A finished segment in every rendition.
#[derive(Clone, Debug)]
pub struct Segment {
    /// What the journal says of it.
    pub new: NewSegment,
    /// Its bytes, in the order of `new.renditions`.
    pub bodies: Vec<Bytes>,
}

/// The segment that is being written.
#[derive(Debug)]
struct Open {
    start: i64,
    calendar_ms: i64,
    discontinuity: bool,
    independent: bool,
    pictures: u32,
    bytes: usize,
}

/// Where the open segment will end, and what comes after.
#[derive(Debug)]
struct Boundary {
    at: i64,
    now_ms: i64,
    discontinuity: bool,
    independent: bool,
    held: VecDeque<Arrived>,
    held_bytes: usize,
}

/// How long pictures wait at a boundary for the sound before it, in 90 kHz ticks of decode time:
/// more than encoders delay one against the other, less than a viewer would notice.
const HOLD_TICKS_MAX: i64 = 90_000 / 2;
/// Most bytes of one segment, so that a clock that stands still cannot make one of any size: ten
/// seconds at 50 Mbit/s. What waits at a boundary is a segment's beginning and has the same limit.
const SEGMENT_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Most units that wait at a boundary: half a second has a few dozen.
const HELD_UNITS_MAX: usize = 1_024;
/// How much later than sound pictures arrive that belong to it, in milliseconds, at the limit of a
/// segment: twice this is what is left until it would be rounded up.
const PICTURES_LATE_MS: i64 = 45;
/// How long a track may send nothing before the others no longer wait for it, in 90 kHz ticks.
const SILENCE_TICKS_MAX: i64 = 90_000;
impl Segmenter {
    /// A segmenter for one publication.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            clock: Clock::default(),
            cutter: Cutter::new(settings.segment_ms, settings.target_duration_s),
            calendar: Calendar::default(),
            start: Some(Start::default()),
            tracks: BTreeMap::new(),
            has_new_tracks: false,
            package: None,
            open: None,
            boundary: None,
            jumped: false,
            latest: Latest::default(),
            unwritable: 0,
            outputs: VecDeque::new(),
        }
    }

    /// Announces a track, or a change of it. The same announcement again changes nothing.
    ///
    /// # Errors
    ///
    /// When no rendition can carry the track; the others go on without it.
    pub fn track(&mut self, track: Track) -> Result<(), UnsupportedTracks> {
        if self.tracks.get(&track.id) != Some(&track) {
            Muxer::new(std::slice::from_ref(&track))?;
            self.clock.track(&track);
            self.tracks.insert(track.id, track);
            self.has_new_tracks = true;
        }
        Ok(())
    }

    /// Takes in a unit that arrived at `now_ms`, in milliseconds since the Unix epoch.
    pub fn push(&mut self, unit: AccessUnit, now_ms: i64) {
        let Some(placement) = self.clock.place(unit) else { return };
        self.jumped |= placement.jumped;
        let arrived = Arrived { unit: placement.unit, now_ms };
        match &mut self.start {
            None => self.step(arrived),
            Some(start) => {
                start.push(arrived);
                if let Some(begun) = start.begin(&self.tracks) {
                    self.begin(begun);
                }
            }
        }
    }

    /// The publication is over: what is open becomes a segment, however short.
    pub fn finish(&mut self) {
        if let Some(begun) = self.start.take().and_then(Start::finish) {
            self.begin(begun);
        }
        while let Some(boundary) = self.boundary.take() {
            self.cross(boundary);
        }
        let end = self.latest.end();
        if let (Some(open), Some(end)) = (self.open.take(), end) {
            let shortest = open.start.saturating_add(self.latest.video_step.max(1));
            let longest = open.start.saturating_add(self.limit_ticks());
            self.close(&open, end.max(shortest).min(longest));
        }
    }

    /// The next thing that is finished.
    pub fn pull(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// What has been mended so far.
    #[must_use]
    pub fn repairs(&self) -> Repairs {
        let repairs = self.clock.repairs();
        Repairs { dropped: repairs.dropped.saturating_add(self.unwritable), ..repairs }
    }

    /// Begins the first segment with the units that have waited for it.
    fn begin(&mut self, units: VecDeque<Arrived>) {
        self.start = None;
        let is_picture = |arrived: &&Arrived| arrived.unit.track.kind == TrackKind::Video;
        let first = units.iter().find(is_picture).or_else(|| units.front());
        let Some(first) = first else { return };
        if let Some(gop_ms) = self.declared_gop_ms(&first.unit) {
            self.cutter.declare_gop(gop_ms);
        }
        let (at, now_ms) = (ticks(first.unit.pts), first.now_ms);
        let independent = first.unit.random_access;
        self.jumped = false;
        self.open(at, now_ms, true, independent);
        for arrived in units {
            self.step(arrived);
        }
    }

    fn step(&mut self, arrived: Arrived) {
        let unit = &arrived.unit;
        let Some(mut boundary) = self.boundary.take() else { return self.decide(arrived) };
        if unit.track.kind == TrackKind::Audio && self.middle(unit) < boundary.at {
            self.write(&arrived.unit);
            self.boundary = Some(boundary);
            return;
        }
        let sound_has_passed = unit.track.kind == TrackKind::Audio;
        boundary.held_bytes = boundary.held_bytes.saturating_add(unit.payload.len());
        let waited = ticks(unit.dts).saturating_sub(boundary.at) > HOLD_TICKS_MAX
            || boundary.held_bytes > SEGMENT_BYTES_MAX
            || boundary.held.len() >= HELD_UNITS_MAX;
        boundary.held.push_back(arrived);
        if sound_has_passed || waited {
            self.cross(boundary);
        } else {
            self.boundary = Some(boundary);
        }
    }

    /// Writes a unit, or sets a boundary before it.
    fn decide(&mut self, arrived: Arrived) {
        let unit = &arrived.unit;
        let Some(open) = &self.open else { return };
        let at = ticks(unit.pts);
        let elapsed_ms = boundary_ms(at).saturating_sub(boundary_ms(open.start));
        // A break, or tracks that the package does not know yet, end the segment early: at the
        // first moment from which decoding can start.
        let breaks = (self.jumped || self.has_new_tracks) && unit.random_access && elapsed_ms > 0;
        // Sound cuts for the pictures when they are late, and any unit does when a clock that
        // stands still would make a segment of any size.
        let is_overdue = elapsed_ms >= self.cutter.limit_ms().saturating_add(PICTURES_LATE_MS)
            || open.bytes > SEGMENT_BYTES_MAX;
        let cut = match self.cutter.decide(elapsed_ms, unit.random_access) {
            _ if !self.is_master(unit) => Cut::Continue,
            Cut::Continue | Cut::Forced if breaks => Cut::Segment,
            cut @ (Cut::Continue | Cut::Segment | Cut::Forced) => cut,
        };
        let cut = if is_overdue && cut == Cut::Continue { Cut::Forced } else { cut };
        if cut == Cut::Continue {
            return self.write(&arrived.unit);
        }
        let sound_lags = self
            .latest
            .audio_end
            .is_some_and(|end| end < at && at.saturating_sub(end) < SILENCE_TICKS_MAX);
        let waits_for_sound = unit.track.kind == TrackKind::Video && sound_lags;
        let boundary = Boundary {
            at,
            now_ms: arrived.now_ms,
            discontinuity: breaks,
            independent: cut == Cut::Segment,
            held_bytes: unit.payload.len(),
            held: VecDeque::from([arrived]),
        };
        if waits_for_sound {
            self.boundary = Some(boundary);
        } else {
            self.cross(boundary);
        }
    }

    /// Ends the open segment at the boundary and begins the next.
    fn cross(&mut self, mut boundary: Boundary) {
        let mut start = boundary.at;
        if let Some(open) = self.open.take() {
            // The last picture may last longer than its segment may be: the next one begins where
            // this one must end. What no segment can bridge is a hole in the media, and said.
            let end = boundary.at.min(open.start.saturating_add(self.limit_ticks()));
            if boundary.at.saturating_sub(end) <= self.limit_ticks() {
                start = end;
            } else {
                boundary.discontinuity = true;
            }
            self.close(&open, end);
        }
        self.open(start, boundary.now_ms, boundary.discontinuity, boundary.independent);
        for arrived in boundary.held {
            self.step(arrived);
        }
    }

    /// The longest that a segment may be, in 90 kHz ticks.
    fn limit_ticks(&self) -> i64 {
        self.cutter.limit_ms().saturating_add(2 * PICTURES_LATE_MS).saturating_mul(90)
    }

    fn open(&mut self, start: i64, now_ms: i64, discontinuity: bool, independent: bool) {
        if discontinuity {
            self.jumped = false;
            self.calendar.reset();
        }
        if self.has_new_tracks && (discontinuity || self.package.is_none()) {
            self.has_new_tracks = false;
            let tracks = first_of_each_kind(&self.tracks);
            match &mut self.package {
                Some(package) => package.set_tracks(&tracks),
                None => {
                    let rendition = RenditionId::parse(TS_RENDITION).ok();
                    self.package = rendition.and_then(|name| TsPackage::new(name, &tracks));
                }
            }
        }
        if let Some(package) = &mut self.package {
            package.begin(discontinuity);
        }
        let calendar_ms = self.calendar.date(start, now_ms);
        self.open =
            Some(Open { start, calendar_ms, discontinuity, independent, pictures: 0, bytes: 0 });
    }

    fn close(&mut self, open: &Open, end: i64) {
        let Some(package) = &mut self.package else { return };
        let length_ms = boundary_ms(end).saturating_sub(boundary_ms(open.start));
        let target_duration_s = self.cutter.fix_target_duration(length_ms);
        let (record, body) = package.finish(open.pictures, end.saturating_sub(open.start));
        self.outputs.push_back(Output::Segment(Segment {
            new: NewSegment {
                start: open.start,
                end,
                calendar_ms: open.calendar_ms,
                discontinuity: open.discontinuity,
                independent: open.independent,
                target_duration_s,
                renditions: vec![record],
            },
            bodies: vec![body],
        }));
    }

    fn write(&mut self, unit: &AccessUnit) {
        self.latest.update(unit, self.sound_ticks(unit));
        let written = self.package.as_mut().is_some_and(|package| package.write(unit));
        if !written {
            self.unwritable = self.unwritable.saturating_add(1);
        } else if let Some(open) = &mut self.open {
            let is_picture = unit.track.kind == TrackKind::Video;
            open.pictures = open.pictures.saturating_add(u32::from(is_picture));
            open.bytes = open.bytes.saturating_add(unit.payload.len());
        }
    }

    /// Whether the unit's track says where segments begin: pictures while there are any.
    fn is_master(&self, unit: &AccessUnit) -> bool {
        let has_pictures = self
            .latest
            .video_dts
            .is_some_and(|dts| ticks(unit.dts).saturating_sub(dts) < NO_PICTURES_TICKS_MAX);
        match unit.track.kind {
            TrackKind::Video => true,
            TrackKind::Audio => !has_pictures,
        }
    }

    /// The middle of an audio unit, by which it is on one side of a boundary.
    fn middle(&self, unit: &AccessUnit) -> i64 {
        ticks(unit.pts).saturating_add(self.sound_ticks(unit) / 2)
    }

    /// How long the unit's sound lasts.
    fn sound_ticks(&self, unit: &AccessUnit) -> i64 {
        let audio = self.tracks.get(&unit.track).and_then(|track| track.codec.audio());
        audio.map_or(0, |audio| {
            i64::from(unit.samples).saturating_mul(90_000) / i64::from(audio.sample_rate).max(1)
        })
    }

    /// How far apart the encoder of `first` says its key frames can be, in milliseconds.
    fn declared_gop_ms(&self, first: &AccessUnit) -> Option<i64> {
        let codec = &self.tracks.get(&first.track)?.codec;
        let CodecConfig::Avc(avc) = codec else { return None };
        let pictures = avc::sei::x264_keyint_max(&first.payload, avc.length_size())?;
        let (frames, seconds) = avc.sps().frame_rate()?;
        let gop_ms = u64::from(pictures)
            .saturating_mul(seconds)
            .saturating_mul(1_000)
            .checked_div(u64::from(frames))?;
        i64::try_from(gop_ms).ok()
    }
}

/// The name of the transport stream rendition.
const TS_RENDITION: &str = "ts";

#[cfg(test)]
mod tests;
