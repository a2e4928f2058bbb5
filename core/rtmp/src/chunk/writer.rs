//! Messages in, chunks out.

use std::collections::BTreeMap;

use bytes::{BufMut, BytesMut};

use super::{CHUNK_BYTES_FIRST, CHUNK_BYTES_MAX, EXTENDED};
use crate::message::MessageKind;

/// Writes what one side of a connection sends.
#[derive(Debug)]
pub struct ChunkWriter {
    chunk_bytes: usize,
    /// The last header on each chunk stream, if headers may refer to it.
    last: Option<BTreeMap<u32, Last>>,
}

/// A message to write.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    /// The chunk stream to send it on.
    pub chunk_stream: u32,
    /// Its time in milliseconds.
    pub timestamp_ms: u32,
    /// What it is.
    pub kind: MessageKind,
    /// The message stream it belongs to.
    pub message_stream: u32,
    /// Its bytes, at most [`CHUNK_BYTES_MAX`]; what is beyond is not sent.
    pub payload: &'a [u8],
}

#[derive(Clone, Copy, Debug)]
struct Last {
    timestamp_ms: u32,
    /// The delta that a chunk of type 3 would repeat. After a full header that is the timestamp by
    /// the specification and zero for some servers, so none is assumed.
    delta: Option<u32>,
    length: u32,
    kind: MessageKind,
    message_stream: u32,
}

impl ChunkWriter {
    /// A writer whose every message has a full header, as servers do.
    pub fn new() -> Self {
        Self { chunk_bytes: CHUNK_BYTES_FIRST, last: None }
    }

    /// A writer that leaves out what the header before it has said, as encoders do.
    pub fn compressing() -> Self {
        Self { chunk_bytes: CHUNK_BYTES_FIRST, last: Some(BTreeMap::new()) }
    }

    /// Cuts chunks of `size` bytes from now on; the peer has to be told before.
    pub fn set_chunk_bytes(&mut self, size: u32) {
        self.chunk_bytes =
            usize::try_from(size).map_or(CHUNK_BYTES_MAX, |size| size.clamp(1, CHUNK_BYTES_MAX));
    }

    /// Writes one message to the end of `out`.
    pub fn write(&mut self, message: Outgoing<'_>, out: &mut BytesMut) {
        let payload = message.payload.get(..CHUNK_BYTES_MAX).unwrap_or(message.payload);
        let extended = self.write_header(message, payload.len(), out);
        let mut chunks = payload.chunks(self.chunk_bytes);
        out.extend_from_slice(chunks.next().unwrap_or_default());
        for chunk in chunks {
            basic_header(3, message.chunk_stream, out);
            if let Some(time) = extended {
                out.put_u32(time);
            }
            out.extend_from_slice(chunk);
        }
    }

    /// Writes the first header of a message; returns the extended time to repeat.
    fn write_header(
        &mut self,
        message: Outgoing<'_>,
        length: usize,
        out: &mut BytesMut,
    ) -> Option<u32> {
        let Outgoing { chunk_stream, timestamp_ms, kind, message_stream, .. } = message;
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        let earlier = self.last.as_ref().and_then(|last| last.get(&chunk_stream)).copied();
        // A time that went back, or is too far for 24 bits, is said in full.
        let earlier = earlier.and_then(|last| {
            let delta = timestamp_ms.checked_sub(last.timestamp_ms)?;
            (delta < EXTENDED && last.message_stream == message_stream).then_some((last, delta))
        });
        let (chunk_type, time) = match earlier {
            None => (0, timestamp_ms),
            Some((last, delta)) if (last.length, last.kind) != (length, kind) => (1, delta),
            Some((last, delta)) if last.delta != Some(delta) => (2, delta),
            Some((_, delta)) => (3, delta),
        };
        basic_header(chunk_type, chunk_stream, out);
        let extended = (time >= EXTENDED).then_some(time);
        if chunk_type < 3 {
            put_u24(time.min(EXTENDED), out);
        }
        if chunk_type < 2 {
            put_u24(length, out);
            out.put_u8(u8::from(kind));
        }
        if chunk_type < 1 {
            out.put_u32_le(message_stream);
        }
        if let Some(time) = extended {
            out.put_u32(time);
        }
        if let Some(last) = &mut self.last {
            let delta = (chunk_type > 0).then_some(time);
            last.insert(chunk_stream, Last { timestamp_ms, delta, length, kind, message_stream });
        }
        extended
    }
}

impl Default for ChunkWriter {
    fn default() -> Self {
        Self::new()
    }
}

/// One to three bytes (§5.3.1.1): chunk streams 2 to 63, 64 to 319, and up to 65,599.
fn basic_header(chunk_type: u8, chunk_stream: u32, out: &mut BytesMut) {
    let chunk_type = chunk_type << 6;
    match chunk_stream {
        0..64 => out.put_u8(chunk_type | u8::try_from(chunk_stream).unwrap_or_default()),
        64..320 => {
            out.put_u8(chunk_type);
            out.put_u8(u8::try_from(chunk_stream - 64).unwrap_or_default());
        }
        320.. => {
            out.put_u8(chunk_type | 1);
            out.put_u16_le(u16::try_from(chunk_stream - 64).unwrap_or(u16::MAX));
        }
    }
}

fn put_u24(number: u32, out: &mut BytesMut) {
    let [_, high, middle, low] = number.to_be_bytes();
    out.extend_from_slice(&[high, middle, low]);
}
