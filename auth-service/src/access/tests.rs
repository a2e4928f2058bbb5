use std::time::Duration;

use accounts::{Role, TrustedKey, TrustedKeyId};
use serde_json::Value;

use super::*;
use crate::secrets::random;
use crate::testing::{Bench, PASSWORD, from};

/// A new key of the server's own, which signs from now on.
pub(crate) async fn make_key(service: &Service) -> TrustedKey {
    let key = TrustedKey {
        id: TrustedKeyId::new(service.now_ms(), random().unwrap()),
        organisation: None,
        name: "own".to_owned(),
        kind: TrustedKind::Jwt {
            algorithm: Algorithm::EdDSA,
            signs: true,
            kid: None,
            issuer: None,
            audience: None,
        },
        material: Ed25519KeyPair::generate().unwrap().to_pkcs8().unwrap().as_ref().to_vec(),
        created_at_ms: service.now_ms(),
        expires_at_ms: None,
        revoked_at_ms: None,
    };
    service.database.create_trusted_key(&key).await.unwrap();
    key
}

async fn signed_in(bench: &Bench, email: &str) -> crate::SignedIn {
    bench.service.sign_in(email, &Secret::new(PASSWORD), &from("192.0.2.1")).await.unwrap()
}

async fn shown(bench: &Bench, token: &str) -> Result<Actor, ServiceError> {
    let authorization = Secret::new(format!("Bearer {token}"));
    bench.service.actor(&authorization, &Caller::default()).await
}

