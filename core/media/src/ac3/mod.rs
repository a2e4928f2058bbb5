//! AC-3 and Enhanced AC-3 (ETSI TS 102 366): what the sync frames of a unit say, and the `dac3`
//! and `dec3` boxes (annex F).

mod frame;
#[cfg(test)]
mod tests;

use thiserror::Error;

use crate::Codec;
use frame::{Stream, SyncFrame, sync_frames};

/// What the first unit of a track says of it. There is nothing ahead of the units.
///
/// Two are equal if a decoder sees no difference; how many bits a second are spent may differ.
#[derive(Clone, Debug)]
pub struct Ac3Config {
    codec: Codec,
    sample_rate: u32,
    /// One for each independent substream, by its number; 1 to 8 of them. They are in place, since
    /// every unit is looked at: it may bring other ones.
    programs: [Option<Program>; PROGRAMS_MAX],
    /// Which of AC-3's rates it is (table 4.13): `bit_rate_code` of the `dac3` box.
    bit_rate_code: u8,
    /// Bits a second of the unit that was looked at, in thousands.
    data_rate_kbps: u16,
}

/// Why a unit says nothing that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Ac3ConfigError {
    /// There is no sync word where a frame begins.
    #[error("no AC-3 sync word after {at} bytes of a unit")]
    Sync {
        /// Where in the unit.
        at: usize,
    },
    /// A frame is longer than what is left of its unit.
    #[error("an AC-3 frame ends early, after {left} bytes")]
    Truncated {
        /// Bytes from the frame's first one to the end of the unit.
        left: usize,
    },
    /// An identification that no decoder knows.
    #[error("an AC-3 frame of bit stream identification {0}")]
    Identification(u8),
    /// A code for the sampling frequency, the size or the stream's type is reserved, or the frame
    /// is shorter than its header.
    #[error("an AC-3 frame whose header makes no sense")]
    Header,
    /// The unit has more frames than the format knows.
    #[error("more than {limit} AC-3 frames in one unit")]
    TooMany {
        /// The most that are taken.
        limit: usize,
    },
    /// The substreams do not begin with number 0, or leave a number out.
    #[error("AC-3 substream {number} where there are {count}")]
    Substream {
        /// The substream's number.
        number: u8,
        /// Substreams of its type before it.
        count: usize,
    },
    /// The frames do not all have one sampling frequency.
    #[error("AC-3 frames of {one} and {other} Hz in one unit")]
    SampleRates {
        /// That of the first frame, in hertz.
        one: u32,
        /// That of a later one, in hertz.
        other: u32,
    },
    /// The unit is one of the other of the two codecs.
    #[error("a unit of {found:?} on a track of {announced:?}")]
    Codec {
        /// What the publisher said.
        announced: Codec,
        /// What it sends.
        found: Codec,
    },
}

/// An independent substream with those that depend on it: sound that is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Program {
    rate_code: u8,
    identification: u8,
    service: u8,
    coding_mode: u8,
    has_lfe: bool,
    /// Substreams that depend on this one; at most 8.
    dependents: u8,
    /// Where their channels are: all their `chanmap` fields (table E.1.4).
    channel_map: u16,
}

/// Most sync frames in a unit: six of one block, each in eight independent substreams with eight
/// dependent ones.
pub const UNIT_FRAMES_MAX: usize = 6 * 8 * 9;

/// Independent substreams that three bits can number.
const PROGRAMS_MAX: usize = 8;

/// Highest `data_rate` that a `dec3` box can say, in kbit/s.
const DATA_RATE_MAX: u16 = 0x1fff;

impl Ac3Config {
    /// Reads the sync frames of a unit: one AC-3 frame or more, or the Enhanced AC-3 frames of
    /// all substreams for the same time.
    ///
    /// # Errors
    ///
    /// When it is not made of whole sync frames, beginning with that of substream 0.
    pub fn of_frame(unit: &[u8]) -> Result<Self, Ac3ConfigError> {
        let first = sync_frames(unit).next();
        let first = first.unwrap_or(Err(Ac3ConfigError::Truncated { left: 0 }))?;
        let mut config = Self {
            codec: Codec::Ac3,
            sample_rate: first.sample_rate,
            programs: [None; PROGRAMS_MAX],
            bit_rate_code: first.size_code / 2,
            data_rate_kbps: 0,
        };
        let (mut samples, mut program) = (0, None);
        for frame in sync_frames(unit) {
            let frame = frame?;
            program = Some(config.add(&frame, program)?);
            samples += frame.samples_of_program();
        }
        config.data_rate_kbps = data_rate_kbps(unit.len(), config.sample_rate, samples);
        Ok(config)
    }

