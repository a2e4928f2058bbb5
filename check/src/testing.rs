//! What the tests of several families need: segments as one line of text.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hls::read::{Key, Map, Segment};
use media::{Codec, CodecConfig, TrackKind};
use samples::hex;

use crate::evidence::{SegmentEvidence, SegmentKind, SegmentMedia, TrackMedia, Unit};

/// A segment from words: its sequence number and `EXTINF` in seconds, then in any order
///
/// - tracks: `v` or `a` with pieces of a start, a frame length and a count, in milliseconds, as in
///   `v0+40x25,1040+40x25`, and behind slashes `open` (no key frame at the start), `k25` (a key
///   frame at every 25th), `b` (decoded in another order), `c=avc` (a configuration of
///   [`config`]) and `10=avc` (another one from unit 10 on);
/// - `disc`, `key`, `independent`, `map=…`, `date=…` in seconds, `bytes=…`;
/// - `ts` (which it is otherwise), `fmp4`, `packed`, `vtt` or `unknown`.
pub(crate) fn segment(text: &str) -> SegmentEvidence {
    let mut words = text.split_whitespace();
    let mut listed = Segment {
        sequence: words.next().unwrap().parse().unwrap(),
        duration: Duration::from_secs_f64(words.next().unwrap().parse().unwrap()),
        ..Segment::default()
    };
    let mut media = SegmentMedia { kind: SegmentKind::Ts(Box::default()), tracks: Vec::new() };
    let (mut claims_independence, mut bytes) = (false, 1_000);
    for word in words {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        match name {
            "disc" => listed.has_discontinuity = true,
            "key" => {
                listed.key = Some(Arc::new(Key { method: "AES-128".to_owned(), ..Key::default() }));
            }
            "independent" => claims_independence = true,
            "map" => listed.map = Some(Arc::new(Map { uri: value.to_owned(), ..Map::default() })),
            "date" => listed.date = Some((value.to_owned(), Some(nanos(value, 1_000.0).into()))),
            "bytes" => bytes = value.parse().unwrap(),
            "ts" => {}
            "fmp4" => media.kind = SegmentKind::Fmp4(Box::default()),
            "packed" => media.kind = SegmentKind::PackedAudio,
            "vtt" => media.kind = SegmentKind::WebVtt,
            "unknown" => media.kind = SegmentKind::Unknown,
            _ => media.tracks.push(track(word)),
        }
    }
    SegmentEvidence {
        listed,
        target_duration: Some(Duration::from_secs(2)),
        claims_independence,
        media,
        bytes: vec![0; bytes].into(),
    }
}

/// Real configurations: of x264 and x265, and AAC as two bytes say it.
pub(crate) fn config(name: &str) -> Arc<CodecConfig> {
    let (codec, record) = match name {
        // 320x180, level 1.2 and 640x360, level 3.
        "avc" => (Codec::Avc, AVC_320),
        "avc640" => (Codec::Avc, AVC_640),
        "hevc" => (Codec::Hevc, HEVC),
        "aac" => (Codec::Aac, "1190"),
        "aac44" => (Codec::Aac, "1210"),
        "mono" => (Codec::Aac, "1188"),
        name => panic!("no configuration {name}"),
    };
    Arc::new(CodecConfig::parse(codec, Bytes::from(hex(record))).unwrap())
}

fn track(text: &str) -> TrackMedia {
    let mut parts = text.split('/');
    let (kind, pieces) = parts.next().unwrap().split_at(1);
    let kind = if kind == "v" { TrackKind::Video } else { TrackKind::Audio };
    let mut track = TrackMedia {
        id: 256 + u32::from(kind == TrackKind::Audio),
        kind,
        config: None,
        changes: Vec::new(),
        units: pieces.split(',').flat_map(|piece| units(kind, piece)).collect(),
    };
    for part in parts {
        match part.split_once('=') {
            Some(("c", name)) => track.config = Some(config(name)),
            Some((at, name)) => track.changes.push((at.parse().unwrap(), config(name))),
            None if part == "open" => track.units.iter_mut().for_each(|unit| unit.is_key = false),
            None if part == "b" => track.units.chunks_mut(2).skip(1).for_each(|pair| {
                if let [one, other] = pair {
                    std::mem::swap(&mut one.pts_ns, &mut other.pts_ns);
                }
            }),
            None => {
                let every: usize = part.strip_prefix('k').unwrap().parse().unwrap();
                track.units.iter_mut().step_by(every).for_each(|unit| unit.is_key = true);
            }
        }
    }
    track
}

fn units(kind: TrackKind, piece: &str) -> impl Iterator<Item = Unit> {
    let (start, rest) = piece.split_once('+').unwrap();
    let (frame, count) = rest.split_once('x').unwrap();
    let (start, frame) = (nanos(start, 1.0), nanos(frame, 1.0));
    let count: i64 = count.parse().unwrap();
    (0..count).map(move |at| Unit {
        dts_ns: start + at * frame,
        pts_ns: start + at * frame,
        length_ns: (kind == TrackKind::Audio).then_some(frame),
        is_key: kind == TrackKind::Audio || at == 0,
        bytes: 100,
    })
}

/// A number of `millis` milliseconds each.
fn nanos(text: &str, millis: f64) -> i64 {
    let number: f64 = text.parse().unwrap();
    let nanos = Duration::from_secs_f64(number.abs() * millis / 1_000.0).as_nanos();
    i64::try_from(nanos).unwrap() * if number < 0.0 { -1 } else { 1 }
}

/// `avcC` of x264 (Lavc59.37.100), 320x180 at 25 pictures a second.
const AVC_320: &str = "0142c00cffe100176742c00cda05067e7c0440000003004000000c83c50aa8\
                       01000468ce0fc8";

/// `avcC` of x264 (Lavc59.37.100), 640x360 at 25 pictures a second.
const AVC_640: &str = "0142c01effe100196742c01eda0280bfe5c044000003000400000300c83c58ba80\
                       01000468ce0fc8";

/// `hvcC` of x265 (Lavc63.1.102), 320x180.
const HEVC: &str = "0101600000009000000000003cf000fcfdf8f800000f03a00001001840010c01ffff0160\
                    0000030090000003000003003c959409a10001002b42010101600000030090000003000003\
                    003ca00a080c1f3e595952930bc05a020000030002000003003210a2000100064401c073c1\
                    89";
