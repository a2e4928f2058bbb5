use super::*;

/// A splice_insert that leads out for 30 s, event 7, at once.
const OUT: &str = "/DAgAAAAAAAAAP/wDwUAAAAHf//+ACky4AABAAAAAN+ecDU=";

fn object(pairs: &[(&str, Value)]) -> Value {
    Value::Object(pairs.iter().map(|(name, value)| ((*name).into(), value.clone())).collect())
}

fn range(read: Option<(u32, Cue)>) -> (u32, NewDateRange) {
    match read {
        Some((at_ms, Cue::DateRange(range))) => (at_ms, range),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_cue_point_is_a_moment_with_what_it_says() {
    let mut cues = Cues::new(1_000);
    let parameters = object(&[("song title", "Blue".into()), ("Rating", Value::Number(4.5))]);
    let cue = object(&[("name", "song".into()), ("parameters", parameters)]);
    let (at_ms, range) = range(cues.read("onCuePoint", &[cue], 500, 1_000));
    assert_eq!((at_ms, range.duration_ms, range.is_splice), (500, Some(0), false));
    assert_eq!(
        (range.id.as_str(), range.class.as_deref()),
        ("onCuePoint-1000-1", Some("onCuePoint"))
    );
    let said: Vec<_> = range.attributes.into_iter().collect();
    let expected = [
        ("X-NAME", Attribute::Text("song".into())),
        ("X-RATING", Attribute::Milli(4_500)),
        ("X-SONG-TITLE", Attribute::Text("Blue".into())),
    ];
    assert_eq!(said, expected.map(|(name, value)| (name.to_owned(), value)));
}

#[test]
fn text_and_captions_are_told_and_other_messages_are_not() {
    let mut cues = Cues::new(0);
    let text = object(&[("text", "hello".into())]);
    assert!(cues.read("onTextData", std::slice::from_ref(&text), 0, 0).is_some());
    assert!(cues.read("onCaptionInfo", std::slice::from_ref(&text), 0, 0).is_some());
    assert!(cues.read("onFi", &[text], 0, 0).is_none());
}

#[test]
fn a_splice_leads_out_and_back_in_one_range() {
    let mut cues = Cues::new(0);
    let message = object(&[("type", "SCTE-35".into()), ("payload", OUT.into())]);
    let (_, out) = range(cues.read("onCuePoint", &[message], 0, 0));
    assert!(out.is_splice && out.duration_ms.is_none());
    assert_eq!((out.id.as_str(), out.planned_duration_ms), ("splice-7-0-1", Some(30_000)));
    assert!(
        matches!(out.attributes.get("SCTE35-OUT"), Some(Attribute::Hex(hex)) if hex.starts_with("FC30"))
    );
    // The same event leads back.
    let (_, back) = range(cues.read("onSCTE35", &[BACK.into()], 30_000, 30_000));
    assert_eq!((back.id.as_str(), back.duration_ms), ("splice-7-0-1", Some(0)));
    assert!(back.is_splice && back.attributes.contains_key("SCTE35-IN"));
}

/// The way back of event 7, at once.
const BACK: &str = "fc301b00000000000000fff00a05000000077f5f000100000000b42648a4";

#[test]
fn more_cues_than_anybody_needs_are_counted_and_left_out() {
    let mut cues = Cues::new(0);
    let text = object(&[("text", "hello".into())]);
    let told = |cues: &mut Cues, now_ms| {
        let read = |_| cues.read("onTextData", std::slice::from_ref(&text), 0, now_ms).is_some();
        (0..100).map(read).filter(|told| *told).count()
    };
    assert_eq!(
        (told(&mut cues, 0), told(&mut cues, 2_500), told(&mut cues, 1_000_000)),
        (16, 2, 16)
    );
    assert_eq!(cues.dropped, 300 - 34);
}

#[test]
fn what_is_too_much_in_one_cue_is_cut_off() {
    let mut cues = Cues::new(0);
    let many: Vec<_> =
        (0..100).map(|n| (format!("name{n}"), Value::from("é".repeat(1_000)))).collect();
    let (_, range) = range(cues.read("onTextData", &[Value::Object(many)], 0, 0));
    assert_eq!(range.attributes.len(), ATTRIBUTES_MAX);
    let longest = range.attributes.values().map(|value| match value {
        Attribute::Text(text) => text.len(),
        Attribute::Hex(_) | Attribute::Milli(_) => 0,
    });
    assert_eq!(longest.max(), Some(TEXT_BYTES_MAX));
}
