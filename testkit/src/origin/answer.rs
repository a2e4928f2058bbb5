//! HTTP as caches and players ask for it (RFC 9110).

use std::io::Write as _;
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{
    ACCEPT_ENCODING, ACCEPT_RANGES, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH,
    CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderName, IF_NONE_MATCH, IF_RANGE, RANGE, VARY,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use super::{Manners, Moment, Target};

/// What is answered, and when.
#[derive(Clone, Debug)]
pub struct Answer {
    /// From the request to the answer.
    pub after: Duration,
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body. With HEAD it is left out on the way, and its length is in the headers.
    pub body: Bytes,
    /// Whether the connection breaks before the answer.
    pub is_broken: bool,
}

impl Answer {
    /// Sets a header.
    ///
    /// # Panics
    ///
    /// When the value cannot be one.
    #[expect(clippy::expect_used, reason = "only tests call it")]
    pub fn set(&mut self, name: HeaderName, value: &str) {
        let value = HeaderValue::from_str(value).expect("a header's value");
        self.headers.insert(name, value);
    }

    /// Gives it another body, and says its length.
    pub fn replace(&mut self, body: impl Into<Bytes>) {
        self.body = body.into();
        let length = self.body.len().to_string();
        self.set(CONTENT_LENGTH, &length);
    }

    /// An answer with what every answer has.
    fn new(status: StatusCode, body: impl Into<Bytes>) -> Self {
        let headers = HeaderMap::new();
        let (after, body) = (LATENCY, body.into());
        let mut answer = Self { after, status, headers, body, is_broken: false };
        answer.set(ACCESS_CONTROL_ALLOW_ORIGIN, "*");
        answer.set(HeaderName::from_static("x-content-type-options"), "nosniff");
        let length = answer.body.len().to_string();
        answer.set(CONTENT_LENGTH, &length);
        answer
    }
}

/// From a request to its answer, in one machine room.
const LATENCY: Duration = Duration::from_millis(5);
const METHODS: &str = "GET, HEAD, OPTIONS";

/// A preflight, or a method that viewers have no use for.
pub(super) fn without_content(moment: &Moment) -> Option<Answer> {
    match moment.request.method {
        Method::GET | Method::HEAD => None,
        Method::OPTIONS => {
            let mut answer = Answer::new(StatusCode::NO_CONTENT, "");
            answer.headers.remove(CONTENT_LENGTH);
            answer.set(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
            answer.set(ACCESS_CONTROL_ALLOW_HEADERS, "Range, If-None-Match, Authorization");
            answer.set(ALLOW, METHODS);
            Some(answer)
        }
        _ => {
            let mut answer = Answer::new(StatusCode::METHOD_NOT_ALLOWED, "method not allowed\n");
            answer.set(ALLOW, METHODS);
            Some(answer)
        }
    }
}

/// There is no such thing, now.
pub(crate) fn missing() -> Answer {
    let mut answer = Answer::new(StatusCode::NOT_FOUND, "not found\n");
    answer.set(CONTENT_TYPE, "text/plain");
    answer.set(CACHE_CONTROL, "public, max-age=1");
    answer
}

/// Nobody may ask that.
pub(super) fn bad() -> Answer {
    let mut answer = Answer::new(StatusCode::BAD_REQUEST, "bad request\n");
    answer.set(CONTENT_TYPE, "text/plain");
    answer.set(CACHE_CONTROL, "public, max-age=1");
    answer
}

/// It needs a token.
pub(super) fn refused(status: u16) -> Answer {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::FORBIDDEN);
    let mut answer = Answer::new(status, "a token is needed\n");
    answer.set(CONTENT_TYPE, "text/plain");
    answer.set(CACHE_CONTROL, "no-store");
    answer
}

/// A playlist, packed if that is accepted.
pub(super) fn playlist(moment: &Moment, text: &[u8], manners: Manners) -> Answer {
    let is_packed = manners.packs && accepts_gzip(&moment.request.headers);
    let body = if is_packed { pack(text) } else { Bytes::copy_from_slice(text) };
    let mut answer = Answer::new(StatusCode::OK, body);
    answer.set(CONTENT_TYPE, "application/vnd.apple.mpegurl");
    answer.set(CACHE_CONTROL, "public, max-age=1");
    answer.set(VARY, "Accept-Encoding");
    if is_packed {
        answer.set(CONTENT_ENCODING, "gzip");
    }
    conditional(answer, moment, manners)
}

/// A segment or an initialization section: it never changes.
pub(super) fn object(moment: &Moment, bytes: &Bytes, kind: &str, manners: Manners) -> Answer {
    let mut answer = Answer::new(StatusCode::OK, bytes.clone());
    answer.set(CONTENT_TYPE, kind);
    answer.set(CACHE_CONTROL, "public, max-age=31536000, immutable");
    let answer = conditional(answer, moment, manners);
    if manners.has_ranges { ranged(answer, moment) } else { answer }
}

/// With a validator, and empty if the client has it already.
fn conditional(mut answer: Answer, moment: &Moment, manners: Manners) -> Answer {
    if !manners.validates {
        return answer;
    }
    let tag = format!("\"{:016x}\"", hash(&answer.body));
    answer.set(ETAG, &tag);
    let given = header(&moment.request.headers, &IF_NONE_MATCH);
    if given.is_some_and(|given| given == "*" || given.split(", ").any(|one| one == tag)) {
        answer.status = StatusCode::NOT_MODIFIED;
        answer.body = Bytes::new();
        answer.headers.remove(CONTENT_LENGTH);
    }
    answer
}

/// Of an object, the range that is asked for (RFC 9110, 14).
fn ranged(mut answer: Answer, moment: &Moment) -> Answer {
    answer.set(ACCEPT_RANGES, "bytes");
    let headers = &moment.request.headers;
    let tag = header(&answer.headers, &ETAG).map(str::to_owned);
    let is_other = header(headers, &IF_RANGE).is_some_and(|given| Some(given) != tag.as_deref());
    let length = answer.body.len();
    let Some(range) = header(headers, &RANGE).and_then(|range| range.strip_prefix("bytes=")) else {
        return answer;
    };
    if is_other || answer.status != StatusCode::OK || range.contains(',') {
        return answer;
    }
    let Some((from, to)) = range.split_once('-') else { return answer };
    let (from, to) = match (from.parse::<usize>(), to.parse::<usize>()) {
        (Ok(from), Ok(to)) if to >= from => (from, to.saturating_add(1).min(length)),
        (Ok(from), Err(_)) if to.is_empty() => (from, length),
        (Err(_), Ok(last)) if from.is_empty() => (length.saturating_sub(last), length),
        (Ok(_) | Err(_), Ok(_) | Err(_)) => return answer,
    };
    if from >= length {
        answer.status = StatusCode::RANGE_NOT_SATISFIABLE;
        answer.set(CONTENT_RANGE, &format!("bytes */{length}"));
        answer.replace("");
        return answer;
    }
    answer.status = StatusCode::PARTIAL_CONTENT;
    answer.set(CONTENT_RANGE, &format!("bytes {from}-{}/{length}", to - 1));
    let part = answer.body.slice(from..to);
    answer.replace(part);
    answer
}

/// Whether `Accept-Encoding` names gzip, and not with a weight of nothing.
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let accepted = header(headers, &ACCEPT_ENCODING).unwrap_or_default();
    accepted.split(',').map(str::trim).any(|coding| {
        coding.strip_prefix("gzip").is_some_and(|rest| !rest.replace(' ', "").ends_with("q=0"))
    })
}

/// Packs with gzip. The same bytes give the same bytes.
pub(crate) fn pack(text: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    // Writing to memory does not fail.
    let _ = encoder.write_all(text);
    Bytes::from(encoder.finish().unwrap_or_default())
}

fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// FNV-1a.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

impl Moment {
    /// Whether it is for a playlist.
    #[must_use]
    pub const fn is_playlist(&self) -> bool {
        matches!(self.target, Target::Multivariant | Target::Media(_))
    }

    /// Whether it is a plain GET for a segment.
    #[must_use]
    pub fn is_segment(&self) -> bool {
        matches!(self.target, Target::Segment(..)) && self.request.method == Method::GET
    }
}
