//! MPEG audio layer III, "MP3": frame headers (ISO/IEC 11172-3 and 13818-3, 2.4.1.3 and 2.4.2.3;
//! MPEG 2.5 is the usual extension to lower rates).

#[cfg(test)]
mod tests;

use thiserror::Error;

/// What the first unit of a track says of it. There is nothing ahead of the units.
///
/// Two are equal if a decoder sees no difference; how many bits a second are spent, and how two
/// channels are joined, may change from frame to frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mp3Config {
    version: Version,
    sample_rate: u32,
    channels: u8,
}

/// Why a unit does not begin with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Mp3ConfigError {
    /// It ends before its first frame does.
    #[error("the MP3 frame ends early, after {length} bytes")]
    Truncated {
        /// Bytes in the unit.
        length: usize,
    },
    /// There is no sync word where a frame begins.
    #[error("no MP3 sync word")]
    Sync,
    /// It is a frame of another layer, by its two bits: 3 is layer I, 2 layer II.
    #[error("an MPEG audio frame of layer code {0}, not 1")]
    Layer(u8),
    /// The version, bit rate or sampling frequency is reserved or free, so that nobody knows how
    /// long the frame is.
    #[error("an MP3 frame without a known length")]
    Length,
    /// The unit has more frames than is sensible.
    #[error("more than {limit} MP3 frames in one unit")]
    TooMany {
        /// The most that are taken.
        limit: usize,
    },
    /// The frames of the unit are not all alike.
    #[error("MP3 frames that differ in one unit")]
    Differs,
}

/// Most frames in a unit. Encoders send one; 32 are more than half a second.
pub const UNIT_FRAMES_MAX: usize = 32;

/// Which standard a frame is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// MPEG-1: 32 to 48 kHz.
    Mpeg1,
    /// MPEG-2: half of that.
    Mpeg2,
    /// MPEG 2.5: a quarter.
    Mpeg25,
}

/// Bytes of a frame header.
const HEADER_BYTES: usize = 4;

/// Bit rates by index in kbit/s: of MPEG-1 and of the others. Index 0 leaves the rate open.
const BIT_RATES_KBPS: [[u32; 15]; 2] = [
    [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
    [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];

/// Sampling frequencies of MPEG-1 by index, in hertz.
const SAMPLE_RATES: [u32; 3] = [44_100, 48_000, 32_000];

impl Mp3Config {
    /// Reads the frames of a unit: as a rule one.
    ///
    /// # Errors
    ///
    /// When it is not made of whole layer III frames that are alike.
    pub fn of_frame(unit: &[u8]) -> Result<Self, Mp3ConfigError> {
        Ok(frames(unit)?.0)
    }

    /// The standard that the frames are of.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// Samples a second; not 0.
    #[must_use]
    pub const fn sample_rate(&self) -> u32 {
        self.sample_rate
    }

    /// Channels: 1 or 2.
    #[must_use]
    pub const fn channels(&self) -> u8 {
        self.channels
    }

    /// Samples of each channel in a frame.
    #[must_use]
    pub const fn samples_per_frame(&self) -> u32 {
        match self.version {
            Version::Mpeg1 => 1_152,
            Version::Mpeg2 | Version::Mpeg25 => 576,
        }
    }

    /// The `objectTypeIndication` of the track's `esds` box (ISO/IEC 14496-1, table 5). There is
    /// none for MPEG 2.5; players take that of MPEG-2.
    #[must_use]
    pub const fn object_type_indication(&self) -> u8 {
        match self.version {
            Version::Mpeg1 => 0x6b,
            Version::Mpeg2 | Version::Mpeg25 => 0x69,
        }
    }

    /// The codec's entry in `CODECS`: MPEG-4's object type for layer III, which players of HLS
    /// know for every version.
    #[must_use]
    pub const fn rfc6381(&self) -> &'static str {
        "mp4a.40.34"
    }
}

/// Samples of each channel in a unit, or `None` if it is not made of whole frames that are alike.
#[must_use]
pub fn samples_in(unit: &[u8]) -> Option<u32> {
    frames(unit).ok().map(|(_, samples)| samples)
}

/// What the frames of a unit have in common, and their samples.
fn frames(unit: &[u8]) -> Result<(Mp3Config, u32), Mp3ConfigError> {
    let (config, length) = frame(unit)?;
    let (mut rest, mut samples) = (unit.get(length..).unwrap_or_default(), 0);
    for _ in 0..UNIT_FRAMES_MAX {
        samples += config.samples_per_frame();
        if rest.is_empty() {
            return Ok((config, samples));
        }
        let (next, length) = frame(rest)?;
        if next != config {
            return Err(Mp3ConfigError::Differs);
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    Err(Mp3ConfigError::TooMany { limit: UNIT_FRAMES_MAX })
}

/// Reads the header of the frame at the beginning of `bytes`, and its length with the header.
///
/// # Errors
///
/// When there is no layer III frame, or `bytes` do not hold the whole of it.
pub fn frame(bytes: &[u8]) -> Result<(Mp3Config, usize), Mp3ConfigError> {
    let truncated = Mp3ConfigError::Truncated { length: bytes.len() };
    let &[sync, kind, rates, channels] = bytes.first_chunk::<HEADER_BYTES>().ok_or(truncated)?;
    if sync != 0xff || kind & 0xe0 != 0xe0 {
        return Err(Mp3ConfigError::Sync);
    }
    let layer = kind >> 1 & 0b11;
    if layer != 1 {
        return Err(Mp3ConfigError::Layer(layer));
    }
    let (version, shift) = match kind >> 3 & 0b11 {
        0 => (Version::Mpeg25, 2),
        2 => (Version::Mpeg2, 1),
        3 => (Version::Mpeg1, 0),
        _ => return Err(Mp3ConfigError::Length),
    };
    let [of_mpeg1, of_others] = BIT_RATES_KBPS;
    let bit_rates = if version == Version::Mpeg1 { of_mpeg1 } else { of_others };
    let kbps = bit_rates.get(usize::from(rates >> 4)).copied().filter(|&kbps| kbps > 0);
    let full_rate = SAMPLE_RATES.get(usize::from(rates >> 2 & 0b11));
    let (Some(kbps), Some(full_rate)) = (kbps, full_rate) else {
        return Err(Mp3ConfigError::Length);
    };
    let sample_rate = full_rate >> shift;
    let channels = if channels >> 6 == 3 { 1 } else { 2 };
    let config = Mp3Config { version, sample_rate, channels };
    // A frame lasts `samples_per_frame / sample_rate` seconds; what is over is saved up until it
    // fills the byte of padding.
    let whole = config.samples_per_frame() / 8 * kbps * 1_000 / sample_rate;
    let padding = usize::from(rates >> 1 & 1);
    let length = usize::try_from(whole).map_err(|_| Mp3ConfigError::Length)? + padding;
    if length > bytes.len() { Err(truncated) } else { Ok((config, length)) }
}
