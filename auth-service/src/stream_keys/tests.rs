//! Stream keys of two organisations.

use accounts::Role;

use super::*;
use crate::world::{World, outcome, stream};
use crate::{NewDevice, NewStream};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

async fn create(world: &World, actor: &Actor, new: NewStreamKey) -> String {
    outcome(world.service.create_stream_key(actor, new).await)
}

#[tokio::test]
async fn keys_are_made_and_shown_by_those_who_may_change_the_stream() {
    let world = World::new().await;
    world.stream("live/a", Some(Role::Streamer)).await;
    world.stream("live/a2", None).await;
    let (key, text) = world.key("live/a").await;
    let expected = [
        (&world.a, Role::Owner, "done", "done"),
        (&world.a, Role::Operator, "done", "done"),
        (&world.a, Role::Streamer, "done", "done"),
        (&world.a, Role::Viewer, "not found", "not found"),
        (&world.a, Role::ReadOnly, "forbidden", "done"),
        (&world.b, Role::Owner, "not found", "not found"),
        (&world.b, Role::Streamer, "not found", "not found"),
    ];
    for (organised, role, changes, sees) in expected {
        let (actor, new) = (organised.actor(role), NewStreamKey::of(stream("live/a")));
        assert_eq!(create(&world, &actor, new).await, changes, "{role:?}");
        let shown = world.service.reveal_stream_key(&actor, &key.id).await;
        assert_eq!(outcome(shown), changes, "{role:?}");
        let seen = world.service.stream_keys(&actor, &stream("live/a")).await;
        assert_eq!(outcome(seen), sees, "{role:?}");
    }
    let shown = world.service.reveal_stream_key(&Actor::Local, &key.id).await.unwrap();
    assert_eq!(shown.reveal(), text.reveal());
    let streamer = world.a.actor(Role::Streamer);
    let others = create(&world, &streamer, NewStreamKey::of(stream("live/a2"))).await;
    assert_eq!(others, "not found");
}

#[tokio::test]
async fn a_key_is_of_nobody_in_another_organisation() {
    let world = World::new().await;
    world.stream("live/a", Some(Role::Streamer)).await;
    let own = world.a.user(Role::Streamer).id.clone();
    let other = world.a.user(Role::Viewer).id.clone();
    let foreign = world.b.user(Role::Streamer).id.clone();
    let of = |user: &UserId| NewStreamKey {
        user: Some(user.clone()),
        ..NewStreamKey::of(stream("live/a"))
    };
    let (streamer, operator) = (world.a.actor(Role::Streamer), world.a.actor(Role::Operator));
    assert_eq!(create(&world, &streamer, of(&own)).await, "done");
    assert_eq!(create(&world, &streamer, of(&other)).await, "forbidden");
    assert_eq!(create(&world, &operator, of(&other)).await, "done");
    assert_eq!(create(&world, &operator, of(&foreign)).await, "there is no such user");
    let register = async |user: &UserId, kind| {
        let (name, model) = ("box".to_owned(), "box".to_owned());
        let new = NewDevice { user: user.clone(), kind, name, model, stream: None };
        world.service.register_device(&Actor::Local, new).await.unwrap().device.id
    };
    let with = |device: DeviceId, user: Option<&UserId>| NewStreamKey {
        device: Some(device),
        user: user.cloned(),
        ..NewStreamKey::of(stream("live/a"))
    };
    let encoder = register(&own, DeviceKind::Encoder).await;
    assert_eq!(create(&world, &streamer, with(encoder.clone(), None)).await, "done");
    let others = create(&world, &operator, with(encoder.clone(), Some(&other))).await;
    assert_eq!(others, "the device is another user's");
    let player = register(&own, DeviceKind::Player).await;
    assert_eq!(create(&world, &operator, with(player, None)).await, "this device cannot publish");
    let foreigners = register(&foreign, DeviceKind::Encoder).await;
    assert_eq!(
        create(&world, &Actor::Local, with(foreigners, None)).await,
        "there is no such device"
    );
    world.service.revoke_device(&streamer, &encoder).await.unwrap();
    assert_eq!(create(&world, &operator, with(encoder, None)).await, "this device cannot publish");
}

