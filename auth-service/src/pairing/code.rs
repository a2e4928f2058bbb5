//! The code that people type (RFC 8628, 6.1).

use crate::ServiceError;
use crate::secrets::random;

/// Consonants: they make no words, and none looks like another.
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
/// Letters of a code: 20^8 are 34.5 bits, with few guesses a minute for a quarter of an hour.
const LENGTH: usize = 8;

/// A new code, without its dash.
pub(super) fn draw() -> Result<String, ServiceError> {
    let mut code = String::with_capacity(LENGTH);
    while code.len() < LENGTH {
        for byte in random::<LENGTH>()? {
            // 240 is the last multiple of 20 in a byte: what is above would favour some letters.
            let letter = (byte < 240).then(|| LETTERS.get(usize::from(byte % 20))).flatten();
            if code.len() < LENGTH {
                code.extend(letter.copied().map(char::from));
            }
        }
    }
    Ok(code)
}

/// The code as people read it: `BCDF-GHJK`.
pub(super) fn shown(code: &str) -> String {
    match code.split_at_checked(LENGTH / 2) {
        Some((first, second)) => format!("{first}-{second}"),
        None => code.to_owned(),
    }
}

/// The code that people typed, in whatever case and with whatever between; `None` if it is none.
pub(super) fn read(text: &str) -> Option<String> {
    let letters = text.chars().filter(|c| !matches!(c, '-' | ' ')).take(LENGTH + 1);
    let code: String = letters.map(|c| c.to_ascii_uppercase()).collect();
    let is_code = code.len() == LENGTH && code.bytes().all(|byte| LETTERS.contains(&byte));
    is_code.then_some(code)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_code_is_read_as_it_is_shown_and_as_people_type_it() {
        for text in ["BCDF-GHJK", "bcdfghjk", " bcdf ghjk ", "B-C-D-F-G-H-J-K"] {
            assert_eq!(read(text).as_deref(), Some("BCDFGHJK"), "{text}");
        }
        for text in
            ["", "BCDF-GHJ", "BCDF-GHJKL", "BCDF-GHJA", "BCDF-GHJ1", "BCDF_GHJK", "äääääääää"]
        {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(shown("BCDFGHJK"), "BCDF-GHJK");
        assert_eq!(read(&"-".repeat(100_000)), None);
    }

    #[test]
    fn every_letter_comes_at_every_place() {
        let codes: Vec<String> = (0..2_000).map(|_| draw().unwrap()).collect();
        assert!(codes.iter().all(|code| read(code).as_ref() == Some(code)));
        for at in 0..LENGTH {
            let seen: BTreeSet<u8> = codes.iter().map(|code| code.as_bytes()[at]).collect();
            assert_eq!(seen.len(), LETTERS.len(), "letter {at}");
        }
    }
}
