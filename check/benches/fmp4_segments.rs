//! How long it takes to take a segment of fragmented MP4 apart and to put every rule for it to what
//! was found: at least 100 MB a second, and that as a ratio to a copy of the same bytes in the same
//! run.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement needs a clock and says what it found"
)]

#[path = "../../core/container/benches/paired/mod.rs"]
mod paired;

use std::hint::black_box;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use check::evidence::fmp4::{InitEvidence, read};
use check::evidence::{BorderEvidence, SegmentEvidence};
use check::{Faults, Test, rules};
use container::fmp4::Muxer;
use criterion::{Criterion, Throughput};
use media::aac::AacConfig;
use media::avc::AvcConfig;
use media::{AccessUnit, CodecConfig, Timescale, Timestamp, Track, TrackId};
use samples::{hex, noise};

/// Bytes a second that it must do at least, in millions.
const MB_S_MIN: f64 = 100.0;

/// Different segments of two seconds.
const SEGMENTS: i64 = 4;

/// 60 a second and 4 Mbit/s, with AAC at 150 kbit/s.
const PICTURES: i64 = 120;
const KEY_FRAME_BYTES: usize = 60_000;
const PICTURE_BYTES: usize = 8_000;
const AUDIO_BYTES: usize = 400;

fn main() {
    let (init, segments) = segments();
    let bytes = segments.iter().map(Bytes::len).sum::<usize>() / segments.len();
    let mut judged = Judged::new(&init, &segments);
    let mut copied = segments.iter().cycle();
    let mut room = Vec::with_capacity(segments.iter().map(Bytes::len).max().unwrap());
    let mut copy = || {
        let segment = copied.next().unwrap();
        room.clear();
        room.extend_from_slice(segment);
        black_box(&room);
    };
    let times = paired::medians(|| judged.next(), &mut copy);
    let ratio = paired::ratio(times.0, times.1);
    let rate = megabytes_a_second(bytes, times.0);
    println!("fmp4_segments: {bytes} bytes, {rate:.0} MB/s with every rule, {ratio:.2} x memcpy");
    assert!(judged.sentences.is_empty(), "{:?}", judged.sentences);
    assert!(rate >= MB_S_MIN || !paired::is_optimised(), "less than {MB_S_MIN} MB/s");

    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("fmp4_segments");
    group.throughput(Throughput::Bytes(u64::try_from(bytes).unwrap()));
    group.bench_function("fmp4", |bencher| bencher.iter(|| judged.next()));
    group.bench_function("memcpy", |bencher| bencher.iter(&mut copy));
    group.finish();
    criterion.final_summary();
}

fn megabytes_a_second(bytes: usize, time: Duration) -> f64 {
    f64::from(u32::try_from(bytes).unwrap()) / 1e6 / time.as_secs_f64()
}

/// Reads one segment after the other, as an exam does.
struct Judged<'a> {
    init: InitEvidence,
    segments: std::iter::Cycle<std::slice::Iter<'a, Bytes>>,
    before: Option<SegmentEvidence>,
    sentences: Vec<String>,
}

impl<'a> Judged<'a> {
    fn new(init: &Bytes, segments: &'a [Bytes]) -> Self {
        let init = InitEvidence::read(init.clone());
        let (segments, before, sentences) = (segments.iter().cycle(), None, Vec::new());
        Self { init, segments, before, sentences }
    }

    fn next(&mut self) {
        let bytes = self.segments.next().unwrap().clone();
        let before = self.before.as_ref().map(|before| &before.media);
        let media = read(&bytes, Some(&self.init), before);
        let mut listed = hls::read::Segment { has_discontinuity: true, ..Default::default() };
        listed.map = Some(std::sync::Arc::default());
        listed.duration = Duration::from_secs(2);
        let (target_duration, claims_independence) = (None, true);
        let after = SegmentEvidence { listed, target_duration, claims_independence, media, bytes };
        for rule in rules().filter(|rule| rule.id.starts_with("MP4-")) {
            let faults = &mut Faults::new(&mut self.sentences);
            if let Test::Segment(test) = rule.test {
                test(&after, faults);
            } else if let (Test::Border(test), Some(before)) = (rule.test, &self.before) {
                test(&BorderEvidence { before, after: &after }, faults);
            }
        }
        self.before = Some(after);
    }
}

/// What an encoder sends for 1920x1080, in the order of the decode times, cut every two seconds.
fn segments() -> (Bytes, Vec<Bytes>) {
    let mut muxer = Muxer::new(&tracks()).unwrap();
    let rate = Timescale::new(48_000).unwrap();
    let segment = |number: i64| {
        let begin = number * 2_000;
        let mut units: Vec<_> = (0..PICTURES)
            .map(|index| {
                let dts = Timestamp::from_millis(begin + index * 2_000 / PICTURES);
                AccessUnit {
                    track: TrackId::VIDEO,
                    dts,
                    pts: dts.checked_add(33).unwrap(),
                    random_access: index == 0,
                    samples: 0,
                    payload: picture(index == 0),
                }
            })
            .collect();
        let frames = (begin * 48).div_euclid(1_024)..((begin + 2_000) * 48).div_euclid(1_024);
        units.extend(frames.map(|index| {
            let dts = Timestamp::new(index * 1_024, rate);
            let payload = noise(AUDIO_BYTES).into();
            let track = TrackId::AUDIO;
            AccessUnit { track, dts, pts: dts, random_access: true, samples: 1_024, payload }
        }));
        let mut out = BytesMut::new();
        muxer.begin_segment(&mut out);
        units.iter().for_each(|unit| muxer.write(unit).unwrap());
        muxer.finish_fragment(|_| None, &mut out);
        out.freeze()
    };
    let segments = (0..SEGMENTS).map(segment).collect();
    (muxer.init_section(), segments)
}

/// A picture of one slice; a key frame has what x264 puts before it.
fn picture(is_key_frame: bool) -> Bytes {
    let slice = |header, bytes| [&[header], noise(bytes).as_slice()].concat();
    let nal_units = match is_key_frame {
        true => vec![slice(6, 40), slice(0x65, KEY_FRAME_BYTES)],
        false => vec![slice(0x41, PICTURE_BYTES)],
    };
    let mut payload = Vec::new();
    for nal in nal_units {
        payload.extend_from_slice(&u32::try_from(nal.len()).unwrap().to_be_bytes());
        payload.extend_from_slice(&nal);
    }
    payload.into()
}

fn tracks() -> Vec<Track> {
    let avc = "01640028 ff e1 001b 67640028acd940780227e5c044000003000400000300f03c60c658
        01 0006 68ebe3cb22c0 fdf8f800";
    let avc = AvcConfig::parse(hex(avc).into()).unwrap();
    let aac = AacConfig::parse(hex("119056e500").into()).unwrap();
    vec![
        Track::new(TrackId::VIDEO, CodecConfig::Avc(avc)),
        Track::new(TrackId::AUDIO, CodecConfig::Aac(aac)),
    ]
}
