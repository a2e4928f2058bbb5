//! When units arrive, against when they should.

use std::collections::VecDeque;

/// Arrival that is looked at together, in milliseconds. In each window something comes through the
/// network without waiting.
const WINDOW_MS: i64 = 5_000;
/// Windows that are remembered: two minutes, over which a clock that runs 0.05 % fast gains more
/// than the network shakes.
const REMEMBERED: usize = 24;
/// Windows in each part that a drift is measured between: half a minute, of which the least delay
/// counts.
const PART: usize = REMEMBERED / 4;
/// Windows that jitter is judged over: half a minute.
const JITTER_WINDOWS: usize = 6;
/// How many of them must shake as much or more: one does where something happened once.
const JITTER_RANK: usize = 3;
/// The newest windows that are taken for the present.
const PRESENT: usize = 2;

/// The delays of a track: arrival minus media time, in milliseconds from anywhere.
#[derive(Clone, Debug, Default)]
pub(super) struct Delays {
    current: Option<Window>,
    last: VecDeque<Window>,
    /// Windows since something broke the steady pace.
    steady: usize,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    begin_ms: i64,
    least: i64,
    most: i64,
}

impl Delays {
    /// A unit of `media_ms` arrived at `now_ms`.
    pub(super) fn add(&mut self, media_ms: i64, now_ms: i64) {
        let delay = now_ms.saturating_sub(media_ms);
        let fresh = Window { begin_ms: now_ms, least: delay, most: delay };
        let window = self.current.get_or_insert(fresh);
        if now_ms.saturating_sub(window.begin_ms) < WINDOW_MS {
            window.least = window.least.min(delay);
            window.most = window.most.max(delay);
            return;
        }
        let whole = std::mem::replace(window, fresh);
        if self.last.len() == REMEMBERED {
            self.last.pop_front();
        }
        self.last.push_back(whole);
        self.steady = self.steady.saturating_add(1).min(REMEMBERED);
    }

    /// The media paused: a drift is measured from here on.
    pub(super) const fn pause(&mut self) {
        self.steady = 0;
    }

    /// The timeline or the server's clock jumped: what was seen says nothing any more.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }

    /// How far delays of one window are apart, as it is in several windows of the last half minute.
    /// What the delay grows or shrinks by from one window to the next is not jitter.
    pub(super) fn jitter_ms(&self) -> Option<i64> {
        let mut spans = [0; JITTER_WINDOWS];
        let mut after = self.current?.least;
        for (place, window) in spans.iter_mut().zip(self.last.iter().rev()) {
            let trend = after.abs_diff(window.least).try_into().unwrap_or(i64::MAX);
            *place = window.most.saturating_sub(window.least).saturating_sub(trend).max(0);
            after = window.least;
        }
        spans.sort_unstable_by_key(|span| std::cmp::Reverse(*span));
        spans.get(JITTER_RANK - 1).copied().filter(|_| self.last.len() >= JITTER_RANK)
    }

    /// The least delay at present.
    pub(super) fn present_ms(&self) -> Option<i64> {
        let newest = self.last.iter().rev().take(PRESENT).map(|window| window.least);
        newest.min().filter(|_| self.last.len() >= PRESENT)
    }

    /// How much more delay there is at present than there was at best.
    pub(super) fn behind_ms(&self) -> Option<i64> {
        let best = self.last.iter().map(|window| window.least).min()?;
        Some(self.present_ms()?.saturating_sub(best))
    }

    /// How much less delay there is now than at any time in the older half of what is remembered.
    pub(super) fn ahead_ms(&self) -> Option<i64> {
        let older = self.last.len().checked_sub(REMEMBERED / 2).filter(|older| *older > 0)?;
        let before = self.last.iter().take(older).map(|window| window.least).min()?;
        Some(before.saturating_sub(self.current?.least))
    }

    /// How much faster the encoder's clock runs than the server's, in millionths, once two steady
    /// minutes show it. The network may become slower or faster at once; a clock that drifts does
    /// it in every part of them alike.
    pub(super) fn drift_ppm(&self) -> Option<i64> {
        if self.steady < REMEMBERED || self.last.len() < REMEMBERED {
            return None;
        }
        let part = |number: usize| {
            let windows = self.last.iter().skip(number * PART).take(PART);
            windows.min_by_key(|window| window.least).copied()
        };
        let parts = [part(0)?, part(1)?, part(2)?, part(3)?];
        let [first, .., last] = parts;
        let gained = first.least.saturating_sub(last.least);
        let is_steady = parts.iter().zip(parts.iter().skip(1)).all(|(one, next)| {
            let step = one.least.saturating_sub(next.least);
            // Half of an even share.
            step.signum() == gained.signum()
                && step.saturating_abs().saturating_mul(6) >= gained.saturating_abs()
        });
        let took_ms = last.begin_ms.saturating_sub(first.begin_ms);
        let is_steady = is_steady && self.is_near_line(first, gained, took_ms);
        let ppm = i128::from(gained) * 1_000_000 / i128::from(took_ms.max(1));
        if is_steady { i64::try_from(ppm).ok() } else { Some(0) }
    }

