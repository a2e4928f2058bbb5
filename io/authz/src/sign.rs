//! Signing with trusted keys that are ours.

use accounts::{TrustedKey, TrustedKind};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm,
};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use thiserror::Error;
use token::{Algorithm, Claims, JwtSigner, KeyError, PathError, PathSigner, joined, unsigned};

/// Why a token cannot be signed.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum SignError {
    /// The key does not sign tokens: it verifies those of others, or signs URLs.
    #[error("this key signs no tokens")]
    NotOurs,
    /// The key is none of its kind.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// What it is to say does not fit a path token.
    #[error(transparent)]
    Path(#[from] PathError),
    /// There is no randomness.
    #[error("there is no randomness to sign with")]
    Random,
}

/// A token that says `claims`, signed by `key`: a JSON web token or a path token, as the key is.
///
/// # Errors
///
/// When the key signs no tokens, or the claims do not fit one.
pub fn sign(claims: &Claims, key: &TrustedKey) -> Result<String, SignError> {
    let id = key.id.as_str();
    match &key.kind {
        TrustedKind::Jwt { algorithm, signs: true, kid, .. } => {
            let kid = kid.as_deref().unwrap_or(id);
            let ecdsa = match algorithm {
                Algorithm::ES256 => &ECDSA_P256_SHA256_FIXED_SIGNING,
                Algorithm::ES384 => &ECDSA_P384_SHA384_FIXED_SIGNING,
                Algorithm::EdDSA | Algorithm::RS256 | Algorithm::HS256 => {
                    return Ok(JwtSigner::new(*algorithm, kid, &key.material)?.sign(claims)?);
                }
            };
            sign_ecdsa(&unsigned(claims, kid, *algorithm), ecdsa, &key.material)
        }
        TrustedKind::Path => Ok(PathSigner::new(id, &key.material)?.mint(claims)?),
        TrustedKind::Jwt { signs: false, .. }
        | TrustedKind::Jwks { .. }
        | TrustedKind::Alibaba { .. }
        | TrustedKind::Akamai
        | TrustedKind::CloudFront { .. } => Err(SignError::NotOurs),
    }
}

/// ECDSA draws a random number for each signature, which pure code has none of.
fn sign_ecdsa(
    unsigned: &str,
    algorithm: &'static EcdsaSigningAlgorithm,
    material: &[u8],
) -> Result<String, SignError> {
    let armoured = PrivatePkcs8KeyDer::from_pem_slice(material).ok();
    let pkcs8 = armoured.as_ref().map_or(material, PrivatePkcs8KeyDer::secret_pkcs8_der);
    let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8);
    let pair = pair.map_err(|_rejected| SignError::Key(KeyError::Form))?;
    let signature = pair.sign(&SystemRandom::new(), unsigned.as_bytes());
    let signature = signature.map_err(|_unspecified| SignError::Random)?;
    Ok(joined(unsigned, signature.as_ref()))
}

#[cfg(test)]
mod tests;
