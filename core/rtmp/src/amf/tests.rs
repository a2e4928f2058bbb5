//! Byte tables from the AMF 0 and AMF 3 specifications.

use proptest::prelude::*;

use super::*;

fn text(text: &str) -> Value {
    Value::from(text)
}

fn property(key: &str, value: Value) -> (String, Value) {
    (key.to_owned(), value)
}

/// Decodes to `expected`, is written back as it was, and is an error when any byte is missing.
#[track_caller]
fn check(bytes: &[u8], expected: Value) {
    assert_eq!(decode(bytes), Ok(vec![expected.clone()]));
    let mut written = Vec::new();
    encode(&expected, &mut written);
    assert_eq!(written, bytes);
    for cut in 1..bytes.len() {
        assert!(decode(&bytes[..cut]).is_err(), "cut after byte {cut}");
    }
}

#[test]
fn scalars() {
    check(b"\x00\x3f\xf0\0\0\0\0\0\0", Value::Number(1.0));
    check(b"\x01\x01", Value::Boolean(true));
    check(b"\x01\x00", Value::Boolean(false));
    check(b"\x02\x00\x04live", text("live"));
    check(b"\x02\x00\x00", text(""));
    check(b"\x05", Value::Null);
    check(b"\x06", Value::Undefined);
    check(b"\x07\x01\x02", Value::Reference(0x0102));
    check(
        b"\x0b\x42\x72\x4c\x5d\x14\x0e\xc0\0\xff\xc4",
        Value::Date { unix_ms: 1_257_449_275_628.0, zone_minutes: -60 },
    );
    check(b"\x0d", Value::Unsupported);
    check(b"\x0f\0\0\0\x04<a/>", Value::Xml("<a/>".to_owned()));
}

#[test]
fn containers() {
    check(
        b"\x03\0\x03app\x02\0\x04live\0\0\x09",
        Value::Object(vec![property("app", text("live"))]),
    );
    check(b"\x03\0\0\x09", Value::Object(vec![]));
    check(b"\x0a\0\0\0\x02\x05\x06", Value::StrictArray(vec![Value::Null, Value::Undefined]));
    check(
        b"\x10\0\x01C\0\x01a\x05\0\0\x09",
        Value::TypedObject { class: "C".to_owned(), properties: vec![property("a", Value::Null)] },
    );
}

#[test]
fn an_empty_key_is_a_key_unless_the_end_marker_follows() {
    check(b"\x03\0\0\x05\0\0\x09", Value::Object(vec![property("", Value::Null)]));
}

#[test]
fn the_count_of_an_associative_array_proves_nothing() {
    let expected = Ok(vec![Value::EcmaArray(vec![property("a", Value::Null)])]);
    for count in [0, 2, 255] {
        assert_eq!(decode(&[8, 0xff, 0, 0, count, 0, 1, b'a', 5, 0, 0, 9]), expected);
    }
}

#[test]
fn properties_keep_their_order() {
    let value = Value::EcmaArray(vec![property("b", Value::Null), property("a", Value::Null)]);
    let mut bytes = Vec::new();
    encode(&value, &mut bytes);
    assert_eq!(bytes, b"\x08\0\0\0\x02\0\x01b\x05\0\x01a\x05\0\0\x09");
    assert_eq!(decode(&bytes), Ok(vec![value]));
}

#[test]
fn an_associative_array_may_lack_its_end_marker_at_the_end() {
    let expected = Ok(vec![Value::EcmaArray(vec![property("a", Value::Null)])]);
    assert_eq!(decode(b"\x08\0\0\0\x01\0\x01a\x05"), expected);
    assert_eq!(decode(b"\x08\0\0\0\x02\0\x01a\x05"), Err(AmfError::Truncated { at: 9 }));
}

#[test]
fn long_text_takes_the_long_form() {
    for length in [65_535, 65_536, 100_000] {
        let value = text(&"x".repeat(length));
        let mut bytes = Vec::new();
        encode(&value, &mut bytes);
        assert_eq!(bytes[0], if length > 65_535 { 12 } else { 2 });
        assert_eq!(decode(&bytes), Ok(vec![value]));
    }
}

#[test]
fn a_key_that_is_too_long_is_cut_at_a_character() {
    let mut bytes = Vec::new();
    encode(&Value::Object(vec![property(&"ä".repeat(40_000), Value::Null)]), &mut bytes);
    let expected = Value::Object(vec![property(&"ä".repeat(32_767), Value::Null)]);
    assert_eq!(decode(&bytes), Ok(vec![expected]));
}

