//! The ways in which a secret may be written.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

/// Other spellings that are shorter than this are found by chance.
const CODED_BYTES_MIN: usize = 8;
/// What ends a token and is shorter than this is no signature.
const SIGNATURE_BYTES_MIN: usize = 16;

/// A secret in other words, and what they are called.
pub(super) type Spelling = (&'static str, String);

/// All that gives a secret away: itself, the signature of a token, and both in codes.
pub(super) fn spellings(kind: &str, text: &str) -> Vec<Spelling> {
    let mut all: Vec<Spelling> = Vec::new();
    let mut add = |name: &'static str, spelled: String| {
        if all.iter().all(|(_, known)| *known != spelled) {
            all.push((name, spelled));
        }
    };
    add("", text.to_owned());
    coded(text).into_iter().for_each(|(name, spelled)| add(name, spelled));
    if let Some(signature) = signature(kind, text) {
        add(", its signature", signature.to_owned());
        coded(signature).into_iter().for_each(|(_, spelled)| add(", its signature coded", spelled));
    }
    all
}

/// What stands behind the last dot of a token, and makes it one: what is before it may be read by
/// anybody, and is shown where a token is explained.
fn signature<'t>(kind: &str, text: &'t str) -> Option<&'t str> {
    let (_, last) = text.rsplit_once('.').filter(|_| kind.ends_with("token"))?;
    (last.len() >= SIGNATURE_BYTES_MIN).then_some(last)
}

fn coded(text: &str) -> Vec<Spelling> {
    let mut all = vec![
        (" percent-encoded", percent_encoded(text, false)),
        (" percent-encoded", percent_encoded(text, true)),
        (" escaped", text.escape_debug().collect()),
        (" in hexadecimal", hexadecimal(text, false)),
        (" in hexadecimal", hexadecimal(text, true)),
    ];
    for alphabet in [&STANDARD, &URL_SAFE] {
        // A name and a colon may stand before it, so its bytes may begin anywhere in a group of
        // three; what is coded together with its neighbours is left out.
        for before in 0..3 {
            let bytes = [&[0][..].repeat(before), text.as_bytes()].concat();
            let whole = alphabet.encode(&bytes);
            let whole = whole.trim_end_matches('=');
            let neighbour = usize::from(bytes.len() % 3 != 0);
            let skipped = [0, 2, 3].get(before).copied().unwrap_or_default();
            let own = whole.get(skipped..whole.len().saturating_sub(neighbour));
            all.push((" in base64", own.unwrap_or_default().to_owned()));
        }
    }
    all.retain(|(_, spelled)| spelled.len() >= CODED_BYTES_MIN && spelled != text);
    all
}

/// With all but what is never encoded as `%41`.
fn percent_encoded(text: &str, is_lower: bool) -> String {
    let mut spelled = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                spelled.push(char::from(byte));
            }
            byte if is_lower => write!(spelled, "%{byte:02x}").expect("a String takes all"),
            byte => write!(spelled, "%{byte:02X}").expect("a String takes all"),
        }
    }
    spelled
}

fn hexadecimal(text: &str, is_upper: bool) -> String {
    let digits = |byte: u8| if is_upper { format!("{byte:02X}") } else { format!("{byte:02x}") };
    text.bytes().map(digits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: &str, secret: &str, said: &str, expected: Option<&str>) {
        let all = spellings(kind, secret);
        let found = all.iter().find(|(_, spelled)| said.contains(spelled.as_str()));
        assert_eq!(found.map(|(name, _)| *name), expected, "{said}");
    }

    #[test]
    fn a_secret_is_known_in_every_code() {
        let check = |said: &str, expected| check("password", "a+b/c=d \"e", said, expected);
        check("it is a+b/c=d \"e!", Some(""));
        check("?p=a%2Bb%2Fc%3Dd%20%22e&", Some(" percent-encoded"));
        check("?p=a%2bb%2fc%3dd%20%22e&", Some(" percent-encoded"));
        check("Some(\"a+b/c=d \\\"e\")", Some(" escaped"));
        check("612b622f633d64202265", Some(" in hexadecimal"));
        check("612B622F633D64202265", Some(" in hexadecimal"));
        check("a+b/c=e \"e", None);
    }

    #[test]
    fn a_secret_is_known_in_base64_wherever_it_begins() {
        for user in ["", "a:", "ab:", "abc:", "abcd:"] {
            for after in ["", "x", "xy", "xyz"] {
                for alphabet in [&STANDARD, &URL_SAFE] {
                    let said = alphabet.encode(format!("{user}Zu?>per-~geheim{after}"));
                    check("password", "Zu?>per-~geheim", &said, Some(" in base64"));
                }
            }
        }
        check("password", "Zu?>per-~geheim", &STANDARD.encode("Zu?>per-~gehein"), None);
    }

    #[test]
    fn the_signature_of_a_token_is_one() {
        let token = "w1.k1.eyJhIjoxfQ.0123456789abcdefghijkl";
        let check = |kind, said: &str, expected| check(kind, token, said, expected);
        check("play token", "w1.k1.eyJhIjoxfQ is well", None);
        check("play token", "…0123456789abcdefghijkl", Some(", its signature"));
        check(
            "play token",
            &STANDARD.encode("0123456789abcdefghijkl"),
            Some(", its signature coded"),
        );
        check("stream key", "…0123456789abcdefghijkl", None);
        assert_eq!(signature("token", "file.name"), None);
    }

    #[test]
    fn what_is_found_by_chance_is_not_looked_for() {
        let names: Vec<_> = spellings("password", "abcdef").into_iter().map(|(_, s)| s).collect();
        assert_eq!(names, ["abcdef", "616263646566", "YWJjZGVm"]);
    }
}
