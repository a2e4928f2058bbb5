//! AAC: the `AudioSpecificConfig` (ISO/IEC 14496-3, 1.6.2.1) and ADTS headers (1.A.2.2).

mod adts;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use thiserror::Error;

use crate::bits::BitReader;

pub use adts::{AdtsFormat, AdtsHeader};

/// A parsed `AudioSpecificConfig`, which is FLV's AAC sequence header. Two are equal if their
/// bytes are.
#[derive(Clone, Debug)]
pub struct AacConfig {
    record: Bytes,
    object_type: u8,
    sample_rate: u32,
    channel_configuration: u8,
    channels: u8,
    samples_per_frame: u32,
    /// The output rate that spectral band replication makes, where it is announced.
    sbr_sample_rate: Option<u32>,
    has_parametric_stereo: bool,
}

/// Why an `AudioSpecificConfig` cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AacConfigError {
    /// It ends early.
    #[error("the AAC configuration ends early, after {length} bytes")]
    Truncated {
        /// Bytes in the configuration.
        length: usize,
    },
    /// It is longer than a configuration can sensibly be.
    #[error("the AAC configuration has {length} bytes, more than {limit}")]
    TooLong {
        /// Bytes in the configuration.
        length: usize,
        /// The most that is taken.
        limit: usize,
    },
    /// Neither AAC Main, LC, SSR or LTP nor one of them with SBR: not what live encoders send.
    #[error("MPEG-4 audio object type {0} is not AAC Main, LC, SSR or LTP")]
    ObjectType(u8),
    /// A reserved sampling frequency index.
    #[error("the AAC sampling frequency index {0} is reserved")]
    FrequencyIndex(u8),
    /// A sampling frequency written out that is out of range.
    #[error("an AAC sampling frequency of {hz} Hz, not between {min} and {max}")]
    SampleRate {
        /// What was read, in hertz.
        hz: u32,
        /// The lowest that is taken.
        min: u32,
        /// The highest that is taken.
        max: u32,
    },
    /// A reserved channel configuration, or one without channels.
    #[error("the AAC channel configuration {0} has no channels")]
    Channels(u8),
}

/// Longest configuration that is taken, in bytes. The usual ones have 2 to 5, one with a program
/// config element and a full comment field under 400.
pub const RECORD_BYTES_MAX: usize = 1_024;

/// Lowest sampling frequency that is taken, in hertz: the lowest of the standard's own table.
/// Lower ones would only make frames of absurd length.
pub const SAMPLE_RATE_MIN: u32 = 7_350;

/// Highest sampling frequency that is taken, in hertz: twice the highest of the standard's table,
/// for what SBR makes of it.
pub const SAMPLE_RATE_MAX: u32 = 192_000;

/// Longest ADTS frame with its header, in bytes: its length has 13 bits.
pub const ADTS_FRAME_BYTES_MAX: usize = 8_191;

/// Bytes of an ADTS header without a checksum.
pub const ADTS_HEADER_BYTES: usize = 7;

/// Sampling frequencies by index (table 1.18).
const SAMPLE_RATES: [u32; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
];

/// Samples of each channel in a frame, unless `frameLengthFlag` says 960. ADTS cannot say that.
const FRAME_SAMPLES: u32 = 1_024;

/// Audio object type of spectral band replication.
const SBR: u8 = 5;
/// Audio object type of parametric stereo, which implies SBR.
const PS: u8 = 29;

