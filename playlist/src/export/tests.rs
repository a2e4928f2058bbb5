use std::collections::VecDeque;

use container::mp4::Options;
use timeline::{
    Container, Medium, ObjectKey, RecordedRendition, Recording, RecordingKind, RenditionId,
    SegmentRecord, Sha256, TrackRecord, VideoRange,
};

use super::lay_out::options;
use super::segments::{Listed, Reader, chosen};
use crate::archive::bench::{BEGIN_MS, id, stream};

fn recording(start_ms: i64, end_ms: i64) -> Recording {
    Recording {
        version: 1,
        id: id("a"),
        kind: RecordingKind::Clip,
        first: 0,
        last: 9,
        start_ms: BEGIN_MS + start_ms,
        end_ms: BEGIN_MS + end_ms,
        created_ms: 1_700_000_000_999,
        target_duration_s: 2,
        is_independent: true,
        paged_before: 0,
        renditions: Vec::new(),
        deleted_ms: None,
    }
}

/// Segments as `begin+length`, in seconds; with a `?` the bytes are lost.
fn listed(text: &str) -> VecDeque<Listed> {
    let segment = |word: &str| {
        let (begin, length) = word.trim_end_matches('?').split_once('+').unwrap();
        let ms = |text: &str| text.parse::<i64>().unwrap() * 1_000;
        let key = ObjectKey::parse("live/a/ts/1/0.ts").ok();
        Listed {
            key: key.filter(|_| !word.ends_with('?')),
            init: None,
            calendar_ms: BEGIN_MS + ms(begin),
            length_ms: ms(length),
        }
    };
    text.split(' ').map(segment).collect()
}

#[track_caller]
fn check(segments: &str, (start_ms, end_ms): (i64, i64), expected: (Option<i64>, Option<i64>)) {
    let Options { created, start, end } = options(&recording(start_ms, end_ms), &listed(segments));
    let in_ms = |ticks: Option<i64>| ticks.map(|ticks| ticks / 90);
    assert_eq!((in_ms(start), in_ms(end)), expected, "{segments} {start_ms} {end_ms}");
    assert_eq!(created, Some(1_700_000_000));
}

#[test]
fn the_edges_of_a_clip_are_those_of_its_file() {
    check("0+2 2+2 4+2", (0, 6_000), (None, None));
    check("0+2 2+2 4+2", (500, 5_250), (Some(500), Some(5_250)));
    check("0+2 2+2 4+2", (1_999, 4_001), (Some(1_999), Some(4_001)));
    // The stream stood still for a minute, which takes no time in the file.
    check("0+2 2+2 64+2", (1_000, 65_000), (Some(1_000), Some(5_000)));
    check("0+2 2+2 64+2", (1_000, 30_000), (Some(1_000), None));
    // So does what is lost.
    check("0+2 2+2? 4+2", (1_000, 5_000), (Some(1_000), Some(3_000)));
    check("0+2? 2+2 4+2", (1_000, 5_000), (None, Some(3_000)));
    check("0+2 2+2 4+2?", (1_000, 5_000), (Some(1_000), None));
}

#[test]
fn the_lines_of_a_playlist_say_which_objects_there_are() {
    let (stream, rendition) = (stream(), RenditionId::parse("fmp4").unwrap());
    let mut reader = Reader::new(&stream, &rendition);
    reader.take("#EXT-X-MAP:URI=\"7/init-3.mp4\"\n");
    reader.take(
        "#EXT-X-PROGRAM-DATE-TIME:2026-01-31T20:00:00.000Z\n#EXTINF:2.033,\n7/5.m4s\n\
         #EXT-X-DISCONTINUITY\n#EXT-X-GAP\n#EXT-X-PROGRAM-DATE-TIME:2026-01-31T20:00:02.033Z\n\
         #EXTINF:1.967,\n7/6.m4s\n",
    );
    let shown = reader.listed.iter().map(|it| {
        let path = |key: &Option<ObjectKey>| key.as_ref().map(ObjectKey::path).unwrap_or_default();
        (path(&it.key), path(&it.init), it.calendar_ms - BEGIN_MS, it.length_ms)
    });
    let shown: Vec<_> = shown.collect();
    let first = ("live/a/fmp4/7/5.m4s".to_owned(), "live/a/fmp4/7/init-3.mp4".to_owned());
    assert_eq!(shown[0], (first.0, first.1, 0, 2_033));
    assert_eq!(shown[1], (String::new(), String::new(), 2_033, 1_967));
}

/// Renditions as `name:container:width`; without a width it is sound.
#[track_caller]
fn check_chosen(renditions: &str, expected: &[&str]) {
    let rendition = |word: &str| {
        let parts: Vec<_> = word.split(':').collect();
        let container = if parts[1] == "ts" { Container::Ts } else { Container::Fmp4 };
        let width = parts[2].parse().unwrap_or(0);
        let medium = match width {
            0 => Medium::Audio { sample_rate: 48_000, channels: 2 },
            width => {
                let range = VideoRange::Sdr;
                Medium::Video { width, height: width / 2, frame_rate_milli: 0, range }
            }
        };
        RecordedRendition {
            record: SegmentRecord {
                rendition: RenditionId::parse(parts[0]).unwrap(),
                container,
                bytes: 1,
                sha256: Sha256([0; 32]),
                part_bytes: Vec::new(),
                tracks: vec![TrackRecord { codec: "x".into(), medium }],
                init: None,
                is_alternative: width == 0,
                captions: Vec::new(),
            },
            peak_bandwidth: 1,
            average_bandwidth: 1,
            discontinuity_sequence: 0,
            tail: String::new(),
        }
    };
    let renditions = renditions.split(' ').map(rendition).collect();
    let recording = Recording { renditions, ..recording(0, 1) };
    let names: Vec<_> =
        chosen(&recording).iter().map(|it| it.record.rendition.to_string()).collect();
    assert_eq!(names, expected);
}

#[test]
fn a_file_has_the_largest_pictures_and_every_sound_that_goes_with_them() {
    check_chosen("ts:ts:640", &["ts"]);
    check_chosen("ts:ts:640 ts-720:ts:1280", &["ts-720"]);
    check_chosen("ts:ts:640 fmp4:fmp4:640", &["fmp4"]);
    check_chosen("ts:ts:640 ts-a2:ts: fmp4:fmp4:640 fmp4-a2:fmp4:", &["fmp4", "fmp4-a2"]);
    check_chosen("sound:ts:", &[]);
}
