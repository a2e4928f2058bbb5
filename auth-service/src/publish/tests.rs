//! Who may publish, of two organisations.

mod hooked;
mod signatures;

use std::net::SocketAddr;

use accounts::{DeviceKind, Role, StreamPolicy};
use authz::PublishRefusal;

use super::*;
use crate::world::{World, stream};
use crate::{Actor, NewDevice, NewStreamKey, StreamChange, Verdict as Says};

/// A world in which streams are published.
struct Live {
    world: World,
    publishing: Publishing,
    touches: Touches,
}

impl Live {
    async fn new() -> Self {
        Self::with(None).await
    }

    async fn with(hook: Option<Hook>) -> Self {
        let world = World::new().await;
        let apps = vec!["live".to_owned(), "tv".to_owned()];
        let settings = PublishSettings { apps, streams_max: 3, hook };
        let (publishing, touches) =
            Publishing::new(Arc::clone(&world.database), world.clock.clone(), settings);
        Self { world, publishing, touches }
    }

    async fn decide(
        &self,
        app: &str,
        text: &str,
        from: &str,
    ) -> Result<PublishGrant, PublishRefusal> {
        let peer = SocketAddr::new(from.parse().unwrap(), 1_935);
        self.publishing.decide(&PublishRequest { app, stream: text, peer }).await
    }

    /// What becomes of a stream key: the stream, or why not.
    async fn check(&self, text: &str, expected: &str) {
        self.check_from("192.0.2.7", text, expected).await;
    }

    async fn check_from(&self, from: &str, text: &str, expected: &str) {
        let actual = match self.decide("live", text, from).await {
            Ok(grant) => grant.stream.to_string(),
            Err(refusal) => refusal.to_string(),
        };
        assert_eq!(actual, expected, "{text} from {from}");
    }

    async fn key(&self, new: NewStreamKey) -> (StreamKeyRecord, String) {
        let (record, key) = self.world.service.create_stream_key(&Actor::Local, new).await.unwrap();
        (record, key.reveal().to_owned())
    }
}

const WRONG: &str = "the stream key is wrong";

#[tokio::test]
async fn a_key_publishes_its_own_stream_and_no_other() {
    let live = Live::new().await;
    live.world.stream("live/a", Some(Role::Streamer)).await;
    live.world.stream("live/b", None).await;
    let (record, a) = live.key(NewStreamKey::of(stream("live/a"))).await;
    let (_, b) = live.key(NewStreamKey::of(stream("live/b"))).await;
    live.check(&a, "live/a").await;
    live.check(&format!("a?key={a}"), "live/a").await;
    live.check(&format!("?key={b}"), "live/b").await;
    live.check(&format!("b?key={a}"), WRONG).await;
    live.check(&format!("a?key={b}"), WRONG).await;
    live.check(&format!("nowhere?key={b}"), WRONG).await;
    live.check("a", WRONG).await;
    live.check("", "there is no stream key").await;
    live.check("a?key=", "there is no stream key").await;
    live.check(&"x".repeat(1_025), "a stream text has 1025 bytes; at most 1024 are allowed").await;
    let name = "the stream's name is not one: a name starts with a letter or a digit, not '.'";
    live.check(&format!("..?key={a}"), name).await;
    live.check("..", name).await;
    let grant = live.decide("live", &a, "192.0.2.7").await.unwrap();
    let subject = Subject {
        organisation: Some(live.world.a.id.clone()),
        user: Some(live.world.a.user(Role::Streamer).id.clone()),
        device: None,
        key: Some(record.id.to_string()),
    };
    assert_eq!((grant.subject, grant.streams_max), (subject, Some(3)));
    let grant = live.decide("live", &b, "192.0.2.7").await.unwrap();
    assert_eq!(grant.subject.organisation, Some(live.world.b.id.clone()));
    assert_eq!((grant.subject.user, grant.streams_max), (None, None));
    let elsewhere = live.decide("tv", &a, "192.0.2.7").await.unwrap_err();
    assert_eq!(elsewhere.to_string(), WRONG);
    let nowhere = live.decide("radio", &a, "192.0.2.7").await.unwrap_err();
    assert_eq!(nowhere.to_string(), "there is no application `radio`");
}

