//! Media, whatever carries it.

use crate::rule::Rule;

pub(super) const RULES: &[Rule] = &[];
