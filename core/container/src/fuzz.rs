//! Entry points for fuzzing. Each takes any bytes; the only thing that can go wrong is a panic.

use bytes::{Buf, Bytes, BytesMut};
use media::Track;

use crate::flv::{self, FileReader, TagKind};
use crate::ts;

/// An FLV file, through the demuxer and, once there are tracks, the transport stream muxer; what
/// comes out must be sound.
pub fn flv(data: &[u8]) {
    let mut reader = FileReader::new();
    let mut pipe = Pipe::default();
    reader.push(data);
    while let Ok(Some(tag)) = reader.pull() {
        pipe.take(tag.kind, tag.timestamp_ms, tag.payload);
    }
    pipe.check();
}

/// Payloads of messages without a file around them: kind, four bytes of time, a length, and so on.
pub fn flv_payloads(data: &[u8]) {
    let mut rest = Bytes::copy_from_slice(data);
    let mut pipe = Pipe::default();
    while rest.len() >= 6 {
        let kind = if rest.get_u8().is_multiple_of(2) { TagKind::Video } else { TagKind::Audio };
        let timestamp_ms = rest.get_u32();
        let length = usize::from(rest.get_u8()).min(rest.len());
        pipe.take(kind, timestamp_ms, rest.split_to(length));
    }
    pipe.check();
}

/// A transport stream.
pub fn ts(data: &[u8]) {
    read(data, |_| {});
}

/// Everything from payloads to packets.
#[derive(Default)]
struct Pipe {
    demuxer: flv::Demuxer,
    tracks: Vec<Track>,
    muxer: Option<ts::Muxer>,
    out: BytesMut,
}

impl Pipe {
    fn take(&mut self, kind: TagKind, timestamp_ms: u32, payload: Bytes) {
        self.demuxer.push(kind, timestamp_ms, payload);
        while let Some(event) = self.demuxer.pull() {
            match event {
                flv::Event::Track(track) => self.set_track(track),
                flv::Event::Unit(unit) => {
                    if let Some(muxer) = &mut self.muxer {
                        let _ = muxer.write(&unit, &mut self.out);
                    }
                }
                flv::Event::Unsupported { what, .. } => assert!(what.to_string().len() < 100),
                flv::Event::Repeated(_)
                | flv::Event::EndOfSequence(_)
                | flv::Event::BadConfig { .. } => {}
            }
        }
    }

    fn set_track(&mut self, track: Track) {
        self.tracks.retain(|old| old.id != track.id);
        self.tracks.push(track);
        if let Some(muxer) = &mut self.muxer {
            muxer.finish_segment(&mut self.out);
            let _ = muxer.set_tracks(&self.tracks);
        } else {
            self.muxer = ts::Muxer::new(&self.tracks).ok();
        }
        if let Some(muxer) = &mut self.muxer {
            muxer.begin(&mut self.out);
        }
    }

    /// Whatever came in, what came out is a sound transport stream.
    fn check(mut self) {
        if let Some(muxer) = &mut self.muxer {
            muxer.finish_segment(&mut self.out);
        }
        assert!(self.out.len().is_multiple_of(ts::PACKET_BYTES));
        read(&self.out, |event| assert!(!matches!(event, ts::Event::Fault(_)), "{event:?}"));
    }
}

fn read(data: &[u8], check: impl Fn(&ts::Event)) {
    let mut demuxer = ts::Demuxer::new();
    demuxer.push(data);
    while let Ok(Some(event)) = demuxer.pull() {
        check(&event);
    }
    demuxer.finish();
    while let Ok(Some(event)) = demuxer.pull() {
        check(&event);
    }
}
