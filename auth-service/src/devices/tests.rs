//! Devices of two organisations.

use accounts::Role;

use super::*;
use crate::world::{Organised, World, outcome, stream};

fn new(organised: &Organised, role: Role, kind: DeviceKind) -> NewDevice {
    NewDevice {
        user: organised.user(role).id.clone(),
        kind,
        name: "Living room".to_owned(),
        model: "TV 3000".to_owned(),
        stream: None,
    }
}

#[tokio::test]
async fn devices_are_registered_for_oneself_or_by_those_who_run_them() {
    let world = World::new().await;
    let player = |role| new(&world.a, role, DeviceKind::Player);
    let register = |actor: Actor, new| {
        let service = &world.service;
        async move { outcome(service.register_device(&actor, new).await) }
    };
    for role in [Role::Owner, Role::Operator, Role::Streamer, Role::Viewer] {
        assert_eq!(register(world.a.actor(role), player(role)).await, "done", "{role:?}");
    }
    let own = register(world.a.actor(Role::ReadOnly), player(Role::ReadOnly)).await;
    assert_eq!(own, "forbidden");
    assert_eq!(register(world.a.actor(Role::Viewer), player(Role::Streamer)).await, "forbidden");
    assert_eq!(register(world.a.actor(Role::Operator), player(Role::Viewer)).await, "done");
    for role in Role::ALL {
        let foreign = register(world.b.actor(role), player(Role::Viewer)).await;
        assert_eq!(foreign, "not found", "{role:?}");
    }
    let listed = |actor: Actor, user: Option<Role>| {
        let (service, a) = (&world.service, &world.a);
        async move {
            let user = user.map(|role| &a.user(role).id);
            let devices = service.devices(&actor, &a.id, user, &Page::ALL).await;
            devices.map_or_else(|error| outcome::<()>(Err(error)), |them| them.len().to_string())
        }
    };
    assert_eq!(listed(world.a.actor(Role::Owner), None).await, "5");
    assert_eq!(listed(world.a.actor(Role::ReadOnly), Some(Role::Viewer)).await, "2");
    assert_eq!(listed(world.a.actor(Role::Viewer), None).await, "2");
    assert_eq!(listed(world.a.actor(Role::Streamer), Some(Role::Viewer)).await, "forbidden");
    assert_eq!(listed(world.b.actor(Role::Owner), None).await, "not found");
}

#[tokio::test]
async fn an_encoder_gets_a_key_of_its_own_for_a_stream_that_one_may_change() {
    let world = World::new().await;
    world.stream("live/a", Some(Role::Streamer)).await;
    world.stream("live/b", None).await;
    let encoder = |name: &str| NewDevice {
        stream: Some(stream(name)),
        ..new(&world.a, Role::Streamer, DeviceKind::Encoder)
    };
    let streamer = world.a.actor(Role::Streamer);
    let registered = world.service.register_device(&streamer, encoder("live/a")).await.unwrap();
    let (key, text) = registered.key.unwrap();
    assert_eq!(key.device, Some(registered.device.id.clone()));
    assert_eq!(key.user, Some(world.a.user(Role::Streamer).id.clone()));
    assert!(world.database.publish_key(text.reveal()).await.unwrap().is_some());
    let foreign = world.service.register_device(&streamer, encoder("live/b")).await;
    assert_eq!(outcome(foreign), "not found");
    let player = NewDevice { kind: DeviceKind::Player, ..encoder("live/a") };
    let player = world.service.register_device(&streamer, player).await;
    assert_eq!(outcome(player), "a player gets no stream key");
    let page = Page::ALL;
    let devices = world.service.devices(&streamer, &world.a.id, None, &page).await.unwrap();
    assert_eq!(devices.len(), 1);
}

#[tokio::test]
async fn a_device_that_is_revoked_loses_its_keys_at_once_and_for_ever() {
    let world = World::new().await;
    world.stream("live/a", Some(Role::Streamer)).await;
    let encoder = NewDevice {
        stream: Some(stream("live/a")),
        ..new(&world.a, Role::Streamer, DeviceKind::Encoder)
    };
    let streamer = world.a.actor(Role::Streamer);
    let registered = world.service.register_device(&streamer, encoder).await.unwrap();
    let id = registered.device.id;
    world.heard().await;
    for role in Role::ALL {
        let revoked = world.service.revoke_device(&world.b.actor(role), &id).await;
        assert_eq!(outcome(revoked), "not found", "{role:?}");
        let renamed = world.service.rename_device(&world.b.actor(role), &id, "mine").await;
        assert_eq!(outcome(renamed), "not found", "{role:?}");
    }
    let viewer = world.service.revoke_device(&world.a.actor(Role::Viewer), &id).await;
    assert_eq!(outcome(viewer), "not found");
    let renamed = world.service.rename_device(&streamer, &id, "Roof").await.unwrap();
    assert_eq!(renamed.name, "Roof");
    assert_eq!(world.heard().await, Vec::<String>::new());
    world.service.revoke_device(&streamer, &id).await.unwrap();
    let told = format!("revoked Device {{ id: \"{id}\" }}");
    assert_eq!(world.heard().await, std::slice::from_ref(&told));
    let (_, text) = registered.key.unwrap();
    let key = world.database.publish_key(text.reveal()).await.unwrap().unwrap().key;
    assert!(key.revoked_at_ms.is_some());
    // Somebody may not have heard: to revoke it again tells it again.
    world.service.revoke_device(&world.a.actor(Role::Operator), &id).await.unwrap();
    assert_eq!(world.heard().await, [told]);
}

#[tokio::test]
async fn a_user_has_no_more_devices_than_the_limit_says() {
    let world = World::new().await;
    let mut user = world.user(Role::Viewer).await;
    user.devices_max = Some(2);
    world.database.update_user(&user).await.unwrap();
    let viewer = world.a.actor(Role::Viewer);
    let register =
        || world.service.register_device(&viewer, new(&world.a, Role::Viewer, DeviceKind::Player));
    let first = register().await.unwrap();
    register().await.unwrap();
    assert_eq!(
        outcome(register().await),
        "there are 2 devices already, which is all that are allowed"
    );
    world.service.revoke_device(&viewer, &first.device.id).await.unwrap();
    register().await.unwrap();
    // The server's own limit is for those who have none.
    let streamer = world.a.actor(Role::Streamer);
    for _ in 0..world.service.settings().devices_max {
        let new = new(&world.a, Role::Streamer, DeviceKind::Player);
        world.service.register_device(&streamer, new).await.unwrap();
    }
    let new = new(&world.a, Role::Streamer, DeviceKind::Player);
    let full = world.service.register_device(&streamer, new).await;
    assert_eq!(outcome(full), "there are 20 devices already, which is all that are allowed");
}
