//! How far back a stream goes.

use crate::rule::Rule;

pub(super) const RULES: &[Rule] = &[];
