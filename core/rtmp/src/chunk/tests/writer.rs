//! What is written, and that it is read as it was meant.

use bytes::{Bytes, BytesMut};
use proptest::prelude::*;

use super::*;
use crate::message::MessageKind;

#[test]
fn headers_are_written_as_short_as_they_may_be() {
    let written = |writer: &mut ChunkWriter, timestamp_ms, payload: &[u8]| {
        let mut bytes = BytesMut::new();
        let (chunk_stream, kind, message_stream) = (4, MessageKind::Audio, 1);
        writer.write(
            Outgoing { chunk_stream, timestamp_ms, kind, message_stream, payload },
            &mut bytes,
        );
        bytes.to_vec()
    };
    let mut writer = ChunkWriter::compressing();
    for (time, payload, expected) in [
        (5, &b"a"[..], full(4, 5, 1, 8, 1, b"a")),
        // Not type 3, although the delta is the timestamp: not every reader counts so.
        (10, b"b", vec![0x84, 0, 0, 5, b'b']),
        (15, b"c", vec![0xc4, b'c']),
        (15, b"dd", vec![0x44, 0, 0, 0, 0, 0, 2, 8, b'd', b'd']),
        // Back, and further than 24 bits.
        (14, b"ee", full(4, 14, 2, 8, 1, b"ee")),
        (0x0100_000e, b"ff", full(4, 0x0100_000e, 2, 8, 1, b"ff")),
        (0x0100_000f, b"gg", vec![0x84, 0, 0, 1, b'g', b'g']),
    ] {
        assert_eq!(written(&mut writer, time, payload), expected, "{time}");
    }
    let mut writer = ChunkWriter::new();
    for time in [5, 10, 15] {
        assert_eq!(written(&mut writer, time, b"a"), full(4, time, 1, 8, 1, b"a"));
    }
}

fn message() -> impl Strategy<Value = Message> {
    let time = prop_oneof![0..100_u32, 0x00ff_fff0..0x0100_0010_u32, any::<u32>()];
    let id = prop_oneof![3..8_u32, 60..70_u32, 318..323_u32];
    let length = prop_oneof![0..4_usize, 120..140_usize, 4000..5000_usize];
    (id, time, 8..10_u8, 1..3_u32, length, any::<u8>()).prop_map(
        |(chunk_stream, timestamp_ms, kind, message_stream, length, byte)| Message {
            chunk_stream,
            timestamp_ms,
            kind: MessageKind::from(kind),
            message_stream,
            payload: Bytes::from(vec![byte; length]),
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        messages in proptest::collection::vec(message(), 1..20),
        compressing: bool,
        size in prop_oneof![1..3_u32, 128..129_u32, 1000..5000_u32],
        piece in 1..3000_usize,
    ) {
        let mut writer =
            if compressing { ChunkWriter::compressing() } else { ChunkWriter::new() };
        let mut bytes = BytesMut::from(set_chunk_size(size).as_slice());
        writer.set_chunk_bytes(size);
        for message in &messages {
            let Message { chunk_stream, timestamp_ms, kind, message_stream, ref payload } =
                *message;
            let outgoing =
                Outgoing { chunk_stream, timestamp_ms, kind, message_stream, payload };
            writer.write(outgoing, &mut bytes);
        }
        let pieces: Vec<_> = bytes.chunks(piece).collect();
        prop_assert_eq!(read(&pieces).unwrap(), messages);
    }

    #[test]
    fn any_bytes_are_read_alike_in_any_pieces(
        bytes in proptest::collection::vec(any::<u8>(), 0..600),
        piece in 1..40_usize,
    ) {
        let pieces: Vec<_> = bytes.chunks(piece).collect();
        prop_assert_eq!(read(&pieces), read(&[&bytes]));
    }
}
