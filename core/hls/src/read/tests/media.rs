use std::sync::Arc;
use std::time::Duration;

use super::*;

const HEAD: &str = "#EXTM3U\n#EXT-X-VERSION:12\n#EXT-X-TARGETDURATION:2\n";

#[track_caller]
fn body(text: &str) -> MediaPlaylist {
    media(&format!("{HEAD}{text}"))
}

fn millis(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[test]
fn a_live_playlist_is_read_with_its_numbers() {
    let playlist = media(
        "#EXTM3U\r\n#EXT-X-VERSION:3\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-TARGETDURATION:2\n\
         #EXT-X-MEDIA-SEQUENCE:7\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n\n# a comment\n\
         #EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.000Z\n#EXTINF:2.002,a title\n1/7.ts\n\
         #EXT-X-DISCONTINUITY\n#EXT-X-GAP\n#EXTINF:1.999,\n2/8.ts\n#EXT-X-ENDLIST\n",
    );
    let first = Segment {
        sequence: 7,
        discontinuity_sequence: 1,
        line: 11,
        uri: "1/7.ts".into(),
        duration: millis(2_002),
        date: Some(("2023-11-14T22:13:20.000Z".into(), Some(1_700_000_000_000_000_000))),
        ..Segment::default()
    };
    let second = Segment {
        sequence: 8,
        discontinuity_sequence: 2,
        line: 15,
        uri: "2/8.ts".into(),
        duration: millis(1_999),
        has_discontinuity: true,
        is_gap: true,
        ..Segment::default()
    };
    assert_eq!(playlist.segments, [first, second]);
    assert_eq!((playlist.version, playlist.target_duration), (Some(3), Some(millis(2_000))));
    assert!(playlist.is_independent && playlist.has_ended && !playlist.is_i_frames_only);
}

#[test]
fn ranges_follow_one_another_within_a_resource() {
    let playlist = body(
        "#EXT-X-MAP:URI=\"a.mp4\",BYTERANGE=\"700@0\"\n#EXTINF:2,\n#EXT-X-BYTERANGE:100@700\n\
         a.mp4\n#EXTINF:2,\n#EXT-X-BYTERANGE:50\na.mp4\n#EXTINF:2,\nb.mp4\n",
    );
    let range = |length, start| Some(ByteRange { length, start });
    let ranges: Vec<_> = playlist.segments.iter().map(|segment| segment.byte_range).collect();
    assert_eq!(ranges, [range(100, 700), range(50, 800), None]);
    let map = Map { uri: "a.mp4".into(), byte_range: range(700, 0) };
    assert_eq!(playlist.segments[2].map, Some(Arc::new(map)));
}

#[test]
fn a_key_holds_until_another_of_its_format_or_none() {
    let playlist = body(
        "#EXT-X-KEY:METHOD=AES-128,URI=\"k1\",IV=0x01\n\
         #EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"s\",KEYFORMAT=\"com.apple\",KEYFORMATVERSIONS=\"1\"\n\
         #EXTINF:2,\na\n#EXT-X-KEY:METHOD=AES-128,URI=\"k2\"\n#EXTINF:2,\nb\n\
         #EXT-X-KEY:METHOD=NONE\n#EXTINF:2,\nc\n",
    );
    let keys: Vec<_> = playlist
        .segments
        .iter()
        .map(|segment| {
            let first = segment.key.as_ref().and_then(|key| key.uri.clone());
            (first, segment.further_keys.len())
        })
        .collect();
    assert_eq!(keys, [(Some("k1".into()), 1), (Some("k2".into()), 1), (None, 0)]);
    assert_eq!(playlist.segments[0].key.as_ref().unwrap().iv.as_deref(), Some("0x01"));
}

#[test]
fn a_low_latency_playlist_is_read_with_its_parts() {
    let playlist = body(
        "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=12.0,PART-HOLD-BACK=1.5,\
         HOLD-BACK=6,CAN-SKIP-DATERANGES=YES\n#EXT-X-PART-INF:PART-TARGET=0.5\n\
         #EXT-X-MEDIA-SEQUENCE:3\n\
         #EXT-X-PART:DURATION=0.5,URI=\"3.0\",INDEPENDENT=YES\n\
         #EXT-X-PART:DURATION=0.25,URI=\"3.1\",GAP=YES\n#EXTINF:0.75,\n3\n\
         #EXT-X-PART:DURATION=0.5,URI=\"4\",BYTERANGE=\"10@0\"\n\
         #EXT-X-PART:DURATION=0.5,URI=\"4\",BYTERANGE=\"20\"\n\
         #EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"4\",BYTERANGE-START=30\n\
         #EXT-X-RENDITION-REPORT:URI=\"../b/index.m3u8\",LAST-MSN=4,LAST-PART=1\n",
    );
    let part = |line, uri: &str, ms| Part {
        line,
        uri: uri.into(),
        duration: millis(ms),
        ..Part::default()
    };
    let first = Part { is_independent: true, ..part(7, "3.0", 500) };
    let second = Part { is_gap: true, ..part(8, "3.1", 250) };
    assert_eq!(playlist.segments[0].parts, [first, second]);
    let range = |length, start| Some(ByteRange { length, start });
    let third = Part { byte_range: range(10, 0), ..part(11, "4", 500) };
    let fourth = Part { byte_range: range(20, 10), ..part(12, "4", 500) };
    assert_eq!(playlist.parts, [third, fourth]);
    let control = ServerControl {
        can_block_reload: true,
        can_skip_until: Some(millis(12_000)),
        can_skip_date_ranges: true,
        hold_back: Some(millis(6_000)),
        part_hold_back: Some(millis(1_500)),
    };
    assert_eq!(playlist.server_control, Some(control));
    assert_eq!(playlist.part_target, Some(millis(500)));
    let hint = Hint { kind: HintKind::Part, uri: "4".into(), start: 30, length: None };
    assert_eq!(playlist.hints, [hint]);
    let uri = "../b/index.m3u8".into();
    let report = RenditionReport { uri, last_sequence: Some(4), last_part: Some(1) };
    assert_eq!(playlist.reports, [report]);
}

#[test]
fn what_else_may_be_said_is_read() {
    let playlist = body(
        "#EXT-X-PLAYLIST-TYPE:EVENT\n#EXT-X-ALLOW-CACHE:NO\n#EXT-X-I-FRAMES-ONLY\n\
         #EXT-X-START:TIME-OFFSET=-4.5,PRECISE=YES\n#EXT-X-BITRATE:800\n\
         #EXT-X-DATERANGE:ID=\"a\",START-DATE=\"2023-11-14T22:13:20Z\",SCTE35-OUT=0xFC,X-A=\"b,c\"\n\
         #EXTINF:2,\na\n",
    );
    assert_eq!(playlist.playlist_type, Some(PlaylistType::Event));
    let start = Start { offset: millis(4_500), is_from_end: true, is_precise: true };
    assert_eq!(playlist.start, Some(start));
    assert!(playlist.is_i_frames_only);
    assert_eq!(playlist.segments[0].bit_rate_kbps, Some(800));
    let range = &playlist.date_ranges[0];
    assert_eq!((range.id.as_str(), range.line), ("a", 9));
    assert_eq!(
        (range.attributes["SCTE35-OUT"].as_str(), &*range.attributes["X-A"]),
        ("0xFC", "b,c")
    );
}

#[test]
fn variables_are_replaced_where_they_may_stand() {
    let text = "#EXTM3U\n#EXT-X-VERSION:11\n#EXT-X-TARGETDURATION:2\n\
         #EXT-X-DEFINE:NAME=\"host\",VALUE=\"http://a\"\n#EXT-X-DEFINE:IMPORT=\"path\"\n\
         #EXT-X-DEFINE:QUERYPARAM=\"token\"\n#EXT-X-MAP:URI=\"{$host}/{$path}/init\"\n\
         #EXTINF:2,{$host}\n{$host}/{$path}/1.ts?t={$token}\n";
    let one = |name: &str, value: &str| [(name.to_owned(), value.to_owned())].into();
    let given = Given { imported: one("path", "p"), query: one("token", "s") };
    let document = read_with(text.as_bytes(), &given);
    assert_eq!(document.faults, []);
    let Playlist::Media(playlist) = document.playlist else { panic!() };
    assert_eq!(playlist.segments[0].uri, "http://a/p/1.ts?t=s");
    assert_eq!(playlist.segments[0].map.as_ref().unwrap().uri, "http://a/p/init");
    // Where what defines them is not known, they stand for themselves.
    assert_eq!(media(text).segments[0].uri, "http://a/{$path}/1.ts?t={$token}");
}
