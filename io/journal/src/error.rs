//! Why a journal did not do what it was asked.

use thiserror::Error;
use timeline::{EntryError, StreamName};

use crate::Position;

/// Any cause of an error.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why an entry was not appended, or may not have been.
#[derive(Debug, Error)]
pub enum AppendError {
    /// Somebody else has appended: the stream has another owner. To try again will not help.
    #[error("the stream's newest entry is another one, at {newest}")]
    Stale {
        /// Where the newest entry stands.
        newest: Position,
    },
    /// The journal did not answer. Try again after a while.
    #[error("the journal cannot be written for now: {source}")]
    Unavailable {
        /// The cause.
        #[source]
        source: BoxError,
    },
}

/// Why a journal cannot be read.
#[derive(Debug, Error)]
pub enum JournalError {
    /// The journal did not answer. Try again after a while.
    #[error("{operation}: the journal does not answer for now: {source}")]
    Unavailable {
        /// What was tried.
        operation: &'static str,
        /// The cause.
        #[source]
        source: BoxError,
    },
    /// The journal holds what this program cannot use. To try again will not help.
    #[error("the entry of `{stream}` at {position} cannot be used: {source}")]
    Unreadable {
        /// The stream, as the journal names it.
        stream: String,
        /// Where the entry stands.
        position: Position,
        /// The cause.
        #[source]
        source: BoxError,
    },
}

impl AppendError {
    /// Whether the same append may succeed later.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        match self {
            Self::Unavailable { .. } => true,
            Self::Stale { .. } => false,
        }
    }
}

impl JournalError {
    /// Whether the same operation may succeed later.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        match self {
            Self::Unavailable { .. } => true,
            Self::Unreadable { .. } => false,
        }
    }

    pub(crate) fn unreadable(stream: &StreamName, position: Position, error: EntryError) -> Self {
        Self::Unreadable { stream: stream.to_string(), position, source: error.into() }
    }
}