    /// Whether most windows are near the line through `from`, which falls by `gained` in `took_ms`.
    /// On a mobile line every window has a delay of its own, and four of them may fall by chance.
    fn is_near_line(&self, from: Window, gained: i64, took_ms: i64) -> bool {
        let near = |window: &&Window| {
            let after_ms = i128::from(window.begin_ms.saturating_sub(from.begin_ms));
            let fallen = i128::from(gained) * after_ms / i128::from(took_ms.max(1));
            let off = i128::from(window.least) - (i128::from(from.least) - fallen);
            off.saturating_abs().saturating_mul(4) <= i128::from(gained).saturating_abs()
        };
        self.last.iter().filter(near).count() * 2 > self.last.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Units every 20 ms for `seconds`; `delay` says the delay at a media time.
    fn run(seconds: i64, delay: impl Fn(i64) -> i64) -> Delays {
        let mut delays = Delays::default();
        let mut now_ms = i64::MIN;
        for media_ms in (0..seconds * 1_000).step_by(20) {
            now_ms = now_ms.max(media_ms + delay(media_ms));
            delays.add(media_ms, now_ms);
        }
        delays
    }

    fn shake(media_ms: i64) -> i64 {
        media_ms / 20 * 7_919 % 61
    }

    #[test]
    fn a_drift_is_seen_through_the_jitter_and_not_before_two_minutes() {
        for ppm in [-2_000, -1_000, 1_000, 3_000] {
            let delays = run(200, |ms| shake(ms) - ms * ppm / 1_000_000);
            let seen = delays.drift_ppm().unwrap();
            assert!((seen - ppm).abs() <= 150, "{ppm} seen as {seen}");
        }
        assert_eq!(run(119, |ms| -ms / 1_000).drift_ppm(), None);
        assert!(run(200, shake).drift_ppm().unwrap().abs() < 100);
    }

    #[test]
    fn a_network_that_becomes_slower_at_once_is_no_drift() {
        let step = |ms: i64| shake(ms) + if ms > 100_000 { 300 } else { 0 };
        assert_eq!(run(200, step).drift_ppm(), Some(0));
    }

    #[test]
    fn a_mobile_line_whose_delay_falls_by_chance_is_no_drift() {
        // Every five seconds another least delay, up to 200 ms, beside a trend of 0.06 %.
        let mobile = |ms: i64| ms / 5_000 * 7_919 % 201 + shake(ms) - ms * 6 / 10_000;
        for seconds in (120..600).step_by(5) {
            let seen = run(seconds, mobile).drift_ppm().unwrap_or_default();
            assert_eq!(seen, 0, "after {seconds} s");
        }
    }

    #[test]
    fn a_drift_is_measured_between_pauses() {
        let mut delays = run(200, |ms| -ms / 1_000);
        delays.pause();
        assert_eq!(delays.drift_ppm(), None);
    }

    #[test]
    fn jitter_is_what_several_windows_show() {
        assert!(run(30, shake).jitter_ms().unwrap() <= 61);
        assert_eq!(run(12, shake).jitter_ms(), None);
        let once = |ms: i64| if (20_000..20_100).contains(&ms) { 900 } else { 0 };
        assert!(run(60, once).jitter_ms().unwrap() < 100);
        let often = |ms: i64| if ms % 1_000 == 0 { 700 } else { 0 };
        assert!(run(60, often).jitter_ms().unwrap() >= 600);
    }

    #[test]
    fn who_falls_behind_and_who_runs_ahead_is_seen() {
        assert_eq!(run(60, |_| 50).behind_ms(), Some(0));
        let slow = run(60, |ms| ms / 10);
        assert!((4_000..6_000).contains(&slow.behind_ms().unwrap()), "{:?}", slow.behind_ms());
        assert!(slow.ahead_ms().unwrap_or(0) <= 0);
        let caught_up = |ms: i64| (30_000 - (ms - 60_000).abs()).max(0);
        assert!(run(300, caught_up).behind_ms() == Some(0));
        let fast = run(240, |ms| -ms / 2);
        assert!(fast.ahead_ms().unwrap() > 30_000, "{:?}", fast.ahead_ms());
    }
}
