//! What other readers make of the same bytes.

mod fmp4;
mod ts;

use crate::rule::Rule;

pub(super) const TS: &[Rule] = ts::RULES;
pub(super) const FMP4: &[Rule] = fmp4::RULES;
