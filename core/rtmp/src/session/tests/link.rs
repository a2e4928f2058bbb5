//! Acknowledgements, pings and windows.

use super::*;

fn ping(time: u32) -> Vec<u8> {
    [&[0, 6][..], &time.to_be_bytes()].concat()
}

#[test]
fn a_ping_is_answered() {
    let outcome = Script::new().message(MessageKind::UserControl, 0, 0, &ping(0x0102)).run();
    assert_eq!(outcome.last_answer(), "UserControl [00, 07, 00, 00, 01, 02]");
}

#[test]
fn control_messages_that_are_too_short_are_passed_over() {
    let mut script = Script::new();
    for kind in [3, 4, 5, 6] {
        script = script.message(MessageKind::from(kind), 0, 0, &[0]);
    }
    let outcome = script.run();
    assert_eq!((outcome.error, outcome.last_answer()), (None, String::new()));
}

#[test]
fn what_was_received_is_acknowledged_once_per_window() {
    let mut session = server(&ServerConfig::default());
    let window = |size: u32| {
        Script::new().message(MessageKind::WindowAckSize, 0, 0, &size.to_be_bytes()).bytes
    };
    session.push(&window(4000));
    assert_eq!(session.pull(NOW), Ok(None));
    assert_eq!(answers(&session.take_output()[HANDSHAKE_BYTES..]), [""; 0], "3089 of 4000 bytes");
    // An audio message of 1000 bytes in chunks of 128, with a header of 12 bytes.
    let audio = Script::new().message(MessageKind::Audio, 1, 0, &[0; 1000]);
    session.push(&audio.bytes[HANDSHAKE_BYTES..]);
    assert_eq!(session.pull(NOW), Ok(None));
    let received: u32 = 3073 + 16 + 12 + 1000 + 7;
    let expected = format!("Acknowledgement {:02x?}", received.to_be_bytes());
    assert_eq!(answers(&session.take_output()), [expected]);
    assert_eq!(session.bytes_received(), u64::from(received));
    session.push(&audio.bytes[HANDSHAKE_BYTES..]);
    assert_eq!((session.pull(NOW), session.take_output()), (Ok(None), Bytes::new()));
}

#[test]
fn a_window_holds_without_being_asked_for() {
    let config = ServerConfig { window_bytes: 3100, ..ServerConfig::default() };
    let script = Script::connected();
    let outcome = run(&[&script.bytes], &config);
    let acknowledged = outcome.answers().iter().any(|text| text.starts_with("Acknowledgement"));
    assert!(acknowledged, "{:?}", outcome.answers());
    // A window of zero asks for none.
    let script = Script::new().message(MessageKind::WindowAckSize, 0, 0, &[0; 4]);
    assert_eq!(run(&[&script.bytes], &config).answers(), [""; 0]);
}

#[test]
fn what_the_peer_acknowledges_is_known() {
    let mut session = server(&ServerConfig::default());
    session.push(&Script::new().message(MessageKind::Acknowledgement, 0, 0, &[0xff; 4]).bytes);
    assert_eq!((session.pull(NOW), session.acknowledged_by_peer()), (Ok(None), Some(u32::MAX)));
}

#[test]
fn a_bandwidth_is_answered_with_a_window_unless_it_is_known() {
    let bandwidth = |window: u32| [&window.to_be_bytes()[..], &[2]].concat();
    let outcome = Script::new()
        .message(MessageKind::SetPeerBandwidth, 0, 0, &bandwidth(7))
        .message(MessageKind::SetPeerBandwidth, 0, 0, &bandwidth(7))
        .run();
    assert_eq!(outcome.answers(), ["WindowAckSize [00, 00, 00, 07]"]);
}

#[test]
fn a_client_acknowledges_too() {
    let pair = session(4096, None);
    let asked = messages(&pair.up[HANDSHAKE_BYTES..]);
    let window = asked.iter().find(|message| message.kind == MessageKind::WindowAckSize).unwrap();
    assert_eq!(window.payload, 2_500_000_u32.to_be_bytes().as_slice());
    let mut client = Pair::new(ClientConfig::default()).client;
    let mut script = Script::new().message(MessageKind::WindowAckSize, 0, 0, &[0, 0, 0, 9]);
    script = script.message(MessageKind::UserControl, 0, 0, &ping(5));
    client.push(&script.bytes);
    assert_eq!(client.pull(NOW), Ok(None));
    let output = client.take_output();
    let texts = answers(&output[HANDSHAKE_BYTES..]);
    assert_eq!(
        texts,
        [
            "connect 1 - @0",
            "UserControl [00, 07, 00, 00, 00, 05]",
            "Acknowledgement [00, 00, 0c, 1f]"
        ]
    );
}

#[test]
fn a_peer_that_asks_without_reading_is_refused() {
    let mut script = Script::new();
    for time in 0..5000 {
        script = script.message(MessageKind::UserControl, 0, 0, &ping(time));
    }
    let outcome = script.run();
    let Some(SessionError::AnswersNotRead { waiting, limit }) = outcome.error else {
        panic!("{:?}", outcome.error);
    };
    assert!(waiting > limit && waiting < limit + 100, "{waiting}");
    // A peer that reads may ask as often as it likes.
    let pieces: Vec<_> = script.bytes.chunks(1000).collect();
    assert_eq!(run(&pieces, &ServerConfig::default()).error, None);
}

#[test]
fn a_client_knows_which_of_its_commands_is_answered() {
    let result = |transaction| {
        let script = Script::new().command(0, "_result", transaction, &[Value::Null, 1.0.into()]);
        script.bytes[HANDSHAKE_BYTES..].to_vec()
    };
    let mut client = Pair::new(ClientConfig::default()).client;
    client.push(&Script::new().bytes);
    client.push(&result(7.0));
    assert_eq!(client.pull(NOW), Ok(None));
    client.push(&result(1.0));
    assert!(matches!(client.pull(NOW), Ok(Some(ClientEvent::Connected { .. }))));
    client.take_output();
    // releaseStream is answered by 2, FCPublish by 3; createStream is 4.
    client.push(&result(3.0));
    assert_eq!((client.pull(NOW), client.take_output()), (Ok(None), Bytes::new()));
    client.push(&result(4.0));
    assert_eq!(client.pull(NOW), Ok(None));
    assert_eq!(answers(&client.take_output()).len(), 1);
}
