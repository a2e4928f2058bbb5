//! `EXT-X-DATERANGE` (RFC 8216, 4.3.2.7).

use std::fmt::Write;

use jiff::Timestamp;
use timeline::{Attribute, DateRange};

use crate::media::line;

/// Appends the tag; nothing for a range that has no date.
pub(crate) fn render(text: &mut String, range: &DateRange) {
    let Ok(start) = Timestamp::from_millisecond(range.start_ms) else { return };
    let mut list = String::from("ID=");
    quote(&mut list, &range.id);
    if let Some(class) = &range.class {
        list.push_str(",CLASS=");
        quote(&mut list, class);
    }
    // Writing to a String cannot fail.
    let _ = write!(list, ",START-DATE=\"{start:.3}\"");
    let lengths =
        [("DURATION", range.duration_ms), ("PLANNED-DURATION", range.planned_duration_ms)];
    for (name, length_ms) in lengths {
        if let Some(ms) = length_ms {
            let _ = write!(list, ",{name}={}.{:03}", ms / 1_000, ms % 1_000);
        }
    }
    for (name, value) in range.attributes.iter().filter(|(name, _)| is_name(name)) {
        let _ = write!(list, ",{name}=");
        match value {
            Attribute::Text(value) => quote(&mut list, value),
            Attribute::Hex(digits) => {
                let is_digit = |c: &char| c.is_ascii_hexdigit();
                let digits = digits.chars().filter(is_digit).map(|c| c.to_ascii_uppercase());
                list.push_str("0x");
                list.extend(digits);
            }
            Attribute::Milli(value) => {
                let sign = if *value < 0 { "-" } else { "" };
                let (whole, part) = (value.unsigned_abs() / 1_000, value.unsigned_abs() % 1_000);
                let _ = write!(list, "{sign}{whole}.{part:03}");
            }
        }
    }
    line(text, format_args!("#EXT-X-DATERANGE:{list}"));
}

/// A quoted string holds neither quotes nor line breaks (RFC 8216, 4.2).
fn quote(list: &mut String, value: &str) {
    list.push('"');
    list.extend(value.chars().filter(|c| *c != '"' && !c.is_control()));
    list.push('"');
}

/// Whether players take it for a name of an attribute that may stand here.
fn is_name(name: &str) -> bool {
    let is_known = ["SCTE35-CMD", "SCTE35-OUT", "SCTE35-IN"].contains(&name)
        || name.strip_prefix("X-").is_some_and(|rest| !rest.is_empty());
    is_known && name.bytes().all(|b| matches!(b, b'A'..=b'Z' | b'0'..=b'9' | b'-'))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[track_caller]
    fn check(range: &DateRange, expected: &str) {
        let mut text = String::new();
        render(&mut text, range);
        assert_eq!(text, format!("#EXT-X-DATERANGE:{expected}\n"));
        let mut reader =
            quick_m3u8::Reader::from_str(&text, quick_m3u8::config::ParsingOptions::default());
        let first = reader.read_line().unwrap();
        assert!(matches!(first, Some(quick_m3u8::HlsLine::KnownTag(_))), "{text}");
    }

    #[test]
    fn a_range_says_what_is_known_of_it() {
        let range = DateRange {
            id: "splice-7".into(),
            class: None,
            start_ms: 1_700_000_000_040,
            duration_ms: None,
            planned_duration_ms: Some(30_000),
            attributes: BTreeMap::from([
                ("SCTE35-OUT".into(), Attribute::Hex("fc30ab".into())),
                ("X-WEIGHT".into(), Attribute::Milli(-1_500)),
            ]),
        };
        check(
            &range,
            "ID=\"splice-7\",START-DATE=\"2023-11-14T22:13:20.040Z\",PLANNED-DURATION=30.000,\
             SCTE35-OUT=0xFC30AB,X-WEIGHT=-1.500",
        );
    }

    #[test]
    fn what_would_break_the_line_is_left_out() {
        let attributes = BTreeMap::from([
            ("X-A".into(), Attribute::Text("say \"hi\"\n#EXTINF:1,".into())),
            ("X-b".into(), Attribute::Text("lower case".into())),
            ("START-DATE".into(), Attribute::Text("ours".into())),
            ("X-".into(), Attribute::Text("no name".into())),
        ]);
        let range = DateRange {
            id: "a\"b".into(),
            class: Some("c\u{7}".into()),
            start_ms: 0,
            duration_ms: Some(0),
            planned_duration_ms: None,
            attributes,
        };
        check(
            &range,
            "ID=\"ab\",CLASS=\"c\",START-DATE=\"1970-01-01T00:00:00.000Z\",DURATION=0.000,\
             X-A=\"say hi#EXTINF:1,\"",
        );
    }
}
