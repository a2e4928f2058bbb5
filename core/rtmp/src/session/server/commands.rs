//! Commands and their answers (RTMP 1.0 §7.2).
//!
//! What every encoder sends is answered, what some send is tolerated, and an unknown command is
//! never fatal.

use std::time::Duration;

use super::super::command::{Command, object, status};
use super::super::link::COMMAND;
use super::super::{Connect, Enhanced, Event, Publish, SessionError, codes};
use super::{MessageStream, Peer, Pending, ServerSession};
use crate::amf::Value;
use crate::message::{Control, UserControl};

/// Chunk stream of what concerns a message stream.
const STATUS: u32 = 5;

/// Bytes of an encoder's name that are kept: it goes into log lines.
const ENCODER_BYTES_MAX: usize = 256;

impl ServerSession {
    pub(super) fn on_command(
        &mut self,
        message_stream: u32,
        command: &Command,
        now: Duration,
    ) -> Result<Option<Event>, SessionError> {
        match command.name.as_str() {
            "connect" => self.on_connect(command).map(Some),
            "createStream" => self.on_create_stream(command).map(|()| None),
            "publish" => self.on_publish(message_stream, command).map(Some),
            "play" | "play2" => self.on_play(message_stream),
            "FCUnpublish" => {
                self.reply(command, Value::Null, Value::Undefined);
                let name = command.argument().and_then(Value::as_str);
                Ok(self.published_as(name).and_then(|id| self.unpublish(id, now)))
            }
            "closeStream" => Ok(self.unpublish(message_stream, now)),
            "deleteStream" => {
                let id = command.argument().and_then(Value::as_u32).unwrap_or(message_stream);
                let event = self.unpublish(id, now);
                self.message_streams.remove(&id);
                Ok(event)
            }
            "FCPublish" => {
                self.reply(command, Value::Null, Value::Undefined);
                let info = status("status", codes::PUBLISH_START, "ready to publish");
                self.link.send_command(COMMAND, 0, "onFCPublish", 0.0, &[Value::Null, info]);
                Ok(None)
            }
            "releaseStream" | "_checkbw" | "FCSubscribe" | "setPeerInfo" => {
                self.reply(command, Value::Null, Value::Undefined);
                Ok(None)
            }
            // Asked before playing; nothing here has a length.
            "getStreamLength" => {
                self.reply(command, Value::Null, Value::Number(0.0));
                Ok(None)
            }
            _ => Ok(None),
        }
    }

    fn on_connect(&mut self, command: &Command) -> Result<Event, SessionError> {
        if self.peer.is_some() {
            return Err(SessionError::ConnectTwice);
        }
        let properties = command.values.first();
        let text = |name| properties?.property(name)?.as_str().map(str::to_owned);
        let Some(app) = text("app") else {
            let description = "connect has to name an app";
            self.send_connect_error(command.transaction, codes::CONNECT_REJECTED, description);
            return Err(SessionError::AppMissing);
        };
        let tc_url = text("tcUrl");
        for (field, name) in [("app", Some(&app)), ("tcUrl", tc_url.as_ref())] {
            if let Some(error) = name.and_then(|name| self.too_long(field, name)) {
                let description = error.to_string();
                self.send_connect_error(command.transaction, codes::CONNECT_REJECTED, &description);
                return Err(error);
            }
        }
        let mut encoder = text("flashVer");
        if let Some(name) = &mut encoder {
            name.truncate(name.floor_char_boundary(ENCODER_BYTES_MAX));
        }
        let encoding = properties.and_then(|value| value.property("objectEncoding"));
        let enhanced = properties.and_then(Value::properties).and_then(Enhanced::of);
        self.pending = Some(Pending::Connect {
            transaction: command.transaction,
            object_encoding: encoding.and_then(Value::as_f64).unwrap_or_default(),
            peer: Peer {
                app: app.clone(),
                tc_url: tc_url.clone(),
                encoder: encoder.clone(),
                capabilities: enhanced.as_ref().map(|enhanced| enhanced.capabilities),
            },
        });
        let properties = properties.and_then(Value::properties).unwrap_or_default().to_vec();
        Ok(Event::ConnectRequested(Connect { app, tc_url, encoder, enhanced, properties }))
    }

    /// Accepts a `connect` (§7.2.1.1): window, bandwidth and chunk size first, as Flash Media
    /// Server does.
    pub(super) fn answer_connect(
        &mut self,
        transaction: f64,
        object_encoding: f64,
        is_enhanced: bool,
    ) {
        let window = self.config.window_bytes;
        self.link.send_control(Control::WindowAckSize(window));
        self.link.send_control(Control::SetPeerBandwidth { window, limit: 2 });
        self.link.send_control(Control::SetChunkSize(self.config.chunk_bytes));
        let mut properties = vec![
            ("fmsVer".to_owned(), self.config.version.as_str().into()),
            ("capabilities".to_owned(), Value::Number(31.0)),
            ("mode".to_owned(), Value::Number(1.0)),
        ];
        if is_enhanced {
            properties.append(&mut self.config.enhanced.properties());
        }
        let information = object([
            ("level", "status".into()),
            ("code", codes::CONNECT_SUCCESS.into()),
            ("description", "connected".into()),
            ("objectEncoding", object_encoding.into()),
        ]);
        let values = [Value::Object(properties), information];
        self.link.send_command(COMMAND, 0, "_result", transaction, &values);
    }

    pub(super) fn send_connect_error(&mut self, transaction: f64, code: &str, description: &str) {
        let values = [Value::Null, status("error", code, description)];
        self.link.send_command(COMMAND, 0, "_error", transaction, &values);
    }

