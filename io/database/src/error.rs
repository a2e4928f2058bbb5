//! Why a database did not do what it was asked.

use sqlx::error::ErrorKind;
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
    /// Something else has the name.
    #[error("{what} of this name is there already")]
    Taken {
        /// What it is.
        what: &'static str,
    },
    /// What is changed is not as it was when it was read: read it again.
    #[error("{what} was changed or deleted by somebody else")]
    Changed {
        /// What it is.
        what: &'static str,
    },
    /// Something that it belongs to is not there.
    #[error("there is no such {what}")]
    Missing {
        /// What it is.
        what: &'static str,
    },
    /// A limit is reached.
    #[error("there are {limit} {what} already, which is all that are allowed")]
    Full {
        /// What there are so many of.
        what: &'static str,
        /// How many.
        limit: u32,
    },
    /// Something still needs it.
    #[error("{what} still need it")]
    InUse {
        /// What does.
        what: &'static str,
    },
    /// Nobody else is owner and can sign in.
    #[error("the last owner of an organisation stays its owner")]
    LastOwner,
}

impl DatabaseError {
    /// Whether the same operation may succeed later.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        match self {
            Self::Unavailable { .. } => true,
            Self::Unreadable { .. }
            | Self::Taken { .. }
            | Self::Changed { .. }
            | Self::Missing { .. }
            | Self::Full { .. }
            | Self::InUse { .. }
            | Self::LastOwner => false,
        }
    }

    /// What a failed statement means: something that has to be alone was `taken`, something that
    /// has to be there is `missing`.
    pub(crate) fn of(
        operation: &'static str,
        error: sqlx::Error,
        taken: Option<&'static str>,
        missing: Option<&'static str>,
    ) -> Self {
        let kind = error.as_database_error().map(|error| error.kind());
        match (kind, taken, missing) {
            (Some(ErrorKind::UniqueViolation), Some(what), _) => Self::Taken { what },
            (Some(ErrorKind::ForeignKeyViolation), _, Some(what)) => Self::Missing { what },
            _ => Self::unavailable(operation, error),
        }
    }

    /// What it means that something could not be deleted: others that refer to it need it.
    pub(crate) fn of_use(operation: &'static str, error: sqlx::Error, what: &'static str) -> Self {
        match error.as_database_error().map(|error| error.kind()) {
            Some(ErrorKind::ForeignKeyViolation) => Self::InUse { what },
            _ => Self::unavailable(operation, error),
        }
    }

    pub(crate) fn unavailable(operation: &'static str, source: impl Into<BoxError>) -> Self {
        Self::Unavailable { operation, source: source.into() }
    }
}
