//! Patterns with `*` for any text and `?` for one character, as URL schemes have them.

/// Whether `text` is as `pattern` says. Takes at most as many steps as both lengths multiplied.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at, mut seen) = (0, 0);
    // Behind the last star, and where what it stands for ends for now.
    let mut star: Option<(usize, usize)> = None;
    while let Some(&byte) = text.get(seen) {
        match pattern.get(at) {
            Some(b'*') => {
                at += 1;
                star = Some((at, seen));
            }
            Some(&own) if own == b'?' || own == byte => (at, seen) = (at + 1, seen + 1),
            Some(_) | None => match star {
                Some((behind, end)) => {
                    star = Some((behind, end + 1));
                    (at, seen) = (behind, end + 1);
                }
                None => return false,
            },
        }
    }
    pattern.get(at..).unwrap_or_default().iter().all(|&byte| byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, text: &str, expected: bool) {
        assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
    }

    #[test]
    fn a_star_is_any_text_and_a_question_mark_one_character() {
        check("/live/*", "/live/main/index.m3u8", true);
        check("/live/*", "/live/", true);
        check("/live/*", "/live", false);
        check("/live/*/1.ts", "/live/main/ts/1/1.ts", true);
        check("/live/*/1.ts", "/live/main/ts/1/11.tss", false);
        check("*a*b*c", "xxaxbxbxc", true);
        check("*a*b*c", "xxaxbxbx", false);
        check("/live/?.ts", "/live/1.ts", true);
        check("/live/?.ts", "/live/.ts", false);
        check("*", "", true);
        check("**", "x", true);
        check("", "", true);
        check("", "x", false);
        check("/LIVE", "/live", false);
    }

    #[test]
    fn the_worst_pattern_ends() {
        check(&"*a".repeat(200), &"a".repeat(199), false);
        check(&format!("{}b", "*a".repeat(100)), &"a".repeat(2_000), false);
    }
}
