//! Why a database did not do what it was asked.

use thiserror::Error;

/// Any cause of an error.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why an operation failed, sorted by what to do about it. None has a key or a secret in it.
#[derive(Debug, Error)]
pub enum DatabaseError {
    /// The database did not answer. Try again after a while.
    #[error("{operation}: the database does not answer for now: {source}")]
    Unavailable {
        /// What was tried.
        operation: &'static str,
        /// The cause.
        #[source]
        source: BoxError,
    },
    /// The database holds what this program cannot use. To try again will not help.
    #[error("{what} in the database cannot be used: {source}")]
    Unreadable {
        /// What it is.
        what: &'static str,
        /// The cause.
        #[source]
        source: BoxError,
    },
}

impl DatabaseError {
    /// Whether the same operation may succeed later.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        match self {
            Self::Unavailable { .. } => true,
            Self::Unreadable { .. } => false,
        }
    }

    pub(crate) fn unavailable(operation: &'static str, source: impl Into<BoxError>) -> Self {
        Self::Unavailable { operation, source: source.into() }
    }
}
