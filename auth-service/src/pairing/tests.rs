//! Pairing devices into two organisations.

use std::time::Duration;

use accounts::Role;
use token::{Facts, Presented};

use super::*;
use crate::world::{World, outcome, stream};

const ADDRESS: &str = "198.51.100.7";

async fn begin(world: &World, kind: DeviceKind) -> DeviceAuthorization {
    let (name, model) = ("Living room".to_owned(), "TV 3000".to_owned());
    let request = PairingRequest { kind, name, model };
    world.service.begin_pairing(request, ADDRESS.parse().unwrap()).await.unwrap()
}

/// What a device is told.
async fn poll(world: &World, code: &str) -> String {
    match world.service.poll_pairing(code, ADDRESS.parse().unwrap()).await {
        Ok(Granted::Encoder { stream, .. }) => format!("a key of {stream}"),
        Ok(Granted::Player { .. }) => "tokens".to_owned(),
        Err(error) => error.to_string(),
    }
}

async fn later(world: &World, seconds: u64, code: &str) -> String {
    world.clock.advance(Duration::from_secs(seconds));
    poll(world, code).await
}

fn of_stream(name: &str) -> PairingChoice {
    PairingChoice { stream: Some(stream(name)), ..PairingChoice::default() }
}

#[tokio::test]
async fn an_encoder_waits_until_a_user_allows_it_and_gets_its_key_once() {
    let world = World::new().await;
    world.stream("live/a", Some(Role::Streamer)).await;
    let begun = begin(&world, DeviceKind::Encoder).await;
    assert_eq!((begun.expires_in_s, begun.interval_s, begun.user_code.len()), (900, 5, 9));
    let code = begun.device_code.reveal();
    assert_eq!(poll(&world, code).await, "authorization_pending");
    let streamer = world.a.actor(Role::Streamer);
    let waiting = world.service.pairing(&streamer, &begun.user_code).await.unwrap();
    assert_eq!((waiting.name.as_str(), waiting.kind), ("Living room", DeviceKind::Encoder));
    let approve = |choice| {
        let (service, actor, code) = (&world.service, &streamer, &begun.user_code);
        async move { service.approve_pairing(actor, code, choice).await }
    };
    let unsaid = approve(PairingChoice::default()).await;
    assert_eq!(outcome(unsaid), "which stream will it publish?");
    let typed = begun.user_code.to_lowercase().replace('-', " ");
    let device = world.service.approve_pairing(&streamer, &typed, of_stream("live/a")).await;
    let device = device.unwrap();
    assert_eq!(device.user, world.a.user(Role::Streamer).id);
    assert_eq!(outcome(approve(of_stream("live/a")).await), "not found");
    world.clock.advance(Duration::from_secs(5));
    let granted = world.service.poll_pairing(code, ADDRESS.parse().unwrap()).await.unwrap();
    let Granted::Encoder { key, .. } = granted else { panic!("{granted:?}") };
    let found = world.database.publish_key(key.reveal()).await.unwrap().unwrap();
    assert_eq!(found.key.device, Some(device.id.clone()));
    assert_eq!(later(&world, 5, code).await, "invalid_grant");
    let device = world.database.device(&device.id).await.unwrap().unwrap();
    assert_eq!(device.address.as_deref(), Some(ADDRESS));
}

#[tokio::test]
async fn whoever_asks_too_often_is_told_to_slow_down() {
    let world = World::new().await;
    let begun = begin(&world, DeviceKind::Player).await;
    let code = begun.device_code.reveal();
    assert_eq!(poll(&world, code).await, "authorization_pending");
    assert_eq!(later(&world, 4, code).await, "slow_down");
    // Ten seconds from now on, since the last question.
    assert_eq!(later(&world, 9, code).await, "slow_down");
    assert_eq!(later(&world, 15, code).await, "authorization_pending");
    assert_eq!(later(&world, 15, code).await, "authorization_pending");
    let viewer = world.a.actor(Role::Viewer);
    let choice = PairingChoice::default();
    world.service.approve_pairing(&viewer, &begun.user_code, choice).await.unwrap();
    assert_eq!(later(&world, 14, code).await, "slow_down");
    assert_eq!(later(&world, 20, code).await, "tokens");
}