#[tokio::test]
async fn a_key_that_is_not_good_any_more_says_why() {
    let live = Live::new().await;
    live.world.stream("live/a", None).await;
    let new = NewStreamKey::of(stream("live/a"));
    let ends_ms = live.world.clock.now_ms() + 60_000;
    let (_, ending) = live.key(NewStreamKey { expires_at_ms: Some(ends_ms), ..new.clone() }).await;
    let (revoked, text) = live.key(new.clone()).await;
    let (_, kept) = live.key(new).await;
    live.check(&ending, "live/a").await;
    live.check(&text, "live/a").await;
    live.world.clock.advance(Duration::from_millis(59_999));
    live.check(&ending, "live/a").await;
    live.world.clock.advance(Duration::from_millis(1));
    live.check(&ending, "the stream key ended 0 s ago").await;
    live.world.clock.advance(Duration::from_secs(90));
    live.check(&ending, "the stream key ended 90 s ago").await;
    live.world.service.revoke_stream_key(&Actor::Local, &revoked.id).await.unwrap();
    live.check(&text, "the stream key was revoked").await;
    // Whoever names another stream with it does not even learn that.
    live.check(&format!("b?key={text}"), WRONG).await;
    live.check(&kept, "live/a").await;
}

#[tokio::test]
async fn a_key_is_used_where_it_may_be() {
    let live = Live::new().await;
    live.world.stream("live/a", None).await;
    let addresses = ["192.0.2.0/24", "2001:db8::/32"].map(|subnet| subnet.parse().unwrap());
    let new = NewStreamKey { addresses: addresses.to_vec(), ..NewStreamKey::of(stream("live/a")) };
    let (_, key) = live.key(new).await;
    let elsewhere = "the stream key may not be used from this address";
    for (from, expected) in [
        ("192.0.2.0", "live/a"),
        ("192.0.2.255", "live/a"),
        ("::ffff:192.0.2.7", "live/a"),
        ("2001:db8:ffff::1", "live/a"),
        ("192.0.3.0", elsewhere),
        ("2001:db9::1", elsewhere),
        ("::1", elsewhere),
    ] {
        live.check_from(from, &key, expected).await;
    }
}

#[tokio::test]
async fn an_encoder_that_was_revoked_is_told_so() {
    let live = Live::new().await;
    live.world.stream("live/a", Some(Role::Streamer)).await;
    let register = |name: &str| NewDevice {
        user: live.world.a.user(Role::Streamer).id.clone(),
        kind: DeviceKind::Encoder,
        name: name.to_owned(),
        model: "box".to_owned(),
        stream: Some(stream("live/a")),
    };
    let actor = live.world.a.actor(Role::Streamer);
    let service = &live.world.service;
    let first = service.register_device(&actor, register("first")).await.unwrap();
    let second = service.register_device(&actor, register("second")).await.unwrap();
    let key = |registered: &crate::RegisteredDevice| {
        registered.key.as_ref().unwrap().1.reveal().to_owned()
    };
    live.check(&key(&first), "live/a").await;
    let grant = live.decide("live", &key(&first), "192.0.2.7").await.unwrap();
    assert_eq!(grant.subject.device, Some(first.device.id.clone()));
    service.revoke_device(&actor, &first.device.id).await.unwrap();
    live.check(&key(&first), "the stream key's device was revoked").await;
    live.check(&key(&second), "live/a").await;
}

