//! Tokens of viewers and signatures of URLs: what they say, who made them, whether they are good
//! now.
//!
//! Floor 0, pure: time is an argument, and nothing is looked up. A [`Claims`] is what a token says,
//! whatever its scheme; a scheme is one file, and [`Scheme`] is the closed list of them.

mod claims;
mod facts;
mod pattern;
mod refusal;
mod revocation;
mod rules;
mod scheme;

pub use claims::Claims;
pub use facts::Facts;
pub use pattern::{Pattern, PatternError};
pub use refusal::Refusal;
pub use revocation::{Revocation, Revoked};
pub use rules::{Countries, Rules};
pub use scheme::{Algorithm, Alibaba, Scheme};
