//! Streams and templates.

use accounts::{Access, OrganisationId, StreamObject, StreamPolicy, Template};

use super::records::{id, name, options, stream, stream_key, template};
use super::{NOW_MS, Two, refused};
use crate::{Database, Page, StreamFilter};

const CHANGED: &str = "a stream was changed or deleted by somebody else";
const MISSING: &str = "there is no such organisation, owner or template";

pub(super) async fn all(database: &dyn Database) {
    a_stream_is_kept_as_it_is(database).await;
    a_name_is_one_organisations_only(database).await;
    a_stream_refers_to_nothing_of_another_organisation(database).await;
    a_change_is_made_to_what_was_read(database).await;
    streams_are_listed_in_the_order_of_their_names(database).await;
    a_deleted_stream_is_gone_and_no_other(database).await;
    a_retired_stream_keeps_its_name_for_its_organisation(database).await;
    templates_are_kept_by_organisation(database).await;
    a_template_of_streams_stays(database).await;
}

fn only(organisation: &OrganisationId) -> StreamFilter {
    StreamFilter {
        organisation: Some(organisation.clone()),
        owner: None,
        ..StreamFilter::default()
    }
}

/// A stream with everything that one may have.
fn full(organisation: &OrganisationId, text: &str) -> StreamObject {
    StreamObject {
        title: "The \"News\" – 新闻 🎬".to_owned(),
        template: Some("news".to_owned()),
        options: options(&[
            ("segment", "4s".into()),
            ("parts", true.into()),
            ("window", 12.into()),
            ("odd\0key\"", serde_json::json!([null, 1.5, {"deep": "\u{0}"}])),
        ]),
        policy: StreamPolicy {
            access: Access::Password,
            verified_publishers: true,
            ..StreamPolicy::default()
        },
        password: Some("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA".to_owned()),
        ..stream(organisation, text)
    }
}

async fn a_stream_is_kept_as_it_is(database: &dyn Database) {
    let two = Two::new(database).await;
    assert_eq!(database.stream(&name("kept/nobody")).await.expect("read none"), None);
    database.create_template(&template(&two.ours, "news")).await.expect("make a template");
    for new in [stream(&two.ours, "kept/plain"), full(&two.ours, "kept/full")] {
        database.create_stream(&new).await.expect("make a stream");
        assert_eq!(database.stream(&new.name).await.expect("read it"), Some(new));
    }
}

async fn a_name_is_one_organisations_only(database: &dyn Database) {
    let two = Two::new(database).await;
    let ours = stream(&two.ours, "once/main");
    database.create_stream(&ours).await.expect("make a stream");
    for organisation in [&two.ours, &two.theirs] {
        let again = StreamObject { title: "B".into(), ..stream(organisation, "once/main") };
        refused(database.create_stream(&again).await, "a stream of this name is there already");
    }
    assert_eq!(database.stream(&ours.name).await.expect("read it"), Some(ours));
    let (one, other) = (stream(&two.ours, "once/race"), stream(&two.theirs, "once/race"));
    let (first, second) =
        tokio::join!(database.create_stream(&one), database.create_stream(&other));
    assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
    let expected = if first.is_ok() { one } else { other };
    assert_eq!(database.stream(&expected.name).await.expect("read it"), Some(expected));
}

async fn a_stream_refers_to_nothing_of_another_organisation(database: &dyn Database) {
    let two = Two::new(database).await;
    let nobody = stream(&id(OrganisationId::new), "refers/main");
    refused(database.create_stream(&nobody).await, MISSING);
    database.create_template(&template(&two.theirs, "theirs")).await.expect("make a template");
    let template = Some("theirs".to_owned());
    let with = StreamObject { template: template.clone(), ..stream(&two.ours, "refers/main") };
    refused(database.create_stream(&with).await, MISSING);
    let without = stream(&two.ours, "refers/main");
    database.create_stream(&without).await.expect("make a stream");
    let changed = StreamObject { template, ..without.clone() };
    refused(database.update_stream(&changed).await, MISSING);
    assert_eq!(database.stream(&without.name).await.expect("read it"), Some(without));
}

