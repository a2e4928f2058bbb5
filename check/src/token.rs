//! Where a viewer's token stands in URLs.
//!
//! A token that the user gives takes the place of `{token}` in the URL that he gives. If that is
//! not there, and the token is not in the URL already, it is added as `token=` to the query. From
//! there on the server carries it: what a playlist lists is fetched as it is listed.

use url::Url;

/// The URL with which an exam starts.
#[must_use]
pub fn with_token(url: &Url, token: &str) -> Url {
    let escaped = escaped(token);
    let text = url.as_str();
    // Paths escape the braces, queries do not.
    let filled = text.replace("%7Btoken%7D", &escaped).replace("{token}", &escaped);
    if let Some(filled) = Url::parse(&filled).ok().filter(|_| filled != text) {
        return filled;
    }
    let mut url = url.clone();
    if !text.contains(&escaped) {
        url.query_pairs_mut().append_pair("token", token);
    }
    url
}

/// The URL as somebody without the token would ask for it. Where the token is not found, the server
/// has put another one in its place: in a segment of the path behind `t`, or somewhere in the
/// query. `None`: there is nothing that could be left out.
#[must_use]
pub fn without_token(url: &Url, token: &str) -> Option<Url> {
    let escaped = escaped(token);
    let mut bare = url.clone();
    if let Some((before, after)) = split_path(url, &escaped) {
        bare.set_path(&format!("{}{after}", before.strip_suffix("/t").unwrap_or(before)));
    }
    // As it was escaped when it was added, or as somebody else may have written it.
    let keeps = |pair: &&str| !pair.contains(&escaped) && !pair.contains(token);
    let kept = |query: &str| query.split('&').filter(keeps).collect::<Vec<_>>().join("&");
    let query = url.query().map(kept).filter(|query| !query.is_empty());
    bare.set_query(query.as_deref());
    if bare != *url {
        return Some(bare);
    }
    if let Some(after) = other_token(url).and_then(|(_, _, after)| after.map(str::to_owned)) {
        bare.set_path(&format!("/{after}"));
    } else {
        bare.set_query(None);
    }
    (bare != *url).then_some(bare)
}

/// The URL with a token that is not quite right. `None`: no token is found in it.
#[must_use]
pub fn with_tampered_token(url: &Url, token: &str) -> Option<Url> {
    let escaped = escaped(token);
    let token = match other_token(url) {
        _ if url.as_str().contains(&escaped) => escaped.as_str(),
        Some((_, other, Some(_))) => other,
        Some(_) | None => return None,
    };
    Url::parse(&url.as_str().replace(token, &tampered(token)?)).ok()
}

/// The path before and after the segment that is the token.
fn split_path<'a>(url: &'a Url, escaped: &str) -> Option<(&'a str, &'a str)> {
    let path = url.path();
    let at = path.find(&format!("/{escaped}/"))?;
    let (before, rest) = path.split_at_checked(at)?;
    Some((before, rest.get(escaped.len() + 1..)?))
}

/// `/t/<token>/<after>`.
fn other_token(url: &Url) -> Option<(&str, &str, Option<&str>)> {
    let mut parts = url.path().strip_prefix("/t/")?.splitn(2, '/');
    Some(("/t/", parts.next()?, parts.next()))
}

/// Changes one letter or digit, into another one of its kind so that the form stays right. The last
/// ones do not always count (RFC 4648, 3.5), so it is one in the third quarter.
fn tampered(token: &str) -> Option<String> {
    let from = token.len() / 4 * 3;
    let at = token
        .char_indices()
        .filter(|(_, letter)| letter.is_ascii_alphanumeric())
        .min_by_key(|(at, _)| at.abs_diff(from))?
        .0;
    let change = |(place, letter): (usize, char)| match letter {
        _ if place != at => letter,
        '0' | 'a' | 'A' => char::from_u32(u32::from(letter) + 1).unwrap_or(letter),
        '1'..='9' => '0',
        'A'..='Z' => 'A',
        _ => 'a',
    };
    Some(token.char_indices().map(change).collect())
}

/// As it can stand in a path and in a query.
pub(crate) fn escaped(token: &str) -> String {
    let mut text = String::with_capacity(token.len());
    for byte in token.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(
        function: fn(&Url, &str) -> Option<Url>,
        token: &str,
        url: &str,
        expected: Option<&str>,
    ) {
        let actual = function(&Url::parse(url).unwrap(), token);
        assert_eq!(actual.as_ref().map(Url::as_str), expected, "{url} {token}");
    }

    #[test]
    fn a_token_stands_where_the_user_says_or_in_the_query() {
        let with = |url: &Url, token: &str| Some(with_token(url, token));
        for (token, url, expected) in [
            ("a.b-c", "http://w/t/{token}/live/x", "http://w/t/a.b-c/live/x"),
            ("a/b", "http://w/t/{token}/x", "http://w/t/a%2Fb/x"),
            ("a&b", "http://w/x?k={token}&y=1", "http://w/x?k=a%26b&y=1"),
            ("abc", "http://w/x", "http://w/x?token=abc"),
            ("abc", "http://w/x?y=1", "http://w/x?y=1&token=abc"),
            ("abc", "http://w/x?auth_key=abc", "http://w/x?auth_key=abc"),
            ("abc", "http://w/t/abc/x", "http://w/t/abc/x"),
        ] {
            check(with, token, url, Some(expected));
        }
    }

    #[test]
    fn a_token_is_left_out_wherever_it_stands() {
        for (url, expected) in [
            ("http://w/t/abc/live/x", Some("http://w/live/x")),
            ("http://w/hls/abc/x?y=1", Some("http://w/hls/x?y=1")),
            ("http://w/x?y=1&token=abc&z=2", Some("http://w/x?y=1&z=2")),
            ("http://w/x?token=abc", Some("http://w/x")),
            // The server's own, in the place of the user's.
            ("http://w/t/other/live/x", Some("http://w/live/x")),
            ("http://w/x?session=1", Some("http://w/x")),
            ("http://w/t/x", None),
            ("http://w/x", None),
        ] {
            check(without_token, "abc", url, expected);
        }
        check(without_token, "a+b", "http://w/x?token=a%2Bb", Some("http://w/x"));
    }

    #[test]
    fn a_tampered_token_keeps_its_form() {
        for (token, url, expected) in [
            ("abcdefgh", "http://w/t/abcdefgh/x", Some("http://w/t/abcdefah/x")),
            ("12345678", "http://w/x?token=12345678", Some("http://w/x?token=12345608")),
            ("AAAA", "http://w/x?token=AAAA", Some("http://w/x?token=AAAB")),
            ("abc", "http://w/t/zzzz/x", Some("http://w/t/zzza/x")),
            ("abc", "http://w/x?session=zzzz", None),
            ("--", "http://w/t/--/x", None),
        ] {
            check(with_tampered_token, token, url, expected);
        }
    }
}
