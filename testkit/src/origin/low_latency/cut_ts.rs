//! Cuts a segment of MPEG-TS into parts, between PES packets.

use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;

use super::Part;

const PACKET_BYTES: usize = 188;

/// The packets that begin a picture: where in the segment, when it is decoded in ticks of 90 kHz,
/// and whether decoding can start with it.
fn pictures(bytes: &[u8]) -> impl Iterator<Item = (usize, u64, bool)> {
    bytes.chunks_exact(PACKET_BYTES).enumerate().filter_map(|(index, packet)| {
        let (&[_, pid, _, flags], rest) = packet.split_first_chunk::<4>()?;
        let (has_field, has_payload) = (flags & 0x20 != 0, flags & 0x10 != 0);
        let field = if has_field { usize::from(*rest.first()?) + 1 } else { 0 };
        let is_random = field > 1 && rest.get(1)? & 0x40 != 0;
        let payload = rest.get(field..)?;
        let is_picture = payload.starts_with(&[0, 0, 1]) && payload.get(3)? & 0xf0 == 0xe0;
        if pid & 0x40 == 0 || !has_payload || !is_picture {
            return None;
        }
        let has_dts = payload.get(7)? & 0x40 != 0;
        let at = if has_dts { 14 } else { 9 };
        Some((index * PACKET_BYTES, ticks(payload.get(at..)?)?, is_random))
    })
}

/// A time of 33 bits between markers (13818-1, 2.4.3.6).
fn ticks(bytes: &[u8]) -> Option<u64> {
    let [a, b, c, d, e] = *bytes.first_chunk::<5>()?;
    let high = u64::from(a >> 1 & 7) << 30;
    Some(
        high | u64::from(b) << 22 | u64::from(c >> 1) << 15 | u64::from(d) << 7 | u64::from(e >> 1),
    )
}

/// The parts of a segment that lasts `duration`, each as long as `target` lets it be.
pub(super) fn cut(bytes: &Bytes, duration: Duration, target: Duration) -> Result<Vec<Part>> {
    let mut starts: Vec<(usize, Duration, bool)> = Vec::new();
    let mut first = None;
    for (at, ticks, is_independent) in pictures(bytes) {
        let begins = ticks - *first.get_or_insert(ticks);
        let begins = Duration::from_nanos(begins * 100_000 / 9);
        let next = target * u32::try_from(starts.len()).context("many parts")?;
        match starts.last_mut() {
            // Tables, and sound that comes first, belong to the first part.
            None => starts.push((0, Duration::ZERO, is_independent)),
            Some(_) if begins >= next && begins < duration => {
                starts.push((at, begins, is_independent));
            }
            Some(last) => last.2 |= is_independent,
        }
    }
    let ends: Vec<_> = starts.iter().skip(1).map(|(at, begins, _)| (*at, *begins)).collect();
    let ends = ends.into_iter().chain([(bytes.len(), duration)]);
    let parts = starts.iter().zip(ends).map(|((at, begins, is_independent), (end, until))| Part {
        begins: *begins,
        duration: until - *begins,
        is_independent: *is_independent,
        bytes: bytes.slice(*at..end),
    });
    Ok(parts.collect())
}
