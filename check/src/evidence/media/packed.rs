//! Packed audio: elementary sound behind an ID3 tag that says when it begins (RFC 8216, 3.4).

use std::sync::Arc;

use bytes::Bytes;
use media::aac::{AdtsFormat, AdtsHeader};
use media::{Codec, CodecConfig, TrackKind, ac3, mp3};

use super::{SegmentMedia, TrackMedia, Unit};

/// Whose private frame says when the sound begins.
const OWNER: &[u8] = b"com.apple.streaming.transportStreamTimestamp";

/// Bytes of an ID3 tag before its frames, and of each frame before its content.
const ID3_HEADER_BYTES: usize = 10;

/// Times of MPEG-2 have 33 bits.
const TIME_BITS: u32 = 33;

/// Ticks of 90 kHz are 100,000 / 9 nanoseconds.
const TICKS_NS: (i128, i128) = (100_000, 9);

/// Most units that are read of a segment: an hour of AAC at 48 kHz has 168,750.
const UNITS_MAX: usize = 200_000;

/// Whether bytes begin with an ID3 tag, or with a frame of sound and the next one behind it.
pub(super) fn is_packed_audio(bytes: &[u8]) -> bool {
    bytes.starts_with(b"ID3")
        || Frame::read(bytes).is_some_and(|frame| {
            let rest = bytes.get(frame.bytes..).unwrap_or_default();
            rest.is_empty() || Frame::read(rest).is_some()
        })
}

/// The one track of a segment of packed audio. Where nothing says when it begins, it goes on from
/// the segment before it.
pub(super) fn read(bytes: &Bytes, before: Option<&SegmentMedia>) -> Vec<TrackMedia> {
    let expected = before.and_then(|media| media.times_of(TrackKind::Audio).next());
    let expected = expected.map(|times| times.end_ns);
    let start = timestamp(bytes).map(|ticks| unwrapped(ticks, expected)).or(expected);
    let mut sound = Sound::starting_at(start.unwrap_or_default());
    let mut rest = bytes.as_ref();
    while sound.units.len() < UNITS_MAX {
        if let Some((tag, _)) = split_tag(rest) {
            rest = rest.get(tag..).unwrap_or_default();
            continue;
        }
        let Some(frame) = Frame::read(rest) else { break };
        sound.add(rest.get(..frame.bytes).unwrap_or_default(), &frame);
        rest = rest.get(frame.bytes..).unwrap_or_default();
    }
    let Sound { config, changes, units, .. } = sound;
    vec![TrackMedia { id: 0, kind: TrackKind::Audio, config, changes, units }]
}

