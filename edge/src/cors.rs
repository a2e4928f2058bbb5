//! What pages on other sites may send and read (Fetch standard, 3.3).

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ALLOW,
};
use http::{HeaderMap, HeaderValue, Response, StatusCode};

use crate::body::Sent;

/// What viewers may do.
pub(crate) const METHODS: &str = "GET, HEAD, OPTIONS";

/// Players on any site may read everything of streams here, refusals too, and are told what they
/// may see of it. A browser lets no other site read what it sent a cookie for, so nobody's rights
/// are lent.
pub(crate) fn open_to_all(headers: &mut HeaderMap) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
}

/// Tells a browser what a page on another site may send (Fetch standard, 3.3.3).
pub(crate) fn preflight() -> Response<Sent> {
    let mut response = Response::new(Sent::nothing());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(ALLOW, HeaderValue::from_static(METHODS));
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(ALLOWED));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    response
}

/// What players send: tokens, ranges, conditions, and CMCD (CTA-5004) when told to use headers.
const ALLOWED: &str = "Authorization, Range, If-Range, If-None-Match, If-Modified-Since, \
                       Cache-Control, CMCD-Request, CMCD-Object, CMCD-Status, CMCD-Session";

/// What players read: sizes, validators, and the server's clock.
const EXPOSED: &str = "Content-Length, Content-Range, Content-Encoding, Accept-Ranges, ETag, \
                       Date, Age, Cache-Control, Retry-After";
