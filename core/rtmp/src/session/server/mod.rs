//! The server's side of a connection.

mod clock;
mod commands;
mod messages;

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::{Bytes, BytesMut};

use clock::Clock;

use super::link::Link;
use super::{Capabilities, Enhanced, Event, Rejection, SessionError, codes};
use crate::chunk::ChunkWriter;
use crate::handshake::{SEED_BYTES, ServerHandshake};
use crate::limits::{ChunkLimits, Limits};
use crate::message::{Aggregate, Message};

/// One publisher's connection.
///
/// ```text
/// handshake ──▶ open ──connect──▶ undecided ──accept──▶ connected ──publish──▶ undecided
///                                     │                     ▲                    │    │
///                                   reject         unpublish│               accept    reject
///                                     ▼                     └── publishing ◀─────┘    ▼
///                                   ended                                           ended
/// ```
///
/// Put bytes in with [`push`](Self::push) (or [`receive_buffer`](Self::receive_buffer)), then call
/// [`pull`](Self::pull) until it returns `Ok(None)`, and after each call send what
/// [`take_output`](Self::take_output) returns. An error means: send the output that is left and
/// hang up. Call `pull` again at [`deadline`](Self::deadline). While a request is undecided, `pull`
/// returns `Ok(None)` and [`wants_bytes`](Self::wants_bytes) is false: not reading the socket then
/// is what holds the peer back.
pub struct ServerSession {
    config: ServerConfig,
    /// `None` once it is done.
    handshake: Option<ServerHandshake>,
    link: Link,
    /// Who is there, once `connect` was accepted.
    peer: Option<Peer>,
    pending: Option<Pending>,
    message_streams: BTreeMap<u32, MessageStream>,
    aggregate: Option<Aggregate>,
    clock: Clock,
    /// Whether a publish was ever accepted: from then on an odd message costs only itself.
    is_trusted: bool,
    ended: Option<SessionError>,
}

/// How a server presents itself, and its limits.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerConfig {
    /// What a peer may use.
    pub limits: Limits,
    /// Size of the chunks we send. Every answer fits into one.
    pub chunk_bytes: u32,
    /// The window asked of the peer, and granted to it, in bytes.
    pub window_bytes: u32,
    /// The version in the answer to `connect`. Some encoders look for `FMS/` in it.
    pub version: String,
    /// What the answer says of Enhanced RTMP, to a peer that says something of it itself: another
    /// could not make use of it.
    pub enhanced: Enhanced,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            chunk_bytes: 65_536,
            window_bytes: 2_500_000,
            version: "FMS/3,5,7,7009".to_owned(),
            enhanced: Enhanced::default(),
        }
    }
}

/// What `connect` said that `publish` repeats.
#[derive(Clone)]
struct Peer {
    app: String,
    tc_url: Option<String>,
    encoder: Option<String>,
    /// `None` if it says nothing of Enhanced RTMP.
    capabilities: Option<Capabilities>,
}

/// A request that waits for a decision.
enum Pending {
    Connect { transaction: f64, object_encoding: f64, peer: Peer },
    Publish { message_stream: u32, stream_name: String },
}

enum MessageStream {
    /// Made by `createStream`, or unpublished.
    Idle,
    Publishing {
        /// As sent, so that `FCUnpublish` finds it.
        stream_name: String,
    },
}

impl ServerSession {
    /// A session for a connection that was accepted at `now`. `seed` are the handshake's random
    /// bytes; `now` counts from any point, the same in every call.
    pub fn new(config: ServerConfig, seed: &[u8; SEED_BYTES], now: Duration) -> Self {
        let limits = config.limits;
        Self {
            handshake: Some(ServerHandshake::new(seed, 0)),
            link: Link::new(limits.before_publish, ChunkWriter::new(), config.window_bytes),
            peer: None,
            pending: None,
            message_streams: BTreeMap::new(),
            aggregate: None,
            clock: Clock {
                handshake_by: now + limits.handshake_timeout,
                publish_by: Some((now + limits.publish_timeout, limits.publish_timeout)),
                active_at: now,
                caller_busy_since: None,
            },
            is_trusted: false,
            ended: None,
            config,
        }
    }

    /// Takes bytes in the order in which they came.
    pub fn push(&mut self, bytes: &[u8]) {
        self.link.reader.push(bytes);
    }

    /// Where a socket may read to, at the end: this saves the copy that [`push`](Self::push) makes.
    pub fn receive_buffer(&mut self) -> &mut BytesMut {
        self.link.reader.receive_buffer()
    }

