//! What other readers make of the same bytes.

mod ts;

use crate::rule::Rule;

pub(super) const TS: &[Rule] = ts::RULES;
