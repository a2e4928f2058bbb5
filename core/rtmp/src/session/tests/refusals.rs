//! Each refusal has a name, and where the peer can read it, a code and a sentence.

use super::*;

/// The error a script ends in, and the last thing the peer was told.
#[track_caller]
fn check(script: &Script, expected: SessionError, answer: &str) {
    let outcome = script.run();
    assert_eq!(outcome.error, Some(expected));
    assert_eq!(outcome.last_answer(), answer);
}

const CONNECTED: &str = "_result 1 status NetConnection.Connect.Success @0";

#[test]
fn a_command_before_connect() {
    check(
        &Script::new().publish(1, "name"),
        SessionError::BeforeConnect { command: "publish" },
        "onStatus 0 error NetStream.Publish.Rejected @1",
    );
    check(&Script::new().create(), SessionError::BeforeConnect { command: "createStream" }, "");
}

#[test]
fn a_second_connect() {
    let script = Script::connected().command(0, "connect", 2.0, &[object([("app", "x".into())])]);
    check(&script, SessionError::ConnectTwice, CONNECTED);
}

#[test]
fn a_connect_without_an_app() {
    let refused = "_error 1 error NetConnection.Connect.Rejected @0";
    for object in [Value::Null, object([]), object([("app", 1.0.into())])] {
        let script = Script::new().command(0, "connect", 1.0, &[object]);
        check(&script, SessionError::AppMissing, refused);
    }
    check(&Script::new().command(0, "connect", 1.0, &[]), SessionError::AppMissing, refused);
}

#[test]
fn names_that_are_too_long() {
    let long = "x".repeat(4097);
    let error = |field| SessionError::NameTooLong { field, length: 4097, limit: 4096 };
    let connect = |object| Script::new().command(0, "connect", 1.0, &[object]);
    let rejected = "_error 1 error NetConnection.Connect.Rejected @0";
    let app = connect(object([("app", long.as_str().into())]));
    check(&app, error("app"), rejected);
    let url = connect(object([("app", "live".into()), ("tcUrl", long.as_str().into())]));
    check(&url, error("tcUrl"), rejected);
    check(
        &Script::connected().create().publish(1, &long),
        error("stream name"),
        "onStatus 0 error NetStream.Publish.BadName @1",
    );
}

#[test]
fn a_name_of_64_kb_is_over_the_limit_of_a_message() {
    let outcome = Script::connected().create().publish(1, &"x".repeat(65_536)).run();
    let Some(error) = outcome.error else { panic!("{outcome:?}") };
    assert_eq!((error.kind(), error.cause()), ("message_too_long", Cause::Peer));
    assert_eq!(outcome.last_answer(), "onStatus 0 error NetConnection.Connect.Closed @0");
    let outcome = Script::connected().create().publish(1, &"x".repeat(65_000)).run();
    assert_eq!(outcome.error.map(SessionError::kind), Some("name_too_long"));
}

#[test]
fn a_publish_without_a_name() {
    for values in [&[][..], &[Value::Null], &[Value::Null, 1.0.into()]] {
        check(
            &Script::connected().create().command(1, "publish", 3.0, values),
            SessionError::StreamNameMissing,
            "onStatus 0 error NetStream.Publish.BadName @1",
        );
    }
}

#[test]
fn a_publish_on_a_message_stream_that_was_not_created() {
    for message_stream in [0, 2, u32::MAX] {
        check(
            &Script::connected().create().publish(message_stream, "name"),
            SessionError::NoSuchMessageStream { message_stream },
            &format!("onStatus 0 error NetStream.Publish.Rejected @{message_stream}"),
        );
    }
}

#[test]
fn a_second_publish_on_a_live_message_stream() {
    check(
        &Script::publishing().publish(1, "name"),
        SessionError::PublishTwice { message_stream: 1 },
        "onStatus 0 error NetStream.Publish.BadName @1",
    );
}

#[test]
fn a_flood_of_create_stream() {
    let mut script = Script::connected();
    for _ in 0..8 {
        script = script.create();
    }
    assert_eq!(script.run().error, None);
    check(
        &script.create(),
        SessionError::TooManyMessageStreams { limit: 8 },
        "_error 2 error NetConnection.Call.Failed @0",
    );
}

#[test]
fn a_play() {
    for name in ["play", "play2"] {
        check(
            &Script::connected().create().command(1, name, 0.0, &[Value::Null, "name".into()]),
            SessionError::PlayRefused,
            "onStatus 0 error NetStream.Play.Failed @1",
        );
    }
}

#[test]
fn a_message_of_a_stranger_that_is_not_amf() {
    let outcome = Script::connected().message(MessageKind::CommandAmf0, 0, 0, &[2, 0]).run();
    assert_eq!(outcome.error.map(SessionError::kind), Some("amf"));
    let nested = [10, 0, 0, 0, 1].repeat(12_000);
    let outcome = Script::connected().message(MessageKind::CommandAmf0, 0, 0, &nested).run();
    let error = outcome.error.unwrap().to_string();
    assert_eq!(error, "CommandAmf0 message: amf value at byte 81 is nested deeper than 16");
}

