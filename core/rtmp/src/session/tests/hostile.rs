//! Peers that mean harm: memory stays under its limit, nothing panics.

use super::*;
use crate::fuzz;
use crate::handshake::Scheme;

/// xorshift64*: the same numbers for the same seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next()).unwrap() % bound.max(1)
    }

    fn byte(&mut self) -> u8 {
        const ODD: [u8; 8] = [0, 1, 0x7f, 0x80, 0xff, 0x03, 0x14, 0xc3];
        match self.below(2) {
            0 => ODD[self.below(ODD.len())],
            _ => self.next().to_be_bytes()[7],
        }
    }

    /// One change in a recording. The handshake is left alone most of the time.
    fn mutate(&mut self, bytes: &mut Vec<u8>) {
        let first = if self.below(20) == 0 { 0 } else { HANDSHAKE_BYTES.min(bytes.len()) };
        let at = first + self.below(bytes.len() - first);
        let end = (at + self.below(40)).min(bytes.len());
        match self.below(6) {
            0 | 1 => {
                let byte = self.byte();
                if let Some(place) = bytes.get_mut(at) {
                    *place = byte;
                }
            }
            2 => {
                bytes.drain(at..end);
            }
            3 => {
                let copy = bytes[at..end].to_vec();
                bytes.splice(at..at, copy);
            }
            4 => {
                let noise: Vec<u8> = (0..end - at).map(|_| self.byte()).collect();
                bytes.splice(at..end, noise);
            }
            _ => bytes.truncate(at.max(1)),
        }
    }
}

/// Recorded sessions, each with a byte in front that says how it is cut.
fn recordings() -> Vec<Vec<u8>> {
    let mut recordings: Vec<_> = [1, 50, 128, 4096, 60_000]
        .into_iter()
        .map(|chunk_bytes| [&[0], &session(chunk_bytes, None).up[..]].concat())
        .collect();
    recordings.push([&[0], &session(128, Some(Scheme::First)).up[..]].concat());
    let script = Script::publishing()
        .message(MessageKind::Aggregate, 1, 0, &[8, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 12])
        .message(
            MessageKind::CommandAmf3,
            1,
            0,
            b"\0\x11\x09\x05\x01\x0a\x0b\x03C\x03a\x04\x01\x01",
        )
        .message(MessageKind::DataAmf3, 1, 0, b"\0\x02\0\x01n\x11\x06\x07abc")
        .message(MessageKind::UserControl, 0, 0, &[0, 6, 1, 2, 3, 4])
        .message(MessageKind::Abort, 0, 0, &[0, 0, 0, 4]);
    recordings.push([&[0], &script.bytes[..]].concat());
    recordings.extend(ENCODERS.map(|bytes| [&[0], bytes].concat()));
    recordings
}

/// What real encoders sent for a second of H.264 and AAC, from their first byte to their last.
const ENCODERS: [&[u8]; 2] = [
    include_bytes!("../../../testdata/ffmpeg-5.1_h264_aac.rtmp"),
    include_bytes!("../../../testdata/ffmpeg-9.0_h264_aac.rtmp"),
];

#[test]
fn a_push_of_a_real_encoder_is_read_the_same_in_every_piece() {
    for bytes in ENCODERS {
        let whole = run(&[bytes], &ServerConfig::default());
        assert_eq!(whole.error, None);
        let media = whole.events.iter().filter(|event| matches!(event, Event::Media(_))).count();
        // 25 pictures, 47 sounds or more, two sequence headers, and the ends of the sequences.
        assert!((72..=80).contains(&media), "{media} messages of media");
        assert!(whole.events.contains(&Event::Unpublished { message_stream: 1 }));
        for length in [1, 7, 128, 1_500] {
            let pieces: Vec<_> = bytes.chunks(length).collect();
            let cut = run(&pieces, &ServerConfig::default());
            assert_eq!(cut.events, whole.events, "in pieces of {length}");
        }
    }
}

