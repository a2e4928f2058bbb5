//! Transport streams: PES packets in, samples as MP4 stores them out.
//!
//! What becomes of a segment depends on its own bytes only, so that doing it twice gives the same.

use bytes::BytesMut;
use media::{Codec, CodecConfig, Timescale, TrackKind};

use super::picture::Pictures;
use super::sound::Sound;
use super::{Description, Sample, SegmentError, TrackTable, since33};
use crate::ts::{Demuxer, Event, Pes, Pid, ProgramMap, StreamType};

/// A stream of pictures or sound.
pub(in crate::mp4) struct Stream {
    pid: Pid,
    pub(in crate::mp4) kind: TrackKind,
    coding: Coding,
    output: Output,
}

enum Coding {
    Pictures(Pictures),
    Sound(Sound),
}

/// Samples, and their bytes one behind the other.
#[derive(Default)]
pub(super) struct Output {
    pub(super) samples: Vec<Sample>,
    pub(super) bytes: BytesMut,
}

/// Times of a PES packet, in 90 kHz ticks since the first of the segment.
#[derive(Clone, Copy)]
pub(super) struct Times {
    pub(super) pts: i64,
    pub(super) dts: i64,
}

/// Bytes that the demuxer is given at once: it copies them.
const PIECE_BYTES: usize = 188 * 512;

/// The first time in a segment, from which the others are counted, and its streams.
pub(in crate::mp4) fn demux(bytes: &[u8]) -> Result<(u64, Vec<Stream>), SegmentError> {
    let mut reading = Reading::default();
    let mut demuxer = Demuxer::new();
    for piece in bytes.chunks(PIECE_BYTES) {
        demuxer.push(piece);
        while let Some(event) = demuxer.pull()? {
            reading.take(event);
        }
    }
    demuxer.finish();
    while let Some(event) = demuxer.pull()? {
        reading.take(event);
    }
    reading.streams.iter_mut().for_each(Stream::finish);
    Ok((reading.first.unwrap_or(0), reading.streams))
}

#[derive(Default)]
struct Reading {
    first: Option<u64>,
    streams: Vec<Stream>,
}

impl Reading {
    fn take(&mut self, event: Event) {
        match event {
            Event::Program(map) => self.add_streams(&map),
            Event::Pes(pes) => self.add(&pes),
            // What is damaged or missing is so in the segment, too.
            Event::Programs(_) | Event::Pcr { .. } | Event::Fault(_) => {}
        }
    }

    fn add_streams(&mut self, map: &ProgramMap) {
        for stream in &map.streams {
            if !self.streams.iter().any(|known| known.pid == stream.pid) {
                self.streams.extend(Stream::new(stream.pid, stream.kind));
            }
        }
    }

    fn add(&mut self, pes: &Pes) {
        let Some(stream) = self.streams.iter_mut().find(|stream| stream.pid == pes.pid) else {
            return;
        };
        let times = pes.pts.map(|pts| {
            let first = *self.first.get_or_insert(pts);
            Times { pts: since33(pts, first), dts: since33(pes.dts.unwrap_or(pts), first) }
        });
        match &mut stream.coding {
            Coding::Pictures(pictures) => pictures.add(times, &pes.data, &mut stream.output),
            Coding::Sound(sound) => sound.add(times, &pes.data, &mut stream.output),
        }
    }
}

impl Stream {
    fn new(pid: Pid, kind: StreamType) -> Option<Self> {
        let coding = match kind {
            StreamType::AVC => Coding::Pictures(Pictures::new(Codec::Avc)),
            StreamType::HEVC => Coding::Pictures(Pictures::new(Codec::Hevc)),
            StreamType::AAC_ADTS => Coding::Sound(Sound::new(Codec::Aac)),
            StreamType::MPEG1_AUDIO | StreamType::MPEG2_AUDIO => {
                Coding::Sound(Sound::new(Codec::Mp3))
            }
            StreamType::AC3 => Coding::Sound(Sound::new(Codec::Ac3)),
            StreamType::EAC3 => Coding::Sound(Sound::new(Codec::Eac3)),
            _ => return None,
        };
        let kind = match coding {
            Coding::Pictures(_) => TrackKind::Video,
            Coding::Sound(_) => TrackKind::Audio,
        };
        Some(Self { pid, kind, coding, output: Output::default() })
    }

    /// The last picture lasts as long as the one before.
    fn finish(&mut self) {
        if let (TrackKind::Video, [.., before, last]) = (self.kind, &mut self.output.samples[..]) {
            last.duration = u32::try_from(last.dts.saturating_sub(before.dts)).unwrap_or(1).max(1);
        }
    }

    pub(in crate::mp4) fn samples(&self) -> &[Sample] {
        &self.output.samples
    }

    /// The bytes of all samples.
    pub(in crate::mp4) fn bytes(&self) -> &[u8] {
        &self.output.bytes
    }

    /// Without the bytes. A stream of which nothing is known, not even its timescale, has no
    /// samples, but still its place among the others.
    pub(super) fn into_table(self) -> TrackTable {
        let Self { kind, coding, output, .. } = self;
        let described = match coding {
            // The segment may go on where the one before was cut off.
            Coding::Pictures(pictures) if !pictures.has_sets() => Some((Timescale::MPEG, None)),
            Coding::Pictures(pictures) => describe(kind, pictures.config()),
            Coding::Sound(sound) => describe(kind, sound.into_config(&output)),
        };
        let samples = if described.is_some() { output.samples } else { Vec::new() };
        let (timescale, description) = described.unwrap_or((Timescale::MPEG, None));
        TrackTable { kind, timescale, description, samples, runs: Vec::new() }
    }
}

fn describe(
    kind: TrackKind,
    config: Option<CodecConfig>,
) -> Option<(Timescale, Option<Description>)> {
    let (timescale, description) = Description::of_codec(kind, config?)?;
    Some((timescale, Some(description)))
}
