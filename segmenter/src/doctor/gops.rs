//! How far apart key frames are.

use std::collections::VecDeque;

/// Distances that are remembered.
const REMEMBERED: usize = 8;
/// Distances from which on something is said of them: the first may be cut short.
const ENOUGH: usize = 2;

/// The newest distances between key frames, in milliseconds.
#[derive(Clone, Debug, Default)]
pub(super) struct Gops {
    lengths: VecDeque<i64>,
    last_key_ms: Option<i64>,
    latest_ms: i64,
}

impl Gops {
    /// A picture that is shown at `at_ms`.
    pub(super) fn add(&mut self, at_ms: i64, is_key: bool) {
        if is_key {
            if let Some(last) = self.last_key_ms.replace(at_ms) {
                if self.lengths.len() == REMEMBERED {
                    self.lengths.pop_front();
                }
                self.lengths.push_back(at_ms.saturating_sub(last).max(0));
            }
            self.latest_ms = at_ms;
        }
        self.latest_ms = self.latest_ms.max(at_ms);
    }

    /// What was seen before says nothing any more.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }

    /// The shortest, the middle and the longest, once there are enough.
    pub(super) fn spread(&self) -> Option<(i64, i64, i64)> {
        if self.lengths.len() < ENOUGH {
            return None;
        }
        let mut sorted = [0; REMEMBERED];
        let mut filled = 0;
        for (place, length) in sorted.iter_mut().zip(&self.lengths) {
            *place = *length;
            filled += 1;
        }
        let sorted = sorted.get_mut(..filled)?;
        sorted.sort_unstable();
        Some((*sorted.first()?, *sorted.get(filled / 2)?, *sorted.last()?))
    }

    /// How long no key frame has come.
    pub(super) fn age_ms(&self) -> Option<i64> {
        Some(self.latest_ms.saturating_sub(self.last_key_ms?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(keys_ms: &[i64], expected: Option<(i64, i64, i64)>) {
        let mut gops = Gops::default();
        for at_ms in (0..=keys_ms.last().copied().unwrap_or_default()).step_by(100) {
            gops.add(at_ms, keys_ms.contains(&at_ms));
        }
        assert_eq!(gops.spread(), expected, "of {keys_ms:?}");
    }

    #[test]
    fn nothing_is_said_of_one_distance() {
        check(&[0], None);
        check(&[0, 2_000], None);
        check(&[0, 2_000, 4_000], Some((2_000, 2_000, 2_000)));
    }

    #[test]
    fn the_newest_distances_count() {
        check(&[0, 500, 4_500, 6_500], Some((500, 2_000, 4_000)));
        let keys: Vec<_> = [0, 9_000].into_iter().chain((10..18).map(|n| n * 1_000)).collect();
        check(&keys, Some((1_000, 1_000, 1_000)));
    }

    #[test]
    fn the_wait_for_a_key_frame_is_known() {
        let mut gops = Gops::default();
        assert_eq!(gops.age_ms(), None);
        [(0, true), (12_000, false), (11_900, false)]
            .into_iter()
            .for_each(|(at, k)| gops.add(at, k));
        assert_eq!(gops.age_ms(), Some(12_000));
        gops.reset();
        assert_eq!(gops.age_ms(), None);
    }
}
