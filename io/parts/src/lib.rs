//! The side channel of low latency: segments that are being made, and the parts of them.
//!
//! Floor 3. What is announced here is not stored: when a segment is whole, the journal tells of it,
//! and its parts are stretches of its bytes. [`Hub`] is the channel within one process; between
//! nodes the same [`PartSource`] is asked over HTTP.

mod hub;
mod part;

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use thiserror::Error;
use timeline::{MediaKey, OpenSegment, StreamName};
use tokio::sync::{mpsc, watch};

pub use hub::Hub;
pub use part::{Making, Reading, Refusal};

/// The segment of a stream that is being made, as it was announced last; `None` while there is
/// none. Whoever watches sees the newest announcement, not each of them.
pub type OpenWatch = watch::Receiver<Option<Arc<OpenSegment>>>;

/// A part's bytes as they are made. The channel's end is the end of the part.
pub type PartFlow = mpsc::Receiver<Result<Bytes, PartError>>;

/// Where parts can be had.
#[async_trait]
pub trait PartSource: Debug + Send + Sync + 'static {
    /// Follows the segment of `stream` that is being made by the owner whose memory is at
    /// `origin_url`; `None` means this process.
    ///
    /// # Errors
    ///
    /// When the owner cannot be asked.
    async fn follow(
        &self,
        stream: &StreamName,
        origin_url: Option<&str>,
    ) -> Result<OpenWatch, PartError>;

    /// The bytes of a part: of a finished one at once, of the one that is being made as they come,
    /// of the one after it when it begins, which may be never: say yourself how long you wait.
    ///
    /// # Errors
    ///
    /// [`PartError::NotFound`] when it is none of these (any more).
    async fn read(&self, key: &MediaKey, origin_url: Option<&str>) -> Result<PartFlow, PartError>;
}

/// Why a part cannot be had.
#[derive(Debug, Error)]
pub enum PartError {
    /// It is not being made here, and not one of the newest.
    #[error("there is no part {0} (any more)")]
    NotFound(MediaKey),
    /// Its making was given up: the publication ended or was replaced.
    #[error("the making of {0} was given up")]
    GivenUp(MediaKey),
    /// Its owner does not answer.
    #[error("the owner of the stream does not answer: {0}")]
    Unavailable(Box<dyn std::error::Error + Send + Sync>),
}
