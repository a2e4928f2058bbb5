//! Where the parts of segments end (draft-pantos-hls-rfc8216bis, 4.4.3.7 and 4.4.4.9).
//!
//! No part is longer than the part target, and each but the last of its segment has at least 85 %
//! of it. The target never changes once there was a part.

use std::collections::BTreeMap;

use media::TrackId;
use timeline::boundary_ms;

use crate::latest::SILENCE_TICKS_MAX;
use crate::pace::Pace;

/// Decides where parts end, for all renditions at once, by the track that says where segments do.
///
/// Times are in 90 kHz ticks of presentation time. A picture begins where it would be shown if it
/// was shown as soon as a key frame is after its decoding, so that pictures follow one another in
/// the order in which they come.
#[derive(Clone, Debug)]
pub(crate) struct PartCutter {
    setting_ms: i64,
    target_ms: Option<u32>,
    stage: Stage,
    pace: Pace,
    /// How much later than it is decoded the newest key frame is shown.
    lead: Option<i64>,
    /// How long a frame of the deciding track lasts.
    step: Option<i64>,
    /// Where its newest picture begins, and when it is decoded.
    picture_at: i64,
    picture: Option<(TrackId, i64)>,
    /// Where the next key frame and the end of the segment are expected.
    expected: Option<(i64, i64)>,
    /// Pictures of other tracks.
    others: BTreeMap<TrackId, Other>,
    segment_start: i64,
    /// Where the segment must have ended.
    segment_limit: i64,
    part_start: i64,
}

/// How far another track of pictures has come.
#[derive(Clone, Copy, Debug)]
struct Other {
    lead: i64,
    dts: i64,
    step: i64,
    end: i64,
}

/// Whether a segment has parts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    /// It is not known yet how long parts can be.
    Waiting,
    On,
    /// That was known too late for this segment.
    Off,
}

/// How much longer than configured a part may be that is a whole number of frames, in percent:
/// 333 ms are meant to be ten frames at 30 a second.
const LONGER_PERCENT: i64 = 1;
/// The longest frame that a part target is made from, in 90 kHz ticks: of slower ones the target
/// would be kept when they get faster.
const STEP_TICKS_MAX: i64 = 90_000;
/// By how much times are wrong that encoders round, in 90 kHz ticks: 1 ms.
const ROUNDING_TICKS: i64 = 90;
/// What a part must have of the part target, in percent.
const SHORTEST_PERCENT: i64 = 85;
/// How far sound goes beyond a part whose pictures stay away, in 90 kHz ticks: more than it is
/// ahead of pictures that come.
const PATIENCE_TICKS: i64 = 9_000;

impl PartCutter {
    /// Parts of at most about `setting_ms`, or of `target_ms` if an earlier publication has fixed
    /// that.
    pub(crate) fn new(setting_ms: i64, target_ms: Option<u32>) -> Self {
        Self {
            setting_ms,
            target_ms: target_ms.filter(|target| *target > 0),
            stage: Stage::Waiting,
            pace: Pace::default(),
            lead: None,
            step: None,
            picture_at: 0,
            picture: None,
            expected: None,
            others: BTreeMap::new(),
            segment_start: 0,
            segment_limit: 0,
            part_start: 0,
        }
    }

    /// A segment begins, which is at most `longest`.
    pub(crate) fn begin(&mut self, start: i64, longest: i64) {
        (self.segment_start, self.part_start) = (start, start);
        self.segment_limit = start.saturating_add(longest);
        self.stage = if self.target_ms.is_some() { Stage::On } else { Stage::Waiting };
    }

    /// A picture of the deciding track comes; where it begins.
    pub(crate) fn picture(&mut self, track: TrackId, dts: i64, pts: i64, is_key: bool) -> i64 {
        self.pace.add(dts);
        self.picture = Some((track, dts));
        if is_key || self.lead.is_none() {
            self.lead = Some(pts.saturating_sub(dts));
        }
        self.step = self.pace.step();
        let at = dts.saturating_add(self.lead.unwrap_or(0));
        self.picture_at = at;
        self.fix(at);
        at
    }

