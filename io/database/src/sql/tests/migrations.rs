//! Tables of this version from those of earlier ones.

use std::borrow::Cow;

use sqlx::migrate::{Migration, MigrationType};

use super::*;
use crate::{Page, StreamFilter};

/// Of the first version, reckoned by another program: the key and hash of the id
/// `00112233445566778899aabbccddeeff` with the root secret of the bytes 0 to 31.
const KEY: &str = "weir_f2sgnvs2g3kftxpiom4bxieygp";
const OLD_DATA: [&str; 4] = [
    "INSERT INTO secrets VALUES ('root', \
     x'000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f')",
    "INSERT INTO streams VALUES (1, 'live/a', 1700000000001), (5, 'tv/b', 1700000000000)",
    "INSERT INTO stream_keys VALUES ('00112233445566778899aabbccddeeff', 1, \
     'b95bae8df0d4164086d940dff6ebad7806bb7e64932901f961eca994c994c1d9', 1700000000002, NULL)",
    "INSERT INTO stream_keys VALUES \
     ('ffeeddccbbaa99887766554433221100', 1, 'revoked', 1700000000001, 1700000000002), \
     ('80000000000000000000000000000001', 5, 'other', 1700000000001, NULL)",
];

/// The first tables only.
fn first(count: usize) -> Migrator {
    Migrator::with_migrations(SQLITE.iter().take(count).cloned().collect())
}

/// These tables, and then a migration.
fn then(text: &'static str) -> Migrator {
    let kind = MigrationType::Simple;
    let name = Cow::Borrowed("next");
    let next = Migration::new(99, name, kind, sqlx::SqlStr::from_static(text), false);
    Migrator::with_migrations(SQLITE.iter().cloned().chain([next]).collect())
}

async fn old(fixture: &Fixture, data: &[&'static str]) -> Engine {
    let engine = open_file(&fixture.file(), &first(1)).await.unwrap();
    for text in data {
        engine.run(crate::engine::sql(text)).await.unwrap();
    }
    engine
}

/// What a first-version program finds in its tables.
async fn check_old(engine: &Engine) {
    let text = "SELECT streams.name FROM stream_keys JOIN streams ON streams.id = stream_id \
                WHERE hash = $1 AND revoked_at_ms IS NULL";
    let hash = "b95bae8df0d4164086d940dff6ebad7806bb7e64932901f961eca994c994c1d9";
    let row = engine.first(crate::engine::sql(text).bind(hash)).await.unwrap().unwrap();
    assert_eq!(row.get::<String>(0).unwrap(), "live/a");
}

#[tokio::test]
async fn streams_of_the_first_version_are_of_the_default_organisation_and_keep_their_keys() {
    let fixture = Fixture::new();
    old(&fixture, &OLD_DATA).await;
    for _ in 0..2 {
        let database = fixture.open().await;
        let organisations = database.organisations().await.unwrap();
        let [organisation] = organisations.as_slice() else { panic!("{organisations:?}") };
        assert_eq!(organisation.name, "default");
        assert_eq!(organisation.created_at_ms, 1_700_000_000_000);
        let found = database.publish_key(KEY).await.unwrap().unwrap();
        assert_eq!((found.key.revoked_at_ms, found.key.expires_at_ms), (None, None));
        assert_eq!(found.key.organisation, organisation.id);
        assert_eq!(found.stream.created_at_ms, 1_700_000_000_001);
        assert_eq!(database.reveal_stream_key(&found.key.id).reveal(), KEY);
        let all = StreamFilter {
            organisation: Some(organisation.id.clone()),
            owner: None,
            ..StreamFilter::default()
        };
        let streams = database.streams(&all, &Page::ALL).await.unwrap();
        let names: Vec<_> = streams.iter().map(|stream| stream.name.as_str()).collect();
        assert_eq!(names, ["live/a", "tv/b"]);
        let keys = database.stream_keys(&found.stream.name).await.unwrap();
        let revoked: Vec<_> = keys.iter().map(|key| key.revoked_at_ms).collect();
        assert_eq!(revoked, [Some(1_700_000_000_002), None]);
        let keys = database.stream_keys(&streams[1].name).await.unwrap();
        assert_eq!(keys[0].id.as_str(), "key_m0000000000000000000000001");
    }
}

#[tokio::test]
async fn a_first_version_without_streams_has_no_organisation() {
    let fixture = Fixture::new();
    old(&fixture, &[OLD_DATA[0]]).await;
    let database = fixture.open().await;
    assert_eq!(database.organisations().await.unwrap(), []);
    crate::conformance::all(&database).await;
}

#[tokio::test]
async fn a_change_of_tables_that_fails_leaves_those_before_it() {
    let fixture = Fixture::new();
    let engine = old(&fixture, &OLD_DATA).await;
    // In the way of one of the last statements.
    engine.run(crate::engine::sql("CREATE TABLE trusted_keys (id TEXT)")).await.unwrap();
    let error = SqlDatabase::open(&fixture.url(), None).await.unwrap_err();
    assert!(error.to_string().contains("trusted_keys already exists"), "{error}");
    check_old(&engine).await;
    check_old(&open_file(&fixture.file(), &first(1)).await.unwrap()).await;
    engine.run(crate::engine::sql("DROP TABLE trusted_keys")).await.unwrap();
    let database = fixture.open().await;
    assert!(database.publish_key(KEY).await.unwrap().is_some());

    let next = then(
        "CREATE TABLE half (id TEXT) STRICT; DROP TABLE sessions; \
         INSERT INTO nowhere VALUES (1);",
    );
    let error = open_file(&fixture.file(), &next).await.unwrap_err();
    assert!(error.to_string().contains("no such table: nowhere"), "{error}");
    let database = fixture.open().await;
    assert!(database.publish_key(KEY).await.unwrap().is_some());
    crate::conformance::all(&database).await;
    let half = crate::engine::sql("SELECT name FROM sqlite_schema WHERE name = 'half'");
    assert!(database.engine.first(half).await.unwrap().is_none());
}

#[tokio::test]
async fn tables_of_an_unknown_version_are_left_alone() {
    let cannot = "the schema in the database cannot be used: it was made by";
    for (change, expected) in [
        ("UPDATE _sqlx_migrations SET version = 99 WHERE version = 2", "a later version"),
        ("UPDATE _sqlx_migrations SET checksum = x'00' WHERE version = 2", "a version"),
    ] {
        let fixture = Fixture::new();
        run(&fixture.open().await, change).await;
        let error = SqlDatabase::open(&fixture.url(), None).await.unwrap_err();
        assert!(error.to_string().starts_with(&format!("{cannot} {expected} of")), "{error}");
        assert!(!error.is_temporary(), "{error}");
    }
}
