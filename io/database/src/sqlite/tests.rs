use std::path::PathBuf;

use tokio::task::JoinSet;

use super::*;

fn stream(name: &str) -> StreamName {
    StreamName::parse(name).unwrap()
}

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

    async fn open(&self) -> SqliteDatabase {
        SqliteDatabase::open(&self.file()).await.unwrap()
    }
}

#[tokio::test]
async fn conforms() {
    crate::conformance::all(&Fixture::new().open().await).await;
}

#[tokio::test]
async fn a_second_process_sees_and_changes_the_same() {
    let fixture = Fixture::new();
    let (server, command) = (fixture.open().await, fixture.open().await);
    server.create_stream(&stream("live/a")).await.unwrap();
    let key = command.stream_key(&stream("live/a")).await.unwrap().unwrap();
    let name = server.stream_of_key(key.reveal()).await.unwrap();
    assert_eq!(name, Some(stream("live/a")));
    let new = command.rotate_stream_key(&stream("live/a")).await.unwrap().unwrap();
    assert!(!server.key_matches(&stream("live/a"), key.reveal()).await.unwrap());
    assert!(server.key_matches(&stream("live/a"), new.reveal()).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_processes_may_start_at_once() {
    for _ in 0..5 {
        let fixture = Fixture::new();
        let mut processes = JoinSet::new();
        for _ in 0..8 {
            let file = fixture.file();
            processes.spawn(async move {
                let database = SqliteDatabase::open(&file).await.unwrap();
                let created = database.create_stream(&stream("live/a")).await.unwrap();
                let key = database.stream_key(&stream("live/a")).await.unwrap().unwrap();
                (created, key.reveal().to_owned())
            });
        }
        let results = processes.join_all().await;
        let new = results.iter().filter(|(created, _)| *created == Created::New).count();
        assert_eq!(new, 1);
        assert!(results.iter().all(|(_, key)| *key == results[0].1), "one key is shown to all");
    }
}

#[tokio::test]
async fn a_database_that_is_opened_again_has_the_same_keys() {
    let fixture = Fixture::new();
    let database = fixture.open().await;
    database.create_stream(&stream("live/a")).await.unwrap();
    let key = database.stream_key(&stream("live/a")).await.unwrap();
    drop(database);
    assert_eq!(fixture.open().await.stream_key(&stream("live/a")).await.unwrap(), key);
}

#[tokio::test]
async fn neither_the_files_nor_errors_nor_debug_have_the_key() {
    let fixture = Fixture::new();
    let database = fixture.open().await;
    database.create_stream(&stream("live/a")).await.unwrap();
    let key = database.stream_key(&stream("live/a")).await.unwrap().unwrap();
    let secret = key.reveal().trim_start_matches("weir_").as_bytes();
    for entry in std::fs::read_dir(fixture.file().parent().unwrap()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let found = bytes.windows(secret.len()).any(|window| window == secret);
        assert!(!found, "{} has the key", path.display());
    }
    sqlx::query("DROP TABLE stream_keys").execute(&database.pool).await.unwrap();
    let error = database.stream_of_key(key.reveal()).await.unwrap_err();
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
    database.create_stream(&stream("live/a")).await.unwrap();
    for entry in std::fs::read_dir(fixture.file().parent().unwrap()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.file_name());
    }
}

#[tokio::test]
async fn a_damaged_root_secret_is_named() {
    let fixture = Fixture::new();
    let database = fixture.open().await;
    sqlx::query("UPDATE secrets SET value = x'00'").execute(&database.pool).await.unwrap();
    let error = SqliteDatabase::open(&fixture.file()).await.unwrap_err();
    let text = "the root secret in the database cannot be used: it has 1 bytes, not 32";
    assert_eq!(error.to_string(), text);
    assert!(!error.is_temporary());
}