    /// A picture of another track is written.
    pub(crate) fn other_picture(&mut self, track: TrackId, dts: i64, pts: i64, is_key: bool) {
        let lead = pts.saturating_sub(dts);
        let other = self.others.entry(track).or_insert(Other { lead, dts, step: 0, end: pts });
        if is_key {
            other.lead = lead;
        }
        let step = dts.saturating_sub(other.dts).clamp(0, STEP_TICKS_MAX);
        let begins = dts.saturating_add(other.lead);
        (other.dts, other.step, other.end) = (dts, step, begins.saturating_add(step));
    }

    /// When the next picture of a track is decoded, as far as can be said.
    pub(crate) fn next_picture(&self, track: TrackId) -> Option<i64> {
        match (self.picture, self.others.get(&track)) {
            (Some((master, dts)), _) if master == track => Some(dts.saturating_add(self.step?)),
            (_, Some(other)) if other.step > 0 => Some(other.dts.saturating_add(other.step)),
            (_, Some(_) | None) => None,
        }
    }

    /// The other tracks of pictures that have one to send still that begins before `at`.
    pub(crate) fn others_behind(&self, at: i64) -> impl Iterator<Item = TrackId> {
        let slack = self.step.unwrap_or(0) / 2;
        let lags = move |other: &Other| {
            let left = at.saturating_sub(other.end);
            left > slack && left < SILENCE_TICKS_MAX
        };
        self.others.iter().filter(move |(_, other)| lags(other)).map(|(id, _)| *id)
    }

    /// Where the next key frame and the end of the segment are expected.
    pub(crate) const fn expect(&mut self, expected: Option<(i64, i64)>) {
        self.expected = expected;
    }

    /// Where the last part ends if the segment is expected to end at about `end`, and the part has
    /// all that it must have: then it does no harm to end it before that is certain.
    pub(crate) fn ends_segment(&self, end: i64) -> Option<i64> {
        let (_, segment_end) = self.expected?;
        let last = end.min(self.part_start.saturating_add(self.target()?));
        let is_last = self.is_same_moment(end, segment_end)
            && self.is_long_enough(last)
            && self.overdue(end).is_none()
            && end <= self.segment_limit;
        is_last.then_some(last)
    }

    /// Whether two moments are nearer to one another than frames are.
    pub(crate) fn is_same_moment(&self, one: i64, other: i64) -> bool {
        let slack = self.step.unwrap_or(0) / 2;
        one.saturating_sub(other).unsigned_abs() <= slack.unsigned_abs()
    }

    /// A sound of the deciding track comes that begins at `at`; whether there is nothing but sound.
    pub(crate) fn sound(&mut self, at: i64, lasts: i64, is_alone: bool) {
        self.step = Some(lasts.max(1));
        if is_alone {
            self.fix(at);
        }
    }

    /// Where the newest picture ends, if the next one can be expected there.
    pub(crate) fn end_of_picture(&self) -> Option<i64> {
        self.step.filter(|_| self.pace.is_even()).map(|step| self.picture_at.saturating_add(step))
    }

    /// Where the part ends, when the media of the deciding track have come to `reached`: if
    /// another frame would be too much. To be asked until there is none.
    pub(crate) fn due(&self, reached: i64) -> Option<i64> {
        let reached = reached.min(self.segment_limit);
        let target = self.target()?;
        let longest = self.part_start.saturating_add(target).saturating_add(ROUNDING_TICKS);
        let step = self.step.unwrap_or(0);
        let longer = reached.saturating_add(step);
        let is_planned = self.planned().is_some_and(|end| reached.saturating_add(step / 2) >= end);
        if (longer > longest || is_planned) && self.is_long_enough(reached) {
            return Some(reached.min(self.part_start.saturating_add(target)));
        }
        self.overdue(reached)
    }

    /// Where the part ends, when the media have come to `reached`, which is more than it can have.
    pub(crate) fn overdue(&self, reached: i64) -> Option<i64> {
        let target = self.target()?;
        let length = reached.min(self.segment_limit).saturating_sub(self.part_start);
        (length > target + ROUNDING_TICKS).then(|| self.part_start.saturating_add(target))
    }

