//! Keys that are trusted.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256,
    RsaPublicKeyComponents, VerificationAlgorithm,
};
use aws_lc_rs::{constant_time, hmac};
use thiserror::Error;

use crate::material::{self, Material};
use crate::{Algorithm, Alibaba, Scheme, Secret};

/// A key that is trusted, and for what.
#[derive(Clone, Debug)]
pub struct Key {
    /// Its id, by which it can be revoked.
    pub id: Arc<str>,
    /// What tokens call it (`kid`), where that is not its id.
    pub kid: Option<Arc<str>>,
    /// Whose streams it opens; without one, those of the organisation that a token names.
    pub organisation: Option<Arc<str>>,
    /// What it verifies.
    pub kind: KeyKind,
    /// When it verifies nothing any more, in seconds since the Unix epoch.
    pub not_after_s: Option<i64>,
}

/// What a key verifies, and how. Made by the functions of its name in small letters.
#[derive(Clone, Debug)]
pub enum KeyKind {
    /// JSON web tokens by one algorithm, which the key decides.
    Jwt {
        /// The key itself.
        verifier: Verifier,
        /// What `iss` must be.
        issuer: Option<String>,
        /// What `aud` must be or have. Without one, tokens that have an `aud` are refused: they are
        /// for somebody (RFC 7519, 4.1.3).
        audience: Option<String>,
    },
    /// Our own path tokens.
    Path(Mac),
    /// Alibaba's URL signatures.
    Alibaba {
        /// Which type.
        variant: Alibaba,
        /// The secret.
        secret: Secret,
        /// How long after its time stamp a URL is good, in seconds.
        validity_s: u32,
    },
    /// Akamai's tokens.
    Akamai(Mac),
    /// CloudFront's custom policies.
    CloudFront {
        /// The `Key-Pair-Id` that URLs name.
        key_pair: String,
        /// The RSA key, with SHA-1.
        sha1: Verifier,
        /// The same, with SHA-256.
        sha256: Verifier,
    },
}

/// Why something is no key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum KeyError {
    /// It is no key of its kind.
    #[error("this is no key of that kind: secrets are text, other keys PEM")]
    Form,
    /// A secret that is guessed too easily.
    #[error("a secret of {bytes} bytes is too short: {limit} are needed")]
    TooShort {
        /// How many it has.
        bytes: usize,
        /// How many are needed.
        limit: usize,
    },
    /// An RSA key of another length than 2,048 to 8,192 bits.
    #[error("an RSA key of {bits} bits is not taken: 2048 to 8192 are")]
    Rsa {
        /// How many it has.
        bits: usize,
    },
    /// Longer than keys are.
    #[error("a key of {bytes} bytes is too long: {limit} may be")]
    TooLong {
        /// How many it has.
        bytes: usize,
        /// How many may be.
        limit: usize,
    },
    /// ECDSA draws random numbers, which pure code has none of.
    #[error("keys of ECDSA sign where random numbers are")]
    Random,
    /// Its name cannot stand in a token.
    #[error("a key's name has 1 to {limit} letters, digits, dashes and underscores")]
    Name {
        /// The most that it may have.
        limit: usize,
    },
}

/// Fewest bytes of a secret for HMAC-SHA256: as many as the hash has (RFC 7518, 3.2).
const MAC_SECRET_BYTES_MIN: usize = 32;
/// Fewest bytes of Akamai's and Alibaba's secrets: what their consoles ask for.
const URL_SECRET_BYTES_MIN: usize = 16;
/// Most bytes of a secret: more adds nothing.
const SECRET_BYTES_MAX: usize = 512;

impl KeyKind {
    /// Verifies JSON web tokens. `material` is the secret of HS256, and else a public key or a
    /// private one in PKCS #8, in PEM or DER.
    ///
    /// # Errors
    ///
    /// When it is no such key.
    pub fn jwt(
        algorithm: Algorithm,
        material: &[u8],
        issuer: Option<String>,
        audience: Option<String>,
    ) -> Result<Self, KeyError> {
        Ok(Self::Jwt { verifier: Verifier::new(algorithm, material)?, issuer, audience })
    }