/// When the sound begins, in ticks of 90 kHz, if a tag at the start says so.
pub(super) fn timestamp(bytes: &[u8]) -> Option<u64> {
    let mut rest = bytes;
    while let Some((length, frames)) = split_tag(rest) {
        if let Some(ticks) = timestamp_in(frames) {
            return Some(ticks);
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    None
}

/// A frame of sound.
struct Frame {
    /// Which codec, and where that is AAC what its header says.
    codec: FrameCodec,
    /// Its bytes with its header.
    bytes: usize,
    /// Samples of each channel, and how many there are in a second.
    samples: (u32, u32),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum FrameCodec {
    Aac(AdtsFormat),
    Other(Codec),
}

/// What was read of a segment so far.
struct Sound {
    config: Option<Arc<CodecConfig>>,
    changes: Vec<(usize, Arc<CodecConfig>)>,
    units: Vec<Unit>,
    newest: Option<FrameCodec>,
    /// When the samples begin that are counted, how many there are, and how many in a second.
    since: (i64, u64, u32),
}

impl Frame {
    /// Reads the frame that `bytes` begin with. Only whole ones count.
    fn read(bytes: &[u8]) -> Option<Self> {
        Self::read_adts(bytes).or_else(|| Self::read_mp3(bytes)).or_else(|| Self::read_ac3(bytes))
    }

    fn read_adts(bytes: &[u8]) -> Option<Self> {
        let header = AdtsHeader::read(bytes).filter(|header| header.bytes <= bytes.len())?;
        let AdtsHeader { format, bytes, samples } = header;
        Some(Self { codec: FrameCodec::Aac(format), bytes, samples: (samples, format.sample_rate) })
    }

    fn read_mp3(bytes: &[u8]) -> Option<Self> {
        let (config, length) = mp3::frame(bytes).ok()?;
        let samples = (config.samples_per_frame(), config.sample_rate());
        Some(Self { codec: FrameCodec::Other(Codec::Mp3), bytes: length, samples })
    }

    /// Frames for the same time, which only Enhanced AC-3 has, are one.
    fn read_ac3(bytes: &[u8]) -> Option<Self> {
        let (mut length, samples) = ac3::frame(bytes).ok()?;
        while let Ok((more, 0)) = ac3::frame(bytes.get(length..)?) {
            length += more;
        }
        let config = ac3::Ac3Config::of_frame(bytes.get(..length)?).ok()?;
        let samples = (samples, config.sample_rate());
        Some(Self { codec: FrameCodec::Other(config.codec()), bytes: length, samples })
    }
}

impl Sound {
    const fn starting_at(start_ns: i64) -> Self {
        let since = (start_ns, 0, 1);
        Self { config: None, changes: Vec::new(), units: Vec::new(), newest: None, since }
    }

    fn add(&mut self, bytes: &[u8], frame: &Frame) {
        self.note_config(bytes, frame.codec);
        let (samples, rate) = frame.samples;
        let begins = self.now_ns();
        if rate != self.since.2 {
            self.since = (begins, 0, rate);
        }
        self.since.1 = self.since.1.saturating_add(u64::from(samples));
        self.units.push(Unit {
            dts_ns: begins,
            pts_ns: begins,
            length_ns: Some(self.now_ns().saturating_sub(begins)),
            is_key: true,
            bytes: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
        });
    }

    fn note_config(&mut self, bytes: &[u8], codec: FrameCodec) {
        let is_known = self.newest == Some(codec);
        self.newest = Some(codec);
        let config = match codec {
            FrameCodec::Aac(_) if is_known => return,
            FrameCodec::Aac(format) => format.config().map(CodecConfig::Aac),
            FrameCodec::Other(codec) => CodecConfig::of_unit(codec, bytes).and_then(Result::ok),
        };
        let Some(config) = config else { return };
        let newest = self.changes.last().map(|(_, config)| config).or(self.config.as_ref());
        match newest {
            Some(newest) if **newest == config => {}
            Some(_) => self.changes.push((self.units.len(), Arc::new(config))),
            None => self.config = Some(Arc::new(config)),
        }
    }

    /// When the next unit begins.
    fn now_ns(&self) -> i64 {
        let (start, samples, rate) = self.since;
        let nanos = u128::from(samples) * 1_000_000_000 / u128::from(rate.max(1));
        start.saturating_add(i64::try_from(nanos).unwrap_or(i64::MAX))
    }
}

/// The ID3 tag that `bytes` begin with: all of its bytes, and its frames (ID3 2.4, 3.1).
fn split_tag(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let &[b'I', b'D', b'3', version, _, flags, a, b, c, d] = bytes.first_chunk()? else {
        return None;
    };
    let size = synchsafe([a, b, c, d]);
    let footer = if version >= 4 && flags & 0x10 != 0 { ID3_HEADER_BYTES } else { 0 };
    let end = ID3_HEADER_BYTES.checked_add(size)?;
    let frames = bytes.get(ID3_HEADER_BYTES..end.min(bytes.len()))?;
    Some((end + footer, frames))
}

/// Looks for the private frame of [`OWNER`] among the frames of a tag. An extended header has
/// never been seen in one; where there is one nothing is found.
fn timestamp_in(frames: &[u8]) -> Option<u64> {
    let mut rest = frames;
    loop {
        let &[k0, k1, k2, k3, a, b, c, d, _, _] = rest.first_chunk()?;
        // Version 2.3 counts with all bits. Frames this small have one size in both.
        let size = synchsafe([a, b, c, d]);
        let content = rest.get(ID3_HEADER_BYTES..ID3_HEADER_BYTES.checked_add(size)?)?;
        if [k0, k1, k2, k3] == *b"PRIV"
            && let Some(data) = content.strip_prefix(OWNER).and_then(|it| it.strip_prefix(&[0]))
        {
            let ticks = u64::from_be_bytes(*data.first_chunk()?);
            return Some(ticks & ((1 << TIME_BITS) - 1));
        }
        rest = rest.get(ID3_HEADER_BYTES + size..)?;
    }
}

/// Four bytes of seven bits each.
fn synchsafe(bytes: [u8; 4]) -> usize {
    bytes.iter().fold(0, |sum, byte| sum << 7 | usize::from(byte & 0x7f))
}

/// The time that `ticks` stand for, as near as can be to the one that is expected.
fn unwrapped(ticks: u64, expected_ns: Option<i64>) -> i64 {
    let (numerator, denominator) = TICKS_NS;
    let nanos = |ticks: i128| i64::try_from(ticks * numerator / denominator).unwrap_or(i64::MAX);
    let (ticks, period) = (i128::from(ticks), 1_i128 << TIME_BITS);
    let Some(expected) = expected_ns else { return nanos(ticks) };
    let distance = i128::from(expected) * denominator / numerator - ticks;
    nanos(ticks + (distance + period / 2).div_euclid(period) * period)
}