#[tokio::test]
async fn a_code_that_is_denied_over_or_made_up_gets_nothing() {
    let world = World::new().await;
    let viewer = world.a.actor(Role::Viewer);
    let denied = begin(&world, DeviceKind::Player).await;
    world.service.deny_pairing(&viewer, &denied.user_code).await.unwrap();
    assert_eq!(poll(&world, denied.device_code.reveal()).await, "access_denied");
    let over = begin(&world, DeviceKind::Player).await;
    let allowed = begin(&world, DeviceKind::Player).await;
    world.clock.advance(Duration::from_millis(899_999));
    assert_eq!(poll(&world, over.device_code.reveal()).await, "authorization_pending");
    let approve = |code: String| {
        let (service, viewer) = (&world.service, &viewer);
        async move { service.approve_pairing(viewer, &code, PairingChoice::default()).await }
    };
    approve(allowed.user_code).await.unwrap();
    world.clock.advance(Duration::from_millis(1));
    assert_eq!(later(&world, 5, over.device_code.reveal()).await, "expired_token");
    assert_eq!(outcome(approve(over.user_code).await), "not found");
    assert_eq!(poll(&world, allowed.device_code.reveal()).await, "expired_token");
    for code in ["", "weir_dc_", "weir_dc_abcdefghijklmnopqrstuvwxyz", &"x".repeat(100_000)] {
        assert_eq!(poll(&world, code).await, "invalid_grant");
    }
}

#[tokio::test]
async fn codes_are_not_guessed() {
    let world = World::new().await;
    let begun = begin(&world, DeviceKind::Player).await;
    let (viewer, other) = (world.a.actor(Role::Viewer), world.b.actor(Role::Viewer));
    for code in ["BCDF-GHJK", "", "nonsense", "BCDF-GHJL", "BCDF-GHJM"] {
        let guessed = world.service.pairing(&viewer, code).await;
        assert_eq!(outcome(guessed), "not found", "{code}");
    }
    let wait = "too many attempts: try again in 12 s";
    let guessed = world.service.pairing(&viewer, &begun.user_code).await;
    assert_eq!(outcome(guessed), wait);
    let choice = PairingChoice::default();
    let approved = world.service.approve_pairing(&viewer, &begun.user_code, choice).await;
    assert_eq!(outcome(approved), wait);
    world.service.pairing(&other, &begun.user_code).await.unwrap();
    world.clock.advance(Duration::from_secs(12));
    world.service.pairing(&viewer, &begun.user_code).await.unwrap();
}

#[tokio::test]
async fn a_device_is_paired_into_the_organisation_of_who_allows_it() {
    let world = World::new().await;
    world.stream("live/a", Some(Role::Streamer)).await;
    world.stream("live/b", None).await;
    let begun = begin(&world, DeviceKind::Encoder).await;
    let approve = |actor: Actor, choice| {
        let (service, code) = (&world.service, &begun.user_code);
        async move { outcome(service.approve_pairing(&actor, code, choice).await) }
    };
    assert_eq!(approve(world.b.actor(Role::Streamer), of_stream("live/a")).await, "not found");
    assert_eq!(approve(world.a.actor(Role::Streamer), of_stream("live/b")).await, "not found");
    let foreign =
        PairingChoice { user: Some(world.b.user(Role::Viewer).id.clone()), ..of_stream("live/a") };
    assert_eq!(approve(world.a.actor(Role::Owner), foreign).await, "not found");
    let others =
        PairingChoice { user: Some(world.a.user(Role::Viewer).id.clone()), ..of_stream("live/a") };
    assert_eq!(approve(world.a.actor(Role::Streamer), others.clone()).await, "forbidden");
    assert_eq!(approve(Actor::Local, of_stream("live/a")).await, "whose device will it be?");
    assert_eq!(approve(world.a.actor(Role::Operator), others).await, "done");
    let page = database::Page::ALL;
    let (a, b) = (&world.a.id, &world.b.id);
    let service = &world.service;
    assert_eq!(service.devices(&Actor::Local, a, None, &page).await.unwrap().len(), 1);
    assert_eq!(service.devices(&Actor::Local, b, None, &page).await.unwrap().len(), 0);
}

