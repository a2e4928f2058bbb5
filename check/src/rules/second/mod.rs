//! What other readers make of the same bytes.

mod fmp4;
mod playlist;
mod ts;

use crate::rule::Rule;

pub(super) const PLAYLIST: &[Rule] = playlist::RULES;
pub(super) const TS: &[Rule] = ts::RULES;
pub(super) const FMP4: &[Rule] = fmp4::RULES;
