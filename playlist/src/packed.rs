//! Text that is sent plain or as gzip, made of pieces that are packed once.
//!
//! A gzip member's data may be put together of pieces that were deflated apart, where each ends at
//! a byte and refers to nothing before itself (RFC 1951, 3.2.4: an empty stored block does that).
//! Browsers read the first member only, so there is one: its checksum is computed from those of the
//! pieces (RFC 1952, 2.3).

use std::sync::OnceLock;

use bytes::Bytes;
use crc32fast::Hasher;
use flate2::{Compress, Compression, FlushCompress, Status};
use origin::Pieces;

/// The head of a member: deflate, no name, no date, from whatever system.
const HEAD: &[u8] = &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
/// The last block: empty, with fixed codes.
const LAST_BLOCK: &[u8] = &[3, 0];
/// Lists of dates and numbers pack to a tenth at any level; higher ones take several times as long.
const LEVEL: Compression = Compression::new(3);

/// A piece of text, and its packed form once somebody wants it.
#[derive(Debug)]
pub(crate) struct Chunk {
    text: Bytes,
    packed: OnceLock<Packed>,
}

/// A piece that was deflated.
#[derive(Debug)]
struct Packed {
    bytes: Bytes,
    /// Of the text, whose length is in it as well.
    crc: Hasher,
}

/// Pieces in a row, as a whole that is put between others without touching each of them.
#[derive(Debug)]
pub(crate) struct Bundle {
    plain: Pieces,
    packed: Pieces,
    /// Of all plain bytes.
    crc: Hasher,
}

/// Pieces that are put in a row.
#[derive(Debug)]
pub(crate) struct Joined {
    plain: Row,
    packed: Row,
    /// Of all plain bytes.
    crc: Hasher,
    plain_bytes: u64,
}

/// Pieces that are put in a row, behind rows that are shared as a whole.
#[derive(Debug, Default)]
struct Row {
    before: Vec<Pieces>,
    last: Vec<Bytes>,
}

impl Row {
    fn push(&mut self, bytes: Bytes) {
        self.last.push(bytes);
    }

    fn push_all(&mut self, pieces: Pieces) {
        self.close();
        self.before.push(pieces);
    }

    fn close(&mut self) {
        if !self.last.is_empty() {
            self.before.push(Pieces::new(self.last.drain(..)));
        }
    }

    fn finish(mut self) -> Pieces {
        self.close();
        Pieces::chain(self.before)
    }
}

impl Chunk {
    pub(crate) const fn new(text: Bytes) -> Self {
        Self { text, packed: OnceLock::new() }
    }

    pub(crate) const fn text(&self) -> &Bytes {
        &self.text
    }

    /// Packs it now, so that nobody waits for it later.
    pub(crate) fn pack(&self) {
        self.packed();
    }

    /// The checksum of the text.
    pub(crate) fn checksum(&self) -> u32 {
        self.packed().crc.clone().finalize()
    }

    fn packed(&self) -> &Packed {
        self.packed.get_or_init(|| {
            let mut crc = Hasher::new();
            crc.update(&self.text);
            Packed { bytes: deflate(&self.text), crc }
        })
    }
}

impl From<String> for Chunk {
    fn from(text: String) -> Self {
        Self::new(text.into())
    }
}

impl Bundle {
    /// The checksum of the text.
    pub(crate) fn checksum(&self) -> u32 {
        self.crc.clone().finalize()
    }
}

impl Default for Joined {
    fn default() -> Self {
        let (plain, packed) = (Row::default(), Row::default());
        Self { plain, packed, crc: Hasher::new(), plain_bytes: 0 }
    }
}

impl Joined {
    /// Puts a piece behind the others.
    pub(crate) fn push(&mut self, chunk: &Chunk) {
        if chunk.text.is_empty() {
            return;
        }
        let Packed { bytes, crc } = chunk.packed();
        self.plain.push(chunk.text.clone());
        self.packed.push(bytes.clone());
        self.crc.combine(crc);
        self.plain_bytes = self.plain_bytes.saturating_add(length(&chunk.text));
    }

    /// Puts a bundle behind the others.
    pub(crate) fn push_all(&mut self, bundle: &Bundle) {
        self.plain.push_all(bundle.plain.clone());
        self.packed.push_all(bundle.packed.clone());
        self.crc.combine(&bundle.crc);
        self.plain_bytes = self.plain_bytes.saturating_add(bundle.plain.length());
    }

