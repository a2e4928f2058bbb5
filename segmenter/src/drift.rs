//! How fast an encoder's clock runs against the server's.

/// Media that is looked at together, in milliseconds: long enough that something in it came
/// through the network without waiting.
const WINDOW_MS: i64 = 10_000;
/// Media between the first and the last window from which on a drift is said, in milliseconds:
/// before, the jitter of arrival is as large.
const BASE_MS: i64 = 60_000;

/// Compares when units arrive with when they should be heard. The least delay of a window is what
/// the clocks differ by, since the network only ever adds to it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Drift {
    first: Option<Window>,
    current: Option<Window>,
    /// The last whole window.
    last: Option<Window>,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    begin_ms: i64,
    least_delay_ms: i64,
}

impl Drift {
    /// A unit of `media_ms` arrived at `now_ms`.
    pub(crate) fn update(&mut self, media_ms: i64, now_ms: i64) {
        let delay_ms = now_ms.saturating_sub(media_ms);
        let fresh = Window { begin_ms: media_ms, least_delay_ms: delay_ms };
        let current = self.current.get_or_insert(fresh);
        current.least_delay_ms = current.least_delay_ms.min(delay_ms);
        if media_ms.saturating_sub(current.begin_ms) >= WINDOW_MS {
            let whole = *current;
            self.first.get_or_insert(whole);
            self.last = Some(whole);
            self.current = Some(fresh);
        }
    }

    /// The timeline jumped: what was seen before says nothing any more.
    pub(crate) const fn reset(&mut self) {
        *self = Self { first: None, current: None, last: None };
    }

    /// How much faster the encoder's clock runs than the server's, in millionths; negative when it
    /// is slower. `None` until enough was seen.
    pub(crate) fn ppm(&self) -> Option<i64> {
        let (first, last) = self.first.zip(self.last)?;
        let media_ms = last.begin_ms.saturating_sub(first.begin_ms);
        let gained_ms = first.least_delay_ms.saturating_sub(last.least_delay_ms);
        let ppm = i128::from(gained_ms) * 1_000_000 / i128::from(media_ms.max(1));
        i64::try_from(ppm).ok().filter(|_| media_ms >= BASE_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Media of `seconds` whose clock runs `ppm` faster, through a network that adds up to 80 ms.
    fn run(ppm: i64, seconds: i64) -> Option<i64> {
        let mut drift = Drift::default();
        for number in 0..seconds * 50 {
            let media_ms = number * 20;
            let jitter_ms = number * 7_919 % 81;
            drift.update(media_ms, media_ms - media_ms * ppm / 1_000_000 + jitter_ms);
        }
        drift.ppm()
    }

    #[test]
    fn a_clock_that_runs_fast_or_slow_is_seen_through_the_jitter() {
        for ppm in [-1_000, -200, 0, 200, 1_000] {
            let seen = run(ppm, 300).unwrap();
            assert!((seen - ppm).abs() <= 20, "{ppm} seen as {seen}");
        }
    }

    #[test]
    fn nothing_is_said_too_early() {
        assert_eq!(run(1_000, 60), None);
    }

    #[test]
    fn a_jump_begins_anew() {
        let mut drift = Drift::default();
        (0..5_000).for_each(|n| drift.update(n * 20, n * 20));
        drift.reset();
        assert_eq!(drift.ppm(), None);
    }
}
