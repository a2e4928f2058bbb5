//! Following a stream.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use timeline::StreamName;
use tokio::sync::watch;

use crate::{JournalError, Position, Stored};

/// Entries that a tail reads at a time.
const PAGE: usize = 256;

/// The entries of a stream, as they come.
pub struct Tail(Box<dyn TailSource>);

/// What a [`Tail`] takes its entries from: each journal has its own.
#[async_trait]
pub trait TailSource: Send + 'static {
    /// See [`Tail::next`].
    ///
    /// # Errors
    ///
    /// When the journal cannot be read.
    async fn next(&mut self) -> Result<Stored, JournalError>;
}

impl Tail {
    /// Follows a source.
    #[must_use]
    pub fn new(source: impl TailSource) -> Self {
        Self(Box::new(source))
    }

    /// The next entry. Waits until there is one. No entry is lost when the wait is given up, and
    /// none after an error: the next call goes on where this one stood.
    ///
    /// # Errors
    ///
    /// When the journal cannot be read.
    pub async fn next(&mut self) -> Result<Stored, JournalError> {
        self.0.next().await
    }
}

impl fmt::Debug for Tail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tail")
    }
}

/// Reads back what a tail has not been told of.
#[async_trait]
pub(crate) trait ReadAfter: Send + Sync + 'static {
    /// See [`crate::Journal::read_after`].
    async fn read_after(
        &self,
        stream: &StreamName,
        after: Position,
        limit: usize,
    ) -> Result<Vec<Stored>, JournalError>;
}

/// An append that tails are told of.
#[derive(Clone, Debug)]
struct Appended {
    /// The entry before it, as far as the appender knows.
    previous: Position,
    stored: Stored,
}

/// Tells tails of appends. It holds the newest one of each stream that somebody follows: a tail
/// that is fast enough takes it from here, and one that missed some reads the journal.
#[derive(Default, Debug)]
pub(crate) struct Followed {
    streams: Mutex<HashMap<StreamName, watch::Sender<Option<Appended>>>>,
}

impl Followed {
    /// Tells of an append that follows the entry at `previous`.
    pub(crate) fn tell(&self, stream: &StreamName, previous: Position, stored: Stored) {
        let mut streams = self.lock();
        let Some(sender) = streams.get(stream) else { return };
        if sender.send(Some(Appended { previous, stored })).is_err() {
            // Nobody follows it any more.
            streams.remove(stream);
        }
    }

    /// A tail that goes on after a position.
    pub(crate) fn tail(
        &self,
        journal: Arc<dyn ReadAfter>,
        stream: &StreamName,
        after: Position,
    ) -> Tail {
        let told = {
            let mut streams = self.lock();
            // Tails are seldom begun, so this is the time to forget those that have ended.
            streams.retain(|_, sender| sender.receiver_count() > 0);
            streams.entry(stream.clone()).or_default().subscribe()
        };
        let (stream, read) = (stream.clone(), VecDeque::new());
        Tail::new(Follower { journal, stream, after, read, told, is_behind: true })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<StreamName, watch::Sender<Option<Appended>>>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Follower {
    journal: Arc<dyn ReadAfter>,
    stream: StreamName,
    /// The newest entry that was handed out, or is in `read`.
    after: Position,
    read: VecDeque<Stored>,
    told: watch::Receiver<Option<Appended>>,
    /// Whether the journal may have entries after `after` that we were not told of.
    is_behind: bool,
}

#[async_trait]
impl TailSource for Follower {
    async fn next(&mut self) -> Result<Stored, JournalError> {
        loop {
            if let Some(stored) = self.read.pop_front() {
                return Ok(stored);
            }
            if self.is_behind {
                // What is appended from here on is either in the page or told after it.
                self.told.mark_unchanged();
                let page = self.journal.read_after(&self.stream, self.after, PAGE).await?;
                self.is_behind = page.len() >= PAGE;
                self.after = page.last().map_or(self.after, |stored| stored.position);
                self.read = page.into();
                continue;
            }
            if self.told.changed().await.is_err() {
                let source = "the journal was closed".into();
                return Err(JournalError::Unavailable { operation: "follow", source });
            }
            let told = self.told.borrow_and_update().clone();
            let Some(Appended { previous, stored }) = told else { continue };
            if stored.position <= self.after {
                continue;
            }
            if previous == self.after {
                self.after = stored.position;
                return Ok(stored);
            }
            self.is_behind = true;
        }
    }
}
