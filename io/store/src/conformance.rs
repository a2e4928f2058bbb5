//! What every object store must do: the contract of [`ObjectStore`], made executable.

use bytes::Bytes;
use timeline::{ObjectKey, StreamName};

use crate::{ObjectStore, StoreError};

/// Puts a store to every test. It must be empty.
///
/// # Panics
///
/// When the store does not keep the contract.
pub async fn all(store: &dyn ObjectStore) {
    what_is_not_there_is_not_found(store).await;
    what_was_put_is_read_whole(store).await;
    a_reader_never_sees_half_an_object(store).await;
    putting_again_is_harmless(store).await;
    deleting_what_is_not_there_is_a_success(store).await;
    streams_with_similar_names_are_apart(store).await;
    a_file_is_adopted_and_goes(store).await;
    adopting_without_a_file_is_not_found(store).await;
    a_range_is_a_part_of_the_object(store).await;
    of_all_who_put_a_new_object_one_is_told_so(store).await;
    a_survey_tells_of_every_object_with_its_size_and_time(store).await;
    the_records_of_recordings_are_found_without_the_rest(store).await;
}

fn key(path: &str) -> ObjectKey {
    ObjectKey::parse(path).expect("the suite's keys are keys")
}

fn stream(name: &str) -> StreamName {
    StreamName::parse(name).expect("the suite's names are names")
}

async fn put(store: &dyn ObjectStore, path: &str, bytes: &'static [u8]) {
    store.put(&key(path), Bytes::from_static(bytes)).await.expect("put an object");
}

async fn check(store: &dyn ObjectStore, path: &str, expected: Option<&[u8]>) {
    let key = key(path);
    match (store.get(&key).await, expected) {
        (Ok(bytes), Some(expected)) => assert_eq!(bytes, expected, "{path}"),
        (Err(StoreError::NotFound { .. }), None) => {}
        (result, expected) => panic!("{path}: {result:?}, expected {expected:?}"),
    }
    let contains = store.contains(&key).await.expect("look for an object");
    assert_eq!(contains, expected.is_some(), "{path}");
    let listed = store.list(key.stream()).await.expect("list a stream").contains(&key);
    assert_eq!(listed, expected.is_some(), "{path}");
}

async fn what_is_not_there_is_not_found(store: &dyn ObjectStore) {
    check(store, "live/nobody/ts/1/0.ts", None).await;
    assert_eq!(store.list(&stream("live/nobody")).await.expect("list nothing"), []);
}

async fn what_was_put_is_read_whole(store: &dyn ObjectStore) {
    put(store, "live/put/ts/1/0.ts", b"bytes").await;
    check(store, "live/put/ts/1/0.ts", Some(b"bytes")).await;
    put(store, "live/put/ts/1/1.ts", b"").await;
    check(store, "live/put/ts/1/1.ts", Some(b"")).await;
    let large = Bytes::from(vec![0x47; 3 * 1_024 * 1_024]);
    let key = key("live/put/ts/2/2.ts");
    store.put(&key, large.clone()).await.expect("put three megabytes");
    assert_eq!(store.get(&key).await.expect("get three megabytes"), large);
    // The parts of a key tell objects apart, each of them.
    check(store, "live/put/ts/2/0.ts", None).await;
    check(store, "live/put/ts-v1/1/0.ts", None).await;
}

