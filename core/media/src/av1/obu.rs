//! Open bitstream units (AV1, 5.3), as the low overhead bitstream format strings them together.

use std::iter::FusedIterator;

use thiserror::Error;

/// The units of one temporal unit, in order. After an error there is nothing more: where the next
/// unit starts is then unknown.
#[derive(Clone, Debug)]
pub struct Obus<'a> {
    rest: &'a [u8],
}

/// One unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Obu<'a> {
    /// What it is.
    pub kind: ObuType,
    /// All of it, with its header and size.
    pub bytes: &'a [u8],
    /// What stands behind its header and size.
    pub payload: &'a [u8],
}

/// What a unit is: `obu_type` (6.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObuType(u8);

/// A unit goes beyond the end of the bytes, or its header makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("an OBU that does not fit into the {left} bytes that are left")]
pub struct ObuError {
    /// Bytes from the start of the unit on.
    pub left: usize,
}

/// `obu_has_size_field` in the header.
const HAS_SIZE: u8 = 0b10;

/// Bytes of a `leb128()` (4.10.5).
const LEB128_BYTES_MAX: usize = 8;

/// Walks the units of `payload`. One without a size goes on to the end, as the last of a sample
/// may.
#[must_use]
pub const fn obus(payload: &[u8]) -> Obus<'_> {
    Obus { rest: payload }
}

impl<'a> Iterator for Obus<'a> {
    type Item = Result<Obu<'a>, ObuError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let Some((obu, rest)) = split(self.rest) else {
            let left = std::mem::take(&mut self.rest).len();
            return Some(Err(ObuError { left }));
        };
        self.rest = rest;
        Some(Ok(obu))
    }
}

impl FusedIterator for Obus<'_> {}

impl Obu<'_> {
    /// Whether it says where it ends: `obu_has_size_field`.
    #[must_use]
    pub fn has_size(&self) -> bool {
        self.bytes.first().is_some_and(|header| header & HAS_SIZE != 0)
    }

    /// The unit with its size in it, and without the numbers of a layer.
    pub(super) fn with_size(&self) -> Vec<u8> {
        let mut bytes = vec![self.kind.0 << 3 | HAS_SIZE];
        let mut left = self.payload.len();
        loop {
            let low = left.to_le_bytes().first().map_or(0, |byte| byte & 0x7f);
            left >>= 7;
            bytes.push(if left > 0 { low | 0x80 } else { low });
            if left == 0 {
                break;
            }
        }
        bytes.extend_from_slice(self.payload);
        bytes
    }
}

impl ObuType {
    /// What holds for all pictures up to the next.
    pub const SEQUENCE_HEADER: Self = Self(1);
    /// The start of a temporal unit.
    pub const TEMPORAL_DELIMITER: Self = Self(2);
    /// The header of a picture whose tiles follow in units of their own.
    pub const FRAME_HEADER: Self = Self(3);
    /// A header and tiles in one.
    pub const FRAME: Self = Self(6);
    /// A copy of a header.
    pub const REDUNDANT_FRAME_HEADER: Self = Self(7);
    /// Tiles of a picture that is no video.
    pub const TILE_LIST: Self = Self(8);
    /// Bytes that mean nothing.
    pub const PADDING: Self = Self(15);

    /// The number in the standard.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Whether a unit of this type starts with the header of a picture that was not there before.
    #[must_use]
    pub const fn has_frame_header(self) -> bool {
        self.0 == Self::FRAME_HEADER.0 || self.0 == Self::FRAME.0
    }

    /// Whether a unit of this type belongs into a sample of the ISO base media file format: the
    /// mapping says that delimiters, padding, copies of headers and tile lists do not (AV1-ISOBMFF,
    /// 2.4).
    #[must_use]
    pub const fn is_stored(self) -> bool {
        !matches!(
            self,
            Self::TEMPORAL_DELIMITER
                | Self::REDUNDANT_FRAME_HEADER
                | Self::TILE_LIST
                | Self::PADDING
        )
    }
}

fn split(bytes: &[u8]) -> Option<(Obu<'_>, &[u8])> {
    let (&header, mut after) = bytes.split_first()?;
    if header & 0x80 != 0 {
        return None; // obu_forbidden_bit
    }
    if header & 0b100 != 0 {
        (_, after) = after.split_first()?; // obu_extension_header
    }
    let mut length = after.len();
    if header & HAS_SIZE != 0 {
        (length, after) = leb128(after)?;
    }
    let (payload, rest) = after.split_at_checked(length)?;
    let (whole, _) = bytes.split_at_checked(bytes.len() - rest.len())?;
    Some((Obu { kind: ObuType(header >> 3 & 0b1111), bytes: whole, payload }, rest))
}

/// A number of up to 32 bits, seven in each byte, the least significant first.
fn leb128(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0_u64;
    for (at, &byte) in bytes.iter().enumerate().take(LEB128_BYTES_MAX) {
        value |= u64::from(byte & 0x7f) << (at * 7);
        if byte & 0x80 == 0 {
            let value = u32::try_from(value).ok()?;
            return Some((usize::try_from(value).ok()?, bytes.get(at + 1..)?));
        }
    }
    None
}
