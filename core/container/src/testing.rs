//! What the tests of several modules need.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use media::aac::AacConfig;
use media::avc::AvcConfig;
use media::{AccessUnit, CodecConfig, Timescale, Timestamp, Track, TrackId};
use rtmp::chunk::ChunkReader;
use rtmp::{ChunkLimits, MessageKind};
use samples::{Capture, HANDSHAKE_BYTES};
pub(crate) use samples::{damaged as mutations, hex};

use crate::flv::{self, FileReader, Tag, TagKind};

/// Two seconds of 160x90 at 25 frames per second with B-frames, and 44.1 kHz stereo.
pub(crate) const REAL_FILE: &[u8] = include_bytes!("../testdata/ffmpeg-5.1_h264-bframes_aac.flv");

/// The tags of [`REAL_FILE`].
pub(crate) fn real_tags() -> Vec<Tag> {
    let mut reader = FileReader::new();
    reader.push(REAL_FILE);
    std::iter::from_fn(|| reader.pull().unwrap()).collect()
}

/// The tracks and units of [`REAL_FILE`].
pub(crate) fn real_units() -> (Vec<Track>, Vec<AccessUnit>) {
    let mut demuxer = flv::Demuxer::new();
    let (mut tracks, mut units) = (Vec::new(), Vec::new());
    for Tag { kind, timestamp_ms, payload } in real_tags() {
        demuxer.push(kind, timestamp_ms, payload);
        while let Some(event) = demuxer.pull() {
            match event {
                flv::Event::Track(track) => tracks.push(track),
                flv::Event::Unit(unit) => units.push(unit),
                flv::Event::EndOfSequence(TrackId::VIDEO) => {}
                flv::Event::Repeated(_)
                | flv::Event::EndOfSequence(_)
                | flv::Event::Unsupported { .. }
                | flv::Event::BadConfig { .. } => panic!("{event:?}"),
            }
        }
    }
    (tracks, units)
}

/// The tracks that a recorded push announces, each as it was at last, and all units.
pub(crate) fn captured(capture: &Capture) -> (Vec<Track>, Vec<AccessUnit>) {
    let mut reader = ChunkReader::new(ChunkLimits::AFTER_PUBLISH);
    reader.push(capture.bytes.get(HANDSHAKE_BYTES..).unwrap());
    let mut demuxer = flv::Demuxer::new();
    let (mut tracks, mut units) = (BTreeMap::new(), Vec::new());
    while let Some(message) = reader.pull().unwrap() {
        let kind = if message.kind == MessageKind::Audio {
            TagKind::Audio
        } else if message.kind == MessageKind::Video {
            TagKind::Video
        } else {
            continue;
        };
        demuxer.push(kind, message.timestamp_ms, message.payload);
        while let Some(event) = demuxer.pull() {
            match event {
                flv::Event::Track(track) => drop(tracks.insert(track.id, track)),
                flv::Event::Unit(unit) => units.push(unit),
                flv::Event::Repeated(_)
                | flv::Event::EndOfSequence(_)
                | flv::Event::Unsupported { .. }
                | flv::Event::BadConfig { .. } => {}
            }
        }
    }
    (tracks.into_values().collect(), units)
}

/// A decoder configuration record for pictures of 1920x1080.
pub(crate) const AVC_RECORD: &str = "01640028 ff
    e1 001b 67640028acd940780227e5c044000003000400000300f03c60c658 01 0006 68ebe3cb22c0 fdf8f800";

/// The sets of [`AVC_RECORD`].
pub(crate) const SPS: &str = "67640028acd940780227e5c044000003000400000300f03c60c658";
pub(crate) const PPS: &str = "68ebe3cb22c0";

/// A track of AAC LC at 48 kHz in stereo.
pub(crate) const AAC_RECORD: &str = "119056e500";

pub(crate) fn video() -> Track {
    let config = AvcConfig::parse(hex(AVC_RECORD).into()).unwrap();
    Track::new(TrackId::VIDEO, CodecConfig::Avc(config))
}

pub(crate) fn audio() -> Track {
    let config = AacConfig::parse(hex(AAC_RECORD).into()).unwrap();
    Track::new(TrackId::AUDIO, CodecConfig::Aac(config))
}

/// A picture of NAL units given as texts of hexadecimal digits; IDR if one starts with 65. Times
/// are in milliseconds.
pub(crate) fn picture(dts: i64, pts: i64, nal_units: &[&str]) -> AccessUnit {
    let mut payload = BytesMut::new();
    for nal in nal_units {
        let nal = hex(nal);
        payload.extend_from_slice(&u32::try_from(nal.len()).unwrap().to_be_bytes());
        payload.extend_from_slice(&nal);
    }
    AccessUnit {
        track: TrackId::VIDEO,
        dts: Timestamp::from_millis(dts),
        pts: Timestamp::from_millis(pts),
        random_access: nal_units.iter().any(|nal| nal.starts_with("65")),
        samples: 0,
        payload: payload.freeze(),
    }
}

/// The AAC frame that starts after `samples` samples at 48 kHz.
pub(crate) fn frame(samples: i64, payload: &[u8]) -> AccessUnit {
    let time = Timestamp::new(samples, Timescale::new(48_000).unwrap());
    let payload = Bytes::copy_from_slice(payload);
    let track = TrackId::AUDIO;
    AccessUnit { track, dts: time, pts: time, random_access: true, samples: 1_024, payload }
}

/// The bytes of a text of hexadecimal digits in which letters in quotes stand for themselves.
pub(crate) fn bytes(text: &str) -> Vec<u8> {
    let part = |(index, part): (usize, &str)| match index % 2 {
        0 => hex(part),
        _ => part.as_bytes().to_vec(),
    };
    text.split('\'').enumerate().flat_map(part).collect()
}
