//! How long it takes to judge segments, beside a copy of the same bytes.

use std::hint::black_box;

use bytes::Bytes;
use criterion::{Criterion, Throughput};

use crate::paired;

/// Bytes a second that an exam must do at least, in millions.
const MB_S_MIN: f64 = 100.0;

/// Times work on one segment after the other, prints its speed, and returns it in megabytes a
/// second.
pub(crate) fn medians(what: &str, segments: &[Bytes], work: impl FnMut()) -> f64 {
    let (work, copied) = paired::medians(work, copy(segments));
    let bytes = f64::from(u32::try_from(mean_bytes(segments)).unwrap());
    let rate = bytes / 1e6 / work.as_secs_f64();
    let ratio = paired::ratio(work, copied);
    println!("{what}: {bytes:.0} bytes, {rate:.0} MB/s, {ratio:.2} x memcpy");
    rate
}

/// Fails if that is too slow.
pub(crate) fn assert_fast(rate: f64) {
    assert!(rate >= MB_S_MIN || !paired::is_optimised(), "less than {MB_S_MIN} MB/s");
}

/// Has criterion time the same.
pub(crate) fn criterion(name: &str, segments: &[Bytes], mut work: impl FnMut()) {
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Bytes(u64::try_from(mean_bytes(segments)).unwrap()));
    group.bench_function("judge", |bencher| bencher.iter(&mut work));
    group.bench_function("memcpy", |bencher| bencher.iter(copy(segments)));
    group.finish();
    criterion.final_summary();
}

fn mean_bytes(segments: &[Bytes]) -> usize {
    segments.iter().map(Bytes::len).sum::<usize>() / segments.len()
}

/// Copies one segment after the other into the same room.
fn copy(segments: &[Bytes]) -> impl FnMut() {
    let mut room = Vec::with_capacity(segments.iter().map(Bytes::len).max().unwrap());
    let mut copied = segments.iter().cycle();
    move || {
        room.clear();
        room.extend_from_slice(copied.next().unwrap());
        black_box(&room);
    }
}
