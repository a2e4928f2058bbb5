//! Parts of a document by bytes (RFC 9110, 14).

use std::ops::Range;

use http::HeaderMap;
use http::header::RANGE;

/// What a viewer asks of a document of some length.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Asked {
    /// All of it. Also what a request for several ranges gets (the RFC leaves it to us): no player
    /// sends one, and thousands of ranges in a request are an attack.
    Whole,
    /// These bytes, which are in the document.
    Part(Range<u64>),
    /// Nothing that the document has: 416.
    Nothing,
}

/// Reads `Range` for a document of `length` bytes. What is not understood is as if it were not
/// there (RFC 9110, 14.2).
pub(crate) fn asked(headers: &HeaderMap, length: u64) -> Asked {
    let mut lines = headers.get_all(RANGE).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else { return Asked::Whole };
    line.to_str().ok().and_then(|line| parse(line, length)).unwrap_or(Asked::Whole)
}

/// `None`: not a range that we understand.
fn parse(line: &str, length: u64) -> Option<Asked> {
    let (unit, set) = line.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (first, last) = set.trim().split_once('-')?;
    let (start, end) = match (first, last) {
        ("", suffix) => (length.saturating_sub(number(suffix)?), length),
        (first, "") => (number(first)?, length),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            if last < first {
                return None;
            }
            (first, last.saturating_add(1).min(length))
        }
    };
    Some(if start < end { Asked::Part(start..end) } else { Asked::Nothing })
}

/// A number of bytes. One that is too large to count is beyond any document's end.
fn number(text: &str) -> Option<u64> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[track_caller]
    fn check(line: &'static str, expected: Asked) {
        let mut headers = HeaderMap::new();
        headers.insert(RANGE, HeaderValue::from_static(line));
        assert_eq!(asked(&headers, 100), expected, "{line}");
    }

    #[test]
    fn a_range_is_a_part_of_the_document() {
        check("bytes=0-0", Asked::Part(0..1));
        check("bytes=10-19", Asked::Part(10..20));
        check("bytes=90-", Asked::Part(90..100));
        check("bytes=99-500", Asked::Part(99..100));
        check("bytes=-5", Asked::Part(95..100));
        check("bytes=-500", Asked::Part(0..100));
        check("bytes=0-99999999999999999999999", Asked::Part(0..100));
        check("Bytes = 0-1", Asked::Part(0..2));
    }

    #[test]
    fn a_range_beyond_the_end_cannot_be_met() {
        check("bytes=100-", Asked::Nothing);
        check("bytes=100-200", Asked::Nothing);
        check("bytes=99999999999999999999999-", Asked::Nothing);
        check("bytes=-0", Asked::Nothing);
        let mut headers = HeaderMap::new();
        headers.insert(RANGE, HeaderValue::from_static("bytes=0-"));
        assert_eq!(asked(&headers, 0), Asked::Nothing, "of an empty document");
    }

    #[test]
    fn what_is_no_single_range_is_not_there() {
        for line in [
            "bytes=",
            "bytes=-",
            "bytes=5-4",
            "bytes=a-b",
            "bytes=+1-2",
            "bytes=1",
            "bytes=0-1,5-6",
            "bytes=-1,-2",
            "lines=0-1",
            "0-1",
            "bytes=0x0-0x1",
            "bytes=1-2-3",
            "bytes=0 - 1",
            "bytes==0-1",
            "",
        ] {
            check(line, Asked::Whole);
        }
        let mut headers = HeaderMap::new();
        assert_eq!(asked(&headers, 100), Asked::Whole);
        headers.append(RANGE, HeaderValue::from_static("bytes=0-1"));
        headers.append(RANGE, HeaderValue::from_static("bytes=0-1"));
        assert_eq!(asked(&headers, 100), Asked::Whole, "two headers");
    }
}
