//! Faults, kept within bounds.

/// How often something was seen, and the first of them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Few<T> {
    count: u64,
    first: Vec<T>,
}

/// Of each kind of fault in a segment: a report shows no more.
pub const FEW_MAX: usize = 4;

impl<T> Few<T> {
    /// How often it was seen.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The first ones, at most [`FEW_MAX`].
    #[must_use]
    pub fn first(&self) -> &[T] {
        &self.first
    }

    /// Whether it was never seen.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(super) fn add(&mut self, one: T) {
        self.count += 1;
        if self.first.len() < FEW_MAX {
            self.first.push(one);
        }
    }
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self { count: 0, first: Vec::new() }
    }
}
