//! A peer of the RTMP port that sends whatever it is told to, right or wrong.

#[cfg(test)]
mod tests;

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use bytes::BytesMut;
use rtmp::amf::{self, Value};
use rtmp::chunk::{ChunkReader, ChunkWriter, Outgoing};
use rtmp::handshake::ClientHandshake;
use rtmp::{ChunkLimits, Message, MessageKind, SEED_BYTES};

use crate::evidence;
use crate::flv::Tag;

/// How long an answer may take: the machine may be busy.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// How long one look at the socket waits.
const LOOK: Duration = Duration::from_millis(10);
/// The size of the chunks it sends.
const CHUNK_BYTES: u32 = 4_096;
/// Chunk stream of commands of the connection, and that of a stream.
const COMMAND: u32 = 3;
const MEDIA: u32 = 4;

/// There was nothing to read.
const NOTHING: [ErrorKind; 3] =
    [ErrorKind::WouldBlock, ErrorKind::TimedOut, ErrorKind::Interrupted];
/// What a connection looks like that was closed with bytes of ours unread.
const CLOSED: [ErrorKind; 2] = [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe];

/// A connection to the RTMP port.
pub struct Peer {
    socket: TcpStream,
    reader: ChunkReader,
    writer: ChunkWriter,
    transaction: u32,
    answers: Vec<Answer>,
    sent: u64,
    is_closed: bool,
}

/// What the server said: the name of the command, and what its information object says.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Answer {
    /// `_result`, `_error`, `onStatus`.
    pub name: String,
    /// As `NetStream.Publish.Start`.
    pub code: String,
    /// The sentence.
    pub description: String,
}

impl Peer {
    /// Connects, and says nothing yet.
    ///
    /// # Errors
    ///
    /// When the port does not take connections.
    pub fn connect(server: SocketAddr) -> Result<Self> {
        let socket = TcpStream::connect(server).context("connect")?;
        socket.set_nodelay(true).context("set TCP_NODELAY")?;
        socket.set_read_timeout(Some(LOOK)).context("set a time limit")?;
        Ok(Self {
            socket,
            reader: ChunkReader::new(ChunkLimits::AFTER_PUBLISH),
            writer: ChunkWriter::new(),
            transaction: 0,
            answers: Vec::new(),
            sent: 0,
            is_closed: false,
        })
    }

    /// Connects and shakes hands.
    ///
    /// # Errors
    ///
    /// When the server does not.
    pub fn shake_hands(server: SocketAddr) -> Result<Self> {
        let mut peer = Self::connect(server)?;
        let mut handshake = ClientHandshake::new(&[7; SEED_BYTES], 0, None);
        let deadline = Instant::now() + ANSWER_WITHIN;
        loop {
            peer.send(&handshake.take_output())?;
            if handshake.is_done() {
                break;
            }
            peer.look()?;
            ensure!(!peer.is_closed, "the server closed within the handshake");
            ensure!(Instant::now() < deadline, "no handshake within {ANSWER_WITHIN:?}");
            let taken = handshake.push(peer.reader.received())?;
            peer.reader.discard(taken);
        }
        peer.set_chunk_bytes(CHUNK_BYTES)?;
        Ok(peer)
    }

