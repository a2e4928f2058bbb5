//! JSON web tokens (RFC 7519) in their compact form (RFC 7515, 3.1), read as strictly as RFC 8725
//! asks: the key decides the algorithm, and a header says nothing but which key.

mod claims;
mod signer;
#[cfg(test)]
mod tests;

pub use signer::{JwtSigner, joined, unsigned};

use std::sync::Arc;

use crate::json::{self, Json};
use crate::keyring::{Trusted, of_jwt};
use crate::verified::{Opens, Signed};
use crate::{Algorithm, Key, Refusal, Scheme, Verified, Verifier, base64url};

/// Longest name of a key, in bytes: a SHA-512 in hex.
pub(crate) const KID_BYTES_MAX: usize = 128;

/// Verifies a token.
pub(crate) fn verify(text: &str, trusted: &Trusted<'_>) -> Result<Verified, Refusal> {
    let parts = Parts::split(text)?;
    let header = Header::read(parts.header)?;
    let signature = base64url::decode(parts.signature)
        .ok_or(Refusal::Malformed("its signature is not spelled as it must be"))?;
    let key = signer_of(&header, parts.signed, &signature, trusted)?;
    let signed = said(text)?;
    if let Some((_, issuer, audience)) = of_jwt(key) {
        claims::check(&signed.claims, issuer, audience)?;
    }
    Verified::new(Scheme::Jwt, signed, key)
}

/// What a token says, whoever made it.
pub(crate) fn said(text: &str) -> Result<Signed, Refusal> {
    let payload = base64url::decode(Parts::split(text)?.payload)
        .ok_or(Refusal::Malformed("what it says is not spelled as it must be"))?;
    let members = json::object(&payload, json::DEPTH_MAX)
        .ok_or(Refusal::Malformed("what it says is not JSON, or says something twice"))?;
    Ok(Signed { claims: claims::read(members)?, opens: Opens::Streams })
}

/// The key that has signed it, of those that may have.
fn signer_of<'k>(
    header: &Header,
    signed: &str,
    signature: &[u8],
    trusted: &Trusted<'k>,
) -> Result<&'k Arc<Key>, Refusal> {
    let is_for = |key: &Key| of_jwt(key).is_some_and(|it| it.0.algorithm() == header.algorithm);
    let mut keys = match &header.kid {
        Some(kid) => trusted.named(kid, Scheme::Jwt),
        None => trusted.of(Scheme::Jwt, is_for),
    };
    if keys.is_empty() {
        return Err(Refusal::UnknownKey);
    }
    keys.retain(|key| is_for(key));
    if keys.is_empty() {
        return Err(Refusal::Algorithm);
    }
    let verifies = |it: &Verifier| it.verify(signed.as_bytes(), signature);
    keys.into_iter()
        .find(|key| of_jwt(key).is_some_and(|(verifier, _, _)| verifies(verifier)))
        .ok_or(Refusal::Signature)
}

/// The three parts of a token.
pub(crate) struct Parts<'t> {
    pub(crate) header: &'t str,
    pub(crate) payload: &'t str,
    signature: &'t str,
    /// What is signed: the first two, and the dot between them.
    signed: &'t str,
}

impl<'t> Parts<'t> {
    pub(crate) fn split(text: &'t str) -> Result<Self, Refusal> {
        let no_token = Refusal::Malformed("a token has three parts with dots between them");
        let Some((signed, signature)) = text.rsplit_once('.') else { return Err(no_token) };
        match signed.split_once('.') {
            Some((header, payload)) if !payload.contains('.') => {
                Ok(Self { header, payload, signature, signed })
            }
            Some(_) | None => Err(no_token),
        }
    }
}

/// What is read of a header (RFC 7515, 4.1). Keys and addresses of keys in it are not looked at:
/// `jku`, `jwk`, `x5u`, `x5c`.
pub(crate) struct Header {
    pub(crate) algorithm: Algorithm,
    pub(crate) kid: Option<String>,
}

impl Header {
    pub(crate) fn read(text: &str) -> Result<Self, Refusal> {
        let bytes = base64url::decode(text);
        let members = bytes.and_then(|bytes| json::object(&bytes, json::DEPTH_MAX));
        let members =
            members.ok_or(Refusal::Malformed("its header is not JSON, or says something twice"))?;
        let (mut algorithm, mut kid) = (None, None);
        for (name, value) in members {
            match (name.as_str(), value) {
                ("alg", Json::Text(name)) => algorithm = Algorithm::parse(&name),
                ("kid", Json::Text(name)) if name.len() <= KID_BYTES_MAX => kid = Some(name),
                ("kid", _) => return Err(Refusal::Malformed("the name of its key is none")),
                ("crit", _) => return Err(Refusal::Critical("an extension")),
                ("b64", _) => return Err(Refusal::Critical("an unencoded payload")),
                ("zip" | "enc", _) => return Err(Refusal::Critical("compression or encryption")),
                ("cty", _) => return Err(Refusal::Critical("a token in the token")),
                _ => {}
            }
        }
        let algorithm = algorithm
            .ok_or(Refusal::Malformed("it is not signed by an algorithm that is known here"))?;
        Ok(Self { algorithm, kid })
    }
}
