//! FLAC (RFC 9639): the metadata that a decoder needs (section 8), how the `dfLa` box holds it
//! ("Encapsulation of FLAC in ISO Base Media File Format", 3.3.2), and how long a frame lasts
//! (9.1).

#[cfg(test)]
mod tests;

use bytes::Bytes;
use thiserror::Error;

use crate::bits::BitReader;

/// The parsed metadata of a FLAC track, which is Enhanced RTMP's sequence start.
///
/// Two are equal if a decoder sees no difference. An encoder that ends says once more what it said
/// at the beginning, now with the count and the checksum of all samples: nothing has changed by
/// that.
#[derive(Clone, Debug)]
pub struct FlacConfig {
    record: Bytes,
    stream_info: Bytes,
    /// The content of the Vorbis comment, if there is one: it may name the channels (8.6.2).
    comment: Option<Bytes>,
    block_size_min: u16,
    block_size_max: u16,
    sample_rate: u32,
    channels: u8,
    bits_per_sample: u8,
}

/// Why metadata cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FlacConfigError {
    /// It ends early.
    #[error("the FLAC metadata ends early, after {length} bytes")]
    Truncated {
        /// Bytes in the metadata.
        length: usize,
    },
    /// It is longer than it can sensibly be.
    #[error("the FLAC metadata has {length} bytes, more than {limit}")]
    TooLong {
        /// Bytes in the metadata.
        length: usize,
        /// The most that is taken.
        limit: usize,
    },
    /// It does not begin with the stream's information.
    #[error("the FLAC metadata begins with a block of type {kind} and {length} bytes")]
    First {
        /// The block's type; 0 is that of the stream's information.
        kind: u8,
        /// Bytes in it; the stream's information has 34.
        length: usize,
    },
    /// Blocks of sound would be shorter than 16 samples, or the longest shorter than the shortest.
    #[error("FLAC blocks of {min} to {max} samples")]
    BlockSize {
        /// Samples in the shortest block.
        min: u16,
        /// Samples in the longest block.
        max: u16,
    },
    /// A sampling frequency of 0: what is coded is not sound.
    #[error("a FLAC sampling frequency of 0 Hz")]
    SampleRate,
    /// A sample has fewer bits than the format knows.
    #[error("FLAC samples of {0} bits, fewer than 4")]
    BitsPerSample(u8),
}

/// Longest metadata that is taken, in bytes. Encoders send 34 to 200; a picture does not belong
/// into a live stream.
pub const RECORD_BYTES_MAX: usize = 64 * 1_024;

/// Bytes of the stream's information (8.2).
const STREAM_INFO_BYTES: usize = 34;

/// What a FLAC file begins with.
const MAGIC: &[u8] = b"fLaC";

/// Types of metadata blocks (8.1).
const STREAM_INFO: u8 = 0;
const VORBIS_COMMENT: u8 = 4;

/// Shortest block that metadata may announce, in samples (8.2).
const BLOCK_SAMPLES_MIN: u16 = 16;

impl FlacConfig {
    /// Parses metadata: blocks with their headers, with or without `fLaC` before them, or the
    /// bare content of the stream's information, which is what ffmpeg sends.
    ///
    /// # Errors
    ///
    /// When it is malformed.
    pub fn parse(record: Bytes) -> Result<Self, FlacConfigError> {
        let length = record.len();
        if length > RECORD_BYTES_MAX {
            return Err(FlacConfigError::TooLong { length, limit: RECORD_BYTES_MAX });
        }
        if length == STREAM_INFO_BYTES {
            return Self::of_stream_info(record.clone(), record, None);
        }
        let truncated = FlacConfigError::Truncated { length };
        let rest = record.strip_prefix(MAGIC).unwrap_or(&record);
        let (first, mut rest) = Block::read(rest).ok_or(truncated)?;
        if first.kind != STREAM_INFO || first.content.len() != STREAM_INFO_BYTES {
            let (kind, length) = (first.kind, first.content.len());
            return Err(FlacConfigError::First { kind, length });
        }
        let stream_info = record.slice_ref(first.content);
        let (mut comment, mut is_last) = (None, first.is_last);
        // A sender may leave blocks out without marking the last one that it does send.
        while !is_last && !rest.is_empty() {
            let (block, after) = Block::read(rest).ok_or(truncated)?;
            if block.kind == VORBIS_COMMENT {
                comment = Some(record.slice_ref(block.content));
            }
            (is_last, rest) = (block.is_last, after);
        }
        Self::of_stream_info(record, stream_info, comment)
    }

    /// The bytes that this was parsed from.
    #[must_use]
    pub const fn record(&self) -> &Bytes {
        &self.record
    }

    /// Samples a second; at least 1.
    #[must_use]
    pub const fn sample_rate(&self) -> u32 {
        self.sample_rate
    }

    /// Channels; 1 to 8.
    #[must_use]
    pub const fn channels(&self) -> u8 {
        self.channels
    }

    /// Bits of a sample; 4 to 32.
    #[must_use]
    pub const fn bits_per_sample(&self) -> u8 {
        self.bits_per_sample
    }

    /// Samples in the shortest block, the last one not counted.
    #[must_use]
    pub const fn block_size_min(&self) -> u16 {
        self.block_size_min
    }

    /// Samples in the longest block. The same as in the shortest if all have as many.
    #[must_use]
    pub const fn block_size_max(&self) -> u16 {
        self.block_size_max
    }

