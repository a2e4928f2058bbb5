//! Frames of sound, one behind the other in PES packets: AAC behind ADTS headers (ISO/IEC 13818-7,
//! 6.2), MPEG audio layer III, AC-3 and Enhanced AC-3.

use std::sync::Arc;

use media::aac::{ADTS_HEADER_BYTES, AdtsFormat, AdtsHeader};
use media::ac3::{self, Ac3Config, Ac3ConfigError};
use media::mp3::{self, Mp3ConfigError};
use media::{Codec, CodecConfig};

use super::Few;

/// What was seen of the frames of a stream. PES packets are counted from 0.
#[derive(Clone, Debug, Default)]
pub struct SoundFacts {
    /// Frames.
    pub frames: u64,
    /// PES packets with bytes where a frame should start.
    pub bad_frames: Few<u64>,
    /// PES packets that begin inside a frame.
    pub split_frames: Few<u64>,
    /// Bytes of the frame that the segment ends in.
    pub cut_bytes: Option<usize>,
    /// PES packets whose time is not what the frames before them add up to.
    pub off: Few<TimeOff>,
}

/// A PES packet whose time is not what the frames before it add up to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TimeOff {
    /// Which one.
    pub packet: u64,
    /// How much later it is, in nanoseconds; less than 0 if it is earlier.
    pub late_ns: i64,
}

/// Looks at the frames of a stream.
#[derive(Debug)]
pub(super) struct Sound {
    pub(super) facts: SoundFacts,
    codec: Codec,
    /// The start of a frame that ends in the next PES packet.
    carry: Vec<u8>,
    /// When frames are counted from, and the time that they took since.
    counted: Option<Counted>,
    format: Option<AdtsFormat>,
    config: Option<Arc<CodecConfig>>,
    /// How long the newest frame is.
    length_ns: i64,
}

#[derive(Clone, Copy, Debug)]
struct Counted {
    from_ns: i64,
    samples: u64,
    rate: u32,
}

/// One frame.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) pts_ns: i64,
    pub(super) length_ns: i64,
    pub(super) bytes: usize,
    /// What a decoder must know from this frame on, if that is new.
    pub(super) config: Option<Arc<CodecConfig>>,
}

/// What stands where a frame should start.
enum Step {
    Frame {
        bytes: usize,
        samples: u32,
    },
    /// It goes on behind the bytes that are there.
    More,
    Bad,
}

/// What a time may be off beyond a frame: times are rounded, by some to milliseconds.
const ROUNDING_NS: i64 = 1_000_000;

impl Sound {
    pub(super) fn new(codec: Codec) -> Self {
        Self {
            facts: SoundFacts::default(),
            codec,
            carry: Vec::new(),
            counted: None,
            format: None,
            config: None,
            length_ns: 0,
        }
    }

    /// Packets are missing: frames do not go on, and times cannot be counted on.
    pub(super) fn damage(&mut self) {
        self.carry.clear();
        self.counted = None;
    }

    /// Times do not go on from those before.
    pub(super) const fn break_clock(&mut self) {
        self.counted = None;
    }

