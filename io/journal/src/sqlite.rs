//! The journal of one node, in an SQLite file.

mod read;
#[cfg(test)]
mod tests;
mod write;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use timeline::{Entry, StreamName};
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep;

use crate::tail::ReadAfter;
use crate::{AppendError, BoxError, Journal, JournalError, Position, Stored, Tail};
use read::Reads;
use write::{Append, Command, TRIM_MAX, Trim, Writer};

/// Connections that read at the same time. Each is a thread that mostly sleeps.
const READERS_MAX: u32 = 4;
/// How long a statement waits for another process that has the file, such as a backup.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How often it is tried to make the tables that another process may be making.
const PREPARE_ATTEMPTS: u32 = 5;
/// How long after a failure that is tried again.
const PREPARE_AGAIN_AFTER: Duration = Duration::from_millis(50);
/// Appends that wait for the writer before the next one has to wait for its place.
const QUEUE_MAX: usize = 1_024;

/// Keeps entries in an SQLite file that one process at a time uses.
///
/// One task writes. All appends that wait for it are committed together, so that many streams
/// share the cost of reaching the disk; each is still judged alone.
///
/// ```text
///  append ─┐                 ┌─ judged, inserted ─┐
///  append ─┼─► queue ─► batch ─ judged, inserted ─┼─► commit ─► tails are told ─► answers
///  append ─┘                 └─ judged, refused  ─┘
/// ```
#[derive(Debug)]
pub struct SqliteJournal {
    reads: Arc<Reads>,
    writer: mpsc::Sender<Command>,
}

/// What an acknowledged append outlives.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Durability {
    /// A power cut: the disk has the entry.
    #[default]
    Full,
    /// The end of the process in any way. A power cut may take the newest entries, not others.
    Normal,
}

impl SqliteJournal {
    /// Opens the journal in a file, which is made if it is not there. Must be called within a
    /// Tokio runtime, which runs the writer until the journal is dropped.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened or made, or is no journal of this version.
    pub async fn open(file: &Path, durability: Durability) -> Result<Self, JournalError> {
        let synchronous = match durability {
            Durability::Full => SqliteSynchronous::Full,
            Durability::Normal => SqliteSynchronous::Normal,
        };
        let options = file_options(file, synchronous);
        prepare(file, &options).await.map_err(|source| unavailable("open the journal", source))?;
        let pool = SqlitePoolOptions::new()
            .max_connections(READERS_MAX)
            .acquire_timeout(BUSY_TIMEOUT)
            .connect_lazy_with(options.clone().pragma("query_only", "on"));
        let reads = Arc::new(Reads::new(pool));
        let (writer, commands) = mpsc::channel(QUEUE_MAX);
        tokio::spawn(Writer::new(options, Arc::clone(&reads)).run(commands));
        Ok(Self { reads, writer })
    }

    async fn command<T>(
        &self,
        command: Command,
        answer: oneshot::Receiver<Result<T, BoxError>>,
    ) -> Result<T, BoxError> {
        let closed = "the journal's writer has ended";
        self.writer.send(command).await.map_err(|_| closed)?;
        answer.await.map_err(|_| closed)?
    }
}

/// How a journal's file is opened.
pub(crate) fn file_options(file: &Path, synchronous: SqliteSynchronous) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous)
        .busy_timeout(BUSY_TIMEOUT)
        .disable_statement_logging()
}

/// Makes the file and its tables. Of processes that do it at once one does, and the others see
/// that it was done when they look again.
pub(crate) async fn prepare(file: &Path, options: &SqliteConnectOptions) -> Result<(), BoxError> {
    if let Some(folder) = file.parent() {
        tokio::fs::create_dir_all(folder).await?;
    }
    for _ in 1..PREPARE_ATTEMPTS {
        if migrate(options).await.is_ok() {
            return Ok(());
        }
        sleep(PREPARE_AGAIN_AFTER).await;
    }
    migrate(options).await
}

async fn migrate(options: &SqliteConnectOptions) -> Result<(), BoxError> {
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
    sqlx::migrate!().run(&pool).await?;
    pool.close().await;
    Ok(())
}

pub(crate) fn unavailable(operation: &'static str, source: impl Into<BoxError>) -> JournalError {
    JournalError::Unavailable { operation, source: source.into() }
}

#[async_trait]
impl Journal for SqliteJournal {
    async fn append(
        &self,
        stream: &StreamName,
        expected: Position,
        entry: &Entry,
    ) -> Result<Position, AppendError> {
        let failed = |source| AppendError::Unavailable { source };
        let body = entry.encode().map_err(|error| failed(error.into()))?;
        let (answer, answered) = oneshot::channel();
        let append = Append {
            stream: stream.clone(),
            expected,
            body,
            entry: Arc::new(entry.clone()),
            answer,
        };
        let judged = self.command(Command::Append(append), answered).await.map_err(failed)?;
        judged.map_err(|newest| AppendError::Stale { newest })
    }

    async fn read_newest(
        &self,
        stream: &StreamName,
        count: usize,
    ) -> Result<Vec<Stored>, JournalError> {
        self.reads.newest(stream, count).await
    }

    async fn read_after(
        &self,
        stream: &StreamName,
        after: Position,
        limit: usize,
    ) -> Result<Vec<Stored>, JournalError> {
        self.reads.read_after(stream, after, limit).await
    }

    async fn tail(&self, stream: &StreamName, after: Position) -> Result<Tail, JournalError> {
        Ok(self.reads.followed.tail(Arc::clone(&self.reads) as _, stream, after))
    }

    async fn streams(&self) -> Result<Vec<(StreamName, Stored)>, JournalError> {
        self.reads.streams().await
    }

    async fn trim(&self, stream: &StreamName, before: Position) -> Result<u64, JournalError> {
        let mut removed = 0_u64;
        // A piece at a time, so that appends do not wait for all of it.
        loop {
            let (answer, answered) = oneshot::channel();
            let trim = Trim { stream: stream.clone(), before, answer };
            let piece = self.command(Command::Trim(trim), answered).await;
            let piece = piece.map_err(|source| unavailable("trim", source))?;
            removed = removed.saturating_add(piece);
            if piece < TRIM_MAX {
                return Ok(removed);
            }
        }
    }
}
