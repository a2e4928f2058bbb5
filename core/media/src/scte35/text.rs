//! Bytes written as text.

/// The bytes of hexadecimal digits or base64. The first byte of a section is 0xfc, so base64
/// begins with a character that is no digit.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    match digits.as_slice() {
        [b'/' | b'_', ..] => base64(&digits),
        [b'0', b'x' | b'X', digits @ ..] => hex(digits),
        digits => hex(digits),
    }
}

fn hex(digits: &[u8]) -> Option<Vec<u8>> {
    let value = |&digit: &u8| u8::try_from(char::from(digit).to_digit(16)?).ok();
    let byte = |pair: &[u8]| match pair {
        [high, low] => Some(value(high)? << 4 | value(low)?),
        _ => None,
    };
    digits.chunks(2).map(byte).collect()
}

/// Base64 (RFC 4648, 4 and 5) of either alphabet, with or without padding.
fn base64(digits: &[u8]) -> Option<Vec<u8>> {
    let padding = digits.iter().rev().take_while(|&&digit| digit == b'=').count();
    let digits = digits.get(..digits.len() - padding)?;
    if padding > 2 || digits.len() % 4 == 1 {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits.len() * 3 / 4);
    for group in digits.chunks(4) {
        let mut bits = 0;
        for &digit in group {
            bits = bits << 6 | u32::from(sextet(digit)?);
        }
        let missing = 4 - group.len();
        let [_, decoded @ ..] = (bits << (6 * missing)).to_be_bytes();
        bytes.extend(decoded.into_iter().take(3 - missing));
    }
    Some(bytes)
}

const fn sextet(digit: u8) -> Option<u8> {
    match digit {
        b'A'..=b'Z' => Some(digit - b'A'),
        b'a'..=b'z' => Some(digit - b'a' + 26),
        b'0'..=b'9' => Some(digit - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}
