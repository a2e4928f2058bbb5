use http::Request;

use super::*;

/// Asks for a playlist of ten bytes whose gzip form has four. A request is
/// `METHOD header: value; …` with `|` between headers; the answer is its status, its headers in
/// short, and its body.
#[track_caller]
fn check(request: &str, expected: &str) {
    check_document(request, playlist(), expected);
}

#[track_caller]
fn check_document(request: &str, document: Document, expected: &str) {
    let mut parts = request.split('|').map(str::trim);
    let mut built = Request::builder().method(parts.next().unwrap());
    for header in parts {
        let (name, value) = header.split_once(": ").unwrap();
        built = built.header(name, value);
    }
    let (head, ()) = built.body(()).unwrap().into_parts();
    let response = respond(&head.method, &head.headers, document);
    let mut actual = response.status().as_str().to_owned();
    for (name, short) in [
        (ETAG, ""),
        (CONTENT_LENGTH, "length "),
        (CONTENT_RANGE, ""),
        (CONTENT_ENCODING, ""),
        (VARY, "vary "),
        (CACHE_CONTROL, ""),
    ] {
        if let Some(value) = response.headers().get(name) {
            actual = format!("{actual} | {short}{}", value.to_str().unwrap());
        }
    }
    let body = response.body().bytes();
    let body = std::str::from_utf8(&body).unwrap();
    assert_eq!(format!("{actual} | {body}"), expected, "{request}");
}

fn playlist() -> Document {
    Document {
        body: Bytes::from_static(b"0123456789").into(),
        gzip: Some(Bytes::from_static(b"gzip").into()),
        content_type: "application/vnd.apple.mpegurl",
        cache_control: CacheControl::Seconds(1),
        etag: "aa".into(),
    }
}

fn segment() -> Document {
    let cache_control = CacheControl::Immutable;
    Document { gzip: None, content_type: "video/mp2t", cache_control, ..playlist() }
}

const VARIES: &str = "vary accept-encoding | public, max-age=1";

#[test]
fn a_playlist_comes_as_gzip_to_those_who_take_it() {
    check("GET", &format!("200 | \"aa\" | length 10 | {VARIES} | 0123456789"));
    let gzip = format!("200 | \"aa-gzip\" | length 4 | gzip | {VARIES} | gzip");
    check("GET | accept-encoding: gzip, br", &gzip);
    check("HEAD | accept-encoding: gzip", &gzip);
    let plain = format!("200 | \"aa\" | length 10 | {VARIES} | 0123456789");
    check("GET | accept-encoding: br", &plain);
}

#[test]
fn a_segment_is_never_encoded_and_stays_for_ever() {
    let lifetime = "public, max-age=31536000, immutable";
    let whole = format!("200 | \"aa\" | length 10 | {lifetime} | 0123456789");
    check_document("GET | accept-encoding: gzip", segment(), &whole);
    let unchanged = format!("304 | \"aa\" | {lifetime} | ");
    check_document("GET | if-none-match: \"aa\"", segment(), &unchanged);
}

#[test]
fn what_the_viewer_has_is_not_sent_again() {
    let unchanged = format!("304 | \"aa\" | {VARIES} | ");
    check("GET | if-none-match: \"aa\"", &unchanged);
    check("HEAD | if-none-match: W/\"aa\"", &unchanged);
    check("GET | if-none-match: *", &unchanged);
    check("GET | if-none-match: \"aa\" | range: bytes=0-1", &unchanged);
    let gzip = format!("304 | \"aa-gzip\" | {VARIES} | ");
    check("GET | accept-encoding: gzip | if-none-match: \"aa-gzip\"", &gzip);
}

#[test]
fn one_form_is_not_taken_for_the_other() {
    let gzip = format!("200 | \"aa-gzip\" | length 4 | gzip | {VARIES} | gzip");
    check("GET | accept-encoding: gzip | if-none-match: \"aa\"", &gzip);
    let plain = format!("200 | \"aa\" | length 10 | {VARIES} | 0123456789");
    check("GET | if-none-match: \"aa-gzip\"", &plain);
}

#[test]
fn a_range_is_a_part_of_the_plain_form() {
    let part = format!("206 | \"aa\" | length 3 | bytes 2-4/10 | {VARIES} | 234");
    check("GET | range: bytes=2-4", &part);
    check("GET | range: bytes=2-4 | accept-encoding: gzip", &part);
    check("GET | range: bytes=2-4 | if-range: \"aa\"", &part);
    let end = format!("206 | \"aa\" | length 1 | bytes 9-9/10 | {VARIES} | 9");
    check("GET | range: bytes=9-", &end);
    check("GET | range: bytes=-1", &end);
    let nothing = "416 | length 66 | bytes */10 | no-store | \
                   there are 10 bytes, and none in the range that was asked for\n";
    let nothing = nothing.replace("66", &(nothing.rsplit("| ").next().unwrap().len()).to_string());
    check("GET | range: bytes=10-", &nothing);
}

#[test]
fn a_range_that_does_not_count_is_as_if_it_were_not_there() {
    let whole = format!("200 | \"aa\" | length 10 | {VARIES} | 0123456789");
    check("GET | range: bytes=2-4 | if-range: \"bb\"", &whole);
    check("GET | range: bytes=2-4 | if-range: W/\"aa\"", &whole);
    check("GET | range: bytes=2-4 | if-range: Tue, 15 Nov 1994 12:45:26 GMT", &whole);
    check("GET | range: bytes=0-1,3-4", &whole);
    check("GET | range: lines=0-1", &whole);
    check("HEAD | range: bytes=2-4", &whole);
    check("HEAD | range: bytes=99-", &whole);
}

#[test]
fn a_part_shares_the_memory_of_the_whole() {
    let bytes = Bytes::from_static(b"0123456789");
    let at = bytes.as_ptr() as usize;
    let document = Document { body: bytes.into(), ..segment() };
    let mut headers = HeaderMap::new();
    headers.insert(RANGE, HeaderValue::from_static("bytes=2-4"));
    let response = respond(&Method::GET, &headers, document);
    assert_eq!(response.body().bytes().as_ptr() as usize, at + 2);
}