    /// Takes in the data of a PES packet; its frames, and those that end in it.
    pub(super) fn take(
        &mut self,
        number: u64,
        data: &[u8],
        pts_ns: Option<i64>,
        is_damaged: bool,
    ) -> Vec<Frame> {
        let mut frames = Vec::new();
        let mut carried = std::mem::take(&mut self.carry);
        let mut rest = data;
        if !carried.is_empty() {
            if self.is_frame(data) && !self.completes(&carried, data) {
                // The frame does not go on here.
                self.facts.bad_frames.add(number);
                self.push(&carried, 0, None, &mut frames);
            } else {
                self.facts.split_frames.add(number);
                carried.extend_from_slice(data);
                rest = &carried;
            }
        }
        let is_carried = rest.len() != data.len();
        if let Some(pts_ns) = pts_ns
            && !is_carried
        {
            self.check_time(number, pts_ns);
        }
        let mut now = pts_ns.filter(|_| !is_carried);
        while !rest.is_empty() {
            match self.step(rest) {
                Step::Frame { bytes, samples } if bytes <= rest.len() => {
                    let (frame, after) = rest.split_at(bytes);
                    self.push(frame, samples, now.take(), &mut frames);
                    // The packet's time is that of the first frame that starts in it.
                    if is_carried && frames.len() == 1 {
                        now = pts_ns;
                    }
                    rest = after;
                }
                Step::Frame { .. } | Step::More => {
                    if !is_damaged {
                        self.carry.extend_from_slice(rest);
                    }
                    break;
                }
                Step::Bad => {
                    if !is_damaged {
                        self.facts.bad_frames.add(number);
                    }
                    let next = self.next_frame(rest);
                    let (lost, after) = rest.split_at(next.unwrap_or(rest.len()));
                    // What is between two frames is taken for one.
                    self.push(lost, 0, now.take(), &mut frames);
                    rest = after;
                }
            }
        }
        if is_damaged {
            self.damage();
        }
        frames
    }

    /// The segment ends. `is_cut` if that is known to be in the middle of a packet.
    pub(super) fn finish(&mut self, is_cut: bool) {
        if !self.carry.is_empty() && !is_cut {
            self.facts.cut_bytes = Some(self.carry.len());
        }
    }

    fn is_frame(&self, bytes: &[u8]) -> bool {
        matches!(self.step(bytes), Step::Frame { .. })
    }

    /// Whether the frame that starts with `carried` ends in `data` where another one starts.
    fn completes(&self, carried: &[u8], data: &[u8]) -> bool {
        let joined = [carried, data].concat();
        let Step::Frame { bytes, .. } = self.step(&joined) else { return false };
        joined.get(bytes..).is_some_and(|rest| rest.is_empty() || self.is_frame(rest))
    }

    fn step(&self, bytes: &[u8]) -> Step {
        match self.codec {
            Codec::Aac => match AdtsHeader::read(bytes) {
                Some(header) => Step::Frame { bytes: header.bytes, samples: header.samples },
                None if bytes.len() < ADTS_HEADER_BYTES && bytes.first() == Some(&0xff) => {
                    Step::More
                }
                None => Step::Bad,
            },
            Codec::Mp3 => match mp3::frame(bytes) {
                Ok((config, bytes)) => Step::Frame { bytes, samples: config.samples_per_frame() },
                Err(Mp3ConfigError::Truncated { .. }) => Step::More,
                Err(_) => Step::Bad,
            },
            Codec::Ac3 | Codec::Eac3 => ac3_step(bytes),
            Codec::Avc | Codec::Hevc | Codec::Av1 | Codec::Vp9 | Codec::Opus | Codec::Flac => {
                Step::Bad
            }
        }
    }

    /// Where the next frame starts in bytes that none starts with.
    fn next_frame(&self, bytes: &[u8]) -> Option<usize> {
        let sync = if matches!(self.codec, Codec::Ac3 | Codec::Eac3) { 0x0b } else { 0xff };
        let starts = memchr::memchr_iter(sync, bytes).filter(|&at| at > 0);
        starts.take(SEARCHES_MAX).find(|&at| {
            let rest = bytes.get(at..).unwrap_or_default();
            let Step::Frame { bytes, .. } = self.step(rest) else { return false };
            rest.get(bytes..).is_some_and(|rest| rest.is_empty() || self.is_frame(rest))
        })
    }

