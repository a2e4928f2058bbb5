//! How long it takes to put messages together from chunks of 4,096 bytes: no more than 0.20 ms for
//! a megabyte.
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement needs a clock and says what it found"
)]

#[path = "../../container/benches/paired/mod.rs"]
mod paired;

use std::hint::black_box;

use bytes::BytesMut;
use criterion::{Criterion, Throughput};
use rtmp::chunk::{ChunkReader, ChunkWriter, Outgoing};
use rtmp::{ChunkLimits, MessageKind};
use samples::noise;

/// Milliseconds that a megabyte may take.
const MS_PER_MB_MAX: f64 = 0.20;

/// What OBS and many others set.
const CHUNK_BYTES: u32 = 4_096;

/// What a socket is read in.
const READ_BYTES: usize = 64 * 1_024;

fn main() {
    let stream = stream();
    let mut copied = BytesMut::with_capacity(stream.len());
    let (reading, copying) = paired::medians(
        || read(&stream),
        || {
            copied.clear();
            copied.extend_from_slice(black_box(&stream));
        },
    );
    let ratio = paired::ratio(reading, copying);
    let megabytes = f64::from(u32::try_from(stream.len()).unwrap()) / 1e6;
    let ms_per_mb = reading.as_secs_f64() * 1e3 / megabytes;
    println!("chunk_read: {ms_per_mb:.3} ms per MB, {ratio:.2} x memcpy");
    let is_fast = ms_per_mb <= MS_PER_MB_MAX;
    assert!(is_fast || !paired::is_optimised(), "more than {MS_PER_MB_MAX} ms per MB");

    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("chunk_read");
    group.throughput(Throughput::Bytes(u64::try_from(stream.len()).unwrap()));
    group.bench_function("4096", |bencher| bencher.iter(|| read(&stream)));
    group.finish();
    criterion.final_summary();
}

/// Reads all messages, in pieces as a socket gives them.
fn read(stream: &[u8]) {
    let mut reader = ChunkReader::new(ChunkLimits::AFTER_PUBLISH);
    for piece in stream.chunks(READ_BYTES) {
        reader.receive_buffer().extend_from_slice(piece);
        while let Some(message) = reader.pull().unwrap() {
            black_box(message);
        }
    }
}

/// Eight seconds of 4 Mbit/s: pictures at 60 a second, a key frame every two seconds, and audio.
fn stream() -> Vec<u8> {
    let mut writer = ChunkWriter::compressing();
    let mut out = BytesMut::new();
    let mut write = |writer: &mut ChunkWriter, chunk_stream, timestamp_ms, kind, payload: &[u8]| {
        let message_stream = u32::from(kind != MessageKind::SetChunkSize);
        let message = Outgoing { chunk_stream, timestamp_ms, kind, message_stream, payload };
        writer.write(message, &mut out);
    };
    write(&mut writer, 2, 0, MessageKind::SetChunkSize, &CHUNK_BYTES.to_be_bytes());
    writer.set_chunk_bytes(CHUNK_BYTES);
    for picture in 0..480 {
        let bytes = if picture % 120 == 0 { 60_000 } else { 8_000 };
        let time = picture * 50 / 3;
        write(&mut writer, 4, time, MessageKind::Video, &noise(bytes));
        if picture % 5 != 0 {
            write(&mut writer, 4, time, MessageKind::Audio, &noise(400));
        }
    }
    out.to_vec()
}
