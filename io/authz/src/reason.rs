//! What somebody else's server gives as its reason.

use std::fmt;

/// Longest reason, in characters: a sentence or two, as a dialog of OBS shows them.
const CHARACTERS_MAX: usize = 200;

/// A reason that another server gave, fit for a log, a dialog and a page: one line of printable
/// characters, cut short. The dialogs of encoders take `<b>` for markup, so there is none in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reason(Box<str>);

impl Reason {
    /// Cleans a text. `None` if nothing of it is left.
    #[must_use]
    pub fn clean(text: &str) -> Option<Self> {
        let mut clean = String::new();
        let mut count = 0;
        for word in text.split(|c: char| c.is_whitespace() || c.is_control()) {
            let shown = |c: &char| !"<>&".contains(*c) && !reorders(*c);
            for (at, character) in word.chars().filter(shown).enumerate() {
                let is_gap = at == 0 && count > 0;
                if count + usize::from(is_gap) >= CHARACTERS_MAX {
                    clean.push('…');
                    return Some(Self(clean.into()));
                }
                if is_gap {
                    clean.push(' ');
                }
                clean.push(character);
                count += 1 + usize::from(is_gap);
            }
        }
        (!clean.is_empty()).then(|| Self(clean.into()))
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a character is not seen, or lets others be seen in another order (Unicode's format
/// characters).
const fn reorders(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        let actual = Reason::clean(text).map(|reason| reason.to_string());
        assert_eq!(actual.as_deref(), expected, "{text:?}");
    }

    #[test]
    fn a_reason_is_one_line_that_anybody_can_be_shown() {
        check("Your plan ended.", Some("Your plan ended."));
        check("  a\r\n\tb \0 c\u{1b}[31m  ", Some("a b c [31m"));
        check("<img src=x> a&amp;b", Some("img src=x aamp;b"));
        check("Kämera 配信", Some("Kämera 配信"));
        check("a\u{202e}b\u{200b}c", Some("abc"));
        check("", None);
        check(" \n<>\u{200b} ", None);
        check("a <> b", Some("a b"));
    }

    #[test]
    fn a_long_reason_is_cut() {
        check(&"é".repeat(200), Some(&"é".repeat(200)));
        check(&"é".repeat(201), Some(&("é".repeat(200) + "…")));
        check(&("a".repeat(199) + " b"), Some(&("a".repeat(199) + "…")));
        check(&("a".repeat(198) + " b"), Some(&("a".repeat(198) + " b")));
    }
}
