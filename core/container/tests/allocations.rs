//! How often memory is taken on the way of a unit: at most once for a unit and never for a packet
//! is the budget, and once things are under way it is not needed at all.
#![expect(clippy::unwrap_used, reason = "a test that cannot make its media has failed")]

use allocation_counter::measure;
use bytes::{Bytes, BytesMut};
use container::flv::{Demuxer, Event, FileReader, Tag};
use container::ts::{Muxer, PACKET_BYTES};
use media::{AccessUnit, Rounding, Timescale, Track};

/// Two seconds of 160x90 at 25 frames per second with B-frames, and 44.1 kHz stereo.
const FILE: &[u8] = include_bytes!("../testdata/ffmpeg-5.1_h264-bframes_aac.flv");

fn tags() -> Vec<Tag> {
    let mut reader = FileReader::new();
    reader.push(FILE);
    std::iter::from_fn(|| reader.pull().unwrap()).collect()
}

fn units() -> (Vec<Track>, Vec<AccessUnit>) {
    let mut demuxer = Demuxer::new();
    let (mut tracks, mut units) = (Vec::new(), Vec::new());
    for Tag { kind, timestamp_ms, payload } in tags() {
        demuxer.push(kind, timestamp_ms, payload);
        while let Some(event) = demuxer.pull() {
            match event {
                Event::Track(track) => tracks.push(track),
                Event::Unit(unit) => units.push(unit),
                Event::Repeated(_)
                | Event::EndOfSequence(_)
                | Event::Unsupported { .. }
                | Event::BadConfig { .. } => {}
            }
        }
    }
    (tracks, units)
}

/// Writes the units as one segment, which starts after so many repetitions of them.
fn write(muxer: &mut Muxer, units: &[AccessUnit], repetition: i64, out: &mut BytesMut) {
    let shift = |time: media::Timestamp| {
        let time = time.rescale(Timescale::MPEG, Rounding::Nearest).unwrap();
        time.checked_add(repetition * 180_000).unwrap()
    };
    muxer.begin(out);
    for unit in units {
        // Another handle to the same bytes: not counted, a caller has one already.
        let unit = AccessUnit { dts: shift(unit.dts), pts: shift(unit.pts), ..unit.clone() };
        muxer.write(&unit, out).unwrap();
    }
    muxer.finish_segment(out);
}

#[test]
fn a_transport_stream_is_written_without_taking_memory() {
    let (tracks, units) = units();
    let mut muxer = Muxer::new(&tracks).unwrap();
    let mut out = BytesMut::with_capacity(1 << 20);
    // Audio that waits finds its room, and every PID its counter.
    write(&mut muxer, &units, 0, &mut out);
    out.clear();
    for repetition in 1..5 {
        let counted = measure(|| write(&mut muxer, &units, repetition, &mut out));
        assert_eq!(counted.count_total, 0, "{counted:?}");
    }
    assert!(out.len() > 4 * units.len() * PACKET_BYTES);
}

#[test]
fn a_segment_that_outgrows_its_memory_takes_some_once_in_a_while() {
    let (tracks, units) = units();
    let mut muxer = Muxer::new(&tracks).unwrap();
    let counted = measure(|| write(&mut muxer, &units, 0, &mut BytesMut::new()));
    assert!(counted.count_total < 20, "{counted:?} for {} units", units.len());
}

#[test]
fn a_payload_becomes_a_unit_without_taking_memory() {
    let mut demuxer = Demuxer::new();
    let (mut units, mut allocations) = (0, Vec::new());
    for Tag { kind, timestamp_ms, payload } in tags() {
        let counted = measure(|| {
            demuxer.push(kind, timestamp_ms, payload);
            while let Some(event) = demuxer.pull() {
                units += u32::from(matches!(event, Event::Unit(_)));
            }
        });
        // The first bring the tracks, and room for events.
        if units > 10 {
            allocations.push(counted.count_total);
        }
    }
    assert_eq!(units, 50 + 88);
    assert!(allocations.iter().all(|&count| count == 0), "{allocations:?}");
}

#[test]
fn the_counter_counts() {
    let counted = measure(|| drop(Bytes::from(vec![1; 100])));
    assert_eq!(counted.count_total, 1);
}