#[test]
fn text_that_is_not_utf_8_is_marked() {
    assert_eq!(decode(b"\x02\0\x03a\xff\0"), Ok(vec![text("a\u{fffd}\0")]));
}

#[test]
fn reserved_and_unknown_markers_are_refused() {
    for marker in [4, 9, 14, 18, 255] {
        let expected = AmfError::UnknownMarker { version: 0, marker, at: 1 };
        assert_eq!(decode(&[5, marker]), Err(expected));
    }
    let expected = AmfError::UnknownMarker { version: 3, marker: 13, at: 1 };
    assert_eq!(decode(&[17, 13]), Err(expected));
}

#[test]
fn sixteen_levels_are_read_and_a_seventeenth_is_refused() {
    let open = [10, 0, 0, 0, 1];
    let nested = |depth| [open.repeat(depth), vec![5]].concat();
    assert!(decode(&nested(16)).is_ok());
    assert_eq!(decode(&nested(17)), Err(AmfError::TooDeep { at: 81, limit: 16 }));
}

#[test]
fn nested_containers_of_80_kb_are_an_error_and_no_stack_overflow() {
    for open in [
        &[10, 0, 0, 0, 1][..],
        &[3, 0, 1, b'a'],
        &[8, 0, 0, 0, 1, 0, 1, b'a'],
        &[16, 0, 1, b'C', 0, 1, b'a'],
    ] {
        let bytes = open.repeat(80_000 / open.len());
        assert!(matches!(decode(&bytes), Err(AmfError::TooDeep { limit: 16, .. })), "{open:?}");
    }
    for open in [&[9, 3, 1][..], &[10, 0x0b, 1, 3, b'a']] {
        let bytes = [&[17][..], &open.repeat(80_000 / open.len())].concat();
        assert!(matches!(decode(&bytes), Err(AmfError::TooDeep { limit: 16, .. })), "{open:?}");
    }
}

#[test]
fn values_are_counted_wherever_they_are() {
    assert!(decode(&[5; VALUES_MAX]).is_ok());
    assert_eq!(decode(&[5; VALUES_MAX + 1]), Err(AmfError::TooManyValues { limit: VALUES_MAX }));
    let array = [&[10, 0xff, 0xff, 0xff, 0xff][..], &[5; VALUES_MAX]].concat();
    assert_eq!(decode(&array), Err(AmfError::TooManyValues { limit: VALUES_MAX }));
}

#[test]
fn the_names_of_an_amf3_class_are_counted() {
    // 5000 sealed names, all of them empty.
    let bytes = [&[10, 0x84, 0xf1, 3, 1][..], &[1; 5000]].concat();
    assert_eq!(decode_amf3(&bytes), Err(AmfError::TooManyValues { limit: VALUES_MAX }));
}

#[test]
fn references_cannot_multiply_text() {
    // One string of 60 KB, then references to it.
    let mut bytes = vec![17, 9, 0x87, 0xff, 0x7f, 1, 6, 0x87, 0xa9, 0x41];
    bytes.extend_from_slice(&[b'x'; 60_000]);
    bytes.extend_from_slice(&[6, 0].repeat(4000));
    assert_eq!(decode(&bytes), Err(AmfError::TooMuchText { limit: TEXT_BYTES_MAX }));
}

#[test]
fn amf3_scalars() {
    for (bytes, expected) in [
        (&b"\x00"[..], Value::Undefined),
        (b"\x01", Value::Null),
        (b"\x02", Value::Boolean(false)),
        (b"\x03", Value::Boolean(true)),
        (b"\x04\x7f", Value::Number(127.0)),
        (b"\x04\x81\x00", Value::Number(128.0)),
        (b"\x04\xff\x7f", Value::Number(16_383.0)),
        (b"\x04\x81\x80\x00", Value::Number(16_384.0)),
        (b"\x04\x80\xc0\x80\x00", Value::Number(2_097_152.0)),
        (b"\x04\xbf\xff\xff\xff", Value::Number(268_435_455.0)),
        (b"\x04\xff\xff\xff\xff", Value::Number(-1.0)),
        (b"\x04\xc0\x80\x80\x00", Value::Number(-268_435_456.0)),
        (b"\x05\x3f\xf0\0\0\0\0\0\0", Value::Number(1.0)),
        (b"\x06\x07abc", text("abc")),
        (b"\x07\x09<a/>", Value::Xml("<a/>".to_owned())),
        (b"\x0b\x09<a/>", Value::Xml("<a/>".to_owned())),
        (b"\x08\x01\x3f\xf0\0\0\0\0\0\0", Value::Date { unix_ms: 1.0, zone_minutes: 0 }),
        (b"\x0c\x05\xff\x00", Value::Bytes(vec![255, 0])),
        (b"\x09\x00", Value::Reference(0)),
    ] {
        assert_eq!(decode_amf3(bytes), Ok(vec![expected.clone()]), "{bytes:02x?}");
        assert_eq!(decode(&[b"\x11", bytes].concat()), Ok(vec![expected]), "{bytes:02x?}");
    }
}