    /// Verifies path tokens.
    ///
    /// # Errors
    ///
    /// When the secret is too short or too long.
    pub fn path(secret: &[u8]) -> Result<Self, KeyError> {
        Mac::for_jwt(secret).map(Self::Path)
    }

    /// Verifies Alibaba's URL signatures.
    ///
    /// # Errors
    ///
    /// When the secret is too short or too long.
    pub fn alibaba(variant: Alibaba, secret: &[u8], validity_s: u32) -> Result<Self, KeyError> {
        let secret = Secret::new(sized(secret, URL_SECRET_BYTES_MIN)?);
        Ok(Self::Alibaba { variant, secret, validity_s })
    }

    /// Verifies Akamai's tokens; the secret is in hex, as Akamai's console shows it.
    ///
    /// # Errors
    ///
    /// When it is not hex, too short or too long.
    pub fn akamai(secret_hex: &[u8]) -> Result<Self, KeyError> {
        Mac::akamai(secret_hex).map(Self::Akamai)
    }

    /// Verifies CloudFront's policies, with an RSA public key in PEM.
    ///
    /// # Errors
    ///
    /// When it is no such key.
    pub fn cloud_front(key_pair: &str, material: &[u8]) -> Result<Self, KeyError> {
        let sha1 = &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY;
        let sha1 = Verifier::public(Algorithm::RS256, sha1, material)?;
        let sha256 = Verifier::new(Algorithm::RS256, material)?;
        Ok(Self::CloudFront { key_pair: key_pair.to_owned(), sha1, sha256 })
    }

    /// The scheme that it is for.
    #[must_use]
    pub const fn scheme(&self) -> Scheme {
        match self {
            Self::Jwt { .. } => Scheme::Jwt,
            Self::Path(_) => Scheme::Path,
            Self::Alibaba { variant, .. } => Scheme::Alibaba(*variant),
            Self::Akamai(_) => Scheme::Akamai,
            Self::CloudFront { .. } => Scheme::CloudFront,
        }
    }
}

impl Key {
    /// What tokens call it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.kid.as_deref().unwrap_or(&self.id)
    }

    /// Whether it verifies anything now.
    #[must_use]
    pub fn is_good(&self, now_s: i64) -> bool {
        self.not_after_s.is_none_or(|end| now_s < end)
    }
}

/// A secret that is ready for HMAC-SHA256.
#[derive(Clone)]
pub struct Mac(Arc<hmac::Key>);

impl Mac {
    pub(crate) fn new(secret: &[u8], bytes_min: usize) -> Result<Self, KeyError> {
        Ok(Self(Arc::new(hmac::Key::new(hmac::HMAC_SHA256, sized(secret, bytes_min)?))))
    }

    /// Takes the secret of HS256 or of path tokens.
    pub(crate) fn for_jwt(secret: &[u8]) -> Result<Self, KeyError> {
        // Somebody's public key is no secret, whatever it is called.
        if secret.trim_ascii_start().starts_with(b"-----BEGIN ") {
            return Err(KeyError::Form);
        }
        Self::new(secret, MAC_SECRET_BYTES_MIN)
    }

    /// Takes the secret of Akamai's tokens, in hex.
    pub(crate) fn akamai(secret_hex: &[u8]) -> Result<Self, KeyError> {
        let pairs = secret_hex.trim_ascii().chunks(2).map(|pair| {
            let text = str::from_utf8(pair).ok().filter(|text| text.len() == 2)?;
            let is_hex = text.bytes().all(|digit| digit.is_ascii_hexdigit());
            u8::from_str_radix(text, 16).ok().filter(|_| is_hex)
        });
        let secret: Option<Vec<u8>> = pairs.collect();
        Self::new(&secret.ok_or(KeyError::Form)?, URL_SECRET_BYTES_MIN)
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 32] {
        let tag = hmac::sign(&self.0, message);
        tag.as_ref().first_chunk().copied().unwrap_or_default()
    }

