//! Enhanced RTMP: what both sides say in `connect`, and the request to reconnect.

use super::*;

/// A server that forwards two codecs.
fn config() -> ServerConfig {
    let enhanced = Enhanced::forwarding(&["hvc1"], &["Opus"]);
    ServerConfig { enhanced, ..ServerConfig::default() }
}

fn pair(enhanced: Option<Enhanced>) -> Pair {
    let client = ClientConfig { enhanced, stream_name: "name".to_owned(), ..Default::default() };
    let mut pair = Pair::new(client);
    pair.server = server(&config());
    pair.talk();
    pair
}

/// What a client is taken to say with these properties.
#[track_caller]
fn check(properties: &[(&str, Value)], expected: Option<&str>) {
    let properties: Vec<_> =
        properties.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
    let described = Enhanced::of(&properties).map(|enhanced| {
        let Enhanced { four_cc_list, video, audio, capabilities } = enhanced;
        format!("{four_cc_list:?} {video:?} {audio:?} {capabilities:?}")
    });
    assert_eq!(described.as_deref(), expected, "{properties:?}");
}

#[test]
fn a_client_says_what_it_can_do_in_any_of_four_properties() {
    let list = Value::StrictArray(vec!["av01".into(), "*".into()]);
    let map = object([("*", 4.0.into()), ("vp09", 3.0.into())]);
    check(&[("app", "live".into())], None);
    check(&[("fourCcList", list)], Some(r#"["av01", "*"] [] [] 0x0"#));
    let shown = r#"[] [("*", 0x4), ("vp09", 0x3)] [] 0x0"#;
    check(&[("videoFourCcInfoMap", map.clone())], Some(shown));
    check(&[("audioFourCcInfoMap", map)], Some(r#"[] [] [("*", 0x4), ("vp09", 0x3)] 0x0"#));
    check(&[("capsEx", 15.0.into())], Some("[] [] [] 0xf"));
}

#[test]
fn what_has_a_wrong_type_is_passed_over() {
    check(&[("fourCcList", 1.0.into())], Some("[] [] [] 0x0"));
    check(&[("fourCcList", Value::Null), ("capsEx", "3".into())], Some("[] [] [] 0x0"));
    check(&[("capsEx", (-1.0).into())], Some("[] [] [] 0x0"));
    check(&[("capsEx", f64::NAN.into())], Some("[] [] [] 0x0"));
    check(&[("videoFourCcInfoMap", Value::StrictArray(vec![]))], Some("[] [] [] 0x0"));
    let list = [Value::Null, "hvc1".into(), "h265x".into(), "hév".into(), 7.0.into()];
    check(&[("fourCcList", Value::StrictArray(list.to_vec()))], Some(r#"["hvc1"] [] [] 0x0"#));
    let map = object([("hvc1", "4".into()), ("avc1", 4.0.into()), ("long name", 4.0.into())]);
    check(&[("videoFourCcInfoMap", map)], Some(r#"[] [("avc1", 0x4)] [] 0x0"#));
    let list = Value::EcmaArray(vec![("0".to_owned(), "av01".into())]);
    check(&[("fourCcList", list)], Some(r#"["av01"] [] [] 0x0"#));
}

#[test]
fn a_flood_of_codecs_is_cut_off() {
    let many = CODECS_MAX + 1;
    let names = || (0..many).map(|number| format!("{number:04}"));
    let list = Value::StrictArray(names().map(Value::from).collect());
    let map = Value::Object(names().map(|name| (name, Value::Number(1.0))).collect());
    let array = Value::EcmaArray(names().map(|name| (name.clone(), name.into())).collect());
    let property = |key: &str, value: &Value| (key.to_owned(), value.clone());
    for list in [&list, &array] {
        let properties = [
            property("fourCcList", list),
            property("videoFourCcInfoMap", &map),
            property("audioFourCcInfoMap", &map),
        ];
        let enhanced = Enhanced::of(&properties).unwrap();
        let lengths = [enhanced.four_cc_list.len(), enhanced.video.len(), enhanced.audio.len()];
        assert_eq!(lengths, [CODECS_MAX; 3]);
    }
}

#[test]
fn both_sides_learn_what_the_other_said() {
    let said = Enhanced::forwarding(&["av01"], &["*"]);
    let pair = pair(Some(said.clone()));
    let Event::ConnectRequested(connect) = &pair.events[0] else { panic!("{:?}", pair.events) };
    assert_eq!(connect.enhanced.as_ref(), Some(&said));
    let ClientEvent::Connected { properties, enhanced, .. } = &pair.client_events[0] else {
        panic!("{:?}", pair.client_events)
    };
    assert_eq!(enhanced.as_ref(), Some(&config().enhanced));
    let flags = properties.property("videoFourCcInfoMap").and_then(|map| map.property("hvc1"));
    assert_eq!(flags, Some(&Value::Number(4.0)));
    assert_eq!(properties.property("capsEx"), Some(&Value::Number(15.0)));
    assert!(CodecAbilities::FORWARD.contains(CodecAbilities::FORWARD));
    assert!(!CodecAbilities::FORWARD.contains(CodecAbilities::DECODE));
    assert!(!CodecAbilities::FORWARD.contains(CodecAbilities::ENCODE));
}

#[test]
fn a_client_that_says_nothing_gets_the_answer_it_always_got() {
    let pair = pair(None);
    let Event::ConnectRequested(connect) = &pair.events[0] else { panic!("{:?}", pair.events) };
    assert_eq!(connect.enhanced, None);
    let ClientEvent::Connected { properties, enhanced, .. } = &pair.client_events[0] else {
        panic!("{:?}", pair.client_events)
    };
    assert_eq!((properties.properties().unwrap().len(), enhanced), (3, &None));
}

#[test]
fn the_answer_names_the_encoding_that_was_asked_for() {
    let encoding = object([("app", "live".into()), ("objectEncoding", 3.0.into())]);
    let script = Script::new().command(0, "connect", 1.0, &[encoding]);
    let outcome = run(&[&script.bytes], &config());
    let messages = messages(&outcome.output[HANDSHAKE_BYTES..]);
    let result = Command::decode(messages.last().unwrap()).unwrap().unwrap();
    assert_eq!(result.values[1].property("objectEncoding"), Some(&Value::Number(3.0)));
}

/// Asks a client of these capabilities to reconnect, and returns what came of it.
fn reconnect(caps: Option<f64>, tc_url: Option<&str>) -> (bool, Option<ClientEvent>) {
    let mut client = ClientConfig { stream_name: "name".to_owned(), ..ClientConfig::default() };
    client.connect_properties =
        caps.map(|caps| ("capsEx".to_owned(), caps.into())).into_iter().collect();
    let mut pair = Pair::new(client);
    pair.talk();
    pair.client_events.clear();
    let is_sent = pair.server.request_reconnect(tc_url, "this node is updated");
    pair.talk();
    assert!(pair.client.is_publishing(), "the old connection goes on");
    (is_sent, pair.client_events.pop())
}

#[test]
fn only_a_client_that_understands_it_is_asked_to_reconnect() {
    assert_eq!(reconnect(None, None), (false, None));
    assert_eq!(reconnect(Some(14.0), None), (false, None));
    let description = "this node is updated".to_owned();
    for tc_url in [None, Some("rtmp://other/live")] {
        let tc_url_sent = tc_url.map(str::to_owned);
        let description = description.clone();
        let event = ClientEvent::ReconnectRequested { tc_url: tc_url_sent, description };
        assert_eq!(reconnect(Some(1.0), tc_url), (true, Some(event)));
    }
}

#[test]
fn a_reconnect_request_is_a_status_of_the_connection() {
    let caps = object([("app", "live".into()), ("capsEx", 1.0.into())]);
    let script = Script::new().command(0, "connect", 1.0, &[caps]);
    let mut session = server(&config());
    assert!(!session.request_reconnect(None, "too early"));
    session.push(&script.bytes);
    assert!(matches!(session.pull(NOW), Ok(Some(Event::ConnectRequested(_)))));
    assert!(!session.request_reconnect(None, "not accepted yet"));
    session.accept(NOW);
    assert!(session.request_reconnect(Some("rtmp://other/live"), "moving"));
    let sent = messages(&session.take_output()[HANDSHAKE_BYTES..]);
    let request = sent.last().unwrap();
    assert_eq!(request.message_stream, 0);
    let expected = command::encode(&[
        "onStatus".into(),
        0.0.into(),
        Value::Null,
        object([
            ("level", "status".into()),
            ("code", "NetConnection.Connect.ReconnectRequest".into()),
            ("description", "moving".into()),
            ("tcUrl", "rtmp://other/live".into()),
        ]),
    ]);
    assert_eq!(request.payload, expected);
    session.close(&Rejection::new(codes::CONNECT_SHUTDOWN, "gone"));
    assert!(!session.request_reconnect(None, "too late"));
}
