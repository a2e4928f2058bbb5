//! The port between the edge and the playlist service: what a viewer's request becomes.
//!
//! In one process the playlist service is called directly; in a cluster a client of the same
//! trait asks it over HTTP.

mod body;

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use thiserror::Error;
use timeline::{Container, ObjectKey, RecordingId, RenditionId, Resource, StreamName};

pub use body::{Body, BoxError, Flow, Made, Pieces};

/// Answers what viewers ask for.
#[async_trait]
pub trait Origin: Debug + Send + Sync + 'static {
    /// The document that `resource` names at this moment. Waits while the resource is the next
    /// thing to be made, for no longer than it takes to make one.
    ///
    /// # Errors
    ///
    /// When there is no such thing, or not for now.
    async fn fetch(&self, resource: &Resource) -> Result<Document, OriginError>;
}

/// What an origin answers with.
#[derive(Clone, Debug)]
pub struct Document {
    /// The bytes.
    pub body: Body,
    /// The same bytes as gzip, when they were worth it.
    pub gzip: Option<Pieces>,
    /// The media type.
    pub content_type: &'static str,
    /// How long caches may keep it: a `Cache-Control` value.
    pub cache_control: CacheControl,
    /// Its strong validator, without the quotes.
    pub etag: Box<str>,
}

/// How long a document may be cached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CacheControl {
    /// For ever: it never changes.
    Immutable,
    /// For this many whole seconds.
    Seconds(u32),
}

/// Why there is no document.
#[derive(Debug, Error)]
pub enum OriginError {
    /// Nobody has published this stream, or it has no segment yet.
    #[error("{0} is not live yet")]
    NotLiveYet(StreamName),
    /// The stream has no such rendition.
    #[error("{0} has no rendition {1}")]
    NoRendition(StreamName, RenditionId),
    /// The stream is live, and not in this container.
    #[error("{0} is not offered as {1}")]
    NoContainer(StreamName, Container),
    /// There is nothing of the stream in the stretch of time that was asked for.
    #[error("there is nothing of {0} in this stretch of time")]
    NothingThen(StreamName),
    /// The playlist that is waited for is further ahead than a player may ask (RFC 8216bis,
    /// 6.2.5.2).
    #[error("segment {sequence} is too far ahead: the newest one is {newest}")]
    TooFarAhead {
        /// The media sequence number that was asked for.
        sequence: u64,
        /// The newest one that is listed.
        newest: u64,
    },
    /// What is waited for did not come in the time in which it should have.
    #[error("{stream} stands still for now")]
    Stalled {
        /// The stream.
        stream: StreamName,
        /// When to ask again.
        retry_after: Duration,
    },
    /// There never was such a recording.
    #[error("there is no recording {0}")]
    NoRecording(RecordingId),
    /// The recording was deleted.
    #[error("the recording {0} has been deleted")]
    Deleted(RecordingId),
    /// The recording cannot be made into one file.
    #[error("the recording {id} cannot be exported: {reason}")]
    NoExport {
        /// The recording.
        id: RecordingId,
        /// Why, as a sentence for viewers.
        reason: String,
    },
    /// The object does not exist: it was never made, or its retention is over.
    #[error("there is no {0} (any more)")]
    NoObject(ObjectKey),
    /// A part that the origin needs does not answer.
    #[error("{what} does not answer for now")]
    Unavailable {
        /// The part, in words.
        what: &'static str,
        /// When to ask again.
        retry_after: Duration,
        /// The cause, for the log only.
        #[source]
        source: BoxError,
    },
}
