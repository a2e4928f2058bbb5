//! What was mended lately.

use std::collections::VecDeque;

use crate::Repairs;

/// How long a repair is told of, in milliseconds.
const TOLD_MS: i64 = 60_000;
/// How far apart the counts are that are remembered, in milliseconds.
const STEP_MS: u64 = 5_000;
const REMEMBERED: usize = 12;

/// Repairs by kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Counts {
    pub(super) jumps: u64,
    pub(super) times: u64,
    pub(super) gaps: u64,
    pub(super) broken: u64,
}

/// The counts of about the last minute.
#[derive(Clone, Debug, Default)]
pub(super) struct Mending {
    before: VecDeque<(i64, Counts)>,
    now: Counts,
}

impl Mending {
    /// The counts since the beginning, as they are at `now_ms`. The first are where it begins.
    pub(super) fn add(&mut self, repairs: Repairs, broken: u64, now_ms: i64) {
        self.now = Counts {
            jumps: repairs.jumps,
            times: repairs.decode_times.saturating_add(repairs.presentation_times),
            gaps: repairs.audio_gaps,
            broken: repairs.dropped.saturating_add(broken),
        };
        let is_due = |(last_ms, _): &(i64, Counts)| now_ms.abs_diff(*last_ms) >= STEP_MS;
        if self.before.back().is_none_or(is_due) {
            if self.before.len() == REMEMBERED {
                self.before.pop_front();
            }
            self.before.push_back((now_ms, self.now));
        }
        while self.before.len() > 1
            && self
                .before
                .front()
                .is_some_and(|(first_ms, _)| now_ms.saturating_sub(*first_ms) > TOLD_MS)
        {
            self.before.pop_front();
        }
    }

    /// What was mended in the last minute.
    pub(super) fn lately(&self) -> Counts {
        let Some((_, before)) = self.before.front() else { return Counts::default() };
        Counts {
            jumps: self.now.jumps.saturating_sub(before.jumps),
            times: self.now.times.saturating_sub(before.times),
            gaps: self.now.gaps.saturating_sub(before.gaps),
            broken: self.now.broken.saturating_sub(before.broken),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repair_is_told_of_for_a_minute() {
        let mut mending = Mending::default();
        let repairs = |jumps| Repairs { jumps, ..Repairs::default() };
        let mut lately = |second: i64, jumps| {
            mending.add(repairs(jumps), 0, second * 1_000);
            mending.lately().jumps
        };
        assert_eq!(lately(0, 3), 0, "what was before the first look");
        (1..20).for_each(|second| assert_eq!(lately(second, 3), 0));
        (20..75).for_each(|second| assert_eq!(lately(second, 4), 1, "{second}"));
        (85..200).for_each(|second| assert_eq!(lately(second, 4), 0, "{second}"));
        // After minutes in which nobody looked, nobody knows when it was.
        assert_eq!(lately(205, 9), 5);
        assert_eq!(lately(900, 9), 0);
    }
}
