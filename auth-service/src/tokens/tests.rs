//! Play tokens for the streams of two organisations.

mod trusting;

use std::time::Duration;

use accounts::{Access, Role, StreamPolicy};
use token::{Facts, Presented, Refusal, Verified};

use super::*;
use crate::world::{World, outcome, stream};
use crate::{NewStream, StreamChange};

/// What an edge makes of a token.
async fn verified(world: &World, token: &Secret) -> Result<Verified, Refusal> {
    let mut keys = world.database.trusted_keys(None).await.unwrap();
    let now_ms = world.clock.now_ms();
    keys.retain(|key| crate::directory::is_good(key, now_ms));
    let (keyring, _) = authz::keyring(&keys);
    let facts = Facts { now_s: now_ms / 1_000, address: None, country: None, referer: None };
    keyring.verify(&Presented::token(token.reveal()), None, &facts)
}

fn patterns(texts: &[&str]) -> Vec<Pattern> {
    texts.iter().map(|text| Pattern::parse(text).unwrap()).collect()
}

#[tokio::test]
async fn tokens_are_signed_for_ones_own_organisations_streams() {
    let world = World::new().await;
    world.stream("live/a", Some(Role::Streamer)).await;
    world.stream("live/a2", None).await;
    world.stream("live/b", None).await;
    let sign = |actor: Actor, streams: &[&str]| {
        let new = NewPlayToken::of(world.a.id.clone(), patterns(streams));
        let service = &world.service;
        async move { outcome(service.sign_play_token(&actor, new).await) }
    };
    let (owner, streamer) = (world.a.actor(Role::Owner), world.a.actor(Role::Streamer));
    assert_eq!(sign(owner.clone(), &["live/a"]).await, "done");
    assert_eq!(sign(owner.clone(), &["*", "live/a-*"]).await, "done");
    assert_eq!(sign(owner.clone(), &["live/b"]).await, "there is no stream live/b here");
    assert_eq!(sign(owner.clone(), &["live/no"]).await, "there is no stream live/no here");
    let count = "a token opens 1 to 16 streams or patterns";
    assert_eq!(sign(owner.clone(), &[]).await, count);
    assert_eq!(sign(owner, &["live/*"; 17]).await, count);
    assert_eq!(sign(streamer.clone(), &["live/a"]).await, "done");
    assert_eq!(sign(streamer.clone(), &["live/a2"]).await, "not found");
    assert_eq!(sign(streamer.clone(), &["live/a", "live/*"]).await, "forbidden");
    assert_eq!(sign(streamer, &["*"]).await, "forbidden");
    for role in [Role::Viewer, Role::ReadOnly] {
        assert_ne!(sign(world.a.actor(role), &["live/a"]).await, "done", "{role:?}");
    }
    for role in Role::ALL {
        for streams in [&["*"][..], &["live/a"], &["live/b"], &[]] {
            let foreign = sign(world.b.actor(role), streams).await;
            assert_ne!(foreign, "done", "{role:?} {streams:?}");
        }
    }
}

#[tokio::test]
async fn a_token_says_what_was_wanted_in_either_form() {
    let world = World::new().await;
    world.stream("live/a", Some(Role::Streamer)).await;
    for form in [TokenForm::Jwt, TokenForm::Path] {
        let new = NewPlayToken {
            form,
            viewer: Some("ann".to_owned()),
            version: 3,
            lifetime_s: Some(60),
            sessions_max: Some(2),
            height_max: Some(720),
            bitrate_max: Some(3_000_000),
            ..NewPlayToken::of(world.a.id.clone(), patterns(&["live/a"]))
        };
        let signed = world.service.sign_play_token(&Actor::Local, new).await.unwrap();
        assert_eq!(signed.expires_in_s, 60, "{form:?}");
        let token = verified(&world, &signed.token).await.unwrap();
        let claims = &token.claims;
        assert_eq!(claims.id, Some(signed.id), "{form:?}");
        assert_eq!((claims.viewer.as_deref(), claims.version), (Some("ann"), 3), "{form:?}");
        assert_eq!((claims.sessions_max, claims.height_max), (Some(2), Some(720)), "{form:?}");
        assert_eq!((claims.bitrate_max, claims.is_member), (Some(3_000_000), false), "{form:?}");
        assert_eq!(&*token.organisation, world.a.id.as_str(), "{form:?}");
    }
}

