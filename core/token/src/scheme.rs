//! The schemes that there are.

use serde::{Deserialize, Serialize};

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
