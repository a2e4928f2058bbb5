//! "Only if I do not have it yet": conditional requests (RFC 9110, 13) on entity tags. We give no
//! modification dates, so conditions on dates never hold.

use http::header::{IF_NONE_MATCH, IF_RANGE};
use http::{HeaderMap, HeaderValue};

/// Whether the viewer has what `etag` names (RFC 9110, 13.1.2; weak comparison).
pub(crate) fn has_already(headers: &HeaderMap, etag: &str) -> bool {
    headers.get_all(IF_NONE_MATCH).iter().any(|line| names(line, etag))
}

/// Whether a range may be answered as such: there is no `If-Range`, or it names `etag` (RFC 9110,
/// 13.1.5; strong comparison).
pub(crate) fn range_may_hold(headers: &HeaderMap, etag: &str) -> bool {
    let mut lines = headers.get_all(IF_RANGE).iter();
    lines.all(|line| {
        let text = line.to_str().unwrap_or_default().trim();
        text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) == Some(etag)
    })
}

/// Whether a list of entity tags, or `*`, names `etag`. A comma may stand in a tag, so the list is
/// read tag by tag; what follows a mistake is not read.
fn names(line: &HeaderValue, etag: &str) -> bool {
    let Ok(mut rest) = line.to_str() else { return false };
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.starts_with('*') {
            return true;
        }
        let tag = rest.strip_prefix("W/").unwrap_or(rest);
        let Some((tag, after)) = tag.strip_prefix('"').and_then(|tag| tag.split_once('"')) else {
            return false;
        };
        if tag == etag {
            return true;
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, has: bool, may_hold: bool) {
        let mut headers = HeaderMap::new();
        headers.insert(IF_NONE_MATCH, line.parse().unwrap());
        headers.insert(IF_RANGE, line.parse().unwrap());
        let actual = (has_already(&headers, "a,b"), range_may_hold(&headers, "a,b"));
        assert_eq!(actual, (has, may_hold), "{line}");
    }

    #[test]
    fn a_tag_is_found_in_a_list_and_a_range_needs_it_alone_and_strong() {
        check("\"a,b\"", true, true);
        check("W/\"a,b\"", true, false);
        check("\"x\", \"a,b\"", true, false);
        check("\"x\" , W/\"y\",, W/\"a,b\"", true, false);
        check("*", true, false);
        check("\"x\"", false, false);
        check("\"a\", \"b\"", false, false);
        check("a,b", false, false);
        check("\"x\" y \"a,b\"", false, false);
        check("\"a,b", false, false);
        check("Tue, 15 Nov 1994 12:45:26 GMT", false, false);
        check("", false, false);
    }

    #[test]
    fn without_conditions_everything_is_sent() {
        assert!(!has_already(&HeaderMap::new(), "a"));
        assert!(range_may_hold(&HeaderMap::new(), "a"));
    }
}
