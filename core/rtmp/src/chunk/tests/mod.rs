//! Byte tables from RTMP 1.0 §5.3, and what encoders make of it.

mod limits;
mod writer;

use super::*;
use crate::limits::ChunkLimits;
use crate::message::Message;

/// Chunk stream, type, timestamp, message stream, payload.
type Row<'a> = (u32, u8, u32, u32, &'a [u8]);

fn read(pieces: &[&[u8]]) -> Result<Vec<Message>, ChunkError> {
    let mut reader = ChunkReader::new(ChunkLimits::AFTER_PUBLISH);
    let mut messages = Vec::new();
    for piece in pieces {
        reader.push(piece);
        while let Some(message) = reader.pull()? {
            messages.push(message);
        }
    }
    Ok(messages)
}

fn row(message: &Message) -> Row<'_> {
    let Message { chunk_stream, timestamp_ms, kind, message_stream, payload } = message;
    (*chunk_stream, u8::from(*kind), *timestamp_ms, *message_stream, payload)
}

/// The same messages, however the bytes are cut.
#[track_caller]
fn check(parts: &[&[u8]], expected: &[Row<'_>]) {
    let bytes = parts.concat();
    for cut in 0..=bytes.len() {
        let (head, tail) = bytes.split_at(cut);
        let messages = read(&[head, tail]).unwrap();
        let actual: Vec<_> = messages.iter().map(row).collect();
        assert_eq!(actual, expected, "cut after byte {cut}");
    }
    let single: Vec<_> = bytes.chunks(1).collect();
    let messages = read(&single).unwrap();
    assert_eq!(messages.iter().map(row).collect::<Vec<_>>(), expected, "byte by byte");
}

#[track_caller]
fn check_error(parts: &[&[u8]], expected: ChunkError) {
    assert_eq!(read(&[&parts.concat()]), Err(expected));
}

/// A chunk of type 0 with its header.
fn full(id: u8, time: u32, length: usize, kind: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, t2, t1, t0] = time.min(0x00ff_ffff).to_be_bytes();
    let [_, l2, l1, l0] = u32::try_from(length).unwrap().to_be_bytes();
    let mut bytes = vec![id, t2, t1, t0, l2, l1, l0, kind];
    bytes.extend_from_slice(&stream.to_le_bytes());
    if time >= 0x00ff_ffff {
        bytes.extend_from_slice(&time.to_be_bytes());
    }
    bytes.extend_from_slice(payload);
    bytes
}

fn set_chunk_size(size: u32) -> Vec<u8> {
    full(2, 0, 4, 1, 0, &size.to_be_bytes())
}

#[test]
fn audio_messages_with_ever_shorter_headers() {
    // The first example of the specification (§5.3.2.1).
    check(
        &[
            &full(3, 1000, 32, 8, 12345, &[1; 32]),
            &[0x83, 0, 0, 20],
            &[2; 32],
            &[0xc3],
            &[3; 32],
            &[0xc3],
            &[4; 32],
        ],
        &[
            (3, 8, 1000, 12345, &[1; 32]),
            (3, 8, 1020, 12345, &[2; 32]),
            (3, 8, 1040, 12345, &[3; 32]),
            (3, 8, 1060, 12345, &[4; 32]),
        ],
    );
}

#[test]
fn a_long_message_comes_in_three_chunks() {
    // The second example (§5.3.2.2).
    check(
        &[&full(4, 1000, 307, 9, 12346, &[1; 128]), &[0xc4], &[1; 128], &[0xc4], &[1; 51]],
        &[(4, 9, 1000, 12346, &[1; 307])],
    );
}

#[test]
fn a_message_of_type_3_after_type_0_repeats_the_timestamp_as_delta() {
    check(
        &[&full(3, 21, 1, 8, 1, b"a"), &[0xc3], b"b", &[0xc3], b"c"],
        &[(3, 8, 21, 1, b"a"), (3, 8, 42, 1, b"b"), (3, 8, 63, 1, b"c")],
    );
}

#[test]
fn the_later_chunks_of_a_message_do_not_advance_time() {
    check(
        &[
            &full(4, 7, 130, 9, 1, &[1; 128]),
            &[0xc4, 1, 1],
            &[0x44, 0, 0, 5, 0, 0, 130, 9],
            &[2; 128],
            &[0xc4, 2, 2],
            &[0xc4],
            &[3; 128],
            &[0xc4, 3, 3],
        ],
        &[(4, 9, 7, 1, &[1; 130]), (4, 9, 12, 1, &[2; 130]), (4, 9, 17, 1, &[3; 130])],
    );
}

