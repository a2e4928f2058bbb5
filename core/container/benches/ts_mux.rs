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
mod pushed;

use std::collections::VecDeque;
use std::hint::black_box;

use bytes::BytesMut;
use container::ts::Muxer;
use criterion::{Criterion, Throughput};
use media::AccessUnit;

/// How many times as long as a copy it may take.
const RATIO_MAX: f64 = 2.0;

/// Streams that a node has: each writes to a segment of its own, which no cache holds until its
/// turn comes again.
const OUTPUTS: usize = 64;

/// Room for a segment.
const OUTPUT_BYTES: usize = 1_300_000;

fn main() {
    let (tracks, segments) = (pushed::tracks(), pushed::segments());
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