    /// Whether `tag` is the beginning of the message's, of `bytes` bytes. Takes the same time
    /// wherever they differ.
    pub(crate) fn verify(&self, message: &[u8], tag: &[u8], bytes: usize) -> bool {
        let expected = self.sign(message);
        let expected = expected.get(..bytes).unwrap_or_default();
        !expected.is_empty() && constant_time::verify_slices_are_equal(expected, tag).is_ok()
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Verifies signatures by the one algorithm that it is for.
#[derive(Clone)]
pub struct Verifier {
    algorithm: Algorithm,
    by: By,
}

#[derive(Clone)]
enum By {
    Secret(Mac),
    Public(ParsedPublicKey),
}

impl Verifier {
    /// Reads a key as [`KeyKind::jwt`] takes it.
    ///
    /// # Errors
    ///
    /// When it is no such key.
    pub fn new(algorithm: Algorithm, material: &[u8]) -> Result<Self, KeyError> {
        match verification(algorithm) {
            Some(verification) => Self::public(algorithm, verification, material),
            None => Self::secret(material),
        }
    }

    /// Takes a public key in X.509's form or in that of its algorithm.
    pub(crate) fn of_public(algorithm: Algorithm, key: &[u8]) -> Result<Self, KeyError> {
        let verification = verification(algorithm).ok_or(KeyError::Form)?;
        let key = ParsedPublicKey::new(verification, key).map_err(|_rejected| KeyError::Form)?;
        Ok(Self { algorithm, by: By::Public(key) })
    }

    /// Takes the two numbers of an RSA key.
    pub(crate) fn of_rsa(numbers: &RsaPublicKeyComponents<Vec<u8>>) -> Result<Self, KeyError> {
        material::check_modulus(&numbers.n)?;
        let key = numbers.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256);
        let key = key.map_err(|_rejected| KeyError::Form)?;
        Ok(Self { algorithm: Algorithm::RS256, by: By::Public(key) })
    }

    fn secret(material: &[u8]) -> Result<Self, KeyError> {
        Ok(Self { algorithm: Algorithm::HS256, by: By::Secret(Mac::for_jwt(material)?) })
    }

    fn public(
        algorithm: Algorithm,
        verification: &'static dyn VerificationAlgorithm,
        material: &[u8],
    ) -> Result<Self, KeyError> {
        let public = match material::read(material)? {
            Material::Private(pkcs8) => material::public_of(algorithm, &pkcs8)?,
            Material::Public(der) => der,
            Material::Unlabelled(der) => material::public_of(algorithm, &der).unwrap_or(der),
        };
        if algorithm == Algorithm::RS256 {
            let (modulus, _) = material::rsa_numbers(&public).ok_or(KeyError::Form)?;
            material::check_modulus(&modulus)?;
        }
        let key = ParsedPublicKey::new(verification, public).map_err(|_rejected| KeyError::Form)?;
        Ok(Self { algorithm, by: By::Public(key) })
    }

    /// The algorithm.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.by {
            By::Secret(mac) => mac.verify(message, signature, 32),
            By::Public(key) => key.verify_sig(message, signature).is_ok(),
        }
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Verifier({} ***)", self.algorithm.name())
    }
}

/// How public keys of an algorithm verify; `None` where there are none.
fn verification(algorithm: Algorithm) -> Option<&'static dyn VerificationAlgorithm> {
    match algorithm {
        Algorithm::EdDSA => Some(&ED25519),
        Algorithm::ES256 => Some(&ECDSA_P256_SHA256_FIXED),
        Algorithm::ES384 => Some(&ECDSA_P384_SHA384_FIXED),
        Algorithm::RS256 => Some(&RSA_PKCS1_2048_8192_SHA256),
        Algorithm::HS256 => None,
    }
}

fn sized(secret: &[u8], limit: usize) -> Result<&[u8], KeyError> {
    match secret.len() {
        bytes if bytes < limit => Err(KeyError::TooShort { bytes, limit }),
        bytes if bytes > SECRET_BYTES_MAX => {
            Err(KeyError::TooLong { bytes, limit: SECRET_BYTES_MAX })
        }
        _ => Ok(secret),
    }
}
