use url::Url;

use super::ask::{directed, next_part, up_to};
use crate::evidence::Edge;

#[test]
fn directives_are_in_the_order_that_caches_expect() {
    let check = |url: &str, expected: &str| {
        let url = Url::parse(url).unwrap();
        let edge = Edge { sequence: 10, parts: 2 };
        assert_eq!(directed(&url, &next_part(edge)).as_str(), expected);
    };
    check("http://a/b.m3u8", "http://a/b.m3u8?_HLS_msn=10&_HLS_part=2");
    check("http://a/b.m3u8?a=1", "http://a/b.m3u8?_HLS_msn=10&_HLS_part=2&a=1");
    check("http://a/b.m3u8?Z=%2f", "http://a/b.m3u8?Z=%2f&_HLS_msn=10&_HLS_part=2");
    let url = Url::parse("http://a/b.m3u8?").unwrap();
    assert_eq!(directed(&url, &[]).as_str(), "http://a/b.m3u8");
}

#[test]
fn what_a_report_says_is_asked_for() {
    let check = |sequence: u64, parts: u64, expected: &str| {
        let url = Url::parse("http://a/b.m3u8").unwrap();
        let asked = directed(&url, &up_to(Edge { sequence, parts }));
        assert_eq!(asked.query(), Some(expected));
    };
    check(10, 2, "_HLS_msn=10&_HLS_part=1");
    check(10, 0, "_HLS_msn=9");
}
