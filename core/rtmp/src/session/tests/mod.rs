//! Sessions talking to each other, and to bytes written by hand.

mod cuts;
mod enhanced;
mod hostile;
mod link;
mod publish;
mod refusals;
mod time;

use std::time::Duration;

use bytes::BytesMut;

use super::command::{Command, object};
use super::*;
use crate::chunk::{ChunkReader, ChunkWriter, Outgoing};
use crate::handshake::PACKET_BYTES;
use crate::limits::{ChunkLimits, Limits};
use crate::message::Message;
const NOW: Duration = Duration::from_secs(100);

/// Bytes of one side's handshake.
const HANDSHAKE_BYTES: usize = 1 + 2 * PACKET_BYTES;

/// The bytes of a client, written by hand. It never looks at an answer.
struct Script {
    writer: ChunkWriter,
    bytes: BytesMut,
}

impl Script {
    /// After a plain handshake.
    fn new() -> Self {
        let mut bytes = BytesMut::from(&[3; 1][..]);
        bytes.extend_from_slice(&[0; 2 * PACKET_BYTES]);
        Self { writer: ChunkWriter::compressing(), bytes }
    }

    /// After a handshake and an accepted `connect`.
    fn connected() -> Self {
        Self::new().command(0, "connect", 1.0, &[object([("app", "live".into())])])
    }

    /// After an accepted `publish` of the stream `name`.
    fn publishing() -> Self {
        Self::connected().create().publish(1, "name")
    }

    fn create(self) -> Self {
        self.command(0, "createStream", 2.0, &[Value::Null])
    }

    fn publish(self, message_stream: u32, name: &str) -> Self {
        self.command(message_stream, "publish", 3.0, &[Value::Null, name.into(), "live".into()])
    }

    fn command(self, message_stream: u32, name: &str, transaction: f64, values: &[Value]) -> Self {
        let mut all = vec![name.into(), transaction.into()];
        all.extend_from_slice(values);
        self.message(MessageKind::CommandAmf0, message_stream, 0, &command::encode(&all))
    }

    fn message(
        mut self,
        kind: MessageKind,
        message_stream: u32,
        timestamp_ms: u32,
        payload: &[u8],
    ) -> Self {
        let outgoing = Outgoing { chunk_stream: 4, timestamp_ms, kind, message_stream, payload };
        self.writer.write(outgoing, &mut self.bytes);
        self
    }

    fn run(&self) -> Outcome {
        run(&[&self.bytes], &ServerConfig::default())
    }
}

/// What came of a server session that accepts everything.
#[derive(Debug, PartialEq)]
struct Outcome {
    events: Vec<Event>,
    output: Vec<u8>,
    error: Option<SessionError>,
}

fn server(config: &ServerConfig) -> ServerSession {
    ServerSession::new(config.clone(), &[2; 1528], NOW)
}

fn run(pieces: &[&[u8]], config: &ServerConfig) -> Outcome {
    let mut session = server(config);
    let mut outcome = Outcome { events: Vec::new(), output: Vec::new(), error: None };
    for piece in pieces {
        session.push(piece);
        loop {
            match session.pull(NOW) {
                Ok(Some(event)) => outcome.events.push(event),
                Ok(None) if session.wants_bytes() => break,
                Ok(None) => session.accept(NOW),
                Err(error) => {
                    session.explain(&Rejection::new(codes::CONNECT_CLOSED, error.to_string()));
                    outcome.output.extend_from_slice(&session.take_output());
                    outcome.error = Some(error);
                    return outcome;
                }
            }
        }
        outcome.output.extend_from_slice(&session.take_output());
    }
    outcome
}

impl Outcome {
    /// The events without the two requests of every session.
    fn later_events(&self) -> &[Event] {
        let is_request = |event: &Event| {
            matches!(event, Event::ConnectRequested(_) | Event::PublishRequested(_))
        };
        let requests = self.events.iter().take_while(|event| is_request(event)).count();
        &self.events[requests..]
    }

