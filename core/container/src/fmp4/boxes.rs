//! What every box has: a length and a name (4.2).

use std::fmt;

use bytes::{BufMut, BytesMut};

/// Four characters that name a kind of box, a brand, a handler.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FourCc(pub [u8; 4]);

impl fmt::Display for FourCc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

impl fmt::Debug for FourCc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{self}`")
    }
}

/// Writes a box with what `body` writes in it. Who calls it keeps it below 4 GiB.
pub(crate) fn write_box(out: &mut BytesMut, kind: &[u8; 4], body: impl FnOnce(&mut BytesMut)) {
    let start = out.len();
    out.put_u32(0);
    out.put_slice(kind);
    body(out);
    let length = out.len().saturating_sub(start);
    patch_u32(out, start, u32::try_from(length).unwrap_or(u32::MAX));
}

/// Writes a box that has a version and 24 bits of flags.
pub(crate) fn write_full_box(
    out: &mut BytesMut,
    kind: &[u8; 4],
    version: u8,
    flags: u32,
    body: impl FnOnce(&mut BytesMut),
) {
    write_box(out, kind, |out| {
        out.put_u32(u32::from(version) << 24 | flags & 0x00ff_ffff);
        body(out);
    });
}

/// Writes a number over four bytes that are there already.
pub(crate) fn patch_u32(out: &mut BytesMut, at: usize, value: u32) {
    if let Some(field) = out.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
        *field = value.to_be_bytes();
    }
}
