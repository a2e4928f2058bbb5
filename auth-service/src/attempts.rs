//! Failed sign-ins, and how long nobody can sign in after them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Failures after which an account is locked.
const FAILURES_MAX: u32 = 5;
/// How long the first time; it doubles with each further failure.
const LOCKED_FIRST_MS: i64 = 60_000;
/// How long at most: whoever forgot it has asked for another password by then.
const LOCKED_MAX_MS: i64 = 60 * 60_000;
/// Addresses without an account that are counted; those that were tried longest ago are forgotten.
const STRANGERS_MAX: usize = 10_000;

/// What an account remembers of failed sign-ins.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Attempts {
    pub(crate) failures: u32,
    pub(crate) locked_until_ms: Option<i64>,
}

impl Attempts {
    /// Counts another try as failed until it is known to be good: of many at the same time no more
    /// are let through than one by one. An error says how long nobody can try.
    pub(crate) fn begin(self, now_ms: i64) -> Result<Self, u64> {
        let left_ms = self.locked_until_ms.map_or(0, |until| until.saturating_sub(now_ms));
        if left_ms > 0 {
            return Err(u64::try_from(left_ms).unwrap_or(0).div_ceil(1_000));
        }
        let failures = self.failures.saturating_add(1);
        let locked_until_ms = failures.checked_sub(FAILURES_MAX).map(|more| {
            let locked_ms = LOCKED_FIRST_MS.checked_shl(more.min(6)).unwrap_or(LOCKED_MAX_MS);
            now_ms.saturating_add(locked_ms.min(LOCKED_MAX_MS))
        });
        Ok(Self { failures, locked_until_ms })
    }
}

/// The same for addresses that nobody has, so that it does not show who has an account.
#[derive(Clone, Debug, Default)]
pub(crate) struct Strangers(Arc<Mutex<BTreeMap<String, (Attempts, i64)>>>);

impl Strangers {
    /// Counts a try for an address that nobody has.
    pub(crate) fn begin(&self, email: &str, now_ms: i64) -> Result<(), u64> {
        let mut strangers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let attempts = strangers.get(email).map_or_else(Attempts::default, |(before, _)| *before);
        let next = attempts.begin(now_ms)?;
        if strangers.len() >= STRANGERS_MAX && !strangers.contains_key(email) {
            let oldest = strangers.iter().min_by_key(|(_, (_, at_ms))| *at_ms);
            if let Some(oldest) = oldest.map(|(email, _)| email.clone()) {
                strangers.remove(&oldest);
            }
        }
        strangers.insert(email.to_owned(), (next, now_ms));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_failures_lock_for_a_minute_and_each_further_one_for_twice_as_long() {
        let (mut now_ms, mut attempts) = (0, Attempts::default());
        let mut locks_s = Vec::new();
        for _ in 0..14 {
            attempts = attempts.begin(now_ms).unwrap();
            if let Some(until_ms) = attempts.locked_until_ms {
                locks_s.push((until_ms - now_ms) / 1_000);
                assert_eq!(
                    attempts.begin(now_ms + 1),
                    Err((until_ms - now_ms).unsigned_abs() / 1_000)
                );
                assert_eq!(attempts.begin(until_ms - 1), Err(1));
                now_ms = until_ms;
            }
        }
        assert_eq!(locks_s, [60, 120, 240, 480, 960, 1_920, 3_600, 3_600, 3_600, 3_600]);
    }

    #[test]
    fn strangers_are_locked_alike_and_bounded() {
        let strangers = Strangers::default();
        for _ in 0..5 {
            strangers.begin("nobody@a.example", 0).unwrap();
        }
        assert_eq!(strangers.begin("nobody@a.example", 0), Err(60));
        assert_eq!(strangers.begin("nobody@a.example", 60_000), Ok(()));
        for who in 0..STRANGERS_MAX {
            strangers.begin(&format!("{who}@a.example"), 70_000).unwrap();
        }
        assert_eq!(strangers.0.lock().unwrap().len(), STRANGERS_MAX);
        assert_eq!(strangers.begin("nobody@a.example", 70_000), Ok(()), "forgotten");
    }
}
