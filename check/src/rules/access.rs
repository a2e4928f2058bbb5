//! Who may see what.

use crate::rule::Rule;

pub(super) const RULES: &[Rule] = &[];