    /// Asks for an application. The answer is still to come.
    ///
    /// # Errors
    ///
    /// When nothing can be sent.
    pub fn ask_for_app(&mut self, app: &str) -> Result<()> {
        let object = |values: &[(&str, &str)]| {
            let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), Value::from(*value));
            Value::Object(values.iter().map(pair).collect())
        };
        let url = format!("rtmp://{}/{app}", self.socket.peer_addr()?);
        let properties = object(&[("app", app), ("flashVer", "test"), ("tcUrl", &url)]);
        self.command(0, "connect", &[properties])
    }

    /// Asks to publish under a name. The answer is still to come.
    ///
    /// # Errors
    ///
    /// When nothing can be sent.
    pub fn ask_to_publish(&mut self, name: &str) -> Result<()> {
        self.command(0, "createStream", &[Value::Null])?;
        self.command(1, "publish", &[Value::Null, name.into(), "live".into()])
    }

    /// Ends what it publishes under a name, as an encoder does.
    ///
    /// # Errors
    ///
    /// When nothing can be sent.
    pub fn unpublish(&mut self, name: &str) -> Result<()> {
        self.command(0, "FCUnpublish", &[Value::Null, name.into()])?;
        self.command(0, "deleteStream", &[Value::Null, 1_u32.into()])
    }

    /// Forgets what the server has said so far.
    pub fn forget_answers(&mut self) {
        self.answers.clear();
    }

    /// A publisher of a stream, ready to send.
    ///
    /// # Errors
    ///
    /// When the server refuses; the error says how.
    pub fn publish(server: SocketAddr, app: &str, name: &str) -> Result<Self> {
        let mut peer = Self::shake_hands(server)?;
        peer.ask_for_app(app)?;
        peer.wait_for_answer("NetConnection.Connect.Success")?;
        peer.ask_to_publish(name)?;
        peer.wait_for_answer("NetStream.Publish.Start")?;
        Ok(peer)
    }

    /// Sends a command.
    ///
    /// # Errors
    ///
    /// When the connection is broken.
    pub fn command(&mut self, message_stream: u32, name: &str, values: &[Value]) -> Result<()> {
        self.transaction += 1;
        let mut payload = Vec::new();
        amf::encode(&name.into(), &mut payload);
        amf::encode(&Value::Number(f64::from(self.transaction)), &mut payload);
        values.iter().for_each(|value| amf::encode(value, &mut payload));
        let chunk_stream = if message_stream == 0 { COMMAND } else { MEDIA };
        self.message(chunk_stream, MessageKind::CommandAmf0, message_stream, 0, &payload)
    }

    /// Sends a tag on the stream that is published.
    ///
    /// # Errors
    ///
    /// When the connection is broken.
    pub fn tag(&mut self, tag: &Tag) -> Result<()> {
        let kind = match tag.kind {
            rtmp::MediaKind::Audio => MessageKind::Audio,
            rtmp::MediaKind::Video => MessageKind::Video,
        };
        self.message(MEDIA, kind, 1, tag.timestamp_ms, &tag.body)
    }

    /// Sends tags as fast as they are taken.
    ///
    /// # Errors
    ///
    /// When the connection is broken.
    pub fn tags(&mut self, tags: &[Tag]) -> Result<()> {
        tags.iter().try_for_each(|tag| self.tag(tag))
    }

    /// Announces another size of the chunks that are sent.
    ///
    /// # Errors
    ///
    /// When the connection is broken.
    pub fn set_chunk_bytes(&mut self, bytes: u32) -> Result<()> {
        self.message(2, MessageKind::SetChunkSize, 0, 0, &bytes.to_be_bytes())?;
        self.writer.set_chunk_bytes(bytes);
        Ok(())
    }

    /// Sends tags as they would come from an encoder, by their times.
    ///
    /// # Errors
    ///
    /// When the connection is broken, or the server closes it.
    pub fn tags_in_real_time(&mut self, tags: &[Tag]) -> Result<()> {
        let (begun, first) = (Instant::now(), tags.first().map_or(0, |tag| tag.timestamp_ms));
        for tag in tags {
            let due = Duration::from_millis(u64::from(tag.timestamp_ms.saturating_sub(first)));
            while begun.elapsed() < due {
                self.look()?;
                ensure!(!self.is_closed, "the server closed: {:?}", self.answers.last());
            }
            self.tag(tag)?;
        }
        Ok(())
    }

    /// Sends a message.
    ///
    /// # Errors
    ///
    /// When the connection is broken.
    pub fn message(
        &mut self,
        chunk_stream: u32,
        kind: MessageKind,
        message_stream: u32,
        timestamp_ms: u32,
        payload: &[u8],
    ) -> Result<()> {
        let mut out = BytesMut::new();
        let message = Outgoing { chunk_stream, timestamp_ms, kind, message_stream, payload };
        self.writer.write(message, &mut out);
        self.send(&out)
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    ///
    /// When the connection is broken.
    pub fn send(&mut self, bytes: &[u8]) -> Result<()> {
        self.socket.write_all(bytes).context("send")?;
        self.sent += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        Ok(())
    }

    /// Waits for an answer with this code.
    ///
    /// # Errors
    ///
    /// When another thing comes; the error says what.
    pub fn wait_for_answer(&mut self, code: &str) -> Result<Answer> {
        let deadline = Instant::now() + ANSWER_WITHIN;
        loop {
            if let Some(answer) = self.answers.iter().find(|answer| answer.code == code) {
                return Ok(answer.clone());
            }
            let refused = self.answers.iter().find(|answer| answer.is_refusal());
            if self.is_closed || refused.is_some() || Instant::now() > deadline {
                bail!("no {code}, but {:?}, closed: {}", self.answers.last(), self.is_closed);
            }
            self.look()?;
        }
    }

    /// Waits until the server closes the connection, and returns what it said.
    ///
    /// # Errors
    ///
    /// When it does not `within` that time.
    pub fn wait_for_close(&mut self, within: Duration) -> Result<Vec<Answer>> {
        let deadline = Instant::now() + within;
        while !self.is_closed {
            ensure!(Instant::now() < deadline, "still open after {within:?}: {:?}", self.answers);
            self.look()?;
        }
        Ok(self.answers.clone())
    }

    /// Whether the server has closed the connection.
    ///
    /// # Errors
    ///
    /// When what it sent cannot be read.
    pub fn is_closed(&mut self) -> Result<bool> {
        self.look()?;
        Ok(self.is_closed)
    }

    /// The own address, by which the server's log knows the connection.
    ///
    /// # Errors
    ///
    /// When there is none any more.
    pub fn address(&self) -> Result<SocketAddr> {
        self.socket.local_addr().context("ask for the own address")
    }

    /// How many bytes have been sent.
    #[must_use]
    pub const fn sent(&self) -> u64 {
        self.sent
    }

    /// Reads what is there; waits a moment for something.
    fn look(&mut self) -> Result<()> {
        let mut bytes = [0; 65_536];
        match self.socket.read(&mut bytes) {
            Ok(0) => self.is_closed = true,
            Ok(read) => self.reader.push(bytes.get(..read).unwrap_or_default()),
            Err(error) if NOTHING.contains(&error.kind()) => {}
            Err(error) if CLOSED.contains(&error.kind()) => self.is_closed = true,
            Err(error) => return Err(error).context("read from the server"),
        }
        if self.transaction > 0 {
            while let Some(message) = self.reader.pull()? {
                let answer = answer(&message)?;
                if let Some(refusal) = answer.as_ref().filter(|answer| answer.is_refusal()) {
                    evidence::answer(&refusal.description);
                }
                self.answers.extend(answer);
            }
        }
        Ok(())
    }
}

impl Answer {
    /// Whether it says no.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        self.name == "_error"
            || (self.name == "onStatus" && !self.code.ends_with(".Start"))
                && !self.code.ends_with(".Success")
    }
}

fn answer(message: &Message) -> Result<Option<Answer>> {
    if message.kind != MessageKind::CommandAmf0 {
        return Ok(None);
    }
    let values = amf::decode(&message.payload)?;
    let name = values.first().and_then(Value::as_str).unwrap_or_default().to_owned();
    let property = |key: &str| {
        let mut texts = values.iter().filter_map(|value| value.property(key)?.as_str());
        texts.next_back().unwrap_or_default().to_owned()
    };
    Ok(Some(Answer { name, code: property("code"), description: property("description") }))
}