#[tokio::test]
async fn a_key_is_exchanged_with_or_without_grace() {
    let world = World::new().await;
    world.stream("live/a", None).await;
    let (first, text) = world.key("live/a").await;
    let operator = world.a.actor(Role::Operator);
    let rotate = |id: KeyId, grace_ms| {
        let (service, operator) = (&world.service, &operator);
        async move { service.rotate_stream_key(operator, &id, grace_ms).await }
    };
    assert_eq!(
        outcome(rotate(first.id.clone(), 30 * DAY_MS + 1).await),
        "an exchanged key can stay good for 30 days at most"
    );
    world.heard().await;
    let (second, _) = rotate(first.id.clone(), DAY_MS).await.unwrap();
    assert_eq!(world.heard().await, Vec::<String>::new());
    let kept = world.database.publish_key(text.reveal()).await.unwrap().unwrap().key;
    assert_eq!(kept.expires_at_ms, Some(world.clock.now_ms() + DAY_MS));
    assert_eq!(kept.revoked_at_ms, None);
    rotate(second.id.clone(), 0).await.unwrap();
    assert_eq!(world.heard().await, [format!("revoked Key {{ id: \"{}\" }}", second.id)]);
    assert_eq!(outcome(rotate(second.id.clone(), 0).await), "this key was revoked");
    let revocations = world.database.revocations(world.clock.now_ms()).await.unwrap();
    assert_eq!(revocations.len(), 1);
    assert_eq!(revocations[0].organisation, Some(world.a.id.to_string()));
    world.clock.advance(std::time::Duration::from_secs(86_400));
    let ended = rotate(first.id.clone(), 0).await;
    assert_eq!(outcome(ended), "this key has ended: make a new one");
}

#[tokio::test]
async fn a_key_is_revoked_by_nobody_of_another_organisation() {
    let world = World::new().await;
    world.stream("live/a", None).await;
    let (key, _) = world.key("live/a").await;
    world.heard().await;
    for role in Role::ALL {
        let revoked = world.service.revoke_stream_key(&world.b.actor(role), &key.id).await;
        assert_eq!(outcome(revoked), "not found", "{role:?}");
        let rotated = world.service.rotate_stream_key(&world.b.actor(role), &key.id, 0).await;
        assert_eq!(outcome(rotated), "not found", "{role:?}");
    }
    assert_eq!(world.heard().await, Vec::<String>::new());
    world.service.revoke_stream_key(&world.a.actor(Role::Owner), &key.id).await.unwrap();
    let told = format!("revoked Key {{ id: \"{}\" }}", key.id);
    assert_eq!(world.heard().await, [told]);
    let shown = world.service.reveal_stream_key(&Actor::Local, &key.id).await;
    assert_eq!(outcome(shown), "this key was revoked");
}

#[tokio::test]
async fn a_stream_has_no_more_keys_than_the_limit_says() {
    let world = World::new().await;
    world.stream("live/a", None).await;
    let mut keys = Vec::new();
    for _ in 0..KEYS_MAX {
        keys.push(world.key("live/a").await.0.id);
    }
    let full = "the stream has 100 keys, which is all that it may have: revoke some";
    let new = NewStreamKey::of(stream("live/a"));
    assert_eq!(create(&world, &Actor::Local, new.clone()).await, full);
    world.service.revoke_stream_key(&Actor::Local, &keys[0]).await.unwrap();
    assert_eq!(create(&world, &Actor::Local, new.clone()).await, "done");
    let past = NewStreamKey { expires_at_ms: Some(world.clock.now_ms()), ..new.clone() };
    assert_eq!(create(&world, &Actor::Local, past).await, "the key would have ended already");
    let addresses = vec!["192.0.2.0/24".parse().unwrap(); 65];
    let many = create(&world, &Actor::Local, NewStreamKey { addresses, ..new }).await;
    assert_eq!(many, "a key can be bound to 64 addresses and subnets at most");
    let other = NewStream::named(stream("live/b"), world.b.id.clone());
    world.service.create_stream(&Actor::Local, other).await.unwrap();
    assert_eq!(create(&world, &Actor::Local, NewStreamKey::of(stream("live/b"))).await, "done");
}
