//! Lists with weights: what a viewer accepts (RFC 9110, 12.4.2 and 12.5).

use http::header::{ACCEPT, ACCEPT_ENCODING};
use http::{HeaderMap, HeaderName};

/// Whether to send gzip where we have it (RFC 9110, 12.5.3). Without the header we do not: the
/// RFC allows it, but players that say nothing often understand nothing.
pub(crate) fn takes_gzip(headers: &HeaderMap) -> bool {
    let named = |name| weight(headers, &ACCEPT_ENCODING, name);
    let gzip = named("gzip").or_else(|| named("x-gzip")).or_else(|| named("*"));
    gzip.is_some_and(|gzip| gzip > 0 && gzip >= named("identity").unwrap_or_default())
}

/// Whether an error is for a person in a browser. Players ask for anything, or for media.
pub(crate) fn takes_html(headers: &HeaderMap) -> bool {
    let html = weight(headers, &ACCEPT, "text/html").unwrap_or_default();
    html > 0 && html >= weight(headers, &ACCEPT, "text/plain").unwrap_or_default()
}

/// Whether an error is for a script, which says so by name.
pub(crate) fn takes_json(headers: &HeaderMap) -> bool {
    let json = weight(headers, &ACCEPT, "application/json").unwrap_or_default();
    json > 0 && json >= weight(headers, &ACCEPT, "text/html").unwrap_or_default()
}

/// The weight of a member of a list header in thousandths; the largest, if it is there twice.
fn weight(headers: &HeaderMap, header: &HeaderName, name: &str) -> Option<u16> {
    let lines = headers.get_all(header).iter().filter_map(|line| line.to_str().ok());
    let members = lines.flat_map(|line| line.split(',')).filter_map(|member| {
        let mut parts = member.split(';').map(str::trim);
        let named = parts.next()?.eq_ignore_ascii_case(name);
        named.then(|| parts.find_map(quality).unwrap_or(QUALITY_MAX))
    });
    members.max()
}

/// `q=0.5` as thousandths. A weight that is not one counts as "no, thank you".
fn quality(parameter: &str) -> Option<u16> {
    let (name, value) = parameter.split_once('=')?;
    name.trim().eq_ignore_ascii_case("q").then(|| thousandths(value.trim()).unwrap_or_default())
}

/// `0`, `1`, or up to three digits after the point (RFC 9110, 12.4.2).
fn thousandths(text: &str) -> Option<u16> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    if part.len() > 3 || !part.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part: u16 = format!("{part:0<3}").parse().ok()?;
    match whole {
        "0" => Some(part),
        "1" if part == 0 => Some(QUALITY_MAX),
        _ => None,
    }
}

const QUALITY_MAX: u16 = 1_000;

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[track_caller]
    fn check(
        takes: fn(&HeaderMap) -> bool,
        header: &HeaderName,
        lines: &[&'static str],
        expected: bool,
    ) {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header, HeaderValue::from_static(line));
        }
        assert_eq!(takes(&headers), expected, "{lines:?}");
    }

    #[test]
    fn gzip_goes_to_those_who_ask_for_it() {
        let check = |lines: &[&'static str], expected| {
            check(takes_gzip, &ACCEPT_ENCODING, lines, expected);
        };
        check(&[], false);
        check(&[""], false);
        check(&["gzip, deflate, br"], true);
        check(&["br", "GZIP"], true);
        check(&["x-gzip"], true);
        check(&["*"], true);
        check(&["*;q=0"], false);
        check(&["gzip;q=0, *"], false);
        check(&["gzip;q=0"], false);
        check(&["gzip;q=0.000"], false);
        check(&["gzip ; q=0.001"], true);
        check(&["identity"], false);
        check(&["gzip;q=0.5, identity;q=0.6"], false);
        check(&["gzip;q=0.5, identity;q=0.5"], true);
        check(&["gzip;q=2"], false);
        check(&["gzip;q=0.1234"], false);
        check(&["gzip;q=x;q=1"], false);
        check(&["gzipped"], false);
        check(&[",,;,q=1,gzip;"], true);
    }

    #[test]
    fn pages_go_to_browsers() {
        let check = |lines: &[&'static str], expected| {
            check(takes_html, &ACCEPT, lines, expected);
        };
        check(&["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"], true);
        check(&["*/*"], false);
        check(&[], false);
        check(&["text/plain, text/html;q=0.9"], false);
        check(&["text/html;q=0"], false);
    }

    #[test]
    fn words_for_scripts_go_to_those_who_name_json() {
        let check = |lines: &[&'static str], expected| {
            check(takes_json, &ACCEPT, lines, expected);
        };
        check(&["application/json"], true);
        check(&["application/vnd.apple.mpegurl, application/json;q=0.5"], true);
        check(&["text/html, application/json;q=0.9"], false);
        check(&["*/*"], false);
        check(&[], false);
    }
}
