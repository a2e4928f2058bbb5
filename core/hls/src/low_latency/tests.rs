use timeline::{Body, Entry, InitRecord, Ledger, NewSegment, Sha256, Skip, TrackRecord};

use super::*;
use crate::render_media;
use crate::tests::{claimant, segment, window};

/// Ticks of a third of a second.
const PART: i64 = 30_000;

fn name(rendition: &str) -> RenditionId {
    RenditionId::parse(rendition).unwrap()
}

/// A segment of six parts that begins at `start`, in these renditions: sound where the name says
/// so.
fn in_parts(start: i64, renditions: &[&str]) -> NewSegment {
    let mut new = segment(start, 6 * PART);
    let usual = new.renditions.remove(0);
    let record = |rendition: &&str| {
        let is_sound = rendition.starts_with("audio");
        let wanted = |track: &TrackRecord| matches!(track.medium, Medium::Audio { .. });
        SegmentRecord {
            rendition: name(rendition),
            container: Container::Fmp4,
            part_bytes: vec![100; 6],
            tracks: usual.tracks.iter().filter(|it| !is_sound || wanted(it)).cloned().collect(),
            init: Some(InitRecord { number: 0, bytes: 7, sha256: Sha256([0; 32]) }),
            ..usual.clone()
        }
    };
    NewSegment {
        part_target_ms: Some(333),
        parts: parts(start, 6),
        renditions: renditions.iter().map(record).collect(),
        ..new
    }
}

fn parts(start: i64, count: i64) -> Vec<PartRecord> {
    let part = |at| PartRecord { end: start + (at + 1) * PART, independent: at == 0 };
    (0..count).map(part).collect()
}

/// The segment behind `ledger`'s last, with so many parts.
fn open(ledger: &Ledger, start: i64, count: i64, renditions: &[&str]) -> OpenSegment {
    let beginning = ledger.beginning(1_700_000_000_000 + start / 90, false);
    let making = |rendition: &&str| OpenRendition {
        rendition: name(rendition),
        container: Container::Fmp4,
        init: Some(0),
        is_sound: rendition.starts_with("audio"),
        part_bytes: vec![100; usize::try_from(count).unwrap()],
    };
    OpenSegment {
        epoch: ledger.epoch(),
        sequence: beginning.sequence,
        start,
        calendar_ms: beginning.calendar_ms,
        discontinuity: beginning.discontinuity,
        part_target_ms: 333,
        seems_whole: false,
        parts: parts(start, count),
        renditions: renditions.iter().map(making).collect(),
    }
}

/// A stream of so many segments of six parts.
fn stream(count: i64, renditions: &[&str]) -> (Ledger, Vec<Entry>) {
    let (mut ledger, opened) = Ledger::claim(None, claimant(), 0);
    let mut entries = vec![opened];
    for at in 0..count {
        entries.push(ledger.segment(in_parts(at * 6 * PART, renditions), at * 2_000));
    }
    (ledger, entries)
}

fn render(entries: &[Entry], open: Option<&OpenSegment>, rendition: &str) -> String {
    let text = render_media(&window(entries), open, &name(rendition), None).unwrap();
    quick_m3u8_reads(&text);
    text
}

/// Another reader than ours knows every tag.
fn quick_m3u8_reads(text: &str) {
    let options = quick_m3u8::config::ParsingOptions::default();
    let mut reader = quick_m3u8::Reader::from_str(text, options);
    while let Some(line) = reader.read_line().unwrap() {
        assert!(!matches!(line, quick_m3u8::HlsLine::UnknownTag(_)), "{line:?} in {text}");
    }
}

