//! Files of tags (E.2 to E.4.1).

#[cfg(test)]
mod tests;

use bytes::{Buf, Bytes, BytesMut};
use thiserror::Error;

use super::TagKind;

/// Reads an FLV file that comes in pieces. [`Self::push`] some bytes, then [`Self::pull`] until
/// `None`. A file that is cut off inside a tag ends with the tag before.
#[derive(Debug, Default)]
pub struct FileReader {
    received: BytesMut,
    has_header: bool,
    /// Bytes to pass over before the next tag.
    to_skip: usize,
}

/// One tag of a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tag {
    /// What it carries.
    pub kind: TagKind,
    /// When, in milliseconds: 32 bits that wrap.
    pub timestamp_ms: u32,
    /// What an RTMP message of this kind would carry.
    pub payload: Bytes,
}

/// Why something is not an FLV file, or not one that is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum FileError {
    /// It does not start with `FLV`.
    #[error("the file does not start with FLV")]
    Signature,
    /// It has a version other than 1.
    #[error("the file has FLV version {0}, not 1")]
    Version(u8),
    /// The header announces an impossible length.
    #[error("an FLV header of {length} bytes, not between {min} and {max}")]
    HeaderLength {
        /// What was read.
        length: usize,
        /// The shortest there is.
        min: usize,
        /// The longest that is taken.
        max: usize,
    },
    /// A tag is larger than any that is used.
    #[error("an FLV tag of {length} bytes, more than {limit}")]
    TagTooLong {
        /// What was read.
        length: usize,
        /// The most that is taken.
        limit: usize,
    },
    /// A tag is encrypted.
    #[error("the FLV file is encrypted")]
    Encrypted,
}

/// Largest tag that is taken, in bytes. A 4K key frame at 80 Mbit/s is under 2 MiB.
pub const TAG_BYTES_MAX: usize = 4 * 1_024 * 1_024;

/// Longest file header that is taken, in bytes. All have 9.
const HEADER_BYTES_MAX: usize = 1_024;
const HEADER_BYTES: usize = 9;
const TAG_HEADER_BYTES: usize = 11;
/// The length of the tag before, which stands before and after every tag, is not looked at.
const PREVIOUS_TAG_SIZE_BYTES: usize = 4;

impl FileReader {
    /// A reader at the start of a file.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in the file's next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.received.extend_from_slice(bytes);
    }

    /// The next tag, or `None` until more bytes arrive. Tags of unknown types are passed over.
    ///
    /// # Errors
    ///
    /// When this is no FLV file, or one beyond the limits.
    pub fn pull(&mut self) -> Result<Option<Tag>, FileError> {
        loop {
            let skipped = self.to_skip.min(self.received.len());
            self.received.advance(skipped);
            self.to_skip -= skipped;
            if self.to_skip > 0 {
                return Ok(None);
            }
            if !self.has_header {
                let Some(length) = parse_file_header(&self.received)? else { return Ok(None) };
                self.has_header = true;
                self.to_skip = length + PREVIOUS_TAG_SIZE_BYTES;
                continue;
            }
            let Some(header) = TagHeader::parse(&self.received)? else { return Ok(None) };
            if self.received.len() < TAG_HEADER_BYTES + header.length {
                return Ok(None);
            }
            self.received.advance(TAG_HEADER_BYTES);
            let payload = self.received.split_to(header.length).freeze();
            self.to_skip = PREVIOUS_TAG_SIZE_BYTES;
            if let Some(kind) = header.kind {
                return Ok(Some(Tag { kind, timestamp_ms: header.timestamp_ms, payload }));
            }
        }
    }
}

struct TagHeader {
    /// `None` for a type that is not known.
    kind: Option<TagKind>,
    length: usize,
    timestamp_ms: u32,
}

impl TagHeader {
    fn parse(bytes: &[u8]) -> Result<Option<Self>, FileError> {
        let Some(&[first, l0, l1, l2, t1, t2, t3, t0, _, _, _]) =
            bytes.first_chunk::<TAG_HEADER_BYTES>()
        else {
            return Ok(None);
        };
        let length = usize::from(l0) << 16 | usize::from(l1) << 8 | usize::from(l2);
        if length > TAG_BYTES_MAX {
            return Err(FileError::TagTooLong { length, limit: TAG_BYTES_MAX });
        }
        if first & 0x20 != 0 {
            return Err(FileError::Encrypted);
        }
        let kind = match first & 0x1f {
            8 => Some(TagKind::Audio),
            9 => Some(TagKind::Video),
            18 => Some(TagKind::Script),
            _ => None,
        };
        Ok(Some(Self { kind, length, timestamp_ms: u32::from_be_bytes([t0, t1, t2, t3]) }))
    }
}

/// The length of the file header, once it is there.
fn parse_file_header(bytes: &[u8]) -> Result<Option<usize>, FileError> {
    let seen = bytes.len().min(3);
    if bytes.get(..seen) != b"FLV".get(..seen) {
        return Err(FileError::Signature);
    }
    let Some(&[_, _, _, version, _flags, length @ ..]) = bytes.first_chunk::<HEADER_BYTES>() else {
        return Ok(None);
    };
    if version != 1 {
        return Err(FileError::Version(version));
    }
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    let (min, max) = (HEADER_BYTES, HEADER_BYTES_MAX);
    if (min..=max).contains(&length) {
        Ok(Some(length))
    } else {
        Err(FileError::HeaderLength { length, min, max })
    }
}