    /// The same, for a track that is announced as one of `codec`.
    ///
    /// # Errors
    ///
    /// Also when the unit is one of another codec.
    pub(crate) fn of_unit(codec: Codec, unit: &[u8]) -> Result<Self, Ac3ConfigError> {
        let config = Self::of_frame(unit)?;
        if config.codec != codec {
            return Err(Ac3ConfigError::Codec { announced: codec, found: config.codec });
        }
        Ok(config)
    }

    /// AC-3 or Enhanced AC-3. It is the latter as soon as one frame is, also behind AC-3 frames.
    #[must_use]
    pub const fn codec(&self) -> Codec {
        self.codec
    }

    /// Samples a second; not 0.
    #[must_use]
    pub const fn sample_rate(&self) -> u32 {
        self.sample_rate
    }

    /// Channels of the first program, the one that players choose; at least 1.
    #[must_use]
    pub fn channels(&self) -> u8 {
        self.programs().next().map_or(1, Program::channels)
    }

    /// The codec's entry in `CODECS`.
    #[must_use]
    pub fn rfc6381(&self) -> &'static str {
        if self.codec == Codec::Ac3 { "ac-3" } else { "ec-3" }
    }

    /// The payload of an AC-3 track's `dac3` box (F.4); `None` for Enhanced AC-3.
    #[must_use]
    pub fn dac3(&self) -> Option<[u8; 3]> {
        let program = self.programs().next().filter(|_| self.codec == Codec::Ac3)?;
        let mut bits = u32::from(program.rate_code);
        bits = bits << 5 | u32::from(program.identification);
        bits = bits << 3 | u32::from(program.service);
        bits = bits << 3 | u32::from(program.coding_mode);
        bits = bits << 1 | u32::from(program.has_lfe);
        bits = bits << 5 | u32::from(self.bit_rate_code);
        let [_, payload @ ..] = (bits << 5).to_be_bytes();
        Some(payload)
    }

    /// The payload of an Enhanced AC-3 track's `dec3` box (F.6); `None` for AC-3.
    #[must_use]
    pub fn dec3(&self) -> Option<Vec<u8>> {
        if self.codec == Codec::Ac3 {
            return None;
        }
        let others = u16::try_from(self.programs().count()).ok()?.checked_sub(1)?;
        let mut payload = (self.data_rate_kbps << 3 | others).to_be_bytes().to_vec();
        for program in self.programs() {
            payload.extend(program.in_dec3());
        }
        Some(payload)
    }

    /// What is there, in the order of the numbers, of which none is left out.
    fn programs(&self) -> impl Iterator<Item = &Program> {
        self.programs.iter().flatten()
    }

    /// Takes a frame of the unit into account. `current` is the program of the frame before it;
    /// returns that of this one.
    fn add(&mut self, frame: &SyncFrame, current: Option<usize>) -> Result<usize, Ac3ConfigError> {
        if frame.sample_rate != self.sample_rate {
            let (one, other) = (self.sample_rate, frame.sample_rate);
            return Err(Ac3ConfigError::SampleRates { one, other });
        }
        let count = self.programs().count();
        let number = match frame.stream {
            Stream::Ac3 => 0,
            Stream::Independent(number) => {
                self.codec = Codec::Eac3;
                number
            }
            Stream::Dependent(number) => {
                self.codec = Codec::Eac3;
                let wrong = Ac3ConfigError::Substream { number, count };
                let current = current.ok_or(wrong)?;
                let program =
                    self.programs.get_mut(current).and_then(Option::as_mut).ok_or(wrong)?;
                program.dependents = program.dependents.max(number + 1);
                program.channel_map |= frame.channel_map;
                return Ok(current);
            }
        };
        let index = usize::from(number);
        // A program that is there already comes with its next blocks.
        if index == count
            && let Some(room) = self.programs.get_mut(index)
        {
            *room = Some(Program::of(frame));
        }
        if index > count { Err(Ac3ConfigError::Substream { number, count }) } else { Ok(index) }
    }
}

