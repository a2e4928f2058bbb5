//! How often memory is taken on the way of a unit: at most once for a unit and never for a packet
//! is the budget, and once things are under way it is not needed at all.
#![expect(clippy::unwrap_used, reason = "a test that cannot make its media has failed")]

use allocation_counter::measure;
use bytes::{Bytes, BytesMut};
use container::flv::{Demuxer, Event, FileReader, Tag, TagKind};
use container::fmp4;
use container::fuzz::in_file;
use container::ts::{Muxer, PACKET_BYTES};
use media::{AccessUnit, Rounding, Timescale, Track};
use rtmp::chunk::ChunkReader;
use rtmp::{ChunkLimits, Message, MessageKind};
use samples::{Capture, HANDSHAKE_BYTES};

/// Two seconds of 160x90 at 25 frames per second with B-frames, and 44.1 kHz stereo.
const FILE: &[u8] = include_bytes!("../testdata/ffmpeg-5.1_h264-bframes_aac.flv");

fn tags() -> Vec<Tag> {
    let mut reader = FileReader::new();
    reader.push(FILE);
    std::iter::from_fn(|| reader.pull().unwrap()).collect()
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
    let (tracks, units) = in_file(FILE);
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
    let (tracks, units) = in_file(FILE);
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

/// From what a socket gave to what is served.
#[derive(Default)]
struct Pipe {
    demuxer: Demuxer,
    tracks: Vec<Track>,
    ts: Option<Muxer>,
    fmp4: Option<fmp4::Muxer>,
    units: u64,
}

impl Pipe {
    /// Takes a message all the way. Says how often memory was taken for the units of it, and how
    /// many there were; a message with a track counts nothing.
    fn take(&mut self, message: Message, out: &mut BytesMut, samples: &mut BytesMut) -> [u64; 2] {
        let kinds = [(MessageKind::Video, TagKind::Video), (MessageKind::Audio, TagKind::Audio)];
        let Some((_, kind)) = kinds.into_iter().find(|(kind, _)| *kind == message.kind) else {
            return [0; 2];
        };
        let (mut units, mut has_track) = (0, false);
        let counted = measure(|| {
            self.demuxer.push(kind, message.timestamp_ms, message.payload);
            while let Some(event) = self.demuxer.pull() {
                match event {
                    Event::Track(track) => {
                        has_track = true;
                        self.tracks.retain(|old| old.id != track.id);
                        self.tracks.push(track);
                        self.ts = Muxer::new(&self.tracks).ok();
                        self.fmp4 = fmp4::Muxer::new(&self.tracks).ok();
                    }
                    Event::Unit(unit) => {
                        units += 1;
                        self.ts.as_mut().unwrap().write(&unit, out).unwrap();
                        self.fmp4.as_mut().unwrap().write(&unit).unwrap();
                    }
                    Event::Repeated(_) | Event::EndOfSequence(_) => {}
                    Event::Unsupported { .. } | Event::BadConfig { .. } => panic!("{event:?}"),
                }
            }
        });
        self.units += units;
        // A fragment of twenty units, so that the room for its samples is there after the first.
        if self.units.is_multiple_of(20)
            && let Some(muxer) = &mut self.fmp4
        {
            muxer.finish_fragment(|_| None, samples);
        }
        if has_track { [0; 2] } else { [counted.count_total, units] }
    }
}

/// Takes a recorded push from its chunks into both containers. What counts begins when two
/// fragments have made the room that the others use again.
#[track_caller]
fn check_push(name: &str) {
    let mut reader = ChunkReader::new(ChunkLimits::AFTER_PUBLISH);
    let capture = Capture::named(name).unwrap();
    let mut pipe = Pipe::default();
    let (mut out, mut samples) =
        (BytesMut::with_capacity(8 << 20), BytesMut::with_capacity(8 << 20));
    let bytes = capture.bytes.get(HANDSHAKE_BYTES..).unwrap();
    let (mut messages, mut read, mut taken, mut units) = (0, 0, 0, 0);
    for received in bytes.chunks(4_096) {
        reader.push(received);
        loop {
            let mut message = None;
            let counted = measure(|| message = reader.pull().unwrap());
            let Some(message) = message else { break };
            let [count, of_units] = pipe.take(message, &mut out, &mut samples);
            if pipe.units > 40 {
                messages += 1;
                read += counted.count_total;
                taken += count;
                units += of_units;
            }
        }
    }
    assert!(units > 20, "{name}: {units} units");
    assert!(
        taken <= units && read <= messages,
        "{name}: memory is taken {read} times to read {messages} messages, and {taken} times to \
         demux and mux {units} units"
    );
}

#[test]
fn real_pushes_take_memory_once_for_a_unit_at_most() {
    check_push("ffmpeg-9.0_h264_aac");
    check_push("ffmpeg-9.0_hevc-bframes_aac");
    check_push("ffmpeg-9.0_h264_ac3");
    check_push("ffmpeg-9.0_h264_mp3");
    check_push("obs-29.0_h264_aac");
}

#[test]
fn the_counter_counts() {
    let counted = measure(|| drop(Bytes::from(vec![1; 100])));
    assert_eq!(counted.count_total, 1);
}
