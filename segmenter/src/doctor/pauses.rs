//! Times in which nothing arrives.

use std::collections::VecDeque;

/// From which length on nothing is a pause, in milliseconds: encoders collect sound and pictures
/// for up to half a second, and screen sharing without sound sends little.
const PAUSE_MS: i64 = 1_000;
/// The longest that nothing is a pause of its own, in milliseconds, where the media has a hole as
/// long: screen sharing without sound sends a picture every two seconds.
const SPARSE_MS: i64 = 2_500;
/// Pauses that are remembered: one every four seconds of the last minute.
const REMEMBERED: usize = 16;
/// How long a pause is told of, in milliseconds.
const TOLD_MS: i64 = 60_000;
/// What is looked at to tell bursts from stalls, in milliseconds.
const SPAN_MS: i64 = 30_000;
/// How much of it must have passed, in milliseconds.
const SPAN_MS_MIN: i64 = 15_000;

/// The last pauses.
#[derive(Clone, Debug, Default)]
pub(super) struct Pauses {
    /// When each ended, and how long it was.
    last: VecDeque<(i64, i64)>,
}

/// What pauses of the last minute look like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Stalls {
    pub(super) longest_ms: i64,
    pub(super) count: usize,
}

/// Whether it is a pause when nothing came for `length_ms`, and what came then is `media_ms` later
/// than what came before it.
pub(super) const fn is_pause(length_ms: i64, media_ms: i64) -> bool {
    let is_sparse = length_ms <= SPARSE_MS && media_ms >= length_ms.saturating_sub(PAUSE_MS / 2);
    length_ms >= PAUSE_MS && !is_sparse
}

impl Pauses {
    /// Nothing came for `length_ms`, until `now_ms`.
    pub(super) fn add(&mut self, now_ms: i64, length_ms: i64) {
        if self.last.len() == REMEMBERED {
            self.last.pop_front();
        }
        self.last.push_back((now_ms, length_ms));
    }

    /// Those of the last minute which are at least `least_ms` long, with the `open_ms` for which
    /// nothing has come until now.
    pub(super) fn stalls(&self, now_ms: i64, open_ms: i64, least_ms: i64) -> Option<Stalls> {
        let all = || self.within(now_ms, TOLD_MS).chain([open_ms]);
        let long = || all().filter(|length| *length >= least_ms);
        Some(Stalls { longest_ms: long().max()?, count: long().count() })
    }

    /// How long the usual pause is, if what comes comes in bursts: at least half of the time it
    /// pauses. `watched_ms` is how long pauses have been looked for.
    pub(super) fn bursts_ms(&self, now_ms: i64, watched_ms: i64) -> Option<i64> {
        let span_ms = watched_ms.min(SPAN_MS);
        let (count, sum_ms) = self
            .within(now_ms, span_ms)
            .fold((0, 0_i64), |(count, sum), length| (count + 1, sum.saturating_add(length)));
        (count >= 2 && span_ms >= SPAN_MS_MIN && sum_ms >= span_ms / 2).then(|| sum_ms / count)
    }

    fn within(&self, now_ms: i64, span_ms: i64) -> impl Iterator<Item = i64> {
        let recent = move |(ended, _): &&(i64, i64)| now_ms.saturating_sub(*ended) < span_ms;
        self.last.iter().filter(recent).map(|(_, length)| *length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pauses: &[(i64, i64)], bursts: Option<i64>, stalls: Option<(i64, usize)>) {
        let mut all = Pauses::default();
        pauses.iter().for_each(|(end, length)| all.add(*end, *length));
        let now_ms = pauses.last().map_or(0, |(end, _)| *end);
        assert_eq!(all.bursts_ms(now_ms, now_ms), bursts, "{pauses:?}");
        let seen = all.stalls(now_ms, 0, 2_000).map(|stalls| (stalls.longest_ms, stalls.count));
        assert_eq!(seen, stalls, "{pauses:?}");
    }

    #[test]
    fn what_is_sent_seldom_is_no_pause() {
        let check = |length_ms, media_ms, expected| {
            assert_eq!(is_pause(length_ms, media_ms), expected, "{length_ms} of {media_ms}");
        };
        check(999, 0, false);
        check(1_000, 33, true);
        check(2_000, 2_000, false);
        check(2_040, 1_990, false);
        check(2_000, 1_000, true);
        check(5_000, 5_000, true);
        check(i64::MAX, i64::MAX, true);
        check(i64::MIN, i64::MIN, false);
    }

    #[test]
    fn one_pause_is_a_stall_and_many_are_bursts() {
        check(&[], None, None);
        check(&[(60_000, 3_000)], None, Some((3_000, 1)));
        check(&[(60_000, 20_000)], None, Some((20_000, 1)));
        check(&[(60_000, 3_000), (90_000, 5_000), (110_000, 1_500)], None, Some((5_000, 2)));
        let every_four: Vec<_> = (3..10).map(|n| (n * 4_000, 3_900)).collect();
        check(&every_four, Some(3_900), Some((3_900, 7)));
        check(&every_four[..1], None, Some((3_900, 1)));
        let often: Vec<_> = (3..100).map(|n| (n * 2_000, 1_200)).collect();
        check(&often, Some(1_200), None);
    }
}