async fn a_change_is_made_to_what_was_read(database: &dyn Database) {
    let two = Two::new(database).await;
    database.create_template(&template(&two.ours, "news")).await.expect("make a template");
    let read = stream(&two.ours, "change/main");
    let theirs = stream(&two.theirs, "change/theirs");
    for new in [&read, &theirs] {
        database.create_stream(new).await.expect("make a stream");
    }
    let full = full(&two.ours, "change/main");
    let titled = StreamObject { title: "B".into(), ..read.clone() };
    let (first, second) =
        tokio::join!(database.update_stream(&full), database.update_stream(&titled));
    let (made, not) = if first.is_ok() { (first, second) } else { (second, first) };
    refused(not, CHANGED);
    let made = made.expect("one is made");
    assert_eq!(made.version, 2);
    assert_eq!(database.stream(&read.name).await.expect("read it"), Some(made.clone()));
    let again = StreamObject { version: 2, ..full };
    let made = database.update_stream(&again).await.expect("change it again");
    assert_eq!(made, StreamObject { version: 3, ..again });
    assert_eq!(database.stream(&read.name).await.expect("read it"), Some(made.clone()));
    let moved = StreamObject { organisation: two.theirs.clone(), ..made };
    refused(database.update_stream(&moved).await, CHANGED);
    assert_eq!(database.stream(&theirs.name).await.expect("read theirs"), Some(theirs));
}

async fn streams_are_listed_in_the_order_of_their_names(database: &dyn Database) {
    let two = Two::new(database).await;
    let in_order = ["list/A", "list/a", "list/a-b", "list/a.b", "list/a_b", "list/b", "list2/a"];
    for text in ["list/b", "list/a.b", "list/A", "list/a", "list2/a", "list/a_b", "list/a-b"] {
        database.create_stream(&stream(&two.ours, text)).await.expect("make a stream");
    }
    database.create_stream(&stream(&two.theirs, "list/aa")).await.expect("make a stream");
    let filter = only(&two.ours);
    let listed = database.streams(&filter, &Page::ALL).await.expect("list streams");
    let names: Vec<_> = listed.iter().map(|stream| stream.name.to_string()).collect();
    assert_eq!(names, in_order);
    let mut page = Page { after: None, limit: 3 };
    let mut paged = Vec::new();
    loop {
        let some = database.streams(&filter, &page).await.expect("list streams");
        assert!(some.len() <= 3, "{some:?}");
        let Some(last) = some.last() else { break };
        page.after = Some(last.name.to_string());
        paged.extend(some);
    }
    assert_eq!(paged, listed);
    let all = database.streams(&StreamFilter::default(), &Page::ALL).await.expect("list all");
    assert!(all.is_sorted_by(|a, b| a.name.as_str() < b.name.as_str()), "{all:?}");
    for text in ["list/aa", "list/b"] {
        assert!(all.iter().any(|stream| stream.name.as_str() == text), "{text}");
    }
}

async fn a_deleted_stream_is_gone_and_no_other(database: &dyn Database) {
    let two = Two::new(database).await;
    let (ours, theirs) = (stream(&two.ours, "gone/a"), stream(&two.theirs, "gone/b"));
    for new in [&ours, &theirs] {
        database.create_stream(new).await.expect("make a stream");
    }
    assert!(database.delete_stream(&ours.name).await.expect("delete it"));
    assert!(!database.delete_stream(&ours.name).await.expect("delete it again"));
    assert_eq!(database.stream(&ours.name).await.expect("read it"), None);
    refused(database.update_stream(&ours).await, CHANGED);
    assert_eq!(database.stream(&theirs.name).await.expect("read theirs"), Some(theirs));
    let theirs_now = StreamObject { organisation: two.theirs.clone(), ..ours };
    database.create_stream(&theirs_now).await.expect("another may have the name now");
}

