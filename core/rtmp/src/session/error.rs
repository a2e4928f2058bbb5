//! Why a session ends.

use std::time::Duration;

use thiserror::Error;

use crate::amf::AmfError;
use crate::chunk::ChunkError;
use crate::handshake::HandshakeError;
use crate::message::MessageKind;

/// Why a session ends. Every variant means: flush what is to be sent, then hang up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SessionError {
    /// The handshake is not one.
    #[error("handshake: {0}")]
    Handshake(#[from] HandshakeError),
    /// The chunks cannot be read.
    #[error("chunks: {0}")]
    Chunk(#[from] ChunkError),
    /// A command of a peer that has not published yet cannot be read.
    #[error("{kind:?} message: {error}")]
    Amf {
        /// What the message was.
        kind: MessageKind,
        /// What is wrong with it.
        error: AmfError,
    },
    /// The handshake took too long.
    #[error("no handshake within {limit:?}, only {received} bytes")]
    HandshakeTimeout {
        /// [`Limits::handshake_timeout`](crate::Limits::handshake_timeout).
        limit: Duration,
        /// Bytes that came.
        received: u64,
    },
    /// Nothing was published in time.
    #[error("no publish within {limit:?}")]
    PublishTimeout {
        /// [`Limits::publish_timeout`](crate::Limits::publish_timeout), or
        /// [`Limits::idle_timeout`](crate::Limits::idle_timeout) after a stream was unpublished.
        limit: Duration,
    },
    /// The publisher went silent.
    #[error("no message within {limit:?}")]
    IdleTimeout {
        /// [`Limits::idle_timeout`](crate::Limits::idle_timeout).
        limit: Duration,
    },
    /// A command came that needs an accepted `connect`.
    #[error("`{command}` before connect")]
    BeforeConnect {
        /// The command.
        command: &'static str,
    },
    /// A second `connect` came.
    #[error("second connect on one connection")]
    ConnectTwice,
    /// A `connect` named no application.
    #[error("connect names no app")]
    AppMissing,
    /// A `publish` named no stream.
    #[error("publish names no stream")]
    StreamNameMissing,
    /// A name is longer than the limit.
    #[error("{field} of {length} bytes is over the limit of {limit}")]
    NameTooLong {
        /// `app`, `tcUrl` or `stream name`.
        field: &'static str,
        /// Its length.
        length: usize,
        /// [`Limits::name_bytes_max`](crate::Limits::name_bytes_max).
        limit: usize,
    },
    /// A message stream was used that `createStream` did not make.
    #[error("message stream {message_stream} was not created")]
    NoSuchMessageStream {
        /// Its number.
        message_stream: u32,
    },
    /// A second `publish` came on a message stream that publishes.
    #[error("second publish on message stream {message_stream}")]
    PublishTwice {
        /// Its number.
        message_stream: u32,
    },
    /// One more message stream than the limit was asked for.
    #[error("more than {limit} message streams")]
    TooManyMessageStreams {
        /// [`Limits::message_streams_max`](crate::Limits::message_streams_max).
        limit: usize,
    },
    /// The peer came to watch.
    #[error("play is not served over rtmp")]
    PlayRefused,
    /// The peer asks more than it reads.
    #[error("{waiting} bytes of answers wait, over the limit of {limit}")]
    AnswersNotRead {
        /// Bytes that wait to be sent.
        waiting: usize,
        /// [`Limits::output_bytes_max`](crate::Limits::output_bytes_max).
        limit: usize,
    },
    /// More bytes were handed in while a request is undecided than a session keeps. See
    /// [`ServerSession::wants_bytes`](crate::ServerSession::wants_bytes).
    #[error("{waiting} bytes wait for a decision, over the limit of {limit}")]
    TooMuchUndecided {
        /// Bytes that wait.
        waiting: usize,
        /// [`ChunkLimits::buffered_bytes_max`](crate::ChunkLimits::buffered_bytes_max).
        limit: usize,
    },
    /// We refused a request.
    #[error("refused with {code}")]
    Rejected {
        /// One of [`codes`](crate::codes).
        code: &'static str,
    },
    /// We closed the session.
    #[error("closed with {code}")]
    Closed {
        /// One of [`codes`](crate::codes).
        code: &'static str,
    },
}

/// Who caused the end of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The peer did something that is not allowed.
    Peer,
    /// The peer, or the network between, was too slow or silent.
    Silence,
    /// This side decided so.
    Us,
}

impl SessionError {
    /// A short, stable name: the label of a metric.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Handshake(HandshakeError::Encrypted { .. }) => "handshake_encrypted",
            Self::Handshake(HandshakeError::NotRtmp { .. }) => "handshake_not_rtmp",
            Self::Chunk(ChunkError::MessageTooLong { .. }) => "message_too_long",
            Self::Chunk(ChunkError::TooManyChunkStreams { .. }) => "too_many_chunk_streams",
            Self::Chunk(ChunkError::TooMuchBuffered { .. }) => "too_much_buffered",
            Self::Chunk(ChunkError::NoEarlierHeader { .. }) => "no_earlier_header",
            Self::Chunk(ChunkError::ChunkSize { .. }) => "chunk_size",
            Self::Amf { .. } => "amf",
            Self::HandshakeTimeout { .. } => "handshake_timeout",
            Self::PublishTimeout { .. } => "publish_timeout",
            Self::IdleTimeout { .. } => "idle_timeout",
            Self::BeforeConnect { .. } => "before_connect",
            Self::ConnectTwice => "connect_twice",
            Self::AppMissing => "app_missing",
            Self::StreamNameMissing => "stream_name_missing",
            Self::NameTooLong { .. } => "name_too_long",
            Self::NoSuchMessageStream { .. } => "no_such_message_stream",
            Self::PublishTwice { .. } => "publish_twice",
            Self::TooManyMessageStreams { .. } => "too_many_message_streams",
            Self::PlayRefused => "play_refused",
            Self::AnswersNotRead { .. } => "answers_not_read",
            Self::TooMuchUndecided { .. } => "too_much_undecided",
            Self::Rejected { .. } => "rejected",
            Self::Closed { .. } => "closed",
        }
    }

    /// Who caused it.
    pub fn cause(self) -> Cause {
        match self {
            Self::HandshakeTimeout { .. }
            | Self::PublishTimeout { .. }
            | Self::IdleTimeout { .. } => Cause::Silence,
            Self::TooMuchUndecided { .. } | Self::Rejected { .. } | Self::Closed { .. } => {
                Cause::Us
            }
            Self::Handshake(_)
            | Self::Chunk(_)
            | Self::Amf { .. }
            | Self::BeforeConnect { .. }
            | Self::ConnectTwice
            | Self::AppMissing
            | Self::StreamNameMissing
            | Self::NameTooLong { .. }
            | Self::NoSuchMessageStream { .. }
            | Self::PublishTwice { .. }
            | Self::TooManyMessageStreams { .. }
            | Self::PlayRefused
            | Self::AnswersNotRead { .. } => Cause::Peer,
        }
    }
}
