//! Walks boxes (4.2), and takes numbers from them.

use bytes::{Buf, Bytes};

use super::ReadError;
use crate::fmp4::FourCc;

/// A box that is whole.
#[derive(Clone, Debug)]
pub(super) struct Body {
    pub(super) kind: FourCc,
    /// Where it starts in what is walked.
    pub(super) start: usize,
    /// Where its contents start.
    pub(super) body_start: usize,
    /// Its contents; what is taken is gone.
    bytes: Bytes,
}

/// The boxes in some bytes, one behind the other. After an error there is nothing more.
pub(super) struct Boxes {
    rest: Bytes,
    at: usize,
}

impl Boxes {
    pub(super) const fn new(bytes: Bytes) -> Self {
        Self { rest: bytes, at: 0 }
    }

    fn take(&mut self) -> Result<Body, ReadError> {
        let left = self.rest.len();
        let mut head = self.rest.clone();
        let cut = |_| ReadError::Length { length: 8, left };
        let short = head.try_get_u32().map_err(cut)?;
        let kind = FourCc(head.try_get_u32().map_err(cut)?.to_be_bytes());
        let length = match short {
            // To the end of the file.
            0 => u64::try_from(left).unwrap_or(u64::MAX),
            1 => head.try_get_u64().map_err(cut)?,
            short => u64::from(short),
        };
        let error = ReadError::Length { length, left };
        let header = left - head.len();
        let length = usize::try_from(length).map_err(|_| error)?;
        if length < header || length > left {
            return Err(error);
        }
        let mut bytes = self.rest.split_to(length);
        bytes.advance(header);
        let start = self.at;
        self.at += length;
        Ok(Body { kind, start, body_start: start + header, bytes })
    }
}

impl Iterator for Boxes {
    type Item = Result<Body, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let taken = self.take();
        if taken.is_err() {
            self.rest.clear();
        }
        Some(taken)
    }
}

impl Body {
    /// A box of whose contents these are there.
    pub(super) const fn new(kind: FourCc, start: usize, body_start: usize, bytes: Bytes) -> Self {
        Self { kind, start, body_start, bytes }
    }

    /// The boxes in it, behind what was taken.
    pub(super) fn boxes(self) -> Boxes {
        Boxes::new(self.bytes)
    }

    /// Its first box of a kind.
    pub(super) fn child(&self, kind: &[u8; 4]) -> Result<Self, ReadError> {
        for child in Boxes::new(self.bytes.clone()) {
            let child = child?;
            if child.kind.0 == *kind {
                return Ok(child);
            }
        }
        Err(ReadError::Missing(FourCc(*kind)))
    }

    /// What was not taken.
    pub(super) const fn rest(&self) -> &Bytes {
        &self.bytes
    }

    pub(super) fn into_rest(self) -> Bytes {
        self.bytes
    }

    pub(super) fn u16(&mut self) -> Result<u16, ReadError> {
        self.bytes.try_get_u16().map_err(|_| ReadError::Cut(self.kind))
    }

    pub(super) fn u32(&mut self) -> Result<u32, ReadError> {
        self.bytes.try_get_u32().map_err(|_| ReadError::Cut(self.kind))
    }

    pub(super) fn u64(&mut self) -> Result<u64, ReadError> {
        self.bytes.try_get_u64().map_err(|_| ReadError::Cut(self.kind))
    }

    /// A number of 64 bits in version 1 and 32 bits before.
    pub(super) fn versioned(&mut self, version: u8) -> Result<u64, ReadError> {
        if version == 0 { self.u32().map(u64::from) } else { self.u64() }
    }

    /// Version and flags.
    pub(super) fn version(&mut self) -> Result<(u8, u32), ReadError> {
        let word = self.u32()?;
        let [version, ..] = word.to_be_bytes();
        Ok((version, word & 0x00ff_ffff))
    }

    pub(super) fn four_cc(&mut self) -> Result<FourCc, ReadError> {
        self.u32().map(|number| FourCc(number.to_be_bytes()))
    }

    pub(super) fn skip(&mut self, bytes: usize) -> Result<(), ReadError> {
        if bytes > self.bytes.len() {
            return Err(ReadError::Cut(self.kind));
        }
        self.bytes.advance(bytes);
        Ok(())
    }

    /// A text that ends with a zero.
    pub(super) fn text(&mut self) -> Result<String, ReadError> {
        let cut = ReadError::Cut(self.kind);
        let length = self.bytes.iter().position(|byte| *byte == 0).ok_or(cut)?;
        let text = self.bytes.split_to(length);
        self.bytes.advance(1);
        let invalid = ReadError::Invalid(self.kind);
        String::from_utf8(text.into()).map_err(|_| invalid)
    }

    /// The brands of `ftyp` or `styp`: the major one first, then the compatible ones.
    pub(super) fn brands(mut self) -> Result<Vec<FourCc>, ReadError> {
        let mut brands = vec![self.four_cc()?];
        self.u32()?;
        if self.bytes.len() > 4 * super::TRACK_BOXES_MAX {
            return Err(ReadError::TooMany { what: "brands", limit: super::TRACK_BOXES_MAX });
        }
        while !self.bytes.is_empty() {
            brands.push(self.four_cc()?);
        }
        Ok(brands)
    }
}