#[test]
fn a_low_latency_playlist_says_what_players_need() {
    let (ledger, entries) = stream(1, &["v", "audio"]);
    let making = open(&ledger, 6 * PART, 2, &["v", "audio"]);
    let expected = "\
#EXTM3U
#EXT-X-VERSION:6
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-TARGETDURATION:2
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-DISCONTINUITY-SEQUENCE:0
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=12.0,CAN-SKIP-DATERANGES=YES,\
HOLD-BACK=6.0,PART-HOLD-BACK=0.999
#EXT-X-PART-INF:PART-TARGET=0.333
#EXT-X-MAP:URI=\"1/init-0.mp4\"
#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.000Z
#EXT-X-PART:DURATION=0.333,URI=\"1/0.0.m4s\",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.333,URI=\"1/0.1.m4s\"
#EXT-X-PART:DURATION=0.333,URI=\"1/0.2.m4s\"
#EXT-X-PART:DURATION=0.333,URI=\"1/0.3.m4s\"
#EXT-X-PART:DURATION=0.333,URI=\"1/0.4.m4s\"
#EXT-X-PART:DURATION=0.333,URI=\"1/0.5.m4s\"
#EXTINF:2.000,
1/0.m4s
#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:22.000Z
#EXT-X-PART:DURATION=0.333,URI=\"1/1.0.m4s\",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.333,URI=\"1/1.1.m4s\"
#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"1/1.2.m4s\"
#EXT-X-RENDITION-REPORT:URI=\"../audio/index.m3u8\",LAST-MSN=1,LAST-PART=1
";
    assert_eq!(render(&entries, Some(&making), "v"), expected);
    let sound = render(&entries, Some(&making), "audio");
    assert_eq!(sound.matches("INDEPENDENT=YES").count(), 8, "{sound}");
    assert!(sound.contains("URI=\"../v/index.m3u8\",LAST-MSN=1,LAST-PART=1\n"), "{sound}");
}

/// The lines behind the last whole segment.
#[track_caller]
fn check_end(entries: &[Entry], open: Option<&OpenSegment>, expected: &str) {
    let text = render(entries, open, "v");
    let (_, end) = text.rsplit_once(".m4s\n").unwrap();
    let lines: Vec<_> = end.lines().map(|it| it.trim_start_matches("#EXT-X-").to_owned()).collect();
    assert_eq!(lines.join(" "), expected);
}

#[test]
fn what_comes_next_is_hinted() {
    let renditions = ["v"];
    let (mut ledger, mut entries) = stream(2, &renditions);
    check_end(&entries, None, "PRELOAD-HINT:TYPE=PART,URI=\"1/2.0.m4s\"");
    let making = open(&ledger, 12 * PART, 0, &renditions);
    check_end(&entries, Some(&making), "PRELOAD-HINT:TYPE=PART,URI=\"1/2.0.m4s\"");
    let mut making = open(&ledger, 12 * PART, 1, &renditions);
    let part = "PROGRAM-DATE-TIME:2023-11-14T22:13:24.000Z \
        PART:DURATION=0.333,URI=\"1/2.0.m4s\",INDEPENDENT=YES";
    let hint = "PRELOAD-HINT:TYPE=PART,URI=\"1/2.1.m4s\"";
    check_end(&entries, Some(&making), &format!("{part} {hint}"));
    // What it is read with is another one.
    making.renditions[0].init = Some(1);
    check_end(&entries, Some(&making), &format!("MAP:URI=\"1/init-1.mp4\" {part} {hint}"));
    making.parts.clear();
    let map = "PRELOAD-HINT:TYPE=MAP,URI=\"1/init-1.mp4\"";
    check_end(&entries, Some(&making), &format!("{map} PRELOAD-HINT:TYPE=PART,URI=\"1/2.0.m4s\""));
    let full = OpenSegment { seems_whole: true, ..open(&ledger, 12 * PART, 6, &renditions) };
    let text = render(&entries, Some(&full), "v");
    assert!(text.ends_with("PRELOAD-HINT:TYPE=PART,URI=\"1/3.0.m4s\"\n"), "{text}");
    // Of one that does not fit nothing is told.
    for (epoch, sequence) in [(1, 1), (1, 3), (2, 2)] {
        let other = OpenSegment { epoch, sequence, ..open(&ledger, 0, 1, &renditions) };
        check_end(&entries, Some(&other), "PRELOAD-HINT:TYPE=PART,URI=\"1/2.0.m4s\"");
    }
    entries.push(ledger.interrupted("gone", 60_000, 0));
    let making = open(&ledger, 12 * PART, 1, &renditions);
    check_end(&entries, Some(&making), "PRELOAD-HINT:TYPE=PART,URI=\"2/2.0.m4s\"");
    let (mut ledger, opened) = Ledger::claim(entries.last(), claimant(), 0);
    entries.push(opened);
    let making = open(&ledger, 0, 1, &renditions);
    assert!(making.discontinuity);
    let text = render(&entries, Some(&making), "v");
    let begun = "#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"2/init-0.mp4\"\n#EXT-X-PROGRAM-DATE-TIME";
    assert!(text.contains(begun), "{text}");
    entries.push(ledger.ended("over", 0));
    check_end(&entries, Some(&making), "ENDLIST");
}

