//! Signs JSON web tokens.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use serde::Serialize;

use crate::key::Mac;
use crate::material::{self, Material};
use crate::{Algorithm, Claims, KeyError, base64url, jwt};

/// Signs by those algorithms that always sign alike: EdDSA, RS256 and HS256. ECDSA draws a random
/// number for each signature, so whoever has some puts [`unsigned`] and [`joined`] together.
pub struct JwtSigner {
    kid: String,
    algorithm: Algorithm,
    by: By,
}

enum By {
    Ed25519(Ed25519KeyPair),
    Rsa(Box<RsaKeyPair>),
    Secret(Mac),
}

impl JwtSigner {
    /// Takes the secret of HS256, or else a private key in PKCS #8, in PEM or DER.
    ///
    /// # Errors
    ///
    /// When it is no such key, or one of ECDSA.
    pub fn new(algorithm: Algorithm, kid: &str, material: &[u8]) -> Result<Self, KeyError> {
        if kid.is_empty() || kid.len() > jwt::KID_BYTES_MAX {
            return Err(KeyError::Name { limit: jwt::KID_BYTES_MAX });
        }
        let by = match algorithm {
            Algorithm::EdDSA => By::Ed25519(material::ed25519(&private(material)?)?),
            Algorithm::RS256 => By::Rsa(Box::new(material::rsa(&private(material)?)?)),
            Algorithm::HS256 => By::Secret(Mac::for_jwt(material)?),
            Algorithm::ES256 | Algorithm::ES384 => return Err(KeyError::Random),
        };
        Ok(Self { kid: kid.to_owned(), algorithm, by })
    }

    /// Makes a token that says `claims`.
    ///
    /// # Errors
    ///
    /// When an RSA key is not sound.
    pub fn sign(&self, claims: &Claims) -> Result<String, KeyError> {
        self.sign_text(&unsigned(claims, &self.kid, self.algorithm))
    }

    /// A token with these bytes for its claims.
    pub(crate) fn sign_bytes(&self, claims: &[u8]) -> String {
        self.sign_text(&with_header(claims, &self.kid, self.algorithm)).unwrap_or_default()
    }

    fn sign_text(&self, unsigned: &str) -> Result<String, KeyError> {
        let message = unsigned.as_bytes();
        Ok(match &self.by {
            By::Ed25519(pair) => joined(unsigned, pair.sign(message).as_ref()),
            By::Secret(mac) => joined(unsigned, &mac.sign(message)),
            By::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let digest = digest(&SHA256, message);
                pair.sign_digest(&RSA_PKCS1_SHA256, &digest, &mut signature)
                    .map_err(|_unspecified| KeyError::Form)?;
                joined(unsigned, &signature)
            }
        })
    }
}

impl fmt::Debug for JwtSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JwtSigner({} {} ***)", self.kid, self.algorithm.name())
    }
}

fn private(material: &[u8]) -> Result<Vec<u8>, KeyError> {
    match material::read(material)? {
        Material::Private(der) | Material::Unlabelled(der) => Ok(der),
        Material::Public(_) => Err(KeyError::Form),
    }
}

/// The part of a token that is signed: its header and claims.
#[must_use]
pub fn unsigned(claims: &Claims, kid: &str, algorithm: Algorithm) -> String {
    with_header(&jwt::claims::write(claims), kid, algorithm)
}

fn with_header(claims: &[u8], kid: &str, algorithm: Algorithm) -> String {
    #[derive(Serialize)]
    struct Header<'h> {
        alg: &'h str,
        kid: &'h str,
        typ: &'h str,
    }
    let header = Header { alg: algorithm.name(), kid, typ: "JWT" };
    let header = serde_json::to_vec(&header).unwrap_or_default();
    format!("{}.{}", base64url::encode(&header), base64url::encode(claims))
}

/// A token of what was signed, and the signature.
#[must_use]
pub fn joined(unsigned: &str, signature: &[u8]) -> String {
    format!("{unsigned}.{}", base64url::encode(signature))
}
