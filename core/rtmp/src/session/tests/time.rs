//! Deadlines: a table of what a peer does, and when the session ends.

use super::*;

fn at(seconds: f64) -> Duration {
    NOW + Duration::from_secs_f64(seconds)
}

#[test]
fn a_handshake_that_trickles_ends_after_5_seconds() {
    let mut session = server(&ServerConfig::default());
    assert_eq!(session.deadline(), Some(at(5.0)));
    for second in 0..5 {
        session.push(&[3]);
        assert_eq!(session.pull(at(f64::from(second))), Ok(None), "second {second}");
        assert_eq!(session.deadline(), Some(at(5.0)));
    }
    session.push(&Script::connected().bytes);
    let limit = Duration::from_secs(5);
    let received = session.bytes_received();
    let expected = SessionError::HandshakeTimeout { limit, received };
    assert_eq!(session.pull(at(5.0)), Err(expected));
    assert_eq!((expected.kind(), expected.cause()), ("handshake_timeout", Cause::Silence));
}

#[test]
fn a_peer_that_does_not_publish_ends_after_10_seconds() {
    let mut session = server(&ServerConfig::default());
    session.push(&Script::connected().create().bytes);
    assert!(matches!(session.pull(at(4.9)), Ok(Some(Event::ConnectRequested(_)))));
    session.accept(at(4.9));
    for tenth in 0..50 {
        session.push(&Script::new().command(0, "_checkbw", 5.0, &[]).bytes[HANDSHAKE_BYTES..]);
        assert_eq!(session.pull(at(4.9 + f64::from(tenth) / 10.0)), Ok(None));
        assert_eq!(session.deadline(), Some(at(10.0)));
        session.take_output();
    }
    let expected = SessionError::PublishTimeout { limit: Duration::from_secs(10) };
    assert_eq!(session.pull(at(10.0)), Err(expected));
}

#[test]
fn a_decision_may_take_its_time() {
    let mut session = server(&ServerConfig::default());
    session.push(&Script::publishing().bytes);
    assert!(matches!(session.pull(at(1.0)), Ok(Some(_))));
    session.accept(at(1.0));
    assert!(matches!(session.pull(at(9.9)), Ok(Some(Event::PublishRequested(_)))));
    assert_eq!(session.deadline(), None);
    assert_eq!(session.pull(at(60.0)), Ok(None));
    session.accept(at(61.0));
    assert_eq!(session.deadline(), Some(at(91.0)));
    assert_eq!(session.pull(at(90.9)), Ok(None));
}

fn publisher() -> ServerSession {
    let mut session = server(&ServerConfig::default());
    session.push(&Script::publishing().bytes);
    while let Ok(Some(_)) = session.pull(NOW) {
        session.accept(NOW);
    }
    session
}

/// The chunk of an audio message of a byte.
const AUDIO: &[u8] = &[5, 0, 0, 0, 0, 0, 1, 8, 1, 0, 0, 0, 0xaf];

#[test]
fn a_publisher_is_idle_30_seconds_after_its_last_whole_message() {
    let mut session = publisher();
    session.push(AUDIO);
    assert!(matches!(session.pull(at(20.0)), Ok(Some(Event::Media(_)))));
    assert_eq!(session.pull(at(20.0)), Ok(None));
    assert_eq!(session.deadline(), Some(at(50.0)));
    // A message that trickles in is not a sign of life.
    for (second, byte) in (21..).zip(&AUDIO[..11]) {
        session.push(&[*byte]);
        assert_eq!(session.pull(at(f64::from(second))), Ok(None));
    }
    assert_eq!(session.deadline(), Some(at(50.0)));
    let expected = SessionError::IdleTimeout { limit: Duration::from_secs(30) };
    assert_eq!(session.pull(at(50.0)), Err(expected));
}

#[test]
fn what_has_arrived_counts_even_if_it_is_read_late() {
    let mut session = publisher();
    session.push(AUDIO);
    assert!(matches!(session.pull(at(100.0)), Ok(Some(Event::Media(_)))));
    assert_eq!(session.pull(at(100.0)), Ok(None));
    assert_eq!(session.pull(at(129.9)), Ok(None));
    let expected = SessionError::IdleTimeout { limit: Duration::from_secs(30) };
    assert_eq!(session.pull(at(130.0)), Err(expected));
}

#[test]
fn a_caller_that_is_busy_with_an_event_does_not_make_the_peer_idle() {
    let mut session = publisher();
    session.push(AUDIO);
    assert!(matches!(session.pull(at(10.0)), Ok(Some(Event::Media(_)))));
    // A disk hung. The socket has not been read meanwhile.
    assert_eq!(session.pull(at(70.0)), Ok(None));
    assert_eq!(session.deadline(), Some(at(100.0)));
    session.push(AUDIO);
    assert!(matches!(session.pull(at(99.9)), Ok(Some(Event::Media(_)))));
    assert_eq!(session.pull(at(99.9)), Ok(None));
    let end = Script::new().command(0, "deleteStream", 0.0, &[Value::Null, 1.0.into()]);
    session.push(&end.bytes[HANDSHAKE_BYTES..]);
    assert!(matches!(session.pull(at(110.0)), Ok(Some(Event::Unpublished { .. }))));
    // Finishing what was published took as long, before it may publish again.
    assert_eq!(session.pull(at(170.0)), Ok(None));
    assert_eq!(session.deadline(), Some(at(200.0)));
    let expected = SessionError::PublishTimeout { limit: Duration::from_secs(30) };
    assert_eq!(session.pull(at(200.0)), Err(expected));
}

#[test]
fn a_stream_that_ended_may_come_back_within_30_seconds() {
    let mut session = publisher();
    let end = Script::new().command(0, "deleteStream", 0.0, &[Value::Null, 1.0.into()]);
    session.push(&end.bytes[HANDSHAKE_BYTES..]);
    let ended = Event::Unpublished { message_stream: 1 };
    assert_eq!(session.pull(at(20.0)), Ok(Some(ended)));
    assert_eq!(session.pull(at(20.0)), Ok(None));
    assert_eq!((session.deadline(), session.is_publishing()), (Some(at(50.0)), false));
    session.push(AUDIO);
    assert_eq!(session.pull(at(49.0)), Ok(None));
    let expected = SessionError::PublishTimeout { limit: Duration::from_secs(30) };
    assert_eq!(session.pull(at(50.0)), Err(expected));
}

#[test]
fn a_client_does_not_wait_for_a_silent_server() {
    let mut client = Pair::new(ClientConfig::default()).client;
    assert_eq!(client.deadline(), Some(at(5.0)));
    assert_eq!(client.pull(at(4.9)), Ok(None));
    let error = SessionError::HandshakeTimeout { limit: Duration::from_secs(5), received: 0 };
    assert_eq!(client.pull(at(5.0)), Err(error));
}

#[test]
fn only_a_publisher_is_idle() {
    let mut config = ServerConfig::default();
    config.limits.idle_timeout = Duration::from_secs(1);
    let mut session = server(&config);
    session.push(&Script::new().bytes);
    assert_eq!(session.pull(at(0.0)), Ok(None));
    assert_eq!(session.pull(at(9.0)), Ok(None));
    assert_eq!(session.deadline(), Some(at(10.0)));
}
