//! Chunks in, messages out.

use std::collections::BTreeMap;
use std::mem;

use bytes::{Buf, Bytes, BytesMut};

use super::header::{Fields, Header, Repeated, Time};
use super::{CHUNK_BYTES_FIRST, CHUNK_BYTES_MAX, ChunkError};
use crate::limits::ChunkLimits;
use crate::message::{Message, MessageKind};

/// Reads what a peer sends after its handshake.
///
/// Bytes go in with [`push`](Self::push), or straight from the socket into
/// [`receive_buffer`](Self::receive_buffer); [`pull`](Self::pull) returns whole messages. Each
/// payload byte is copied once, from the receive buffer into its message. `SetChunkSize` and
/// `Abort` are obeyed here and not returned.
pub struct ChunkReader {
    limits: ChunkLimits,
    chunk_bytes: usize,
    received: BytesMut,
    /// Bytes that have left `received`.
    consumed: u64,
    chunk_streams: BTreeMap<u32, ChunkStream>,
    /// The chunk whose header is consumed and whose payload is not.
    current: Option<Chunk>,
    /// Capacity of all payloads: `buffered <= limits.buffered_bytes_max` as it was when they grew.
    buffered: usize,
    abandoned: u64,
}

/// What the last header on a chunk stream said, and the message that is coming in on it.
#[derive(Default)]
struct ChunkStream {
    timestamp: u32,
    delta: u32,
    /// The last time field, if it was an extended one.
    extended: Option<u32>,
    length: usize,
    kind: u8,
    message_stream: u32,
    /// Whether a message has begun and is not whole. Then `payload.len() <= length`.
    is_open: bool,
    payload: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
struct Chunk {
    chunk_stream: u32,
    /// Payload bytes still to come in this chunk.
    left: usize,
}

impl ChunkReader {
    /// A reader that has seen nothing.
    pub fn new(limits: ChunkLimits) -> Self {
        Self {
            limits,
            chunk_bytes: CHUNK_BYTES_FIRST,
            received: BytesMut::new(),
            consumed: 0,
            chunk_streams: BTreeMap::new(),
            current: None,
            buffered: 0,
            abandoned: 0,
        }
    }

    /// Takes bytes in the order in which they came.
    pub fn push(&mut self, bytes: &[u8]) {
        self.received.extend_from_slice(bytes);
    }

    /// Where a socket may read to, which saves the copy that [`push`](Self::push) makes. Bytes may
    /// only be added at its end.
    pub fn receive_buffer(&mut self) -> &mut BytesMut {
        &mut self.received
    }

    /// The next whole message, or `None` until more bytes arrive. After an error the position in
    /// the bytes is lost and the connection has to end.
    pub fn pull(&mut self) -> Result<Option<Message>, ChunkError> {
        loop {
            let chunk = match self.current {
                Some(chunk) => chunk,
                None => {
                    let Some(header) = self.header() else { return Ok(None) };
                    let chunk = self.begin(header)?;
                    self.discard(header.bytes);
                    chunk
                }
            };
            let taken = chunk.left.min(self.received.len());
            self.take_payload(chunk, taken)?;
            if taken < chunk.left {
                self.current = Some(Chunk { left: chunk.left - taken, ..chunk });
                return Ok(None);
            }
            self.current = None;
            if let Some(message) = self.finish(chunk.chunk_stream)
                && !self.obey(&message)?
            {
                return Ok(Some(message));
            }
        }
    }

    /// Changes the limits; what is held already stays.
    pub fn set_limits(&mut self, limits: ChunkLimits) {
        self.limits = limits;
    }

    /// The bytes that are received and not consumed.
    pub fn received(&self) -> &[u8] {
        &self.received
    }

    /// Drops the next `bytes` received bytes, which are not chunks.
    pub fn discard(&mut self, bytes: usize) {
        let bytes = bytes.min(self.received.len());
        self.received.advance(bytes);
        self.consumed += u64::try_from(bytes).unwrap_or(u64::MAX);
    }