#[test]
fn messages_on_two_chunk_streams_interleave() {
    check(
        &[
            &full(4, 10, 200, 9, 1, &[1; 128]),
            &full(5, 11, 150, 8, 1, &[2; 128]),
            &[0xc4],
            &[1; 72],
            &full(2, 0, 4, 3, 0, &[0, 0, 0, 1]),
            &[0xc5],
            &[2; 22],
        ],
        &[(4, 9, 10, 1, &[1; 200]), (2, 3, 0, 0, &[0, 0, 0, 1]), (5, 8, 11, 1, &[2; 150])],
    );
}

#[test]
fn chunk_stream_numbers_have_three_forms() {
    for (head, id) in [
        (&[0x3f][..], 63),
        (&[0x00, 0x00], 64),
        (&[0x00, 0xff], 319),
        (&[0x01, 0x00, 0x01], 320),
        (&[0x01, 0x05, 0x00], 69),
        (&[0x01, 0xff, 0xff], 65_599),
    ] {
        let header = full(0, 5, 2, 8, 1, b"");
        check(&[head, &header[1..], b"ab"], &[(id, 8, 5, 1, b"ab")]);
    }
}

#[test]
fn an_extended_timestamp_is_repeated_in_type_3() {
    let time = 0x0100_0000_u32;
    check(
        &[
            &full(4, time, 130, 9, 1, &[7; 128]),
            &[0xc4],
            &time.to_be_bytes(),
            &[7; 2],
            &full(4, 0x00ff_ffff, 1, 9, 1, b"x"),
        ],
        &[(4, 9, time, 1, &[7; 130]), (4, 9, 0x00ff_ffff, 1, b"x")],
    );
}

#[test]
fn an_extended_timestamp_may_be_left_out_of_type_3() {
    let time = 0xffff_fffe_u32;
    check(
        &[&full(4, time, 300, 9, 1, &[7; 128]), &[0xc4], &[7; 128], &[0xc4], &[7; 44]],
        &[(4, 9, time, 1, &[7; 300])],
    );
    // The end of a message never waits for what follows: two bytes are enough to tell.
    check(&[&full(4, time, 130, 9, 1, &[7; 128]), &[0xc4], &[7; 2]], &[(4, 9, time, 1, &[7; 130])]);
}

#[test]
fn bytes_that_only_begin_like_the_timestamp_are_payload() {
    let payload = [&[7; 128][..], &[1, 0, 0, 9]].concat();
    check(
        &[&full(4, 0x0100_0000, 132, 9, 1, &[7; 128]), &[0xc4, 1, 0, 0, 9]],
        &[(4, 9, 0x0100_0000, 1, &payload)],
    );
    // If the message ends before they differ, the next chunk tells.
    check(
        &[&full(4, 0x0100_0000, 130, 9, 1, &[7; 128]), &[0xc4, 1, 0], &full(5, 0, 1, 8, 1, b"a")],
        &[(4, 9, 0x0100_0000, 1, &payload[..130]), (5, 8, 0, 1, b"a")],
    );
}

#[test]
fn an_extended_delta_is_repeated_as_delta_or_as_timestamp() {
    let (delta, time) = (0x0100_0000_u32, 0x0100_0005_u32);
    for repeated in [delta, time] {
        check(
            &[
                &full(4, 5, 1, 9, 1, b"a"),
                &[0x44, 0xff, 0xff, 0xff, 0, 0, 130, 9],
                &delta.to_be_bytes(),
                &[7; 128],
                &[0xc4],
                &repeated.to_be_bytes(),
                &[7; 2],
            ],
            &[(4, 9, 5, 1, b"a"), (4, 9, time, 1, &[7; 130])],
        );
    }
}

#[test]
fn a_short_time_after_an_extended_one_is_not_repeated() {
    let payload = [&[7; 128][..], &[1, 0, 0, 0]].concat();
    check(
        &[
            &full(4, 0x0100_0000, 1, 9, 1, b"a"),
            &[0x44, 0, 0, 0, 0, 0, 132, 9],
            &[7; 128],
            // Payload, although it looks like the extended time before.
            &[0xc4, 1, 0, 0, 0],
        ],
        &[(4, 9, 0x0100_0000, 1, b"a"), (4, 9, 0x0100_0000, 1, &payload)],
    );
}

