//! Why the service did not do what it was asked.

use accounts::Permission;
use database::DatabaseError;
use thiserror::Error;

use crate::MailError;

/// Why something was not done, in sentences for whoever asked.
#[derive(Debug, Error)]
pub enum ServiceError {
    /// There is no such thing, or it is another organisation's.
    #[error("there is no such thing here")]
    NotFound,
    /// The role does not allow it.
    #[error("your role does not allow this")]
    Forbidden {
        /// What would be needed.
        permission: Permission,
    },
    /// What was given cannot be used.
    #[error("{0}")]
    Invalid(String),
    /// It was changed by somebody else, or something else has its name.
    #[error("{0}")]
    Conflict(String),
    /// The password, code, ticket or token is not good.
    #[error("{0}")]
    Unauthorized(String),
    /// Too often: try again later.
    #[error("too many attempts: try again in {retry_after_s} s")]
    TooMany {
        /// Seconds to wait.
        retry_after_s: u64,
    },
    /// A part that is needed does not answer.
    #[error("the server cannot do this for now; try again in a few seconds")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<DatabaseError> for ServiceError {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::Taken { .. }
            | DatabaseError::Changed { .. }
            | DatabaseError::Full { .. }
            | DatabaseError::InUse { .. }
            | DatabaseError::LastOwner => Self::Conflict(error.to_string()),
            DatabaseError::Missing { .. } => Self::Invalid(error.to_string()),
            DatabaseError::Unavailable { .. } | DatabaseError::Unreadable { .. } => {
                Self::Unavailable(Box::new(error))
            }
        }
    }
}

impl From<MailError> for ServiceError {
    fn from(error: MailError) -> Self {
        match error {
            MailError::Address | MailError::Refused(_) => Self::Invalid(error.to_string()),
            MailError::Unavailable(_) => Self::Unavailable(Box::new(error)),
        }
    }
}
