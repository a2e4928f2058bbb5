//! Bytes and units a second, over the last windows.

use std::collections::VecDeque;

use super::gaps::{Gaps, Rhythm};

/// Media that is looked at together, in 90 kHz ticks: five seconds hold two key frames of a usual
/// stream, which are most of its bytes.
const WINDOW_TICKS: i64 = 5 * 90_000;
/// Windows that are judged together: a quarter of a minute, so that one scene is no finding. The
/// very first window is none of them: encoders find their rate in it.
const JUDGED: usize = 3;
/// A hole in a track that is no distance between two units, in 90 kHz ticks: screen sharing sends
/// a picture every two seconds.
const HOLE_TICKS: i64 = 2 * 90_000 + 9_000;

/// What comes of a track.
#[derive(Clone, Debug, Default)]
pub(super) struct Rates {
    current: Option<Window>,
    gaps: Gaps,
    has_begun: bool,
    last: VecDeque<Stretch>,
}

/// Some media of a track.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Stretch {
    pub(super) ticks: i64,
    pub(super) units: u32,
    pub(super) bytes: u64,
    pub(super) missing: u32,
    pub(super) uneven: u32,
    between: Between,
}

/// Units that refer to others: what has changed since those.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Between {
    units: u32,
    bytes: u64,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    begin: i64,
    newest: i64,
    units: u32,
    bytes: u64,
    between: Between,
}

impl Rates {
    /// A unit that is decoded at `dts`, in 90 kHz ticks.
    pub(super) fn add(&mut self, dts: i64, bytes: usize, is_key: bool) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let between = if is_key { Between::default() } else { Between { units: 1, bytes } };
        let fresh = Window { begin: dts, newest: dts, units: 1, bytes, between };
        let Some(window) = &mut self.current else {
            self.current = Some(fresh);
            return;
        };
        let gap = dts.saturating_sub(window.newest);
        if gap > HOLE_TICKS {
            self.current = Some(fresh);
            self.gaps = Gaps::default();
            return;
        }
        self.gaps.add(gap.max(0) / 90);
        let ticks = dts.saturating_sub(window.begin);
        if ticks >= WINDOW_TICKS {
            let Rhythm { missing, uneven } = self.gaps.rhythm();
            let Window { units, bytes, between, .. } = *window;
            let stretch = Stretch { ticks, units, bytes, missing, uneven, between };
            if std::mem::replace(&mut self.has_begun, true) {
                if self.last.len() == JUDGED {
                    self.last.pop_front();
                }
                self.last.push_back(stretch);
            }
            self.current = Some(fresh);
            self.gaps = Gaps::default();
        } else {
            window.newest = window.newest.max(dts);
            window.units = window.units.saturating_add(1);
            window.bytes = window.bytes.saturating_add(bytes);
            window.between = window.between.and(between);
        }
    }

    /// What was seen before says nothing any more.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }

    /// The last windows, once there are enough to judge.
    pub(super) fn judged(&self) -> Option<Stretch> {
        (self.last.len() == JUDGED).then(|| self.last.iter().fold(Stretch::default(), Stretch::and))
    }

    /// The newest that is known, for a look while it runs.
    pub(super) fn so_far(&self) -> Option<Stretch> {
        self.last.back().copied().or_else(|| {
            let window = self.current?;
            let ticks = window.newest.saturating_sub(window.begin);
            let Window { units, bytes, between, .. } = window;
            // The newest unit has no length yet.
            let units = units.saturating_sub(1);
            let stretch = Stretch { ticks, units, bytes, between, ..Stretch::default() };
            (ticks >= 90_000).then_some(stretch)
        })
    }
}

impl Stretch {
    fn and(self, other: &Self) -> Self {
        Self {
            ticks: self.ticks.saturating_add(other.ticks),
            units: self.units.saturating_add(other.units),
            bytes: self.bytes.saturating_add(other.bytes),
            missing: self.missing.saturating_add(other.missing),
            uneven: self.uneven.saturating_add(other.uneven),
            between: self.between.and(other.between),
        }
    }

    /// Bits of a unit that refers to others, on average.
    pub(super) fn bits_between(&self) -> Option<i64> {
        let Between { units, bytes } = self.between;
        i64::try_from(bytes.saturating_mul(8).checked_div(units.into())?).ok()
    }

    /// Bits a second.
    pub(super) fn bit_rate(&self) -> Option<i64> {
        self.a_second(i64::try_from(self.bytes).ok()?.saturating_mul(8))
    }

    /// Units in 1,000 seconds.
    pub(super) fn rate_milli(&self) -> Option<i64> {
        self.a_second(i64::from(self.units).saturating_mul(1_000))
    }

    fn a_second(&self, count: i64) -> Option<i64> {
        let each = i128::from(count) * 90_000;
        i64::try_from(each.checked_div(self.ticks.into())?).ok()
    }
}

impl Between {
    const fn and(self, other: Self) -> Self {
        Self {
            units: self.units.saturating_add(other.units),
            bytes: self.bytes.saturating_add(other.bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pictures of 1,000 bytes, `step` ticks apart, for `seconds`.
    fn run(step: i64, seconds: i64) -> Rates {
        let mut rates = Rates::default();
        (0..=seconds * 90_000 / step).for_each(|number| rates.add(number * step, 1_000, false));
        rates
    }

    #[test]
    fn nothing_is_judged_before_twenty_seconds() {
        assert_eq!(run(3_000, 19).judged(), None);
        let stretch = run(3_000, 20).judged().unwrap();
        assert_eq!((stretch.rate_milli(), stretch.bit_rate()), (Some(30_000), Some(240_000)));
        let so_far = run(3_000, 2).so_far().unwrap();
        assert_eq!(so_far.rate_milli(), Some(30_000));
        assert_eq!(run(3_000, 0).so_far(), None);
    }

    #[test]
    fn the_newest_quarter_of_a_minute_counts() {
        let mut rates = run(3_000, 30);
        (1..=225).for_each(|number| rates.add(30 * 90_000 + number * 6_000, 1_000, false));
        assert_eq!(rates.judged().unwrap().rate_milli(), Some(15_000));
    }

    #[test]
    fn a_hole_is_no_distance() {
        let mut rates = run(3_000, 20);
        (0..600).for_each(|number| rates.add(60 * 90_000 + number * 3_000, 1_000, false));
        let stretch = rates.judged().unwrap();
        assert_eq!((stretch.rate_milli(), stretch.missing), (Some(30_000), 0));
    }
}
