//! What the tests of several modules need.

use bytes::{Bytes, BytesMut};
use media::aac::AacConfig;
use media::avc::AvcConfig;
use media::{AccessUnit, CodecConfig, Timescale, Timestamp, Track, TrackId};

use crate::flv::{self, FileReader, Tag};

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

/// The bytes of a text of hexadecimal digits; white space is for the reader.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

/// The bytes of a text of hexadecimal digits in which letters in quotes stand for themselves.
pub(crate) fn bytes(text: &str) -> Vec<u8> {
    let part = |(index, part): (usize, &str)| match index % 2 {
        0 => hex(part),
        _ => part.as_bytes().to_vec(),
    };
    text.split('\'').enumerate().flat_map(part).collect()
}

/// Calls `run` with 10,000 damaged copies of the samples: the same ones on every run. The seed of
/// one that panics is printed.
pub(crate) fn mutations(samples: &[&[u8]], run: impl Fn(&[u8])) {
    for seed in 0..10_000 {
        let mut random = Random(seed);
        let mut data = samples[random.below(samples.len())].to_vec();
        for _ in 0..=random.below(4) {
            random.damage(&mut data);
        }
        println!("seed {seed}");
        run(&data);
    }
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ mixed >> 31) >> 1).unwrap() % limit.max(1)
    }

    fn damage(&mut self, data: &mut Vec<u8>) {
        let at = self.below(data.len());
        let byte = u8::try_from(self.below(256)).unwrap();
        match self.below(6) {
            0 => data.truncate(at),
            1 => data.insert(at, byte),
            2 if !data.is_empty() => drop(data.remove(at)),
            3 => data.extend_from_within(..at),
            _ if !data.is_empty() => data[at] = byte,
            _ => data.push(byte),
        }
    }
}