#[test]
fn timestamps_wrap() {
    check(
        &[&full(4, u32::MAX, 1, 9, 1, b"a"), &[0x84, 0, 0, 2, b'b']],
        &[(4, 9, u32::MAX, 1, b"a"), (4, 9, 1, 1, b"b")],
    );
}

#[test]
fn the_chunk_size_changes_in_the_middle_of_another_message() {
    check(
        &[
            &full(4, 0, 300, 9, 1, &[1; 128]),
            &set_chunk_size(100),
            &[0xc4],
            &[1; 100],
            &set_chunk_size(4096),
            &[0xc4],
            &[1; 72],
        ],
        &[(4, 9, 0, 1, &[1; 300])],
    );
}

#[test]
fn chunk_sizes_go_from_1_to_16_mib_and_beyond() {
    check(
        &[&set_chunk_size(1), &full(4, 0, 3, 9, 1, b"a"), &[0xc4, b'b', 0xc4, b'c']],
        &[(4, 9, 0, 1, b"abc")],
    );
    for size in [0x00ff_ffff, 0x0100_0000, 0x7fff_ffff] {
        check(
            &[&set_chunk_size(size), &full(4, 0, 1000, 9, 1, &[5; 1000])],
            &[(4, 9, 0, 1, &[5; 1000])],
        );
    }
    check_error(&[&set_chunk_size(0)], ChunkError::ChunkSize { size: 0 });
    check_error(&[&set_chunk_size(1 << 31)], ChunkError::ChunkSize { size: 1 << 31 });
    check_error(&[&full(2, 0, 2, 1, 0, &[1, 1])], ChunkError::ChunkSize { size: 0 });
}

#[test]
fn an_aborted_message_never_comes() {
    let abort = |id: u8| full(2, 0, 4, 2, 0, &[0, 0, 0, id]);
    check(
        &[
            &full(4, 0, 300, 9, 1, &[1; 128]),
            &full(5, 0, 129, 8, 1, &[2; 128]),
            &abort(4),
            &abort(9),
            &full(4, 3, 2, 9, 1, b"ab"),
            &[0xc5, 2],
        ],
        &[(4, 9, 3, 1, b"ab"), (5, 8, 0, 1, &[2; 129])],
    );
}

#[test]
fn a_header_that_says_the_same_goes_on_with_its_message() {
    for header in
        [&full(4, 7, 130, 9, 1, b"")[..], &[0x44, 0, 0, 7, 0, 0, 130, 9], &[0x84, 0, 0, 7], &[0xc4]]
    {
        check(&[&full(4, 7, 130, 9, 1, &[1; 128]), header, &[1; 2]], &[(4, 9, 7, 1, &[1; 130])]);
    }
}

#[test]
fn a_header_that_says_something_else_begins_another_message() {
    let begun = full(4, 7, 130, 9, 1, &[1; 128]);
    check(&[&begun, &full(4, 8, 2, 9, 1, b"ab")], &[(4, 9, 8, 1, b"ab")]);
    check(&[&begun, &[0x44, 0, 0, 1, 0, 0, 2, 8], b"ab"], &[(4, 8, 8, 1, b"ab")]);
    for (time, kind, stream) in [(8, 9, 1), (7, 8, 1), (7, 9, 2)] {
        let other = full(4, time, 130, kind, stream, &[2; 128]);
        check(&[&begun, &other, &[0xc4, 2, 2]], &[(4, kind, time, stream, &[2; 130])]);
    }
}

#[test]
fn a_chunk_stream_may_begin_with_type_1_but_not_with_2_or_3() {
    check(&[&[0x42, 0, 0, 9, 0, 0, 2, 4], b"ab"], &[(2, 4, 9, 0, b"ab")]);
    check_error(
        &[&[0x84, 0, 0, 9]],
        ChunkError::NoEarlierHeader { chunk_stream: 4, chunk_type: 2 },
    );
    check_error(&[&[0xc4]], ChunkError::NoEarlierHeader { chunk_stream: 4, chunk_type: 3 });
}

#[test]
fn an_empty_message_is_a_message() {
    check(
        &[&full(4, 7, 0, 9, 1, b""), &[0xc4], &full(5, 1, 1, 8, 1, b"a")],
        &[(4, 9, 7, 1, b""), (4, 9, 14, 1, b""), (5, 8, 1, 1, b"a")],
    );
}
