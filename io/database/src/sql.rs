//! The database, in an SQLite file or on a PostgreSQL server.

mod credentials;
mod devices;
mod organisations;
mod pairings;
mod root;
mod stream_keys;
mod streams;
#[cfg(test)]
mod tests;
mod trust;
mod users;
mod verifications;

use std::fs::OpenOptions;
use std::io;
use std::path::Path;
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use tokio::time::timeout;

use crate::engine::Engine;
use crate::key::RootSecret;
use crate::seal::Seal;
use crate::url::PostgresUrl;
use crate::{Database, DatabaseError, DatabaseUrl};

/// Connections to a file at the same time. Each is a thread that mostly sleeps.
const FILE_CONNECTIONS_MAX: u32 = 4;
/// Connections to a server at the same time: a node's share of the 100 that one has unless told
/// otherwise.
const SERVER_CONNECTIONS_MAX: u32 = 10;
/// How long a connection is waited for, and on SQLite a statement for another process that has the
/// file: a command line beside the server, or a backup.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a server may take for a statement. All are look-ups and changes of a few rows.
const STATEMENT_TIMEOUT: &str = "5s";
/// How long a server may take to change the tables, which others may have locked.
const MIGRATION_TIMEOUT: &str = "120s";
/// How often the tables are made while other processes try, too: each attempt gets further.
const MIGRATION_ATTEMPTS: u32 = 10;

/// The tables of SQLite, in the order in which they came to be.
static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
/// The tables of PostgreSQL. What has the same number is the same.
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// Keeps what people administer. Several processes may use it at the same time.
#[derive(Debug)]
pub struct SqlDatabase {
    engine: Engine,
    root: RootSecret,
    seal: Seal,
}

impl SqlDatabase {
    /// Opens a database, and makes or changes its tables to those of this version. An SQLite file
    /// that is not there is made, and only its owner may read it.
    ///
    /// All secrets follow from the `root` secret. Without one the database has its own, in clear,
    /// which its first opening makes.
    ///
    /// # Errors
    ///
    /// When it cannot be reached or made, is of a later version, or was made with another root.
    pub async fn open(url: &DatabaseUrl, root: Option<&[u8]>) -> Result<Self, DatabaseError> {
        let engine = match url {
            DatabaseUrl::Sqlite(file) => open_file(file, &SQLITE).await,
            DatabaseUrl::Postgres(PostgresUrl(options)) => open_server(options, &POSTGRES).await,
        }?;
        let root = root::open(&engine, root).await?;
        let seal = Seal::new(&root, "trusted-keys")?;
        Ok(Self { engine, root, seal })
    }
}

impl Database for SqlDatabase {
    fn keyed_hash(&self, purpose: &'static str, text: &str) -> String {
        self.root.keyed_hash(purpose, text)
    }
}

/// Opens an SQLite file with these tables.
async fn open_file(file: &Path, tables: &Migrator) -> Result<Engine, DatabaseError> {
    make_private(file).map_err(|error| DatabaseError::unavailable(OPEN, error))?;
    let options = SqliteConnectOptions::new()
        .filename(file)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .disable_statement_logging();
    let pool = SqlitePoolOptions::new()
        .max_connections(FILE_CONNECTIONS_MAX)
        .acquire_timeout(BUSY_TIMEOUT)
        .connect_lazy_with(options);
    migrate_file(&pool, tables).await.map_err(unmigrated)?;
    Ok(Engine::Sqlite(pool))
}

/// Opens a server's database with these tables. A connection that is lost is made again by the next
/// statement.
async fn open_server(
    options: &PgConnectOptions,
    tables: &Migrator,
) -> Result<Engine, DatabaseError> {
    let options = options.clone().application_name("weir").disable_statement_logging();
    let patient = options.clone().options([("statement_timeout", MIGRATION_TIMEOUT)]);
    // A pool tries for long and then does not say what is wrong.
    let first = timeout(BUSY_TIMEOUT, patient.connect()).await;
    let first = first.map_err(|error| DatabaseError::unavailable(OPEN, error))?;
    drop(first.map_err(|error| DatabaseError::unavailable(OPEN, error))?);
    let pool = server(1).connect_lazy_with(patient);
    tables.run(&pool).await.map_err(unmigrated)?;
    pool.close().await;
    let options = options.options([
        ("statement_timeout", STATEMENT_TIMEOUT),
        ("idle_in_transaction_session_timeout", STATEMENT_TIMEOUT),
    ]);
    Ok(Engine::Postgres(server(SERVER_CONNECTIONS_MAX).connect_lazy_with(options)))
}

fn server(connections_max: u32) -> PgPoolOptions {
    PgPoolOptions::new().max_connections(connections_max).acquire_timeout(BUSY_TIMEOUT)
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

/// Makes the tables in a file. A process that starts at the same moment may make one first, which
/// fails here; the next attempt finds it made. A server has a lock for this.
async fn migrate_file(pool: &SqlitePool, tables: &Migrator) -> Result<(), MigrateError> {
    let mut migrated = tables.run(pool).await;
    for _ in 1..MIGRATION_ATTEMPTS {
        if migrated.is_ok() {
            break;
        }
        migrated = tables.run(pool).await;
    }
    migrated
}

/// What it means that the tables could not be made or changed: they are what they were before.
fn unmigrated(error: MigrateError) -> DatabaseError {
    let unusable =
        |why: &'static str| DatabaseError::Unreadable { what: "the schema", source: why.into() };
    if let MigrateError::VersionMissing(_) = error {
        return unusable("it was made by a later version of this program");
    }
    if let MigrateError::VersionMismatch(_) = error {
        return unusable("it was made by a version of this program that was never released");
    }
    DatabaseError::unavailable(OPEN, error)
}

const OPEN: &str = "open the database";