async fn a_retired_stream_keeps_its_name_for_its_organisation(database: &dyn Database) {
    let two = Two::new(database).await;
    database.create_template(&template(&two.ours, "news")).await.expect("make a template");
    let (ours, theirs) = (full(&two.ours, "retired/a"), stream(&two.theirs, "retired/b"));
    let mut keys = Vec::new();
    for new in [&ours, &theirs] {
        database.create_stream(new).await.expect("make a stream");
        keys.push(database.create_stream_key(&stream_key(new)).await.expect("make a key"));
    }
    assert!(database.retire_stream(&ours.name, NOW_MS).await.expect("retire it"));
    assert!(!database.retire_stream(&ours.name, NOW_MS + 1).await.expect("retire it again"));
    let nobody = name("retired/nobody");
    assert!(!database.retire_stream(&nobody, NOW_MS).await.expect("retire nothing"));
    let retired = StreamObject { retired_at_ms: Some(NOW_MS), version: 2, ..ours.clone() };
    let read = database.stream(&ours.name).await.expect("read it");
    assert_eq!(read.as_ref(), Some(&retired));
    for (key, is_good) in keys.iter().zip([false, true]) {
        let found = database.publish_key(key.reveal()).await.expect("look a key up");
        assert_eq!(found.is_some(), is_good);
    }
    let filter = only(&two.ours);
    assert_eq!(database.streams(&filter, &Page::ALL).await.expect("list"), []);
    let filter = StreamFilter { with_retired: true, ..filter };
    assert_eq!(database.streams(&filter, &Page::ALL).await.expect("list"), [retired]);
    let read = database.stream(&theirs.name).await.expect("read theirs");
    assert_eq!(read.as_ref(), Some(&theirs));

    let policy = StreamPolicy { access: Access::Private, ..StreamPolicy::default() };
    let changed = StreamObject { policy, version: 2, ..ours.clone() };
    let changed = database.update_stream(&changed).await.expect("change it");
    assert_eq!((changed.retired_at_ms, changed.version), (Some(NOW_MS), 3));
    let taken = "a stream of this name is there already";
    refused(database.create_stream(&stream(&two.theirs, "retired/a")).await, taken);
    let new = StreamObject { created_at_ms: NOW_MS + 5, ..stream(&two.ours, "retired/a") };
    let made = database.create_stream(&new).await.expect("make it again");
    assert_eq!(made, StreamObject { version: 4, ..new.clone() });
    assert_eq!(database.stream(&new.name).await.expect("read it"), Some(made));
    refused(database.create_stream(&new).await, taken);
    assert!(database.retire_stream(&new.name, NOW_MS).await.expect("retire it"));
    assert!(database.delete_stream(&new.name).await.expect("delete it"));
    let theirs_now = stream(&two.theirs, "retired/a");
    database.create_stream(&theirs_now).await.expect("another may have the name now");
}

async fn templates_are_kept_by_organisation(database: &dyn Database) {
    let two = Two::new(database).await;
    let ours = Template { created_at_ms: NOW_MS - 5, ..template(&two.ours, "News – 新闻") };
    let theirs = template(&two.theirs, "News – 新闻");
    for new in [&ours, &theirs, &template(&two.ours, "a"), &template(&two.ours, "B")] {
        database.create_template(new).await.expect("make a template");
        let read = database.template(&new.organisation, &new.name).await.expect("read it");
        assert_eq!(read.as_ref(), Some(new));
    }
    let taken = "a template of this name is there already";
    refused(database.create_template(&template(&two.ours, "a")).await, taken);
    let nobody = template(&id(OrganisationId::new), "a");
    refused(database.create_template(&nobody).await, "there is no such organisation");
    let listed = database.templates(&two.ours).await.expect("list templates");
    let names: Vec<_> = listed.iter().map(|template| template.name.as_str()).collect();
    assert_eq!(names, ["B", "News – 新闻", "a"]);
    assert_eq!(database.template(&two.theirs, "a").await.expect("read none"), None);

    let policy = StreamPolicy { access: Access::Private, ..StreamPolicy::default() };
    let changed = Template { options: options(&[]), policy, ..ours.clone() };
    let made = database.update_template(&changed).await.expect("change it");
    assert_eq!(made, Template { version: 2, ..changed.clone() });
    let gone = "a template was changed or deleted by somebody else";
    refused(database.update_template(&changed).await, gone);
    let read = database.template(&two.ours, &ours.name).await.expect("read it");
    assert_eq!(read, Some(made));
    let read = database.template(&two.theirs, &theirs.name).await.expect("read theirs");
    assert_eq!(read.as_ref(), Some(&theirs));

    assert!(database.delete_template(&two.ours, &ours.name).await.expect("delete it"));
    assert!(!database.delete_template(&two.ours, &ours.name).await.expect("delete it again"));
    refused(database.update_template(&Template { version: 2, ..changed }).await, gone);
    let read = database.template(&two.theirs, &theirs.name).await.expect("read theirs");
    assert_eq!(read, Some(theirs));
}

async fn a_template_of_streams_stays(database: &dyn Database) {
    let two = Two::new(database).await;
    for organisation in [&two.ours, &two.theirs] {
        database.create_template(&template(organisation, "kept")).await.expect("make a template");
    }
    let with = StreamObject { template: Some("kept".into()), ..stream(&two.ours, "template/a") };
    database.create_stream(&with).await.expect("make a stream");
    let needed = "streams still need it";
    refused(database.delete_template(&two.ours, "kept").await, needed);
    assert!(database.delete_template(&two.theirs, "kept").await.expect("delete theirs"));
    database.delete_stream(&with.name).await.expect("delete the stream");
    assert!(database.delete_template(&two.ours, "kept").await.expect("delete ours"));
}