#[test]
fn an_unknown_app_is_rejected_at_connect() {
    let mut session = server(&ServerConfig::default());
    session.push(&Script::connected().create().bytes);
    assert!(matches!(session.pull(NOW), Ok(Some(Event::ConnectRequested(_)))));
    session.reject(&Rejection::new(codes::CONNECT_REJECTED, "there is no app `live`"));
    let expected = Err(SessionError::Rejected { code: codes::CONNECT_REJECTED });
    assert_eq!(session.pull(NOW), expected);
    assert_eq!(session.pull(NOW), expected, "an end is an end");
    let output = session.take_output();
    let texts = answers(&output[HANDSHAKE_BYTES..]);
    assert_eq!(texts, ["_error 1 error NetConnection.Connect.Rejected @0"]);
    assert!(String::from_utf8_lossy(&output).contains("there is no app `live`"));
    assert_eq!((session.deadline(), session.wants_bytes()), (None, false));
}

#[test]
fn a_wrong_key_is_rejected_at_publish_and_the_client_reads_why() {
    let mut pair = Pair::new(ClientConfig::default());
    loop {
        pair.server.push(&pair.client.take_output());
        match pair.server.pull(NOW) {
            Ok(Some(Event::PublishRequested(_))) => {
                let why = Rejection::new(codes::PUBLISH_DENIED, "the stream key is not known");
                pair.server.reject(&why);
            }
            Ok(Some(_)) => pair.server.accept(NOW),
            Ok(None) => {}
            Err(error) => {
                assert_eq!(error, SessionError::Rejected { code: codes::PUBLISH_DENIED });
                assert_eq!((error.kind(), error.cause()), ("rejected", Cause::Us));
                break;
            }
        }
        pair.client.push(&pair.server.take_output());
        while let Some(event) = pair.client.pull(NOW).unwrap() {
            pair.client_events.push(event);
        }
    }
    let refused = ClientEvent::Refused {
        code: "NetStream.Publish.Denied".to_owned(),
        description: "the stream key is not known".to_owned(),
    };
    assert_eq!(pair.client_events.last(), Some(&refused));
    pair.client.send_media(MediaKind::Audio, 0, b"a");
    assert_eq!(pair.client.take_output(), "", "a refused client sends no media");
}

#[test]
fn a_publisher_is_told_why_it_is_closed() {
    let mut session = server(&ServerConfig::default());
    session.push(&Script::publishing().bytes);
    while let Ok(Some(_)) = session.pull(NOW) {
        session.accept(NOW);
    }
    session.take_output();
    session.close(&Rejection::new(codes::PUBLISH_REJECTED, "another publisher took over"));
    let closed = Err(SessionError::Closed { code: codes::PUBLISH_REJECTED });
    assert_eq!(session.pull(NOW), closed);
    assert_eq!(
        answers(&session.take_output()),
        [
            "onStatus 0 error NetStream.Publish.Rejected @1",
            "onStatus 0 error NetConnection.Connect.Closed @0"
        ]
    );
}

#[test]
fn nothing_is_parsed_while_a_publish_is_undecided() {
    let mut session = server(&ServerConfig::default());
    session.push(&Script::publishing().message(MessageKind::Audio, 1, 7, b"early").bytes);
    assert!(matches!(session.pull(NOW), Ok(Some(Event::ConnectRequested(_)))));
    session.accept(NOW);
    assert!(matches!(session.pull(NOW), Ok(Some(Event::PublishRequested(_)))));
    for _ in 0..3 {
        assert_eq!(session.pull(NOW + Duration::from_secs(3600)), Ok(None));
    }
    assert!(!session.wants_bytes());
    session.accept(NOW);
    assert!(session.wants_bytes());
    assert!(matches!(session.pull(NOW), Ok(Some(Event::Media(Media { timestamp_ms: 7, .. })))));
}

#[test]
fn bytes_that_nobody_wanted_meet_a_limit() {
    let mut session = server(&ServerConfig::default());
    session.push(&Script::connected().bytes);
    assert!(matches!(session.pull(NOW), Ok(Some(_))));
    session.push(&vec![0; 256 * 1024]);
    assert_eq!(session.pull(NOW), Ok(None));
    session.push(&[0]);
    let expected = SessionError::TooMuchUndecided { waiting: 262_145, limit: 262_144 };
    assert_eq!(session.pull(NOW), Err(expected));
}

#[test]
fn a_decision_without_a_request_does_nothing() {
    let mut session = server(&ServerConfig::default());
    session.accept(NOW);
    session.reject(&Rejection::new(codes::PUBLISH_DENIED, "no"));
    session.push(&Script::publishing().bytes);
    assert!(matches!(session.pull(NOW), Ok(Some(Event::ConnectRequested(_)))));
}