#[tokio::test]
async fn a_token_that_could_never_be_used_is_not_signed() {
    let world = World::new().await;
    let check = async |change: &dyn Fn(&mut NewPlayToken), expected: &str| {
        let mut new = NewPlayToken::of(world.a.id.clone(), patterns(&["*"]));
        change(&mut new);
        let signed = world.service.sign_play_token(&Actor::Local, new).await;
        assert_eq!(outcome(signed), expected);
    };
    let lifetime = "a token is good for 1 to 31622400 seconds";
    check(&|new| new.lifetime_s = Some(0), lifetime).await;
    check(&|new| new.lifetime_s = Some(i64::MAX), lifetime).await;
    check(&|new| new.lifetime_s = Some(LIFETIME_S_MAX), "done").await;
    let late = "the token would be good in more than a year only";
    check(&|new| new.not_before_s = Some(i64::MAX), late).await;
    let long = "the viewer has 257 characters; at most 256 fit";
    check(&|new| new.viewer = Some("x".repeat(257)), long).await;
    let host = || "x".repeat(253);
    let rules = "a token's rule has 32 entries at most";
    check(&|new| new.rules.referers = vec![host(); 33], rules).await;
    let mut new = NewPlayToken::of(world.a.id.clone(), patterns(&["*"]));
    new.rules.referers = vec![host(); 32];
    let signed = world.service.sign_play_token(&Actor::Local, new).await.map(|signed| signed.id);
    assert!(outcome(signed).contains("at most 4096 fit"));
}

#[tokio::test]
async fn who_belongs_to_an_organisation_gets_a_token_of_a_member() {
    let world = World::new().await;
    for organised in [&world.a, &world.b] {
        let signed = world.service.sign_own_token(&organised.actor(Role::Viewer)).await.unwrap();
        let token = verified(&world, &signed.token).await.unwrap();
        assert!(token.claims.is_member);
        assert_eq!(&*token.organisation, organised.id.as_str());
        let viewer = organised.user(Role::Viewer).id.to_string();
        assert_eq!(token.claims.viewer, Some(viewer));
    }
    let local = world.service.sign_own_token(&Actor::Local).await;
    assert_eq!(outcome(local), "whose token will it be?");
    // Nobody makes members of others but those who sign for all.
    world.stream("live/a", Some(Role::Streamer)).await;
    let new = NewPlayToken::of(world.a.id.clone(), patterns(&["live/a"]));
    let new = NewPlayToken { is_member: true, ..new };
    let signed = world.service.sign_play_token(&world.a.actor(Role::Streamer), new).await;
    assert_eq!(outcome(signed), "forbidden");
}

#[tokio::test]
async fn keys_are_exchanged_while_tokens_of_the_old_ones_go_on() {
    let world = World::new().await;
    for form in [TokenForm::Jwt, TokenForm::Path] {
        let new = || NewPlayToken {
            form,
            lifetime_s: Some(30 * 86_400),
            ..NewPlayToken::of(world.a.id.clone(), patterns(&["*"]))
        };
        let before = world.service.sign_play_token(&Actor::Local, new()).await.unwrap();
        let rotated = world.service.rotate_signing_keys(&world.a.actor(Role::Owner), None).await;
        assert_eq!(outcome(rotated), "not found");
        world.heard().await;
        world.service.rotate_signing_keys(&Actor::Local, Some(3_600_000)).await.unwrap();
        assert_eq!(world.heard().await, ["KeysChanged"]);
        let after = world.service.sign_play_token(&Actor::Local, new()).await.unwrap();
        let first = verified(&world, &before.token).await.unwrap().key;
        let second = verified(&world, &after.token).await.unwrap().key;
        assert_ne!(first, second, "{form:?}");
        world.clock.advance(Duration::from_secs(3_600));
        assert_eq!(verified(&world, &before.token).await, Err(Refusal::UnknownKey), "{form:?}");
        verified(&world, &after.token).await.unwrap();
    }
    // Those that are there are not made again.
    let before = world.database.trusted_keys(None).await.unwrap().len();
    world.service.prepare_signing_keys().await.unwrap();
    assert_eq!(world.database.trusted_keys(None).await.unwrap().len(), before);
}

