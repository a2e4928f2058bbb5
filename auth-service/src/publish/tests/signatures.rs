//! Addresses to push to that were signed.

use accounts::{Slot, TrustedKind};
use runtime::Secret;
use token::auth_key;

use super::*;
use crate::NewTrustedKey;
use crate::world::{Organised, outcome};

const FIRST: &str = "an-organisations-first-secret";
const SECOND: &str = "an-organisations-second-secret";
const BAD: &str = "the push address is not good: the token's signature does not fit what it says";

async fn trust(live: &Live, organised: &Organised, secret: &str, slot: Slot) -> String {
    let new = NewTrustedKey {
        organisation: organised.id.clone(),
        name: "push".to_owned(),
        kind: TrustedKind::Alibaba { variant: token::Alibaba::A, slot, validity_s: 1_800 },
        material: Secret::new(secret),
        expires_at_ms: None,
    };
    live.world.service.trust_key(&Actor::Local, new).await.unwrap().id.to_string()
}

fn signed(live: &Live, name: &str, path: &str, secret: &str) -> String {
    let secret = token::Secret::new(secret.as_bytes());
    let now_s = live.world.clock.now_ms() / 1_000;
    format!("{name}?auth_key={}", auth_key(path, &secret, now_s, "0", "0"))
}

#[tokio::test]
async fn a_signed_address_publishes_what_was_signed_as_long_as_it_is_good() {
    let live = Live::new().await;
    live.world.stream("live/a", Some(Role::Streamer)).await;
    live.world.stream("live/a2", None).await;
    let id = trust(&live, &live.world.a, FIRST, Slot::Primary).await;
    trust(&live, &live.world.a, SECOND, Slot::Secondary).await;
    let good = signed(&live, "a", "/live/a", FIRST);
    live.check(&good, "live/a").await;
    live.check(&signed(&live, "a", "/live/a", SECOND), "live/a").await;
    live.check(&good.replace("a?", "a2?"), BAD).await;
    live.check(&signed(&live, "a", "/live/a2", FIRST), BAD).await;
    let grant = live.decide("live", &good, "192.0.2.7").await.unwrap();
    let subject = Subject {
        organisation: Some(live.world.a.id.clone()),
        user: Some(live.world.a.user(Role::Streamer).id.clone()),
        device: None,
        key: Some(id),
    };
    assert_eq!((grant.subject, grant.streams_max), (subject, Some(3)));
    live.world.clock.advance(Duration::from_secs(1_800));
    live.check(&good, "live/a").await;
    live.world.clock.advance(Duration::from_secs(1));
    live.check(&good, "the push address is not good: the token ended 0 s ago").await;
}

#[tokio::test]
async fn a_key_signs_for_its_organisation_alone() {
    let live = Live::new().await;
    live.world.stream("live/a", None).await;
    live.world.stream("live/b", None).await;
    trust(&live, &live.world.a, FIRST, Slot::Primary).await;
    trust(&live, &live.world.b, SECOND, Slot::Primary).await;
    live.check(&signed(&live, "a", "/live/a", FIRST), "live/a").await;
    live.check(&signed(&live, "b", "/live/b", SECOND), "live/b").await;
    live.check(&signed(&live, "b", "/live/b", FIRST), BAD).await;
    live.check(&signed(&live, "a", "/live/a", SECOND), BAD).await;
    // A stream that is not there looks like one whose key is not known.
    live.check(&signed(&live, "nowhere", "/live/nowhere", FIRST), BAD).await;
    live.check("a?auth_key=", BAD).await;
    live.check("a?auth_key=1-2-3", BAD).await;
}

#[tokio::test]
async fn a_revoked_key_signs_nothing() {
    let live = Live::new().await;
    live.world.stream("live/a", None).await;
    let id = trust(&live, &live.world.a, FIRST, Slot::Primary).await;
    let good = signed(&live, "a", "/live/a", FIRST);
    live.check(&good, "live/a").await;
    let id = id.parse().unwrap();
    let (service, a, b) = (&live.world.service, &live.world.a, &live.world.b);
    let revoked = service.revoke_trusted_key(&b.actor(Role::Owner), &b.id, &id).await;
    assert_eq!(outcome(revoked), "not found");
    live.check(&good, "live/a").await;
    service.revoke_trusted_key(&a.actor(Role::Owner), &a.id, &id).await.unwrap();
    live.check(&good, BAD).await;
}