    fn on_create_stream(&mut self, command: &Command) -> Result<(), SessionError> {
        self.peer_or("createStream")?;
        let limit = self.config.limits.message_streams_max;
        if self.message_streams.len() >= limit {
            let info = status("error", codes::CALL_FAILED, "too many streams on one connection");
            let values = [Value::Null, info];
            self.link.send_command(COMMAND, 0, "_error", command.transaction, &values);
            return Err(SessionError::TooManyMessageStreams { limit });
        }
        // The lowest free number: encoders that never read the answer send on 1.
        let id = (1..).find(|id| !self.message_streams.contains_key(id)).unwrap_or(u32::MAX);
        self.message_streams.insert(id, MessageStream::Idle);
        self.link.send_command(
            COMMAND,
            0,
            "_result",
            command.transaction,
            &[Value::Null, id.into()],
        );
        Ok(())
    }

    fn on_publish(
        &mut self,
        message_stream: u32,
        command: &Command,
    ) -> Result<Event, SessionError> {
        let Peer { app, tc_url, encoder, capabilities: _ } = self
            .peer_or("publish")
            .or_else(|error| self.refuse(message_stream, codes::PUBLISH_REJECTED, error))?;
        match self.message_streams.get(&message_stream) {
            Some(MessageStream::Idle) => {}
            Some(MessageStream::Publishing { .. }) => {
                let error = SessionError::PublishTwice { message_stream };
                return self.refuse(message_stream, codes::PUBLISH_BAD_NAME, error);
            }
            None => {
                let error = SessionError::NoSuchMessageStream { message_stream };
                return self.refuse(message_stream, codes::PUBLISH_REJECTED, error);
            }
        }
        // The argument after the name says live, record or append; all are taken as live.
        let Some(stream_name) = command.argument().and_then(Value::as_str) else {
            let error = SessionError::StreamNameMissing;
            return self.refuse(message_stream, codes::PUBLISH_BAD_NAME, error);
        };
        if let Some(error) = self.too_long("stream name", stream_name) {
            return self.refuse(message_stream, codes::PUBLISH_BAD_NAME, error);
        }
        let stream_name = stream_name.to_owned();
        self.pending = Some(Pending::Publish { message_stream, stream_name: stream_name.clone() });
        Ok(Event::PublishRequested(Publish { app, stream_name, tc_url, encoder, message_stream }))
    }

    pub(super) fn answer_publish(&mut self, message_stream: u32) {
        self.link.send_control(Control::User(UserControl::StreamBegin { message_stream }));
        self.send_status(message_stream, "status", codes::PUBLISH_START, "publishing");
    }

    fn on_play(&mut self, message_stream: u32) -> Result<Option<Event>, SessionError> {
        let description = "this server takes pushes over rtmp; watch over http";
        self.send_status(message_stream, "error", codes::PLAY_FAILED, description);
        Err(SessionError::PlayRefused)
    }

    /// Ends what a message stream publishes.
    fn unpublish(&mut self, message_stream: u32, now: Duration) -> Option<Event> {
        let stream = self.message_streams.get_mut(&message_stream)?;
        match std::mem::replace(stream, MessageStream::Idle) {
            MessageStream::Idle => return None,
            MessageStream::Publishing { .. } => {}
        }
        self.send_status(message_stream, "status", codes::UNPUBLISH_SUCCESS, "unpublished");
        if !self.is_publishing() {
            let limit = self.config.limits.idle_timeout;
            self.clock.publish_by = Some((now + limit, limit));
        }
        Some(Event::Unpublished { message_stream })
    }

    /// The message stream that publishes `name`, or the only one that publishes at all.
    fn published_as(&self, name: Option<&str>) -> Option<u32> {
        let by_name = self.message_streams.iter().find_map(|(id, stream)| match stream {
            MessageStream::Publishing { stream_name } => {
                (Some(stream_name.as_str()) == name).then_some(*id)
            }
            MessageStream::Idle => None,
        });
        by_name.or_else(|| match *self.publishing() {
            [only] => Some(only),
            _ => None,
        })
    }

    pub(super) fn send_status(
        &mut self,
        message_stream: u32,
        level: &str,
        code: &str,
        description: &str,
    ) {
        let values = [Value::Null, status(level, code, description)];
        self.link.send_command(STATUS, message_stream, "onStatus", 0.0, &values);
    }

    pub(super) fn send_reconnect_request(&mut self, tc_url: Option<&str>, description: &str) {
        let mut info = status("status", codes::RECONNECT_REQUEST, description);
        if let (Value::Object(properties), Some(tc_url)) = (&mut info, tc_url) {
            properties.push(("tcUrl".to_owned(), tc_url.into()));
        }
        self.link.send_command(COMMAND, 0, "onStatus", 0.0, &[Value::Null, info]);
    }

    /// Answers a command that wants an answer: those with a transaction of 0 do not.
    fn reply(&mut self, command: &Command, first: Value, second: Value) {
        if command.transaction != 0.0 {
            let values = [first, second];
            self.link.send_command(COMMAND, 0, "_result", command.transaction, &values);
        }
    }

    /// Says on the message stream why a `publish` is refused, in the words of `error`.
    fn refuse<T>(
        &mut self,
        message_stream: u32,
        code: &str,
        error: SessionError,
    ) -> Result<T, SessionError> {
        self.send_status(message_stream, "error", code, &error.to_string());
        Err(error)
    }

    fn peer_or(&self, command: &'static str) -> Result<Peer, SessionError> {
        self.peer.clone().ok_or(SessionError::BeforeConnect { command })
    }

    fn too_long(&self, field: &'static str, name: &str) -> Option<SessionError> {
        let (length, limit) = (name.len(), self.config.limits.name_bytes_max);
        (length > limit).then_some(SessionError::NameTooLong { field, length, limit })
    }
}
