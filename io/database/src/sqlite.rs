//! The database of one node, in an SQLite file.

#[cfg(test)]
mod tests;

use std::fs::OpenOptions;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use sqlx::migrate::MigrateError;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{ConnectOptions, Row};
use timeline::StreamName;

use crate::key::RootSecret;
use crate::{Created, Database, DatabaseError, RegisteredStream, StreamKey};

/// Connections at the same time. Each is a thread that mostly sleeps.
const CONNECTIONS_MAX: u32 = 4;
/// How long a statement waits for another process that has the file: a command line beside the
/// server, or a backup.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How often the tables are made while other processes try, too: each attempt gets further.
const MIGRATION_ATTEMPTS: u32 = 10;

/// Keeps streams and keys in an SQLite file. Several processes may use it at the same time.
#[derive(Debug)]
pub struct SqliteDatabase {
    pool: SqlitePool,
    root: RootSecret,
}

impl SqliteDatabase {
    /// Opens the database in a file. If it is not there it is made, with its root secret, and only
    /// its owner may read it.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened or made, or is no database of this version.
    pub async fn open(file: &Path) -> Result<Self, DatabaseError> {
        const OPERATION: &str = "open the database";
        let made = make_private(file);
        made.map_err(|error| DatabaseError::unavailable(OPERATION, error))?;
        let options = SqliteConnectOptions::new()
            .filename(file)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT)
            .disable_statement_logging();
        let pool = SqlitePoolOptions::new()
            .max_connections(CONNECTIONS_MAX)
            .acquire_timeout(BUSY_TIMEOUT)
            .connect_lazy_with(options);
        migrate(&pool).await.map_err(|error| DatabaseError::unavailable(OPERATION, error))?;
        let root = root_secret(&pool).await?;
        Ok(Self { pool, root })
    }

    /// Gives a stream a key, which must be its only valid one.
    async fn add_key(
        &self,
        connection: &mut SqliteConnection,
        stream: i64,
    ) -> Result<StreamKey, DatabaseError> {
        let id: String = random::<16>()?.iter().map(|byte| format!("{byte:02x}")).collect();
        let key = self.root.key(&id);
        sqlx::query(
            "INSERT INTO stream_keys (id, stream_id, hash, created_at_ms) VALUES (?, ?, ?, ?)",
        )
        .bind(id)
        .bind(stream)
        .bind(self.root.hash(key.reveal()))
        .bind(unix_ms())
        .execute(connection)
        .await
        .map_err(|error| DatabaseError::unavailable("store a stream key", error))?;
        Ok(key)
    }
}

#[async_trait]
impl Database for SqliteDatabase {
    async fn create_stream(&self, name: &StreamName) -> Result<Created, DatabaseError> {
        let failed = |error| DatabaseError::unavailable("register a stream", error);
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
        let inserted: Option<i64> = sqlx::query_scalar(
            "INSERT INTO streams (name, created_at_ms) VALUES (?, ?) \
             ON CONFLICT DO NOTHING RETURNING id",
        )
        .bind(name.as_str())
        .bind(unix_ms())
        .fetch_optional(&mut *transaction)
        .await
        .map_err(failed)?;
        let Some(stream) = inserted else { return Ok(Created::Exists) };
        self.add_key(&mut transaction, stream).await?;
        transaction.commit().await.map_err(failed)?;
        Ok(Created::New)
    }

    async fn streams(&self) -> Result<Vec<RegisteredStream>, DatabaseError> {
        let failed = |error| DatabaseError::unavailable("list the streams", error);
        let query = sqlx::query("SELECT name, created_at_ms FROM streams ORDER BY name");
        let rows = query.fetch_all(&self.pool).await.map_err(failed)?;
        let mut streams = Vec::with_capacity(rows.len());
        for row in rows {
            let name = parse_name(row.try_get("name").map_err(failed)?)?;
            let created_at_ms = row.try_get("created_at_ms").map_err(failed)?;
            streams.push(RegisteredStream { name, created_at_ms });
        }
        Ok(streams)
    }

