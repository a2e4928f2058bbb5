//! Whether two edges serve one stream.

use crate::rule::Rule;

pub(super) const RULES: &[Rule] = &[];
