mod indexes;
mod migrations;

use std::path::PathBuf;

use accounts::{
    KeyId, Organisation, OrganisationId, StreamKeyRecord, StreamObject, StreamPolicy, TrustedKey,
    TrustedKeyId, TrustedKind,
};
use timeline::StreamName;
use tokio::task::JoinSet;

use super::*;
use crate::{Organisations, StreamKey, StreamKeys, Streams, Trust};

struct Fixture {
    folder: tempfile::TempDir,
}

impl Fixture {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("data/weir.db")
    }

    fn url(&self) -> DatabaseUrl {
        DatabaseUrl::Sqlite(self.file())
    }

    async fn open(&self) -> SqlDatabase {
        SqlDatabase::open(&self.url(), None).await.unwrap()
    }
}

async fn run(database: &SqlDatabase, text: &'static str) {
    database.engine.run(crate::engine::sql(text)).await.unwrap();
}

/// An organisation with the stream `live/a` and a key of it.
async fn key(database: &SqlDatabase) -> (KeyId, StreamKey) {
    let id = OrganisationId::new(1, [7; 10]);
    let new = Organisation { id: id.clone(), name: "A".into(), created_at_ms: 1, version: 1 };
    database.create_organisation(&new).await.unwrap();
    let stream = StreamObject {
        name: StreamName::parse("live/a").unwrap(),
        organisation: id,
        owner: None,
        title: String::new(),
        template: None,
        options: serde_json::Map::new(),
        policy: StreamPolicy::default(),
        password: None,
        retired_at_ms: None,
        created_at_ms: 1,
        version: 1,
    };
    database.create_stream(&stream).await.unwrap();
    let key = StreamKeyRecord {
        id: KeyId::new(1, [8; 10]),
        stream: stream.name,
        organisation: stream.organisation,
        label: String::new(),
        user: None,
        device: None,
        addresses: Vec::new(),
        created_at_ms: 1,
        expires_at_ms: None,
        last_used_ms: None,
        revoked_at_ms: None,
    };
    let made = database.create_stream_key(&key).await.unwrap();
    (key.id, made)
}

fn trusted_key(material: &[u8]) -> TrustedKey {
    TrustedKey {
        id: TrustedKeyId::new(1, [9; 10]),
        organisation: None,
        name: "A".into(),
        kind: TrustedKind::Path,
        material: material.to_vec(),
        created_at_ms: 1,
        expires_at_ms: None,
        revoked_at_ms: None,
    }
}

#[tokio::test]
async fn a_file_conforms() {
    crate::conformance::all(&Fixture::new().open().await).await;
}

#[tokio::test]
async fn a_second_process_sees_and_changes_the_same() {
    let fixture = Fixture::new();
    let (server, command) = (fixture.open().await, fixture.open().await);
    let (id, key) = key(&server).await;
    assert_eq!(command.publish_key(key.reveal()).await.unwrap().unwrap().key.id, id);
    assert!(command.revoke_stream_key(&id, 2).await.unwrap());
    let found = server.publish_key(key.reveal()).await.unwrap().unwrap();
    assert_eq!(found.key.revoked_at_ms, Some(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_processes_may_start_at_once() {
    for _ in 0..5 {
        let fixture = Fixture::new();
        let mut processes = JoinSet::new();
        for _ in 0..8 {
            let url = fixture.url();
            processes.spawn(async move {
                let database = SqlDatabase::open(&url, None).await.unwrap();
                let key = database.reveal_stream_key(&KeyId::new(1, [8; 10]));
                key.reveal().to_owned()
            });
        }
        let keys = processes.join_all().await;
        assert!(keys.iter().all(|key| *key == keys[0]), "they have more than one root");
    }
}

#[tokio::test]
async fn a_database_that_is_opened_again_has_the_same_keys() {
    let fixture = Fixture::new();
    let (_, key) = key(&fixture.open().await).await;
    assert!(fixture.open().await.publish_key(key.reveal()).await.unwrap().is_some());
}

#[tokio::test]
async fn neither_the_files_nor_errors_nor_debug_have_the_key() {
    let fixture = Fixture::new();
    let database = fixture.open().await;
    let (_, key) = key(&database).await;
    let trusted = b"the secret of a trusted key";
    database.create_trusted_key(&trusted_key(trusted)).await.unwrap();
    let secret = key.reveal().trim_start_matches("weir_").as_bytes();
    for entry in std::fs::read_dir(fixture.file().parent().unwrap()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        for secret in [secret, trusted] {
            let found = bytes.windows(secret.len()).any(|window| window == secret);
            assert!(!found, "{} has a secret", path.display());
        }
    }
    run(&database, "DROP TABLE stream_keys").await;
    let error = database.publish_key(key.reveal()).await.unwrap_err();
    let printed = format!("{error} {error:?} {database:?}");
    assert!(!printed.contains(key.reveal()), "{printed}");
    assert!(error.is_temporary(), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn only_its_owner_may_read_the_database() {
    use std::os::unix::fs::PermissionsExt;
    let fixture = Fixture::new();
    let database = fixture.open().await;
    key(&database).await;
    for entry in std::fs::read_dir(fixture.file().parent().unwrap()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.file_name());
    }
}

#[tokio::test]
async fn a_damaged_root_secret_is_named() {
    let fixture = Fixture::new();
    run(&fixture.open().await, "UPDATE secrets SET value = x'00'").await;
    let error = SqlDatabase::open(&fixture.url(), None).await.unwrap_err();
    let text = "the root secret in the database cannot be used: it has 1 bytes, not 32";
    assert_eq!(error.to_string(), text);
    assert!(!error.is_temporary());
}

#[tokio::test]
async fn a_database_keeps_to_the_root_secret_that_it_was_made_with() {
    let (one, other) = (Some(&b"one secret"[..]), Some(&b"another secret"[..]));
    let cannot = "the root secret in the database cannot be used: the database ";
    for (made, opened, expected) in [
        (None, None, ""),
        (one, one, ""),
        (one, other, "was made with another one than the configuration's"),
        (one, None, "was made with one that the configuration lacks"),
        (None, one, "has its own, so the configuration must have none"),
    ] {
        let fixture = Fixture::new();
        let first = SqlDatabase::open(&fixture.url(), made).await.unwrap();
        let (id, key) = key(&first).await;
        match SqlDatabase::open(&fixture.url(), opened).await {
            Ok(again) => {
                assert_eq!(expected, "");
                assert_eq!(again.reveal_stream_key(&id), key);
            }
            Err(error) => assert_eq!(error.to_string(), format!("{cannot}{expected}")),
        }
    }
}

#[tokio::test]
async fn a_sealed_secret_is_no_other_keys() {
    let fixture = Fixture::new();
    let database = fixture.open().await;
    key(&database).await;
    database.create_trusted_key(&trusted_key(b"secret")).await.unwrap();
    assert_eq!(database.trusted_keys(None).await.unwrap()[0].material, b"secret");
    run(&database, "UPDATE trusted_keys SET organisation = (SELECT id FROM organisations)").await;
    let error = database.trusted_keys(None).await.unwrap_err();
    let text = "a trusted key in the database cannot be used: \
                tru_000000000114gj28a154gj28a1 was sealed with another root secret, or changed";
    assert_eq!(
        error.to_string(),
        text.replace("tru_000000000114gj28a154gj28a1", TrustedKeyId::new(1, [9; 10]).as_str())
    );
}
