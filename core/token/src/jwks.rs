//! Sets of JSON web keys (RFC 7517): those of issuers that are trusted, and ours.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use aws_lc_rs::signature::RsaPublicKeyComponents;
use serde::Serialize;
use thiserror::Error;

use crate::json::{self, Json};
use crate::material::{self, Material};
use crate::{Algorithm, Key, KeyError, KeyKind, Verifier, base64url, jwt};

/// Longest set, in bytes.
pub const JWKS_BYTES_MAX: usize = 64 * 1024;
/// Keys of one set: issuers publish two to ten.
pub const JWKS_KEYS_MAX: usize = 32;
/// Objects and lists within one another: the set, its list, a key, and a list in that.
const DEPTH_MAX: u8 = 4;

/// The keys of a set that verify signatures by an algorithm that is known here.
#[derive(Clone, Debug, Default)]
pub struct Jwks(Vec<Jwk>);

/// A key of a set.
#[derive(Clone, Debug)]
struct Jwk {
    kid: Option<Arc<str>>,
    verifier: Verifier,
}

/// Why a text is no set of keys.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum JwksError {
    /// It is too long.
    #[error("a set of keys of {bytes} bytes is too long: {limit} may be")]
    TooLong {
        /// How many it has.
        bytes: usize,
        /// How many may be.
        limit: usize,
    },
    /// It is no set.
    #[error("this is no set of keys: an object with a list `keys` is")]
    Form,
    /// It has too many keys.
    #[error("a set of {keys} keys is too large: {limit} may be")]
    TooMany {
        /// How many it has.
        keys: usize,
        /// How many may be.
        limit: usize,
    },
}

impl Jwks {
    /// Reads a set. Keys of another use, kind or algorithm are left out, as are secrets: whoever
    /// publishes one has none.
    ///
    /// # Errors
    ///
    /// When it is no set, or larger than sets are.
    pub fn parse(text: &[u8]) -> Result<Self, JwksError> {
        if text.len() > JWKS_BYTES_MAX {
            return Err(JwksError::TooLong { bytes: text.len(), limit: JWKS_BYTES_MAX });
        }
        let members = json::object(text, DEPTH_MAX).ok_or(JwksError::Form)?;
        let keys = members.into_iter().find(|(name, _)| name == "keys");
        let Some((_, Json::List(keys))) = keys else { return Err(JwksError::Form) };
        if keys.len() > JWKS_KEYS_MAX {
            return Err(JwksError::TooMany { keys: keys.len(), limit: JWKS_KEYS_MAX });
        }
        Ok(Self(keys.into_iter().filter_map(Jwk::read).collect()))
    }

    /// How many keys can be used.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no key can be used.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys, as an organisation trusts them: all under the id of the record that names the set,
    /// each by its own name. What `iss` and `aud` must be is said for all of them.
    pub fn keys<'j>(
        &'j self,
        id: &'j Arc<str>,
        organisation: Option<&'j Arc<str>>,
        issuer: Option<&'j str>,
        audience: Option<&'j str>,
    ) -> impl Iterator<Item = Key> + 'j {
        self.0.iter().map(move |Jwk { kid, verifier }| Key {
            id: Arc::clone(id),
            kid: kid.clone(),
            organisation: organisation.cloned(),
            kind: KeyKind::Jwt {
                verifier: verifier.clone(),
                issuer: issuer.map(str::to_owned),
                audience: audience.map(str::to_owned),
            },
            not_after_s: None,
        })
    }
}

/// What is read of a key (RFC 7517, 4; RFC 7518, 6; RFC 8037, 2).
#[derive(Default)]
struct Fields {
    kind: Option<String>,
    curve: Option<String>,
    algorithm: Option<String>,
    kid: Option<String>,
    is_for_other: bool,
    x: Option<Vec<u8>>,
    y: Option<Vec<u8>>,
    n: Option<Vec<u8>>,
    e: Option<Vec<u8>>,
}

impl Jwk {
    fn read(key: Json) -> Option<Self> {
        let Json::Object(members) = key else { return None };
        let mut fields = Fields::default();
        for (name, value) in members {
            match (name.as_str(), value) {
                ("kty", Json::Text(text)) => fields.kind = Some(text),
                ("crv", Json::Text(text)) => fields.curve = Some(text),
                ("alg", Json::Text(text)) => fields.algorithm = Some(text),
                ("kid", Json::Text(text)) => fields.kid = Some(text),
                ("use", value) => fields.is_for_other |= value != Json::Text("sig".into()),
                ("key_ops", Json::List(uses)) => {
                    fields.is_for_other |= !uses.contains(&Json::Text("verify".into()));
                }
                ("x", Json::Text(text)) => fields.x = base64url::decode(&text),
                ("y", Json::Text(text)) => fields.y = base64url::decode(&text),
                ("n", Json::Text(text)) => fields.n = base64url::decode(&text),
                ("e", Json::Text(text)) => fields.e = base64url::decode(&text),
                _ => {}
            }
        }
        if fields.is_for_other {
            return None;
        }
        let kid = match fields.kid.take() {
            Some(kid) if (1..=jwt::KID_BYTES_MAX).contains(&kid.len()) => Some(kid.into()),
            Some(_) => return None,
            None => None,
        };
        Some(Self { kid, verifier: fields.verifier()? })
    }
}

