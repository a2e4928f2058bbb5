//! Stream keys, and how they follow from the root secret.

use std::fmt;

use accounts::KeyId;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// What every key starts with, so that people and scanners know one when they see it.
const PREFIX: &str = "weir_";
/// Characters after the prefix, of five bits each: 130 bits that cannot be guessed.
const CHARACTERS: usize = 26;
/// RFC 4648, 6, in lower case and without padding: nothing that a URL, a query or OBS would change.
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
/// The digits of ids (Crockford's base 32).
const ID_DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// The bit of the first digit that ids of keys from before there were such ids have, and no other.
const OLD_ID: usize = 0b1_0000;
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

    /// The root secret that follows from a text of the configuration (RFC 5869, with HMAC-SHA256).
    pub(crate) fn derived(text: &[u8]) -> Self {
        let extracted = mac(b"weir root secret", &[text]);
        Self(mac(&extracted, &[b"weir root", &[1]]))
    }

    /// A key for one purpose, as long as the root secret.
    pub(crate) fn purpose(&self, purpose: &'static str) -> [u8; 32] {
        self.mac("purpose/", purpose)
    }

    /// What a secret is recognised by, in hex. The same text has another hash for another purpose.
    pub(crate) fn keyed_hash(&self, purpose: &'static str, text: &str) -> String {
        hex(&mac(&self.purpose(purpose), &[text.as_bytes()]))
    }

    /// The key with that id.
    pub(crate) fn key(&self, id: &KeyId) -> StreamKey {
        self.key_of(&seed(id))
    }

    fn key_of(&self, seed: &str) -> StreamKey {
        let mac = self.mac("stream-key/", seed);
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
        hex(&self.mac("stream-key-hash/", key))
    }

    /// The HMAC-SHA256 of a text for one purpose.
    fn mac(&self, purpose: &str, text: &str) -> [u8; 32] {
        mac(&self.0, &[purpose.as_bytes(), text.as_bytes()])
    }
}

/// What a key is derived from: its id. The ids of keys that were made before there were such ids
/// had 32 hexadecimal digits, which the migration wrote as one that begins with a digit above those
/// of any moment.
fn seed(id: &KeyId) -> String {
    let text = id.as_str();
    let digits = text.strip_prefix("key_").unwrap_or(text);
    let mut value = 0_u128;
    let mut is_old = false;
    for (at, digit) in digits.bytes().enumerate() {
        let number = ID_DIGITS.iter().position(|known| *known == digit).unwrap_or(0);
        is_old |= at == 0 && number & OLD_ID != 0;
        value = value << 5 | u128::try_from(number).unwrap_or(0);
    }
    if is_old { format!("{value:032x}") } else { text.to_owned() }
}

fn mac(secret: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut block = [0; BLOCK_BYTES];
    block.iter_mut().zip(secret).for_each(|(place, byte)| *place = *byte);
    let mut mac = Hmac::<Sha256>::new(&block.into());
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
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

    fn id(text: &str) -> KeyId {
        KeyId::parse(text).unwrap()
    }

    fn root() -> RootSecret {
        RootSecret::new(std::array::from_fn(|at| u8::try_from(at).unwrap()))
    }

    /// Reckoned by another program. If this changes, every key that people have in their encoders
    /// is void.
    #[test]
    fn a_key_and_its_hash_stay_what_they_are() {
        let key = root().key(&id("key_g024h36h2ncsvrh6daqf6dvvqz"));
        assert_eq!(key.reveal(), "weir_f2sgnvs2g3kftxpiom4bxieygp");
        assert_eq!(
            root().hash(key.reveal()),
            "b95bae8df0d4164086d940dff6ebad7806bb7e64932901f961eca994c994c1d9"
        );
        let key = root().key(&id("key_01hf7yat00zzzzzzzzzzzzzzzz"));
        assert_eq!(key.reveal(), "weir_jd34t3de56ydqpjmyfhhxazbgi");
    }

    #[test]
    fn an_id_of_old_is_its_32_hexadecimal_digits_again() {
        let check = |new: &str, old: &str| assert_eq!(seed(&id(new)), old);
        check("key_g024h36h2ncsvrh6daqf6dvvqz", "00112233445566778899aabbccddeeff");
        check("key_qzxvewsexak647esjn8gsj4480", "ffeeddccbbaa99887766554433221100");
        check("key_7zzzzzzzzzzzzzzzzzzzzzzzzz", "key_7zzzzzzzzzzzzzzzzzzzzzzzzz");
    }

    /// Reckoned by another program.
    #[test]
    fn what_follows_from_a_configured_secret_stays_what_it_is() {
        let root = RootSecret::derived(b"a secret of the configuration, long enough");
        assert_eq!(
            hex(&root.0),
            "db4c5f966a41077c03fc6eecbf3e5bf6d5d280b36cbd14b6c48f872d4499aa7f"
        );
        assert_eq!(
            hex(&root.purpose("trusted-keys")),
            "850658de256853c7a7dd839012df8f85c2b594455b00b91baad6557a87439f39"
        );
        let hash = root.keyed_hash("ticket", "text");
        assert_eq!(hash, "699f1de6180187a81b4e872bbc4a4f40f4106d8b2b7476874a4af674baa43251");
        assert_ne!(hash, root.keyed_hash("session", "text"));
    }

    #[test]
    fn a_key_is_safe_in_a_url_and_has_all_its_bits() {
        let keys: std::collections::BTreeSet<_> =
            (0..1_000).map(|id| root().key_of(&format!("{id:x}")).reveal().to_owned()).collect();
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
        let key = root().key_of("id");
        assert_eq!(format!("{key} {key:?} {:?}", root()), "*** StreamKey(***) RootSecret(***)");
    }
}
