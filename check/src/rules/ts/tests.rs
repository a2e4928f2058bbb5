mod cases;
mod faults;
mod weir;

use bytes::Bytes;

use super::{CLOCK, PACKETS, PES, SOUND, TABLES, VIDEO};
use crate::evidence::{BorderEvidence, SegmentEvidence, ts};
use crate::{Faults, Rule, Test};

/// Two segments that follow each other, by the name of what made them and what is in them.
struct Pair {
    name: &'static str,
    segments: [&'static [u8]; 2],
}

macro_rules! pairs {
    ($($name:literal)*) => {
        const PAIRS: &[Pair] = &[$(Pair {
            name: $name,
            segments: [
                include_bytes!(concat!("../../../testdata/ts/", $name, ".0.ts")),
                include_bytes!(concat!("../../../testdata/ts/", $name, ".1.ts")),
            ],
        }),*];
    };
}

// By ffmpeg's HLS muxer, in segments of a second: 160x96 at 25 pictures a second, and a tone.
pairs! {
    "ffmpeg-5.1_aac"
    "ffmpeg-5.1_h264-bframes_aac"
    "ffmpeg-5.1_h264-interlaced_mp3"
    "ffmpeg-5.1_h264-opengop_eac3"
    "ffmpeg-5.1_h264_ac3"
    "ffmpeg-5.1_hevc_aac"
    "ffmpeg-9.0_aac"
    "ffmpeg-9.0_h264-bframes_aac"
    "ffmpeg-9.0_h264-interlaced_mp3"
    "ffmpeg-9.0_h264-opengop_eac3"
    "ffmpeg-9.0_h264_ac3"
    "ffmpeg-9.0_hevc_aac"
}

/// A segment as it is listed behind another, plainly.
fn evidence(bytes: &[u8], before: Option<&SegmentEvidence>) -> SegmentEvidence {
    let bytes = Bytes::copy_from_slice(bytes);
    SegmentEvidence {
        listed: hls::read::Segment::default(),
        target_duration: None,
        claims_independence: false,
        media: ts::read(&bytes, before.map(|before| &before.media)),
        bytes,
    }
}

/// What the rules say of a segment behind another.
fn findings(
    before: Option<&SegmentEvidence>,
    after: &SegmentEvidence,
) -> Vec<(&'static Rule, String)> {
    let mut found = Vec::new();
    for rule in [PACKETS, TABLES, PES, CLOCK, VIDEO, SOUND].into_iter().flatten() {
        let mut sentences = Vec::new();
        let mut faults = Faults::new(&mut sentences);
        match (rule.test, before) {
            (Test::Segment(test), _) => test(after, &mut faults),
            (Test::Border(test), Some(before)) => {
                test(&BorderEvidence { before, after }, &mut faults)
            }
            (Test::Border(_), None) => {}
            (other, _) => panic!("{} looks at {other:?}", rule.id),
        }
        found.extend(sentences.into_iter().map(|sentence| (rule, sentence)));
    }
    found
}

/// The rules that two segments break together, and what is said.
fn broken(first: &[u8], second: &[u8]) -> Vec<String> {
    let first = evidence(first, None);
    let second = evidence(second, Some(&first));
    let said = [findings(None, &first), findings(Some(&first), &second)].concat();
    said.into_iter().map(|(rule, sentence)| format!("{} {sentence}", rule.id)).collect()
}

#[test]
fn what_real_muxers_write_breaks_no_rule() {
    for Pair { name, segments: [first, second] } in PAIRS {
        let mut said = broken(first, second);
        // Without pictures ffmpeg brings clock references in PES packets of 300 ms: that is so.
        if name.ends_with("_aac") && !name.contains('h') {
            assert!(said.iter().all(|said| said.starts_with("TS-PCR100")), "{name}: {said:#?}");
            assert!(!said.is_empty(), "{name}");
            said.clear();
        }
        assert!(said.is_empty(), "{name}: {said:#?}");
    }
}

#[test]
fn all_tracks_of_real_segments_are_read() {
    let check = |name: &str, expected: [&str; 2]| {
        let pair = PAIRS.iter().find(|pair| pair.name == name).unwrap();
        let first = evidence(pair.segments[0], None);
        let second = evidence(pair.segments[1], Some(&first));
        assert_eq!([&first, &second].map(tracks), expected, "{name}");
    };
    let aac = "mp4a.40.2 of 47, 47 keys";
    check("ffmpeg-5.1_aac", [aac; 2]);
    let first = "avc1.64000B of 30, 3 keys + mp4a.40.2 of 54, 54 keys";
    let second = "avc1.64000B of 20, 2 keys + mp4a.40.2 of 41, 41 keys";
    check("ffmpeg-5.1_h264-bframes_aac", [first, second]);
    let first = "avc1.640015 of 25, 1 keys + mp4a.40.34 of 40, 40 keys";
    let second = "avc1.640015 of 25, 1 keys + mp4a.40.34 of 45, 45 keys";
    check("ffmpeg-9.0_h264-interlaced_mp3", [first, second]);
    // Its second segment begins with a recovery point, and has no parameter sets.
    let first = "avc1.64000B of 25, 1 keys + ec-3 of 29, 29 keys";
    let second = "? of 25, 0 keys + ec-3 of 34, 34 keys";
    check("ffmpeg-9.0_h264-opengop_eac3", [first, second]);
    let first = "avc1.64000B of 25, 1 keys + ac-3 of 32, 32 keys";
    let second = "avc1.64000B of 25, 1 keys + ac-3 of 31, 31 keys";
    check("ffmpeg-9.0_h264_ac3", [first, second]);
    let first = "hvc1.1.6.L30.90 of 25, 1 keys + mp4a.40.2 of 45, 45 keys";
    let second = "hvc1.1.6.L30.90 of 25, 1 keys + mp4a.40.2 of 50, 50 keys";
    check("ffmpeg-9.0_hevc_aac", [first, second]);
}

fn tracks(segment: &SegmentEvidence) -> String {
    let tracks = segment.media.tracks.iter().map(|track| {
        assert!(track.changes.is_empty(), "{:?}", track.changes);
        let config = track.config.as_ref().map(|config| config.rfc6381());
        let keys = track.units.iter().filter(|unit| unit.is_key).count();
        let config = config.unwrap_or_else(|| "?".to_owned());
        format!("{config} of {}, {keys} keys", track.units.len())
    });
    tracks.collect::<Vec<_>>().join(" + ")
}

#[test]
fn units_follow_each_other_over_the_border_of_segments() {
    for Pair { name, segments: [first, second] } in PAIRS {
        let first = evidence(first, None);
        let second = evidence(second, Some(&first));
        for (before, after) in first.media.tracks.iter().zip(&second.media.tracks) {
            let units: Vec<_> = before.units.iter().chain(&after.units).collect();
            let steps = units.windows(2).map(|pair| pair[1].dts_ns - pair[0].dts_ns);
            let (least, most) = (steps.clone().min().unwrap(), steps.max().unwrap());
            let expected = units[0].length_ns.unwrap_or(40_000_000);
            assert!(expected - least < 12_000 && most - expected < 12_000, "{name} {least} {most}");
        }
    }
}
