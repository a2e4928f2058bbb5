//! The journal: one append-only log per stream, which is also the lock on the stream.
//!
//! Floor 3. Appending says which entry it follows, so of all who try only one succeeds: whoever
//! appends a claim owns the stream, and a deposed owner's next append is refused. There is no
//! other lock. An implementation of [`Journal`] passes [`conformance::all`].

mod bus;
pub mod conformance;
mod error;
mod memory;
mod sqlite;
mod tail;

use std::fmt::{self, Debug};
use std::sync::Arc;

use async_trait::async_trait;
use timeline::{Entry, StreamName};

pub use bus::{Bus, Heard, MemoryBus, Notices, SqliteBus};
pub use error::{AppendError, BoxError, JournalError};
pub use memory::MemoryJournal;
pub use sqlite::{Durability, SqliteJournal};
pub use tail::{Tail, TailSource};

/// Newest entries of a stream that are never trimmed. Its numbers so never start over, and a node
/// that restarts finds all that can still be on its way to the store.
pub const KEPT_ENTRIES_MIN: usize = 4_096;

/// Where an entry stands in its stream's log. Positions of one stream grow, with or without steps
/// between them; what they are is the journal's own business.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct Position(u64);

/// An entry, and where it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stored {
    /// Where the entry stands.
    pub position: Position,
    /// The entry.
    pub entry: Arc<Entry>,
}

/// Keeps the entries of streams.
///
/// An entry is there for every reader once its append has been acknowledged, and never changes.
#[async_trait]
pub trait Journal: Debug + Send + Sync + 'static {
    /// Appends `entry` if `expected` is the position of the stream's newest entry at that moment,
    /// or [`Position::START`] if it has none.
    ///
    /// Whoever stops waiting for the answer does not know whether the entry was appended.
    ///
    /// # Errors
    ///
    /// [`AppendError::Stale`] when the newest entry is another one; then nothing was appended.
    async fn append(
        &self,
        stream: &StreamName,
        expected: Position,
        entry: &Entry,
    ) -> Result<Position, AppendError>;

    /// The stream's newest entry, or `None` before the first.
    ///
    /// # Errors
    ///
    /// When the journal cannot be read.
    async fn newest(&self, stream: &StreamName) -> Result<Option<Stored>, JournalError> {
        Ok(self.read_newest(stream, 1).await?.pop())
    }

    /// The stream's newest `count` entries, oldest first.
    ///
    /// # Errors
    ///
    /// When the journal cannot be read.
    async fn read_newest(
        &self,
        stream: &StreamName,
        count: usize,
    ) -> Result<Vec<Stored>, JournalError>;

    /// The `limit` oldest entries after a position that are still kept, oldest first.
    ///
    /// # Errors
    ///
    /// When the journal cannot be read.
    async fn read_after(
        &self,
        stream: &StreamName,
        after: Position,
        limit: usize,
    ) -> Result<Vec<Stored>, JournalError>;

    /// Follows the stream: first what is kept after a position, then every new entry as it comes;
    /// each once, in order. The stream need not exist yet.
    ///
    /// # Errors
    ///
    /// When the journal cannot be read.
    async fn tail(&self, stream: &StreamName, after: Position) -> Result<Tail, JournalError>;

    /// All streams in the order of their names, each with its newest entry.
    ///
    /// # Errors
    ///
    /// When the journal cannot be read.
    async fn streams(&self) -> Result<Vec<(StreamName, Stored)>, JournalError>;

    /// Removes the stream's entries before a position, but none of its [`KEPT_ENTRIES_MIN`] newest
    /// ones. Returns how many were removed.
    ///
    /// # Errors
    ///
    /// When they may not have been removed, or not all of them.
    async fn trim(&self, stream: &StreamName, before: Position) -> Result<u64, JournalError>;
}

impl Position {
    /// Before the first entry of any stream.
    pub const START: Self = Self(0);

    /// The position that a journal calls `number`, which is over 0.
    #[must_use]
    pub const fn from_number(number: u64) -> Self {
        Self(number)
    }

    /// What the journal calls it.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
