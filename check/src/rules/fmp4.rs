//! Fragmented MP4 (ISO/IEC 14496-12).

use crate::rule::Rule;

pub(super) const RULES: &[Rule] = &[];
