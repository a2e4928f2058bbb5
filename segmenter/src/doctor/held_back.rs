//! How long B-frames hold pictures back.

use std::collections::VecDeque;

/// Media that is looked at together, in milliseconds.
const WINDOW_MS: i64 = 5_000;
/// Windows that are remembered. B-frames hold pictures back in each of them; a picture with an odd
/// time, or the first after a hole, does it in one.
const REMEMBERED: usize = 3;

/// From decoding to showing, over the last windows.
#[derive(Clone, Debug, Default)]
pub(super) struct HeldBack {
    begin_ms: Option<i64>,
    most_ms: i64,
    last: VecDeque<i64>,
}

impl HeldBack {
    /// A picture that is decoded at `at_ms` is shown `held_ms` later.
    pub(super) fn add(&mut self, at_ms: i64, held_ms: i64) {
        let begin_ms = *self.begin_ms.get_or_insert(at_ms);
        if at_ms.saturating_sub(begin_ms) < WINDOW_MS {
            self.most_ms = self.most_ms.max(held_ms);
            return;
        }
        if self.last.len() == REMEMBERED {
            self.last.pop_front();
        }
        self.last.push_back(self.most_ms);
        (self.begin_ms, self.most_ms) = (Some(at_ms), held_ms);
    }

    /// The longest, as it is in each window; 0 without B-frames.
    pub(super) fn ms(&self) -> i64 {
        self.last.iter().copied().min().unwrap_or(self.most_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happens_once_is_no_b_frame() {
        let run = |seconds: i64, held: fn(i64) -> i64| {
            let mut held_back = HeldBack::default();
            (0..seconds * 25).for_each(|n| held_back.add(n * 40, held(n)));
            held_back.ms()
        };
        assert_eq!(run(30, |n| n % 4 * 40), 120);
        assert_eq!(run(2, |n| n % 4 * 40), 120);
        assert_eq!(run(30, |n| if n == 400 { 2_000 } else { 0 }), 0);
        assert_eq!(run(0, |_| 0), 0);
    }
}
