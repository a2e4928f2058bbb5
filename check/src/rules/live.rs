//! What a live playlist says over time.

use crate::rule::Rule;

pub(super) const RULES: &[Rule] = &[];
