//! The client's side of a connection: a publisher.

use std::time::Duration;

use bytes::{Bytes, BytesMut};

use super::command::{Command, encode, object};
use super::link::{COMMAND, Link};
use super::{Enhanced, MediaKind, SessionError};
use crate::amf::Value;
use crate::chunk::{ChunkWriter, Outgoing};
use crate::handshake::{ClientHandshake, SEED_BYTES, Scheme};
use crate::limits::{ChunkLimits, Limits};
use crate::message::{Control, Message, MessageKind};

/// A publisher, in the order in which OBS does it: chunk size, `connect`, `releaseStream`,
/// `FCPublish`, `createStream`, `publish`.
///
/// Put bytes in with [`push`](Self::push), call [`pull`](Self::pull) until it returns `Ok(None)`,
/// and send what [`take_output`](Self::take_output) returns. Media may be sent once
/// [`ClientEvent::Accepted`] came.
pub struct ClientSession {
    config: ClientConfig,
    handshake: Option<ClientHandshake>,
    link: Link,
    stage: Stage,
    transaction: u32,
    handshake_by: Duration,
    ended: Option<SessionError>,
}

/// Whom to publish to, and how.
#[derive(Clone, PartialEq)]
pub struct ClientConfig {
    /// The application.
    pub app: String,
    /// The URL of the application, `rtmp://host/app`.
    pub tc_url: String,
    /// The stream, with its key.
    pub stream_name: String,
    /// What the client calls itself.
    pub encoder: String,
    /// Size of the chunks it sends.
    pub chunk_bytes: u32,
    /// The scheme of a digest handshake, or `None` for a plain one.
    pub digest: Option<Scheme>,
    /// What `connect` says of Enhanced RTMP; `None` says nothing, as OBS does.
    pub enhanced: Option<Enhanced>,
    /// What else `connect` says.
    pub connect_properties: Vec<(String, Value)>,
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            app: "live".to_owned(),
            tc_url: "rtmp://localhost/live".to_owned(),
            stream_name: String::new(),
            encoder: "FMLE/3.0 (compatible; FMSc/1.0)".to_owned(),
            chunk_bytes: 4096,
            digest: None,
            enhanced: None,
            connect_properties: Vec::new(),
        }
    }
}

/// What a server answers.
#[derive(Clone, Debug, PartialEq)]
pub enum ClientEvent {
    /// `connect` was accepted; this is what the server said of itself.
    Connected {
        /// The command object: `fmsVer`, the server's side of Enhanced RTMP.
        properties: Value,
        /// What it says of Enhanced RTMP there; `None` if it says nothing.
        enhanced: Option<Enhanced>,
        /// The information object.
        information: Value,
    },
    /// `publish` was accepted.
    Accepted {
        /// The message stream.
        message_stream: u32,
    },
    /// A request was refused, or the server closes.
    Refused {
        /// For the program.
        code: String,
        /// For the person.
        description: String,
    },
    /// The server asks for a new connection, here or elsewhere. This one goes on until the client
    /// ends it, best before a key frame.
    ReconnectRequested {
        /// Where to, absolute or relative to the URL in use; `None` is the same place.
        tc_url: Option<String>,
        /// The sentence.
        description: String,
    },
    /// Anything else the server says.
    Status {
        /// What it says.
        code: String,
        /// The sentence.
        description: String,
    },
}

/// Where the conversation is, with the transaction or message stream it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Connecting { transaction: u32 },
    Connected,
    Creating { transaction: u32 },
    Requested { message_stream: u32 },
    Publishing { message_stream: u32 },
}

impl ClientSession {
    /// A session whose first bytes are ready to be sent. `seed` are the handshake's random bytes.
    pub fn new(config: ClientConfig, seed: &[u8; SEED_BYTES], now: Duration) -> Self {
        let limits = ChunkLimits::AFTER_PUBLISH;
        let mut link = Link::new(limits, ChunkWriter::compressing(), WINDOW_BYTES);
        let mut handshake = ClientHandshake::new(seed, 0, config.digest);
        link.send_raw(&handshake.take_output());
        Self {
            config,
            handshake: Some(handshake),
            link,
            stage: Stage::Connecting { transaction: 1 },
            transaction: 1,
            handshake_by: now + Limits::default().handshake_timeout,
            ended: None,
        }
    }

    /// Takes bytes in the order in which they came.
    pub fn push(&mut self, bytes: &[u8]) {
        self.link.reader.push(bytes);
    }

    /// Where a socket may read to, at the end.
    pub fn receive_buffer(&mut self) -> &mut BytesMut {
        self.link.reader.receive_buffer()
    }

