//! How long it takes to make a transport stream of access units, in one pass from length-prefixed
//! NAL units: no more than twice as long as to copy the same bytes.
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement needs a clock and says what it found"
)]

mod paired;

use std::collections::VecDeque;
use std::hint::black_box;

use bytes::{Bytes, BytesMut};
use container::ts::Muxer;
use criterion::{Criterion, Throughput};
use media::aac::AacConfig;
use media::avc::AvcConfig;
use media::{AccessUnit, CodecConfig, Timescale, Timestamp, Track, TrackId};
use samples::noise;

/// How many times as long as a copy it may take.
const RATIO_MAX: f64 = 2.0;

/// Streams that a node has: each writes to a segment of its own, which no cache holds until its
/// turn comes again.
const OUTPUTS: usize = 64;

/// Room for a segment.
const OUTPUT_BYTES: usize = 1_300_000;

/// Different segments of two seconds.
const SEGMENTS: i64 = 4;

const PICTURES: i64 = 120;
const KEY_FRAME_BYTES: usize = 60_000;
const PICTURE_BYTES: usize = 8_000;
const AUDIO_BYTES: usize = 400;

fn main() {
    let (tracks, segments) = (tracks(), segments());
    let bytes = segments.iter().flatten().map(|unit| unit.payload.len()).sum::<usize>();
    let mut muxing = Work::new(&segments, OUTPUTS);
    let mut copying = Work::new(&segments, OUTPUTS);
    let mut muxer = Muxer::new(&tracks).unwrap();

    let times = paired::medians(|| muxing.mux(&mut muxer), || copying.copy());
    let ratio = paired::ratio(times.0, times.1);
    println!("ts_mux: {ratio:.2} x memcpy");

    // As if the node had one stream, whose segment stays in the caches.
    (muxing, copying) = (Work::new(&segments, 1), Work::new(&segments, 1));
    let times = paired::medians(|| muxing.mux(&mut muxer), || copying.copy());
    println!("ts_mux: {:.2} x memcpy within the caches", paired::ratio(times.0, times.1));
    assert!(ratio <= RATIO_MAX || !paired::is_optimised(), "more than {RATIO_MAX} x memcpy");

    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("ts_mux");
    group.throughput(Throughput::Bytes(u64::try_from(bytes / segments.len()).unwrap()));
    (muxing, copying) = (Work::new(&segments, OUTPUTS), Work::new(&segments, OUTPUTS));
    group.bench_function("avc_aac", |bencher| bencher.iter(|| muxing.mux(&mut muxer)));
    group.bench_function("memcpy", |bencher| bencher.iter(|| copying.copy()));
    group.finish();
    criterion.final_summary();
}

/// Writes one segment after the other, each to another place.
struct Work<'a> {
    segments: std::iter::Cycle<std::slice::Iter<'a, Vec<AccessUnit>>>,
    outputs: VecDeque<BytesMut>,
}

impl<'a> Work<'a> {
    fn new(segments: &'a [Vec<AccessUnit>], outputs: usize) -> Self {
        // The memory is touched, so that the kernel gives it now.
        let outputs = (0..outputs).map(|_| BytesMut::zeroed(OUTPUT_BYTES)).collect();
        Self { segments: segments.iter().cycle(), outputs }
    }

    fn mux(&mut self, muxer: &mut Muxer) {
        let (units, out) = self.next();
        muxer.mark_discontinuity();
        muxer.begin(out);
        for unit in units {
            muxer.write(unit, out).unwrap();
        }
        muxer.finish_segment(out);
        black_box(&out);
    }

    fn copy(&mut self) {
        let (units, out) = self.next();
        for unit in units {
            out.extend_from_slice(&unit.payload);
        }
        black_box(&out);
    }

    fn next(&mut self) -> (&'a [AccessUnit], &mut BytesMut) {
        self.outputs.rotate_left(1);
        let out = self.outputs.front_mut().unwrap();
        out.clear();
        (self.segments.next().unwrap(), out)
    }
}

/// What an encoder sends for 1920x1080 at 60 pictures a second and 4 Mbit/s, with AAC at 150
/// kbit/s, in the order of the decode times.
fn segments() -> Vec<Vec<AccessUnit>> {
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
        units.sort_by_key(|unit| unit.dts);
        units
    };
    (0..SEGMENTS).map(segment).collect()
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
    let avc = [
        &[1, 0x64, 0, 0x28, 0xff, 0xe1, 0, 27][..],
        &[0x67, 0x64, 0, 0x28, 0xac, 0xd9, 0x40, 0x78, 2, 0x27, 0xe5, 0xc0, 0x44, 0, 0, 3, 0, 4],
        &[0, 0, 3, 0, 0xf0, 0x3c, 0x60, 0xc6, 0x58],
        &[1, 0, 6, 0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0, 0xfd, 0xf8, 0xf8, 0],
    ];
    let avc = AvcConfig::parse(avc.concat().into()).unwrap();
    let aac = AacConfig::parse(Bytes::from_static(&[0x11, 0x90, 0x56, 0xe5, 0])).unwrap();
    vec![
        Track::new(TrackId::VIDEO, CodecConfig::Avc(avc)),
        Track::new(TrackId::AUDIO, CodecConfig::Aac(aac)),
    ]
}
