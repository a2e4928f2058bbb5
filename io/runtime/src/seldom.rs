//! Saying a thing that happens a thousand times a second once.

use std::time::{Duration, Instant};

/// Lets one event through per `every`, with the number of events that it stands for. What a
/// stranger can cause at will must not fill the log.
#[derive(Debug)]
pub struct Seldom {
    every: Duration,
    next: Option<Instant>,
    held: u64,
}

impl Seldom {
    /// At most one event in `every` gets through.
    #[must_use]
    pub const fn new(every: Duration) -> Self {
        Self { every, next: None, held: 0 }
    }

    /// Counts an event. Some: say it now, for this many events, this one included.
    pub fn event(&mut self, now: Instant) -> Option<u64> {
        self.held = self.held.saturating_add(1);
        if self.next.is_some_and(|next| now < next) {
            return None;
        }
        self.next = Some(now + self.every);
        Some(std::mem::take(&mut self.held))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_said_once_with_its_size() {
        let start = Instant::now();
        let mut seldom = Seldom::new(Duration::from_secs(1));
        let at = |ms| start + Duration::from_millis(ms);
        let said: Vec<_> = [0, 1, 2, 999, 1_000, 3_000].map(|ms| seldom.event(at(ms))).into();
        assert_eq!(said, [Some(1), None, None, None, Some(4), Some(1)]);
    }
}