    /// The next event, or `None` until more bytes arrive, a request is decided or time has passed.
    /// After an error, every later call returns the same error. The time between an event and the
    /// next call is the caller's own: a peer is silent only while it is listened to.
    pub fn pull(&mut self, now: Duration) -> Result<Option<Event>, SessionError> {
        if let Some(error) = self.ended {
            return Err(error);
        }
        let result = self.advance(now);
        self.ended = result.as_ref().err().copied();
        result
    }

    /// Accepts the request that the last event brought. Without one it does nothing.
    pub fn accept(&mut self, now: Duration) {
        match self.pending.take() {
            Some(Pending::Connect { transaction, object_encoding, peer }) => {
                self.answer_connect(transaction, object_encoding, peer.capabilities.is_some());
                self.peer = Some(peer);
            }
            Some(Pending::Publish { message_stream, stream_name }) => {
                self.answer_publish(message_stream);
                self.message_streams
                    .insert(message_stream, MessageStream::Publishing { stream_name });
                self.link.reader.set_limits(self.config.limits.after_publish);
                self.is_trusted = true;
                self.clock.publish_by = None;
                self.clock.active_at = now;
            }
            None => {}
        }
    }

    /// Refuses the request that the last event brought: the peer is told, then the session is over
    /// and [`pull`](Self::pull) says so. Without a request it does nothing.
    pub fn reject(&mut self, rejection: &Rejection) {
        match self.pending.take() {
            Some(Pending::Connect { transaction, .. }) => {
                self.send_connect_error(transaction, rejection.code, &rejection.description);
            }
            Some(Pending::Publish { message_stream, .. }) => {
                self.send_status(message_stream, "error", rejection.code, &rejection.description);
            }
            None => return,
        }
        self.ended.get_or_insert(SessionError::Rejected { code: rejection.code });
    }

    /// Ends the session from our side: each stream and the connection are told why, then
    /// [`pull`](Self::pull) returns [`SessionError::Closed`].
    pub fn close(&mut self, rejection: &Rejection) {
        if self.ended.is_some() {
            return;
        }
        self.say_goodbye(rejection);
        self.ended = Some(SessionError::Closed { code: rejection.code });
    }

    /// Tells the peer why [`pull`](Self::pull) has ended the session, where that was not the answer
    /// to a command: its messages could not be read, or it was too slow.
    pub fn explain(&mut self, rejection: &Rejection) {
        if let Some(
            SessionError::Chunk(_)
            | SessionError::Amf { .. }
            | SessionError::PublishTimeout { .. }
            | SessionError::IdleTimeout { .. },
        ) = self.ended
        {
            self.say_goodbye(rejection);
        }
    }

    /// Asks the peer to connect again, to `tc_url` or to where it is, and says so to the person in
    /// front of it (Enhanced RTMP, "Reconnect Request"). It goes on sending here until it does.
    /// `false` if the peer never said that it understands this: then nothing is sent.
    pub fn request_reconnect(&mut self, tc_url: Option<&str>, description: &str) -> bool {
        let capabilities = self.peer.as_ref().and_then(|peer| peer.capabilities);
        let understands = capabilities.is_some_and(|it| it.contains(Capabilities::RECONNECT));
        if !understands || self.ended.is_some() {
            return false;
        }
        self.send_reconnect_request(tc_url, description);
        true
    }

    fn say_goodbye(&mut self, rejection: &Rejection) {
        let Rejection { code, description } = rejection;
        for message_stream in self.publishing() {
            self.send_status(message_stream, "error", code, description);
        }
        if self.peer.is_some() {
            self.send_status(0, "error", codes::CONNECT_CLOSED, description);
        }
    }

    /// The bytes to send since the last call.
    pub fn take_output(&mut self) -> Bytes {
        self.link.take_output()
    }

    /// When [`pull`](Self::pull) has to be called although no byte came. `None` while a request is
    /// undecided, since that is not the peer's doing, and after the end.
    pub fn deadline(&self) -> Option<Duration> {
        if self.pending.is_some() || self.ended.is_some() {
            return None;
        }
        Some(match (&self.handshake, self.clock.publish_by) {
            (Some(_), Some((publish_by, _))) => publish_by.min(self.clock.handshake_by),
            (Some(_), None) => self.clock.handshake_by,
            (None, Some((publish_by, _))) => publish_by,
            (None, None) => self.clock.active_at + self.config.limits.idle_timeout,
        })
    }

