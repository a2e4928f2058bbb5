//! Keys that tokens and signed URLs of viewers and publishers are verified with.

use serde::{Deserialize, Serialize};
use token::Algorithm;

use crate::{OrganisationId, TrustedKeyId};

/// A key that an organisation trusts, for its own streams and no others.
#[derive(Clone, PartialEq, Eq)]
pub struct TrustedKey {
    /// The id, which is its `kid` unless `kind` has one.
    pub id: TrustedKeyId,
    /// Whose streams it opens; `None` is this server's own, for all.
    pub organisation: Option<OrganisationId>,
    /// What people call it.
    pub name: String,
    /// What it verifies.
    pub kind: TrustedKind,
    /// The secret, or the private key in PKCS #8, or the public key in PEM: sealed in the database.
    pub material: Vec<u8>,
    /// Since when, in milliseconds since the Unix epoch.
    pub created_at_ms: i64,
    /// When it verifies nothing any more, in milliseconds since the Unix epoch.
    pub expires_at_ms: Option<i64>,
    /// When it was revoked, in milliseconds since the Unix epoch.
    pub revoked_at_ms: Option<i64>,
}

/// What a trusted key verifies, and how.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum TrustedKind {
    /// JSON web tokens by one algorithm. The key decides it, never a token's header.
    Jwt {
        /// The algorithm.
        algorithm: Algorithm,
        /// Whether the material is a private key of ours, to sign with as well.
        signs: bool,
        /// The `kid` that tokens name, where it is not the id.
        kid: Option<String>,
        /// What `iss` must be.
        issuer: Option<String>,
        /// What `aud` must be or have.
        audience: Option<String>,
    },
    /// JSON web tokens by keys that somebody publishes at a URL.
    Jwks {
        /// Where.
        url: String,
        /// What `iss` must be.
        issuer: Option<String>,
        /// What `aud` must be or have.
        audience: Option<String>,
    },
    /// Our own path tokens.
    Path,
    /// Alibaba's URL signatures.
    Alibaba {
        /// Which type: `A`, `B` or `C`; type A signs push URLs as well.
        variant: token::Alibaba,
        /// Which of the two keys.
        slot: Slot,
        /// How long after its time stamp a URL is good, in seconds.
        validity_s: u32,
    },
    /// Akamai's tokens.
    Akamai,
    /// CloudFront's custom policies.
    CloudFront {
        /// The `Key-Pair-Id` that URLs name.
        key_pair: String,
    },
}

/// Which of two keys that are good at the same time, so that they can be exchanged.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Slot {
    /// The one to sign with.
    Primary,
    /// The one before or after it.
    Secondary,
}

impl std::fmt::Debug for TrustedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { id, kind, .. } = self;
        write!(f, "TrustedKey({id} {kind:?} ***)")
    }
}
