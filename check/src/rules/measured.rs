//! Whether what a multivariant playlist says of its variants is true.

use crate::rule::Rule;

pub(super) const RULES: &[Rule] = &[];
