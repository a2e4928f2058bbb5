//! Why a publisher is refused, and why a connection ends.

use std::io;

use authz::{BoxError, PublishRefusal};
use journal::{AppendError, JournalError};
use rtmp::{Rejection, SessionError, codes};
use thiserror::Error;

use crate::Revoked;

/// Why a stream cannot be published here and now.
#[derive(Debug, Error)]
pub enum Refusal {
    /// The publisher may not.
    #[error(transparent)]
    Denied(#[from] PublishRefusal),
    /// Somebody else is publishing it, and the policy is to keep the first.
    #[error("the stream is live already")]
    NameTaken,
    /// As many streams are live as this node takes.
    #[error("{limit} streams are live, which is all that this server takes")]
    Full {
        /// [`Settings::publishers_max`](crate::Settings::publishers_max).
        limit: usize,
    },
    /// The publisher lost its rights while it was being let in.
    #[error("{}", .0.what())]
    Revoked(Revoked),
    /// What the stream gets is not known for now.
    #[error("the stream's settings cannot be read: {0}")]
    Settings(#[source] BoxError),
    /// Another publisher took the stream while this one was being let in.
    #[error("another publisher came right after")]
    Overtaken,
    /// The connection publishes another stream already.
    #[error("a second stream on one connection")]
    SecondStream,
    /// The journal does not answer.
    #[error("the journal cannot be written: {0}")]
    Journal(#[source] AppendError),
    /// The journal cannot be read.
    #[error("the journal cannot be read: {0}")]
    ReadJournal(#[from] JournalError),
}

impl Refusal {
    /// What the encoder is told.
    #[must_use]
    pub fn rejection(&self) -> Rejection {
        match self {
            Self::Denied(denied) => Rejection::new(denied.code(), denied.sentence()),
            Self::NameTaken => Rejection::new(
                codes::PUBLISH_BAD_NAME,
                "This stream is live already. Stop the other encoder, or use another stream key.",
            ),
            Self::Full { limit } => Rejection::new(
                codes::PUBLISH_REJECTED,
                format!(
                    "This server is full: {limit} streams are live. Try again when one has ended."
                ),
            ),
            Self::Revoked(revoked) => Rejection::new(codes::PUBLISH_DENIED, revoked.sentence()),
            Self::Overtaken => Rejection::new(
                codes::PUBLISH_BAD_NAME,
                "Another encoder took this stream over. Only one can publish it.",
            ),
            Self::SecondStream => Rejection::new(
                codes::PUBLISH_BAD_NAME,
                "This connection publishes a stream already. Use a connection for each stream.",
            ),
            Self::Journal(_) | Self::ReadJournal(_) | Self::Settings(_) => Rejection::new(
                codes::STREAM_FAILED,
                "The server cannot take streams at the moment. Try again in a few seconds.",
            ),
        }
    }

    /// A short name for metrics.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Denied(PublishRefusal::TooManyStreams { .. }) => "too_many_streams",
            Self::Denied(_) => "denied",
            Self::NameTaken => "name_taken",
            Self::Full { .. } => "full",
            Self::Revoked(_) => "revoked",
            Self::Settings(_) => "settings",
            Self::Overtaken => "overtaken",
            Self::SecondStream => "second_stream",
            Self::Journal(_) | Self::ReadJournal(_) => "journal",
        }
    }
}

/// Why a connection ends.
#[derive(Debug, Error)]
pub enum Disconnect {
    /// The peer closed it.
    #[error("the encoder closed the connection")]
    Closed,
    /// The network did.
    #[error("the connection broke: {0}")]
    Network(#[source] io::Error),
    /// The peer does not read what it is sent.
    #[error("the encoder does not read its answers")]
    NotReading,
    /// The peer did something that ends a session.
    #[error(transparent)]
    Peer(#[from] SessionError),
    /// It was refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// What it sends cannot be published.
    #[error("{0} cannot be published yet")]
    Unsupported(String),
    /// Another publisher took its stream over.
    #[error("another publisher took the stream over")]
    Replaced,
    /// Its publisher may not publish any more.
    #[error("{}", .0.what())]
    Revoked(Revoked),
    /// Its segments cannot be made durable.
    #[error("segments cannot be kept: {0}")]
    NotDurable(String),
    /// The node stops.
    #[error("this server is stopping")]
    Draining,
}

impl Disconnect {
    /// What the encoder is told, if it can be told anything.
    #[must_use]
    pub fn rejection(&self) -> Option<Rejection> {
        match self {
            Self::Closed | Self::Network(_) | Self::NotReading => None,
            Self::Peer(error) => Some(Rejection::new(
                codes::CONNECT_CLOSED,
                format!("This connection was closed: {error}."),
            )),
            Self::Refused(refusal) => Some(refusal.rejection()),
            Self::Unsupported(what) => Some(Rejection::new(
                codes::PUBLISH_REJECTED,
                format!("This server cannot publish {what}. Use H.264 video and AAC audio."),
            )),
            Self::Replaced => Some(Rejection::new(
                codes::CONNECT_CLOSED,
                "Another encoder with the same key took this stream over.",
            )),
            Self::Revoked(revoked) => {
                Some(Rejection::new(codes::PUBLISH_DENIED, revoked.sentence()))
            }
            Self::NotDurable(_) => Some(Rejection::new(
                codes::CONNECT_CLOSED,
                "The server cannot keep this stream: its disk or its journal does not answer.",
            )),
            Self::Draining => {
                Some(Rejection::new(codes::CONNECT_SHUTDOWN, "This server is stopping."))
            }
        }
    }

    /// A short name for metrics.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Network(_) => "network",
            Self::NotReading => "not_reading",
            Self::Peer(error) => error.kind(),
            Self::Refused(refusal) => refusal.kind(),
            Self::Unsupported(_) => "unsupported",
            Self::Replaced => "replaced",
            Self::Revoked(_) => "revoked",
            Self::NotDurable(_) => "not_durable",
            Self::Draining => "draining",
        }
    }

    /// Whether the other side or an operator meant it, so that it is no warning.
    #[must_use]
    pub const fn is_expected(&self) -> bool {
        match self {
            Self::Closed | Self::Replaced | Self::Revoked(_) | Self::Draining => true,
            Self::Network(_)
            | Self::NotReading
            | Self::Peer(_)
            | Self::Refused(_)
            | Self::Unsupported(_)
            | Self::NotDurable(_) => false,
        }
    }
}
