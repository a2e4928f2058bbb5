use std::time::Duration;

use bytes::Bytes;
use hls::read::{MediaPlaylist, Playlist, Segment};
use url::Url;

use super::*;

/// A playlist in short: `5 6:4 7:2 | 2` lists segments of two seconds from number 5 on, with as
/// many parts each, then two parts of the one that is being made. The hint is the next part.
fn playlist(short: &str) -> MediaPlaylist {
    let (whole, making) = short.split_once('|').unwrap();
    let mut text = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-PART-INF:PART-TARGET=0.5\n".to_owned();
    let mut next = 0;
    for (at, word) in whole.split_whitespace().enumerate() {
        let (number, parts) = word.split_once(':').unwrap_or((word, "0"));
        next = number.parse::<u64>().unwrap() + 1;
        if at == 0 {
            text += &format!("#EXT-X-MEDIA-SEQUENCE:{number}\n");
        }
        text += &parts_of(number, parts);
        text += &format!("#EXTINF:2,\n{number}.ts\n");
    }
    let making = making.trim();
    text += &parts_of(&next.to_string(), making);
    text += &format!("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"{next}.{making}.ts\"\n");
    read(&text)
}

/// `4` are parts 0 to 3, `2-3` are parts 2 and 3.
fn parts_of(number: &str, parts: &str) -> String {
    let indices = match parts.split_once('-') {
        Some((first, last)) => first.parse::<u64>().unwrap()..last.parse::<u64>().unwrap() + 1,
        None => 0..parts.parse().unwrap(),
    };
    let line =
        |index| format!("#EXT-X-PART:URI=\"{number}.{index}.ts\",DURATION=0.5,INDEPENDENT=YES\n");
    indices.map(line).collect()
}

fn read(text: &str) -> MediaPlaylist {
    match hls::read::read(text.as_bytes()).playlist {
        Playlist::Media(playlist) => playlist,
        Playlist::Multivariant(_) | Playlist::None => panic!("{text}"),
    }
}

fn url(path: &str) -> Url {
    Url::parse("http://origin/live/").unwrap().join(path).unwrap()
}

/// What a course of versions shows: of each, what has changed, was removed, was not as hinted.
fn told(versions: &[MediaPlaylist]) -> Vec<String> {
    let mut watch = LowLatencyWatch::default();
    let one = |version: &MediaPlaylist| {
        let evidence = watch.version(version, &url("a/index.m3u8"), &[]);
        let place = |key: &PartKey| format!("{}.{}", key.sequence, key.index);
        let changed = evidence.changed.iter().map(|(key, _, _)| format!("~{}", place(key)));
        let removed = evidence.removed.iter();
        let removed = removed.map(|(key, from)| format!("-{}@{}", place(key), from.as_millis()));
        let unhinted =
            evidence.unhinted.iter().map(|(key, hinted, _)| format!("?{}:{hinted}", place(key)));
        changed.chain(removed).chain(unhinted).collect::<Vec<_>>().join(" ")
    };
    versions.iter().map(one).collect()
}

#[track_caller]
fn check(versions: &[&str], expected: &[&str]) {
    let versions: Vec<_> = versions.iter().map(|version| playlist(version)).collect();
    assert_eq!(told(&versions), expected);
}

#[test]
fn a_playlist_that_grows_part_by_part_shows_nothing() {
    check(&["5 6:4|2", "5 6:4|3", "5 6:4|4", "5 6:4 7:4|0", "6:4 7:4|1"], &["", "", "", "", ""]);
}

#[test]
fn parts_that_are_removed_are_told_with_how_far_they_were() {
    check(&["5:4 6:4|2", "5 6:4|2"], &["", "-5.0@5000 -5.1@5000 -5.2@5000 -5.3@5000"]);
    check(&["5:4 6:4|2", "5:4 6|2"], &["", "-6.0@3000 -6.1@3000 -6.2@3000 -6.3@3000"]);
    check(&["5:4 6:4|1", "5:1-3 6:4|1", "5:3-3 6:4|1"], &["", "-5.0@4500", "-5.1@4500 -5.2@4500"]);
    // With their segment, they are no fault of their own.
    check(&["5:4 6:4|2", "6:4|2"], &["", ""]);
}

