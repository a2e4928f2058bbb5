//! SQL on SQLite and PostgreSQL alike: one text, one way to bind and to read.
//!
//! Statements keep to what both understand: numbered parameters, 64-bit numbers, texts, bytes, `ON
//! CONFLICT` and `RETURNING`. What differs is here: how a transaction begins, and how it keeps
//! others out.

use std::io;
use std::time::Duration;

use sqlx::postgres::{PgPool, PgRow};
use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{ColumnIndex, Decode, Error, Postgres, Row as _, Sqlite, Type};

/// How long a server is waited for in all: for a connection, and longer than it lets any statement
/// take. A server that is stopped or cut off says nothing at all, not even that it was too long.
const SERVER_TIMEOUT: Duration = Duration::from_secs(12);

/// The connections to a database.
#[derive(Clone, Debug)]
pub(crate) enum Engine {
    /// To a file.
    Sqlite(SqlitePool),
    /// To a server.
    Postgres(PgPool),
}

/// Statements that happen together or not at all: not, unless it is committed.
pub(crate) enum Transaction {
    /// Nobody else writes meanwhile.
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    /// Others see what was committed, and wait for rows that were changed here.
    Postgres(sqlx::Transaction<'static, Postgres>),
}

/// What only one transaction does at a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Lock {
    /// Makes the root secret, or learns that there is one.
    Secrets,
    /// Makes a pairing.
    Pairings,
    /// Takes an owner from an organisation, which must have another one.
    Owners,
}

/// A statement with what is bound to it.
#[must_use]
pub(crate) struct Sql {
    text: &'static str,
    values: Vec<Value>,
}

/// What is bound to a parameter.
pub(crate) enum Value {
    /// A number.
    Integer(Option<i64>),
    /// A text.
    Text(Option<String>),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// A row of an answer.
pub(crate) enum Row {
    /// From SQLite.
    Sqlite(SqliteRow),
    /// From PostgreSQL.
    Postgres(PgRow),
}

/// A statement without anything bound yet.
pub(crate) const fn sql(text: &'static str) -> Sql {
    Sql { text, values: Vec::new() }
}

impl Sql {
    /// Binds the next parameter.
    pub(crate) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }
}

/// A statement as sqlx has it, for either database.
macro_rules! query {
    ($sql:expr) => {{
        let Sql { text, values } = $sql;
        values.into_iter().fold(sqlx::query(text), |query, value| match value {
            Value::Integer(value) => query.bind(value),
            Value::Text(value) => query.bind(value),
            Value::Bytes(value) => query.bind(value),
        })
    }};
}

impl Engine {
    /// Runs a statement, and says how many rows it changed.
    pub(crate) async fn run(&self, sql: Sql) -> Result<u64, Error> {
        match self {
            Self::Sqlite(pool) => Ok(query!(sql).execute(pool).await?.rows_affected()),
            Self::Postgres(pool) => Ok(soon(query!(sql).execute(pool)).await?.rows_affected()),
        }
    }

    /// The first row of an answer.
    pub(crate) async fn first(&self, sql: Sql) -> Result<Option<Row>, Error> {
        match self {
            Self::Sqlite(pool) => Ok(query!(sql).fetch_optional(pool).await?.map(Row::Sqlite)),
            Self::Postgres(pool) => {
                Ok(soon(query!(sql).fetch_optional(pool)).await?.map(Row::Postgres))
            }
        }
    }

    /// All rows of an answer.
    pub(crate) async fn all(&self, sql: Sql) -> Result<Vec<Row>, Error> {
        match self {
            Self::Sqlite(pool) => {
                let rows = query!(sql).fetch_all(pool).await?;
                Ok(rows.into_iter().map(Row::Sqlite).collect())
            }
            Self::Postgres(pool) => {
                let rows = soon(query!(sql).fetch_all(pool)).await?;
                Ok(rows.into_iter().map(Row::Postgres).collect())
            }
        }
    }