    async fn stream_key(&self, name: &StreamName) -> Result<Option<StreamKey>, DatabaseError> {
        let id: Option<String> = sqlx::query_scalar(
            "SELECT stream_keys.id FROM stream_keys JOIN streams ON streams.id = stream_id \
             WHERE streams.name = ? AND revoked_at_ms IS NULL",
        )
        .bind(name.as_str())
        .fetch_optional(&self.pool)
        .await
        .map_err(|error| DatabaseError::unavailable("read a stream key", error))?;
        Ok(id.map(|id| self.root.key(&id)))
    }

    async fn rotate_stream_key(
        &self,
        name: &StreamName,
    ) -> Result<Option<StreamKey>, DatabaseError> {
        let failed = |error| DatabaseError::unavailable("replace a stream key", error);
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
        let stream: Option<i64> = sqlx::query_scalar("SELECT id FROM streams WHERE name = ?")
            .bind(name.as_str())
            .fetch_optional(&mut *transaction)
            .await
            .map_err(failed)?;
        let Some(stream) = stream else { return Ok(None) };
        sqlx::query(
            "UPDATE stream_keys SET revoked_at_ms = ? \
             WHERE stream_id = ? AND revoked_at_ms IS NULL",
        )
        .bind(unix_ms())
        .bind(stream)
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
        let key = self.add_key(&mut transaction, stream).await?;
        transaction.commit().await.map_err(failed)?;
        Ok(Some(key))
    }

    async fn stream_of_key(&self, text: &str) -> Result<Option<StreamName>, DatabaseError> {
        let name: Option<String> = sqlx::query_scalar(
            "SELECT streams.name FROM stream_keys JOIN streams ON streams.id = stream_id \
             WHERE hash = ? AND revoked_at_ms IS NULL",
        )
        .bind(self.root.hash(text))
        .fetch_optional(&self.pool)
        .await
        .map_err(|error| DatabaseError::unavailable("look a stream key up", error))?;
        name.map(|name| parse_name(&name)).transpose()
    }
}

/// Makes the file before SQLite would, which asks for no more privacy than the process has. The
/// files that SQLite puts beside it get the same permissions. A file that is there is not even
/// opened: to close it again would take the locks of other connections in this process.
fn make_private(file: &Path) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(file) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Makes the tables. A process that starts at the same moment may make one first, which fails
/// here; the next attempt finds it made.
async fn migrate(pool: &SqlitePool) -> Result<(), MigrateError> {
    let migrator = sqlx::migrate!();
    let mut migrated = migrator.run(pool).await;
    for _ in 1..MIGRATION_ATTEMPTS {
        if migrated.is_ok() {
            break;
        }
        migrated = migrator.run(pool).await;
    }
    migrated
}

/// The root secret, which the first process that asks makes.
async fn root_secret(pool: &SqlitePool) -> Result<RootSecret, DatabaseError> {
    let failed = |error| DatabaseError::unavailable("read the root secret", error);
    sqlx::query("INSERT INTO secrets (name, value) VALUES ('root', ?) ON CONFLICT DO NOTHING")
        .bind(random::<32>()?.as_slice())
        .execute(pool)
        .await
        .map_err(failed)?;
    let root: Vec<u8> = sqlx::query_scalar("SELECT value FROM secrets WHERE name = 'root'")
        .fetch_one(pool)
        .await
        .map_err(failed)?;
    let root = root.try_into().map_err(|root: Vec<u8>| DatabaseError::Unreadable {
        what: "the root secret",
        source: format!("it has {} bytes, not 32", root.len()).into(),
    })?;
    Ok(RootSecret::new(root))
}

fn random<const N: usize>() -> Result<[u8; N], DatabaseError> {
    let mut bytes = [0; N];
    let filled = getrandom::fill(&mut bytes);
    filled.map_err(|error| DatabaseError::unavailable("draw random bytes", error))?;
    Ok(bytes)
}

fn parse_name(text: &str) -> Result<StreamName, DatabaseError> {
    StreamName::parse(text).map_err(|error| DatabaseError::Unreadable {
        what: "a stream's name",
        source: error.into(),
    })
}

fn unix_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
