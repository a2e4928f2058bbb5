//! Peers that mean harm: memory stays under its limit, nothing panics.

use samples::{CAPTURES, Capture, damaged_after};

use super::*;
use crate::fuzz;
use crate::handshake::Scheme;

/// Recorded sessions.
fn recordings() -> Vec<Vec<u8>> {
    let mut recordings: Vec<_> = [1, 50, 128, 4096, 60_000]
        .into_iter()
        .map(|chunk_bytes| session(chunk_bytes, None).up)
        .collect();
    recordings.push(session(128, Some(Scheme::First)).up);
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
    recordings.push(script.bytes.to_vec());
    // Handshake, commands and the first media: what follows is more of the same.
    recordings.extend(CAPTURES.iter().map(|capture| capture.head(5_500).to_vec()));
    recordings
}

#[test]
fn a_push_of_a_real_encoder_is_read_the_same_in_every_piece() {
    for Capture { name, bytes } in CAPTURES {
        let whole = run(&[bytes], &ServerConfig::default());
        assert_eq!(whole.error, None, "{name}");
        for length in [1, 7, 128, 1_500] {
            let pieces: Vec<_> = bytes.chunks(length).collect();
            let cut = run(&pieces, &ServerConfig::default());
            assert_eq!(cut.events, whole.events, "{name} in pieces of {length}");
        }
    }
}

#[test]
fn fuzz_smoke() {
    let pieces = [0, 0, 0, 1, 57, 127].into_iter().cycle();
    let in_pieces = |(size, recording): (u8, &Vec<u8>)| [&[size][..], recording].concat();
    let recordings: Vec<_> = pieces.zip(&recordings()).map(in_pieces).collect();
    let samples: Vec<_> = recordings.iter().map(Vec::as_slice).collect();
    damaged_after(1 + HANDSHAKE_BYTES, &samples, |data| {
        fuzz::server_session(data);
        let chunks = &data[HANDSHAKE_BYTES.min(data.len())..];
        fuzz::chunk_reader(chunks);
        fuzz::handshake(data);
        fuzz::amf0(chunks);
        fuzz::amf3(chunks);
    });
}

#[test]
fn a_client_survives_any_server() {
    let servers = [session(128, None).down, session(50, Some(Scheme::First)).down];
    let servers = servers.map(|down| [&[0], &down[..]].concat());
    damaged_after(1 + HANDSHAKE_BYTES, &[&servers[0], &servers[1]], fuzz::client_session);
}

#[test]
fn a_recording_that_is_not_changed_is_a_whole_session() {
    for recording in recordings() {
        let in_one_piece = [&[0], &recording[..]].concat();
        assert!(fuzz::server_session(&in_one_piece) > 0);
        let outcome = run(&[&recording], &ServerConfig::default());
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
