//! A document as a response: which form of it, which part, or only that the viewer has it.

#[cfg(test)]
mod tests;

use bytes::Bytes;
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE,
    ETAG, RANGE, VARY,
};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use origin::{Body, CacheControl, Document};

use crate::body::Sent;
use crate::conditional::{has_already, range_may_hold};
use crate::negotiate::takes_gzip;
use crate::range::{Asked, asked};

/// Answers GET or HEAD with `document`. To HEAD the body is still there; whoever sends takes it
/// off.
pub(crate) fn respond(method: &Method, headers: &HeaderMap, document: Document) -> Response<Sent> {
    // A range of HEAD means nothing (RFC 9110, 14.2). A range counts the bytes of the plain form:
    // players want pieces of what they decode.
    let ranged = method == Method::GET && headers.contains_key(RANGE);
    let Form { body, etag, encoding, varies } = choose(headers, &document, ranged);
    let mut response = Response::new(Sent::nothing());
    let common = response.headers_mut();
    common.insert(CACHE_CONTROL, cache_control(document.cache_control));
    if varies {
        common.insert(VARY, HeaderValue::from_static("accept-encoding"));
    }
    // Entity tags are hexadecimal; one that no header can hold is left out.
    if let Ok(value) = HeaderValue::try_from(format!("\"{etag}\"")) {
        common.insert(ETAG, value);
    }
    if has_already(headers, &etag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }

    let whole = body.length();
    let part = match whole {
        Some(whole) if ranged && range_may_hold(headers, &etag) => asked(headers, whole),
        Some(_) | None => Asked::Whole,
    };
    let (status, content_range, part) = match part {
        Asked::Whole => (StatusCode::OK, None, 0..whole.unwrap_or(u64::MAX)),
        Asked::Part(part) => {
            let (last, whole) = (part.end.saturating_sub(1), whole.unwrap_or(u64::MAX));
            let range = format!("bytes {}-{last}/{whole}", part.start);
            (StatusCode::PARTIAL_CONTENT, Some(range), part)
        }
        Asked::Nothing => return unsatisfiable(whole.unwrap_or(0)),
    };
    *response.status_mut() = status;
    let special = response.headers_mut();
    special.insert(CONTENT_TYPE, HeaderValue::from_static(document.content_type));
    if whole.is_some() {
        special.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        special.insert(CONTENT_LENGTH, part.end.saturating_sub(part.start).into());
    }
    if let Some(encoding) = encoding {
        special.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    if let Some(range) = content_range.and_then(|range| HeaderValue::try_from(range).ok()) {
        special.insert(CONTENT_RANGE, range);
    }
    *response.body_mut() = match body {
        Body::Ready(pieces) if part == (0..pieces.length()) => pieces.into(),
        Body::Ready(pieces) => pieces.slice(part).into(),
        // Nobody makes what HEAD does not send.
        Body::Made(_) if method == Method::HEAD => Sent::nothing(),
        Body::Made(made) => {
            let left = whole.map(|_| part.end.saturating_sub(part.start));
            Sent::Made(made.read(part), left)
        }
    };
    response
}

/// One of the forms that a document has.
struct Form {
    body: Body,
    etag: String,
    encoding: Option<&'static str>,
    /// Whether another viewer may get the other form.
    varies: bool,
}

/// The two forms have two entity tags: a strong one names bytes (RFC 9110, 8.8.3.3).
fn choose(headers: &HeaderMap, document: &Document, plain: bool) -> Form {
    match &document.gzip {
        Some(gzip) if !plain && takes_gzip(headers) => Form {
            body: gzip.clone().into(),
            etag: format!("{}-gzip", document.etag),
            encoding: Some("gzip"),
            varies: true,
        },
        gzip => Form {
            body: document.body.clone(),
            etag: document.etag.to_string(),
            encoding: None,
            varies: gzip.is_some(),
        },
    }
}

fn cache_control(lifetime: CacheControl) -> HeaderValue {
    match lifetime {
        CacheControl::Immutable => HeaderValue::from_static(timeline::IMMUTABLE),
        CacheControl::Seconds(seconds) => {
            let text = format!("public, max-age={seconds}");
            HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("no-cache"))
        }
    }
}

/// 416 (RFC 9110, 15.5.17). A live document may be longer a moment later, so it is not kept.
fn unsatisfiable(whole: u64) -> Response<Sent> {
    let text = format!("there are {whole} bytes, and none in the range that was asked for\n");
    let mut response = Response::new(Sent::nothing());
    *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(CONTENT_LENGTH, text.len().into());
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if let Ok(range) = HeaderValue::try_from(format!("bytes */{whole}")) {
        headers.insert(CONTENT_RANGE, range);
    }
    *response.body_mut() = Bytes::from(text).into();
    response
}
