//! Multivariant playlists, and whether their variants agree.

use crate::rule::Rule;

pub(super) const RULES: &[Rule] = &[];