#[tokio::test]
async fn who_publishes_must_be_let_in_and_where_it_is_demanded_verified() {
    let live = Live::new().await;
    let world = &live.world;
    world.stream("live/a", Some(Role::Streamer)).await;
    let (_, key) = live.key(NewStreamKey::of(stream("live/a"))).await;
    let operators = Some(world.a.user(Role::Operator).id.clone());
    let new = NewStreamKey { user: operators, ..NewStreamKey::of(stream("live/a")) };
    let (_, other) = live.key(new).await;
    world.stream("live/a-nobodys", None).await;
    let (_, nobodys) = live.key(NewStreamKey::of(stream("live/a-nobodys"))).await;
    let policy = StreamPolicy { verified_publishers: true, ..StreamPolicy::default() };
    for name in ["live/a", "live/a-nobodys"] {
        let change = StreamChange { policy: Some(policy.clone()), ..StreamChange::default() };
        world.service.change_stream(&Actor::Local, &stream(name), change).await.unwrap();
    }
    let unverified = "the publisher is not verified";
    live.check(&key, unverified).await;
    live.check(&nobodys, unverified).await;
    let document = crate::Document { name: "id.pdf".to_owned(), bytes: "%PDF-".into() };
    let actor = world.a.actor(Role::Streamer);
    let asked = world.service.submit_verification(&actor, vec![document]).await.unwrap();
    live.check(&key, unverified).await;
    let operator = world.a.actor(Role::Operator);
    let review = |says| world.service.review_verification(&operator, &asked.id, says);
    review(Says::Rejected("too dark".to_owned())).await.unwrap();
    live.check(&key, unverified).await;
    review(Says::Verified).await.unwrap();
    live.check(&key, "live/a").await;
    live.check(&other, unverified).await;
    let mut user = world.user(Role::Streamer).await;
    user.status = Status::Disabled;
    world.database.update_user(&user).await.unwrap();
    live.check(&key, "the publisher's account is disabled").await;
    live.check(&other, unverified).await;
}

#[tokio::test]
async fn a_user_has_a_limit_of_its_own_or_the_servers() {
    let live = Live::new().await;
    live.world.stream("live/a", Some(Role::Streamer)).await;
    let (_, key) = live.key(NewStreamKey::of(stream("live/a"))).await;
    let mut user = live.world.user(Role::Streamer).await;
    user.streams_max = Some(1);
    live.world.database.update_user(&user).await.unwrap();
    let grant = live.decide("live", &key, "192.0.2.7").await.unwrap();
    assert_eq!(grant.streams_max, Some(1));
}

#[tokio::test]
async fn too_many_wrong_keys_from_an_address_are_not_looked_at() {
    let live = Live::new().await;
    live.world.stream("live/a", None).await;
    let (_, known) = live.key(NewStreamKey::of(stream("live/a"))).await;
    let (_, new) = live.key(NewStreamKey::of(stream("live/a"))).await;
    live.check(&known, "live/a").await;
    for _ in 0..10 {
        live.check("weir_wrong", WRONG).await;
    }
    let wait = "too many wrong keys from this address: 6 s to wait";
    live.check("weir_wrong", wait).await;
    live.check(&new, wait).await;
    live.check("a?auth_key=1-0-0-a", wait).await;
    // An encoder whose key was good lately is not kept out by its neighbour.
    live.check(&known, "live/a").await;
    live.check_from("192.0.2.8", &new, "live/a").await;
    live.check_from("192.0.2.8", "weir_wrong", WRONG).await;
    live.world.clock.advance(Duration::from_secs(6));
    live.check(&new, "live/a").await;
    live.check("weir_wrong", WRONG).await;
    live.check("weir_wrong", wait).await;
    assert!(live.decide("live", "weir_wrong", "192.0.2.7").await.unwrap_err().is_temporary());
}

#[tokio::test]
async fn when_a_key_was_used_is_kept_after_the_answer() {
    let live = Live::new().await;
    live.world.stream("live/a", None).await;
    let (record, key) = live.key(NewStreamKey::of(stream("live/a"))).await;
    live.check(&key, "live/a").await;
    let (handle, drain) = runtime::drain();
    handle.start();
    live.touches.run(drain).await;
    let kept = live.world.database.stream_key_record(&record.id).await.unwrap().unwrap();
    assert_eq!(kept.last_used_ms, Some(live.world.clock.now_ms()));
}
