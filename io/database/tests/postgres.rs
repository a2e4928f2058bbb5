//! The database on a real PostgreSQL: the contract, the tables, and a server that goes away.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "postgres/outages.rs"]
mod outages;
#[path = "postgres/tables.rs"]
mod tables;

use accounts::{KeyId, Organisation, OrganisationId, StreamKeyRecord, StreamObject, StreamPolicy};
use database::{Database, DatabaseError, DatabaseUrl, SqlDatabase, StreamKey, StreamKeys as _};
use testkit::Postgres;
use timeline::StreamName;

/// The moment at which everything happens, in milliseconds since the Unix epoch.
const NOW_MS: i64 = 1_800_000_000_000;

async fn open(url: &str) -> Result<SqlDatabase, DatabaseError> {
    SqlDatabase::open(&DatabaseUrl::parse(url).unwrap(), None).await
}

/// An organisation with a stream, and a key for it.
struct Channel {
    organisation: Organisation,
    stream: StreamObject,
    key: KeyId,
    text: StreamKey,
}

impl Channel {
    /// Makes the one of a number, all of it.
    async fn make(database: &dyn Database, number: u8) -> Result<Self, DatabaseError> {
        let organisation = Organisation {
            id: OrganisationId::new(NOW_MS, [number; 10]),
            name: format!("Channel {number}"),
            created_at_ms: NOW_MS,
            version: 1,
        };
        database.create_organisation(&organisation).await?;
        let stream = StreamObject {
            name: StreamName::parse(&format!("live/cam{number}")).unwrap(),
            organisation: organisation.id.clone(),
            owner: None,
            title: String::new(),
            template: None,
            options: serde_json::Map::new(),
            policy: StreamPolicy::default(),
            password: None,
            retired_at_ms: None,
            created_at_ms: NOW_MS,
            version: 1,
        };
        database.create_stream(&stream).await?;
        let (key, text) = add_key(database, &stream, [number; 10]).await?;
        Ok(Self { organisation, stream, key, text })
    }

    /// All of it is there, and nothing of it is another one's.
    async fn is_kept(&self, database: &dyn Database) {
        let organisation = database.organisation(&self.organisation.id).await.unwrap();
        assert_eq!(organisation.as_ref(), Some(&self.organisation));
        let found = database.publish_key(self.text.reveal()).await.unwrap().unwrap();
        assert_eq!((&found.key.id, &found.stream), (&self.key, &self.stream));
        assert_eq!(database.reveal_stream_key(&self.key), self.text);
        let keys = database.stream_keys(&self.stream.name).await.unwrap();
        assert!(keys.iter().all(|key| key.organisation == self.organisation.id), "{keys:?}");
    }
}

/// Makes one more key for a stream.
async fn add_key(
    database: &dyn Database,
    stream: &StreamObject,
    random: [u8; 10],
) -> Result<(KeyId, StreamKey), DatabaseError> {
    let record = StreamKeyRecord {
        id: KeyId::new(NOW_MS, random),
        stream: stream.name.clone(),
        organisation: stream.organisation.clone(),
        label: String::new(),
        user: None,
        device: None,
        addresses: Vec::new(),
        created_at_ms: NOW_MS,
        expires_at_ms: None,
        last_used_ms: None,
        revoked_at_ms: None,
    };
    let text = database.create_stream_key(&record).await?;
    testkit::secret("stream key", text.reveal());
    Ok((record.id, text))
}

#[tokio::test]
async fn a_server_conforms() {
    let postgres = Postgres::start().unwrap();
    let database = open(&postgres.url().unwrap()).await.unwrap();
    database::conformance::all(&database).await;
}

#[tokio::test]
async fn a_server_with_a_secret_of_the_configuration_conforms() {
    let postgres = Postgres::start().unwrap();
    let url = DatabaseUrl::parse(&postgres.url().unwrap()).unwrap();
    let root = b"a secret of the configuration, which is long";
    let database = SqlDatabase::open(&url, Some(root)).await.unwrap();
    database::conformance::all(&database).await;
}

#[tokio::test]
async fn what_one_process_makes_another_one_sees() {
    let postgres = Postgres::start().unwrap();
    let url = postgres.url().unwrap();
    let (here, there) = (open(&url).await.unwrap(), open(&url).await.unwrap());
    let (ours, theirs) =
        (Channel::make(&here, 1).await.unwrap(), Channel::make(&there, 2).await.unwrap());
    for database in [&here, &there] {
        ours.is_kept(database).await;
        theirs.is_kept(database).await;
    }
    assert!(there.revoke_stream_key(&ours.key, NOW_MS).await.unwrap());
    let found = here.publish_key(ours.text.reveal()).await.unwrap().unwrap();
    assert_eq!(found.key.revoked_at_ms, Some(NOW_MS));
    theirs.is_kept(&here).await;
}

#[tokio::test]
async fn a_dump_of_a_database_with_a_secret_of_the_configuration_opens_nothing() {
    let postgres = Postgres::start().unwrap();
    let text = postgres.url().unwrap();
    let url = DatabaseUrl::parse(&text).unwrap();
    let root = "a secret of the configuration, which is long";
    testkit::secret("root secret", root);
    let database = SqlDatabase::open(&url, Some(root.as_bytes())).await.unwrap();
    let (ours, theirs) =
        (Channel::make(&database, 1).await.unwrap(), Channel::make(&database, 2).await.unwrap());
    let mut dump = String::new();
    for table in tables::names(&postgres, &text) {
        dump += &postgres.sql(&text, &format!("SELECT * FROM {table}")).unwrap();
    }
    assert!(dump.contains("live/cam1") && dump.contains(&ours.key.to_string()), "{dump}");
    for secret in [root, ours.text.reveal(), theirs.text.reveal()] {
        let hexadecimal: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert!(!dump.contains(secret) && !dump.contains(&hexadecimal), "a secret is in {dump}");
    }
    for other in [None, Some(&b"another secret of another configuration"[..])] {
        let error = SqlDatabase::open(&url, other).await.unwrap_err();
        assert!(!error.is_temporary(), "{error}");
        assert!(error.to_string().starts_with("the root secret in the database"), "{error}");
    }
}
