//! Opus: the identification header (RFC 7845, 5.1), the `dOps` box ("Encapsulation of Opus in ISO
//! Base Media File Format", 4.3.2), and how long a packet lasts (RFC 6716, 3.1 and 3.2).

#[cfg(test)]
mod tests;

use bytes::Bytes;
use thiserror::Error;

/// A parsed `OpusHead`, which is Enhanced RTMP's sequence start of an Opus track. Two are equal if
/// their bytes are.
#[derive(Clone, Debug)]
pub struct OpusConfig {
    record: Bytes,
    channels: u8,
    pre_skip: u16,
    input_sample_rate: u32,
    output_gain: i16,
    mapping_family: u8,
    mapping_table: Bytes,
}

/// Why an identification header cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum OpusConfigError {
    /// It ends early.
    #[error("the Opus header ends early, after {length} bytes")]
    Truncated {
        /// Bytes in the header.
        length: usize,
    },
    /// It is longer than a header can sensibly be.
    #[error("the Opus header has {length} bytes, more than {limit}")]
    TooLong {
        /// Bytes in the header.
        length: usize,
        /// The most that is taken.
        limit: usize,
    },
    /// It does not begin with `OpusHead`.
    #[error("the Opus header does not begin with OpusHead")]
    Magic,
    /// Its layout is not the one that is known: versions 0 to 15 are compatible.
    #[error("the Opus header has version {0}, not 15 or less")]
    Version(u8),
    /// The mapping family has no meaning for that many channels, or describes them otherwise than
    /// by a table (RFC 8486).
    #[error("{channels} Opus channels of mapping family {family}")]
    Channels {
        /// Channels that are announced.
        channels: u8,
        /// How they are described.
        family: u8,
    },
    /// There are no streams, more coupled ones than streams, more than 255 decoded channels, or a
    /// channel of a stream that is not there.
    #[error("an Opus channel mapping with {streams} streams, {coupled} coupled, makes no sense")]
    Mapping {
        /// Streams in a packet.
        streams: u8,
        /// Those that are stereo.
        coupled: u8,
    },
}

/// Longest header that is taken, in bytes. One with a table of 255 channels has 276; later
/// versions may add to it.
pub const RECORD_BYTES_MAX: usize = 1_024;

/// Samples a second in which Opus counts, whatever was recorded.
pub const SAMPLE_RATE: u32 = 48_000;

/// Longest packet, in samples: 120 ms (RFC 6716, 3.2.5, R5).
pub const PACKET_SAMPLES_MAX: u32 = 5_760;

/// What the header begins with.
const MAGIC: &[u8; 8] = b"OpusHead";

impl OpusConfig {
    /// Parses an identification header.
    ///
    /// # Errors
    ///
    /// When it is malformed, or its channels are described by a matrix.
    pub fn parse(record: Bytes) -> Result<Self, OpusConfigError> {
        let length = record.len();
        if length > RECORD_BYTES_MAX {
            return Err(OpusConfigError::TooLong { length, limit: RECORD_BYTES_MAX });
        }
        let truncated = OpusConfigError::Truncated { length };
        let (magic, rest) = record.split_first_chunk().ok_or(truncated)?;
        if magic != MAGIC {
            return Err(OpusConfigError::Magic);
        }
        let (&[version, channels, p0, p1, r0, r1, r2, r3, g0, g1, family], rest) =
            rest.split_first_chunk().ok_or(truncated)?;
        if version > 15 {
            return Err(OpusConfigError::Version(version));
        }
        let channels_max = match family {
            0 => 2,
            1 => 8,
            2 => 227, // RFC 8486, 3.1
            3 => 0,
            _ => u8::MAX,
        };
        if channels == 0 || channels > channels_max {
            return Err(OpusConfigError::Channels { channels, family });
        }
        let mapping_table = match family {
            0 => Bytes::new(),
            _ => {
                let table = rest.get(..2 + usize::from(channels)).ok_or(truncated)?;
                check_mapping(table)?;
                record.slice_ref(table)
            }
        };
        Ok(Self {
            channels,
            pre_skip: u16::from_le_bytes([p0, p1]),
            input_sample_rate: u32::from_le_bytes([r0, r1, r2, r3]),
            output_gain: i16::from_le_bytes([g0, g1]),
            mapping_family: family,
            mapping_table,
            record,
        })
    }

