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

#[test]
fn a_token_that_was_made_from_a_signed_url_ends_with_the_key_of_that() {
    let made = Claims { via: Some("tru_1".into()), ..claims() };
    let verified = verify(&minted(&made), NOW_S).unwrap();
    assert_eq!(verified.claims, made);
    let revoked = |id: &str| {
        let revoked = crate::Revoked::Key { id: id.to_owned() };
        let (at_ms, until_ms) = (NOW_S * 1_000, i64::MAX);
        let mut revocations = crate::Revocations::default();
        revocations.insert(&crate::Revocation { organisation: None, revoked, at_ms, until_ms });
        revocations.covers(&verified)
    };
    assert!(revoked("tru_1"));
    assert!(!revoked("tru_2"));
}