    /// All of it as a bundle.
    pub(crate) fn bundle(self) -> Bundle {
        Bundle { plain: self.plain.finish(), packed: self.packed.finish(), crc: self.crc }
    }

    /// The text, and the same as gzip where that is shorter.
    pub(crate) fn finish(self) -> (Pieces, Option<Pieces>) {
        // The length is given modulo 2³² (RFC 1952, 2.3.1).
        let [.., a, b, c, d] = self.plain_bytes.to_be_bytes();
        let mut trailer = Vec::with_capacity(10);
        trailer.extend_from_slice(LAST_BLOCK);
        trailer.extend_from_slice(&self.crc.finalize().to_le_bytes());
        trailer.extend_from_slice(&[d, c, b, a]);
        let mut packed = self.packed;
        packed.push(trailer.into());
        let head = Pieces::from(Bytes::from_static(HEAD));
        let (plain, packed) = (self.plain.finish(), Pieces::chain([head, packed.finish()]));
        let is_shorter = packed.length() < plain.length();
        (plain, is_shorter.then_some(packed))
    }
}

/// Deflates a piece by itself, up to the end of a byte.
fn deflate(text: &[u8]) -> Bytes {
    let mut compress = Compress::new(LEVEL, false);
    let mut packed = Vec::with_capacity(text.len() / 4 + 64);
    loop {
        let read = usize::try_from(compress.total_in()).unwrap_or(usize::MAX);
        let rest = text.get(read..).unwrap_or_default();
        // It fails on a wrong order of calls only.
        let status = compress.compress_vec(rest, &mut packed, FlushCompress::Full);
        let is_done = rest.is_empty() || compress.total_in() == compress_length(text);
        match status {
            // Room that is left means that the flush is complete (zlib.h, deflate).
            Ok(Status::Ok | Status::BufError) if is_done && packed.len() < packed.capacity() => {
                break;
            }
            Ok(Status::Ok | Status::BufError) => packed.reserve(packed.len() + 64),
            Ok(Status::StreamEnd) | Err(_) => break,
        }
    }
    // It is kept for long: not with the room that was there for more.
    Bytes::copy_from_slice(&packed)
}

fn compress_length(text: &[u8]) -> u64 {
    u64::try_from(text.len()).unwrap_or(u64::MAX)
}

fn length(bytes: &Bytes) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::bufread::GzDecoder;
    use proptest::prelude::*;

    use super::*;

    /// What a reader of one member sees, as browsers are; and that nothing is behind it.
    fn unpack(packed: &[u8]) -> Vec<u8> {
        let (mut reader, mut text) = (GzDecoder::new(packed), Vec::new());
        reader.read_to_end(&mut text).unwrap();
        assert_eq!(reader.into_inner().len(), 0, "bytes behind the member");
        text
    }

    fn joined(texts: &[String]) -> Joined {
        let mut joined = Joined::default();
        texts.iter().for_each(|text| joined.push(&Chunk::from(text.clone())));
        joined
    }

    #[test]
    fn pieces_make_one_member_of_gzip() {
        let line = |n: usize| format!("#EXTINF:2.000,\n1/{n}.ts\n");
        let long: String = (0..20_000).map(line).collect();
        let texts = ["#EXTM3U\n".to_owned(), String::new(), long, line(7)];
        let (plain, packed) = joined(&texts).finish();
        let packed = packed.unwrap();
        assert_eq!(unpack(&packed.join()), texts.concat().into_bytes());
        assert_eq!(plain.join(), texts.concat());
        assert!(packed.length() * 5 < plain.length(), "{}", packed.length());
    }

    #[test]
    fn what_does_not_get_shorter_stays_plain() {
        assert!(joined(&["a".into()]).finish().1.is_none());
        assert!(joined(&[]).finish().1.is_none());
    }

    proptest! {
        #[test]
        fn whatever_is_joined_is_read_back(
            texts in prop::collection::vec("[ab\n]{0,300}", 0..12),
            cut in 0_usize..12,
        ) {
            let cut = cut.min(texts.len());
            let mut whole = joined(&texts[..cut]);
            whole.push_all(&joined(&texts[cut..]).bundle());
            let (plain, packed) = whole.finish();
            prop_assert_eq!(plain.join(), texts.concat());
            if let Some(packed) = packed {
                prop_assert_eq!(unpack(&packed.join()), texts.concat().into_bytes());
            }
        }
    }
}
