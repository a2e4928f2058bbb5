//! Streams of two organisations.

use accounts::{Role, StreamPolicy};
use database::Page;
use serde_json::Map;

use super::*;
use crate::world::{World, options, outcome, stream};

async fn create(world: &World, actor: &Actor, new: NewStream) -> String {
    outcome(world.service.create_stream(actor, new).await)
}

async fn list(world: &World, actor: &Actor, organisation: &OrganisationId) -> String {
    match world.service.streams(actor, organisation, false, &Page::ALL).await {
        Ok(streams) => {
            let names: Vec<_> = streams.iter().map(|stream| stream.name.as_str()).collect();
            names.join(" ")
        }
        Err(error) => outcome::<()>(Err(error)),
    }
}

#[tokio::test]
async fn who_makes_streams_makes_them_in_its_own_organisation_alone() {
    let world = World::new().await;
    let expected = [
        (Role::Owner, "done", "not found"),
        (Role::Operator, "done", "not found"),
        (Role::Streamer, "done", "not found"),
        (Role::Viewer, "forbidden", "not found"),
        (Role::ReadOnly, "forbidden", "not found"),
    ];
    for (role, own, other) in expected {
        let actor = world.a.actor(role);
        let name = |what: &str| stream(&format!("live/{what}-{}", role.name()));
        let new = NewStream::named(name("own"), world.a.id.clone());
        assert_eq!(create(&world, &actor, new).await, own, "{role:?}");
        let new = NewStream::named(name("other"), world.b.id.clone());
        assert_eq!(create(&world, &actor, new).await, other, "{role:?}");
    }
    let all = "live/own-operator live/own-owner live/own-streamer";
    let (a, b) = (&world.a, &world.b);
    assert_eq!(list(&world, &a.actor(Role::ReadOnly), &a.id).await, all);
    assert_eq!(list(&world, &a.actor(Role::Streamer), &a.id).await, "live/own-streamer");
    assert_eq!(list(&world, &a.actor(Role::Viewer), &a.id).await, "forbidden");
    for role in Role::ALL {
        assert_eq!(list(&world, &b.actor(role), &a.id).await, "not found", "{role:?}");
        let found = world.service.stream(&b.actor(role), &stream("live/own-owner")).await;
        assert_eq!(outcome(found), "not found", "{role:?}");
    }
    let found = world.service.stream(&a.actor(Role::Streamer), &stream("live/own-owner")).await;
    assert_eq!(outcome(found), "not found");
}

#[tokio::test]
async fn a_name_is_one_stream_of_one_organisation() {
    let world = World::new().await;
    world.stream("live/a", None).await;
    let new = NewStream::named(stream("live/a"), world.b.id.clone());
    let taken = create(&world, &world.b.actor(Role::Owner), new).await;
    assert_eq!(taken, "a stream of this name is there already");
    let new = NewStream::named(stream("radio/a"), world.a.id.clone());
    assert_eq!(create(&world, &Actor::Local, new).await, "streams are pushed to live");
}

#[tokio::test]
async fn a_stream_belongs_to_nobody_of_another_organisation() {
    let world = World::new().await;
    let foreign = Some(world.b.user(Role::Streamer).id.clone());
    let own = Some(world.a.user(Role::Streamer).id.clone());
    let named = |name| NewStream::named(stream(name), world.a.id.clone());
    let new = NewStream { owner: foreign.clone(), ..named("live/a1") };
    let operator = world.a.actor(Role::Operator);
    assert_eq!(create(&world, &operator, new).await, "there is no such user");
    let new = NewStream { owner: own.clone(), ..named("live/a2") };
    assert_eq!(create(&world, &operator, new).await, "done");
    // A streamer's stream is the streamer's, whatever is said.
    let streamer = world.a.actor(Role::Streamer);
    let operators = Some(world.a.user(Role::Operator).id.clone());
    let new = NewStream { owner: operators, ..named("live/a3") };
    assert_eq!(create(&world, &streamer, new).await, "forbidden");
    let made = world.service.create_stream(&streamer, named("live/a4")).await.unwrap();
    assert_eq!(made.owner, own);
    let change = StreamChange { owner: Some(None), ..StreamChange::default() };
    let changed = world.service.change_stream(&streamer, &made.name, change).await;
    assert_eq!(outcome(changed), "forbidden");
    let change = StreamChange { owner: Some(foreign), ..StreamChange::default() };
    let changed = world.service.change_stream(&operator, &made.name, change).await;
    assert_eq!(outcome(changed), "there is no such user");
}

