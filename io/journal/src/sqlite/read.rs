//! What readers ask the file.

use async_trait::async_trait;
use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{Error, Row};
use timeline::{Entry, StreamName};

use super::unavailable;
use crate::tail::{Followed, ReadAfter};
use crate::{JournalError, Position, Stored};

const NEWEST: &str =
    "SELECT position, body FROM entries WHERE stream = ? ORDER BY position DESC LIMIT ?";

const AFTER: &str = "SELECT position, body FROM entries \
     WHERE stream = ? AND position > ? ORDER BY position LIMIT ?";

/// Jumps from name to name along the key, instead of reading the key of every entry.
const STREAMS: &str = "WITH RECURSIVE names (name) AS ( \
         SELECT min(stream) FROM entries \
         UNION ALL \
         SELECT (SELECT min(stream) FROM entries WHERE stream > name) \
         FROM names WHERE name IS NOT NULL \
     ) \
     SELECT stream, position, body FROM names JOIN entries \
     ON stream = name \
     AND position = (SELECT max(position) FROM entries WHERE stream = name) \
     ORDER BY stream";

/// The readers' side of the file, and the tails.
#[derive(Debug)]
pub(super) struct Reads {
    pool: SqlitePool,
    pub(super) followed: Followed,
}

impl Reads {
    pub(super) fn new(pool: SqlitePool) -> Self {
        Self { pool, followed: Followed::default() }
    }

    pub(super) async fn newest(
        &self,
        stream: &StreamName,
        count: usize,
    ) -> Result<Vec<Stored>, JournalError> {
        let query = sqlx::query(NEWEST).bind(stream.as_str()).bind(limit(count));
        let rows = query.fetch_all(&self.pool).await;
        let rows = rows.map_err(|error| unavailable("read the newest entries", error))?;
        rows.iter().rev().map(|row| stored(stream, row)).collect()
    }

    pub(super) async fn streams(&self) -> Result<Vec<(StreamName, Stored)>, JournalError> {
        let rows = sqlx::query(STREAMS).fetch_all(&self.pool).await;
        let rows = rows.map_err(|error| unavailable("list the streams", error))?;
        let named = |row: &SqliteRow| {
            let name: &str = column(row, "stream")?;
            let name = StreamName::parse(name).map_err(|error| JournalError::Unreadable {
                stream: name.escape_default().to_string(),
                position: Position::START,
                source: error.into(),
            })?;
            let stored = stored(&name, row)?;
            Ok((name, stored))
        };
        rows.iter().map(named).collect()
    }
}

#[async_trait]
impl ReadAfter for Reads {
    async fn read_after(
        &self,
        stream: &StreamName,
        after: Position,
        count: usize,
    ) -> Result<Vec<Stored>, JournalError> {
        let Ok(after) = i64::try_from(after.number()) else { return Ok(Vec::new()) };
        let query = sqlx::query(AFTER).bind(stream.as_str()).bind(after).bind(limit(count));
        let rows = query.fetch_all(&self.pool).await;
        let rows = rows.map_err(|error| unavailable("read entries", error))?;
        rows.iter().map(|row| stored(stream, row)).collect()
    }
}

fn limit(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn column<'r, T>(row: &'r SqliteRow, name: &'static str) -> Result<T, JournalError>
where
    T: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
{
    row.try_get(name).map_err(|error: Error| unavailable("read a row", error))
}

fn stored(stream: &StreamName, row: &SqliteRow) -> Result<Stored, JournalError> {
    let number: i64 = column(row, "position")?;
    let position = Position::from_number(u64::try_from(number).unwrap_or(0));
    let entry = Entry::decode(column(row, "body")?)
        .map_err(|error| JournalError::unreadable(stream, position, error))?;
    Ok(Stored { position, entry: entry.into() })
}
