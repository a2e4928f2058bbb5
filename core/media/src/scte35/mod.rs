//! SCTE-35: splice points to and from other content (ANSI/SCTE 35 2023r1, section 9), as encoders
//! send them along with a stream, and as `EXT-X-DATERANGE` carries them (RFC 8216, 4.3.2.7.1).

mod command;
mod descriptor;
#[cfg(test)]
mod tests;
mod text;

use bytes::Bytes;
use thiserror::Error;

use crate::bits::BitReader;
pub use command::{BreakDuration, Command, SpliceInsert};
pub use descriptor::{Direction, Segmentation};

/// A parsed `splice_info_section`. Two are equal if their bytes are.
#[derive(Clone, Debug)]
pub struct SpliceInfo {
    section: Bytes,
    /// What is added to every time in it; below 2^33.
    pts_adjustment: u64,
    command: Command,
    segmentations: Vec<Segmentation>,
}

/// Why bytes or a text are no `splice_info_section` that can be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum SpliceError {
    /// It ends early.
    #[error("the splice information ends early, after {length} bytes")]
    Truncated {
        /// Bytes that there are.
        length: usize,
    },
    /// The text is longer than that of the longest section.
    #[error("the splice information has {length} characters, more than {limit}")]
    TooLong {
        /// Bytes of the text.
        length: usize,
        /// The most that are taken.
        limit: usize,
    },
    /// The text is neither base64 nor hexadecimal.
    #[error("the splice information is neither base64 nor hexadecimal")]
    Text,
    /// It is a section of another table; 0xfc is the right one.
    #[error("a section of table {0:#x}, not of splice information")]
    Table(u8),
    /// A version of the protocol that is not known; 0 is the only one there is.
    #[error("splice information of protocol version {0}, not 0")]
    Version(u8),
    /// Its checksum is not that of its bytes.
    #[error("splice information with a wrong checksum")]
    Checksum,
    /// It is encrypted, so nobody but its receiver can read it.
    #[error("splice information that is encrypted")]
    Encrypted,
    /// A command is longer or shorter than its fields.
    #[error("a splice command of type {kind} that does not fit its {length} bytes")]
    Command {
        /// The command's type.
        kind: u8,
        /// Bytes that are said to be its.
        length: usize,
    },
    /// A descriptor is longer or shorter than its fields.
    #[error("a splice descriptor that does not fit its place")]
    Descriptor,
}

/// Longest section, in bytes: its length has twelve bits.
pub const SECTION_BYTES_MAX: usize = 3 + 0xfff;

/// Longest text that is taken, in bytes: the longest section with two digits for each byte, and
/// `0x` before it. White space counts.
pub const TEXT_BYTES_MAX: usize = 2 + 2 * SECTION_BYTES_MAX;

/// Ticks in a second of every time and duration.
pub const TICKS_PER_SECOND: u32 = 90_000;

/// Times wrap around here.
const TICKS_MODULUS: u64 = 1 << 33;

/// `table_id`.
const TABLE: u8 = 0xfc;

/// Bytes up to and with `section_length`, and with `splice_command_type`.
const LENGTH_END: usize = 3;
const HEADER_END: usize = 14;

/// Bytes of `CRC_32` at the end.
const CHECKSUM_BYTES: usize = 4;

/// `splice_command_length` of old encoders, which leave it to the command's fields.
const UNSAID_LENGTH: usize = 0xfff;

impl SpliceInfo {
    /// Parses a section. What follows it is not looked at.
    ///
    /// # Errors
    ///
    /// When it is malformed, damaged or encrypted.
    pub fn parse(bytes: &Bytes) -> Result<Self, SpliceError> {
        let truncated = SpliceError::Truncated { length: bytes.len() };
        let &[table, high, low] = bytes.first_chunk::<LENGTH_END>().ok_or(truncated)?;
        if table != TABLE {
            return Err(SpliceError::Table(table));
        }
        let length = usize::from(u16::from_be_bytes([high & 0xf, low]));
        let section = bytes.get(..LENGTH_END + length).ok_or(truncated)?;
        if crc32(section) != 0 {
            return Err(SpliceError::Checksum);
        }
        let end = section.len().checked_sub(CHECKSUM_BYTES).ok_or(truncated)?;
        let (header, body) = section
            .get(..end)
            .and_then(|rest| rest.split_at_checked(HEADER_END))
            .ok_or(truncated)?;
        let header = Header::read(header).ok_or(truncated)?;
        if header.version != 0 {
            return Err(SpliceError::Version(header.version));
        }
        if header.is_encrypted {
            return Err(SpliceError::Encrypted);
        }
        let body = bytes.slice_ref(body);
        let (command, used) = Command::read(header.kind, header.command_length(), &body)?;
        let descriptors = body.get(used..).ok_or(truncated)?;
        Ok(Self {
            section: bytes.slice_ref(section),
            pts_adjustment: header.pts_adjustment,
            command,
            segmentations: descriptor::read_all(&bytes.slice_ref(descriptors))?,
        })
    }