#[test]
fn an_older_version_says_nothing() {
    check(&["5:4 6:4|2", "5:4 6:4|1", "5:4 6:4|3"], &["", "", ""]);
    // What it still lists is not removed a second time.
    let removed = "-5.0@5500 -5.1@5500 -5.2@5500 -5.3@5500";
    check(&["5:4 6:4|2", "5 6:4|3", "5:4 6:4|2", "5 6:4|4"], &["", removed, "", ""]);
}

#[test]
fn a_part_that_changes_is_told() {
    let mut changed = playlist("5:4 6:4|3");
    changed.parts[1].duration = Duration::from_millis(400);
    changed.segments[0].parts[2].uri = "other.ts".to_owned();
    assert_eq!(told(&[playlist("5:4 6:4|3"), changed]), ["", "~5.2 ~7.1"]);
}

#[test]
fn what_was_hinted_is_what_comes() {
    let mut lies = playlist("5:4 6:4|2");
    lies.hints[0].uri = "7.9.ts".to_owned();
    assert_eq!(told(&[lies.clone(), playlist("5:4 6:4|3")]), ["", "?7.2:7.9.ts"]);
    // Nothing new has come yet.
    assert_eq!(told(&[lies, playlist("5:4 6:4|2")]), ["", ""]);
    // A hint that goes on with a segment is right only if the segment goes on; whether it was the
    // timeline that broke is known when the next segment is whole.
    check(
        &["5:4 6:4|4", "5:4 6:4 7:4|1", "5:4 6:4 7:4|2", "6:4 7:4 8:4|0"],
        &["", "", "", "?8.0:7.4.ts"],
    );
    let mut broken = playlist("6:4 7:4 8:4|0");
    broken.segments[2].has_discontinuity = true;
    let course = ["5:4 6:4|4", "5:4 6:4 7:4|1"].map(playlist);
    assert_eq!(told(&[course[0].clone(), course[1].clone(), broken]), ["", "", ""]);
}

#[test]
fn other_renditions_are_reported_about() {
    let mut playlist = playlist("5:4 6:4|2");
    let report = |uri: &str| RenditionReport { uri: uri.to_owned(), ..Default::default() };
    playlist.reports = vec![report("../b/index.m3u8?token=x")];
    let others = ["a/index.m3u8", "b/index.m3u8?token=y", "c/index.m3u8"].map(url);
    let mut watch = LowLatencyWatch::default();
    let evidence = watch.version(&playlist, &url("a/index.m3u8"), &others);
    assert_eq!(evidence.unreported, ["/live/c/index.m3u8"]);
    playlist.part_target = None;
    let evidence = watch.version(&playlist, &url("a/index.m3u8"), &others);
    assert!(evidence.unreported.is_empty());
}

#[test]
fn a_report_goes_at_least_as_far_as_it_says() {
    let own = |parts| Edge { sequence: 10, parts };
    let check = |last_sequence, last_part, own: Edge, expected: (u64, u64)| {
        let report = RenditionReport { uri: String::new(), last_sequence, last_part };
        let (sequence, parts) = expected;
        assert_eq!(Edge::reported(&report, own), Edge { sequence, parts }, "{report:?} {own:?}");
    };
    check(Some(9), Some(3), own(2), (9, 4));
    check(Some(9), None, own(2), (9, 0));
    check(None, Some(1), own(2), (10, 2));
    check(None, Some(3), own(0), (9, 4));
    check(None, None, own(2), (10, 2));
}

#[test]
fn the_newest_part_is_behind_the_clock() {
    let mut playlist = playlist("5 6:4|2");
    assert_eq!(LatencyEvidence::of(&playlist, 20_000), None);
    playlist.segments[1].date = Some((String::new(), Some(10_000_000_000)));
    let behind = |playlist: &MediaPlaylist| Some(LatencyEvidence::of(playlist, 20_000)?.behind_ms);
    // Dated at 10 s, two seconds long, and a second of parts behind it.
    assert_eq!(behind(&playlist), Some(7_000));
    playlist.has_ended = true;
    assert_eq!(behind(&playlist), None);
}

fn whole(segment: u64, parts: usize) -> Segment {
    let part = hls::read::Part { is_independent: true, ..Default::default() };
    Segment { sequence: segment, parts: vec![part; parts], ..Default::default() }
}