    /// The bytes that this was parsed from.
    #[must_use]
    pub const fn record(&self) -> &Bytes {
        &self.record
    }

    /// Channels that a decoder puts out; at least 1.
    #[must_use]
    pub const fn channels(&self) -> u8 {
        self.channels
    }

    /// Samples at [`SAMPLE_RATE`] that a decoder puts out before the sound begins.
    #[must_use]
    pub const fn pre_skip(&self) -> u16 {
        self.pre_skip
    }

    /// Sampling frequency of what was encoded, in hertz; for information, 0 if it is not said.
    #[must_use]
    pub const fn input_sample_rate(&self) -> u32 {
        self.input_sample_rate
    }

    /// By how much a decoder amplifies, in 1/256 dB.
    #[must_use]
    pub const fn output_gain(&self) -> i16 {
        self.output_gain
    }

    /// What the order of the channels means: 0 for mono and stereo, 1 for surround sound in the
    /// order of Vorbis, 2 for ambisonics, 255 for channels without a meaning.
    #[must_use]
    pub const fn mapping_family(&self) -> u8 {
        self.mapping_family
    }

    /// The channel mapping table (RFC 7845, 5.1.1): streams in a packet, how many of them are
    /// stereo, and for each channel which decoded one it is, 255 for silence. Empty for family 0.
    #[must_use]
    pub fn mapping_table(&self) -> &[u8] {
        &self.mapping_table
    }

    /// The payload of the track's `dOps` box: the same fields, with the most significant byte
    /// first, and version 0.
    #[must_use]
    pub fn dops(&self) -> Vec<u8> {
        let mut payload = vec![0, self.channels];
        payload.extend(self.pre_skip.to_be_bytes());
        payload.extend(self.input_sample_rate.to_be_bytes());
        payload.extend(self.output_gain.to_be_bytes());
        payload.push(self.mapping_family);
        payload.extend(&self.mapping_table);
        payload
    }
}

impl PartialEq for OpusConfig {
    fn eq(&self, other: &Self) -> bool {
        self.record == other.record
    }
}

impl Eq for OpusConfig {}

/// Samples at [`SAMPLE_RATE`] in a packet, from its first bytes; with several streams in it, all
/// last as long as the first. `None` for a packet that is malformed: it is empty, has no frames,
/// or lasts longer than [`PACKET_SAMPLES_MAX`].
#[must_use]
pub fn samples_in(packet: &[u8]) -> Option<u32> {
    let (&toc, rest) = packet.split_first()?;
    let config = toc >> 3;
    // Table 2: SILK and hybrid frames of 10 ms and more, CELT frames of 2.5 ms and more.
    let frame = match config {
        0..=11 if config % 4 == 3 => 2_880,
        0..=11 => 480 << (config % 4),
        12..=15 => 480 << (config % 2),
        _ => 120 << (config % 4),
    };
    let frames = match toc & 0b11 {
        0 => 1,
        1 | 2 => 2,
        _ => u32::from(rest.first()? & 0b11_1111),
    };
    let samples = frame * frames;
    (1..=PACKET_SAMPLES_MAX).contains(&samples).then_some(samples)
}

/// Whether every channel of the table is one that its streams make.
fn check_mapping(table: &[u8]) -> Result<(), OpusConfigError> {
    let Some((&[streams, coupled], channels)) = table.split_first_chunk() else {
        return Ok(());
    };
    let decoded = u16::from(streams) + u16::from(coupled);
    let is_made = |&channel: &u8| channel == u8::MAX || u16::from(channel) < decoded;
    if streams == 0 || coupled > streams || decoded > 255 || !channels.iter().all(is_made) {
        return Err(OpusConfigError::Mapping { streams, coupled });
    }
    Ok(())
}
