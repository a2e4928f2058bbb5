//! Stream keys.

use accounts::{KeyId, OrganisationId, StreamKeyRecord, StreamObject};

use super::records::{id, stream, stream_key};
use super::{NOW_MS, Two, refused};
use crate::{Database, StreamKey};

const MISSING: &str = "there is no such stream, user or device";

pub(super) async fn all(database: &dyn Database) {
    a_key_opens_its_stream_and_no_other(database).await;
    no_text_but_the_key_is_the_key(database).await;
    a_key_refers_to_nothing_of_another_organisation(database).await;
    a_new_key_is_as_the_one_that_it_replaces(database).await;
    two_may_replace_keys_at_the_same_time(database).await;
    a_key_is_revoked_once_and_used_ever_later(database).await;
    keys_go_with_their_stream(database).await;
}

/// A stream of each organisation, named after the test.
async fn streams(database: &dyn Database, test: &str) -> [StreamObject; 2] {
    let two = Two::new(database).await;
    let streams = [
        stream(&two.ours, &format!("{test}/ours")),
        stream(&two.theirs, &format!("{test}/theirs")),
    ];
    for new in &streams {
        database.create_stream(new).await.expect("make a stream");
    }
    streams
}

async fn make(database: &dyn Database, record: &StreamKeyRecord) -> StreamKey {
    let key = database.create_stream_key(record).await.expect("make a key");
    assert_eq!(database.reveal_stream_key(&record.id), key);
    let read = database.stream_key_record(&record.id).await.expect("read a key");
    assert_eq!(read.as_ref(), Some(record));
    key
}

/// Which key a text is.
async fn check(database: &dyn Database, text: &str, expected: Option<&StreamKeyRecord>) {
    let found = database.publish_key(text).await.expect("look a key up");
    assert_eq!(found.map(|found| found.key).as_ref(), expected);
}

async fn a_key_opens_its_stream_and_no_other(database: &dyn Database) {
    let [ours, theirs] = streams(database, "opens").await;
    let record = StreamKeyRecord {
        label: "Truck 3 – 卫星".to_owned(),
        addresses: ["192.0.2.0/24", "2001:db8::1/128"]
            .map(|text| text.parse().expect("the suite's addresses are some"))
            .to_vec(),
        expires_at_ms: Some(NOW_MS + 5),
        last_used_ms: Some(NOW_MS + 1),
        ..stream_key(&ours)
    };
    let key = make(database, &record).await;
    let older = StreamKeyRecord { created_at_ms: NOW_MS - 1, ..stream_key(&ours) };
    let old = make(database, &older).await;
    let theirs_record = stream_key(&theirs);
    let other = make(database, &theirs_record).await;
    assert!(key != other && key != old, "two keys are one");
    for (key, record, stream) in
        [(&key, &record, &ours), (&old, &older, &ours), (&other, &theirs_record, &theirs)]
    {
        let found = database.publish_key(key.reveal()).await.expect("look a key up");
        let found = found.expect("it is a key");
        assert_eq!((&found.key, &found.stream), (record, stream));
        assert_eq!((found.user, found.device), (None, None));
    }
    let listed = database.stream_keys(&ours.name).await.expect("list keys");
    assert_eq!(listed, [older, record.clone()]);
    let listed = database.stream_keys(&theirs.name).await.expect("list keys");
    assert_eq!(listed, [theirs_record]);
    refused(
        database.create_stream_key(&record).await,
        "a stream key of this name is there already",
    );
}

async fn no_text_but_the_key_is_the_key(database: &dyn Database) {
    let [ours, _] = streams(database, "text").await;
    let key = make(database, &stream_key(&ours)).await;
    let key = key.reveal();
    let safe = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    assert!(key.chars().all(safe), "a key has a character that is not safe everywhere");
    for text in [
        "",
        "text/ours",
        "' OR 1 = 1 --\0",
        &key.to_uppercase(),
        &format!("{key} "),
        &format!("{key}{key}"),
        &key.repeat(3_000),
        &key.chars().skip(1).collect::<String>(),
    ] {
        check(database, text, None).await;
    }
}

async fn a_key_refers_to_nothing_of_another_organisation(database: &dyn Database) {
    let [ours, theirs] = streams(database, "of").await;
    let nowhere = stream_key(&stream(&ours.organisation, "of/nobody"));
    refused(database.create_stream_key(&nowhere).await, MISSING);
    let nobody = StreamKeyRecord { organisation: id(OrganisationId::new), ..stream_key(&ours) };
    refused(database.create_stream_key(&nobody).await, MISSING);
    let mixed = StreamKeyRecord { organisation: theirs.organisation.clone(), ..stream_key(&ours) };
    refused(database.create_stream_key(&mixed).await, MISSING);
    for stream in [&ours, &theirs] {
        assert_eq!(database.stream_keys(&stream.name).await.expect("list keys"), []);
    }
    let none = database.stream_key_record(&id(KeyId::new)).await.expect("read none");
    assert_eq!(none, None);
}

