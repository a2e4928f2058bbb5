//! Files as encoders keep them (Adobe Flash Video File Format 10.1, annex E), for pushes by hand.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use rtmp::MediaKind;

/// One tag of audio or video: the body of an RTMP message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tag {
    /// What is in it.
    pub kind: MediaKind,
    /// Its time in milliseconds.
    pub timestamp_ms: u32,
    /// Its body.
    pub body: Bytes,
}

impl Tag {
    /// Whether it is a sequence header, which a push begins with.
    #[must_use]
    pub fn is_header(&self) -> bool {
        self.body.get(1) == Some(&0)
    }
}

/// Reads the tags of audio and video in a file.
///
/// # Errors
///
/// When the file is not FLV.
pub fn read(path: &Path) -> Result<Vec<Tag>> {
    let bytes = fs::read(path).with_context(|| format!("read {}", path.display()))?;
    tags(&bytes).with_context(|| format!("read {}", path.display()))
}

fn tags(bytes: &[u8]) -> Result<Vec<Tag>> {
    ensure!(bytes.starts_with(b"FLV\x01"), "it does not begin as FLV does");
    let mut rest = bytes.get(HEADER_BYTES..).context("it ends within its header")?;
    let mut tags = Vec::new();
    // What was being written when its encoder was killed is not there.
    while let Some((tag, after)) = next(rest) {
        tags.extend(tag);
        rest = after;
    }
    Ok(tags)
}

/// The tag at the start, if it is audio or video, and what follows; `None` if no tag is whole.
fn next(bytes: &[u8]) -> Option<(Option<Tag>, &[u8])> {
    let (head, rest) = bytes.split_first_chunk::<TAG_BYTES>()?;
    let [kind, l0, l1, l2, t0, t1, t2, t3, ..] = *head;
    let length = usize::try_from(u32::from_be_bytes([0, l0, l1, l2])).ok()?;
    let (body, rest) = rest.split_at_checked(length)?;
    let (_previous_bytes, rest) = rest.split_at_checked(4)?;
    let kind = match kind {
        8 => Some(MediaKind::Audio),
        9 => Some(MediaKind::Video),
        _ => None,
    };
    let timestamp_ms = u32::from_be_bytes([t3, t0, t1, t2]);
    let tag = kind.map(|kind| Tag { kind, timestamp_ms, body: Bytes::copy_from_slice(body) });
    Some((tag, rest))
}

/// The file's header and the length of the tag before the first.
const HEADER_BYTES: usize = 9 + 4;
/// A tag's header.
const TAG_BYTES: usize = 11;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_until_the_file_breaks_off() {
        let mut file = b"FLV\x01\x05\0\0\0\x09\0\0\0\0".to_vec();
        file.extend(b"\x12\0\0\x01\0\0\0\0\0\0\0x\0\0\0\x0c");
        file.extend(b"\x09\0\0\x02\x01\x02\x03\x04\0\0\0ab\0\0\0\x0d");
        file.extend(b"\x08\0\0\x02\0\0\0\0\0\0\0a");
        let body = Bytes::from_static(b"ab");
        let expected = Tag { kind: MediaKind::Video, timestamp_ms: 0x0401_0203, body };
        assert_eq!(tags(&file).unwrap(), [expected]);
        assert!(tags(b"RIFF").is_err());
    }
}
