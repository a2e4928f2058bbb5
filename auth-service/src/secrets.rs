//! Chance, and the secrets that are made of it.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use runtime::Secret;

use crate::ServiceError;

/// Characters of a secret, of five bits each: 130 bits that cannot be guessed.
pub(crate) const SECRET_CHARACTERS: usize = 26;
/// RFC 4648, 6, in lower case and without padding: nothing that a URL or a letter would change.
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Bytes that nobody guesses, from the operating system: for ids, salts and secrets.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], ServiceError> {
    let mut bytes = [0; N];
    match getrandom::fill(&mut bytes) {
        Ok(()) => Ok(bytes),
        Err(error) => Err(ServiceError::Unavailable(Box::new(error))),
    }
}

/// A new secret: `prefix`, and 26 characters that nobody guesses.
pub(crate) fn new_secret(prefix: &str) -> Result<Secret, ServiceError> {
    let mut text = String::from(prefix);
    for byte in random::<SECRET_CHARACTERS>()? {
        let at = usize::from(byte & 31);
        text.extend(ALPHABET.get(at).copied().map(char::from));
    }
    Ok(Secret::new(text))
}

/// What of a text can be such a secret, after its prefix. Anything else is known to be none before
/// it is looked up.
pub(crate) fn is_secret(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| {
        rest.len() == SECRET_CHARACTERS && rest.bytes().all(|byte| ALPHABET.contains(&byte))
    })
}

/// Whether two texts are the same, in a time that says nothing of where they differ.
pub(crate) fn is_same(first: &str, second: &str) -> bool {
    verify_slices_are_equal(first.as_bytes(), second.as_bytes()).is_ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_secret_has_all_its_bits_and_is_known_as_one() {
        let secrets: BTreeSet<String> =
            (0..1_000).map(|_| new_secret("weir_x_").unwrap().reveal().to_owned()).collect();
        assert_eq!(secrets.len(), 1_000);
        for at in 0..SECRET_CHARACTERS {
            let seen: BTreeSet<u8> = secrets.iter().map(|text| text.as_bytes()[7 + at]).collect();
            assert_eq!(seen.len(), ALPHABET.len(), "character {at}");
        }
        assert!(secrets.iter().all(|text| is_secret(text, "weir_x_")));
    }

    #[test]
    fn what_can_be_no_secret_is_known_as_none() {
        let digits = "abcdefghijklmnopqrstuvwxyz";
        assert!(is_secret(&format!("weir_{digits}"), "weir_"));
        for text in ["", "weir_", digits, "weir_abcdefghijklmnopqrstuvwxy1", "weir_ABC"] {
            assert!(!is_secret(text, "weir_"), "{text}");
        }
        assert!(!is_secret(&format!("weir_{digits}a"), "weir_"));
    }

    #[test]
    fn the_same_is_the_same_to_the_last_byte() {
        assert!(is_same("", "") && is_same("abc", "abc"));
        for (first, second) in [("abc", "abd"), ("abc", "ab"), ("", "a"), ("bbc", "abc")] {
            assert!(!is_same(first, second), "{first} {second}");
        }
    }
}