    /// Begins a transaction that writes. On SQLite it waits for others that write at once: one that
    /// begins by reading could not write any more once another did.
    pub(crate) async fn begin(&self) -> Result<Transaction, Error> {
        match self {
            Self::Sqlite(pool) => pool.begin_with("BEGIN IMMEDIATE").await.map(Transaction::Sqlite),
            Self::Postgres(pool) => soon(pool.begin()).await.map(Transaction::Postgres),
        }
    }
}

impl Lock {
    /// The number of PostgreSQL's advisory lock: four letters of our name, and one to count.
    const fn number(self) -> i64 {
        match self {
            Self::Secrets => 0x7765_6972_0001,
            Self::Pairings => 0x7765_6972_0002,
            Self::Owners => 0x7765_6972_0003,
        }
    }
}

impl Transaction {
    /// Waits until no other transaction has the lock, and keeps it to the end.
    pub(crate) async fn lock(&mut self, lock: Lock) -> Result<(), Error> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(transaction) => {
                let query = sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(lock.number());
                soon(query.execute(&mut **transaction)).await.map(|_| ())
            }
        }
    }

    /// Runs a statement, and says how many rows it changed.
    pub(crate) async fn run(&mut self, sql: Sql) -> Result<u64, Error> {
        match self {
            Self::Sqlite(open) => Ok(query!(sql).execute(&mut **open).await?.rows_affected()),
            Self::Postgres(open) => {
                Ok(soon(query!(sql).execute(&mut **open)).await?.rows_affected())
            }
        }
    }

    /// The first row of an answer.
    pub(crate) async fn first(&mut self, sql: Sql) -> Result<Option<Row>, Error> {
        match self {
            Self::Sqlite(open) => {
                Ok(query!(sql).fetch_optional(&mut **open).await?.map(Row::Sqlite))
            }
            Self::Postgres(open) => {
                Ok(soon(query!(sql).fetch_optional(&mut **open)).await?.map(Row::Postgres))
            }
        }
    }

    /// Makes it all happen.
    pub(crate) async fn commit(self) -> Result<(), Error> {
        match self {
            Self::Sqlite(transaction) => transaction.commit().await,
            Self::Postgres(transaction) => soon(transaction.commit()).await,
        }
    }
}

/// What a server answers, if it does within its time. What is given up is ended with its connection
/// or by the server, so a change may have happened or not.
async fn soon<T>(asked: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let late = |_| Err(Error::Io(io::ErrorKind::TimedOut.into()));
    tokio::time::timeout(SERVER_TIMEOUT, asked).await.unwrap_or_else(late)
}

impl Row {
    /// What is at a place of the row, from 0.
    pub(crate) fn get<T>(&self, at: usize) -> Result<T, Error>
    where
        T: for<'r> Decode<'r, Sqlite>
            + Type<Sqlite>
            + for<'r> Decode<'r, Postgres>
            + Type<Postgres>,
        usize: ColumnIndex<SqliteRow> + ColumnIndex<PgRow>,
    {
        match self {
            Self::Sqlite(row) => row.try_get(at),
            Self::Postgres(row) => row.try_get(at),
        }
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Integer(Some(value))
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Integer(Some(value.into()))
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Integer(Some(value.into()))
    }
}

impl From<Option<i64>> for Value {
    fn from(value: Option<i64>) -> Self {
        Self::Integer(value)
    }
}

impl From<Option<u32>> for Value {
    fn from(value: Option<u32>) -> Self {
        Self::Integer(value.map(i64::from))
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Some(value).into()
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        value.as_str().into()
    }
}

/// PostgreSQL has no zero in a text. Both keep and look for the character that stands for what
/// cannot be shown.
impl From<Option<&str>> for Value {
    fn from(value: Option<&str>) -> Self {
        Self::Text(value.map(|text| text.replace('\0', "\u{FFFD}")))
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(value)
    }
}
