//! How far apart pictures are.

/// Distances that are counted one by one, in milliseconds: four pictures a second.
const COUNTED_MS: usize = 256;
/// How far from the usual distance is still usual, in milliseconds: times are rounded twice.
const ROUNDING_MS: i64 = 2;

/// The distances between the pictures of a window.
#[derive(Clone, Debug)]
pub(super) struct Gaps {
    counts: [u16; COUNTED_MS],
    longer: u32,
    longer_ms: i64,
}

/// What a window's distances say.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Rhythm {
    /// Pictures that would have had a place in a hole.
    pub(super) missing: u32,
    /// Distances that are no multiple of the usual one.
    pub(super) uneven: u32,
}

impl Gaps {
    pub(super) fn add(&mut self, ms: i64) {
        match usize::try_from(ms).ok().and_then(|ms| self.counts.get_mut(ms)) {
            Some(count) => *count = count.saturating_add(1),
            None => {
                self.longer = self.longer.saturating_add(1);
                self.longer_ms = self.longer_ms.saturating_add(ms);
            }
        }
    }

    pub(super) fn rhythm(&self) -> Rhythm {
        let Some(usual_us) = self.usual_us() else { return Rhythm::default() };
        let (mut missing, mut uneven) = (0_i64, 0_i64);
        for (ms, count) in self.present() {
            let steps = (ms * 1_000 + usual_us / 2) / usual_us;
            let off_us = (ms * 1_000 - steps * usual_us).abs();
            if steps > 0 && off_us <= tolerance_us(usual_us) {
                missing += (steps - 1) * count;
            } else {
                uneven += count;
            }
        }
        let longer = (self.longer_ms.saturating_mul(1_000) / usual_us)
            .saturating_sub(i64::from(self.longer));
        missing = missing.saturating_add(longer.max(0));
        let small = |value: i64| u32::try_from(value).unwrap_or(u32::MAX);
        Rhythm { missing: small(missing), uneven: small(uneven) }
    }

    /// The usual distance, in millionths of a second: the mean of what is near the most frequent.
    fn usual_us(&self) -> Option<i64> {
        let (most, _) = self.present().max_by_key(|(_, count)| *count)?;
        let near = self
            .present()
            .filter(|(ms, _)| (ms - most).abs() * 1_000 <= tolerance_us(most * 1_000));
        let (sum, count) =
            near.fold((0, 0), |(sum, all), (ms, count)| (sum + ms * count, all + count));
        (sum * 1_000_i64).checked_div(count).filter(|usual| *usual > 0)
    }

    /// The distances that there are, with their counts. Two pictures of one time are somebody
    /// else's finding.
    fn present(&self) -> impl Iterator<Item = (i64, i64)> {
        let counts = (0_i64..).zip(&self.counts).skip(1);
        counts.filter(|(_, count)| **count > 0).map(|(ms, count)| (ms, i64::from(*count)))
    }
}

impl Default for Gaps {
    fn default() -> Self {
        Self { counts: [0; COUNTED_MS], longer: 0, longer_ms: 0 }
    }
}

/// What is still usual: a quarter more or less.
fn tolerance_us(usual_us: i64) -> i64 {
    (usual_us / 4).max(ROUNDING_MS * 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(ms: &[i64], missing: u32, uneven: u32) {
        let mut gaps = Gaps::default();
        ms.iter().for_each(|ms| gaps.add(*ms));
        assert_eq!(gaps.rhythm(), Rhythm { missing, uneven }, "of {ms:?}");
    }

    #[test]
    fn a_steady_rate_has_its_rounding() {
        check(&[], 0, 0);
        check(&[33, 33, 34, 33, 33, 34], 0, 0);
        check(&[16, 17, 17, 16, 17, 17, 17, 16], 0, 0);
        check(&[41, 42, 42, 41, 42], 0, 0);
        check(&[8, 9, 8, 8, 9], 0, 0);
    }

    #[test]
    fn holes_are_counted_in_pictures() {
        check(&[33, 33, 34, 67, 33, 100, 33], 3, 0);
        check(&[100, 100, 100, 300], 2, 0);
        check(&[300, 400], 0, 0);
    }

    #[test]
    fn what_fits_no_rate_is_uneven() {
        check(&[33, 33, 33, 45, 50, 80, 33], 0, 3);
        check(&[0, 0, 33, 33], 0, 0);
    }
}