#[tokio::test]
async fn options_are_checked_together_with_the_templates() {
    let world = World::new().await;
    let operator = world.a.actor(Role::Operator);
    let (organisation, policy) = (world.a.id.clone(), StreamPolicy::default());
    let template = |name: &str, json: &str| NewTemplate {
        organisation: organisation.clone(),
        name: name.to_owned(),
        options: options(json),
        policy: policy.clone(),
    };
    let made = |new| async { outcome(world.service.create_template(&operator, new).await) };
    assert_eq!(made(template("short", r#"{"dvr": 10}"#)).await, "done");
    assert_eq!(made(template("bad", r#"{"window": 101}"#)).await, "window: 100 at most");
    assert_eq!(
        made(template("a b", "{}")).await,
        "a template's name has 1 to 64 letters, digits, '-', '_' and '.'"
    );
    let named = |name, json| NewStream {
        template: Some("short".to_owned()),
        options: options(json),
        ..NewStream::named(stream(name), organisation.clone())
    };
    let created = |new| create(&world, &operator, new);
    assert_eq!(created(named("live/a1", r#"{"window": 11}"#)).await, "window: not more than dvr");
    assert_eq!(created(named("live/a2", r#"{"window": 9}"#)).await, "done");
    assert_eq!(created(named("live/a3", r#"{"windows": 9}"#)).await, "there is no option windows");
    let large = format!(r#"{{"window": "{}"}}"#, "x".repeat(16_384));
    assert!(created(named("live/a4", &large)).await.contains("at most 16384 fit"));
    // Another organisation has neither the template nor any say about it.
    let theirs = NewStream {
        template: Some("short".to_owned()),
        ..NewStream::named(stream("live/b1"), world.b.id.clone())
    };
    assert_eq!(create(&world, &Actor::Local, theirs).await, "there is no template `short`");
    let change = TemplateChange { options: Some(options(r#"{"dvr": 8}"#)), ..Default::default() };
    let changed = |actor: Actor, change| {
        let (service, organisation) = (&world.service, &organisation);
        async move { outcome(service.change_template(&actor, organisation, "short", change).await) }
    };
    assert_eq!(
        changed(operator.clone(), change.clone()).await,
        "with the stream live/a2: window: not more than dvr"
    );
    assert_eq!(changed(world.b.actor(Role::Owner), change.clone()).await, "not found");
    assert_eq!(changed(world.a.actor(Role::Streamer), change).await, "forbidden");
    let change = TemplateChange { options: Some(Map::new()), ..Default::default() };
    world.heard().await;
    assert_eq!(changed(operator.clone(), change).await, "done");
    let told = format!("TemplateChanged {{ organisation: {organisation} }}");
    assert_eq!(world.heard().await, [told]);
    let deleted = world.service.delete_template(&operator, &organisation, "short").await;
    assert_eq!(outcome(deleted), "streams still need it");
}

#[tokio::test]
async fn who_is_meant_by_a_demand_cannot_drop_it() {
    let world = World::new().await;
    let demanding = StreamPolicy { verified_publishers: true, ..StreamPolicy::default() };
    let new = NewTemplate {
        organisation: world.a.id.clone(),
        name: "strict".to_owned(),
        options: Map::new(),
        policy: demanding.clone(),
    };
    world.service.create_template(&Actor::Local, new).await.unwrap();
    let streamer = world.a.actor(Role::Streamer);
    let of_template = |name, policy| NewStream {
        template: Some("strict".to_owned()),
        policy,
        ..NewStream::named(stream(name), world.a.id.clone())
    };
    let lax = Some(StreamPolicy::default());
    assert_eq!(create(&world, &streamer, of_template("live/a1", lax)).await, "forbidden");
    assert_eq!(create(&world, &streamer, of_template("live/a2", None)).await, "done");
    let change = |policy| StreamChange { policy: Some(policy), ..StreamChange::default() };
    let changed = |actor: Actor, policy| {
        let service = &world.service;
        async move { outcome(service.change_stream(&actor, &stream("live/a2"), change(policy)).await) }
    };
    assert_eq!(changed(streamer.clone(), StreamPolicy::default()).await, "forbidden");
    let unlisted = StreamPolicy { access: Access::Unlisted, ..demanding };
    assert_eq!(changed(streamer, unlisted).await, "done");
    assert_eq!(changed(world.a.actor(Role::Operator), StreamPolicy::default()).await, "done");
}

#[tokio::test]
async fn a_policy_names_countries_and_pages_that_can_be() {
    let world = World::new().await;
    let policy = |json: &str| {
        let policy: StreamPolicy = serde_json::from_str(json).unwrap();
        let new = NewStream::named(stream("live/a"), world.a.id.clone());
        NewStream { policy: Some(policy), ..new }
    };
    let check = async |json: &str, expected: &str| {
        assert_eq!(create(&world, &Actor::Local, policy(json)).await, expected, "{json}");
    };
    let many = vec!["\"DE\""; 257].join(",");
    let many = format!(r#"{{"viewers":{{"countries":{{"deny":[{many}]}}}}}}"#);
    check(&many, "there are 257 countries; at most 256 are allowed").await;
    let country = "a country is two capitals, as DE or CN";
    check(r#"{"viewers":{"countries":{"allow":["de"]}}}"#, country).await;
    let page = "a page is a host as example.org, or *.example.org";
    for host in ["", "*", "*.", "https://example.org", "a b", "*.*.org"] {
        check(&format!(r#"{{"viewers":{{"referers":["{host}"]}}}}"#), page).await;
    }
    check(r#"{"access":"password"}"#, "this stream needs a password").await;
    check(r#"{"viewers":{"referers":["*.example.org"],"countries":{"deny":["CN"]}}}"#, "done")
        .await;
}

#[tokio::test]
async fn a_deleted_stream_has_no_keys_and_its_recordings_as_was_said() {
    let world = World::new().await;
    world.stream("live/a", Some(Role::Streamer)).await;
    let (key, text) = world.key("live/a").await;
    world.stream("live/b", None).await;
    let (other, _) = world.key("live/b").await;
    world.heard().await;
    let name = stream("live/a");
    let delete = |actor: Actor, recordings| {
        let (service, name) = (&world.service, &name);
        async move { outcome(service.delete_stream(&actor, name, recordings).await) }
    };
    assert_eq!(delete(world.b.actor(Role::Owner), Recordings::Delete).await, "not found");
    assert_eq!(delete(world.a.actor(Role::ReadOnly), Recordings::Delete).await, "forbidden");
    *world.remover.is_away.lock().unwrap() = true;
    let away = delete(world.a.actor(Role::Streamer), Recordings::Delete).await;
    assert_eq!(away, "unavailable: the playlist role is away");
    assert!(
        world
            .database
            .publish_key(text.reveal())
            .await
            .unwrap()
            .unwrap()
            .key
            .revoked_at_ms
            .is_some()
    );
    *world.remover.is_away.lock().unwrap() = false;
    assert_eq!(delete(world.a.actor(Role::Streamer), Recordings::Delete).await, "done");
    assert_eq!(*world.remover.removed.lock().unwrap(), [(name.clone(), Recordings::Delete)]);
    let revoked = format!("revoked Key {{ id: \"{}\" }}", key.id);
    assert_eq!(
        world.heard().await,
        [revoked.clone(), revoked, "StreamChanged { stream: live/a }".to_owned()]
    );
    assert!(world.database.publish_key(text.reveal()).await.unwrap().is_none());
    let other = world.database.stream_key_record(&other.id).await.unwrap().unwrap();
    assert_eq!(other.revoked_at_ms, None);
    assert_eq!(delete(Actor::Local, Recordings::Keep).await, "not found");
}

#[tokio::test]
async fn a_stream_with_kept_recordings_is_retired_and_stays_its_organisations() {
    let world = World::new().await;
    let (name, a, b) = (stream("live/a"), &world.a, &world.b);
    let service = &world.service;
    let (owner, streamer) = (a.actor(Role::Owner), a.actor(Role::Streamer));
    let private = StreamPolicy { access: Access::Private, ..StreamPolicy::default() };
    let named = || NewStream::named(name.clone(), a.id.clone());
    let new = NewStream { policy: Some(private.clone()), ..named() };
    service.create_stream(&owner, new).await.unwrap();
    let (_, text) = world.key("live/a").await;
    let delete = |actor: Actor, recordings| {
        let name = &name;
        async move { outcome(service.delete_stream(&actor, name, recordings).await) }
    };
    assert_eq!(delete(b.actor(Role::Owner), Recordings::Keep).await, "not found");
    assert_eq!(delete(owner.clone(), Recordings::Keep).await, "done");
    assert_eq!(delete(owner.clone(), Recordings::Keep).await, "not found");
    // Who may watch the recordings is said as before.
    let directory = crate::StoredDirectory::new(world.database.clone(), world.clock.clone());
    let access = authz::Directory::access(&directory, &name).await.unwrap().unwrap();
    assert_eq!((access.organisation, access.policy), (a.id.clone(), private));
    // Nobody publishes it, and nobody gets a key.
    assert!(world.database.publish_key(text.reveal()).await.unwrap().is_none());
    let keyed = service.create_stream_key(&owner, crate::NewStreamKey::of(name.clone())).await;
    let deleted = "the stream is deleted and only its recordings are kept: make it again";
    assert_eq!(outcome(keyed), deleted);
    assert_eq!(list(&world, &owner, &a.id).await, "");
    let all = service.streams(&owner, &a.id, true, &Page::ALL).await.unwrap();
    assert_eq!(all.len(), 1);
    assert!(all[0].retired_at_ms.is_some());
    assert!(service.streams(&b.actor(Role::Owner), &a.id, true, &Page::ALL).await.is_err());
    // Neither another organisation nor a streamer whose it was not gets the recordings.
    let taken = "a stream of this name is there already";
    let theirs = NewStream::named(name.clone(), b.id.clone());
    for actor in [b.actor(Role::Owner), Actor::Local] {
        assert_eq!(create(&world, &actor, theirs.clone()).await, taken);
    }
    assert_eq!(create(&world, &streamer, named()).await, taken);
    let again = service.create_stream(&owner, named()).await.unwrap();
    assert_eq!((again.retired_at_ms, again.policy), (None, StreamPolicy::default()));
    assert_eq!(again.version, 3);
    assert_eq!(list(&world, &owner, &a.id).await, "live/a");
    world.key("live/a").await;
    assert_eq!(delete(owner.clone(), Recordings::Keep).await, "done");
    assert_eq!(delete(owner, Recordings::Delete).await, "done");
    assert_eq!(create(&world, &b.actor(Role::Owner), theirs).await, "done");
}

#[tokio::test]
async fn tokens_for_a_password_end_when_the_stream_is_made_again() {
    let world = World::new().await;
    let policy = StreamPolicy { access: Access::Password, ..StreamPolicy::default() };
    let named = |password: &str| NewStream {
        policy: Some(policy.clone()),
        password: Some(Secret::new(password)),
        ..NewStream::named(stream("live/a"), world.a.id.clone())
    };
    let owner = world.a.actor(Role::Owner);
    assert_eq!(create(&world, &owner, named("the first one")).await, "done");
    let name = stream("live/a");
    world.service.delete_stream(&owner, &name, Recordings::Keep).await.unwrap();
    let unlock = async |password: &str| {
        let address = std::net::IpAddr::from([192, 0, 2, 1]);
        outcome(world.service.unlock(&name, &Secret::new(password), address).await)
    };
    assert_eq!(unlock("the first one").await, "done", "its recordings are watched on");
    world.heard().await;
    assert_eq!(create(&world, &owner, named("the second one")).await, "done");
    let heard = world.heard().await;
    assert!(heard[0].starts_with("revoked Viewer"), "{heard:?}");
    assert!(heard[0].ends_with("version: 3 }"), "{heard:?}");
    assert_eq!(unlock("the first one").await, "the password is wrong");
    assert_eq!(unlock("the second one").await, "done");
}

#[tokio::test]
async fn a_change_of_another_version_is_refused() {
    let world = World::new().await;
    world.stream("live/a", None).await;
    let change = |version| StreamChange {
        version: Some(version),
        title: Some("News".to_owned()),
        ..StreamChange::default()
    };
    let name = stream("live/a");
    let changed = world.service.change_stream(&Actor::Local, &name, change(1)).await.unwrap();
    assert_eq!((changed.title.as_str(), changed.version), ("News", 2));
    let again = world.service.change_stream(&Actor::Local, &name, change(1)).await;
    assert_eq!(outcome(again), "the stream was changed by somebody else");
    let change = StreamChange { title: Some("a\nb".to_owned()), ..StreamChange::default() };
    let changed = world.service.change_stream(&Actor::Local, &name, change).await;
    assert_eq!(outcome(changed), "the title has characters in it that cannot be shown");
    let long = StreamChange { title: Some("ä".repeat(201)), ..StreamChange::default() };
    let changed = world.service.change_stream(&Actor::Local, &name, long).await;
    assert_eq!(outcome(changed), "the title has 201 characters; at most 200 fit");
}