    /// The next event, or `None` until more bytes arrive. After an error, every later call returns
    /// the same error.
    pub fn pull(&mut self, now: Duration) -> Result<Option<ClientEvent>, SessionError> {
        if let Some(error) = self.ended {
            return Err(error);
        }
        let result = self.advance(now);
        self.ended = result.as_ref().err().copied();
        result
    }

    /// The bytes to send since the last call.
    pub fn take_output(&mut self) -> Bytes {
        self.link.take_output()
    }

    /// When the server has to have answered the handshake.
    pub fn deadline(&self) -> Option<Duration> {
        self.handshake.as_ref().map(|_| self.handshake_by)
    }

    /// Whether media may be sent.
    pub fn is_publishing(&self) -> bool {
        self.publishing().is_some()
    }

    /// Sends the body of an FLV tag. Before [`ClientEvent::Accepted`] nothing is sent.
    pub fn send_media(&mut self, kind: MediaKind, timestamp_ms: u32, payload: &[u8]) {
        let kind = match kind {
            MediaKind::Audio => MessageKind::Audio,
            MediaKind::Video => MessageKind::Video,
        };
        self.send_message(kind, timestamp_ms, payload);
    }

    /// Sends the stream's metadata, an [`Value::EcmaArray`] in most encoders.
    pub fn send_metadata(&mut self, timestamp_ms: u32, metadata: Value) {
        self.send_data(timestamp_ms, &["@setDataFrame".into(), "onMetaData".into(), metadata]);
    }

    /// Sends a data message: a name and what follows.
    pub fn send_data(&mut self, timestamp_ms: u32, values: &[Value]) {
        self.send_message(MessageKind::DataAmf0, timestamp_ms, &encode(values));
    }

    /// Sends a message of any kind on the publishing message stream, as it is.
    pub fn send_message(&mut self, kind: MessageKind, timestamp_ms: u32, payload: &[u8]) {
        if let Some(message_stream) = self.publishing() {
            self.link.send(Outgoing {
                chunk_stream: MEDIA,
                timestamp_ms,
                kind,
                message_stream,
                payload,
            });
        }
    }

    /// Changes the size of the chunks from here on.
    pub fn set_chunk_bytes(&mut self, size: u32) {
        self.link.send_control(Control::SetChunkSize(size));
    }

    /// Ends the stream; the connection stays and may [`publish`](Self::publish) again.
    pub fn unpublish(&mut self) {
        let Some(message_stream) = self.publishing() else { return };
        let name = Value::from(self.config.stream_name.as_str());
        self.command(0, "FCUnpublish", &[Value::Null, name]);
        self.command(0, "deleteStream", &[Value::Null, message_stream.into()]);
        self.stage = Stage::Connected;
    }

    /// Publishes under a name, after [`unpublish`](Self::unpublish). The first publish needs no
    /// call.
    pub fn publish(&mut self, stream_name: &str) {
        if self.stage == Stage::Connected {
            stream_name.clone_into(&mut self.config.stream_name);
            self.create_stream();
        }
    }

    fn advance(&mut self, now: Duration) -> Result<Option<ClientEvent>, SessionError> {
        if !self.shake_hands(now)? {
            return Ok(None);
        }
        while let Some(message) = self.link.next(usize::MAX)? {
            let event = match message.kind {
                MessageKind::CommandAmf0 | MessageKind::CommandAmf3 => self.on_message(&message)?,
                MessageKind::SetChunkSize
                | MessageKind::Abort
                | MessageKind::Acknowledgement
                | MessageKind::UserControl
                | MessageKind::WindowAckSize
                | MessageKind::SetPeerBandwidth
                | MessageKind::Audio
                | MessageKind::Video
                | MessageKind::DataAmf3
                | MessageKind::SharedObjectAmf3
                | MessageKind::DataAmf0
                | MessageKind::SharedObjectAmf0
                | MessageKind::Aggregate
                | MessageKind::Other(_) => None,
            };
            if event.is_some() {
                self.link.acknowledge();
                return Ok(event);
            }
        }
        self.link.acknowledge();
        Ok(None)
    }

    fn shake_hands(&mut self, now: Duration) -> Result<bool, SessionError> {
        let Some(handshake) = &mut self.handshake else { return Ok(true) };
        let taken = handshake.push(self.link.reader.received())?;
        self.link.reader.discard(taken);
        self.link.send_raw(&handshake.take_output());
        if handshake.is_done() {
            self.handshake = None;
            self.connect();
            return Ok(true);
        }
        if now >= self.handshake_by {
            return Err(SessionError::HandshakeTimeout {
                limit: Limits::default().handshake_timeout,
                received: self.link.reader.bytes_received(),
            });
        }
        Ok(false)
    }

