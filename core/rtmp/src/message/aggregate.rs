//! Aggregate messages (RTMP 1.0 §7.1.6): several messages in one, each laid out as an FLV tag.

use bytes::{Buf, Bytes};

use super::{Message, MessageKind};

/// The messages inside an aggregate, one at a time.
///
/// Their times count from the aggregate's: the first message gets the aggregate's timestamp, the
/// others keep their distance from it.
pub(crate) struct Aggregate {
    chunk_stream: u32,
    message_stream: u32,
    timestamp_ms: u32,
    /// What to add to a time inside, once the first is known.
    offset_ms: Option<u32>,
    rest: Bytes,
}

impl Aggregate {
    pub(crate) fn new(message: Message) -> Self {
        Self {
            chunk_stream: message.chunk_stream,
            message_stream: message.message_stream,
            timestamp_ms: message.timestamp_ms,
            offset_ms: None,
            rest: message.payload,
        }
    }

    /// The next message; `None` at the end, or where what is left is not a whole message.
    pub(crate) fn next(&mut self) -> Option<Message> {
        let &[kind, l2, l1, l0, t2, t1, t0, t3, _, _, _] = self.rest.first_chunk()?;
        let length = usize::try_from(u32::from_be_bytes([0, l2, l1, l0])).ok()?;
        let inside_ms = u32::from_be_bytes([t3, t2, t1, t0]);
        let end = TAG_HEADER_BYTES.checked_add(length)?;
        if self.rest.len() < end {
            return None;
        }
        let payload = self.rest.slice(TAG_HEADER_BYTES..end);
        // The last message may lack the back pointer.
        self.rest.advance(self.rest.len().min(end + BACK_POINTER_BYTES));
        let offset_ms =
            *self.offset_ms.get_or_insert_with(|| self.timestamp_ms.wrapping_sub(inside_ms));
        Some(Message {
            chunk_stream: self.chunk_stream,
            timestamp_ms: inside_ms.wrapping_add(offset_ms),
            kind: MessageKind::from(kind),
            message_stream: self.message_stream,
            payload,
        })
    }

    /// Bytes that are not taken yet.
    pub(crate) fn buffered_bytes(&self) -> usize {
        self.rest.len()
    }
}

const TAG_HEADER_BYTES: usize = 11;
const BACK_POINTER_BYTES: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    /// An FLV tag whose payload is `payload`.
    fn tag(kind: u8, timestamp_ms: u32, payload: &[u8]) -> Vec<u8> {
        let [t3, t2, t1, t0] = timestamp_ms.to_be_bytes();
        let length = u8::try_from(payload.len()).unwrap();
        let mut tag = vec![kind, 0, 0, length, t2, t1, t0, t3, 0, 0, 0];
        tag.extend_from_slice(payload);
        tag.extend_from_slice(&[0, 0, 0, 11 + length]);
        tag
    }

    #[track_caller]
    fn check(timestamp_ms: u32, bytes: &[u8], expected: &[(u8, u32, &[u8])]) {
        let mut aggregate = Aggregate::new(Message {
            chunk_stream: 4,
            timestamp_ms,
            kind: MessageKind::Aggregate,
            message_stream: 1,
            payload: Bytes::copy_from_slice(bytes),
        });
        let mut actual = Vec::new();
        while let Some(message) = aggregate.next() {
            assert_eq!(message.message_stream, 1);
            actual.push((u8::from(message.kind), message.timestamp_ms, message.payload));
        }
        let actual: Vec<_> = actual.iter().map(|(k, t, p)| (*k, *t, p.as_ref())).collect();
        assert_eq!(actual, expected);
    }

    #[test]
    fn messages_inside_keep_their_distance_from_the_first() {
        let bytes = [tag(9, 100, b"vv"), tag(8, 121, b"a"), tag(8, 142, b"")].concat();
        check(5000, &bytes, &[(9, 5000, b"vv"), (8, 5021, b"a"), (8, 5042, b"")]);
    }

    #[test]
    fn times_inside_may_wrap_and_go_back() {
        let bytes = [tag(9, u32::MAX, b"v"), tag(8, 4, b"a"), tag(8, u32::MAX - 1, b"b")].concat();
        check(0, &bytes, &[(9, 0, b"v"), (8, 5, b"a"), (8, u32::MAX, b"b")]);
    }

    #[test]
    fn a_message_that_is_cut_short_is_left_out() {
        let bytes = [tag(9, 0, b"vv"), tag(8, 0, b"aaa")].concat();
        for cut in 1..=7 {
            check(9, &bytes[..bytes.len() - 4 - cut], &[(9, 9, b"vv")]);
        }
    }

    #[test]
    fn the_last_back_pointer_may_be_missing() {
        let bytes = tag(9, 0, b"vv");
        check(9, &bytes[..bytes.len() - 4], &[(9, 9, b"vv")]);
        check(9, &bytes[..bytes.len() - 1], &[(9, 9, b"vv")]);
    }
}