/// A stream of organisation `a` with a password.
async fn locked(world: &World) {
    let policy = StreamPolicy { access: Access::Password, ..StreamPolicy::default() };
    let new = NewStream {
        policy: Some(policy),
        password: Some(Secret::new("open sesame")),
        ..NewStream::named(stream("live/a"), world.a.id.clone())
    };
    world.service.create_stream(&Actor::Local, new).await.unwrap();
}

async fn unlock(world: &World, name: &str, password: &str, from: &str) -> String {
    let (name, password) = (stream(name), Secret::new(password));
    outcome(world.service.unlock(&name, &password, from.parse().unwrap()).await)
}

#[tokio::test]
async fn a_password_opens_its_stream_alone_until_it_is_changed() {
    let world = World::new().await;
    locked(&world).await;
    world.stream("live/b", None).await;
    let wrong = "the password is wrong";
    for name in ["live/b", "live/nowhere"] {
        assert_eq!(unlock(&world, name, "open sesame", "192.0.2.1").await, wrong, "{name}");
    }
    assert_eq!(unlock(&world, "live/a", "open sesamf", "192.0.2.1").await, wrong);
    let (name, password) = (stream("live/a"), Secret::new("open sesame"));
    let from = "192.0.2.1".parse().unwrap();
    for _ in 0..2 {
        let signed = world.service.unlock(&name, &password, from).await.unwrap();
        let token = verified(&world, &signed.token).await.unwrap();
        assert_eq!(token.claims.streams, patterns(&["live/a"]));
        assert_eq!(token.claims.viewer.as_deref(), Some("password:live/a"));
        assert_eq!((&*token.organisation, token.claims.version), (world.a.id.as_str(), 1));
    }
    let change = |password: &str| StreamChange {
        password: Some(Some(Secret::new(password))),
        ..StreamChange::default()
    };
    let changed = world.service.change_stream(&Actor::Local, &name, change("short")).await;
    assert_eq!(outcome(changed), "a stream's password has 8 to 256 characters");
    world.heard().await;
    world.service.change_stream(&Actor::Local, &name, change("another one")).await.unwrap();
    let told = r#"revoked Viewer { viewer: "password:live/a", version: 2 }"#;
    assert_eq!(world.heard().await[0], told);
    assert_eq!(unlock(&world, "live/a", "open sesame", "192.0.2.2").await, wrong);
    assert_eq!(unlock(&world, "live/a", "another one", "192.0.2.2").await, "done");
    // A title is nothing that ends tokens.
    let change = StreamChange { title: Some("News".to_owned()), ..StreamChange::default() };
    world.service.change_stream(&Actor::Local, &name, change).await.unwrap();
    assert_eq!(world.heard().await, ["StreamChanged { stream: live/a }"]);
}

#[tokio::test]
async fn passwords_are_not_guessed() {
    let world = World::new().await;
    locked(&world).await;
    for _ in 0..5 {
        let guessed = unlock(&world, "live/a", "open sesamf", "192.0.2.1").await;
        assert_eq!(guessed, "the password is wrong");
    }
    let wait = "too many attempts: try again in 12 s";
    assert_eq!(unlock(&world, "live/a", "open sesame", "192.0.2.1").await, wait);
    assert_eq!(unlock(&world, "live/a", "open sesame", "192.0.2.2").await, "done");
    for host in 3..118 {
        unlock(&world, "live/a", "open sesamf", &format!("192.0.2.{host}")).await;
    }
    let wait = "too many attempts: try again in 1 s";
    assert_eq!(unlock(&world, "live/a", "open sesame", "192.0.2.200").await, wait);
    world.clock.advance(Duration::from_secs(12));
    assert_eq!(unlock(&world, "live/a", "open sesame", "192.0.2.1").await, "done");
}
