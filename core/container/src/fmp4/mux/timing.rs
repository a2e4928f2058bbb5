//! When the samples of a track are decoded, and how long they last.

use media::TrackKind;

/// The decode times of one track, from sample to sample and from fragment to fragment.
///
/// Times grow by at least one tick. Inside a fragment each sample has the time that its unit says,
/// if it can be. The first sample of a fragment starts where the one before ended, unless there is
/// a hole that may be one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timing {
    kind: TrackKind,
    /// When the last sample of the fragment is decoded, if there is one.
    last: Option<i64>,
    /// When the last sample of the fragment before ends, if it matters.
    end: Option<i64>,
    /// How long a sample lasts of which the next is not known.
    step: i64,
    /// How far behind the end a sample may come without a hole.
    slack: i64,
    /// Whether the next sample begins at the end, however far behind it comes.
    is_bridged: bool,
    /// Whether the last sample was moved so, and the distance to the next says nothing.
    is_moved: bool,
}

/// A picture that stays for longer, in 90 kHz ticks, is a pause: the next one is not expected to.
const STEP_TICKS_MAX: i64 = 90_000;

/// Sound that is this much late, as a part of a second, is still the next: 2 ms. A clock that is
/// slewed by 1 ms a segment, and rounding, do not make a hole.
const AUDIO_SLACK: i64 = 500;

impl Timing {
    /// Pictures of `step` ticks, unless they come in other steps.
    pub(super) const fn video(step: i64) -> Self {
        Self {
            kind: TrackKind::Video,
            last: None,
            end: None,
            step,
            slack: step,
            is_bridged: false,
            is_moved: false,
        }
    }

    /// Sound of `sample_rate` samples a second.
    pub(super) fn audio(sample_rate: u32) -> Self {
        let slack = i64::from(sample_rate) / AUDIO_SLACK;
        Self {
            kind: TrackKind::Audio,
            last: None,
            end: None,
            step: 1,
            slack,
            is_bridged: false,
            is_moved: false,
        }
    }

    /// The timeline breaks.
    pub(super) const fn restart(&mut self) {
        (self.last, self.end, self.is_bridged) = (None, None, false);
    }

    /// When the next sample is decoded, of a unit that says `dts`; `None` if the distance to the
    /// one before cannot be said.
    pub(super) fn place(&self, dts: i64) -> Option<i64> {
        if let Some(last) = self.last {
            let placed = dts.max(last.checked_add(1)?);
            return (placed.checked_sub(last)? <= i64::from(u32::MAX)).then_some(placed);
        }
        Some(match self.end {
            Some(end) if self.is_bridged || dts.saturating_sub(end) <= self.slack => end,
            Some(_) | None => dts,
        })
    }

    /// A sample is decoded at `placed`; sound has `samples` samples.
    pub(super) fn advance(&mut self, placed: i64, samples: u32) {
        match (self.kind, self.last) {
            (TrackKind::Audio, _) => self.step = i64::from(samples.max(1)),
            (TrackKind::Video, Some(_)) if self.is_moved => {}
            (TrackKind::Video, Some(last)) => self.set_step(placed.saturating_sub(last)),
            (TrackKind::Video, None) => {}
        }
        self.is_moved = std::mem::take(&mut self.is_bridged);
        self.last = Some(placed);
    }

    /// The next picture begins where the fragment ended: a hole would cost more than its time.
    pub(super) const fn bridge(&mut self) {
        self.is_bridged = matches!(self.kind, TrackKind::Video) && self.end.is_some();
    }

    /// Ends the fragment: when its last sample ends. The unit behind it says `next`.
    pub(super) fn close(&mut self, next: Option<i64>) -> i64 {
        let Some(last) = self.last.take() else { return self.end.unwrap_or(0) };
        let until_next = next.map(|next| next.saturating_sub(last).max(1));
        let longest = match self.kind {
            TrackKind::Video => i64::from(u32::MAX),
            TrackKind::Audio => self.step.saturating_add(self.slack),
        };
        let lasts = until_next.filter(|lasts| *lasts <= longest);
        if let (TrackKind::Video, Some(lasts)) = (self.kind, lasts) {
            self.set_step(lasts);
        }
        let end = last.saturating_add(lasts.unwrap_or(self.step));
        self.end = Some(end);
        end
    }

    fn set_step(&mut self, step: i64) {
        if step <= STEP_TICKS_MAX {
            (self.step, self.slack) = (step, step);
        }
    }
}
