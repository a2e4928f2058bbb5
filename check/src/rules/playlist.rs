//! Playlists as text and as lists of segments.

use crate::rule::Rule;

pub(super) const RULES: &[Rule] = &[];
