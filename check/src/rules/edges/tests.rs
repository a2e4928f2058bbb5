use std::time::Duration;

use hls::read::{ByteRange, Key, Map, MediaPlaylist};

use ::bytes::Bytes;

use super::*;
use crate::evidence::Bodies;

/// A playlist with these segments.
fn playlist(sequences: std::ops::RangeInclusive<u64>) -> MediaPlaylist {
    let segment = |sequence| Segment {
        sequence,
        uri: format!("{sequence}.ts"),
        duration: Duration::from_secs(2),
        date: Some(("x".to_owned(), Some(i128::from(sequence) * 2_000_000_000))),
        ..Segment::default()
    };
    MediaPlaylist { segments: sequences.map(segment).collect(), ..MediaPlaylist::default() }
}

#[track_caller]
fn check(id: &str, evidence: &EdgesEvidence<'_>, expected: &str) {
    let rule = RULES.iter().find(|rule| rule.id == id).unwrap();
    let Test::Edges(test) = rule.test else { panic!("{rule:?}") };
    let mut said = Vec::new();
    test(evidence, &mut Faults::new(&mut said));
    assert_eq!(said.join("; "), expected, "{id} {evidence:?}");
}

#[track_caller]
fn check_change(change: fn(&mut Segment), expected: &str) {
    let (here, mut there) = (playlist(3..=6), playlist(4..=7));
    change(&mut there.segments[1]);
    for (here, there) in [(&here, &there), (&there, &here)] {
        check("EDGE-SAME", &EdgesEvidence { here, there, bodies: None }, expected);
    }
}

#[test]
fn a_number_means_one_segment_everywhere() {
    check_change(|_| (), "");
    check_change(|segment| segment.uri = "5.ts?token=x".into(), "");
    check_change(|segment| segment.date = None, "");
    check_change(|segment| segment.date = Some((String::new(), Some(10_000_500_000))), "");
    check_change(|segment| segment.uri = "x/5.ts".into(), "segment 5 differs in its URI");
    check_change(
        |segment| segment.duration = Duration::from_millis(1_999),
        "segment 5 differs in EXTINF",
    );
    check_change(
        |segment| segment.has_discontinuity = true,
        "segment 5 differs in EXT-X-DISCONTINUITY",
    );
    check_change(
        |segment| segment.date = Some((String::new(), Some(10_001_000_000))),
        "segment 5 differs in EXT-X-PROGRAM-DATE-TIME",
    );
    check_change(
        |segment| segment.byte_range = Some(ByteRange { length: 1, start: 0 }),
        "segment 5 differs in EXT-X-BYTERANGE",
    );
    check_change(
        |segment| segment.map = Some(Map::default().into()),
        "segment 5 differs in EXT-X-MAP",
    );
    check_change(
        |segment| segment.key = Some(Key::default().into()),
        "segment 5 differs in EXT-X-KEY",
    );
}

#[test]
fn edges_that_name_themselves_in_uris_agree() {
    let (mut here, mut there) = (playlist(1..=1), playlist(1..=1));
    here.segments[0].uri = "https://a.example/live/1.ts?t=1".into();
    there.segments[0].uri = "https://b.example/live/1.ts?t=2".into();
    check("EDGE-SAME", &EdgesEvidence { here: &here, there: &there, bodies: None }, "");
    there.segments[0].uri = "https://b.example/live/2.ts".into();
    let evidence = EdgesEvidence { here: &here, there: &there, bodies: None };
    check("EDGE-SAME", &evidence, "segment 1 differs in its URI");
}

#[test]
fn a_segment_has_the_same_bytes_everywhere() {
    let list = playlist(1..=2);
    for (here, there, expected) in [
        ("abc", "abc", ""),
        ("abc", "axc", "segment 2 differs from its byte 1 on"),
        ("abc", "ab", "segment 2 has 3 bytes here and 2 bytes there"),
    ] {
        let (here, there) = (Bytes::from(here), Bytes::from(there));
        let bodies = Some(Bodies { sequence: 2, here: &here, there: &there });
        let evidence = EdgesEvidence { here: &list, there: &list, bodies };
        check("EDGE-BYTES", &evidence, expected);
    }
    check("EDGE-BYTES", &EdgesEvidence { here: &list, there: &list, bodies: None }, "");
}

#[test]
fn edges_go_on_together() {
    let here = playlist(1..=6);
    for (last, expected) in [
        (6, ""),
        (5, ""),
        (7, ""),
        (4, "one edge is at segment 6, the other at 4"),
        (8, "one edge is at segment 6, the other at 8"),
    ] {
        let there = playlist(3..=last);
        check("EDGE-LAG", &EdgesEvidence { here: &here, there: &there, bodies: None }, expected);
    }
    let nothing = MediaPlaylist::default();
    check("EDGE-LAG", &EdgesEvidence { here: &here, there: &nothing, bodies: None }, "");
}