    /// The payload of the track's `dfLa` box: version, flags, and the metadata blocks that matter
    /// to a decoder, which are the stream's information and the comment that may name channels.
    #[must_use]
    pub fn dfla(&self) -> Vec<u8> {
        let mut payload = vec![0; 4];
        push_block(&mut payload, STREAM_INFO, self.comment.is_none(), &self.stream_info);
        if let Some(comment) = &self.comment {
            push_block(&mut payload, VORBIS_COMMENT, true, comment);
        }
        payload
    }

    /// Reads the stream's information (8.2), which has [`STREAM_INFO_BYTES`].
    fn of_stream_info(
        record: Bytes,
        stream_info: Bytes,
        comment: Option<Bytes>,
    ) -> Result<Self, FlacConfigError> {
        let truncated = FlacConfigError::Truncated { length: record.len() };
        let mut bits = BitReader::new(&stream_info);
        let mut size = || Some(u16::from_be_bytes([bits.byte(8)?, bits.byte(8)?]));
        let min = size().ok_or(truncated)?;
        let max = size().ok_or(truncated)?;
        bits.skip(24 + 24).ok_or(truncated)?; // bytes in the shortest and longest frame
        let sample_rate = bits.u(20).ok_or(truncated)?;
        let channels = bits.byte(3).ok_or(truncated)? + 1;
        let bits_per_sample = bits.byte(5).ok_or(truncated)? + 1;
        if min < BLOCK_SAMPLES_MIN || max < min {
            return Err(FlacConfigError::BlockSize { min, max });
        }
        if sample_rate == 0 {
            return Err(FlacConfigError::SampleRate);
        }
        if bits_per_sample < 4 {
            return Err(FlacConfigError::BitsPerSample(bits_per_sample));
        }
        Ok(Self {
            block_size_min: min,
            block_size_max: max,
            sample_rate,
            channels,
            bits_per_sample,
            record,
            stream_info,
            comment,
        })
    }
}

impl PartialEq for FlacConfig {
    fn eq(&self, other: &Self) -> bool {
        let decoded = |config: &Self| {
            (config.block_size_max, config.sample_rate, config.channels, config.bits_per_sample)
        };
        decoded(self) == decoded(other) && self.comment == other.comment
    }
}

impl Eq for FlacConfig {}

/// Samples of each channel in a frame, from its header (9.1); `None` for bytes that do not begin
/// with one: a field has a forbidden value, or the checksum is wrong.
#[must_use]
pub fn samples_in(frame: &[u8]) -> Option<u32> {
    let mut bits = BitReader::new(frame);
    if bits.u(15)? != 0b111_1111_1111_1100 {
        return None;
    }
    bits.flag()?; // blocking strategy: only decides what the coded number counts
    let (size_code, rate_code) = (bits.byte(4)?, bits.byte(4)?);
    let (channels, depth, is_reserved) = (bits.byte(4)?, bits.byte(3)?, bits.flag()?);
    if size_code == 0 || rate_code == 15 || channels > 10 || depth == 3 || is_reserved {
        return None;
    }
    let number_starts = bits.byte(8)?;
    bits.skip(8 * coded_number_bytes(number_starts)?)?;
    let samples = match size_code {
        1 => 192,
        2..=5 => 144 << size_code,
        6 => bits.u(8)? + 1,
        7 => bits.u(16)? + 1,
        _ => 1 << size_code,
    };
    bits.skip(match rate_code {
        12 => 8,
        13 | 14 => 16,
        _ => 0,
    })?;
    let header_bytes = frame.len() - bits.left() / 8;
    let checksum = bits.byte(8)?;
    (samples <= SAMPLES_MAX && crc8(frame.get(..header_bytes)?) == checksum).then_some(samples)
}

/// Most samples that a block can have (9.1.1).
const SAMPLES_MAX: u32 = 65_535;

/// Bytes that follow the first one of a coded number (9.1.5), which is like UTF-8 up to 36 bits.
const fn coded_number_bytes(first: u8) -> Option<usize> {
    match first.leading_ones() {
        0 => Some(0),
        2 => Some(1),
        3 => Some(2),
        4 => Some(3),
        5 => Some(4),
        6 => Some(5),
        7 => Some(6),
        _ => None,
    }
}

/// The checksum of a frame header (9.1.8): polynomial x⁸ + x² + x + 1, beginning with 0.
fn crc8(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| {
        (0..8).fold(sum ^ byte, |sum, _| sum << 1 ^ if sum & 0x80 == 0 { 0 } else { 0x07 })
    })
}

/// A metadata block (8.1).
struct Block<'a> {
    is_last: bool,
    kind: u8,
    content: &'a [u8],
}

impl<'a> Block<'a> {
    /// The block at the beginning of `bytes`, and what follows it.
    fn read(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (&[kind, a, b, c], rest) = bytes.split_first_chunk()?;
        let length = usize::try_from(u32::from_be_bytes([0, a, b, c])).ok()?;
        let (content, rest) = rest.split_at_checked(length)?;
        Some((Self { is_last: kind & 0x80 != 0, kind: kind & 0x7f, content }, rest))
    }
}

/// Appends a metadata block; its content comes from one, or has [`STREAM_INFO_BYTES`].
fn push_block(payload: &mut Vec<u8>, kind: u8, is_last: bool, content: &[u8]) {
    let length = u32::try_from(content.len()).unwrap_or(0);
    let [_, a, b, c] = length.to_be_bytes();
    payload.extend([kind | u8::from(is_last) << 7, a, b, c]);
    payload.extend(content);
}
