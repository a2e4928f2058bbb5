//! How long a frame lasts, as far as it is the same for all of them.

use crate::frame_rate::COMMON_MILLI;

/// The distances between the decode times of one track.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pace {
    /// A run of about equal distances: where it began, how many there are, and where it is.
    from: i64,
    count: u32,
    last: Option<i64>,
    /// What the runs so far have shown, in 90 kHz ticks.
    nominal: Option<i64>,
    /// How irregular it is: grows with every distance that is another, and shrinks with the others.
    doubt: u32,
}

/// Equal distances that show a pace: four, so that it is known within the first part.
const RUN_MIN: u32 = 4;
/// Distances that a run is measured over at most; it forgets its older half then.
const RUN_MAX: u32 = 512;
/// Shortest distance between frames that is one, in 90 kHz ticks: 300 frames a second. Decode times
/// that are squeezed at the start are closer.
const STEP_TICKS_MIN: i64 = 300;
/// How much a distance may differ from the others in any case, in 90 kHz ticks: 3 ms. Encoders
/// round to milliseconds, and cameras are not exact.
const JITTER_TICKS: i64 = 270;
/// What an odd distance adds to the doubt, where doubt begins to count, and the most of it: a frame
/// that was dropped is soon forgiven, two in a row are not.
const DOUBT_STEP: u32 = 8;
const DOUBT_MANY: u32 = 12;
const DOUBT_MAX: u32 = 24;

impl Pace {
    /// A frame is decoded at `dts`, in 90 kHz ticks.
    pub(crate) fn add(&mut self, dts: i64) {
        let Some(last) = self.last.replace(dts) else {
            (self.from, self.count) = (dts, 0);
            return;
        };
        let step = dts.saturating_sub(last);
        if step < STEP_TICKS_MIN {
            (self.from, self.count) = (dts, 0);
            return;
        }
        if self.nominal.is_some_and(|nominal| !is_about(step, nominal)) {
            self.doubt = self.doubt.saturating_add(DOUBT_STEP).min(DOUBT_MAX);
        } else {
            self.doubt = self.doubt.saturating_sub(1);
        }
        if self.count > 0 && !is_about(step, self.mean(last)) {
            (self.from, self.count) = (last, 0);
        }
        self.count = self.count.saturating_add(1);
        let mean = self.mean(dts);
        if self.count >= RUN_MIN {
            // A run of another pace has replaced the one before once it is as long as that needs.
            let is_other = self.nominal.is_some_and(|nominal| !is_about(mean, nominal));
            if !is_other || self.count >= 2 * RUN_MIN {
                self.nominal = Some(common(mean));
            }
        }
        if self.count >= RUN_MAX {
            let half = RUN_MAX / 2;
            self.from = self.from.saturating_add(mean.saturating_mul(i64::from(half)));
            self.count -= half;
        }
    }

    /// How long a frame lasts, in 90 kHz ticks; `None` until that shows.
    pub(crate) const fn step(&self) -> Option<i64> {
        self.nominal
    }

    /// Whether the next frame can be expected where this one ends.
    pub(crate) const fn is_even(&self) -> bool {
        self.nominal.is_some() && self.doubt < DOUBT_MANY
    }

    /// Of a run of at least one distance that has come to `at`.
    fn mean(&self, at: i64) -> i64 {
        at.saturating_sub(self.from) / i64::from(self.count.max(1))
    }
}

/// Whether two distances are the same but for jitter.
fn is_about(step: i64, other: i64) -> bool {
    step.saturating_sub(other).abs() <= JITTER_TICKS.max(other / 4)
}

/// What encoders mean by distances of `mean`, where that is within two percent.
fn common(mean: i64) -> i64 {
    let of_rate = |milli: &u32| (90_000_000 + i64::from(milli / 2)) / i64::from(*milli);
    let nearest = COMMON_MILLI.iter().map(of_rate).min_by_key(|step| step.abs_diff(mean));
    nearest.filter(|step| step.saturating_sub(mean).abs() <= step / 50).unwrap_or(mean)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shows frames at these times in milliseconds.
    fn pace(times: impl IntoIterator<Item = i64>) -> Pace {
        let mut pace = Pace::default();
        times.into_iter().for_each(|ms| pace.add(ms * 90));
        pace
    }

    #[track_caller]
    fn check(times: &[i64], expected: Option<i64>, is_even: bool) {
        let pace = pace(times.iter().copied());
        assert_eq!((pace.step(), pace.is_even()), (expected, is_even), "{times:?}");
    }

    #[test]
    fn four_equal_distances_show_how_long_a_frame_lasts() {
        check(&[0, 33, 67, 100], None, false);
        check(&[0, 33, 67, 100, 133], Some(3_000), true);
        check(&[0, 40, 80, 120, 160], Some(3_600), true);
        check(&[0, 200, 400, 600, 800], Some(18_000), true);
    }

    #[test]
    fn squeezed_decode_times_show_nothing() {
        check(&[0, 1, 2, 3, 4], None, false);
        check(&[0, 1, 2, 42, 82, 122, 162], Some(3_600), true);
    }

    #[test]
    fn a_dropped_frame_is_forgiven_and_two_are_not() {
        check(&[0, 40, 80, 120, 160, 240], Some(3_600), true);
        check(&[0, 40, 80, 120, 160, 240, 320], Some(3_600), false);
        check(&[0, 40, 80, 120, 160, 240, 280, 320, 400], Some(3_600), false);
    }

    #[test]
    fn another_pace_is_followed() {
        let slower = (0..8).map(|n| n * 40).chain((0..40).map(|n| 300 + n * 100));
        let pace = pace(slower);
        assert_eq!((pace.step(), pace.is_even()), (Some(9_000), true));
    }

    #[test]
    fn a_day_of_rounded_times_is_even() {
        let pace = pace((0..100_000).map(|n| n * 1_001 / 30));
        assert_eq!((pace.step(), pace.is_even()), (Some(3_003), true));
    }

    #[test]
    fn hostile_times_do_no_harm() {
        let mut pace = Pace::default();
        for at in [i64::MIN, i64::MAX, 0, i64::MAX, i64::MIN, -1, 0, 300, 600, 900, 1_200] {
            pace.add(at);
        }
        assert!(pace.step().is_some());
    }
}
