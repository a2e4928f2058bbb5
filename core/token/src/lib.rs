//! Tokens of viewers and signatures of URLs: what they say, who made them, whether they are good
//! now.
//!
//! Floor 0, pure: time is an argument, and nothing is looked up. A [`Claims`] is what a token says,
//! whatever its scheme; a scheme is one file, and [`Scheme`] is the closed list of them.
//!
//! [`Presented::find`] takes what a request shows off its path and query, [`Keyring::verify`] does
//! the expensive part once, [`Verified::admits`] the cheap one for each request.

mod akamai;
mod alibaba;
mod base64url;
mod claims;
mod cloud_front;
mod explain;
mod facts;
pub mod fuzz;
mod json;
mod jwks;
mod jwt;
mod key;
mod keyring;
mod material;
mod path_token;
mod pattern;
mod presented;
mod refusal;
mod revocation;
mod revocations;
mod rules;
mod scheme;
mod secret;
#[cfg(test)]
mod vectors;
mod verified;
mod wildcard;

pub use akamai::akamai_token;
pub use alibaba::{auth_key, signed_path};
pub use claims::Claims;
pub use explain::{Explanation, Line, Question, explain};
pub use facts::Facts;
pub use jwks::{JWKS_BYTES_MAX, JWKS_KEYS_MAX, Jwks, JwksError, PublicJwk, render_jwks};
pub use jwt::{JwtSigner, joined, unsigned};
pub use key::{Key, KeyError, KeyKind, Mac, Verifier};
pub use keyring::{KEYS_TRIED_MAX, Keyring};
pub use path_token::{PathError, PathSigner};
pub use pattern::{Pattern, PatternError};
pub use presented::{Credential, Place, Presented};
pub use refusal::Refusal;
pub use revocation::{Revocation, Revoked};
pub use revocations::{Bearer, Revocations};
pub use rules::{Countries, Rules};
pub use scheme::{Algorithm, Alibaba, Scheme, SchemeSet};
pub use secret::Secret;
pub use verified::{LEEWAY_S, Verified};

/// Longest token, in bytes: what all browsers, players and proxies carry in a path.
pub const TOKEN_BYTES_MAX: usize = 4_096;
