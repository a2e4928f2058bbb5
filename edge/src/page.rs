//! The edge's own words: refusals, for players and for people.

use std::time::Duration;

use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
    RETRY_AFTER, VARY,
};
use http::{HeaderMap, HeaderValue, Response, StatusCode};

use crate::body::Sent;
use crate::negotiate::{takes_html, takes_json};

/// Nothing is there (for now). It may be kept for a second: a crowd that waits for a stream to
/// begin then asks a cache, and sees the stream a second late at most.
pub(crate) fn not_found(headers: &HeaderMap, sentence: &str) -> Response<Sent> {
    refuse(headers, StatusCode::NOT_FOUND, HeaderValue::from_static(A_SECOND), sentence)
}

/// What is asked for is too far ahead (RFC 8216bis, 6.2.5.2); in a second it may not be.
pub(crate) fn too_early(headers: &HeaderMap, sentence: &str) -> Response<Sent> {
    refuse(headers, StatusCode::BAD_REQUEST, HeaderValue::from_static(A_SECOND), sentence)
}

/// The request is at fault.
pub(crate) fn refused(headers: &HeaderMap, status: StatusCode, sentence: &str) -> Response<Sent> {
    refuse(headers, status, HeaderValue::from_static("no-store"), sentence)
}

/// The viewer may not: `code` is the word for scripts, which get it with the sentence as JSON.
pub(crate) fn coded(
    headers: &HeaderMap,
    status: StatusCode,
    code: &'static str,
    sentence: &str,
) -> Response<Sent> {
    let mut response = refused(headers, status, sentence);
    if takes_json(headers) {
        let error = serde_json::Value::from(sentence);
        let text = format!("{{\"error\":{error},\"code\":\"{code}\"}}\n");
        let special = response.headers_mut();
        special.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        special.insert(CONTENT_LENGTH, text.len().into());
        special.remove(CONTENT_SECURITY_POLICY);
        special.remove(REFERRER_POLICY);
        *response.body_mut() = Bytes::from(text).into();
    }
    response
}

/// We are at fault, and it passes.
pub(crate) fn unavailable(
    headers: &HeaderMap,
    retry_after: Duration,
    sentence: &str,
) -> Response<Sent> {
    let mut response = refused(headers, StatusCode::SERVICE_UNAVAILABLE, sentence);
    let seconds = retry_after.as_secs() + u64::from(retry_after.subsec_nanos() > 0);
    response.headers_mut().insert(RETRY_AFTER, seconds.max(1).into());
    response
}

/// What a page may do (CSP level 3): load from this server only, and play what its script puts
/// together (hls.js makes `blob:` URLs for media and its worker). Nothing inline runs.
///
/// Any site may frame the watch page: to embed a stream is what it is for, and nothing that it does
/// is for one viewer's account. The other pages may be framed by our own only.
pub(crate) fn protect(headers: &mut HeaderMap, embeddable: bool) {
    let policy = if embeddable { WATCH_POLICY } else { PAGE_POLICY };
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    // Other sites do not learn which stream somebody watches.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
}

const A_SECOND: &str = "public, max-age=1";

macro_rules! policy {
    ($frame_ancestors:literal) => {
        concat!(
            "default-src 'self'; media-src 'self' blob:; worker-src 'self' blob:; ",
            "connect-src 'self'; img-src 'self' data:; style-src 'self'; object-src 'none'; ",
            "base-uri 'none'; form-action 'self'; frame-ancestors ",
            $frame_ancestors
        )
    };
}

const WATCH_POLICY: &str = policy!("*");
const PAGE_POLICY: &str = policy!("'self'");

fn refuse(
    accepted: &HeaderMap,
    status: StatusCode,
    lifetime: HeaderValue,
    sentence: &str,
) -> Response<Sent> {
    let html = takes_html(accepted);
    let (content_type, text) = if html {
        ("text/html; charset=utf-8", html_page(status, sentence))
    } else {
        ("text/plain; charset=utf-8", format!("{sentence}\n"))
    };
    let mut response = Response::new(Sent::nothing());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, lifetime);
    headers.insert(VARY, HeaderValue::from_static("accept"));
    headers.insert(CONTENT_LENGTH, text.len().into());
    if html {
        protect(headers, false);
    }
    *response.body_mut() = Bytes::from(text).into();
    response
}

fn html_page(status: StatusCode, sentence: &str) -> String {
    let title = status.canonical_reason().unwrap_or("Error");
    let code = status.as_u16();
    let sentence = escape(sentence);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{title}</title>\n<h1>{title}</h1>\n<p>{sentence}.</p>\n\
         <p><a href=\"/\">To the start page</a> <small>(status {code})</small></p>\n</html>\n"
    )
}

/// A sentence may quote what the viewer sent.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use http::header::ACCEPT;

    use super::*;

    fn browser() -> HeaderMap {
        HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("text/html,*/*;q=0.8"))])
    }

    #[test]
    fn a_person_gets_a_page_and_a_player_a_sentence() {
        let response = not_found(&HeaderMap::new(), "there is no such page");
        assert_eq!(response.body().bytes(), "there is no such page\n");
        assert_eq!(response.headers()[CONTENT_TYPE], "text/plain; charset=utf-8");
        let response = not_found(&browser(), "there is no such page");
        let text = String::from_utf8(response.body().bytes().to_vec()).unwrap();
        assert!(text.contains("<p>there is no such page.</p>"), "{text}");
        assert!(!text.contains("<script") && !text.contains("http"), "{text}");
        assert!(response.headers().contains_key(CONTENT_SECURITY_POLICY));
        for header in [VARY, CACHE_CONTROL, CONTENT_LENGTH] {
            assert!(response.headers().contains_key(&header), "{header}");
        }
    }

    #[test]
    fn what_a_viewer_sent_is_not_markup() {
        let response = not_found(&browser(), "not '<script>&\"'");
        let text = String::from_utf8(response.body().bytes().to_vec()).unwrap();
        assert!(text.contains("not &#39;&lt;script&gt;&amp;&quot;&#39;"), "{text}");
    }

    #[test]
    fn a_fault_that_passes_says_when_to_come_back() {
        for (millis, expected) in [(0, "1"), (1, "1"), (1_000, "1"), (1_001, "2")] {
            let retry_after = Duration::from_millis(millis);
            let response = unavailable(&HeaderMap::new(), retry_after, "the store is slow");
            assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(response.headers()[RETRY_AFTER], expected, "{millis} ms");
            assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
        }
    }
}
