//! Sessions: one connection from its first byte to its last (RTMP 1.0 §7.2).
//!
//! [`ServerSession`] is what a publisher talks to, [`ClientSession`] is a publisher.

mod client;
mod command;
mod enhanced;
mod error;
mod link;
mod server;
#[cfg(test)]
mod tests;

use std::fmt;

use bytes::Bytes;

pub use client::{ClientConfig, ClientEvent, ClientSession};
pub use enhanced::{CODECS_MAX, Capabilities, CodecAbilities, Enhanced};
pub use error::{Cause, SessionError};
pub use server::{ServerConfig, ServerSession};

use crate::amf::{AmfError, Value};
use crate::message::MessageKind;

/// What a publisher asks or sends.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// It wants to use an application. Nothing more comes until
    /// [`ServerSession::accept`] or [`ServerSession::reject`].
    ConnectRequested(Connect),
    /// It wants to publish. Nothing more comes until [`ServerSession::accept`] or
    /// [`ServerSession::reject`].
    PublishRequested(Publish),
    /// A message of audio or video on a message stream that publishes.
    Media(Media),
    /// `onMetaData`, with or without `@setDataFrame` around it.
    Metadata {
        /// The message stream.
        message_stream: u32,
        /// The sender's time in milliseconds.
        timestamp_ms: u32,
        /// The properties, an object or associative array if the encoder is sane.
        value: Value,
    },
    /// Any other data message: captions, cue points, ad markers.
    Data {
        /// The message stream.
        message_stream: u32,
        /// The sender's time in milliseconds.
        timestamp_ms: u32,
        /// Its name, without `@setDataFrame`.
        name: String,
        /// What follows the name.
        values: Vec<Value>,
    },
    /// A stream ended in an orderly way.
    Unpublished {
        /// The message stream.
        message_stream: u32,
    },
    /// A message of a publisher could not be read. It costs this message and nothing else.
    Skipped {
        /// The message stream.
        message_stream: u32,
        /// What it was.
        kind: MessageKind,
        /// What is wrong with it.
        error: AmfError,
    },
}

/// What a `connect` command says (§7.2.1.1). `Debug` shows no text that may hold a key.
#[derive(Clone, PartialEq)]
pub struct Connect {
    /// The application, as sent: some encoders put a query behind it.
    pub app: String,
    /// The URL the encoder was given, as sent.
    pub tc_url: Option<String>,
    /// What the encoder calls itself (`flashVer`), at most 256 bytes of it.
    pub encoder: Option<String>,
    /// What it says of Enhanced RTMP; `None` if it says nothing.
    pub enhanced: Option<Enhanced>,
    /// All properties of the command object, in order: those above among them.
    pub properties: Vec<(String, Value)>,
}

/// What a `publish` command says (§7.2.2.6). `Debug` shows no text that may hold a key.
#[derive(Clone, PartialEq, Eq)]
pub struct Publish {
    /// The application, from `connect`.
    pub app: String,
    /// The name of the stream as sent, query included. It may hold any character; bytes that are
    /// not UTF-8 have become U+FFFD, so such a name is never equal to a proper one.
    pub stream_name: String,
    /// The URL, from `connect`.
    pub tc_url: Option<String>,
    /// The encoder, from `connect`.
    pub encoder: Option<String>,
    /// The message stream that will carry it.
    pub message_stream: u32,
}

/// One message of audio or video. `Debug` shows the length of its payload.
#[derive(Clone, PartialEq, Eq)]
pub struct Media {
    /// Audio or video.
    pub kind: MediaKind,
    /// The sender's time in milliseconds; starts anywhere, wraps at 2^32.
    pub timestamp_ms: u32,
    /// The body of an FLV tag.
    pub payload: Bytes,
    /// The message stream.
    pub message_stream: u32,
}

/// Audio or video.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MediaKind {
    /// Audio.
    Audio,
    /// Video.
    Video,
}

/// Why a request is refused or a session closed: a code for the encoder and a sentence for the
/// person in front of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// One of [`codes`].
    pub code: &'static str,
    /// The sentence. Goes over the wire: no secrets.
    pub description: String,
}

impl Rejection {
    /// A refusal with one of [`codes`].
    pub fn new(code: &'static str, description: impl Into<String>) -> Self {
        Self { code, description: description.into() }
    }
}

impl fmt::Debug for Connect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connect")
            .field("app_bytes", &self.app.len())
            .field("encoder", &self.encoder)
            .field("enhanced", &self.enhanced)
            .field("properties", &self.properties.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Publish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publish")
            .field("app_bytes", &self.app.len())
            .field("stream_name_bytes", &self.stream_name.len())
            .field("encoder", &self.encoder)
            .field("message_stream", &self.message_stream)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Media {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Media")
            .field("kind", &self.kind)
            .field("timestamp_ms", &self.timestamp_ms)
            .field("payload_bytes", &self.payload.len())
            .field("message_stream", &self.message_stream)
            .finish()
    }
}

/// Codes of `onStatus` and `_error` that encoders know.
pub mod codes {
    /// `connect` was accepted.
    pub const CONNECT_SUCCESS: &str = "NetConnection.Connect.Success";
    /// `connect` was refused: the application does not exist, or not for this publisher.
    pub const CONNECT_REJECTED: &str = "NetConnection.Connect.Rejected";
    /// `connect` named an application that does not exist.
    pub const CONNECT_INVALID_APP: &str = "NetConnection.Connect.InvalidApp";
    /// The server ends the connection.
    pub const CONNECT_CLOSED: &str = "NetConnection.Connect.Closed";
    /// The server ends the connection because it stops.
    pub const CONNECT_SHUTDOWN: &str = "NetConnection.Connect.AppShutdown";
    /// The server asks the encoder to connect again, here or elsewhere (Enhanced RTMP).
    pub const RECONNECT_REQUEST: &str = "NetConnection.Connect.ReconnectRequest";
    /// A command failed.
    pub const CALL_FAILED: &str = "NetConnection.Call.Failed";
    /// A publisher may send.
    pub const PUBLISH_START: &str = "NetStream.Publish.Start";
    /// The name is taken or cannot be a name.
    pub const PUBLISH_BAD_NAME: &str = "NetStream.Publish.BadName";
    /// The key is wrong.
    pub const PUBLISH_DENIED: &str = "NetStream.Publish.Denied";
    /// Refused for another reason.
    pub const PUBLISH_REJECTED: &str = "NetStream.Publish.Rejected";
    /// The stream ended, as its publisher asked.
    pub const UNPUBLISH_SUCCESS: &str = "NetStream.Unpublish.Success";
    /// Playing is not served here.
    pub const PLAY_FAILED: &str = "NetStream.Play.Failed";
    /// Something else failed.
    pub const STREAM_FAILED: &str = "NetStream.Failed";
}