#[test]
fn parts_are_listed_for_three_target_durations() {
    let (ledger, entries) = stream(9, &["v"]);
    let listed = |open: Option<&OpenSegment>| {
        let text = render(&entries, open, "v");
        let first = text.lines().find(|it| it.starts_with("#EXT-X-PART:")).unwrap().to_owned();
        first.split_once("URI=\"1/").unwrap().1.split_once('.').unwrap().0.to_owned()
    };
    // Segment 5 is over exactly three target durations before the end.
    assert_eq!(listed(None), "6");
    assert_eq!(listed(Some(&open(&ledger, 54 * PART, 0, &["v"]))), "6");
    assert_eq!(listed(Some(&open(&ledger, 54 * PART, 1, &["v"]))), "6");
    assert_eq!(listed(Some(&open(&ledger, 54 * PART, 6, &["v"]))), "7");
}

#[test]
fn a_rendition_without_parts_has_none_of_it_and_can_wait_all_the_same() {
    let (mut ledger, opened) = Ledger::claim(None, claimant(), 0);
    let mut new = in_parts(0, &["v", "ts"]);
    new.renditions[1].part_bytes.clear();
    let mut entries = vec![opened, ledger.segment(new, 0)];
    let making = open(&ledger, 6 * PART, 1, &["v"]);
    let text = render(&entries, Some(&making), "ts");
    assert!(text.contains("HOLD-BACK=6.0\n") && !text.contains("PART"), "{text}");
    // What it has of its own, the other one tells of.
    check_end(
        &entries,
        None,
        "PRELOAD-HINT:TYPE=PART,URI=\"1/1.0.m4s\" \
        RENDITION-REPORT:URI=\"../ts/index.m3u8\",LAST-MSN=0",
    );
    // Who watches a stretch is told of the others over the same one.
    let (window, mut text) = (window(&entries), String::new());
    Edge::new(&window, None).asked_with("?dvr=60").render_end(&mut text, &name("v"));
    assert!(text.contains("URI=\"../ts/index.m3u8?dvr=60\""), "{text}");
    // Lost parts are not offered.
    entries.push(ledger.gap(0, 0, 0));
    let text = render(&entries, Some(&making), "v");
    assert!(!text.contains("1/0.0.m4s") && text.contains("1/1.0.m4s"), "{text}");
}

#[test]
fn an_update_leaves_out_what_a_player_has() {
    let (ledger, mut entries) = stream(15, &["v"]);
    let told = |skip: Skip, entries: &[Entry]| {
        let text = render_media(&window(entries), None, &name("v"), Some(skip)).unwrap();
        quick_m3u8_reads(&text);
        text
    };
    let range = |id: &str, start_ms| timeline::DateRange {
        id: id.into(),
        class: None,
        start_ms,
        duration_ms: Some(1_000),
        planned_duration_ms: None,
        attributes: std::collections::BTreeMap::new(),
    };
    let begun_ms = 1_700_000_000_000;
    entries.insert(
        8,
        Entry { body: Body::DateRange(range("old", begun_ms + 29_000)), ..entries[7].clone() },
    );
    entries.push(ledger.date_range(range("new", begun_ms + 29_000), 28_000));
    let text = told(Skip::Segments, &entries);
    assert!(text.starts_with("#EXTM3U\n#EXT-X-VERSION:9\n"), "{text}");
    assert!(text.contains("\n#EXT-X-SKIP:SKIPPED-SEGMENTS=9\n"), "{text}");
    assert!(text.contains("ID=\"old\"") && text.contains("ID=\"new\""), "{text}");
    assert_eq!(text.matches("#EXTINF").count(), 6);
    let text = told(Skip::DateRanges, &entries);
    assert!(text.starts_with("#EXTM3U\n#EXT-X-VERSION:10\n"), "{text}");
    assert!(!text.contains("ID=\"old\"") && text.contains("ID=\"new\""), "{text}");
    // One that is over and gone is named.
    entries.push(ledger.date_range(range("gone", begun_ms - 9_000), 28_000));
    let text = told(Skip::DateRanges, &entries);
    let skip = "#EXT-X-SKIP:SKIPPED-SEGMENTS=9,RECENTLY-REMOVED-DATERANGES=\"gone\"\n";
    assert!(text.contains(skip) && !text.contains("ID=\"gone\""), "{text}");
}