async fn a_reader_never_sees_half_an_object(store: &dyn ObjectStore) {
    let large = Bytes::from(vec![0x47; 4 * 1_024 * 1_024]);
    for number in 0..4 {
        let key = key(&format!("live/half/ts/1/{number}.ts"));
        let write = async {
            // The second one finds the first, and must not spoil it meanwhile.
            for _ in 0..2 {
                store.put(&key, large.clone()).await.expect("put four megabytes");
            }
        };
        let read = async {
            loop {
                match store.get(&key).await {
                    Ok(bytes) => assert!(bytes == large, "{} bytes", bytes.len()),
                    Err(StoreError::NotFound { .. }) => {}
                    Err(error) => panic!("get an object that is being put: {error}"),
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            () = write => {}
            () = read => {}
        }
        assert!(store.get(&key).await.expect("get four megabytes") == large);
    }
}

async fn putting_again_is_harmless(store: &dyn ObjectStore) {
    put(store, "live/again/ts/1/0.ts", b"bytes").await;
    put(store, "live/again/ts/1/0.ts", b"bytes").await;
    check(store, "live/again/ts/1/0.ts", Some(b"bytes")).await;
    assert_eq!(store.list(&stream("live/again")).await.expect("list").len(), 1);
}

async fn deleting_what_is_not_there_is_a_success(store: &dyn ObjectStore) {
    put(store, "live/delete/ts/1/0.ts", b"a").await;
    put(store, "live/delete/ts/1/1.ts", b"b").await;
    let gone = key("live/delete/ts/1/0.ts");
    for _ in 0..2 {
        store.delete(&gone).await.expect("delete an object, and nothing");
        check(store, "live/delete/ts/1/0.ts", None).await;
        check(store, "live/delete/ts/1/1.ts", Some(b"b")).await;
    }
}

async fn streams_with_similar_names_are_apart(store: &dyn ObjectStore) {
    let names = ["live/a", "live/a.b", "live/A", "live2/a", "live/a-b_c"];
    for name in names {
        put(store, &format!("{name}/ts/1/10.ts"), b"ten").await;
        put(store, &format!("{name}/ts/1/9.ts"), b"nine").await;
        put(store, &format!("{name}/alt/1/9.ts"), b"other").await;
    }
    for name in names {
        let expected = ["alt/1/9.ts", "ts/1/9.ts", "ts/1/10.ts"];
        let expected = expected.map(|rest| key(&format!("{name}/{rest}")));
        let mut listed = store.list(&stream(name)).await.expect("list a stream");
        assert!(listed.is_sorted(), "{listed:?}");
        listed.sort_unstable();
        assert_eq!(listed, expected, "{name}");
    }
}

async fn a_file_is_adopted_and_goes(store: &dyn ObjectStore) {
    let file = spooled("adopt");
    tokio::fs::write(&file, b"spooled").await.expect("write a file");
    let key = key("live/adopt/ts/1/0.ts");
    store.adopt(&key, &file).await.expect("adopt a file");
    check(store, "live/adopt/ts/1/0.ts", Some(b"spooled")).await;
    assert!(!file.exists(), "the file is still there");
    // A spool that was found after a crash may have what the store has already.
    tokio::fs::write(&file, b"spooled").await.expect("write a file");
    store.adopt(&key, &file).await.expect("adopt it again");
    check(store, "live/adopt/ts/1/0.ts", Some(b"spooled")).await;
    assert!(!file.exists(), "the file is still there");
}

async fn adopting_without_a_file_is_not_found(store: &dyn ObjectStore) {
    let result = store.adopt(&key("live/nofile/ts/1/0.ts"), &spooled("nofile")).await;
    assert!(matches!(result, Err(StoreError::NotFound { .. })), "{result:?}");
    check(store, "live/nofile/ts/1/0.ts", None).await;
}

async fn a_range_is_a_part_of_the_object(store: &dyn ObjectStore) {
    let (there, nowhere) = (key("live/range/ts/1/0.ts"), key("live/range/ts/1/1.ts"));
    put(store, "live/range/ts/1/0.ts", b"0123456789").await;
    let ranges = [(0..10, "0123456789"), (0..1, "0"), (3..5, "34"), (8..20, "89")];
    for (range, expected) in ranges.into_iter().chain([(10..12, ""), (30..40, ""), (4..4, "")]) {
        let bytes = store.get_range(&there, range.clone()).await.expect("get a range");
        assert_eq!(bytes, expected, "{range:?}");
    }
    assert_eq!(store.length(&there).await.expect("the length"), 10);
    let missing = store.get_range(&nowhere, 0..1).await;
    assert!(matches!(missing, Err(StoreError::NotFound { .. })), "{missing:?}");
    let missing = store.length(&nowhere).await;
    assert!(matches!(missing, Err(StoreError::NotFound { .. })), "{missing:?}");
}

async fn of_all_who_put_a_new_object_one_is_told_so(store: &dyn ObjectStore) {
    let key = key("live/new/recordings/a/1.json");
    let (first, second) = (Bytes::from_static(b"first"), Bytes::from_static(b"second"));
    let both = tokio::join!(store.put_new(&key, first), store.put_new(&key, second));
    let told = (both.0.expect("put a new one"), both.1.expect("put a new one"));
    assert!(told.0 != told.1, "{told:?}");
    let expected: &[u8] = if told.0 { b"first" } else { b"second" };
    check(store, "live/new/recordings/a/1.json", Some(expected)).await;
    assert!(!store.put_new(&key, Bytes::new()).await.expect("put what is there"));
    check(store, "live/new/recordings/a/1.json", Some(expected)).await;
    store.delete(&key).await.expect("delete");
    assert!(store.put_new(&key, Bytes::new()).await.expect("put it anew"));
}

async fn a_survey_tells_of_every_object_with_its_size_and_time(store: &dyn ObjectStore) {
    let names = ["ts/1/0.ts", "ts/1/init-0.mp4", "ts/page-0.m3u8", "recordings/a/1.json"];
    for name in names {
        put(store, &format!("live/survey/{name}"), b"bytes").await;
    }
    put(store, "live/survey2/ts/1/0.ts", b"bytes").await;
    // More than are told of at a time.
    for number in 1..1_100 {
        put(store, &format!("live/survey/ts/1/{number}.ts"), b"b").await;
    }
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now_ms = i64::try_from(now.expect("a clock").as_millis()).expect("a time");
    let (mut survey, mut found) = (store.survey(&stream("live/survey")), Vec::new());
    while let Some(portion) = survey.recv().await {
        found.extend(portion.expect("a portion"));
    }
    assert_eq!(found.len(), names.len() + 1_099);
    for name in names {
        let key = key(&format!("live/survey/{name}"));
        let object = found.iter().find(|object| object.key == key).expect(name);
        assert_eq!(object.bytes, 5, "{name}");
        assert!((now_ms - object.modified_ms).abs() < 600_000, "{object:?} at {now_ms}");
    }
    let nothing = store.survey(&stream("live/no-survey")).recv().await;
    let is_nothing = match &nothing {
        None => true,
        Some(portion) => portion.as_ref().is_ok_and(Vec::is_empty),
    };
    assert!(is_nothing, "{nothing:?}");
}

async fn the_records_of_recordings_are_found_without_the_rest(store: &dyn ObjectStore) {
    for name in ["recordings/b/1.json", "recordings/a/10.json", "recordings/a/2.json"] {
        put(store, &format!("live/records/{name}"), b"{}").await;
    }
    put(store, "live/records/ts/1/0.ts", b"bytes").await;
    put(store, "live/records2/recordings/c/1.json", b"{}").await;
    let records = store.records(&stream("live/records")).await.expect("the records");
    let records: Vec<_> = records.into_iter().map(|key| ObjectKey::Recording(key).path()).collect();
    let expected = ["recordings/a/2.json", "recordings/a/10.json", "recordings/b/1.json"];
    assert_eq!(records, expected.map(|name| format!("live/records/{name}")));
    let none = store.records(&stream("live/no-records")).await.expect("no records");
    assert!(none.is_empty(), "{}", none.len());
}

/// A path for a file that no other run of this suite uses.
fn spooled(name: &str) -> std::path::PathBuf {
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
    static RUNS: AtomicU32 = AtomicU32::new(0);
    let (process, run) = (std::process::id(), RUNS.fetch_add(1, Relaxed));
    std::env::temp_dir().join(format!("weir-conformance-{process}-{run}-{name}"))
}