    fn on_message(&mut self, message: &Message) -> Result<Option<ClientEvent>, SessionError> {
        let command = Command::decode(message)
            .map_err(|error| SessionError::Amf { kind: message.kind, error })?;
        let Some(command) = command else { return Ok(None) };
        let transaction = Value::Number(command.transaction).as_u32();
        Ok(match (command.name.as_str(), self.stage) {
            ("_result", Stage::Connecting { transaction: asked }) if transaction == Some(asked) => {
                self.create_stream();
                let mut values = command.values.into_iter();
                let mut next = || values.next().unwrap_or(Value::Null);
                let properties = next();
                let enhanced = properties.properties().and_then(Enhanced::of);
                Some(ClientEvent::Connected { properties, enhanced, information: next() })
            }
            ("_result", Stage::Creating { transaction: asked }) if transaction == Some(asked) => {
                if let Some(message_stream) = command.argument().and_then(Value::as_u32) {
                    self.request_publish(message_stream);
                }
                None
            }
            ("_error" | "onStatus", _) => self.on_status(&command),
            _ => None,
        })
    }

    fn on_status(&mut self, command: &Command) -> Option<ClientEvent> {
        let (level, code, description) = command.status()?;
        let (code, description) = (code.to_owned(), description.to_owned());
        if code == super::codes::RECONNECT_REQUEST {
            let tc_url = command.values.iter().find_map(|value| value.property("tcUrl"));
            let tc_url = tc_url.and_then(Value::as_str).map(str::to_owned);
            return Some(ClientEvent::ReconnectRequested { tc_url, description });
        }
        if level == "error" || command.name == "_error" {
            return Some(ClientEvent::Refused { code, description });
        }
        if let Stage::Requested { message_stream } = self.stage
            && code == super::codes::PUBLISH_START
        {
            self.stage = Stage::Publishing { message_stream };
            return Some(ClientEvent::Accepted { message_stream });
        }
        Some(ClientEvent::Status { code, description })
    }

    fn connect(&mut self) {
        self.set_chunk_bytes(self.config.chunk_bytes);
        let mut properties = object([
            ("app", self.config.app.as_str().into()),
            ("type", "nonprivate".into()),
            ("flashVer", self.config.encoder.as_str().into()),
            ("swfUrl", self.config.tc_url.as_str().into()),
            ("tcUrl", self.config.tc_url.as_str().into()),
        ]);
        if let Value::Object(properties) = &mut properties {
            let enhanced = self.config.enhanced.as_ref();
            properties.extend(enhanced.map(Enhanced::properties).unwrap_or_default());
            properties.extend_from_slice(&self.config.connect_properties);
        }
        self.link.send_command(COMMAND, 0, "connect", f64::from(self.transaction), &[properties]);
    }

    fn create_stream(&mut self) {
        let name = Value::from(self.config.stream_name.as_str());
        self.command(0, "releaseStream", &[Value::Null, name.clone()]);
        self.command(0, "FCPublish", &[Value::Null, name]);
        let transaction = self.command(0, "createStream", &[Value::Null]);
        self.stage = Stage::Creating { transaction };
    }

    fn request_publish(&mut self, message_stream: u32) {
        let name = Value::from(self.config.stream_name.as_str());
        self.command(message_stream, "publish", &[Value::Null, name, "live".into()]);
        self.stage = Stage::Requested { message_stream };
    }

    /// Sends a command with the next transaction number and returns that.
    fn command(&mut self, message_stream: u32, name: &str, values: &[Value]) -> u32 {
        self.transaction += 1;
        let chunk_stream = if message_stream == 0 { COMMAND } else { MEDIA };
        let transaction = f64::from(self.transaction);
        self.link.send_command(chunk_stream, message_stream, name, transaction, values);
        self.transaction
    }

    fn publishing(&self) -> Option<u32> {
        match self.stage {
            Stage::Publishing { message_stream } => Some(message_stream),
            Stage::Connecting { .. }
            | Stage::Connected
            | Stage::Creating { .. }
            | Stage::Requested { .. } => None,
        }
    }
}

/// Chunk stream of everything that belongs to a stream: OBS uses one for audio and video.
const MEDIA: u32 = 4;

/// How often a client acknowledges unless the server says otherwise.
const WINDOW_BYTES: u32 = 2_500_000;
