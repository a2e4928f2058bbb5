//! Each limit has a test that crosses it.

use super::*;

#[test]
fn a_message_over_the_limit_is_refused_by_its_header() {
    let mut reader = ChunkReader::new(ChunkLimits::BEFORE_PUBLISH);
    reader.push(&full(4, 0, 65_536, 9, 1, b""));
    assert_eq!(reader.pull(), Ok(None));
    reader.push(&full(5, 0, 65_537, 9, 1, b""));
    // What stands for the payload of the first is 128 bytes of the second header and its like.
    reader.push(&[5; 116]);
    reader.push(&full(6, 0, 65_537, 9, 1, b""));
    let expected = ChunkError::MessageTooLong { chunk_stream: 6, length: 65_537, limit: 65_536 };
    assert_eq!(reader.pull(), Err(expected));
    assert_eq!(reader.byte_offset(), 12 + 128);
}

#[test]
fn limits_change_at_run_time() {
    let mut reader = ChunkReader::new(ChunkLimits::BEFORE_PUBLISH);
    reader.set_limits(ChunkLimits::AFTER_PUBLISH);
    reader.push(&set_chunk_size(1 << 24));
    reader.push(&full(4, 0, 0x00ff_ffff, 9, 1, b""));
    reader.push(&vec![9; 0x00ff_ffff]);
    let message = reader.pull().unwrap().unwrap();
    assert_eq!(message.payload.len(), 0x00ff_ffff);
    assert_eq!(reader.buffered_bytes(), 0);
}

#[test]
fn one_chunk_stream_more_than_the_limit_is_refused() {
    let bytes: Vec<_> = (3..=66).flat_map(|id| full(id % 64, 0, 0, 8, 1, b"")).collect();
    // 64 and up need the longer form, so the numbers 0 to 2 above are its prefix.
    let mut reader = ChunkReader::new(ChunkLimits::BEFORE_PUBLISH);
    reader.push(&bytes[..61 * 12]);
    for id in 0..4 {
        reader.push(&[&[0, id], &full(0, 0, 0, 8, 1, b"")[1..]].concat());
    }
    let error = loop {
        match reader.pull() {
            Ok(message) => assert!(message.is_some()),
            Err(error) => break error,
        }
    };
    assert_eq!(error, ChunkError::TooManyChunkStreams { chunk_stream: 67, limit: 64 });
}

#[test]
fn the_length_a_peer_announces_allocates_nothing() {
    let mut reader = ChunkReader::new(ChunkLimits::AFTER_PUBLISH);
    reader.push(&set_chunk_size(1 << 24));
    reader.push(&full(4, 0, 0x00ff_ffff, 9, 1, b"a"));
    assert_eq!(reader.pull(), Ok(None));
    assert!(reader.buffered_bytes() <= 4096, "{}", reader.buffered_bytes());
}

#[test]
fn unfinished_messages_on_all_chunk_streams_meet_one_limit() {
    let limits = ChunkLimits {
        message_bytes_max: 1 << 24,
        chunk_streams_max: 64,
        buffered_bytes_max: 256 * 1024,
    };
    let mut reader = ChunkReader::new(limits);
    for id in 3..64 {
        reader.push(&full(id, 0, 0x00ff_ffff, 9, 1, &[0; 128]));
        assert_eq!(reader.pull(), Ok(None), "chunk stream {id}");
    }
    let error = loop {
        for id in 3..64 {
            reader.push(&[&[0xc0 | id][..], &[0; 128]].concat());
        }
        if let Err(error) = reader.pull() {
            break error;
        }
        assert!(reader.buffered_bytes() <= 256 * 1024, "{} bytes", reader.buffered_bytes());
    };
    let ChunkError::TooMuchBuffered { needed, limit } = error else { panic!("{error}") };
    assert!(needed > limit && limit == 256 * 1024, "{needed}");
}

#[test]
fn a_message_that_will_not_come_holds_nothing() {
    let begun = full(4, 0, 300, 9, 1, &[1; 128]);
    let abort = full(2, 0, 4, 2, 0, &[0, 0, 0, 4]);
    let other = full(4, 1, 200, 9, 1, &[2; 128]);
    for (bytes, held, abandoned) in [
        ([&begun[..], &abort].concat(), 0, 1),
        ([&begun[..], &abort, &abort].concat(), 0, 1),
        ([&begun[..], &other].concat(), 200, 1),
        ([&begun[..], &other, &abort].concat(), 0, 2),
    ] {
        let mut reader = ChunkReader::new(ChunkLimits::AFTER_PUBLISH);
        reader.push(&bytes);
        assert_eq!(reader.pull(), Ok(None));
        assert_eq!((reader.buffered_bytes(), reader.abandoned_messages()), (held, abandoned));
    }
}