impl AacConfig {
    /// Parses an `AudioSpecificConfig`.
    ///
    /// # Errors
    ///
    /// When it is malformed, or not for AAC Main, LC, SSR or LTP, with or without SBR and
    /// parametric stereo.
    pub fn parse(record: Bytes) -> Result<Self, AacConfigError> {
        let length = record.len();
        if length > RECORD_BYTES_MAX {
            return Err(AacConfigError::TooLong { length, limit: RECORD_BYTES_MAX });
        }
        let truncated = AacConfigError::Truncated { length };
        let mut bits = BitReader::new(&record);
        let mut object_type = read_object_type(&mut bits).ok_or(truncated)?;
        let sample_rate = read_sample_rate(&mut bits, truncated)?;
        let channel_configuration = bits.byte(4).ok_or(truncated)?;
        let mut sbr_sample_rate = None;
        let has_parametric_stereo = object_type == PS;
        if object_type == SBR || object_type == PS {
            sbr_sample_rate = Some(read_sample_rate(&mut bits, truncated)?);
            object_type = read_object_type(&mut bits).ok_or(truncated)?;
        }
        if !(1..=4).contains(&object_type) {
            return Err(AacConfigError::ObjectType(object_type));
        }
        // GASpecificConfig (4.4.1).
        let is_short = bits.flag().ok_or(truncated)?;
        if bits.flag().ok_or(truncated)? {
            bits.skip(14).ok_or(truncated)?; // coreCoderDelay
        }
        let has_extension = bits.flag().ok_or(truncated)?;
        let channels = match channel_configuration {
            0 => read_program_config(&mut bits).ok_or(truncated)?,
            given => channel_count(given),
        };
        if channels == 0 {
            return Err(AacConfigError::Channels(channel_configuration));
        }
        if has_extension {
            bits.flag().ok_or(truncated)?; // extensionFlag3
        }
        let mut config = Self {
            object_type,
            sample_rate,
            channel_configuration,
            channels,
            samples_per_frame: if is_short { 960 } else { FRAME_SAMPLES },
            sbr_sample_rate,
            has_parametric_stereo,
            record: record.clone(),
        };
        if config.sbr_sample_rate.is_none() {
            config.read_sync_extension(&mut bits);
        }
        Ok(config)
    }

    /// The bytes that this was parsed from.
    #[must_use]
    pub const fn record(&self) -> &Bytes {
        &self.record
    }

    /// The audio object type of the coded frames themselves: 1 Main, 2 LC, 3 SSR, 4 LTP.
    #[must_use]
    pub const fn object_type(&self) -> u8 {
        self.object_type
    }

    /// Sampling frequency, in hertz, that [`Self::samples_per_frame`] counts in: that of the coded
    /// frames, before SBR doubles it. A frame lasts `samples_per_frame / sample_rate` seconds.
    #[must_use]
    pub const fn sample_rate(&self) -> u32 {
        self.sample_rate
    }

    /// Sampling frequency, in hertz, of what is heard. An encoder that does not announce SBR
    /// (implicit signalling) may make it twice as high.
    #[must_use]
    pub fn output_sample_rate(&self) -> u32 {
        self.sbr_sample_rate.unwrap_or(self.sample_rate)
    }

    /// Samples per channel in a frame, at [`Self::sample_rate`].
    #[must_use]
    pub const fn samples_per_frame(&self) -> u32 {
        self.samples_per_frame
    }

    /// Channels in the coded frames; at least 1. Parametric stereo makes two of one.
    #[must_use]
    pub const fn channels(&self) -> u8 {
        if self.has_parametric_stereo && self.channels == 1 { 2 } else { self.channels }
    }

    /// Whether SBR is announced: HE-AAC.
    #[must_use]
    pub const fn has_sbr(&self) -> bool {
        self.sbr_sample_rate.is_some()
    }

    /// The codec's entry in `CODECS` (RFC 6381, 3.3).
    #[must_use]
    pub fn rfc6381(&self) -> String {
        let object_type = match (self.has_parametric_stereo, self.has_sbr()) {
            (true, _) => PS,
            (false, true) => SBR,
            (false, false) => self.object_type,
        };
        format!("mp4a.40.{object_type}")
    }

