//! The server's clock, which may be set while a publication runs.

use std::time::Duration;

use runtime::unix_ms;
use tokio::time::Instant;

/// How far two readings may be apart from the time that has passed, in milliseconds: between them a
/// task may be interrupted.
const SET_MS: u64 = 250;

/// Reads the clock, and says when it was set.
#[derive(Debug)]
pub(crate) struct ServerClock {
    read_ms: i64,
    read: Instant,
}

impl ServerClock {
    pub(crate) fn new() -> Self {
        Self { read_ms: unix_ms(), read: Instant::now() }
    }

    /// The time, in milliseconds since the Unix epoch, and by how much the clock was set since it
    /// was read last.
    pub(crate) fn read(&mut self) -> (i64, Option<i64>) {
        let (now_ms, now) = (unix_ms(), Instant::now());
        let set = set_by(self.read_ms, now_ms, now.saturating_duration_since(self.read));
        (self.read_ms, self.read) = (now_ms, now);
        (now_ms, set)
    }
}

/// By how much a clock was set that read `before_ms` and reads `now_ms` after `passed`.
fn set_by(before_ms: i64, now_ms: i64, passed: Duration) -> Option<i64> {
    let passed_ms = i64::try_from(passed.as_millis()).unwrap_or(i64::MAX);
    let by_ms = now_ms.saturating_sub(before_ms).saturating_sub(passed_ms);
    (by_ms.unsigned_abs() > SET_MS).then_some(by_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_set_is_told_from_time_that_has_passed() {
        let check = |now_ms, passed_ms, expected| {
            let passed = Duration::from_millis(passed_ms);
            assert_eq!(set_by(1_000, now_ms, passed), expected, "{now_ms} after {passed_ms} ms");
        };
        check(1_000, 0, None);
        check(9_000, 8_001, None);
        check(9_000, 20, Some(7_980));
        check(500, 20, Some(-520));
        check(i64::MAX, u64::MAX, Some(-1_000));
        check(i64::MIN, 0, Some(i64::MIN));
    }
}
