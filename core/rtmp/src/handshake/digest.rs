//! The digest inside a handshake packet, which Flash Player 9.0.124 and its servers introduced.
//!
//! The 1536 bytes of C1 and S1 hold 32 bytes of HMAC-SHA256 over the other 1504. Where they stand
//! is said by four bytes of the packet itself, at one of two places (the two *schemes*).

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::PACKET_BYTES;

/// Where the four bytes stand that say where the digest is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// At byte 8: the digest lies in the first half of the packet.
    First,
    /// At byte 772: the digest lies in the second half.
    Second,
}

/// Length of the digest in bytes.
pub(super) const DIGEST_BYTES: usize = 32;

/// Who signs: each side has its own key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Client,
    Server,
}

/// The scheme and the digest of a packet signed by `side`, or `None` if neither scheme fits.
pub(super) fn find(packet: &[u8; PACKET_BYTES], side: Side) -> Option<(Scheme, [u8; 32])> {
    [Scheme::First, Scheme::Second].into_iter().find_map(|scheme| {
        let (before, digest, after) = split(packet, scheme)?;
        let expected = hmac(side.short_key(), &[before, after]);
        (expected == *digest).then_some((scheme, expected))
    })
}

/// Writes the digest of `side` into a packet whose other bytes are final; returns it.
pub(super) fn sign(packet: &mut [u8; PACKET_BYTES], scheme: Scheme, side: Side) -> [u8; 32] {
    let digest = split(packet, scheme)
        .map(|(before, _, after)| hmac(side.short_key(), &[before, after]))
        .unwrap_or_default();
    let at = position(packet, scheme);
    if let Some(place) = packet.get_mut(at..at + DIGEST_BYTES) {
        place.copy_from_slice(&digest);
    }
    digest
}

/// Signs the last packet of `side` (S2 or C2), which answers the other side's digest: the last 32
/// bytes become a signature of the rest.
pub(super) fn sign_answer(packet: &mut [u8; PACKET_BYTES], answered: &[u8; 32], side: Side) {
    let key = hmac(&side.full_key(), &[answered]);
    let (body, signature) = packet.split_at_mut(PACKET_BYTES - DIGEST_BYTES);
    signature.copy_from_slice(&hmac(&key, &[body]));
}

/// Whether the last packet of `side` answers `answered`.
#[cfg(test)]
pub(super) fn answers(packet: &[u8; PACKET_BYTES], answered: &[u8; 32], side: Side) -> bool {
    let mut signed = *packet;
    sign_answer(&mut signed, answered, side);
    signed == *packet
}

/// Where the digest starts. Four bytes add up to at most 1020, so `12 <= position <= 1503`.
pub(super) fn position(packet: &[u8; PACKET_BYTES], scheme: Scheme) -> usize {
    let base = match scheme {
        Scheme::First => 8,
        Scheme::Second => 772,
    };
    let sum: usize = packet.iter().skip(base).take(4).map(|&byte| usize::from(byte)).sum();
    base + 4 + sum % 728
}

fn split(packet: &[u8; PACKET_BYTES], scheme: Scheme) -> Option<(&[u8], &[u8; 32], &[u8])> {
    let (before, rest) = packet.split_at_checked(position(packet, scheme))?;
    let (digest, after) = rest.split_first_chunk()?;
    Some((before, digest, after))
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

impl Side {
    fn short_key(self) -> &'static [u8] {
        match self {
            Self::Client => b"Genuine Adobe Flash Player 001",
            Self::Server => b"Genuine Adobe Flash Media Server 001",
        }
    }

    fn full_key(self) -> Vec<u8> {
        [self.short_key(), &KEY_TAIL].concat()
    }
}

/// What both full keys end in.
const KEY_TAIL: [u8; 32] = [
    0xf0, 0xee, 0xc2, 0x4a, 0x80, 0x68, 0xbe, 0xe8, 0x2e, 0x00, 0xd0, 0xd1, 0x02, 0x9e, 0x7e, 0x57,
    0x6e, 0xec, 0x5d, 0x2d, 0x29, 0x80, 0x6f, 0xab, 0x93, 0xb8, 0xe6, 0x36, 0xcf, 0xeb, 0x31, 0xae,
];