#[test]
fn amf3_containers_refer_to_names_and_shapes() {
    let object = |a: f64| Value::TypedObject {
        class: "C".to_owned(),
        properties: vec![property("a", Value::Number(a)), property("d", text("a"))],
    };
    // An array of two objects of one dynamic class with one sealed name.
    let bytes = b"\x09\x05\x01\
        \x0a\x1b\x03C\x03a\x04\x01\x03d\x06\x02\x01\
        \x0a\x01\x04\x02\x04\x06\x02\x01";
    assert_eq!(decode_amf3(bytes), Ok(vec![Value::StrictArray(vec![object(1.0), object(2.0)])]));
    let mixed = Value::EcmaArray(vec![property("k", Value::Null), property("0", Value::Null)]);
    assert_eq!(decode_amf3(b"\x09\x03\x03k\x01\x01\x01"), Ok(vec![mixed]));
}

#[test]
fn amf3_references_to_nothing_are_refused() {
    assert_eq!(decode_amf3(b"\x06\x04"), Err(AmfError::BadReference { index: 2, at: 1 }));
    assert_eq!(decode_amf3(b"\x0a\x05"), Err(AmfError::BadReference { index: 1, at: 2 }));
    assert_eq!(decode_amf3(b"\x0a\x07\x03C"), Err(AmfError::Externalizable { at: 2 }));
}

#[test]
fn a_byte_array_is_written_in_amf3() {
    for length in [0, 1, 63, 64, 8191, 8192, 1_048_575, 1_048_576] {
        let value = Value::Bytes(vec![1; length]);
        let mut bytes = Vec::new();
        encode(&value, &mut bytes);
        assert_eq!(decode(&bytes), Ok(vec![value]), "{length} bytes");
    }
}

#[test]
fn properties_and_numbers_are_found() {
    let value = Value::Object(vec![
        property("width", Value::Number(1920.0)),
        property("stereo", Value::Boolean(true)),
        property("encoder", text("x")),
    ]);
    assert_eq!(value.property("width").and_then(Value::as_u32), Some(1920));
    assert_eq!(value.property("stereo").and_then(Value::as_bool), Some(true));
    assert_eq!(value.property("encoder").and_then(Value::as_str), Some("x"));
    assert_eq!(value.property("height"), None);
    for number in [-1.0, 0.5, 4_294_967_296.0, f64::NAN, f64::INFINITY] {
        assert_eq!(Value::Number(number).as_u32(), None, "{number}");
    }
}

fn value() -> impl Strategy<Value = Value> {
    let key = "[a-zä]{0,5}";
    let leaf = prop_oneof![
        (-1e15..1e15).prop_map(Value::Number),
        any::<bool>().prop_map(Value::Boolean),
        ".{0,9}".prop_map(Value::String),
        ".{0,9}".prop_map(Value::Xml),
        any::<(i32, i16)>()
            .prop_map(|(ms, zone_minutes)| Value::Date { unix_ms: f64::from(ms), zone_minutes }),
        any::<u16>().prop_map(|index| Value::Reference(u32::from(index))),
        proptest::collection::vec(any::<u8>(), 0..300).prop_map(Value::Bytes),
        Just(Value::Null),
        Just(Value::Undefined),
        Just(Value::Unsupported),
    ];
    leaf.prop_recursive(5, 40, 5, move |inner| {
        let properties = proptest::collection::vec((key, inner.clone()), 0..5);
        prop_oneof![
            properties.clone().prop_map(Value::Object),
            properties.clone().prop_map(Value::EcmaArray),
            (key, properties)
                .prop_map(|(class, properties)| Value::TypedObject { class, properties }),
            proptest::collection::vec(inner, 0..5).prop_map(Value::StrictArray),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read(values in proptest::collection::vec(value(), 0..5)) {
        let mut bytes = Vec::new();
        values.iter().for_each(|value| encode(value, &mut bytes));
        prop_assert_eq!(decode(&bytes), Ok(values));
    }

    #[test]
    fn any_bytes_are_values_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        crate::fuzz::amf0(&bytes);
    }
}
