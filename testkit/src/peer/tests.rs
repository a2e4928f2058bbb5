use std::net::TcpListener;
use std::thread::{self, JoinHandle};

use bytes::Bytes;
use rtmp::{Event, MediaKind, Rejection, ServerConfig, ServerSession, codes};

use super::*;
use crate::rml;

/// A server for one connection: it takes every stream of `live` but `no`, and returns what came.
fn serve() -> (SocketAddr, JoinHandle<Vec<Tag>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let received = thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let now = Duration::ZERO;
        let mut session = ServerSession::new(ServerConfig::default(), &[1; SEED_BYTES], now);
        let mut received = Vec::new();
        let mut bytes = [0; 65_536];
        loop {
            let mut has_ended = false;
            while !has_ended {
                match session.pull(now) {
                    Ok(None) => break,
                    Ok(Some(Event::PublishRequested(publish))) if publish.stream_name == "no" => {
                        let rejection = Rejection::new(codes::PUBLISH_DENIED, "not this one");
                        session.reject(&rejection);
                    }
                    Ok(Some(Event::ConnectRequested(_) | Event::PublishRequested(_))) => {
                        session.accept(now);
                    }
                    Ok(Some(Event::Media(media))) => received.push(Tag {
                        kind: media.kind,
                        timestamp_ms: media.timestamp_ms,
                        body: media.payload,
                    }),
                    Ok(Some(Event::Unpublished { .. })) | Err(_) => has_ended = true,
                    Ok(Some(_)) => {}
                }
            }
            socket.write_all(&session.take_output()).unwrap();
            match socket.read(&mut bytes) {
                Ok(read) if read > 0 && !has_ended => session.push(&bytes[..read]),
                _ => return received,
            }
        }
    });
    (address, received)
}

fn tags() -> Vec<Tag> {
    let tag = |number: u32| {
        let kind = if number.is_multiple_of(3) { MediaKind::Audio } else { MediaKind::Video };
        let body = Bytes::from(vec![0x17; usize::try_from(number * 1_000 + 2).unwrap()]);
        Tag { kind, timestamp_ms: number * 5, body }
    };
    (0..20).map(tag).collect()
}

#[test]
fn what_a_peer_sends_arrives_in_time() {
    let (address, received) = serve();
    let begun = Instant::now();
    let mut peer = Peer::publish(address, "live", "cam").unwrap();
    peer.tags_in_real_time(&tags()).unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(19 * 5));
    peer.unpublish("cam").unwrap();
    peer.wait_for_answer(codes::UNPUBLISH_SUCCESS).unwrap();
    drop(peer);
    assert_eq!(received.join().unwrap(), tags());
}

#[test]
fn what_a_publisher_that_is_not_ours_sends_arrives() {
    let (address, received) = serve();
    rml::push(address, "live", "cam", &tags()).unwrap();
    assert_eq!(received.join().unwrap(), tags());
    let (address, _received) = serve();
    assert!(rml::push(address, "live", "no", &tags()).is_err());
}

#[test]
fn a_refusal_is_read_with_its_code_and_sentence() {
    let (address, received) = serve();
    let mut peer = Peer::shake_hands(address).unwrap();
    peer.ask_for_app("live").unwrap();
    peer.wait_for_answer(codes::CONNECT_SUCCESS).unwrap();
    peer.ask_to_publish("no").unwrap();
    let error = peer.wait_for_answer(codes::PUBLISH_START).unwrap_err().to_string();
    assert!(error.contains(codes::PUBLISH_DENIED), "{error}");
    drop(peer.send(&[0]));
    let answers = peer.wait_for_close(ANSWER_WITHIN).unwrap();
    let last = answers.last().unwrap();
    assert!(last.is_refusal() && last.description == "not this one", "{last:?}");
    assert_eq!(received.join().unwrap(), []);
}