    /// How many bytes have been consumed: the position of an error.
    pub fn byte_offset(&self) -> u64 {
        self.consumed
    }

    /// How many bytes have been received.
    pub fn bytes_received(&self) -> u64 {
        self.consumed + u64::try_from(self.received.len()).unwrap_or(u64::MAX)
    }

    /// Memory held for unfinished messages, and received bytes that are not consumed.
    pub fn buffered_bytes(&self) -> usize {
        self.buffered + self.received.len()
    }

    /// Messages that another one replaced before they were whole, or that were aborted.
    pub fn abandoned_messages(&self) -> u64 {
        self.abandoned
    }

    fn header(&self) -> Option<Header> {
        Header::parse(&self.received, |id| self.chunk_streams.get(&id)?.repeated())
    }

    /// Applies a header: decides whether it goes on with a message or begins one.
    fn begin(&mut self, header: Header) -> Result<Chunk, ChunkError> {
        let id = header.chunk_stream;
        if !self.chunk_streams.contains_key(&id) {
            self.open(id, header.fields)?;
        }
        let chunk_stream = self.chunk_streams.entry(id).or_default();
        if !(chunk_stream.is_open && chunk_stream.goes_on(header.fields)) {
            if chunk_stream.is_open {
                self.buffered -= chunk_stream.abandon();
                self.abandoned += 1;
            }
            chunk_stream.apply(header.fields);
            let (length, limit) = (chunk_stream.length, self.limits.message_bytes_max);
            if length > limit {
                return Err(ChunkError::MessageTooLong { chunk_stream: id, length, limit });
            }
            chunk_stream.is_open = true;
        }
        let missing = chunk_stream.length - chunk_stream.payload.len();
        Ok(Chunk { chunk_stream: id, left: missing.min(self.chunk_bytes) })
    }

    fn open(&self, id: u32, fields: Fields) -> Result<(), ChunkError> {
        let none = |chunk_type| ChunkError::NoEarlierHeader { chunk_stream: id, chunk_type };
        match fields {
            // librtmp begins a chunk stream with type 1 when it answers a ping: the message stream
            // is then the connection's, 0.
            Fields::Full { .. } | Fields::SameStream { .. } => {}
            Fields::SameShape { .. } => return Err(none(2)),
            Fields::Same => return Err(none(3)),
        }
        let limit = self.limits.chunk_streams_max;
        if self.chunk_streams.len() >= limit {
            return Err(ChunkError::TooManyChunkStreams { chunk_stream: id, limit });
        }
        Ok(())
    }

    fn take_payload(&mut self, chunk: Chunk, taken: usize) -> Result<(), ChunkError> {
        let Some(chunk_stream) = self.chunk_streams.get_mut(&chunk.chunk_stream) else {
            return Ok(());
        };
        let others = self.buffered - chunk_stream.payload.capacity();
        let grown = chunk_stream.grow(taken, self.limits.buffered_bytes_max.saturating_sub(others));
        self.buffered = others + chunk_stream.payload.capacity();
        if let Err(needed) = grown {
            let limit = self.limits.buffered_bytes_max;
            return Err(ChunkError::TooMuchBuffered { needed: others + needed, limit });
        }
        chunk_stream.payload.extend_from_slice(self.received.get(..taken).unwrap_or_default());
        self.discard(taken);
        Ok(())
    }

    /// The message on a chunk stream, if it is whole.
    fn finish(&mut self, id: u32) -> Option<Message> {
        let chunk_stream = self.chunk_streams.get_mut(&id)?;
        if chunk_stream.payload.len() < chunk_stream.length {
            return None;
        }
        chunk_stream.is_open = false;
        let payload = mem::take(&mut chunk_stream.payload);
        self.buffered -= payload.capacity();
        Some(Message {
            chunk_stream: id,
            timestamp_ms: chunk_stream.timestamp,
            kind: MessageKind::from(chunk_stream.kind),
            message_stream: chunk_stream.message_stream,
            payload: Bytes::from(payload),
        })
    }

