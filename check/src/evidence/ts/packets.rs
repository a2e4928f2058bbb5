//! A segment, cut into packets: where one does not start, the next one is searched.

use container::ts::{PACKET_BYTES, SYNC_BYTE};

/// The packets of a segment.
pub(super) struct Packets<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// What a segment consists of.
pub(super) enum Piece<'a> {
    /// A packet.
    Packet {
        packet: &'a [u8; PACKET_BYTES],
        at: usize,
        /// Whether it begins with the synchronisation byte. If not, the next one does: only that
        /// byte is wrong.
        is_synced: bool,
    },
    /// Bytes without packets.
    Noise { at: usize, bytes: usize, byte: u8 },
    /// The start of a packet, at the end.
    Cut { bytes: usize },
}

impl<'a> Packets<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Whether a packet may start there: the next one does, or there is none.
    fn is_start(&self, at: usize) -> bool {
        self.bytes.get(at) == Some(&SYNC_BYTE) && self.is_start_or_end(at + PACKET_BYTES)
    }

    fn is_start_or_end(&self, at: usize) -> bool {
        self.bytes.get(at).is_none_or(|&byte| byte == SYNC_BYTE)
    }
}

impl<'a> Iterator for Packets<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        let (at, rest) = (self.at, self.bytes.get(self.at..)?);
        let &byte = rest.first()?;
        let Some(packet) = rest.first_chunk() else {
            self.at = self.bytes.len();
            return Some(Piece::Cut { bytes: rest.len() });
        };
        let is_synced = byte == SYNC_BYTE;
        if is_synced || self.is_start_or_end(at + PACKET_BYTES) {
            self.at += PACKET_BYTES;
            return Some(Piece::Packet { packet, at, is_synced });
        }
        let next = memchr::memchr_iter(SYNC_BYTE, rest).find(|&skip| self.is_start(at + skip));
        let bytes = next.unwrap_or(rest.len());
        self.at += bytes;
        Some(Piece::Noise { at, bytes, byte })
    }
}
