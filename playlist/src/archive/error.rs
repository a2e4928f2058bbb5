//! Why a recording cannot be made, read or deleted.

use hls::PageError;
use journal::{AppendError, JournalError};
use store::StoreError;
use thiserror::Error;
use timeline::{NameError, RecordingId, StreamName};

/// Why something about recordings is not known or not done.
#[derive(Debug, Error)]
pub enum ArchiveError {
    /// The journal cannot be read.
    #[error("read the journal: {0}")]
    Journal(#[from] JournalError),
    /// The journal cannot be written.
    #[error("append to the journal: {0}")]
    Append(#[from] AppendError),
    /// The store does not do what it is asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An index page cannot be used.
    #[error("read an index page: {0}")]
    Page(#[from] PageError),
    /// A record cannot be used.
    #[error("the record of {id} cannot be used: {problem}")]
    Record {
        /// The recording.
        id: RecordingId,
        /// What is wrong with it.
        problem: String,
    },
    /// A recording cannot have this name.
    #[error("a recording cannot have this name: {0}")]
    Name(#[from] NameError),
    /// There never was such a recording.
    #[error("there is no recording {0}")]
    Unknown(RecordingId),
    /// The name of the recording is another one's.
    #[error("the name of {0} is taken: choose another one")]
    Taken(RecordingId),
    /// The time of some of its segments was over before the record was there.
    #[error("a part of {0} has expired meanwhile")]
    TooLate(RecordingId),
}

/// Why there is no clip.
#[derive(Debug, Error)]
pub enum ClipError {
    /// A part that is needed does not answer, or the name is taken.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// There is no such stream.
    #[error("nothing is known of {0}")]
    NoStream(StreamName),
    /// The recording was deleted.
    #[error("the recording {0} has been deleted")]
    Deleted(RecordingId),
    /// The name is one of those that recordings of broadcasts get.
    #[error("names as 2026-01-31.0 are those of whole broadcasts: choose another one")]
    Reserved,
    /// The end is not after the start.
    #[error("the end of a clip is after its start")]
    EndBeforeStart,
    /// Nothing is kept of that stretch of time.
    #[error("there is nothing of {0} in this stretch of time")]
    NothingThen(StreamName),
}