    /// The ADTS header before a frame of `payload_len` bytes, or `None` where ADTS cannot say it:
    /// the frame and header have more than [`ADTS_FRAME_BYTES_MAX`] bytes, the sampling frequency
    /// is not one of the table's, a frame has 960 samples, or the channels are described by a
    /// program config element or a configuration above 7. SBR and parametric stereo go unsaid
    /// (implicit signalling).
    #[must_use]
    pub fn adts_header(&self, payload_len: usize) -> Option<[u8; ADTS_HEADER_BYTES]> {
        let length = payload_len.checked_add(ADTS_HEADER_BYTES)?;
        if length > ADTS_FRAME_BYTES_MAX || self.samples_per_frame != FRAME_SAMPLES {
            return None;
        }
        if !(1..=7).contains(&self.channel_configuration) {
            return None;
        }
        let index = SAMPLE_RATES.iter().position(|&rate| rate == self.sample_rate)?;
        let index = u64::try_from(index).ok()?;
        let mut bits: u64 = 0xfff1; // sync word, MPEG-4, layer 0, no checksum
        bits = bits << 2 | u64::from(self.object_type - 1);
        bits = bits << 4 | index;
        bits = bits << 4 | u64::from(self.channel_configuration); // after private_bit
        bits = bits << 17 | u64::try_from(length).ok()?; // after four bits of copyright
        bits = bits << 13 | 0x1ffc; // buffer fullness: variable rate; one raw data block
        let [_, header @ ..] = bits.to_be_bytes();
        Some(header)
    }

    /// The backward compatible announcement of SBR and parametric stereo that may follow
    /// (1.6.2.1, `syncExtensionType`). What is cut off or unknown is not there.
    fn read_sync_extension(&mut self, bits: &mut BitReader<'_>) -> Option<()> {
        if bits.u(11)? != 0x2b7 || read_object_type(bits)? != SBR || !bits.flag()? {
            return None;
        }
        let truncated = AacConfigError::Truncated { length: 0 };
        self.sbr_sample_rate = Some(read_sample_rate(bits, truncated).ok()?);
        if bits.u(11)? == 0x548 {
            self.has_parametric_stereo = bits.flag()?;
        }
        Some(())
    }
}

impl PartialEq for AacConfig {
    fn eq(&self, other: &Self) -> bool {
        self.record == other.record
    }
}

impl Eq for AacConfig {}

/// `GetAudioObjectType` (table 1.16).
fn read_object_type(bits: &mut BitReader<'_>) -> Option<u8> {
    match bits.byte(5)? {
        31 => Some(32 + bits.byte(6)?),
        object_type => Some(object_type),
    }
}

fn read_sample_rate(
    bits: &mut BitReader<'_>,
    truncated: AacConfigError,
) -> Result<u32, AacConfigError> {
    let index = bits.byte(4).ok_or(truncated)?;
    if index != 15 {
        let rate = SAMPLE_RATES.get(usize::from(index)).copied();
        return rate.ok_or(AacConfigError::FrequencyIndex(index));
    }
    let hz = bits.u(24).ok_or(truncated)?;
    if (SAMPLE_RATE_MIN..=SAMPLE_RATE_MAX).contains(&hz) {
        Ok(hz)
    } else {
        Err(AacConfigError::SampleRate { hz, min: SAMPLE_RATE_MIN, max: SAMPLE_RATE_MAX })
    }
}

/// Channels by configuration (table 1.19); 0 for a reserved one.
const fn channel_count(configuration: u8) -> u8 {
    match configuration {
        1..=6 => configuration,
        7 | 12 | 14 => 8,
        11 => 7,
        13 => 24,
        _ => 0,
    }
}

/// `program_config_element` (4.4.1.1): its channels.
fn read_program_config(bits: &mut BitReader<'_>) -> Option<u8> {
    bits.skip(4 + 2 + 4)?; // element_instance_tag, object_type, sampling_frequency_index
    let full_range = [bits.byte(4)?, bits.byte(4)?, bits.byte(4)?];
    let low_frequency = bits.byte(2)?;
    let associated = usize::from(bits.byte(3)?);
    let coupling = usize::from(bits.byte(4)?);
    for mixdown_bits in [4, 4, 3] {
        if bits.flag()? {
            bits.skip(mixdown_bits)?;
        }
    }
    // At most 3 * 15 pairs and 3 more.
    let mut channels = low_frequency;
    for elements in full_range {
        for _ in 0..elements {
            channels += 1 + u8::from(bits.flag()?);
            bits.skip(4)?;
        }
    }
    bits.skip(usize::from(low_frequency) * 4 + associated * 4 + coupling * 5)?;
    bits.align();
    let comment = usize::from(bits.byte(8)?);
    bits.skip(comment * 8)?;
    Some(channels)
}
