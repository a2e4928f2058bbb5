//! `EXT-X-PROGRAM-DATE-TIME`.

use crate::rule::Rule;

pub(super) const RULES: &[Rule] = &[];
