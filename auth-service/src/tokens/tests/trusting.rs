//! Keys of others that are trusted.

use accounts::{Slot, TrustedKind};
use token::{Algorithm, Alibaba};

use super::*;
use crate::NewTrustedKey;

const SECRET: &str = "a secret of thirty-two characters or more";

fn new(world: &World, kind: TrustedKind, material: &str) -> NewTrustedKey {
    NewTrustedKey {
        organisation: world.a.id.clone(),
        name: "partner".to_owned(),
        kind,
        material: Secret::new(material),
        expires_at_ms: None,
    }
}

fn jwt(algorithm: Algorithm, signs: bool) -> TrustedKind {
    TrustedKind::Jwt { algorithm, signs, kid: None, issuer: None, audience: None }
}

fn jwks(url: &str) -> TrustedKind {
    TrustedKind::Jwks { url: url.to_owned(), issuer: None, audience: None }
}

#[tokio::test]
async fn a_key_that_could_verify_nothing_is_not_trusted() {
    let world = World::new().await;
    let owner = world.a.actor(Role::Owner);
    let check = async |kind: TrustedKind, material: &str, expected: &str| {
        let trusted = world.service.trust_key(&owner, new(&world, kind.clone(), material)).await;
        assert_eq!(outcome(trusted), expected, "{kind:?}");
    };
    check(jwt(Algorithm::HS256, false), SECRET, "done").await;
    check(jwt(Algorithm::HS256, true), SECRET, "only the server's own keys sign").await;
    let short = "a secret of 5 bytes is too short: 32 are needed";
    check(jwt(Algorithm::HS256, false), "short", short).await;
    let form = "this is no key of that kind: secrets are text, other keys PEM";
    check(jwt(Algorithm::EdDSA, false), SECRET, form).await;
    let alibaba =
        |validity_s| TrustedKind::Alibaba { variant: Alibaba::A, slot: Slot::Primary, validity_s };
    check(alibaba(1_800), "aliyuncdnexp1234", "done").await;
    let year = "a URL can be good for 31622400 seconds at most";
    check(alibaba(u32::MAX), "aliyuncdnexp1234", year).await;
    let https = "keys are fetched from a URL that begins with https://";
    check(jwks("https://id.example.org/jwks"), "", "done").await;
    check(jwks("http://id.example.org/jwks"), "", https).await;
    check(jwks("http://127.0.0.1:8080/jwks"), "", https).await;
    let local = new(&world, jwks("http://127.0.0.1:8080/jwks"), "");
    assert_eq!(outcome(world.service.trust_key(&Actor::Local, local).await), "done");
}

#[tokio::test]
async fn keys_are_trusted_and_seen_in_their_organisation_and_never_shown() {
    let world = World::new().await;
    let key = || new(&world, jwt(Algorithm::HS256, false), SECRET);
    for role in Role::ALL {
        let trusted = world.service.trust_key(&world.b.actor(role), key()).await;
        assert_eq!(outcome(trusted), "not found", "{role:?}");
    }
    for role in [Role::Streamer, Role::Viewer, Role::ReadOnly] {
        let trusted = world.service.trust_key(&world.a.actor(role), key()).await;
        assert_eq!(outcome(trusted), "forbidden", "{role:?}");
    }
    let made = world.service.trust_key(&world.a.actor(Role::Operator), key()).await.unwrap();
    assert!(!format!("{made:?}").contains("secret"));
    let list = |actor: Actor, id: OrganisationId| {
        let service = &world.service;
        async move { service.trusted_keys(&actor, &id).await }
    };
    let seen = list(world.a.actor(Role::ReadOnly), world.a.id.clone()).await.unwrap();
    assert_eq!(seen.len(), 1);
    assert!(seen.iter().all(|key| key.material.is_empty()));
    assert!(list(world.b.actor(Role::Owner), world.b.id.clone()).await.unwrap().is_empty());
    let foreign = list(world.b.actor(Role::Owner), world.a.id.clone()).await;
    assert_eq!(outcome(foreign), "not found");
    // The server's own keys are nobody's to revoke so.
    let own = world.database.trusted_keys(None).await.unwrap();
    let own = own.iter().find(|key| key.organisation.is_none()).unwrap();
    let owner = world.a.actor(Role::Owner);
    let revoked = world.service.revoke_trusted_key(&owner, &world.a.id, &own.id).await;
    assert_eq!(outcome(revoked), "not found");
}
