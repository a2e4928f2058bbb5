//! A reader over one whole message: what is missing is an error here, not "more, please".

use super::AmfError;

/// `0 <= position <= bytes.len()`.
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    pub(super) fn position(&self) -> usize {
        self.position
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest().is_empty()
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.position..).unwrap_or_default()
    }

    pub(super) fn slice(&mut self, length: usize) -> Result<&'a [u8], AmfError> {
        let Some((slice, _)) = self.rest().split_at_checked(length) else {
            return Err(AmfError::Truncated { at: self.bytes.len() });
        };
        self.position += length;
        Ok(slice)
    }

    pub(super) fn take<const N: usize>(&mut self) -> Result<[u8; N], AmfError> {
        let Some(bytes) = self.rest().first_chunk::<N>() else {
            return Err(AmfError::Truncated { at: self.bytes.len() });
        };
        self.position += N;
        Ok(*bytes)
    }

    pub(super) fn u8(&mut self) -> Result<u8, AmfError> {
        let [byte] = self.take()?;
        Ok(byte)
    }

    pub(super) fn u16(&mut self) -> Result<u16, AmfError> {
        self.take().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, AmfError> {
        self.take().map(u32::from_be_bytes)
    }

    pub(super) fn f64(&mut self) -> Result<f64, AmfError> {
        self.take().map(f64::from_be_bytes)
    }
}
