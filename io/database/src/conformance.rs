//! What every database must do: the contract of [`Database`], made executable.

use timeline::StreamName;

use crate::{Created, Database, StreamKey};

/// Puts a database to every test. It must be empty.
///
/// # Panics
///
/// When the database does not keep the contract.
pub async fn all(database: &dyn Database) {
    what_is_not_registered_has_no_key(database).await;
    a_stream_is_registered_once_and_keeps_its_key(database).await;
    a_key_is_of_one_stream_only(database).await;
    a_new_key_revokes_the_old_one(database).await;
    no_text_but_the_key_is_the_key(database).await;
    streams_are_listed_in_order(database).await;
}

fn stream(name: &str) -> StreamName {
    StreamName::parse(name).expect("the suite's names are names")
}

async fn key(database: &dyn Database, name: &str) -> StreamKey {
    let created = database.create_stream(&stream(name)).await.expect("register a stream");
    assert_eq!(created, Created::New, "{name}");
    let key = database.stream_key(&stream(name)).await.expect("read a key");
    key.expect("a registered stream has a key")
}

/// Which stream a text is the key of.
async fn check(database: &dyn Database, text: &str, expected: Option<&str>) {
    let found = database.stream_of_key(text).await.expect("look a key up");
    assert_eq!(found.as_ref().map(StreamName::as_str), expected);
    for name in ["live/once", "live/other"] {
        let matches = database.key_matches(&stream(name), text).await.expect("look a key up");
        assert_eq!(matches, expected == Some(name), "{name}");
    }
}

async fn what_is_not_registered_has_no_key(database: &dyn Database) {
    let nobody = stream("live/nobody");
    assert_eq!(database.streams().await.expect("list nothing"), []);
    assert_eq!(database.stream_key(&nobody).await.expect("read no key"), None);
    assert_eq!(database.rotate_stream_key(&nobody).await.expect("replace no key"), None);
    check(database, "", None).await;
    check(database, "live/nobody", None).await;
}

async fn a_stream_is_registered_once_and_keeps_its_key(database: &dyn Database) {
    let first = key(database, "live/once").await;
    let again = database.create_stream(&stream("live/once")).await.expect("register it again");
    assert_eq!(again, Created::Exists);
    let second = database.stream_key(&stream("live/once")).await.expect("read the key again");
    assert_eq!(second, Some(first));
}

async fn a_key_is_of_one_stream_only(database: &dyn Database) {
    let other = key(database, "live/other").await;
    let once = database.stream_key(&stream("live/once")).await.expect("read a key");
    let once = once.expect("a registered stream has a key");
    assert!(once != other, "two streams have one key");
    check(database, once.reveal(), Some("live/once")).await;
    check(database, other.reveal(), Some("live/other")).await;
}

async fn a_new_key_revokes_the_old_one(database: &dyn Database) {
    let name = stream("live/rotated");
    let mut revoked = vec![key(database, "live/rotated").await];
    for _ in 0..3 {
        let new = database.rotate_stream_key(&name).await.expect("replace a key");
        let new = new.expect("a registered stream has a key");
        assert!(!revoked.contains(&new), "a key came back");
        check(database, new.reveal(), Some("live/rotated")).await;
        let read = database.stream_key(&name).await.expect("read a key");
        assert_eq!(read.as_ref(), Some(&new));
        for old in &revoked {
            check(database, old.reveal(), None).await;
        }
        revoked.push(new);
    }
}

async fn no_text_but_the_key_is_the_key(database: &dyn Database) {
    let key = database.stream_key(&stream("live/once")).await.expect("read a key");
    let key = key.expect("a registered stream has a key");
    let key = key.reveal();
    let safe = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    assert!(key.chars().all(safe), "a key has a character that is not safe everywhere");
    check(database, &key.to_uppercase(), None).await;
    check(database, &format!("{key} "), None).await;
    check(database, &format!("{key}{key}"), None).await;
    check(database, &key.repeat(3_000), None).await;
    check(database, &key.chars().skip(1).collect::<String>(), None).await;
    check(database, "' OR 1 = 1 --\0", None).await;
}

async fn streams_are_listed_in_order(database: &dyn Database) {
    for name in ["live/b", "live/a.b", "live/A", "live/a", "live2/a"] {
        key(database, name).await;
    }
    let listed = database.streams().await.expect("list the streams");
    assert!(listed.is_sorted_by(|a, b| a.name < b.name), "{listed:?}");
    assert!(listed.iter().all(|stream| stream.created_at_ms > 1_700_000_000_000), "{listed:?}");
    assert_eq!(listed.len(), 8);
}
