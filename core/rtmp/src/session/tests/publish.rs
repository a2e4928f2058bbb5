//! What encoders do, and what comes of it.

use super::*;

/// An FLV tag as it stands in an aggregate.
fn tag(kind: u8, timestamp_ms: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    let head = [kind, 0, 0, length, 0, 0, timestamp_ms, 0, 0, 0, 0];
    [&head[..], payload, &[0, 0, 0, 11 + length]].concat()
}

fn media(kind: MediaKind, timestamp_ms: u32, message_stream: u32, payload: &[u8]) -> Event {
    let payload = Bytes::copy_from_slice(payload);
    Event::Media(Media { kind, timestamp_ms, payload, message_stream })
}

#[test]
fn an_encoder_in_the_order_of_obs_publishes_and_unpublishes_twice() {
    let pair = session(4096, None);
    let names: Vec<_> = pair
        .events
        .iter()
        .filter_map(|event| {
            let Event::PublishRequested(publish) = event else { return None };
            Some(publish.stream_name.as_str())
        })
        .collect();
    assert_eq!(names, ["name?key=secret", "again"]);
    let Event::ConnectRequested(connect) = &pair.events[0] else { panic!("{:?}", pair.events[0]) };
    assert_eq!((connect.app.as_str(), connect.properties.len()), ("live", 5));
    let media = pair.events.iter().filter(|event| matches!(event, Event::Media(_))).count();
    assert_eq!(media, 18);
    let ends = pair.events.iter().filter(|event| matches!(event, Event::Unpublished { .. }));
    assert_eq!(ends.count(), 2);
    let accepted = ClientEvent::Accepted { message_stream: 1 };
    assert_eq!(pair.client_events.iter().filter(|event| **event == accepted).count(), 2);
    assert_eq!(
        answers(&pair.down[HANDSHAKE_BYTES..])[..10],
        [
            "WindowAckSize [00, 26, 25, a0]",
            "SetPeerBandwidth [00, 26, 25, a0, 02]",
            "_result 1 status NetConnection.Connect.Success @0",
            "_result 2 - @0",
            "_result 3 - @0",
            "onFCPublish 0 status NetStream.Publish.Start @0",
            "_result 4 1 @0",
            "UserControl [00, 00, 00, 00, 00, 01]",
            "onStatus 0 status NetStream.Publish.Start @1",
            "_result 6 - @0",
        ]
    );
}

#[test]
fn every_type_of_publish_is_live() {
    for arguments in [
        &[Value::Null, "name".into()][..],
        &[Value::Null, "name".into(), "live".into()],
        &[Value::Null, "name".into(), "record".into()],
        &[Value::Null, "name".into(), "append".into()],
        &[Value::Null, "name".into(), Value::Null],
    ] {
        let outcome = Script::connected().create().command(1, "publish", 3.0, arguments).run();
        assert_eq!(outcome.last_answer(), "onStatus 0 status NetStream.Publish.Start @1");
    }
}

#[test]
fn the_enhanced_properties_of_connect_are_kept() {
    let list = Value::StrictArray(vec!["av01".into(), "hvc1".into()]);
    let properties =
        [("app", "live?x=y".into()), ("fourCcList", list.clone()), ("capsEx", 15.0.into())];
    let outcome = Script::new().command(0, "connect", 1.0, &[object(properties)]).run();
    let Event::ConnectRequested(connect) = &outcome.events[0] else { panic!("{outcome:?}") };
    assert_eq!(connect.app, "live?x=y");
    assert_eq!(connect.properties[1], ("fourCcList".to_owned(), list));
    assert_eq!(connect.properties[2], ("capsEx".to_owned(), Value::Number(15.0)));
}

