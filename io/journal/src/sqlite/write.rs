//! The one task that writes the file.

use std::sync::Arc;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};
use timeline::{Entry, StreamName};
use tokio::sync::{mpsc, oneshot};

use super::read::Reads;
use crate::{BoxError, KEPT_ENTRIES_MIN, Position, Stored};

/// Appends that are committed together. More would make the first of them wait for nothing: the
/// disk is reached once for a batch, and the rest of its cost is proportional.
const BATCH_MAX: usize = 256;
/// Entries that are removed at a time.
pub(super) const TRIM_MAX: u64 = 4_096;

const INSERT: &str = "INSERT INTO entries (stream, position, body) SELECT ?1, ?2 + 1, ?3 \
     WHERE ?2 = coalesce((SELECT max(position) FROM entries WHERE stream = ?1), 0)";

const NEWEST: &str = "SELECT coalesce(max(position), 0) FROM entries WHERE stream = ?";

/// Positions of a stream have no steps here, so the newest ones can be told by their numbers.
const TRIM: &str = "DELETE FROM entries WHERE stream = ?1 AND position < ?2 \
     AND position <= (SELECT max(position) FROM entries WHERE stream = ?1) - ?3 \
     AND position < (SELECT min(position) FROM entries WHERE stream = ?1) + ?4";

/// Something to write.
#[derive(Debug)]
pub(super) enum Command {
    Append(Append),
    Trim(Trim),
}

#[derive(Debug)]
pub(super) struct Append {
    pub(super) stream: StreamName,
    pub(super) expected: Position,
    /// The encoded entry.
    pub(super) body: Vec<u8>,
    pub(super) entry: Arc<Entry>,
    pub(super) answer: oneshot::Sender<Result<Judged, BoxError>>,
}

#[derive(Debug)]
pub(super) struct Trim {
    pub(super) stream: StreamName,
    pub(super) before: Position,
    pub(super) answer: oneshot::Sender<Result<u64, BoxError>>,
}

/// Where an entry stands now, or where the one is that it does not follow.
pub(super) type Judged = Result<Position, Position>;

/// What came of a command, as soon as it is committed.
enum Outcome {
    Judged(Judged),
    Trimmed(u64),
}

/// Writes what is waiting, a batch at a time.
#[derive(Debug)]
pub(super) struct Writer {
    options: SqliteConnectOptions,
    /// None before the first batch and after a failure, which ends any transaction for certain.
    connection: Option<SqliteConnection>,
    reads: Arc<Reads>,
}

impl Writer {
    pub(super) const fn new(options: SqliteConnectOptions, reads: Arc<Reads>) -> Self {
        Self { options, connection: None, reads }
    }

    /// Works until the journal is dropped and everything it was given is written.
    pub(super) async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let mut batch = Vec::with_capacity(BATCH_MAX);
        while commands.recv_many(&mut batch, BATCH_MAX).await > 0 {
            match self.commit(&batch).await {
                Ok(outcomes) => {
                    let done = batch.drain(..).zip(outcomes);
                    done.for_each(|(command, outcome)| self.acknowledge(command, outcome));
                }
                Err(error) => {
                    self.connection = None;
                    let error = Arc::new(error);
                    batch.drain(..).for_each(|command| command.fail(&error));
                }
            }
        }
    }

    /// Judges and writes a batch. When it fails, nothing of it was written.
    async fn commit(&mut self, batch: &[Command]) -> Result<Vec<Outcome>, sqlx::Error> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(self.options.connect().await?),
        };
        // Takes the file for writing at once: what is judged is then still true at the commit.
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        let mut outcomes = Vec::with_capacity(batch.len());
        for command in batch {
            outcomes.push(match command {
                Command::Append(append) => Outcome::Judged(append.judge(&mut transaction).await?),
                Command::Trim(trim) => Outcome::Trimmed(trim.remove(&mut transaction).await?),
            });
        }
        transaction.commit().await?;
        Ok(outcomes)
    }

    /// Tells whoever follows the stream, and then whoever asked.
    fn acknowledge(&self, command: Command, outcome: Outcome) {
        match (command, outcome) {
            (Command::Append(append), Outcome::Judged(judged)) => {
                let Append { stream, expected, entry, answer, .. } = append;
                if let Ok(position) = judged {
                    self.reads.followed.tell(&stream, expected, Stored { position, entry });
                }
                // Whoever asked may have stopped waiting.
                let _ = answer.send(Ok(judged));
            }
            (Command::Trim(trim), Outcome::Trimmed(removed)) => {
                let _ = trim.answer.send(Ok(removed));
            }
            // A command without its outcome is dropped, which its caller is told.
            (Command::Append(_), Outcome::Trimmed(_)) | (Command::Trim(_), Outcome::Judged(_)) => {}
        }
    }
}

impl Command {
    fn fail(self, error: &Arc<sqlx::Error>) {
        let error = Box::new(Arc::clone(error));
        // Whoever asked may have stopped waiting.
        match self {
            Self::Append(append) => drop(append.answer.send(Err(error))),
            Self::Trim(trim) => drop(trim.answer.send(Err(error))),
        }
    }
}

impl Append {
    async fn judge(&self, connection: &mut SqliteConnection) -> Result<Judged, sqlx::Error> {
        if let Ok(expected) = i64::try_from(self.expected.number()) {
            let insert = sqlx::query(INSERT).bind(self.stream.as_str()).bind(expected);
            let inserted = insert.bind(self.body.as_slice()).execute(&mut *connection).await?;
            if inserted.rows_affected() > 0 {
                let position = self.expected.number().saturating_add(1);
                return Ok(Ok(Position::from_number(position)));
            }
        }
        let newest = sqlx::query_scalar(NEWEST).bind(self.stream.as_str());
        let newest: i64 = newest.fetch_one(connection).await?;
        Ok(Err(Position::from_number(u64::try_from(newest).unwrap_or(0))))
    }
}

impl Trim {
    async fn remove(&self, connection: &mut SqliteConnection) -> Result<u64, sqlx::Error> {
        let before = i64::try_from(self.before.number()).unwrap_or(i64::MAX);
        let kept = i64::try_from(KEPT_ENTRIES_MIN).unwrap_or(i64::MAX);
        let most = i64::try_from(TRIM_MAX).unwrap_or(i64::MAX);
        let trim = sqlx::query(TRIM).bind(self.stream.as_str()).bind(before).bind(kept).bind(most);
        Ok(trim.execute(connection).await?.rows_affected())
    }
}
