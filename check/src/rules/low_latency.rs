//! Low latency (draft-pantos-hls-rfc8216bis).

use crate::rule::Rule;

pub(super) const RULES: &[Rule] = &[];