    /// Whether the socket should be read.
    pub fn wants_bytes(&self) -> bool {
        self.pending.is_none() && self.ended.is_none()
    }

    /// Whether a stream is being published.
    pub fn is_publishing(&self) -> bool {
        !self.publishing().is_empty()
    }

    /// How many bytes of the connection have been consumed: where an error is.
    pub fn byte_offset(&self) -> u64 {
        self.link.reader.byte_offset()
    }

    /// How many bytes have been received.
    pub fn bytes_received(&self) -> u64 {
        self.link.reader.bytes_received()
    }

    /// Bytes that the session holds: received and not consumed, in unfinished messages, and waiting
    /// to be sent. After `pull` returned `Ok(None)` with nothing undecided, this is at most the
    /// limits' `buffered_bytes_max + output_bytes_max` and a header.
    pub fn buffered_bytes(&self) -> usize {
        self.link.reader.buffered_bytes()
            + self.link.waiting_bytes()
            + self.handshake.as_ref().map_or(0, ServerHandshake::buffered_bytes)
            + self.aggregate.as_ref().map_or(0, Aggregate::buffered_bytes)
    }

    /// Messages that were replaced or aborted before they were whole.
    pub fn abandoned_messages(&self) -> u64 {
        self.link.reader.abandoned_messages()
    }

    /// How many of the bytes we sent the peer says it received, modulo 2^32; `None` if it never
    /// said.
    pub fn acknowledged_by_peer(&self) -> Option<u32> {
        self.link.peer_acknowledged()
    }

    fn advance(&mut self, now: Duration) -> Result<Option<Event>, SessionError> {
        if self.pending.is_some() {
            return self.check_undecided().map(|()| None);
        }
        self.clock.resume(now);
        self.check_absolute_deadlines(now)?;
        if !self.shake_hands()? {
            return Ok(None);
        }
        while let Some(message) = self.next_message()? {
            self.clock.active_at = now;
            if let Some(event) = self.on_message(message, now)? {
                self.link.acknowledge();
                self.clock.caller_busy_since = Some(now);
                return Ok(Some(event));
            }
        }
        self.link.acknowledge();
        let limit = self.config.limits.idle_timeout;
        if self.clock.publish_by.is_none() && now >= self.clock.active_at + limit {
            return Err(SessionError::IdleTimeout { limit });
        }
        Ok(None)
    }

    fn next_message(&mut self) -> Result<Option<Message>, SessionError> {
        if let Some(message) = self.aggregate.as_mut().and_then(Aggregate::next) {
            return Ok(Some(message));
        }
        self.aggregate = None;
        self.link.next(self.config.limits.output_bytes_max)
    }

    fn publishing(&self) -> Vec<u32> {
        let is_publishing = |stream: &MessageStream| match stream {
            MessageStream::Publishing { .. } => true,
            MessageStream::Idle => false,
        };
        self.message_streams
            .iter()
            .filter(|(_, stream)| is_publishing(stream))
            .map(|(id, _)| *id)
            .collect()
    }

    /// Whether the handshake is done, after taking what has come of it.
    fn shake_hands(&mut self) -> Result<bool, SessionError> {
        let Some(handshake) = &mut self.handshake else { return Ok(true) };
        let taken = handshake.push(self.link.reader.received())?;
        self.link.reader.discard(taken);
        self.link.send_raw(&handshake.take_output());
        let is_done = handshake.is_done();
        if is_done {
            self.handshake = None;
        }
        Ok(is_done)
    }

    fn check_absolute_deadlines(&self, now: Duration) -> Result<(), SessionError> {
        if self.handshake.is_some() && now >= self.clock.handshake_by {
            return Err(SessionError::HandshakeTimeout {
                limit: self.config.limits.handshake_timeout,
                received: self.bytes_received(),
            });
        }
        match self.clock.publish_by {
            Some((publish_by, limit)) if now >= publish_by => {
                Err(SessionError::PublishTimeout { limit })
            }
            Some(_) | None => Ok(()),
        }
    }

    fn check_undecided(&self) -> Result<(), SessionError> {
        let waiting = self.link.reader.received().len();
        let limit = self.chunk_limits().buffered_bytes_max;
        if waiting > limit {
            return Err(SessionError::TooMuchUndecided { waiting, limit });
        }
        Ok(())
    }

    fn chunk_limits(&self) -> ChunkLimits {
        if self.is_trusted {
            self.config.limits.after_publish
        } else {
            self.config.limits.before_publish
        }
    }
}