impl Fields {
    fn verifier(self) -> Option<Verifier> {
        let algorithm = match (self.kind?.as_str(), self.curve.as_deref()) {
            ("OKP", Some("Ed25519")) => Algorithm::EdDSA,
            ("EC", Some("P-256")) => Algorithm::ES256,
            ("EC", Some("P-384")) => Algorithm::ES384,
            ("RSA", None) => Algorithm::RS256,
            _ => return None,
        };
        // RFC 9864 calls it by its curve.
        let names = |name: &str| {
            name == algorithm.name() || (algorithm == Algorithm::EdDSA && name == "Ed25519")
        };
        if !self.algorithm.as_deref().is_none_or(names) {
            return None;
        }
        match algorithm {
            Algorithm::EdDSA => {
                let x = self.x.filter(|x| x.len() == 32)?;
                Verifier::of_public(algorithm, &x).ok()
            }
            Algorithm::ES256 | Algorithm::ES384 => {
                let bytes = if algorithm == Algorithm::ES256 { 32 } else { 48 };
                let (x, y) = (self.x?, self.y?);
                let point = [&[4], &x[..], &y].concat();
                let fits = x.len() == bytes && y.len() == bytes;
                fits.then(|| Verifier::of_public(algorithm, &point).ok()).flatten()
            }
            Algorithm::RS256 => {
                let components = RsaPublicKeyComponents { n: self.n?, e: self.e? };
                Verifier::of_rsa(&components).ok()
            }
            Algorithm::HS256 => None,
        }
    }
}

/// A public key of ours, as it stands in a set.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PublicJwk {
    kty: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    crv: Option<&'static str>,
    alg: &'static str,
    #[serde(rename = "use")]
    used_for: &'static str,
    kid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    x: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    y: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    e: Option<String>,
}

impl PublicJwk {
    /// The public part of a key that [`KeyKind::jwt`] takes.
    ///
    /// # Errors
    ///
    /// When it is no such key, or a secret.
    pub fn new(kid: &str, algorithm: Algorithm, material: &[u8]) -> Result<Self, KeyError> {
        // What verifies nothing is not published.
        Verifier::new(algorithm, material)?;
        let public = match material::read(material)? {
            Material::Private(pkcs8) => material::public_of(algorithm, &pkcs8)?,
            Material::Public(der) => der,
            Material::Unlabelled(der) => material::public_of(algorithm, &der).unwrap_or(der),
        };
        let mut jwk = Self {
            kty: "EC",
            crv: None,
            alg: algorithm.name(),
            used_for: "sig",
            kid: kid.to_owned(),
            x: None,
            y: None,
            n: None,
            e: None,
        };
        // The key itself stands at the end of X.509's form, and alone in its own.
        let point = |bytes: usize| {
            let point = public.get(public.len().saturating_sub(2 * bytes + 1)..)?;
            let (x, y) = point.strip_prefix(&[4])?.split_at_checked(bytes)?;
            Some((base64url::encode(x), base64url::encode(y)))
        };
        match algorithm {
            Algorithm::EdDSA => {
                let x = public.last_chunk::<32>().ok_or(KeyError::Form)?;
                (jwk.kty, jwk.crv) = ("OKP", Some("Ed25519"));
                jwk.x = Some(base64url::encode(x));
            }
            Algorithm::ES256 | Algorithm::ES384 => {
                let is_256 = algorithm == Algorithm::ES256;
                let (x, y) = point(if is_256 { 32 } else { 48 }).ok_or(KeyError::Form)?;
                jwk.crv = Some(if is_256 { "P-256" } else { "P-384" });
                (jwk.x, jwk.y) = (Some(x), Some(y));
            }
            Algorithm::RS256 => {
                let (n, e) = material::rsa_numbers(&public).ok_or(KeyError::Form)?;
                jwk.kty = "RSA";
                (jwk.n, jwk.e) = (Some(base64url::encode(&n)), Some(base64url::encode(&e)));
            }
            Algorithm::HS256 => return Err(KeyError::Form),
        }
        Ok(jwk)
    }
}

/// The set of our keys.
#[must_use]
pub fn render_jwks(keys: &[PublicJwk]) -> String {
    #[derive(Serialize)]
    struct Set<'s> {
        keys: &'s [PublicJwk],
    }
    serde_json::to_string(&Set { keys }).unwrap_or_default()
}