/// Each seed makes the same mutations; the seed of a failure is in its message.
#[test]
fn fuzz_smoke() {
    let recordings = recordings();
    for seed in 1..=10_000_u64 {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut data = recordings[random.below(recordings.len())].clone();
        for _ in 0..=random.below(4) {
            random.mutate(&mut data);
        }
        if let Some(size) = data.first_mut() {
            *size = if random.below(4) == 0 { random.byte() } else { 0 };
        }
        let result = std::panic::catch_unwind(|| {
            fuzz::server_session(&data);
            let chunks = &data[HANDSHAKE_BYTES.min(data.len())..];
            fuzz::chunk_reader(chunks);
            fuzz::amf0(chunks);
        });
        assert!(result.is_ok(), "seed {seed}");
    }
}

#[test]
fn a_recording_that_is_not_changed_is_a_whole_session() {
    for recording in recordings() {
        assert!(fuzz::server_session(&recording) > 0);
        let outcome = run(&[&recording[1..]], &ServerConfig::default());
        assert!(outcome.events.len() >= 3, "{outcome:?}");
    }
}

/// Opens each chunk stream with a message of 16 MiB and trickles bytes into all of them.
fn trickle(session: &mut ServerSession, length: [u8; 3], limit: usize) -> SessionError {
    session.push(&[2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 0, 4, 0]);
    for id in 3..64_u8 {
        let [l2, l1, l0] = length;
        session.push(&[id, 0, 0, 0, l2, l1, l0, 9, 1, 0, 0, 0]);
        session.push(&[0; 1024]);
    }
    loop {
        match session.pull(NOW) {
            Ok(None) => {}
            Ok(Some(event)) => panic!("{event:?}"),
            Err(error) => return error,
        }
        let held = session.buffered_bytes();
        assert!(held <= limit, "{held} bytes held");
        for id in 3..64_u8 {
            session.push(&[0xc0 | id]);
            session.push(&[0; 1024]);
        }
    }
}

#[test]
fn a_stranger_with_messages_of_16_mib_is_refused_by_the_first_header() {
    let mut session = server(&ServerConfig::default());
    session.push(&Script::new().bytes);
    let error = trickle(&mut session, [0xff; 3], 256 * 1024 + 100);
    assert_eq!(error.kind(), "message_too_long");
    assert_eq!(session.byte_offset(), 3073 + 16, "where the header stands");
}

#[test]
fn a_stranger_with_messages_on_64_chunk_streams_holds_256_kib() {
    let mut session = server(&ServerConfig::default());
    session.push(&Script::new().bytes);
    let error = trickle(&mut session, [0, 0xff, 0xff], 256 * 1024 + 64 * 1024);
    assert_eq!(error.kind(), "too_much_buffered");
}

#[test]
fn a_publisher_with_messages_of_16_mib_on_64_chunk_streams_holds_32_mib() {
    let mut session = server(&ServerConfig::default());
    session.push(&Script::publishing().bytes);
    while let Ok(Some(_)) = session.pull(NOW) {
        session.accept(NOW);
    }
    let error = trickle(&mut session, [0xff; 3], 32 * 1024 * 1024 + 64 * 1024);
    assert_eq!(error.kind(), "too_much_buffered");
}

#[test]
fn other_protocols_are_refused_by_their_first_byte() {
    for (bytes, kind) in [
        (&b"GET / HTTP/1.1\r\n"[..], "handshake_not_rtmp"),
        (&[0x16, 3, 1], "handshake_not_rtmp"),
        (&[6], "handshake_encrypted"),
    ] {
        let outcome = run(&[bytes], &ServerConfig::default());
        assert_eq!(outcome.error.map(SessionError::kind), Some(kind));
    }
}

#[test]
fn limits_are_what_their_documentation_says() {
    let limits = Limits::default();
    assert_eq!(limits.before_publish.message_bytes_max, 65_536);
    assert_eq!(limits.after_publish.message_bytes_max, 16_777_216);
    assert_eq!(limits.before_publish.buffered_bytes_max, 262_144);
    assert_eq!(limits.after_publish.buffered_bytes_max, 33_554_432);
}
