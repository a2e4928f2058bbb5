//! NAL units as the ISO base media file format stores them: each with its length before it
//! (ISO/IEC 14496-15, 4.2.2), and their types (ITU-T H.264, table 7-1).

use std::iter::FusedIterator;

use thiserror::Error;

/// The NAL units of one access unit, in order. Units of no bytes are passed over. After an error
/// there is nothing more: where the next unit starts is then unknown.
#[derive(Clone, Debug)]
pub struct NalUnits<'a> {
    rest: &'a [u8],
    length_size: NalLengthSize,
}

/// How many bytes the length before each NAL unit has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NalLengthSize {
    /// One byte.
    One,
    /// Two bytes.
    Two,
    /// Four bytes: what every encoder uses.
    Four,
}

/// What a NAL unit is, by the lower five bits of its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NalType(u8);

/// A length goes beyond the end of the access unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a NAL unit of {length} bytes where {left} are left")]
pub struct NalError {
    /// The length that was read, or the size of the length field if that is cut off itself.
    pub length: usize,
    /// Bytes that are there.
    pub left: usize,
}

/// Walks the length-prefixed NAL units of `payload`.
#[must_use]
pub const fn nal_units(payload: &[u8], length_size: NalLengthSize) -> NalUnits<'_> {
    NalUnits { rest: payload, length_size }
}

/// Whether `payload` holds a slice of an IDR picture: decoding can start there. What follows a
/// wrong length does not count.
#[must_use]
pub fn is_idr(payload: &[u8], length_size: NalLengthSize) -> bool {
    nal_units(payload, length_size).map_while(Result::ok).any(|nal| NalType::of(nal).is_idr())
}

/// The raw byte sequence payload of a NAL unit: without the `emulation_prevention_three_byte`s
/// (ITU-T H.264, 7.4.1). The first byte, which names the type, stays.
#[must_use]
pub fn unescape(nal: &[u8]) -> Vec<u8> {
    let mut rbsp = Vec::with_capacity(nal.len());
    let mut zeros = 0;
    for &byte in nal {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        rbsp.push(byte);
    }
    rbsp
}

impl<'a> NalUnits<'a> {
    fn split_length(&self) -> Option<(usize, &'a [u8])> {
        let (length, rest) = match self.length_size {
            NalLengthSize::One => {
                let (&[length], rest) = self.rest.split_first_chunk()?;
                (u32::from(length), rest)
            }
            NalLengthSize::Two => {
                let (&length, rest) = self.rest.split_first_chunk()?;
                (u32::from(u16::from_be_bytes(length)), rest)
            }
            NalLengthSize::Four => {
                let (&length, rest) = self.rest.split_first_chunk()?;
                (u32::from_be_bytes(length), rest)
            }
        };
        Some((usize::try_from(length).ok()?, rest))
    }
}

impl<'a> Iterator for NalUnits<'a> {
    type Item = Result<&'a [u8], NalError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            let Some((length, rest)) = self.split_length() else {
                let left = std::mem::take(&mut self.rest).len();
                return Some(Err(NalError { length: self.length_size.bytes(), left }));
            };
            let Some((nal, rest)) = rest.split_at_checked(length) else {
                self.rest = &[];
                return Some(Err(NalError { length, left: rest.len() }));
            };
            self.rest = rest;
            if !nal.is_empty() {
                return Some(Ok(nal));
            }
        }
        None
    }
}

impl FusedIterator for NalUnits<'_> {}

impl NalLengthSize {
    /// The size that a record writes as `lengthSizeMinusOne`; `None` for the undefined 2 (three
    /// bytes) and for what two bits cannot say.
    #[must_use]
    pub const fn from_minus_one(value: u8) -> Option<Self> {
        match value {
            0 => Some(Self::One),
            1 => Some(Self::Two),
            3 => Some(Self::Four),
            _ => None,
        }
    }

    /// The size in bytes.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::One => 1,
            Self::Two => 2,
            Self::Four => 4,
        }
    }
}

impl NalType {
    /// A slice of a picture that is not IDR.
    pub const SLICE: Self = Self(1);
    /// A slice of an IDR picture.
    pub const IDR: Self = Self(5);
    /// Supplemental enhancement information.
    pub const SEI: Self = Self(6);
    /// A sequence parameter set.
    pub const SPS: Self = Self(7);
    /// A picture parameter set.
    pub const PPS: Self = Self(8);
    /// An access unit delimiter.
    pub const AUD: Self = Self(9);
    /// The end of the sequence.
    pub const END_OF_SEQUENCE: Self = Self(10);
    /// The end of the stream.
    pub const END_OF_STREAM: Self = Self(11);
    /// Filler data, which constant bit rate encoders send.
    pub const FILLER: Self = Self(12);

    /// The type of `nal`; an empty one has the unspecified type 0.
    #[must_use]
    pub fn of(nal: &[u8]) -> Self {
        Self(nal.first().map_or(0, |header| header & 0b1_1111))
    }

    /// The number in table 7-1.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Whether this is a slice of an IDR picture.
    #[must_use]
    pub const fn is_idr(self) -> bool {
        self.0 == Self::IDR.0
    }

    /// Whether this is a slice, or a data partition of one.
    #[must_use]
    pub const fn is_slice(self) -> bool {
        matches!(self.0, 1..=5)
    }
}