    /// Obeys a message that is about chunks. They count from the next chunk on, also in the middle
    /// of another chunk stream's message.
    fn obey(&mut self, message: &Message) -> Result<bool, ChunkError> {
        let number = message.payload.first_chunk().map(|bytes| u32::from_be_bytes(*bytes));
        if message.kind == MessageKind::SetChunkSize {
            let size = number.unwrap_or_default();
            if size == 0 || size > CHUNK_SIZE_WIRE_MAX {
                return Err(ChunkError::ChunkSize { size });
            }
            self.chunk_bytes =
                usize::try_from(size).map_or(CHUNK_BYTES_MAX, |size| size.min(CHUNK_BYTES_MAX));
            return Ok(true);
        }
        if message.kind == MessageKind::Abort {
            if let Some(chunk_stream) = number.and_then(|id| self.chunk_streams.get_mut(&id))
                && chunk_stream.is_open
            {
                self.buffered -= chunk_stream.abandon();
                self.abandoned += 1;
            }
            return Ok(true);
        }
        Ok(false)
    }
}

impl ChunkStream {
    fn repeated(&self) -> Option<Repeated> {
        self.extended.map(|extended| [extended, self.timestamp])
    }

    /// Whether a header within an open message belongs to that message. Type 3 does. The
    /// specification says *should* of it, so other types do if they say the same again.
    fn goes_on(&self, fields: Fields) -> bool {
        match fields {
            Fields::Full { timestamp, length, kind, message_stream } => {
                timestamp.value == self.timestamp
                    && (length, kind) == (self.length, self.kind)
                    && message_stream == self.message_stream
            }
            Fields::SameStream { length, kind, .. } => (length, kind) == (self.length, self.kind),
            Fields::SameShape { .. } | Fields::Same => true,
        }
    }

    /// Takes the header of a new message.
    fn apply(&mut self, fields: Fields) {
        match fields {
            Fields::Full { timestamp, length, kind, message_stream } => {
                self.timestamp = 0;
                self.advance(timestamp);
                (self.length, self.kind) = (length, kind);
                self.message_stream = message_stream;
            }
            Fields::SameStream { delta, length, kind } => {
                self.advance(delta);
                (self.length, self.kind) = (length, kind);
            }
            Fields::SameShape { delta } => self.advance(delta),
            // After type 0 the delta is the timestamp itself (§5.3.1.2.4).
            Fields::Same => self.timestamp = self.timestamp.wrapping_add(self.delta),
        }
    }

    fn advance(&mut self, by: Time) {
        self.timestamp = self.timestamp.wrapping_add(by.value);
        self.delta = by.value;
        self.extended = by.is_extended.then_some(by.value);
    }

    /// Makes room for `more` bytes of an open message within `limit`; the error is the room needed.
    ///
    /// The peer's number only caps the growth, which follows the bytes that are really there. Room
    /// grows fourfold, so that growing moves a third of the bytes once more.
    fn grow(&mut self, more: usize, limit: usize) -> Result<(), usize> {
        let needed = self.payload.len() + more;
        if needed > limit {
            return Err(needed);
        }
        let capacity = self.payload.capacity();
        if needed > capacity {
            let comfortable = needed.max(capacity * 4).max(FIRST_BYTES);
            let room = comfortable.min(self.length).min(limit);
            self.payload.reserve_exact(room - self.payload.len());
        }
        Ok(())
    }

    /// Drops an unfinished message; returns the memory that is free again.
    fn abandon(&mut self) -> usize {
        self.is_open = false;
        mem::take(&mut self.payload).capacity()
    }
}

/// First room for a message, if it is that long: on 64 chunk streams, what a stranger may hold.
const FIRST_BYTES: usize = 4 * 1024;

/// The highest bit of a chunk size is zero (§5.4.1).
const CHUNK_SIZE_WIRE_MAX: u32 = 0x7fff_ffff;
