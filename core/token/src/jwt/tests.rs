use std::sync::LazyLock;

use super::*;
use crate::vectors::*;
use crate::{Claims, Facts, KeyKind, Keyring, Pattern, Presented};

mod attacks;
mod known;
mod oracle;

pub(super) const NOW_S: i64 = 1_790_000_000;
pub(super) const AUDIENCE: &str = "weir";
pub(super) const ISSUER: &str = "https://issuer.example";

pub(super) fn facts(now_s: i64) -> Facts<'static> {
    let address = Some("203.0.113.7".parse().unwrap());
    Facts { now_s, address, country: Some("DE"), referer: Some("https://www.example.org/") }
}

/// A key of organisation `one`.
pub(super) fn key(kid: &str, algorithm: Algorithm, material: &str) -> Key {
    let (issuer, audience) = (Some(ISSUER.to_owned()), Some(AUDIENCE.to_owned()));
    Key {
        id: format!("id of {kid}").into(),
        kid: Some(kid.into()),
        organisation: Some("one".into()),
        kind: KeyKind::jwt(algorithm, material.as_bytes(), issuer, audience).unwrap(),
        not_after_s: None,
    }
}

/// The public keys of all algorithms.
pub(super) fn keys() -> [Key; 5] {
    [
        key("k-EdDSA", Algorithm::EdDSA, EDDSA_PUBLIC),
        key("k-ES256", Algorithm::ES256, ES256_PUBLIC),
        key("k-ES384", Algorithm::ES384, ES384_PUBLIC),
        key("k-RS256", Algorithm::RS256, RS256_PUBLIC),
        key("k-HS256", Algorithm::HS256, HS256_SECRET),
    ]
}

pub(super) const TOKENS: [(Algorithm, &str); 5] = [
    (Algorithm::EdDSA, EDDSA_TOKEN),
    (Algorithm::ES256, ES256_TOKEN),
    (Algorithm::ES384, ES384_TOKEN),
    (Algorithm::RS256, RS256_TOKEN),
    (Algorithm::HS256, HS256_TOKEN),
];

pub(super) fn verify(token: &str, now_s: i64) -> Result<Verified, Refusal> {
    static KEYRING: LazyLock<Keyring> = LazyLock::new(|| Keyring::new(keys()));
    KEYRING.verify(&Presented::token(token), Some("one"), &facts(now_s))
}

/// A token with this header and these claims, signed with the secret of HS256.
pub(super) fn signed(header: &str, claims: &str) -> String {
    let unsigned =
        [base64url::encode(header.as_bytes()), base64url::encode(claims.as_bytes())].join(".");
    let mac = crate::Mac::for_jwt(HS256_SECRET.as_bytes()).unwrap();
    joined(&unsigned, &mac.sign(unsigned.as_bytes()))
}
