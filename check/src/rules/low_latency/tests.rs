use std::time::Duration;

use url::Url;

use super::RULES;
use crate::evidence::{
    Answer, BlockingEvidence, DeltaEvidence, Edge, HasKey, HintEvidence, LatencyEvidence,
    LowLatencyEvidence, ParentEvidence, PartEvidence, PartKey, PlaylistEvidence, ReportEvidence,
    RuleProbe, Sameness, VersionEvidence,
};
use crate::finding::Faults;
use crate::options::Options;
use crate::rule::Test;

/// Two seconds of target duration, half a second of part target, seven segments, with parts in
/// the last two and in the one that is being made.
const CLEAN: &str = "#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:2
#EXT-X-PART-INF:PART-TARGET=0.5
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.5,HOLD-BACK=6,CAN-SKIP-UNTIL=12
#EXT-X-MEDIA-SEQUENCE:5
#EXT-X-PROGRAM-DATE-TIME:2026-02-02T02:40:00.000Z
#EXTINF:2,
5.ts
#EXTINF:2,
6.ts
#EXTINF:2,
7.ts
#EXT-X-PART:URI=\"8.0.ts\",DURATION=0.5,INDEPENDENT=YES
#EXT-X-PART:URI=\"8.1.ts\",DURATION=0.5
#EXT-X-PART:URI=\"8.2.ts\",DURATION=0.5
#EXT-X-PART:URI=\"8.3.ts\",DURATION=0.5
#EXTINF:2,
8.ts
#EXT-X-PART:URI=\"9.0.ts\",DURATION=0.5,INDEPENDENT=YES
#EXT-X-PART:URI=\"9.1.ts\",DURATION=0.48
#EXT-X-PART:URI=\"9.2.ts\",DURATION=0.5
#EXT-X-PART:URI=\"9.3.ts\",DURATION=0.5
#EXT-X-PART:URI=\"9.4.ts\",DURATION=0.02
#EXTINF:2,
9.ts
#EXT-X-PART:URI=\"10.0.ts\",DURATION=0.5,INDEPENDENT=YES
#EXT-X-PART:URI=\"10.1.ts\",DURATION=0.5
#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"10.2.ts\"
#EXT-X-RENDITION-REPORT:URI=\"../b/index.m3u8\",LAST-MSN=10,LAST-PART=1
";

/// The rules that a playlist breaks, and how often: `LL-HB LL-PARTMAXx2`.
fn broken_by(text: &str, low_latency: bool) -> String {
    let document = hls::read::read(text.as_bytes());
    let url = Url::parse("http://origin/live/a/index.m3u8").unwrap();
    let options = Options { low_latency, ..Options::default() };
    let evidence = PlaylistEvidence {
        url: &url,
        text: text.as_bytes(),
        document: &document,
        is_entry: false,
        at_unix_ms: 0,
        options: &options,
    };
    found(|test, faults| {
        if let Test::Playlist(test) = test {
            test(&evidence, faults);
        }
    })
}

