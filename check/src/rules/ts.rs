//! MPEG transport streams (ISO/IEC 13818-1).

use crate::rule::Rule;

pub(super) const RULES: &[Rule] = &[];