/// A token as somebody else would write it, signed with a key.
fn written(header: &Value, claims: &Value, key: &TrustedKey) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", encode(header), encode(claims));
    let signature = pair(key).unwrap().sign(text.as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[tokio::test]
async fn a_token_says_who_somebody_is_until_it_ends() {
    let bench = Bench::new().await;
    for (organisation, name) in [(&bench.a, "ann"), (&bench.b, "ben")] {
        let user = bench.user(organisation, name, Role::Streamer).await;
        let token = signed_in(&bench, &user.email).await.access;
        let expected = crate::testing::as_actor(&user);
        assert_eq!(shown(&bench, token.reveal()).await.unwrap(), expected);
        bench.clock.advance(Duration::from_secs(599));
        assert_eq!(shown(&bench, token.reveal()).await.unwrap(), expected);
        bench.clock.advance(Duration::from_secs(1));
        assert!(shown(&bench, token.reveal()).await.is_err());
    }
}

#[tokio::test]
async fn what_ends_for_the_user_ends_for_the_token_at_once() {
    let bench = Bench::new().await;
    let service = &bench.service;
    bench.user(&bench.a, "owner", Role::Owner).await;
    let user = bench.user(&bench.a, "ann", Role::Operator).await;
    let token = signed_in(&bench, &user.email).await.access;
    let role = Some(Role::Viewer);
    let demoted = crate::UserChange { role, ..crate::UserChange::default() };
    service.update_user(&Actor::Local, &user.id, &demoted).await.unwrap();
    let actor = shown(&bench, token.reveal()).await.unwrap();
    assert!(matches!(actor, Actor::User { role: Role::Viewer, .. }), "{actor:?}");
    service.sign_out_user(&Actor::Local, &user.id).await.unwrap();
    assert!(shown(&bench, token.reveal()).await.is_err());
}

#[tokio::test]
async fn a_token_that_is_changed_anywhere_is_none() {
    let bench = Bench::new().await;
    bench.user(&bench.a, "ann", Role::Owner).await;
    let token = signed_in(&bench, "ann@a.example").await.access.reveal().to_owned();
    shown(&bench, &token).await.unwrap();
    for at in 0..token.len() {
        let mut changed = token.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert!(shown(&bench, &changed).await.is_err(), "byte {at}");
    }
    for text in ["", ".", "..", "a.b.c", &token[1..], &token[..token.len() - 1]] {
        assert!(shown(&bench, text).await.is_err(), "{text}");
    }
    assert!(shown(&bench, &format!("{token}=")).await.is_err());
    assert!(shown(&bench, &"a".repeat(100_000)).await.is_err());
}

#[tokio::test]
async fn a_token_of_our_own_key_is_none_unless_it_says_all_that_ours_say() {
    let bench = Bench::new().await;
    let key = bench.service.signing_key().await.unwrap();
    let user = bench.user(&bench.a, "ann", Role::Owner).await;
    let ben = bench.user(&bench.b, "ben", Role::Owner).await;
    let token = signed_in(&bench, &user.email).await.access.reveal().to_owned();
    let part = |at| {
        let text = token.split('.').nth(at).unwrap();
        serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
    };
    let (header, claims) = (part(0), part(1));
    shown(&bench, &written(&header, &claims, &key)).await.unwrap();
    for (name, value) in [
        ("aud", json!("weir-play")),
        ("aud", json!(["weir-api"])),
        ("sub", json!(ben.id)),
        ("ses", json!("ses_01hf7yat00zzzzzzzzzzzzzzzz")),
        ("exp", json!(bench.clock.now_ms() / 1_000)),
        ("exp", json!("never")),
        ("exp", Value::Null),
        ("streams", json!(["*"])),
    ] {
        let mut changed = claims.clone();
        changed[name] = value.clone();
        let text = written(&header, &changed, &key);
        assert!(shown(&bench, &text).await.is_err(), "{name} {value}");
    }
    for (name, value) in [
        ("alg", json!("none")),
        ("alg", json!("HS256")),
        ("alg", json!("ES256")),
        ("typ", json!("dpop+jwt")),
        ("kid", json!("../../../dev/null")),
        ("crit", json!(["x"])),
        ("jku", json!("https://attacker.example/jwks.json")),
    ] {
        let mut changed = header.clone();
        changed[name] = value.clone();
        let text = written(&changed, &claims, &key);
        assert!(shown(&bench, &text).await.is_err(), "{name} {value}");
    }
    // Another organisation's key, with the same id in its header, is not the server's.
    let theirs = TrustedKey {
        id: TrustedKeyId::new(0, random().unwrap()),
        organisation: Some(bench.b.clone()),
        ..key.clone()
    };
    bench.service.database.create_trusted_key(&theirs).await.unwrap();
    let mut changed = header.clone();
    changed["kid"] = json!(theirs.id);
    assert!(shown(&bench, &written(&changed, &claims, &theirs)).await.is_err());
}

#[tokio::test]
async fn the_newest_key_signs_and_the_one_before_verifies_until_it_ends() {
    let bench = Bench::new().await;
    bench.user(&bench.a, "ann", Role::Owner).await;
    let before = signed_in(&bench, "ann@a.example").await.access;
    let old = bench.service.signing_key().await.unwrap();
    bench.clock.advance(Duration::from_secs(1));
    let new = make_key(&bench.service).await;
    let end_ms = Some(bench.clock.now_ms() + 60_000);
    bench.service.database.end_trusted_key(&old.id, end_ms, None).await.unwrap();
    assert_eq!(bench.service.signing_key().await.unwrap().id, new.id);
    let after = signed_in(&bench, "ann@a.example").await.access;
    let jwks = bench.service.jwks().await.unwrap();
    assert!(jwks.contains(old.id.as_str()) && jwks.contains(new.id.as_str()), "{jwks}");
    shown(&bench, before.reveal()).await.unwrap();
    shown(&bench, after.reveal()).await.unwrap();
    bench.clock.advance(Duration::from_secs(60));
    assert!(shown(&bench, before.reveal()).await.is_err());
    shown(&bench, after.reveal()).await.unwrap();
    let jwks = bench.service.jwks().await.unwrap();
    assert!(!jwks.contains(old.id.as_str()), "{jwks}");
    let revoked = Some(bench.clock.now_ms());
    bench.service.database.end_trusted_key(&new.id, None, revoked).await.unwrap();
    assert!(shown(&bench, after.reveal()).await.is_err());
}