    /// Adds a frame. One of no samples is broken: it takes as long as the one before.
    fn push(&mut self, bytes: &[u8], samples: u32, at: Option<i64>, frames: &mut Vec<Frame>) {
        let config = if samples > 0 { self.read_config(bytes) } else { None };
        let rate = self.config.as_ref().and_then(|config| config.audio());
        let rate = rate
            .map(|audio| audio.sample_rate)
            .or_else(|| self.format.map(|format| format.sample_rate));
        let Some(rate) = rate else { return };
        if samples > 0 {
            self.length_ns = nanoseconds(u64::from(samples), rate);
        }
        let mut counted = self.counted.filter(|counted| counted.rate == rate);
        if let Some(at) = at
            && counted.is_none()
        {
            counted = Some(Counted { from_ns: at, samples: 0, rate });
        }
        let Some(mut counted) = counted else { return };
        let in_order = frames.last().map(|last: &Frame| last.pts_ns + last.length_ns);
        let pts_ns = at.or(in_order).unwrap_or_else(|| counted.now_ns());
        frames.push(Frame { pts_ns, length_ns: self.length_ns, bytes: bytes.len(), config });
        self.facts.frames += 1;
        counted.samples += match samples {
            0 => u64::try_from(self.length_ns).unwrap_or(0) * u64::from(rate) / 1_000_000_000,
            samples => u64::from(samples),
        };
        self.counted = Some(counted);
    }

    /// 2.4.3.7 gives a time to each PES packet, and the frames before it say what that must be.
    fn check_time(&mut self, number: u64, pts_ns: i64) {
        let Some(counted) = self.counted else { return };
        let late_ns = pts_ns - counted.now_ns();
        if late_ns.abs() > self.length_ns + ROUNDING_NS {
            self.facts.off.add(TimeOff { packet: number, late_ns });
            // Counted anew, so that one jump is one fault.
            self.counted = None;
        }
    }

    /// What a decoder must know of a frame, if that is new.
    fn read_config(&mut self, frame: &[u8]) -> Option<Arc<CodecConfig>> {
        let config = match self.codec {
            Codec::Aac => {
                let format = AdtsHeader::read(frame)?.format;
                if self.format == Some(format) {
                    return None;
                }
                self.format = Some(format);
                format.config().map(CodecConfig::Aac)
            }
            Codec::Mp3 => mp3::frame(frame).ok().map(|(config, _)| CodecConfig::Mp3(config)),
            Codec::Ac3 | Codec::Eac3 => Ac3Config::of_frame(frame).ok().map(CodecConfig::Ac3),
            Codec::Avc | Codec::Hevc | Codec::Av1 | Codec::Vp9 | Codec::Opus | Codec::Flac => None,
        };
        let config = config.filter(|config| self.config.as_deref() != Some(config)).map(Arc::new);
        if config.is_some() {
            self.config.clone_from(&config);
        }
        config
    }
}

impl Counted {
    fn now_ns(&self) -> i64 {
        self.from_ns + nanoseconds(self.samples, self.rate)
    }
}

/// Bytes that look like a frame's first one and are looked at, where one should start.
const SEARCHES_MAX: usize = 256;

/// A frame of substream 0, with those of other substreams that are heard at the same time.
fn ac3_step(bytes: &[u8]) -> Step {
    let (mut length, mut samples) = match ac3::frame(bytes) {
        Ok((length, samples)) => (length, samples),
        Err(Ac3ConfigError::Truncated { .. }) => return Step::More,
        Err(_) => return Step::Bad,
    };
    for _ in 0..ac3::UNIT_FRAMES_MAX {
        let Some(rest) = bytes.get(length..).filter(|rest| !rest.is_empty()) else { break };
        match ac3::frame(rest) {
            Ok((more, 0)) => length += more,
            // A unit that begins with another substream: all is one.
            Ok((more, others)) if samples == 0 => {
                length += more;
                samples = others;
            }
            Ok(_) | Err(_) => break,
        }
    }
    if samples == 0 { Step::Bad } else { Step::Frame { bytes: length, samples } }
}

/// How long so many samples are.
fn nanoseconds(samples: u64, rate: u32) -> i64 {
    let nanoseconds = u128::from(samples) * 1_000_000_000 / u128::from(rate.max(1));
    i64::try_from(nanoseconds).unwrap_or(i64::MAX)
}
