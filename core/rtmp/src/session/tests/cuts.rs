//! Every cut of a whole session gives the same events and the same answers.

use super::*;
use crate::handshake::Scheme;

#[track_caller]
fn check_server(pair: &Pair, step: usize) {
    let config = ServerConfig::default();
    let whole = run(&[&pair.up], &config);
    assert_eq!(whole.error, None);
    assert_eq!(whole.events, pair.events);
    for cut in (0..=pair.up.len()).step_by(step) {
        let (head, tail) = pair.up.split_at(cut);
        assert_eq!(run(&[head, tail], &config), whole, "cut after byte {cut}");
    }
    for size in [1, 2, 3, 7, 100, 1460] {
        let pieces: Vec<_> = pair.up.chunks(size).collect();
        assert_eq!(run(&pieces, &config), whole, "pieces of {size} bytes");
    }
}

#[test]
fn a_server_session_is_the_same_for_every_cut() {
    check_server(&session(128, None), 1);
}

#[test]
fn a_server_session_is_the_same_for_many_chunk_sizes() {
    for chunk_bytes in [1, 50, 4096, 60_000] {
        check_server(&session(chunk_bytes, Some(Scheme::Second)), 97);
    }
}

#[test]
fn a_client_session_is_the_same_for_every_cut() {
    let pair = session(128, Some(Scheme::First));
    // The client's bytes at its own accord come after its events, so only its answers count here:
    // they end with the first `publish`.
    let run = |pieces: &[&[u8]]| {
        let config = ClientConfig {
            stream_name: "name?key=secret".to_owned(),
            chunk_bytes: 128,
            digest: Some(Scheme::First),
            ..ClientConfig::default()
        };
        let mut client = Pair::new(config).client;
        let mut events = Vec::new();
        let mut output = Vec::new();
        for piece in pieces {
            client.push(piece);
            while let Some(event) = client.pull(NOW).unwrap() {
                events.push(event);
            }
            output.extend_from_slice(&client.take_output());
        }
        (events, output)
    };
    let whole = run(&[&pair.down]);
    let accepted = ClientEvent::Accepted { message_stream: 1 };
    assert!(
        matches!(&whole.0[..], [ClientEvent::Connected { .. }, second, ..] if *second == accepted)
    );
    assert_eq!(pair.up[..whole.1.len()], whole.1);
    for cut in 0..=pair.down.len() {
        let (head, tail) = pair.down.split_at(cut);
        assert_eq!(run(&[head, tail]), whole, "cut after byte {cut}");
    }
    assert_eq!(run(&pair.down.chunks(1).collect::<Vec<_>>()), whole, "byte by byte");
}
