//! Stream keys, and how they follow from the root secret.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// What every key starts with, so that people and scanners know one when they see it.
const PREFIX: &str = "weir_";
/// Characters after the prefix, of five bits each: 130 bits that cannot be guessed.
const CHARACTERS: usize = 26;
/// RFC 4648, 6, in lower case and without padding: nothing that a URL, a query or OBS would change.
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
/// The block of SHA-256, to which HMAC pads its secret with zeros (RFC 2104, 2).
const BLOCK_BYTES: usize = 64;

/// The secret of a publisher. Printing it shows `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct StreamKey(Box<str>);

/// What all keys follow from: 32 random bytes, made once.
#[derive(Clone)]
pub(crate) struct RootSecret([u8; 32]);

impl StreamKey {
    /// The key itself. Every call is a place to look at.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl RootSecret {
    pub(crate) const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The key with that id.
    pub(crate) fn key(&self, id: &str) -> StreamKey {
        let mac = self.mac("stream-key/", id);
        let mut text = String::from(PREFIX);
        let (mut bits, mut held) = (0_u32, 0_u32);
        let mut bytes = mac.iter();
        while text.len() < PREFIX.len() + CHARACTERS {
            if held < 5 {
                bits = bits << 8 | bytes.next().copied().map_or(0, u32::from);
                held += 8;
            }
            held -= 5;
            let index = usize::try_from(bits >> held & 31).unwrap_or(0);
            text.extend(ALPHABET.get(index).copied().map(char::from));
        }
        StreamKey(text.into())
    }

    /// What a key is recognised by.
    pub(crate) fn hash(&self, key: &str) -> String {
        self.mac("stream-key-hash/", key).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The HMAC-SHA256 of a text for one purpose.
    fn mac(&self, purpose: &str, text: &str) -> [u8; 32] {
        let mut block = [0; BLOCK_BYTES];
        block.iter_mut().zip(self.0).for_each(|(place, byte)| *place = byte);
        let mac = Hmac::<Sha256>::new(&block.into());
        mac.chain_update(purpose).chain_update(text).finalize().into_bytes().into()
    }
}

impl fmt::Debug for StreamKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StreamKey(***)")
    }
}

impl fmt::Display for StreamKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Debug for RootSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RootSecret(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> RootSecret {
        RootSecret::new(std::array::from_fn(|at| u8::try_from(at).unwrap()))
    }

    /// Reckoned by another program. If this changes, every key that people have in their encoders
    /// is void.
    #[test]
    fn a_key_and_its_hash_stay_what_they_are() {
        let key = root().key("00112233445566778899aabbccddeeff");
        assert_eq!(key.reveal(), "weir_f2sgnvs2g3kftxpiom4bxieygp");
        assert_eq!(
            root().hash(key.reveal()),
            "b95bae8df0d4164086d940dff6ebad7806bb7e64932901f961eca994c994c1d9"
        );
    }

    #[test]
    fn a_key_is_safe_in_a_url_and_has_all_its_bits() {
        let keys: std::collections::BTreeSet<_> =
            (0..1_000).map(|id| root().key(&format!("{id:x}")).reveal().to_owned()).collect();
        assert_eq!(keys.len(), 1_000);
        for at in 0..CHARACTERS {
            let seen: std::collections::BTreeSet<_> =
                keys.iter().map(|key| key.as_bytes()[PREFIX.len() + at]).collect();
            assert_eq!(seen.len(), ALPHABET.len(), "character {at}");
        }
        for key in keys {
            assert_eq!(key.len(), 31);
            assert!(key.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'));
        }
    }

    #[test]
    fn a_key_is_never_printed() {
        let key = root().key("id");
        assert_eq!(format!("{key} {key:?} {:?}", root()), "*** StreamKey(***) RootSecret(***)");
    }
}
