//! What time it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use governor::clock::Clock as Governed;
use governor::nanos::Nanos;

/// The calendar's time and the time since the start, from this machine or set by hand.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    Machine { start: Instant },
    Hand { now_ms: Arc<AtomicI64>, start_ms: i64 },
}

impl Clock {
    /// This machine's clock.
    #[must_use]
    pub fn machine() -> Self {
        Self(Source::Machine { start: Instant::now() })
    }

    /// A clock that stands at `now_ms`, in milliseconds since the Unix epoch, until it is moved.
    /// Clones of it move along.
    #[must_use]
    pub fn standing_at(now_ms: i64) -> Self {
        let hand = Arc::new(AtomicI64::new(now_ms));
        Self(Source::Hand { now_ms: hand, start_ms: now_ms })
    }

    /// Moves a standing clock on; this machine's goes by itself.
    pub fn advance(&self, by: Duration) {
        match &self.0 {
            Source::Machine { .. } => {}
            Source::Hand { now_ms, .. } => {
                let by_ms = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
                now_ms.fetch_add(by_ms, Ordering::Relaxed);
            }
        }
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        match &self.0 {
            Source::Machine { .. } => runtime::unix_ms(),
            Source::Hand { now_ms, .. } => now_ms.load(Ordering::Relaxed),
        }
    }

    /// Time since the start, which nobody sets back.
    fn running(&self) -> Duration {
        match &self.0 {
            Source::Machine { start } => start.elapsed(),
            Source::Hand { start_ms, .. } => {
                let ms = self.now_ms().saturating_sub(*start_ms);
                Duration::from_millis(u64::try_from(ms).unwrap_or(0))
            }
        }
    }
}

/// Limits go by the time since the start.
impl Governed for Clock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::from(self.running())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standing_clock_moves_with_its_clones_and_by_hand_only() {
        let clock = Clock::standing_at(1_700_000_000_000);
        let clone = clock.clone();
        assert_eq!(clone.now(), Nanos::new(0));
        clock.advance(Duration::from_millis(1_500));
        assert_eq!(clone.now_ms(), 1_700_000_001_500);
        assert_eq!(clone.now(), Nanos::new(1_500_000_000));
    }

    #[test]
    fn this_machines_clock_goes_by_itself() {
        let clock = Clock::machine();
        let before = clock.now();
        clock.advance(Duration::from_secs(3_600));
        assert!(clock.now() >= before && clock.running() < Duration::from_secs(3_600));
        assert!((clock.now_ms() - runtime::unix_ms()).abs() < 10_000);
    }
}
