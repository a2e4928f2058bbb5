//! What operators can do through the admin port: requests and answers in JSON.
//!
//! The port has no password, so a web page that an operator looks at must not get through to it: a
//! request that a browser sends for a page says so (`Origin`, Fetch standard 3.2), a page on a name
//! that is pointed at this machine says that name (`Host`), and what changes something must be
//! `application/json`, which no form can send.

use std::fmt::Debug;
use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, ORIGIN};
use http::request::Parts;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::{Body, Incoming};
use tokio::time::timeout;

/// Answers what is below `/v1/` on the admin port.
#[async_trait]
pub trait Control: Debug + Send + Sync + 'static {
    /// The answer to a request. Its future is dropped when the peer hangs up.
    async fn answer(&self, asked: Asked) -> Told;
}

/// A request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Asked {
    /// Its method.
    pub method: Method,
    /// Its path, with `/v1/`.
    pub path: String,
    /// What stands after the question mark.
    pub query: String,
    /// Its JSON, or nothing.
    pub body: Bytes,
}

/// An answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Told {
    /// Whether it was done.
    pub status: StatusCode,
    /// A JSON text.
    pub json: String,
}

impl Told {
    /// A refusal with a sentence for people.
    #[must_use]
    pub fn refusal(status: StatusCode, sentence: &str) -> Self {
        let text = serde_json::Value::from(sentence);
        Self { status, json: format!("{{\"error\":{text}}}") }
    }
}

/// What stands before every path.
pub(super) const BELOW: &str = "/v1/";

/// Bytes of a request: a clip's takes two hundred.
const BODY_BYTES_MAX: usize = 16 * 1_024;
/// How long the body may take to come.
const BODY_WITHIN: Duration = Duration::from_secs(10);

/// Reads a request and has it answered.
pub(super) async fn answer(control: &dyn Control, request: Request<Incoming>) -> Told {
    let (head, body) = request.into_parts();
    if let Err(refusal) = admit(&head, body.is_end_stream()) {
        return refusal;
    }
    let body = match timeout(BODY_WITHIN, Limited::new(body, BODY_BYTES_MAX).collect()).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(_)) => {
            let sentence = format!("a request has at most {BODY_BYTES_MAX} bytes");
            return Told::refusal(StatusCode::PAYLOAD_TOO_LARGE, &sentence);
        }
        Err(_) => return Told::refusal(StatusCode::REQUEST_TIMEOUT, "the request did not end"),
    };
    let (path, query) = (head.uri.path().to_owned(), head.uri.query().unwrap_or_default());
    control.answer(Asked { method: head.method, path, query: query.to_owned(), body }).await
}

/// Refuses what a web page may have made a browser send.
fn admit(head: &Parts, is_empty: bool) -> Result<(), Told> {
    let refusal = |sentence| Err(Told::refusal(StatusCode::FORBIDDEN, sentence));
    if head.headers.contains_key(ORIGIN) {
        return refusal("web pages cannot use this port");
    }
    let host = head.headers.get(HOST).and_then(|host| host.to_str().ok());
    if !host.is_some_and(is_address) {
        return refusal("call this port by an address or as localhost, not by another name");
    }
    let is_safe = head.method == Method::GET || head.method == Method::HEAD;
    let content_type = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_json = content_type.is_some_and(|value| {
        let media_type = value.split(';').next().unwrap_or_default().trim();
        media_type.eq_ignore_ascii_case("application/json")
    });
    let changes = !is_safe || !is_empty;
    if changes && !is_json {
        let sentence = "a request that changes something is of the type application/json";
        return Err(Told::refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, sentence));
    }
    Ok(())
}

/// Whether a host is an address or this machine: nobody can point such a one elsewhere.
fn is_address(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        Some(_) | None => host,
    };
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    bare.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A request as `METHOD header: value, header: value`.
    #[track_caller]
    fn check(text: &str, expected: u16) {
        let (method, headers) = text.split_once(' ').unwrap();
        let mut request = Request::builder().method(method).uri("/v1/clips");
        for header in headers.split(", ") {
            let (name, value) = header.split_once(": ").unwrap();
            request = request.header(name, value);
        }
        let (head, ()) = request.body(()).unwrap().into_parts();
        let status =
            admit(&head, method == "GET").map_or_else(|told| told.status.as_u16(), |()| 200);
        assert_eq!(status, expected, "{text}");
    }

    #[test]
    fn a_web_page_does_not_get_through() {
        let json = "content-type: application/json";
        check("GET host: 127.0.0.1:9180", 200);
        check("GET host: [::1]:9180", 200);
        check("GET host: localhost", 200);
        check(&format!("POST host: 10.0.0.7:9180, {json}"), 200);
        check(&format!("POST host: LOCALHOST:9180, {json}; charset=utf-8"), 200);
        check(&format!("DELETE host: 127.0.0.1, {json}"), 200);
        // A page on any site may send these.
        check("POST host: 127.0.0.1:9180, content-type: text/plain", 415);
        check("POST host: 127.0.0.1:9180, content-type: application/x-www-form-urlencoded", 415);
        check("DELETE host: 127.0.0.1:9180", 415);
        check(&format!("POST host: 127.0.0.1:9180, origin: https://a.example, {json}"), 403);
        check("GET host: 127.0.0.1:9180, origin: null", 403);
        // A name that was pointed at this machine meanwhile.
        check(&format!("POST host: a.example:9180, {json}"), 403);
        check("GET host: localhost.a.example", 403);
        check("GET accept: text/html", 403);
    }

    #[test]
    fn a_refusal_is_json_whatever_its_sentence_is() {
        let told = Told::refusal(StatusCode::NOT_FOUND, "no \"x\"\n");
        assert_eq!(told.json, r#"{"error":"no \"x\"\n"}"#);
    }
}
