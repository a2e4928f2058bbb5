//! How things are delivered over HTTP (RFC 9110).

use crate::rule::Rule;

pub(super) const RULES: &[Rule] = &[];
