use super::*;
use crate::{Facts, Keyring, Pattern, Presented};

const SECRET: &[u8] = b"a secret of more than 32 bytes, for tests";
const NOW_S: i64 = 1_790_000_000;

fn claims() -> Claims {
    Claims {
        organisation: Some("org_0123456789abcdefghjkmnpqrs".into()),
        viewer: Some("viewer-1".into()),
        id: Some("tok_0123456789abcdefghjkmnpqrs".into()),
        streams: vec![Pattern::parse("live/main").unwrap()],
        issued_at_s: Some(NOW_S),
        expires_at_s: NOW_S + 3_600,
        ..Claims::default()
    }
}

fn keyring() -> Keyring {
    let kind = KeyKind::path(SECRET).unwrap();
    let id = "key_0123456789abcdefghjkmnpqrs".into();
    Keyring::new([Key { id, kid: None, organisation: None, kind, not_after_s: None }])
}

fn verify(token: &str, now_s: i64) -> Result<Verified, Refusal> {
    let facts = Facts { now_s, address: None, country: None, referer: None };
    keyring().verify(&Presented::token(token), None, &facts)
}

fn minted(claims: &Claims) -> String {
    PathSigner::new("key_0123456789abcdefghjkmnpqrs", SECRET).unwrap().mint(claims).unwrap()
}

#[test]
fn a_usual_token_is_short_and_reads_back() {
    let token = minted(&claims());
    assert!(token.len() < 250, "{} bytes: {token}", token.len());
    let verified = verify(&token, NOW_S).unwrap();
    assert_eq!(verified.claims, claims());
    assert_eq!(&*verified.organisation, "org_0123456789abcdefghjkmnpqrs");
}
