//! A bus in the journal's file.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use accounts::Notice;
use async_trait::async_trait;
use sqlx::Row;
use sqlx::sqlite::{SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use tokio::sync::watch;
use tokio::time::sleep;
use tracing::warn;

use crate::sqlite::{BUSY_TIMEOUT, file_options, prepare, unavailable};
use crate::{BoxError, Bus, Heard, JournalError, Notices};

/// How often the file is looked at for what other processes said.
const POLL: Duration = Duration::from_millis(250);
/// How long after a failure it is looked at again.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// How long notices are kept, in milliseconds: who did not look for so long reads everything anew.
const KEPT_MS: i64 = 3_600_000;
/// Notices that are read at a time.
const PAGE: usize = 256;
/// Connections that read: each look takes microseconds.
const READERS_MAX: u32 = 2;

const INSERT: &str = "INSERT INTO notices (at_ms, body) VALUES (?, ?) RETURNING number";

/// Old ones stand before the first that is not old, so that no more is looked at than goes.
const FORGET: &str = "DELETE FROM notices \
     WHERE number < (SELECT number FROM notices WHERE at_ms >= ? ORDER BY number LIMIT 1)";

/// The newest number that was ever given, also when its notice has gone.
const NEWEST: &str = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'notices'), 0)";

const AFTER: &str = "SELECT number, body FROM notices WHERE number > ? ORDER BY number LIMIT ?";

/// Carries notices to all processes that have the same file open.
///
/// Who listens in this process is woken at once, and who does in another finds a notice when it
/// looks at the file, which it does four times a second. The file is where all of them read, so
/// that they hear the same in the same order.
#[derive(Debug)]
pub struct SqliteBus {
    reads: SqlitePool,
    writes: SqlitePool,
    /// The newest number that was published here.
    newest: watch::Sender<i64>,
}

/// What is heard of it.
#[derive(Debug)]
struct Listener {
    reads: SqlitePool,
    newest: watch::Receiver<i64>,
    /// Whether the bus of this process is still there to wake us.
    is_woken: bool,
    /// The last number that was read.
    after: i64,
    heard: VecDeque<Heard>,
    /// Since when the file could not be read: what could be missed is said as soon as it can be.
    is_away: bool,
}

impl SqliteBus {
    /// Opens the bus in a journal's file, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened or made, or is no journal of this version.
    pub async fn open(file: &Path) -> Result<Self, JournalError> {
        // A notice is of use for seconds: a power cut is a reason to read everything anew.
        let options = file_options(file, SqliteSynchronous::Normal);
        prepare(file, &options).await.map_err(|source| unavailable("open the bus", source))?;
        let pool = |connections| {
            SqlitePoolOptions::new().max_connections(connections).acquire_timeout(BUSY_TIMEOUT)
        };
        let reads = options.clone().pragma("query_only", "on");
        let reads = pool(READERS_MAX).connect_lazy_with(reads);
        let writes = pool(1).connect_lazy_with(options);
        Ok(Self { reads, writes, newest: watch::Sender::new(0) })
    }

    async fn write(&self, body: &str, now_ms: i64) -> Result<i64, BoxError> {
        let mut transaction = self.writes.begin_with("BEGIN IMMEDIATE").await?;
        let insert = sqlx::query_scalar(INSERT).bind(now_ms).bind(body);
        let number = insert.fetch_one(&mut *transaction).await?;
        let forget = sqlx::query(FORGET).bind(now_ms.saturating_sub(KEPT_MS));
        forget.execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(number)
    }
}

#[async_trait]
impl Bus for SqliteBus {
    async fn publish(&self, notice: &Notice) -> Result<(), JournalError> {
        let failed = |source: BoxError| unavailable("publish a notice", source);
        let body = serde_json::to_string(notice).map_err(|error| failed(error.into()))?;
        let number = self.write(&body, unix_ms()).await.map_err(failed)?;
        self.newest.send_replace(number);
        Ok(())
    }

    async fn listen(&self) -> Result<Box<dyn Notices>, JournalError> {
        let newest = self.newest.subscribe();
        let after = sqlx::query_scalar(NEWEST).fetch_one(&self.reads).await;
        let after = after.map_err(|error| unavailable("listen to the bus", error))?;
        let reads = self.reads.clone();
        let (heard, is_away) = (VecDeque::new(), false);
        Ok(Box::new(Listener { reads, newest, is_woken: true, after, heard, is_away }))
    }
}

impl Listener {
    /// Reads what was said since the last look. Nothing changes before all of it is read, so that
    /// a look that is given up loses nothing.
    async fn look(&mut self) -> Result<(), sqlx::Error> {
        let limit = i64::try_from(PAGE).unwrap_or(i64::MAX);
        let rows = sqlx::query(AFTER).bind(self.after).bind(limit).fetch_all(&self.reads).await?;
        let mut said = Vec::with_capacity(rows.len());
        for row in &rows {
            said.push((row.try_get::<i64, _>("number")?, row.try_get::<&str, _>("body")?));
        }
        if rows.is_empty() {
            let newest: i64 = sqlx::query_scalar(NEWEST).fetch_one(&self.reads).await?;
            // The file is an older one now, or what was said has gone. What comes after the
            // question is read at the next look, or is in the gap.
            if newest < self.after {
                self.after = newest;
                self.heard.push_back(Heard::Missed);
            }
        }
        if std::mem::take(&mut self.is_away) {
            self.heard.push_back(Heard::Missed);
        }
        for (number, body) in said {
            if number != self.after.saturating_add(1) {
                self.heard.push_back(Heard::Missed);
            }
            self.after = number;
            self.heard.extend(heard(number, body));
        }
        Ok(())
    }

    /// Waits until it is worth looking again.
    async fn wait(&mut self) {
        if self.is_away {
            return sleep(RETRY_AFTER).await;
        }
        tokio::select! {
            () = sleep(POLL) => {}
            woken = self.newest.changed(), if self.is_woken => self.is_woken = woken.is_ok(),
        }
    }
}

#[async_trait]
impl Notices for Listener {
    async fn next(&mut self) -> Heard {
        loop {
            if let Some(heard) = self.heard.pop_front() {
                return heard;
            }
            match self.look().await {
                Ok(()) if !self.heard.is_empty() => {}
                Ok(()) => self.wait().await,
                Err(error) => {
                    if !std::mem::replace(&mut self.is_away, true) {
                        warn!(%error, "the control bus cannot be read for now: {error}");
                    }
                    self.wait().await;
                }
            }
        }
    }
}

/// What a row says: nothing, if this version does not know its kind.
fn heard(number: i64, body: &str) -> Option<Heard> {
    match serde_json::from_str(body) {
        Ok(Notice::Unknown) => None,
        Ok(notice) => Some(Heard::Notice(notice)),
        // Of a kind that is known, with something in it that is not: it may matter.
        Err(error) => {
            warn!(notice.number = number, %error, "notice {number} cannot be read: {error}");
            Some(Heard::Missed)
        }
    }
}

/// Milliseconds since the Unix epoch.
fn unix_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
