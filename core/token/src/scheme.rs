//! The schemes that there are.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::LEEWAY_S;

/// A way to prove that somebody may watch. The list is closed: a new scheme is one file and one
/// variant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Scheme {
    /// A JSON web token (RFC 7519).
    Jwt,
    /// Our own short token of a path.
    Path,
    /// Alibaba's URL signatures.
    Alibaba(Alibaba),
    /// Akamai's `exp=…~acl=…~hmac=…`.
    Akamai,
    /// CloudFront's custom policy.
    CloudFront,
}

/// Alibaba's types of URL signature.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Alibaba {
    /// `?auth_key=` time, random, user id and hash.
    A,
    /// The time in minutes and the hash before the path.
    B,
    /// The hash and the time in hex before the path.
    C,
}

/// How a JSON web token is signed (RFC 7518, 3.1; RFC 8037).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Algorithm {
    /// Ed25519.
    EdDSA,
    /// ECDSA on P-256 with SHA-256.
    ES256,
    /// ECDSA on P-384 with SHA-384.
    ES384,
    /// RSA PKCS #1 1.5 with SHA-256.
    RS256,
    /// HMAC with SHA-256.
    HS256,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::EdDSA, Self::ES256, Self::ES384, Self::RS256, Self::HS256];

    /// Its name in a token's header (RFC 7518, 3.1).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EdDSA => "EdDSA",
            Self::ES256 => "ES256",
            Self::ES384 => "ES384",
            Self::RS256 => "RS256",
            Self::HS256 => "HS256",
        }
    }

    /// The algorithm of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }
}

impl Scheme {
    /// How far the clocks of those who sign may be off, in seconds.
    pub(crate) const fn leeway_s(self) -> i64 {
        match self {
            Self::Jwt | Self::Path => LEEWAY_S,
            Self::Alibaba(Alibaba::A | Alibaba::B | Alibaba::C)
            | Self::Akamai
            | Self::CloudFront => 0,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jwt => "JSON web token",
            Self::Path => "path token",
            Self::Alibaba(Alibaba::A) => "signed URL of type A",
            Self::Alibaba(Alibaba::B) => "signed URL of type B",
            Self::Alibaba(Alibaba::C) => "signed URL of type C",
            Self::Akamai => "token of Akamai's form",
            Self::CloudFront => "policy of CloudFront's form",
        })
    }
}

/// Which schemes some key is trusted for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SchemeSet(BTreeSet<Scheme>);

impl SchemeSet {
    /// Whether a key of that scheme is trusted.
    #[must_use]
    pub fn contains(&self, scheme: Scheme) -> bool {
        self.0.contains(&scheme)
    }
}

impl FromIterator<Scheme> for SchemeSet {
    fn from_iter<I: IntoIterator<Item = Scheme>>(schemes: I) -> Self {
        Self(schemes.into_iter().collect())
    }
}