    /// Parses a section from text, as AMF and playlists carry it: hexadecimal digits, which may
    /// begin with `0x`, or base64. White space is for the reader.
    ///
    /// # Errors
    ///
    /// When the text is neither, or as of [`Self::parse`].
    pub fn from_text(text: &str) -> Result<Self, SpliceError> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(SpliceError::TooLong { length: text.len(), limit: TEXT_BYTES_MAX });
        }
        Self::parse(&text::decode(text).ok_or(SpliceError::Text)?.into())
    }

    /// The section: what the `SCTE35-OUT`, `-IN` and `-CMD` attributes of a date range hold.
    #[must_use]
    pub const fn section(&self) -> &Bytes {
        &self.section
    }

    /// What is to be done.
    #[must_use]
    pub const fn command(&self) -> &Command {
        &self.command
    }

    /// What the descriptors say of segments that begin and end, in their order.
    #[must_use]
    pub fn segmentations(&self) -> &[Segmentation] {
        &self.segmentations
    }

    /// When it happens, in ticks of a clock of 33 bits; `None` for at once, or never.
    #[must_use]
    pub const fn time(&self) -> Option<u64> {
        let time = match &self.command {
            Command::Insert(insert) => insert.time,
            Command::TimeSignal(time) => *time,
            Command::Null | Command::Other { .. } => None,
        };
        match time {
            Some(time) => Some((time + self.pts_adjustment) % TICKS_MODULUS),
            None => None,
        }
    }

    /// How long the viewers are to be away, in ticks: that of the break, or of the first segment
    /// with a duration that leads out.
    #[must_use]
    pub fn duration(&self) -> Option<u64> {
        match &self.command {
            Command::Insert(insert) => insert.duration.map(|duration| duration.ticks),
            Command::TimeSignal(_) => self
                .segmentations
                .iter()
                .filter(|segmentation| segmentation.direction() == Some(Direction::Out))
                .find_map(|segmentation| segmentation.duration),
            Command::Null | Command::Other { .. } => None,
        }
    }

    /// Whether it leads away from the stream, to advertisements for one. A cancelled splice leads
    /// nowhere.
    #[must_use]
    pub fn is_out(&self) -> bool {
        self.leads(Direction::Out)
    }

    /// Whether it leads back to the stream. One section may say both, of two segments.
    #[must_use]
    pub fn is_in(&self) -> bool {
        self.leads(Direction::In)
    }

    fn leads(&self, direction: Direction) -> bool {
        match &self.command {
            Command::Insert(insert) => insert.direction() == Some(direction),
            Command::TimeSignal(_) => self
                .segmentations
                .iter()
                .any(|segmentation| segmentation.direction() == Some(direction)),
            Command::Null | Command::Other { .. } => false,
        }
    }
}

impl PartialEq for SpliceInfo {
    fn eq(&self, other: &Self) -> bool {
        self.section == other.section
    }
}

impl Eq for SpliceInfo {}

/// The fields before the command.
struct Header {
    version: u8,
    is_encrypted: bool,
    pts_adjustment: u64,
    command_bytes: usize,
    kind: u8,
}

impl Header {
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut bits = BitReader::new(bytes.get(LENGTH_END..)?);
        let (version, is_encrypted) = (bits.byte(8)?, bits.flag()?);
        bits.skip(6)?; // encryption_algorithm
        let pts_adjustment = read_ticks(&mut bits)?;
        bits.skip(8 + 12)?; // cw_index, tier
        let command_bytes = usize::try_from(bits.u(12)?).ok()?;
        let kind = bits.byte(8)?;
        Some(Self { version, is_encrypted, pts_adjustment, command_bytes, kind })
    }

    /// Bytes of the command, if it is said.
    const fn command_length(&self) -> Option<usize> {
        if self.command_bytes == UNSAID_LENGTH { None } else { Some(self.command_bytes) }
    }
}

/// A time or duration of 33 bits.
fn read_ticks(bits: &mut BitReader<'_>) -> Option<u64> {
    Some(u64::from(bits.flag()?) << 32 | u64::from(bits.u(32)?))
}

/// The checksum of MPEG-2 sections (ISO/IEC 13818-1, annex A): 0 for those that end with theirs.
fn crc32(bytes: &[u8]) -> u32 {
    bytes.iter().fold(u32::MAX, |sum, &byte| {
        (0..8).fold(sum ^ u32::from(byte) << 24, |sum, _| {
            sum << 1 ^ if sum & 0x8000_0000 == 0 { 0 } else { 0x04c1_1db7 }
        })
    })
}

/// The section in `bytes` with the length and the checksum that it should have; for fuzzing, which
/// would not find them.
pub(crate) fn with_checksum(bytes: &[u8]) -> Vec<u8> {
    let mut section = vec![TABLE];
    let body = bytes.get(LENGTH_END..).unwrap_or_default();
    let body = body.get(..body.len().saturating_sub(CHECKSUM_BYTES)).unwrap_or_default();
    let body = body.get(..0xff0).unwrap_or(body);
    let length = u16::try_from(body.len() + CHECKSUM_BYTES).unwrap_or(0);
    section.extend(length.to_be_bytes());
    section.extend(body);
    let sum = crc32(&section);
    section.extend(sum.to_be_bytes());
    section
}