#[test]
fn a_segment_is_due_when_all_of_its_parts_are_there() {
    let mut watch = LowLatencyWatch::default();
    let playlist = MediaPlaylist {
        segments: vec![whole(6, 2), whole(7, 2), whole(8, 0)],
        ..Default::default()
    };
    let mut body = |sequence, index| {
        watch.body(PartKey { sequence, index }, Bytes::from_static(b"x"));
        watch.due(&playlist).map(|due| due.sequence)
    };
    assert_eq!(body(6, 1), None);
    assert_eq!(body(7, 0), None);
    assert_eq!(body(7, 1), Some(7));
    // What is older than what was compared is not compared any more.
    assert_eq!(body(6, 0), None);
}

#[test]
fn bytes_of_parts_are_held_up_to_a_limit() {
    let mut watch = LowLatencyWatch::default();
    let large = Bytes::from(vec![0; 24 << 20]);
    for index in 0..4 {
        watch.body(PartKey { sequence: 6, index }, large.clone());
    }
    let playlist = MediaPlaylist { segments: vec![whole(6, 4)], ..Default::default() };
    // Two of four are left.
    assert!(watch.due(&playlist).is_none());
}

#[test]
fn parts_together_are_the_segment() {
    let check = |parts: &[&'static [u8]], segment: &'static [u8], expected: Sameness| {
        let parts: Vec<_> = parts.iter().map(|part| Bytes::from_static(part)).collect();
        let segment = Bytes::from_static(segment);
        let evidence = ParentEvidence::of(&whole(6, 2), &parts, &segment, None);
        assert_eq!(evidence.sameness, expected);
    };
    check(&[b"ab", b"cd"], b"abcd", Sameness::Bytes);
    // What cannot be read may be the same by other means.
    check(&[b"ab", b"cd"], b"abce", Sameness::Unknown);
}

/// What is wrong with an update; `+3` skips three segments and keeps the rest.
fn updated(before: &str, skipped: u64, now: &str) -> Vec<String> {
    let with_control = |mut playlist: MediaPlaylist| {
        playlist.server_control = Some(hls::read::ServerControl {
            can_skip_until: Some(Duration::from_secs(12)),
            ..Default::default()
        });
        playlist
    };
    let whole = with_control(playlist(now));
    let mut delta = whole.clone();
    if skipped > 0 {
        delta.skip = Some(hls::read::Skip { segments: skipped, ..Default::default() });
        delta.segments.drain(..usize::try_from(skipped).unwrap());
    }
    DeltaEvidence::of(&with_control(playlist(before)), &delta, &whole).faults
}

#[test]
fn an_update_rebuilds_the_whole_playlist() {
    let before = "1 2 3 4 5 6 7 8:4 9:4|2";
    let now = "1 2 3 4 5 6 7 8:4 9:4|3";
    let check = |faults: Vec<String>, expected: &[&str]| {
        assert_eq!(faults.len(), expected.len(), "{faults:?}");
        for (fault, expected) in faults.iter().zip(expected) {
            assert!(fault.contains(expected), "{fault}");
        }
    };
    check(updated(before, 3, now), &[]);
    check(updated(before, 4, now), &[]);
    check(updated(before, 5, now), &["5 segments are skipped and 8.000 s are left"]);
    check(updated(before, 0, now), &["nothing is skipped"]);
    check(updated("5 6 7 8:4 9:4|2", 3, now), &["cannot be applied"]);
    // The window has moved on.
    check(updated(before, 3, "2 3 4 5 6 7 8:4 9:4 10:4|0"), &[]);
}

#[test]
fn an_update_that_says_something_else_is_told() {
    let before = playlist("1 2 3 4 5 6 7 8:4 9:4|2");
    let whole = playlist("1 2 3 4 5 6 7 8:4 9:4|3");
    let check = |edit: fn(&mut MediaPlaylist), expected: &str| {
        let mut delta = whole.clone();
        edit(&mut delta);
        let faults = DeltaEvidence::of(&before, &delta, &whole).faults;
        assert!(faults.iter().any(|fault| fault.contains(expected)), "{expected}: {faults:?}");
    };
    check(
        |delta| delta.skip = Some(hls::read::Skip { segments: 0, ..Default::default() }),
        "no CAN",
    );
    check(|delta| delta.segments[8].uri.push('x'), "the URI of segment 9");
    check(|delta| delta.segments[8].has_discontinuity = true, "EXT-X-DISCONTINUITY of segment 9");
    check(|delta| drop(delta.segments.remove(7)), "segment 8 is lost");
    check(|delta| delta.parts[0].uri.push('x'), "being made are others");
    check(|delta| delta.media_sequence = 2, "EXT-X-MEDIA-SEQUENCE is 2");
}
