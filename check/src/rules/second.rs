//! What other readers make of the same bytes.

use crate::rule::Rule;

pub(super) const RULES: &[Rule] = &[];
