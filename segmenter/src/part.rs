//! Where the parts of segments end (draft-pantos-hls-rfc8216bis, 4.4.3.7 and 4.4.4.9).
//!
//! No part is longer than the part target, and each but the last of its segment has at least 85 %
//! of it. The target never changes once there was a part.

use timeline::boundary_ms;

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
    /// Where its newest picture begins.
    picture_at: i64,
    segment_start: i64,
    /// Where the segment must have ended.
    segment_limit: i64,
    part_start: i64,
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
    pub(crate) fn picture(&mut self, dts: i64, pts: i64, is_key: bool) -> i64 {
        self.pace.add(dts);
        if is_key || self.lead.is_none() {
            self.lead = Some(pts.saturating_sub(dts));
        }
        self.step = self.pace.step();
        let at = dts.saturating_add(self.lead.unwrap_or(0));
        self.picture_at = at;
        self.fix(at);
        at
    }

    /// A sound of the deciding track comes that begins at `at`.
    pub(crate) fn sound(&mut self, at: i64, lasts: i64) {
        self.step = Some(lasts.max(1));
        self.fix(at);
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
        let longer = reached.saturating_add(self.step.unwrap_or(0));
        if longer > longest && self.is_long_enough(reached) {
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
    /// segment has come to `at`; where that is more than a part, its parts are too late.
    fn fix(&mut self, at: i64) {
        let Some(step) = self.step.filter(|step| *step <= STEP_TICKS_MAX) else { return };
        if self.target_ms.is_some() {
            return;
        }
        let most = self.setting_ms.saturating_mul(90).saturating_mul(100 + LONGER_PERCENT) / 100;
        let frames = (most / step).max(1);
        let target = frames.saturating_mul(step).saturating_add(89) / 90;
        self.target_ms = u32::try_from(target).ok();
        self.stage = Stage::On;
        if self.overdue(at).is_some() {
            self.stage = Stage::Off;
        }
    }
}
