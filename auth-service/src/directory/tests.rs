//! What is read of two organisations.

use std::time::Duration;

use accounts::{Access, Slot, StreamPolicy, TrustedKind};
use runtime::Secret;
use token::Alibaba;

use super::*;
use crate::world::{World, options, stream};
use crate::{Actor, NewStream, NewTemplate, NewTrustedKey, RevokedTokens};

#[tokio::test]
async fn a_stream_is_read_with_its_organisation_policy_and_options() {
    let world = World::new().await;
    let directory = StoredDirectory::new(Arc::clone(&world.database), world.clock.clone());
    assert_eq!(directory.access(&stream("live/a")).await.unwrap(), None);
    assert_eq!(directory.options(&stream("live/a")).await.unwrap(), None);
    let policy = StreamPolicy { access: Access::Private, ..StreamPolicy::default() };
    let template = NewTemplate {
        organisation: world.a.id.clone(),
        name: "long".to_owned(),
        options: options(r#"{"window": 10, "dvr": 50}"#),
        policy: policy.clone(),
    };
    world.service.create_template(&Actor::Local, template).await.unwrap();
    let new = NewStream {
        template: Some("long".to_owned()),
        options: options(r#"{"window": 20}"#),
        ..NewStream::named(stream("live/a"), world.a.id.clone())
    };
    world.service.create_stream(&Actor::Local, new).await.unwrap();
    world.stream("live/b", None).await;
    let access = directory.access(&stream("live/a")).await.unwrap().unwrap();
    assert_eq!((access.organisation, access.policy), (world.a.id.clone(), policy));
    let access = directory.access(&stream("live/b")).await.unwrap().unwrap();
    assert_eq!((access.organisation, access.policy), (world.b.id.clone(), StreamPolicy::default()));
    let read = directory.options(&stream("live/a")).await.unwrap().unwrap();
    assert_eq!(read, options(r#"{"window": 20, "dvr": 50}"#));
    assert_eq!(directory.options(&stream("live/b")).await.unwrap(), Some(Map::new()));
}

#[tokio::test]
async fn keys_and_revocations_are_read_while_something_is_left_of_them() {
    let world = World::new().await;
    let directory = StoredDirectory::new(Arc::clone(&world.database), world.clock.clone());
    let key = |organisation: &accounts::OrganisationId, expires_at_ms| NewTrustedKey {
        organisation: organisation.clone(),
        name: "urls".to_owned(),
        kind: TrustedKind::Alibaba { variant: Alibaba::B, slot: Slot::Primary, validity_s: 60 },
        material: Secret::new("sixteen-characters"),
        expires_at_ms,
    };
    let ends_ms = Some(world.clock.now_ms() + 60_000);
    let trust = |new| world.service.trust_key(&Actor::Local, new);
    trust(key(&world.a.id, ends_ms)).await.unwrap();
    let revoked = trust(key(&world.a.id, None)).await.unwrap();
    let kept = trust(key(&world.b.id, None)).await.unwrap();
    // Two are the server's own.
    assert_eq!(directory.trusted_keys().await.unwrap().len(), 5);
    world.service.revoke_trusted_key(&Actor::Local, &world.a.id, &revoked.id).await.unwrap();
    assert_eq!(directory.trusted_keys().await.unwrap().len(), 4);
    world.clock.advance(Duration::from_secs(60));
    let keys = directory.trusted_keys().await.unwrap();
    let organisations: Vec<_> = keys.iter().filter_map(|key| key.organisation.clone()).collect();
    assert_eq!((keys.len(), organisations), (3, vec![world.b.id.clone()]));
    assert!(keys.iter().any(|key| key.id == kept.id && key.material == b"sixteen-characters"));
    assert_eq!(directory.revocations().await.unwrap().len(), 1);
    let token = RevokedTokens::Token("a".to_owned());
    world.service.revoke_tokens(&Actor::Local, None, token).await.unwrap();
    assert_eq!(directory.revocations().await.unwrap().len(), 2);
    world.clock.advance(Duration::from_secs(31 * 86_400));
    assert_eq!(directory.revocations().await.unwrap().len(), 1);
}
