//! Keys as people keep them: PEM (RFC 7468), or the DER in it.

use std::ops::RangeInclusive;

use aws_lc_rs::rsa::PublicKey;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RsaKeyPair,
};

use crate::{Algorithm, KeyError, base64url};

/// Largest key, in bytes: RSA of 8192 bits in PEM is below 7 KB.
const KEY_BYTES_MAX: usize = 16 * 1024;

/// RSA keys that are taken, in bits (RFC 7518, 3.3; more costs more than it is worth).
const RSA_BITS: RangeInclusive<usize> = 2_048..=8_192;

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

/// The modulus and the exponent of an RSA key, in X.509's form or in RSA's own: a sequence of two
/// numbers (RFC 8017, A.1.1).
pub(crate) fn rsa_numbers(der: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let key = PublicKey::from_der(der).ok()?;
    let (sequence, _) = element(key.as_ref(), 0x30)?;
    let (modulus, rest) = element(sequence, 0x02)?;
    let (exponent, _) = element(rest, 0x02)?;
    // A zero in front says that a number is not negative.
    let positive = |number: &[u8]| number.strip_prefix(&[0]).unwrap_or(number).to_vec();
    Some((positive(modulus), positive(exponent)))
}

/// Whether an RSA key is long enough to be trusted, and short enough to be computed with.
pub(crate) fn check_modulus(modulus: &[u8]) -> Result<(), KeyError> {
    let zeros = modulus.iter().take_while(|&&byte| byte == 0).count();
    let digits = modulus.get(zeros..).unwrap_or_default();
    let unused = digits.first().map_or(0, |byte| byte.leading_zeros());
    let bits = (8 * digits.len()).saturating_sub(usize::try_from(unused).unwrap_or_default());
    if RSA_BITS.contains(&bits) { Ok(()) } else { Err(KeyError::Rsa { bits }) }
}

/// The contents of the DER element that `bytes` begin with, and what follows it.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&[own, first], rest) = bytes.split_first_chunk::<2>()?;
    if own != tag {
        return None;
    }
    let more = usize::from(first).checked_sub(0x80);
    let (length, rest) = match more {
        None => (usize::from(first), rest),
        Some(more) => {
            let (length, rest) = rest.split_at_checked(more)?;
            let fold = |sum: usize, byte: &u8| sum.checked_mul(256)?.checked_add((*byte).into());
            (length.iter().try_fold(0, fold)?, rest)
        }
    };
    rest.split_at_checked(length)
}
