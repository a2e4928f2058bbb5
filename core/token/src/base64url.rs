//! Base 64 in its one spelling: no padding, no spaces, no bits left over (RFC 4648, 3.5 and 5).

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// The common alphabet, with padding.
pub(crate) fn decode_common(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_one_spelling() {
        assert_eq!(decode("-_8"), Some(vec![0xfb, 0xff]));
        for other in ["-_9", "-_8=", "+/8", "-_8 ", "-_8\n", "-", "-_8-_"] {
            assert_eq!(decode(other), None, "{other}");
        }
    }
}