impl PartialEq for Ac3Config {
    fn eq(&self, other: &Self) -> bool {
        (self.codec, self.sample_rate, &self.programs)
            == (other.codec, other.sample_rate, &other.programs)
    }
}

impl Eq for Ac3Config {}

/// Samples of each channel in a unit, at [`Ac3Config::sample_rate`]; `None` if the unit is not
/// made of whole sync frames, or nothing in it belongs to substream 0.
#[must_use]
pub fn samples_in(unit: &[u8]) -> Option<u32> {
    let samples = sync_frames(unit)
        .try_fold(0, |samples, frame| Some(samples + frame.ok()?.samples_of_program()))?;
    (samples > 0).then_some(samples)
}

/// Bytes of the sync frame at the beginning of `bytes`, and the samples that it adds to its unit:
/// none if it belongs to the unit that another frame began.
///
/// # Errors
///
/// When there is no sync frame, or `bytes` do not hold the whole of it.
pub fn frame(bytes: &[u8]) -> Result<(usize, u32), Ac3ConfigError> {
    let first = sync_frames(bytes).next().unwrap_or(Err(Ac3ConfigError::Truncated { left: 0 }))?;
    Ok((first.bytes, first.samples_of_program()))
}

impl Program {
    const fn of(frame: &SyncFrame) -> Self {
        Self {
            rate_code: frame.rate_code,
            identification: frame.identification,
            service: frame.service,
            coding_mode: frame.coding_mode,
            has_lfe: frame.has_lfe,
            dependents: 0,
            channel_map: 0,
        }
    }

    /// Channels, with those that dependent substreams add. The ones that they replace count once.
    fn channels(&self) -> u8 {
        let full = match self.coding_mode {
            1 => 1,
            0 | 2 => 2,
            3 | 4 => 3,
            5 | 6 => 4,
            _ => 5,
        };
        let added = |locations: &[u16], channels: u8| -> u8 {
            locations.iter().map(|bit| if self.has_location(*bit) { channels } else { 0 }).sum()
        };
        let pairs = added(&[5, 6, 9, 10, 11, 13], 2);
        full + u8::from(self.has_lfe) + pairs + added(&[7, 8, 12, 14], 1)
    }

    /// Whether a dependent substream has channels at this bit of table E.1.4, whose bit 0 is the
    /// most significant one.
    const fn has_location(&self, bit: u16) -> bool {
        self.channel_map << bit & 0x8000 != 0
    }

    /// The substream's part of a `dec3` box.
    fn in_dec3(&self) -> Vec<u8> {
        let mut bits = u32::from(self.rate_code);
        bits = bits << 5 | u32::from(self.identification);
        bits = bits << 5 | u32::from(self.service); // after a reserved bit and asvc
        bits = bits << 3 | u32::from(self.coding_mode);
        bits = bits << 1 | u32::from(self.has_lfe);
        bits = bits << 7 | u32::from(self.dependents); // after three reserved bits
        if self.dependents == 0 {
            let [_, substream @ ..] = (bits << 1).to_be_bytes();
            return substream.to_vec();
        }
        // Table F.6.1 counts from the least significant bit and has none for Lts and Rts.
        for location in [14, 12, 11, 10, 9, 8, 7, 6, 5] {
            bits = bits << 1 | u32::from(self.has_location(location));
        }
        bits.to_be_bytes().to_vec()
    }
}

/// Bits a second in thousands, to the nearest, of which `bytes` last `samples`.
fn data_rate_kbps(bytes: usize, sample_rate: u32, samples: u32) -> u16 {
    let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
    let bits = bytes.saturating_mul(8).saturating_mul(u64::from(sample_rate));
    let thousand = u64::from(samples) * 1_000;
    let kbps = bits.saturating_add(thousand / 2).checked_div(thousand).unwrap_or(0);
    u16::try_from(kbps).unwrap_or(u16::MAX).min(DATA_RATE_MAX)
}
