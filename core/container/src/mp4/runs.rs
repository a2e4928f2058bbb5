//! Values of which many follow each other that are the same.

/// A list of values, kept as runs: eight bytes for each.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Runs(Vec<(u32, u32)>);

impl Runs {
    pub(super) fn push(&mut self, value: u32) {
        match self.0.last_mut() {
            Some((count, last)) if *last == value && *count < u32::MAX => *count += 1,
            Some(_) | None => self.0.push((1, value)),
        }
    }

    /// How many runs there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The values, one by one.
    pub(super) fn values(&self) -> impl Iterator<Item = u32> {
        let repeat = |&(count, value)| (0..count).map(move |_| value);
        self.0.iter().flat_map(repeat)
    }

    /// The runs of the values from one number on to before another.
    pub(super) fn between(&self, from: u32, to: u32) -> impl Iterator<Item = (u32, u32)> {
        let mut at = 0_u64;
        self.0.iter().filter_map(move |&(count, value)| {
            let (start, end) = (at, at + u64::from(count));
            at = end;
            let kept = end.min(u64::from(to)).saturating_sub(start.max(u64::from(from)));
            u32::try_from(kept).ok().filter(|kept| *kept > 0).map(|kept| (kept, value))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_the_values() {
        let mut runs = Runs::default();
        let values = [5, 5, 5, 7, 5, 5, 9];
        values.iter().for_each(|value| runs.push(*value));
        assert_eq!(runs.len(), 4);
        assert!(runs.values().eq(values));
        for from in 0..=7_u32 {
            for to in 0..=8_u32 {
                let expected: Vec<u32> = runs
                    .values()
                    .zip(0..)
                    .filter(|(_, index)| (from..to).contains(index))
                    .map(|(value, _)| value)
                    .collect();
                let between = runs.between(from, to);
                let between: Vec<u32> = between
                    .flat_map(|(count, value)| vec![value; usize::try_from(count).unwrap()])
                    .collect();
                assert_eq!(between, expected, "{from}..{to}");
            }
        }
    }
}
