//! Why a store, or the spool before it, did not do what it was asked.

use std::io;

use thiserror::Error;

/// Any cause of an error.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why an operation failed, sorted by what to do about it.
#[derive(Debug, Error)]
pub enum StoreError {
    /// There is no such object. To ask again will not help.
    #[error("there is no object {path}")]
    NotFound {
        /// The object's path.
        path: String,
    },
    /// The store did not answer, or asked us to slow down. Try again after a while.
    #[error("{operation} {path} failed for now: {source}")]
    Unavailable {
        /// What was tried.
        operation: &'static str,
        /// The object's path, or a folder's.
        path: String,
        /// The cause.
        #[source]
        source: BoxError,
    },
    /// No space is left. Try again when somebody has made room.
    #[error("{operation} {path} failed, no space is left: {source}")]
    Full {
        /// What was tried.
        operation: &'static str,
        /// The object's path, or a folder's.
        path: String,
        /// The cause.
        #[source]
        source: BoxError,
    },
    /// The store will not do it, now or later, unless somebody changes its configuration.
    #[error("{operation} {path} was refused: {source}")]
    Refused {
        /// What was tried.
        operation: &'static str,
        /// The object's path, or a folder's.
        path: String,
        /// The cause.
        #[source]
        source: BoxError,
    },
}

impl StoreError {
    /// Whether the same operation may succeed later without anybody changing what is asked.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        match self {
            Self::Unavailable { .. } | Self::Full { .. } => true,
            Self::NotFound { .. } | Self::Refused { .. } => false,
        }
    }

    /// What is missing is no object but a folder that somebody must provide.
    pub(crate) fn provide(self) -> Self {
        match self {
            Self::NotFound { path } => {
                let source = "its folder is gone".into();
                Self::Refused { operation: "find", path, source }
            }
            Self::Unavailable { .. } | Self::Full { .. } | Self::Refused { .. } => self,
        }
    }

    /// Sorts an error of the file system.
    pub(crate) fn io(operation: &'static str, path: String, error: io::Error) -> Self {
        use io::ErrorKind as Kind;
        const FULL: [Kind; 2] = [Kind::StorageFull, Kind::QuotaExceeded];
        const REFUSED: [Kind; 8] = [
            Kind::PermissionDenied,
            Kind::ReadOnlyFilesystem,
            Kind::NotADirectory,
            Kind::IsADirectory,
            Kind::InvalidFilename,
            Kind::FileTooLarge,
            Kind::InvalidInput,
            Kind::Unsupported,
        ];
        let kind = error.kind();
        let source = error.into();
        if kind == Kind::NotFound {
            Self::NotFound { path }
        } else if FULL.contains(&kind) {
            Self::Full { operation, path, source }
        } else if REFUSED.contains(&kind) {
            Self::Refused { operation, path, source }
        } else {
            Self::Unavailable { operation, path, source }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: io::ErrorKind, is_temporary: bool, text: &str) {
        let error = StoreError::io("put", "live/a/ts/1/0.ts".to_owned(), kind.into());
        assert_eq!(error.is_temporary(), is_temporary, "{error}");
        assert_eq!(error.to_string(), text);
    }

    #[test]
    fn an_error_says_whether_to_try_again() {
        use io::ErrorKind as Kind;
        check(Kind::NotFound, false, "there is no object live/a/ts/1/0.ts");
        check(
            Kind::StorageFull,
            true,
            "put live/a/ts/1/0.ts failed, no space is left: no storage space",
        );
        check(Kind::TimedOut, true, "put live/a/ts/1/0.ts failed for now: timed out");
        check(Kind::PermissionDenied, false, "put live/a/ts/1/0.ts was refused: permission denied");
    }
}