fn found(run: impl Fn(&Test, &mut Faults<'_>)) -> String {
    let mut broken = Vec::new();
    for rule in RULES {
        let mut sentences = Vec::new();
        run(&rule.test, &mut Faults::new(&mut sentences));
        match sentences.len() {
            0 => {}
            1 => broken.push(rule.id.to_owned()),
            count => broken.push(format!("{}x{count}", rule.id)),
        }
    }
    broken.join(" ")
}

#[track_caller]
fn check(edits: &[(&str, &str)], expected: &str) {
    let mut text = CLEAN.to_owned();
    for (from, to) in edits {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    assert_eq!(broken_by(&text, true), expected, "{edits:?}");
}

#[test]
fn a_clean_playlist_breaks_nothing() {
    check(&[], "");
    // Segments that end three target durations ago may still have their parts.
    check(&[("#EXTINF:2,\n7.ts", "#EXT-X-PART:URI=\"7.0.ts\",DURATION=0.5\n#EXTINF:2,\n7.ts")], "");
    // A part may round up to a millisecond over its target.
    check(&[("9.2.ts\",DURATION=0.5", "9.2.ts\",DURATION=0.5005")], "");
}

#[test]
fn a_plain_playlist_is_no_low_latency_playlist_and_need_not_be() {
    let plain = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\na.ts\n";
    assert_eq!(broken_by(plain, false), "");
    assert_eq!(broken_by(plain, true), "LL-NONE");
    let multivariant = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na.m3u8\n";
    assert_eq!(broken_by(multivariant, true), "");
    let no_parts = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-PART-INF:PART-TARGET=1\n\
        #EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=3\n\
        #EXT-X-PROGRAM-DATE-TIME:2026-02-02T02:40:00.000Z\n#EXTINF:2,\na.ts\n";
    assert_eq!(broken_by(no_parts, true), "LL-NONE");
    assert_eq!(broken_by(&format!("{no_parts}#EXT-X-ENDLIST\n"), true), "");
}

#[test]
fn a_hold_back_is_long_enough_also_without_parts() {
    let text = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-SERVER-CONTROL:HOLD-BACK=";
    assert_eq!(broken_by(&format!("{text}5.9\n#EXTINF:2,\na.ts\n"), false), "LL-HB");
    assert_eq!(broken_by(&format!("{text}6.0\n#EXTINF:2,\na.ts\n"), false), "");
}

#[test]
fn each_rule_about_a_playlist_finds_what_breaks_it() {
    check(&[("#EXT-X-PART-INF:PART-TARGET=0.5\n", "")], "LL-NONE LL-PARTINF");
    check(&[("CAN-BLOCK-RELOAD=YES,", "")], "LL-CTRL");
    check(&[("PART-HOLD-BACK=1.5,", "")], "LL-CTRL");
    check(&[("CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.5,", "")], "LL-CTRLx2");
    check(&[("PART-HOLD-BACK=1.5", "PART-HOLD-BACK=0.9")], "LL-PHB2");
    check(&[("PART-HOLD-BACK=1.5", "PART-HOLD-BACK=1.4")], "LL-PHB3");
    check(&[("HOLD-BACK=6,", "HOLD-BACK=5.9,")], "LL-HB");
    check(&[("SKIP-UNTIL=12", "SKIP-UNTIL=10")], "LL-SKIPU");
    check(&[("9.2.ts\",DURATION=0.5", "9.2.ts\",DURATION=0.502")], "LL-PARTMAX");
    check(&[("10.0.ts\",DURATION=0.5", "10.0.ts\",DURATION=0.6")], "LL-PARTMAX");
    check(&[("9.1.ts\",DURATION=0.48", "9.1.ts\",DURATION=0.42")], "LL-PARTMIN LL-PARTSUM");
    check(&[("8.2.ts\",DURATION=0.5", "8.2.ts\",DURATION=0.43")], "");
    check(&[("9.2.ts\",DURATION=0.5", "9.2.ts\",DURATION=0.44")], "LL-PARTSUM");
    check(&[("#EXT-X-PROGRAM-DATE-TIME:2026-02-02T02:40:00.000Z\n", "")], "LL-PDT");
    let old = "#EXT-X-PART:URI=\"6.0.ts\",DURATION=0.5\n#EXTINF:2,\n6.ts";
    check(&[("#EXTINF:2,\n6.ts", old)], "LL-PARTOLD");
}

#[test]
fn short_parts_are_excused_where_something_ends() {
    // The last of a segment is short in the clean playlist. So may be one before a key frame,
    // one that is independent itself, one around a gap, and the newest of all.
    let short = |tail: &str| format!("9.2.ts\",DURATION=0.2{tail}");
    let from = "9.2.ts\",DURATION=0.5";
    let long = ("9.4.ts\",DURATION=0.02", "9.4.ts\",DURATION=0.32");
    check(&[(from, &short("")), long], "LL-PARTMIN");
    check(&[(from, &short(",INDEPENDENT=YES")), long], "");
    check(&[(from, &short(",GAP=YES")), long], "");
    let next = ("9.3.ts\",DURATION=0.5", "9.3.ts\",DURATION=0.5,INDEPENDENT=YES");
    check(&[(from, &short("")), long, next], "");
    check(&[("10.1.ts\",DURATION=0.5", "10.1.ts\",DURATION=0.1")], "");
}

#[test]
fn a_hint_names_the_next_part_and_nothing_else() {
    let hint = "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"10.2.ts\"\n";
    let twice = format!("{hint}#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"10.3.ts\"\n");
    check(&[(hint, "")], "LL-HINT");
    check(&[(hint, "#EXT-X-PRELOAD-HINT:TYPE=MAP,URI=\"i.mp4\"\n")], "LL-HINT");
    check(&[(hint, &twice)], "LL-HINT");
    check(&[(hint, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"10.1.ts\"\n")], "LL-HINT");
    check(&[(hint, &format!("{hint}#EXT-X-ENDLIST\n"))], "LL-HINT");
    check(&[(hint, "#EXT-X-ENDLIST\n")], "");
}

fn watched(evidence: &LowLatencyEvidence) -> String {
    found(|test, faults| {
        if let Test::LowLatency(test) = test {
            test(evidence, faults);
        }
    })
}

const fn key() -> PartKey {
    PartKey { sequence: 9, index: 2 }
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const fn edge(sequence: u64, parts: u64) -> Edge {
    Edge { sequence, parts }
}

const fn goes_to(sequence: u64, parts: u64) -> Answer {
    Answer::Playlist { edge: edge(sequence, parts), has_ended: false }
}

/// Asked at part 2 of segment 10 with a part target of a second and a target duration of two.
fn reload(answer: Answer, took: u64) -> BlockingEvidence {
    BlockingEvidence {
        asked: edge(10, 2),
        answer,
        took: seconds(took),
        part_target: seconds(1),
        target_duration: seconds(2),
        is_modern: Some(true),
        cache_control: Some("public, max-age=6".to_owned()),
    }
}

#[test]
fn a_request_for_the_next_part_waits_for_it() {
    let check = |answer: Answer, took: u64, expected: &str| {
        let evidence = LowLatencyEvidence::NextPart(reload(answer.clone(), took));
        assert_eq!(watched(&evidence), expected, "{answer:?} after {took} s");
    };
    check(goes_to(10, 3), 1, "");
    check(goes_to(11, 0), 1, "");
    check(goes_to(10, 2), 1, "LL-EARLY");
    check(goes_to(9, 5), 1, "LL-EARLY");
    check(goes_to(10, 3), 5, "LL-BLOCKT");
    check(Answer::Playlist { edge: edge(10, 2), has_ended: true }, 1, "");
    check(Answer::Status(404), 0, "LL-BLOCK");
    check(Answer::Status(200), 0, "LL-BLOCK");
    check(Answer::Status(503), 1, "LL-BLOCK");
    check(Answer::Status(503), 6, "LL-BLOCKT");
    check(Answer::None("no answer within 11s".to_owned()), 11, "LL-BLOCK");
}

#[test]
fn an_answer_that_waited_comes_over_http_2_and_can_be_cached() {
    let check = |is_modern: Option<bool>, control: Option<&str>, expected: &str| {
        let cache_control = control.map(str::to_owned);
        let reload = BlockingEvidence { is_modern, cache_control, ..reload(goes_to(11, 0), 1) };
        assert_eq!(watched(&LowLatencyEvidence::NextPart(reload)), expected, "{control:?}");
    };
    check(None, Some("max-age=12"), "");
    check(Some(false), Some("max-age=12"), "LL-H2");
    check(None, None, "LL-CACHE");
    check(None, Some("no-cache"), "LL-CACHE");
    check(None, Some("public, max-age=0"), "LL-CACHE");
    check(None, Some("max-age=0, s-maxage=6"), "");
    check(None, Some("no-store, max-age=6"), "LL-CACHE");
}

#[test]
fn a_request_for_a_whole_segment_waits_for_it() {
    let check = |answer: Answer, expected: &str| {
        let reload = BlockingEvidence { asked: edge(10, 0), ..reload(answer.clone(), 2) };
        let evidence = LowLatencyEvidence::WholeSegment(reload);
        assert_eq!(watched(&evidence), expected, "{answer:?}");
    };
    check(goes_to(11, 0), "");
    check(goes_to(10, 3), "LL-BLOCKMSN");
    check(Answer::Status(400), "LL-BLOCKMSN");
    check(Answer::Playlist { edge: edge(10, 2), has_ended: true }, "");
}

#[test]
fn bad_requests_are_refused_at_once() {
    for rule in ["LL-FUT", "LL-NOMSN"] {
        let check = |outcome: Result<u16, &str>, took: u64, expected: &str| {
            let probe = RuleProbe {
                rule,
                query: "_HLS_part=0".to_owned(),
                outcome: outcome.map_err(str::to_owned),
                took: seconds(took),
                within: seconds(2),
            };
            assert_eq!(watched(&LowLatencyEvidence::Probe(probe)), expected, "{outcome:?}");
        };
        check(Ok(400), 0, "");
        check(Ok(404), 1, "");
        check(Ok(400), 3, rule);
        check(Ok(200), 0, rule);
        check(Ok(500), 0, rule);
        check(Err("no answer within 4s"), 4, rule);
    }
}

#[test]
fn parts_stay_as_they_are_while_they_are_needed() {
    let check = |version: VersionEvidence, expected: &str| {
        assert_eq!(watched(&LowLatencyEvidence::Version(version.clone())), expected, "{version:?}");
    };
    let clean = VersionEvidence { target_duration: Some(seconds(2)), ..Default::default() };
    check(clean.clone(), "");
    let pair = || ("a".to_owned(), "b".to_owned());
    let (one, other) = pair();
    check(VersionEvidence { changed: vec![(key(), one, other)], ..clean.clone() }, "LL-PARTURI");
    check(VersionEvidence { removed: vec![(key(), seconds(3))], ..clean.clone() }, "LL-PARTKEEP");
    check(VersionEvidence { removed: vec![(key(), seconds(4))], ..clean.clone() }, "");
    let (one, other) = pair();
    check(VersionEvidence { unhinted: vec![(key(), one, other)], ..clean.clone() }, "LL-HINTTRUE");
    let unreported = vec!["/live/b/index.m3u8".to_owned()];
    check(VersionEvidence { unreported, ..clean }, "LL-RR");
}

#[test]
fn parts_can_be_fetched_early_and_late() {
    let part = |outcome: Result<u16, &str>| {
        let outcome = outcome.map_err(str::to_owned);
        watched(&LowLatencyEvidence::Part(PartEvidence { part: key(), outcome }))
    };
    assert_eq!(part(Ok(200)), "");
    assert_eq!(part(Ok(206)), "");
    assert_eq!(part(Ok(404)), "LL-PARTGET");
    assert_eq!(part(Err("no answer")), "LL-PARTGET");
    let hint = |outcome: Result<u16, &str>, differs: Option<(usize, usize)>| {
        let outcome = outcome.map_err(str::to_owned);
        watched(&LowLatencyEvidence::Hint(HintEvidence { part: key(), outcome, differs }))
    };
    assert_eq!(hint(Ok(200), None), "");
    assert_eq!(hint(Ok(200), Some((10, 20))), "LL-HINTGET");
    assert_eq!(hint(Ok(404), None), "LL-HINTGET");
    assert_eq!(hint(Err("no answer"), None), "LL-HINTGET");
}

#[test]
fn parts_are_their_segment_and_say_where_decoding_can_start() {
    let check = |sameness: Sameness, says: bool, has_key: HasKey, expected: &str| {
        let independence = vec![(0, says, has_key)];
        let parent = ParentEvidence { sequence: 9, sameness, independence };
        assert_eq!(watched(&LowLatencyEvidence::Parent(parent.clone())), expected, "{parent:?}");
    };
    check(Sameness::Bytes, true, HasKey::First, "");
    check(Sameness::Units, true, HasKey::Later, "");
    check(Sameness::Unknown, false, HasKey::No, "");
    check(Sameness::Differs("one is missing".to_owned()), false, HasKey::No, "LL-PARTCAT");
    check(Sameness::Bytes, true, HasKey::No, "LL-INDEP");
    check(Sameness::Bytes, false, HasKey::First, "LL-INDEPALL");
    check(Sameness::Bytes, false, HasKey::Later, "");
}

#[test]
fn reports_are_true() {
    let check = |says: Edge, before: Option<Edge>, answer: Answer, took: u64, expected: &str| {
        let uri = "../b/index.m3u8".to_owned();
        let (took, part_target) = (seconds(took), seconds(1));
        let report = ReportEvidence { uri, says, before, answer, took, part_target };
        assert_eq!(watched(&LowLatencyEvidence::Report(report.clone())), expected, "{report:?}");
    };
    check(edge(10, 2), Some(edge(10, 1)), goes_to(10, 3), 0, "");
    check(edge(10, 2), Some(edge(11, 0)), goes_to(11, 1), 0, "");
    check(edge(10, 2), Some(edge(12, 0)), goes_to(12, 1), 0, "LL-RR");
    check(edge(10, 2), None, goes_to(10, 1), 0, "LL-RR");
    check(edge(10, 2), None, goes_to(10, 2), 3, "LL-RR");
    check(edge(10, 2), None, Answer::Status(400), 0, "LL-RR");
    check(edge(10, 2), None, Answer::Status(403), 0, "");
}

#[test]
fn updates_and_clocks_are_right() {
    let delta = |faults: &[&str]| {
        let faults = faults.iter().map(|fault| (*fault).to_owned()).collect();
        watched(&LowLatencyEvidence::Delta(DeltaEvidence { faults }))
    };
    assert_eq!(delta(&[]), "");
    assert_eq!(delta(&["one", "two"]), "LL-DELTAx2");
    let latency = |behind_ms| {
        let evidence = LatencyEvidence { behind_ms, part_target: seconds(1) };
        watched(&LowLatencyEvidence::Latency(evidence))
    };
    assert_eq!(latency(4_000), "");
    assert_eq!(latency(4_001), "LL-LAT");
    assert_eq!(latency(-9_000), "");
}
