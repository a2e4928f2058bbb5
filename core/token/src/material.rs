//! Keys as people keep them: PEM (RFC 7468), or the DER in it.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RsaKeyPair,
};

use crate::{Algorithm, KeyError, base64url};

/// Largest key, in bytes: RSA of 8192 bits in PEM is below 7 KB.
const KEY_BYTES_MAX: usize = 16 * 1024;

/// What is in a key's text or bytes.
pub(crate) enum Material {
    /// PKCS #8 (RFC 5958).
    Private(Vec<u8>),
    /// A public key: X.509's `SubjectPublicKeyInfo`, or RSA's own form (RFC 8017, A.1.1).
    Public(Vec<u8>),
    /// Either, without a label.
    Unlabelled(Vec<u8>),
}

/// Takes the armour off.
pub(crate) fn read(bytes: &[u8]) -> Result<Material, KeyError> {
    if bytes.len() > KEY_BYTES_MAX {
        return Err(KeyError::TooLong { bytes: bytes.len(), limit: KEY_BYTES_MAX });
    }
    let text = match str::from_utf8(bytes) {
        Ok(text) if text.trim_start().starts_with("-----BEGIN ") => text.trim(),
        Ok(_) | Err(_) => return Ok(Material::Unlabelled(bytes.to_vec())),
    };
    let armoured = text.strip_prefix("-----BEGIN ").and_then(|rest| rest.split_once("-----"));
    let (label, rest) = armoured.ok_or(KeyError::Form)?;
    let (body, end) = rest.split_once("-----END ").ok_or(KeyError::Form)?;
    if end.strip_suffix("-----") != Some(label) {
        return Err(KeyError::Form);
    }
    let body: String = body.split_ascii_whitespace().collect();
    let der = base64url::decode_common(&body).ok_or(KeyError::Form)?;
    match label {
        "PUBLIC KEY" | "RSA PUBLIC KEY" => Ok(Material::Public(der)),
        "PRIVATE KEY" => Ok(Material::Private(der)),
        _ => Err(KeyError::Form),
    }
}

/// The public key of a key pair of ours, in the form that [`crate::Verifier`] reads.
pub(crate) fn public_of(algorithm: Algorithm, pkcs8: &[u8]) -> Result<Vec<u8>, KeyError> {
    match algorithm {
        Algorithm::EdDSA => Ok(ed25519(pkcs8)?.public_key().as_ref().to_vec()),
        Algorithm::ES256 => ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8),
        Algorithm::ES384 => ecdsa(&ECDSA_P384_SHA384_FIXED_SIGNING, pkcs8),
        Algorithm::RS256 => Ok(rsa(pkcs8)?.public_key().as_ref().to_vec()),
        Algorithm::HS256 => Err(KeyError::Form),
    }
}

/// With or without the public key in it: openssl leaves it out.
pub(crate) fn ed25519(pkcs8: &[u8]) -> Result<Ed25519KeyPair, KeyError> {
    Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8).map_err(|_rejected| KeyError::Form)
}

pub(crate) fn rsa(pkcs8: &[u8]) -> Result<RsaKeyPair, KeyError> {
    RsaKeyPair::from_pkcs8(pkcs8).map_err(|_rejected| KeyError::Form)
}

fn ecdsa(algorithm: &'static EcdsaSigningAlgorithm, pkcs8: &[u8]) -> Result<Vec<u8>, KeyError> {
    let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8).map_err(|_rejected| KeyError::Form)?;
    Ok(pair.public_key().as_ref().to_vec())
}
