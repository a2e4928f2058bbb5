//! How evidence is fetched: the port, and what an exchange was like.

mod connect;
mod folder;
mod http;
#[cfg(test)]
pub(crate) mod samples;

use std::time::Duration;

use ::http::{HeaderMap, Method, StatusCode, Version};
use async_trait::async_trait;
use bytes::Bytes;
use thiserror::Error;
use url::Url;

pub use self::folder::{Entry, Folder, FolderError};
pub use self::http::{Http, HttpSetup, SetupError};

/// Fetches what an exam asks for.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends a request and reads its answer to the end. Redirects are followed, at most
    /// [`REDIRECTS_MAX`]; nothing is unpacked, nothing is cached, nothing is tried again.
    ///
    /// # Errors
    ///
    /// When no whole answer comes. Every status is an answer.
    async fn send(&self, request: &Request) -> Result<Reply, TransportError>;

    /// Sends a request with `path`, with its query, in the place of the URL's own: as it is
    /// written, `..` and all. A transport that cannot do so sends the URL's own.
    ///
    /// # Errors
    ///
    /// As with [`Self::send`].
    async fn send_untidied(&self, request: &Request, _path: &str) -> Result<Reply, TransportError> {
        self.send(request).await
    }

    /// Whether it speaks HTTP, so that rules about HTTP make sense.
    fn is_http(&self) -> bool;
}

/// A request without a body.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// What is asked for.
    pub url: Url,
    /// Headers, beside those that every request has.
    pub headers: HeaderMap,
    /// When to give up.
    pub within: Duration,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Its status.
    pub status: StatusCode,
    /// Its version.
    pub version: Version,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, as it came.
    pub body: Bytes,
    /// Where it came from, after redirects.
    pub url: Url,
    /// From the request to the answer's headers.
    pub first_byte: Duration,
    /// From the request to the end of the body.
    pub took: Duration,
    /// Whether the connection had been used before, if that is known.
    pub is_reused: Option<bool>,
}

/// Why there is no answer.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum TransportError {
    /// Nobody answers.
    #[error("no connection: {0}")]
    Connect(String),
    /// The answer broke off, or was none.
    #[error("the answer broke off: {0}")]
    Broken(String),
    /// It took too long.
    #[error("no answer within {0:?}")]
    TimedOut(Duration),
    /// It is larger than anything that is examined.
    #[error("the answer has more than {limit} bytes")]
    TooLong {
        /// The limit.
        limit: usize,
    },
    /// The URL is none that can be fetched.
    #[error("the URL cannot be fetched: {0}")]
    Url(String),
}

/// A plain request for something that is listed, and its answer.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// What was asked for.
    pub purpose: Purpose,
    /// The request.
    pub request: Request,
    /// The answer.
    pub reply: Reply,
    /// When it was asked for, counted from the start of the exam.
    pub at: Duration,
    /// `EXT-X-TARGETDURATION` of the playlist that it is or is listed in, if it is known.
    pub target_duration: Option<Duration>,
    /// How long it plays, if it is a segment or a part.
    pub plays: Option<Duration>,
    /// Whether the playlist that it is or is listed in may still change.
    pub is_live: bool,
}

/// What was asked for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Purpose {
    /// A multivariant playlist.
    Multivariant,
    /// A media playlist.
    Media,
    /// An initialization section.
    Init,
    /// A segment.
    Segment,
    /// A part of a segment.
    Part,
}

/// More would be a loop.
pub const REDIRECTS_MAX: usize = 8;

/// The largest answer that is examined: ten seconds of 200 Mbit/s, or a playlist of two months.
pub const REPLY_BYTES_MAX: usize = 256 << 20;