#[test]
fn metadata_and_other_data_are_events() {
    let fields = object([("width", 640.0.into())]);
    let wrapped = command::encode(&["@setDataFrame".into(), "onMetaData".into(), fields.clone()]);
    let plain = command::encode(&["onMetaData".into(), fields.clone()]);
    let cue = command::encode(&["onCuePoint".into(), fields.clone(), Value::Null]);
    let outcome = Script::publishing()
        .message(MessageKind::DataAmf0, 1, 0, &wrapped)
        .message(MessageKind::DataAmf0, 1, 10, &plain)
        .message(MessageKind::DataAmf0, 1, 20, &cue)
        .message(MessageKind::DataAmf3, 1, 30, &[&[0][..], &plain].concat())
        .message(MessageKind::DataAmf3, 1, 40, &plain)
        .message(MessageKind::DataAmf0, 9, 50, &plain)
        .run();
    let metadata =
        |timestamp_ms| Event::Metadata { message_stream: 1, timestamp_ms, value: fields.clone() };
    let cue = Event::Data {
        message_stream: 1,
        timestamp_ms: 20,
        name: "onCuePoint".to_owned(),
        values: vec![fields.clone(), Value::Null],
    };
    let expected = [metadata(0), metadata(10), cue, metadata(30), metadata(40)];
    assert_eq!(outcome.later_events(), expected);
}

#[test]
fn media_belongs_to_the_stream_that_publishes() {
    let outcome = Script::connected()
        .create()
        .message(MessageKind::Audio, 1, 0, b"before")
        .publish(1, "name")
        .message(MessageKind::Audio, 1, 1, b"a")
        .message(MessageKind::Video, 0, 2, b"v")
        .message(MessageKind::Video, 2, 3, b"elsewhere")
        .command(0, "deleteStream", 0.0, &[Value::Null, 1.0.into()])
        .message(MessageKind::Audio, 1, 4, b"after")
        .run();
    assert_eq!(
        outcome.later_events(),
        [
            media(MediaKind::Audio, 1, 1, b"a"),
            media(MediaKind::Video, 2, 1, b"v"),
            Event::Unpublished { message_stream: 1 },
        ]
    );
    assert_eq!(outcome.error, None);
}

#[test]
fn an_aggregate_is_its_messages() {
    let payload = [tag(8, 100, b"a"), tag(22, 110, b"no"), tag(9, 121, b"v")].concat();
    let outcome = Script::publishing()
        .message(MessageKind::Aggregate, 1, 5000, &payload)
        .message(MessageKind::Audio, 1, 6000, b"b")
        .run();
    assert_eq!(
        outcome.later_events(),
        [
            media(MediaKind::Audio, 5000, 1, b"a"),
            media(MediaKind::Video, 5021, 1, b"v"),
            media(MediaKind::Audio, 6000, 1, b"b"),
        ]
    );
}

#[test]
fn commands_in_the_wrapper_of_amf3_are_commands() {
    let connect = command::encode(&["connect".into(), 1.0.into(), object([("app", "a".into())])]);
    // createStream, 2, then a null of AMF 3.
    let create = [&[0][..], &command::encode(&["createStream".into(), 2.0.into()]), &[17, 1]];
    let outcome = Script::new()
        .message(MessageKind::CommandAmf3, 0, 0, &[&[0][..], &connect].concat())
        .message(MessageKind::CommandAmf3, 0, 0, &create.concat())
        .run();
    assert_eq!(outcome.last_answer(), "_result 2 1 @0");
}

#[test]
fn each_way_to_end_a_stream_ends_it_once() {
    let name = || [Value::Null, "name".into()];
    let number = || [Value::Null, 1.0.into()];
    for script in [
        Script::publishing().command(0, "FCUnpublish", 6.0, &name()),
        Script::publishing().command(0, "FCUnpublish", 6.0, &[Value::Null, "other".into()]),
        Script::publishing().command(0, "deleteStream", 7.0, &number()),
        Script::publishing().command(1, "closeStream", 0.0, &[Value::Null]),
        Script::publishing()
            .command(0, "FCUnpublish", 6.0, &name())
            .command(1, "closeStream", 0.0, &[Value::Null])
            .command(0, "deleteStream", 7.0, &number()),
    ] {
        let outcome = script.create().publish(1, "name").run();
        let ended = [Event::Unpublished { message_stream: 1 }];
        assert_eq!(outcome.later_events()[..1], ended);
        assert!(matches!(outcome.later_events()[1..], [Event::PublishRequested(_)]), "{outcome:?}");
        assert_eq!(outcome.last_answer(), "onStatus 0 status NetStream.Publish.Start @1");
    }
}

