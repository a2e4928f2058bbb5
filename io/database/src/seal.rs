//! Sealed secrets: bytes that mean nothing without the root secret.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use crate::DatabaseError;
use crate::key::RootSecret;

/// Seals and opens secrets, each for the one place that it is kept at: AES-256-GCM (NIST SP
/// 800-38D). A sealed secret is a random nonce, the ciphertext and the tag; random nonces are good
/// for four thousand million secrets, and a database has a few hundred.
pub(crate) struct Seal(LessSafeKey);

impl Seal {
    /// The seal of a root secret, for one purpose.
    pub(crate) fn new(root: &RootSecret, purpose: &'static str) -> Result<Self, DatabaseError> {
        let key = UnboundKey::new(&AES_256_GCM, &root.purpose(purpose));
        let key = key.map_err(|error| DatabaseError::unavailable("make a seal", error))?;
        Ok(Self(LessSafeKey::new(key)))
    }

    /// Seals `secret` for `place`: nowhere else does it open.
    pub(crate) fn close(&self, place: &str, secret: &[u8]) -> Result<Vec<u8>, DatabaseError> {
        let nonce = crate::random::<NONCE_LEN>()?;
        let mut sealed = secret.to_vec();
        let unique = Nonce::assume_unique_for_key(nonce);
        let closed = self.0.seal_in_place_append_tag(unique, Aad::from(place), &mut sealed);
        closed.map_err(|error| DatabaseError::unavailable("seal a secret", error))?;
        Ok([&nonce[..], &sealed].concat())
    }

    /// The secret that was sealed for `place`, or `None`: it was sealed with another root secret or
    /// for another place, or it was changed.
    pub(crate) fn open(&self, place: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut secret = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = self.0.open_in_place(nonce, Aad::from(place), &mut secret).ok()?.len();
        secret.truncate(opened);
        Some(secret)
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal(root: u8) -> Seal {
        Seal::new(&RootSecret::new([root; 32]), "tests").unwrap()
    }

    #[test]
    fn a_secret_opens_at_its_place_with_its_root_and_nowhere_else() {
        let sealed = seal(1).close("tru_1", b"secret").unwrap();
        assert_eq!(seal(1).open("tru_1", &sealed).unwrap(), b"secret");
        assert_eq!(seal(1).open("tru_2", &sealed), None);
        assert_eq!(seal(2).open("tru_1", &sealed), None);
        let other = Seal::new(&RootSecret::new([1; 32]), "others").unwrap();
        assert_eq!(other.open("tru_1", &sealed), None);
    }

    #[test]
    fn a_sealed_secret_with_a_changed_or_missing_byte_does_not_open() {
        let sealed = seal(1).close("tru_1", b"secret").unwrap();
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(seal(1).open("tru_1", &changed), None, "byte {at} changed");
            assert_eq!(seal(1).open("tru_1", &sealed[..at]), None, "{at} bytes");
        }
    }

    #[test]
    fn two_seals_of_one_secret_differ_and_show_nothing_of_it() {
        let (first, second) = (seal(1).close("", b"secret"), seal(1).close("", b"secret"));
        let (first, second) = (first.unwrap(), second.unwrap());
        assert_ne!(first, second);
        assert!(!first.windows(3).any(|window| window == b"sec"));
        assert_eq!(seal(1).open("", &seal(1).close("", b"").unwrap()).unwrap(), b"");
        assert_eq!(format!("{:?}", seal(1)), "Seal(***)");
    }
}
