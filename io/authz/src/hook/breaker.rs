//! When a server that fails is left alone.

use std::time::Duration;

/// Failures in a row after which a server is left alone.
const FAILURES_MAX: u32 = 5;
/// How long it is left alone.
const OPEN_TIME: Duration = Duration::from_secs(10);

/// A circuit breaker. Times are since any one moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Breaker {
    failures: u32,
    /// Until when nothing is asked; the first question after it is a try, and moves this on.
    until: Option<Duration>,
}

impl Breaker {
    /// Whether a question may be asked now. One that may must be followed by `succeeded` or
    /// `failed`, or nothing else is asked for as long as a failure would do.
    pub(super) fn admits(&mut self, now: Duration) -> bool {
        let Some(until) = self.until else { return true };
        if now < until {
            return false;
        }
        self.until = Some(now + OPEN_TIME);
        true
    }

    /// It answered.
    pub(super) const fn succeeded(&mut self) {
        *self = Self { failures: 0, until: None };
    }

    /// It did not. Whether it is left alone from now on, and was not before.
    pub(super) fn failed(&mut self, now: Duration) -> bool {
        self.failures = self.failures.saturating_add(1);
        if self.failures < FAILURES_MAX {
            return false;
        }
        self.until = Some(now + OPEN_TIME);
        self.failures == FAILURES_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `12f` asks at 12 s, and it fails; `s` succeeds; `?` is not told how it went. What comes out
    /// is what may be asked.
    #[track_caller]
    fn check(script: &str, expected: &str) {
        let mut breaker = Breaker::default();
        let mut asked = String::new();
        for step in script.split(' ') {
            let (at, what) = step.split_at(step.len() - 1);
            let now = Duration::from_secs(at.parse().unwrap());
            let admitted = breaker.admits(now);
            asked.push(if admitted { 'y' } else { 'n' });
            match (admitted, what) {
                (true, "s") => breaker.succeeded(),
                (true, "f") => {
                    breaker.failed(now);
                }
                _ => {}
            }
        }
        assert_eq!(asked, expected, "{script}");
    }

    #[test]
    fn five_failures_in_a_row_open_it_for_ten_seconds() {
        check("0f 1f 2f 3f 4f 5f 13f 14f 15f", "yyyyynnyn");
        check("0f 1f 2f 3f 4s 5f 6f 7f 8f 9f 10f", "yyyyyyyyyyn");
    }

    #[test]
    fn one_try_is_made_and_closes_it_if_it_is_answered() {
        check("0f 0f 0f 0f 0f 10? 10s 11s 20s 20s", "yyyyyynnyy");
        check("0f 0f 0f 0f 0f 10f 19s 20s 21f 22f 23f 24f 25f 26f", "yyyyyynyyyyyyn");
    }

    #[test]
    fn opening_is_said_once() {
        let mut breaker = Breaker::default();
        let said: Vec<bool> = (0..7).map(|at| breaker.failed(Duration::from_secs(at))).collect();
        assert_eq!(said, [false, false, false, false, true, false, false]);
    }
}