    fn answers(&self) -> Vec<String> {
        answers(&self.output[HANDSHAKE_BYTES.min(self.output.len())..])
    }

    fn last_answer(&self) -> String {
        self.answers().pop().unwrap_or_default()
    }
}

fn messages(bytes: &[u8]) -> Vec<Message> {
    let mut reader = ChunkReader::new(ChunkLimits::AFTER_PUBLISH);
    reader.push(bytes);
    std::iter::from_fn(|| reader.pull().unwrap()).collect()
}

/// Answers as short texts: `name transaction code-or-number @message_stream`.
fn answers(bytes: &[u8]) -> Vec<String> {
    let text = |message: Message| {
        if message.kind != MessageKind::CommandAmf0 {
            return format!("{:?} {:02x?}", message.kind, message.payload.as_ref());
        }
        let command = Command::decode(&message).unwrap().unwrap();
        let detail = match (command.status(), command.argument()) {
            (Some((level, code, _)), _) => format!("{level} {code}"),
            (None, Some(Value::Number(number))) => number.to_string(),
            (None, _) => "-".to_owned(),
        };
        let Command { name, transaction, .. } = command;
        format!("{name} {transaction} {detail} @{}", message.message_stream)
    };
    messages(bytes).into_iter().map(text).collect()
}

/// A client and a server that talk until both are silent.
struct Pair {
    client: ClientSession,
    server: ServerSession,
    /// All bytes of the client, and of the server.
    up: Vec<u8>,
    down: Vec<u8>,
    events: Vec<Event>,
    client_events: Vec<ClientEvent>,
}

impl Pair {
    fn new(config: ClientConfig) -> Self {
        Self {
            client: ClientSession::new(config, &std::array::from_fn(|at| at.to_be_bytes()[7]), NOW),
            server: server(&ServerConfig::default()),
            up: Vec::new(),
            down: Vec::new(),
            events: Vec::new(),
            client_events: Vec::new(),
        }
    }

    fn talk(&mut self) {
        loop {
            let (up, down) = (self.client.take_output(), self.server.take_output());
            if up.is_empty() && down.is_empty() {
                return;
            }
            self.up.extend_from_slice(&up);
            self.down.extend_from_slice(&down);
            self.server.push(&up);
            self.client.push(&down);
            loop {
                match self.server.pull(NOW).unwrap() {
                    Some(event) => self.events.push(event),
                    None if self.server.wants_bytes() => break,
                    None => self.server.accept(NOW),
                }
            }
            while let Some(event) = self.client.pull(NOW).unwrap() {
                self.client_events.push(event);
            }
        }
    }
}

/// A whole session: everything an encoder does, twice.
fn session(chunk_bytes: u32, digest: Option<crate::handshake::Scheme>) -> Pair {
    let config = ClientConfig {
        stream_name: "name?key=secret".to_owned(),
        chunk_bytes,
        digest,
        ..ClientConfig::default()
    };
    let mut pair = Pair::new(config);
    pair.talk();
    let metadata = Value::EcmaArray(vec![("width".to_owned(), Value::Number(640.0))]);
    pair.client.send_metadata(0, metadata);
    for number in 0..8_u8 {
        let timestamp_ms = u32::from(number) * 33;
        let video = vec![number; 20 + usize::from(number) * 70];
        pair.client.send_media(MediaKind::Video, timestamp_ms, &video);
        pair.client.send_media(MediaKind::Audio, timestamp_ms + 1, &[0xaf, 1, number]);
        if number == 4 {
            pair.client.set_chunk_bytes(chunk_bytes / 2 + 1);
        }
    }
    pair.client.unpublish();
    pair.talk();
    pair.client.publish("again");
    pair.talk();
    pair.client.send_media(MediaKind::Audio, 0x00ff_fffe, b"a");
    pair.client.send_media(MediaKind::Video, 0x0100_0000, &[9; 300]);
    pair.client.unpublish();
    pair.talk();
    pair
}