#[test]
fn several_streams_publish_on_one_connection() {
    let outcome = Script::publishing()
        .create()
        .publish(2, "second")
        .message(MessageKind::Video, 2, 0, b"2")
        .message(MessageKind::Video, 1, 0, b"1")
        .message(MessageKind::Video, 0, 0, b"whose")
        .command(0, "FCUnpublish", 0.0, &[Value::Null, "second".into()])
        .run();
    assert_eq!(
        outcome.later_events(),
        [
            media(MediaKind::Video, 0, 2, b"2"),
            media(MediaKind::Video, 0, 1, b"1"),
            Event::Unpublished { message_stream: 2 },
        ]
    );
}

#[test]
fn what_some_encoders_ask_is_answered_and_the_rest_ignored() {
    for (name, answer) in [
        ("_checkbw", "_result 9 - @0"),
        ("releaseStream", "_result 9 - @0"),
        ("getStreamLength", "_result 9 0 @0"),
        ("FCUnpublish", "_result 9 - @0"),
        ("somethingNew", "_result 1 status NetConnection.Connect.Success @0"),
        ("_error", "_result 1 status NetConnection.Connect.Success @0"),
        ("closeStream", "_result 1 status NetConnection.Connect.Success @0"),
    ] {
        let outcome = Script::connected().command(0, name, 9.0, &[Value::Null]).run();
        assert_eq!((outcome.last_answer().as_str(), outcome.error), (answer, None), "{name}");
    }
    // A transaction of 0 wants no answer.
    let outcome = Script::connected().command(0, "_checkbw", 0.0, &[Value::Null]).run();
    assert_eq!(outcome.last_answer(), "_result 1 status NetConnection.Connect.Success @0");
    // A command without a name, and a shared object.
    let outcome = Script::connected()
        .message(MessageKind::CommandAmf0, 0, 0, &[5])
        .message(MessageKind::SharedObjectAmf3, 0, 0, b"anything")
        .message(MessageKind::Other(99), 0, 0, b"anything")
        .run();
    assert_eq!(outcome.error, None);
}

#[test]
fn a_message_that_is_not_amf_costs_a_publisher_that_message() {
    let outcome = Script::publishing()
        .message(MessageKind::DataAmf0, 1, 0, &[4])
        .message(MessageKind::CommandAmf0, 1, 0, &[2, 0])
        .message(MessageKind::Audio, 1, 0, b"a")
        .run();
    assert!(
        matches!(
            outcome.later_events(),
            [
                Event::Skipped { kind: MessageKind::DataAmf0, .. },
                Event::Skipped { kind: MessageKind::CommandAmf0, .. },
                Event::Media(_)
            ]
        ),
        "{outcome:?}"
    );
}

#[test]
fn names_come_as_they_are_sent() {
    for name in ["", "../x", "a/b/c", "nul\0nul", "größe", "k?token=t&x=%20", &"x".repeat(4096)] {
        let outcome = Script::connected().create().publish(1, name).run();
        let Some(Event::PublishRequested(publish)) = outcome.events.last() else {
            panic!("{outcome:?}");
        };
        assert_eq!(publish.stream_name, name);
    }
    let publish =
        [&command::encode(&["publish".into(), 3.0.into(), Value::Null])[..], b"\x02\0\x02a\xff"];
    let outcome = Script::connected()
        .create()
        .message(MessageKind::CommandAmf0, 1, 0, &publish.concat())
        .run();
    let Some(Event::PublishRequested(publish)) = outcome.events.last() else {
        panic!("{outcome:?}");
    };
    assert_eq!(publish.stream_name, "a\u{fffd}");
}

#[test]
fn debug_shows_no_key() {
    let properties =
        object([("app", "live?key=secret".into()), ("tcUrl", "rtmp://x/secret".into())]);
    let outcome = Script::new()
        .command(0, "connect", 1.0, &[properties])
        .create()
        .publish(1, "name?key=secret")
        .run();
    assert_eq!(outcome.events.len(), 2);
    assert!(!format!("{:?}", outcome.events).contains("secret"));
}