    /// The same for sound of another track than the one that decides.
    pub(crate) fn overdue_sound(&self, reached: i64) -> Option<i64> {
        self.overdue(reached.saturating_sub(PATIENCE_TICKS))
    }

    /// Where a segment ends that was to end at `end`: what was said of its parts stays, so it is
    /// moved by what times are wrong by. With `has_rest` there is something behind the last part.
    pub(crate) fn settle(&self, end: i64, has_rest: bool) -> i64 {
        let Some(target) = self.target() else { return end };
        let step = self.step.unwrap_or(0).min(target);
        let rest = end.saturating_sub(self.part_start);
        if !has_rest && rest <= step && self.part_start > self.segment_start {
            return self.part_start;
        }
        let rest = rest.max(ROUNDING_TICKS);
        let beyond = rest % target;
        let is_rounded = rest > target && beyond <= ROUNDING_TICKS;
        self.part_start.saturating_add(if is_rounded { rest - beyond } else { rest })
    }

    /// A part has ended, and the next begins.
    pub(crate) const fn end_part(&mut self, end: i64) {
        self.part_start = end;
    }

    /// Where the newest part of the segment begins.
    pub(crate) const fn part_start(&self) -> i64 {
        self.part_start
    }

    /// The part target in milliseconds, if the segment has parts.
    pub(crate) fn target_ms(&self) -> Option<u32> {
        self.target_ms.filter(|_| self.stage == Stage::On)
    }

    /// Where the part ends so that the parts up to the next key frame, or up to the end of the
    /// segment, are about equal, and the last of them is long enough to be more than a rest.
    fn planned(&self) -> Option<i64> {
        let (target, step) = (self.target()?, self.step.filter(|step| *step > 0)?);
        let (key, segment_end) = self.expected?;
        let most = (target + ROUNDING_TICKS) / step;
        let least = (target * SHORTEST_PERCENT / 100 + ROUNDING_TICKS + step - 1) / step;
        let frames_up_to = |at: i64| {
            let frames = (at.saturating_sub(self.part_start).saturating_add(step / 2)) / step;
            let parts = (frames + most - 1).checked_div(most)?;
            let fits = parts > 0 && frames >= parts.saturating_mul(least);
            fits.then(|| (frames + parts - 1) / parts)
        };
        let frames = frames_up_to(key).or_else(|| frames_up_to(segment_end))?;
        Some(self.part_start.saturating_add(frames.saturating_mul(step)))
    }

    /// Whether a part that ends at `end` has what it must have, as playlists say it.
    fn is_long_enough(&self, end: i64) -> bool {
        let length_ms = boundary_ms(end).saturating_sub(boundary_ms(self.part_start));
        let target_ms = i64::from(self.target_ms.unwrap_or(0));
        length_ms.saturating_mul(100) >= target_ms.saturating_mul(SHORTEST_PERCENT)
    }

    /// In 90 kHz ticks.
    fn target(&self) -> Option<i64> {
        self.target_ms().map(|ms| i64::from(ms) * 90)
    }

    /// Fixes the part target once the length of a frame is known: as many as fit the setting. The
    /// segment has come to a frame at `at`: while there is room for another the length gets more
    /// certain, and where there is more than a part, its parts are too late.
    fn fix(&mut self, at: i64) {
        let Some(step) = self.step.filter(|step| *step <= STEP_TICKS_MAX) else { return };
        if self.target_ms.is_some() {
            return;
        }
        let most = self.setting_ms.saturating_mul(90).saturating_mul(100 + LONGER_PERCENT) / 100;
        let room = most.saturating_sub(at.saturating_sub(self.segment_start));
        if room >= step.saturating_mul(2) {
            return;
        }
        let frames = (most / step).max(1);
        let target = frames.saturating_mul(step).saturating_add(89) / 90;
        self.target_ms = u32::try_from(target).ok();
        self.stage = Stage::On;
        if self.overdue(at).is_some() {
            self.stage = Stage::Off;
        }
    }
}
