//! Documents as the store has them: AES-256-GCM (NIST SP 800-38D).
//!
//! Each has a key of its own, which follows from the root secret and the document's name. So the
//! store alone, or a copy of it, gives nothing away, and no two documents meet under one key.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use sha2::{Digest, Sha256};

use crate::ServiceError;
use crate::secrets::random;

/// Seals a document: the nonce, then what is sealed.
pub(super) fn seal(key: &str, bytes: &[u8]) -> Result<Vec<u8>, ServiceError> {
    let nonce: [u8; NONCE_LEN] = random()?;
    let mut sealed = bytes.to_vec();
    let done = key_of(key).and_then(|key| {
        let nonce = Nonce::assume_unique_for_key(nonce);
        key.seal_in_place_append_tag(nonce, Aad::empty(), &mut sealed).ok()
    });
    match done {
        Some(()) => Ok([nonce.as_slice(), &sealed].concat()),
        None => Err(ServiceError::Unavailable("the document could not be sealed".into())),
    }
}

/// Opens what was sealed; `None` if anything of it was changed.
pub(super) fn open(key: &str, sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>()?;
    let mut bytes = sealed.to_vec();
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let length = key_of(key)?.open_in_place(nonce, Aad::empty(), &mut bytes).ok()?.len();
    bytes.truncate(length);
    Some(bytes)
}

fn key_of(text: &str) -> Option<LessSafeKey> {
    let key = UnboundKey::new(&AES_256_GCM, &Sha256::digest(text)).ok()?;
    Some(LessSafeKey::new(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_opened_as_it_was_or_not_at_all() {
        let sealed = seal("key", b"passport").unwrap();
        assert_eq!(open("key", &sealed).unwrap(), b"passport");
        assert!(!sealed.windows(4).any(|window| window == b"pass"));
        assert_eq!(open("kez", &sealed), None);
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(open("key", &changed), None, "byte {at}");
            assert_eq!(open("key", &sealed[..at]), None, "{at} bytes");
        }
    }
}
