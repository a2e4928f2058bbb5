//! All exchanges together.

use crate::transport::Exchange;

/// What all exchanges together were like: sums and extremes, so that it stays small.
#[derive(Clone, Debug, Default)]
pub struct Traffic {}

impl Traffic {
    /// Takes in the next exchange.
    pub const fn take(&mut self, _exchange: &Exchange) {}
}
