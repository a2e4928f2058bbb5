//! What must be in nothing that is shown: tokens, queries, user names, headers of the user's.
//!
//! Rules quote what playlists list, and servers write tokens into that. So everything that is said
//! goes through here, whoever says it.

use url::Url;

use crate::options::Options;
use crate::token::escaped;

/// What is left out of everything that is shown.
#[derive(Clone, Default)]
pub(crate) struct Secrets {
    /// The longest first: one may be a piece of another.
    words: Vec<String>,
}

/// Shorter tokens are no secret, and leaving them out would spoil what is said.
const TOKEN_BYTES_MIN: usize = 3;

/// Of headers and queries: what is shorter is a number, a version, a name.
const WORD_BYTES_MIN: usize = 8;

/// One sentence, for people. A URI may have any length.
const SHOWN_CHARS_MAX: usize = 600;

/// In the place of what is left out.
const HIDDEN: &str = "…";

impl Secrets {
    /// What is secret of these options, and of the URL that the user gave.
    pub(crate) fn of(options: &Options, url: &Url) -> Self {
        let mut secrets = Self::default();
        if let Some(token) = &options.token {
            secrets.add(token, TOKEN_BYTES_MIN);
        }
        for (_, value) in &options.headers {
            secrets.add(value, WORD_BYTES_MIN);
            let pieces =
                value.split(|letter: char| letter.is_whitespace() || ";=,".contains(letter));
            pieces.for_each(|piece| secrets.add(piece, WORD_BYTES_MIN));
        }
        for url in [Some(url), options.also.as_ref()].into_iter().flatten() {
            secrets.add(url.password().unwrap_or_default(), TOKEN_BYTES_MIN);
            for (_, value) in url.query_pairs() {
                secrets.add(&value, WORD_BYTES_MIN);
            }
        }
        secrets.words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        secrets.words.dedup();
        secrets
    }

    fn add(&mut self, word: &str, bytes_min: usize) {
        if word.len() >= bytes_min {
            self.words.extend([word.to_owned(), escaped(word)]);
        }
    }

    /// A text without what is secret: without these words, the queries and user names of URLs, and
    /// what stands behind `/t/` in a path.
    pub(crate) fn hide(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for word in self.words.iter().filter(|word| !word.is_empty()) {
            if text.contains(word.as_str()) {
                text = text.replace(word.as_str(), HIDDEN);
            }
        }
        text = replaced(&text, "://", |rest| {
            let host = rest.split(|letter| letter == '/' || ends_uri(letter)).next()?;
            host.rfind('@')
        });
        text = replaced(&text, "/t/", |rest| {
            let word = rest.split(|letter| letter == '/' || ends_uri(letter)).next()?;
            (!word.is_empty()).then_some(word.len())
        });
        text = replaced(&text, "?", |rest| {
            let query = rest.split(ends_uri).next()?.trim_end_matches([',', '.', ':', ';', ')']);
            let is_harmless = |pair: &str| pair.starts_with("_HLS_");
            (!query.is_empty() && !query.split('&').all(is_harmless)).then_some(query.len())
        });
        match text.char_indices().nth(SHOWN_CHARS_MAX) {
            Some((end, _)) => format!("{}{HIDDEN}", text.get(..end).unwrap_or_default()),
            None => text,
        }
    }
}

/// What no URI has, so that it ends there when it is quoted.
fn ends_uri(letter: char) -> bool {
    letter.is_whitespace() || letter.is_control() || "\"'\\<>`|".contains(letter)
}

/// The text with so many bytes behind each `mark` left out as `length` says of what follows it.
fn replaced(text: &str, mark: &str, length: impl Fn(&str) -> Option<usize>) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, after)) = rest.split_once(mark) {
        out.push_str(before);
        out.push_str(mark);
        rest = after;
        if let Some((_, kept)) = length(after).and_then(|length| after.split_at_checked(length)) {
            out.push_str(HIDDEN);
            rest = kept;
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets() -> Secrets {
        let options = Options {
            token: Some("to/ken".to_owned()),
            headers: vec![
                ("Authorization".to_owned(), "Bearer abcdefgh".to_owned()),
                ("Cookie".to_owned(), "a=1; session=zyxwvuts".to_owned()),
            ],
            ..Options::default()
        };
        Secrets::of(&options, &Url::parse("http://me:pass@w/x?auth=0123456789").unwrap())
    }

    #[test]
    fn what_is_said_has_no_secret() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            assert_eq!(secrets().hide(text), expected);
        }
        check("segment 5 was a.ts and is b.ts", "segment 5 was a.ts and is b.ts");
        check("is a.ts?k=v&token=x, which is listed", "is a.ts?…, which is listed");
        check("\"a.ts?k=v\" is no URI", "\"a.ts?…\" is no URI");
        check("URI=\\\"a.ts?k=v\\\"", "URI=\\\"a.ts?…\\\"");
        check("the first is http://u:p@w/a.ts", "the first is http://…@w/a.ts");
        check("http://w/t/abc/live/x.m3u8", "http://w/t/…/live/x.m3u8");
        check("/live/t", "/live/t");
        check("/k-to/ken/to%2Fken/a", "/k-…/…/a");
        check("it has abcdefgh and zyxwvuts of 0123456789", "it has … and … of …");
        check("pass through", "… through");
        check("x.m3u8?_HLS_msn=5&_HLS_part=1 gives 400", "x.m3u8?_HLS_msn=5&_HLS_part=1 gives 400");
        check("x.m3u8?_HLS_msn=5&k=1 gives 400", "x.m3u8?… gives 400");
        check("really?", "really?");
    }

    #[test]
    fn a_sentence_has_an_end() {
        let long = secrets().hide(&"x".repeat(10_000));
        assert_eq!(long.chars().count(), SHOWN_CHARS_MAX + 1);
    }
}
