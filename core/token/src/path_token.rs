//! Our own token of a path: `w1.<key>.<claims>.<mac>`, short enough for a URL of every object.
//!
//! The claims are [fields] in base 64. The MAC is HMAC-SHA256, cut to 144 bits, over all that
//! stands before it: there is no other spelling of a token, and no bit of it that may change.

mod fields;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use thiserror::Error;

use crate::key::Mac;
use crate::keyring::Trusted;
use crate::verified::{Opens, Signed};
use crate::{
    Claims, Key, KeyError, KeyKind, Refusal, Scheme, TOKEN_BYTES_MAX, Verified, base64url,
};

const PREFIX: &str = "w1.";
/// Bytes of the MAC. 18 are 24 characters of base 64, with no bits left over.
const MAC_BYTES: usize = 18;
/// Longest name of a key, in bytes: twice an id of ours.
const KID_BYTES_MAX: usize = 64;

/// Why claims cannot be put into a path token.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum PathError {
    /// A text is too long.
    #[error("a claim of {bytes} bytes is too long for a path token: {limit} may be")]
    TooLong {
        /// How many it has.
        bytes: usize,
        /// How many may be.
        limit: usize,
    },
    /// A time before 1970.
    #[error("a path token has no times before 1970")]
    Time,
    /// All together are too long.
    #[error("a token of {bytes} bytes is too long: {limit} may be")]
    Token {
        /// How many it would have.
        bytes: usize,
        /// How many may be.
        limit: usize,
    },
}

/// Makes path tokens.
#[derive(Clone)]
pub struct PathSigner {
    kid: String,
    mac: Mac,
}

impl PathSigner {
    /// Takes a key's name, and its secret of 32 bytes or more.
    ///
    /// # Errors
    ///
    /// When the name cannot stand in a token, or the secret is too short.
    pub fn new(kid: &str, secret: &[u8]) -> Result<Self, KeyError> {
        if !is_kid(kid) {
            return Err(KeyError::Name { limit: KID_BYTES_MAX });
        }
        Ok(Self { kid: kid.to_owned(), mac: Mac::for_jwt(secret)? })
    }

    /// Makes a token that says `claims`, without their issuer, audience, session and role: those
    /// are of JSON web tokens.
    ///
    /// # Errors
    ///
    /// When they do not fit.
    pub fn mint(&self, claims: &Claims) -> Result<String, PathError> {
        let signed = format!("{PREFIX}{}.{}", self.kid, base64url::encode(&fields::write(claims)?));
        let mac = self.mac.sign(signed.as_bytes());
        let token = format!("{signed}.{}", base64url::encode(mac.get(..MAC_BYTES).unwrap_or(&mac)));
        if token.len() > TOKEN_BYTES_MAX {
            return Err(PathError::Token { bytes: token.len(), limit: TOKEN_BYTES_MAX });
        }
        Ok(token)
    }
}

impl fmt::Debug for PathSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PathSigner({} ***)", self.kid)
    }
}

/// A token with these bytes for its claims, rightly signed.
pub(crate) fn signed_fields(kid: &str, secret: &[u8], fields: &[u8]) -> String {
    let signed = format!("{PREFIX}{kid}.{}", base64url::encode(fields));
    let mac = Mac::for_jwt(secret).map(|mac| mac.sign(signed.as_bytes())).unwrap_or_default();
    format!("{signed}.{}", base64url::encode(mac.get(..MAC_BYTES).unwrap_or(&mac)))
}

/// Whether a token says that it is a path token.
pub(crate) fn is_one(text: &str) -> bool {
    text.starts_with(PREFIX)
}

/// The name of the key, the claims, and the MAC of a token; in front of the last what is signed.
pub(crate) fn parts(text: &str) -> Option<(&str, &str, &str, &str)> {
    let (signed, mac) = text.rsplit_once('.')?;
    let (kid, claims) = signed.strip_prefix(PREFIX)?.split_once('.')?;
    is_kid(kid).then_some((kid, claims, signed, mac))
}

/// What a token says, whoever made it.
pub(crate) fn said(text: &str) -> Result<Signed, Refusal> {
    let (_, claims, ..) = parts(text).ok_or(Refusal::Malformed("a path token has four parts"))?;
    let claims = base64url::decode(claims)
        .ok_or(Refusal::Malformed("what it says is not spelled as it must be"))?;
    Ok(Signed { claims: fields::read(&claims)?, opens: Opens::Streams })
}

/// Verifies a token.
pub(crate) fn verify(text: &str, trusted: &Trusted<'_>) -> Result<Verified, Refusal> {
    let (kid, _, signed, mac) =
        parts(text).ok_or(Refusal::Malformed("a path token has four parts"))?;
    let mac = base64url::decode(mac)
        .ok_or(Refusal::Malformed("its signature is not spelled as it must be"))?;
    let keys = trusted.named(kid, Scheme::Path);
    if keys.is_empty() {
        return Err(Refusal::UnknownKey);
    }
    let has_signed = |key: &&Arc<Key>| match &key.kind {
        KeyKind::Path(own) => own.verify(signed.as_bytes(), &mac, MAC_BYTES),
        KeyKind::Jwt { .. }
        | KeyKind::Alibaba { .. }
        | KeyKind::Akamai(_)
        | KeyKind::CloudFront { .. } => false,
    };
    let key = keys.into_iter().find(has_signed).ok_or(Refusal::Signature)?;
    Verified::new(Scheme::Path, said(text)?, key)
}

fn is_kid(kid: &str) -> bool {
    let is_letter = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_');
    (1..=KID_BYTES_MAX).contains(&kid.len()) && kid.bytes().all(is_letter)
}