async fn a_new_key_is_as_the_one_that_it_replaces(database: &dyn Database) {
    let [ours, theirs] = streams(database, "rotate").await;
    let others = stream_key(&theirs);
    let other = make(database, &others).await;
    let record = StreamKeyRecord {
        label: "Truck 3".to_owned(),
        addresses: vec!["192.0.2.7/32".parse().expect("an address")],
        last_used_ms: Some(NOW_MS + 1),
        ..stream_key(&ours)
    };
    let old = make(database, &record).await;
    let new_id = id(KeyId::new);
    let (now, end) = (NOW_MS + 1_000, NOW_MS + 61_000);
    let made = database.rotate_stream_key(&record.id, &new_id, now, end).await;
    let (new_record, new) = made.expect("replace a key");
    let expected = StreamKeyRecord {
        id: new_id.clone(),
        created_at_ms: now,
        last_used_ms: None,
        ..record.clone()
    };
    assert_eq!(new_record, expected);
    assert!(new != old, "a key came back");
    check(database, new.reveal(), Some(&expected)).await;
    let ending = StreamKeyRecord { expires_at_ms: Some(end), ..record.clone() };
    check(database, old.reveal(), Some(&ending)).await;

    // It ended before, or ends earlier now.
    for (again, expected) in [(end + 1, end), (now, now)] {
        let made = database.rotate_stream_key(&record.id, &id(KeyId::new), now, again).await;
        made.expect("replace it again");
        let ended = StreamKeyRecord { expires_at_ms: Some(expected), ..record.clone() };
        check(database, old.reveal(), Some(&ended)).await;
    }
    let nobody = database.rotate_stream_key(&id(KeyId::new), &id(KeyId::new), now, end).await;
    refused(nobody, "there is no such stream key");
    // A new key that cannot be kept leaves the old one as it is.
    let taken = database.rotate_stream_key(&new_id, &others.id, now, end).await;
    refused(taken, "a stream key of this name is there already");
    check(database, new.reveal(), Some(&new_record)).await;
    check(database, other.reveal(), Some(&others)).await;
    assert_eq!(database.stream_keys(&ours.name).await.expect("list keys").len(), 4);
}

async fn two_may_replace_keys_at_the_same_time(database: &dyn Database) {
    let streams = streams(database, "replace").await;
    for round in 0..4 {
        let [ours, theirs] = streams.each_ref().map(stream_key);
        let [one, other, third] = [(); 3].map(|()| id(KeyId::new));
        let (old, theirs_old) = (make(database, &ours).await, make(database, &theirs).await);
        let (end, now) = (NOW_MS + 10, NOW_MS + 5);
        let (a, b, c) = tokio::join!(
            database.rotate_stream_key(&ours.id, &one, now, end),
            database.rotate_stream_key(&ours.id, &other, now, end),
            database.rotate_stream_key(&theirs.id, &third, now, end + 1)
        );
        for (made, stream) in [(a, &ours), (b, &ours), (c, &theirs)] {
            let (record, key) = made.unwrap_or_else(|error| panic!("round {round}: {error}"));
            assert_eq!(record.stream, stream.stream);
            check(database, key.reveal(), Some(&record)).await;
        }
        for (key, record, end) in [(old, ours, end), (theirs_old, theirs, end + 1)] {
            let ending = StreamKeyRecord { expires_at_ms: Some(end), ..record };
            check(database, key.reveal(), Some(&ending)).await;
        }
    }
}

async fn a_key_is_revoked_once_and_used_ever_later(database: &dyn Database) {
    let [ours, theirs] = streams(database, "revoke").await;
    let (record, others) = (stream_key(&ours), stream_key(&theirs));
    let (key, other) = (make(database, &record).await, make(database, &others).await);
    for (at_ms, expected) in [(NOW_MS + 7, NOW_MS + 7), (NOW_MS + 3, NOW_MS + 7)] {
        database.touch_stream_key(&record.id, at_ms).await.expect("note a use");
        let used = StreamKeyRecord { last_used_ms: Some(expected), ..record.clone() };
        check(database, key.reveal(), Some(&used)).await;
    }
    let (one, two) = tokio::join!(
        database.revoke_stream_key(&record.id, NOW_MS + 8),
        database.revoke_stream_key(&record.id, NOW_MS + 8)
    );
    assert!(one.expect("revoke a key") != two.expect("revoke a key"), "both revoked it");
    assert!(!database.revoke_stream_key(&record.id, NOW_MS + 9).await.expect("revoke it again"));
    assert!(!database.revoke_stream_key(&id(KeyId::new), NOW_MS).await.expect("revoke none"));
    let revoked = StreamKeyRecord {
        last_used_ms: Some(NOW_MS + 7),
        revoked_at_ms: Some(NOW_MS + 8),
        ..record
    };
    check(database, key.reveal(), Some(&revoked)).await;
    check(database, other.reveal(), Some(&others)).await;
}

async fn keys_go_with_their_stream(database: &dyn Database) {
    let [ours, theirs] = streams(database, "go").await;
    let (record, others) = (stream_key(&ours), stream_key(&theirs));
    let (key, other) = (make(database, &record).await, make(database, &others).await);
    assert!(database.delete_stream(&ours.name).await.expect("delete a stream"));
    check(database, key.reveal(), None).await;
    check(database, other.reveal(), Some(&others)).await;
    // Nor does another stream of that name get the key back.
    let again = StreamObject { organisation: theirs.organisation, ..ours };
    database.create_stream(&again).await.expect("make it again");
    check(database, key.reveal(), None).await;
}