#[tokio::test]
async fn a_player_watches_until_it_is_revoked() {
    let world = World::new().await;
    let begun = begin(&world, DeviceKind::Player).await;
    let viewer = world.a.actor(Role::Viewer);
    let choice = PairingChoice { name: Some("Kitchen".to_owned()), ..PairingChoice::default() };
    let device = world.service.approve_pairing(&viewer, &begun.user_code, choice).await.unwrap();
    assert_eq!(device.name, "Kitchen");
    let address: IpAddr = ADDRESS.parse().unwrap();
    let code = begun.device_code.reveal();
    let granted = world.service.poll_pairing(code, address).await.unwrap();
    let Granted::Player { access, refresh, .. } = granted else { panic!("{granted:?}") };
    let keys = world.database.trusted_keys(None).await.unwrap();
    let (keyring, _) = authz::keyring(&keys);
    let now_s = world.clock.now_ms() / 1_000;
    let facts = Facts { now_s, address: None, country: None, referer: None };
    let shown = Presented::token(access.token.reveal());
    let claims = keyring.verify(&shown, None, &facts).unwrap().claims;
    assert_eq!(claims.organisation, Some(world.a.id.to_string()));
    assert_eq!(claims.device, Some(device.id.to_string()));
    assert!(claims.is_member && access.token.reveal().len() < 250, "{claims:?}");
    let again = async |text: &str| match world.service.refresh_device(text, address).await {
        Ok(_) => "tokens".to_owned(),
        Err(error) => error.to_string(),
    };
    assert_eq!(again(refresh.reveal()).await, "tokens");
    let mut forged = refresh.reveal().to_owned();
    forged.replace_range(forged.len() - 1.., if forged.ends_with('0') { "1" } else { "0" });
    for text in ["", "weir_dt_", "weir_dt_x.y", &forged, &format!("{}0", refresh.reveal())] {
        assert_eq!(again(text).await, "invalid_grant", "{text}");
    }
    let mut user = world.user(Role::Viewer).await;
    user.status = accounts::Status::Disabled;
    let mut user = world.database.update_user(&user).await.unwrap();
    assert_eq!(again(refresh.reveal()).await, "invalid_grant");
    user.status = accounts::Status::Active;
    world.database.update_user(&user).await.unwrap();
    assert_eq!(again(refresh.reveal()).await, "tokens");
    world.service.revoke_device(&viewer, &device.id).await.unwrap();
    assert_eq!(again(refresh.reveal()).await, "invalid_grant");
}

#[tokio::test]
async fn nobody_fills_the_list_of_those_who_wait() {
    let world = World::new().await;
    for _ in 0..20 {
        begin(&world, DeviceKind::Player).await;
    }
    let request = |name: &str| PairingRequest {
        kind: DeviceKind::Player,
        name: name.to_owned(),
        model: String::new(),
    };
    let again = |from: &str, name: &str| {
        let (service, from, request) = (&world.service, from.parse().unwrap(), request(name));
        async move { outcome(service.begin_pairing(request, from).await) }
    };
    assert_eq!(again(ADDRESS, "").await, "too many attempts: try again in 3 s");
    assert_eq!(again("198.51.100.8", "").await, "done");
    let long = again("198.51.100.8", &"x".repeat(101)).await;
    assert_eq!(long, "the name has 101 characters; at most 100 fit");
}
