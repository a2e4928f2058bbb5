//! Plain requests for what is listed, as a player makes them.

use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use hls::read::ByteRange;
use http::header::{ACCEPT_ENCODING, AGE, CONTENT_ENCODING, ORIGIN, RANGE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use url::Url;

use super::desk::Desk;
use crate::rule::Test;
use crate::transport::{Exchange, Purpose, REPLY_BYTES_MAX, Reply, Request, TransportError};

/// What came, unpacked.
#[derive(Clone, Debug)]
pub(super) struct Got {
    /// Its bytes.
    pub(super) bytes: Bytes,
    /// Where they came from.
    pub(super) url: Url,
    /// How they came.
    sent: Arc<(Request, Reply)>,
    at: Duration,
}

/// What is known of something that was fetched.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub(super) purpose: Purpose,
    pub(super) target_duration: Option<Duration>,
    pub(super) plays: Option<Duration>,
    pub(super) is_live: bool,
}

/// Why something did not come.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    /// The status, if there was an answer.
    pub(super) status: Option<StatusCode>,
    /// The reason in one sentence.
    pub(super) why: String,
}

/// A request that was sent.
pub(super) struct Sent {
    pub(super) request: Request,
    pub(super) reply: Result<Reply, TransportError>,
    pub(super) at: Duration,
}

/// From the request to the end of the answer. A blocking reload is answered sooner.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// A page of another site asks, so that what browsers are told is seen.
const PLAYER: HeaderValue = HeaderValue::from_static("https://player.example");

impl Got {
    /// How much older what it says may be than the end of the answer: so long it was on its way,
    /// and so long a cache has had it (RFC 9111, 5.1).
    pub(super) fn age(&self) -> Duration {
        let reply = &self.sent.1;
        let cached = reply.headers.get(AGE).and_then(|age| age.to_str().ok()?.parse::<u32>().ok());
        reply.took.saturating_add(Duration::from_secs(cached.unwrap_or_default().into()))
    }
}

impl Desk {
    /// Sends a request with nothing but what every request has.
    pub(super) async fn send(&self, url: &Url, range: Option<ByteRange>) -> Sent {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        headers.insert(ORIGIN, PLAYER);
        if let Some(ByteRange { length, start }) = range {
            let end = start.saturating_add(length).saturating_sub(1);
            let value = HeaderValue::try_from(format!("bytes={start}-{end}"));
            headers.extend(value.ok().map(|value| (RANGE, value)));
        }
        let (method, url) = (Method::GET, url.clone());
        let request = Request { method, url, headers, within: ANSWER_WITHIN };
        let at = self.at();
        let reply = self.transport().send(&request).await;
        Sent { request, reply, at }
    }

    /// Fetches something that is listed.
    pub(super) async fn fetch(&self, url: &Url, range: Option<ByteRange>) -> Result<Got, Failure> {
        let Sent { request, reply, at } = self.send(url, range).await;
        let failure = |why: String| Failure { status: None, why };
        let reply = reply.map_err(|error| failure(error.to_string()))?;
        let status = reply.status;
        if status != StatusCode::OK && status != StatusCode::PARTIAL_CONTENT {
            return Err(Failure { status: Some(status), why: format!("the answer is {status}") });
        }
        let mut bytes = unpacked(&reply).map_err(failure)?;
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.progress(|state| state.bytes = state.bytes.saturating_add(length));
        // A server without ranges sends all of it.
        if let Some(range) = range.filter(|_| status == StatusCode::OK) {
            bytes = cut(&bytes, range).map_err(failure)?;
        }
        let url = reply.url.clone();
        Ok(Got { bytes, url, sent: Arc::new((request, reply)), at })
    }

    /// Puts how something came to the rules, now that it is known what it is.
    pub(super) fn judge_exchange(&self, got: &Got, known: Known, rendition: &str) {
        if !self.transport().is_http() {
            return;
        }
        let (request, reply) = (*got.sent).clone();
        let Known { purpose, target_duration, plays, is_live } = known;
        let at = got.at;
        let exchange = Exchange { purpose, request, reply, at, target_duration, plays, is_live };
        let place = self.place(rendition, &exchange.request.url);
        self.judge(&place, |test, faults| {
            if let Test::Exchange(test) = test {
                test(&exchange, faults);
            }
        });
        let mut noted = self.noted();
        noted.traffic.take(&exchange);
        let exchange = Arc::new(exchange);
        let subjects = &mut noted.subjects;
        if subjects.entry.is_none() {
            subjects.entry = Some(Arc::clone(&exchange));
        }
        match purpose {
            Purpose::Media if subjects.media.is_none() => subjects.media = Some(exchange),
            Purpose::Segment => subjects.segment = Some(exchange),
            Purpose::Multivariant | Purpose::Media | Purpose::Init | Purpose::Part => {}
        }
    }

    /// Notes that something listed did not come. Where a token was given and the server asks for
    /// one again, it has not gone along.
    pub(super) fn judge_failure(&self, id: &str, rendition: &str, url: &Url, failure: &Failure) {
        let is_refused = failure.status.is_some_and(|status| {
            status == StatusCode::UNAUTHORIZED || status == StatusCode::FORBIDDEN
        });
        let place = self.place(rendition, url);
        let is_entry = id == "REACH";
        match self.options.token {
            Some(_) if is_refused && !is_entry => self.fault("AUTH-PROP", &place, &failure.why),
            Some(_) | None => self.fault(id, &place, &failure.why),
        }
    }
}

/// A body without its coding.
pub(super) fn unpacked(reply: &Reply) -> Result<Bytes, String> {
    let coding = reply.headers.get(CONTENT_ENCODING).map_or(&b""[..], HeaderValue::as_bytes);
    match coding {
        b"" | b"identity" => Ok(reply.body.clone()),
        b"gzip" | b"x-gzip" => {
            let mut text = Vec::new();
            let limit = u64::try_from(REPLY_BYTES_MAX).unwrap_or(u64::MAX);
            let mut unpacked = MultiGzDecoder::new(&*reply.body).take(limit);
            let read = unpacked.read_to_end(&mut text);
            read.map_err(|error| format!("the body is not the gzip that it says: {error}"))?;
            Ok(text.into())
        }
        other => {
            let other = String::from_utf8_lossy(other);
            Err(format!("the body is coded as {other:?}, which nobody asked for"))
        }
    }
}

fn cut(bytes: &Bytes, range: ByteRange) -> Result<Bytes, String> {
    let start = usize::try_from(range.start).unwrap_or(usize::MAX);
    let end = start.saturating_add(usize::try_from(range.length).unwrap_or(usize::MAX));
    match bytes.get(start..end) {
        Some(part) => Ok(bytes.slice_ref(part)),
        None => Err(format!("bytes {start} to {end} are listed, and there are {}", bytes.len())),
    }
}
