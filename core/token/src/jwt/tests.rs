use super::*;
use crate::{Claims, Facts, KeyKind, Keyring, Pattern, Presented};

const SECRET: &[u8] = b"a secret of more than 32 bytes, for tests";
const NOW_S: i64 = 1_790_000_000;

#[test]
fn what_is_signed_verifies_and_reads_back() {
    let claims = Claims {
        organisation: Some("org".into()),
        streams: vec![Pattern::parse("live/*").unwrap()],
        expires_at_s: NOW_S + 60,
        ..Claims::default()
    };
    let token = JwtSigner::new(Algorithm::HS256, "k", SECRET).unwrap().sign(&claims).unwrap();
    let kind = KeyKind::jwt(Algorithm::HS256, SECRET, None, None).unwrap();
    let key = Key { id: "k".into(), kid: None, organisation: None, kind, not_after_s: None };
    let facts = Facts { now_s: NOW_S, address: None, country: None, referer: None };
    let verified = Keyring::new([key]).verify(&Presented::token(&token), None, &facts).unwrap();
    assert_eq!(verified.claims, claims);
    assert_eq!(verified.admits("live/main", "/live/main/index.m3u8", &facts), Ok(()));
}
