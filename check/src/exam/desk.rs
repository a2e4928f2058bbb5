//! What everything in an exam is handed to: requests, evidence, what was found.

use std::io::Read as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use hls::read::ByteRange;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, ORIGIN, RANGE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use url::Url;

use super::progress::{Progress, State};
use crate::evidence::Traffic;
use crate::finding::{Faults, Ledger, Place};
use crate::options::Options;
use crate::rule::Test;
use crate::rules::rules;
use crate::transport::{
    Exchange, Purpose, REPLY_BYTES_MAX, Reply, Request, Transport, TransportError,
};

/// The middle of an exam.
pub(super) struct Desk {
    transport: Arc<dyn Transport>,
    pub(super) options: Options,
    progress: Arc<dyn Progress>,
    began: Instant,
    noted: Mutex<Noted>,
    stopped: watch::Sender<bool>,
}

/// What was noted so far.
#[derive(Default)]
pub(super) struct Noted {
    pub(super) ledger: Ledger,
    pub(super) state: State,
    pub(super) traffic: Traffic,
}

/// What is asked for, and what is known of it.
#[derive(Clone, Debug)]
pub(super) struct Wanted<'a> {
    pub(super) purpose: Purpose,
    pub(super) url: &'a Url,
    pub(super) byte_range: Option<ByteRange>,
    pub(super) target_duration: Option<Duration>,
    pub(super) plays: Option<Duration>,
    pub(super) is_live: bool,
}

/// What came, unpacked.
#[derive(Clone, Debug)]
pub(super) struct Got {
    /// Its bytes.
    pub(super) bytes: Bytes,
    /// Where they came from.
    pub(super) url: Url,
}

/// From the request to the end of the answer. A blocking reload is answered sooner.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// A page of another site asks, so that what browsers are told is seen.
const PLAYER: HeaderValue = HeaderValue::from_static("https://player.example");

impl Desk {
    pub(super) fn new(
        transport: Arc<dyn Transport>,
        options: Options,
        progress: Arc<dyn Progress>,
    ) -> Self {
        let noted = Mutex::new(Noted::default());
        let (began, stopped) = (Instant::now(), watch::Sender::new(false));
        Self { transport, options, progress, began, noted, stopped }
    }

    /// Since the exam began.
    pub(super) fn at(&self) -> Duration {
        self.began.elapsed()
    }

    /// Milliseconds since the Unix epoch.
    pub(super) fn unix_ms(&self) -> i64 {
        let at_ms = i64::try_from(self.at().as_millis()).unwrap_or(i64::MAX);
        self.options.began_unix_ms.saturating_add(at_ms)
    }

    /// Whether a live stream was watched for long enough.
    pub(super) fn is_over(&self) -> bool {
        self.is_stopped() || self.at() >= self.options.duration
    }

    /// Whether nothing new is to be begun.
    pub(super) fn is_stopped(&self) -> bool {
        *self.stopped.borrow()
    }

    /// Nothing new is to be begun.
    pub(super) fn stop(&self) {
        self.stopped.send_replace(true);
    }

    /// Waits for so long, or until nothing new is to be begun.
    pub(super) async fn pause(&self, length: Duration) {
        let mut stopped = self.stopped.subscribe();
        // It cannot be gone, and nothing comes of it if the time is over first.
        let _ = timeout(length, stopped.wait_for(|stopped| *stopped)).await;
    }

    /// For requests that are no plain ones.
    pub(super) const fn transport(&self) -> &Arc<dyn Transport> {
        &self.transport
    }

    pub(super) fn noted(&self) -> MutexGuard<'_, Noted> {
        // What is noted is whole between any two statements, so a panic elsewhere spoils nothing.
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what is shown of the exam, and shows it.
    pub(super) fn progress(&self, change: impl FnOnce(&mut State)) {
        let mut noted = self.noted();
        change(&mut noted.state);
        noted.state.at = self.at();
        noted.state.findings = noted.ledger.counts();
        let state = noted.state.clone();
        drop(noted);
        self.progress.show(&state);
    }

    /// Where `url` is, without its secrets.
    pub(super) fn place(&self, rendition: &str, url: &Url) -> Place {
        Place { rendition: rendition.to_owned(), path: shown(url, self.options.token.as_deref()) }
    }

    /// Puts one piece of evidence to every rule that looks at such. `test` returns whether the
    /// rule's test does.
    pub(super) fn judge(&self, place: &Place, test: impl Fn(&Test, &mut Faults<'_>)) {
        let at = self.at();
        for rule in rules() {
            let mut sentences = Vec::new();
            test(&rule.test, &mut Faults::new(&mut sentences));
            if !sentences.is_empty() {
                self.noted().ledger.note(rule, place, at, sentences);
            }
        }
    }

    /// Notes what only the exam itself can find.
    pub(super) fn fault(&self, id: &str, place: &Place, sentence: impl Into<String>) {
        if let Some(rule) = rules().find(|rule| rule.id == id) {
            self.noted().ledger.note(rule, place, self.at(), vec![sentence.into()]);
        }
    }

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
        let reply = self.transport.send(&request).await;
        Sent { request, reply, at }
    }

    /// Fetches something that is listed, and puts the exchange to the rules. An error says in one
    /// sentence why there is nothing.
    pub(super) async fn fetch(&self, wanted: Wanted<'_>, rendition: &str) -> Result<Got, String> {
        let place = self.place(rendition, wanted.url);
        let Sent { request, reply, at } = self.send(wanted.url, wanted.byte_range).await;
        let reply = reply.map_err(|error| error.to_string())?;
        let status = reply.status;
        if status != StatusCode::OK && status != StatusCode::PARTIAL_CONTENT {
            return Err(format!("the answer is {status}"));
        }
        let bytes = unpacked(&reply)?;
        let url = reply.url.clone();
        let Wanted { purpose, target_duration, plays, is_live, .. } = wanted;
        let exchange = Exchange { purpose, request, reply, at, target_duration, plays, is_live };
        if self.transport.is_http() {
            self.judge(&place, |test, faults| {
                if let Test::Exchange(test) = test {
                    test(&exchange, faults);
                }
            });
            self.noted().traffic.take(&exchange);
        }
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.progress(|state| state.bytes = state.bytes.saturating_add(length));
        // A server without ranges sends all of it.
        let part = wanted.byte_range.filter(|_| status == StatusCode::OK);
        Ok(Got { bytes: part.map_or(Ok(bytes.clone()), |range| cut(&bytes, range))?, url })
    }
}

/// A request that was sent.
pub(super) struct Sent {
    pub(super) request: Request,
    pub(super) reply: Result<Reply, TransportError>,
    pub(super) at: Duration,
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

/// The path of a URL, without what lets people in.
pub(crate) fn shown(url: &Url, token: Option<&str>) -> String {
    let mut words: Vec<_> = url.path().split('/').collect();
    if let Some(at) = words.iter().position(|word| *word == "t")
        && let Some(word) = words.get_mut(at + 1)
    {
        *word = "…";
    }
    let path = words.join("/");
    match token.filter(|token| !token.is_empty()) {
        Some(token) => path.replace(token, "…"),
        None => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_shows_no_secret() {
        let check = |url: &str, token: Option<&str>, expected: &str| {
            assert_eq!(shown(&Url::parse(url).unwrap(), token), expected);
        };
        check("http://me:pw@host/a/b.ts?token=x#y", None, "/a/b.ts");
        check("http://host/t/secret/live/a/index.m3u8", None, "/t/…/live/a/index.m3u8");
        check("http://host/k-secret/a.ts", Some("secret"), "/k-…/a.ts");
        check("http://host/live/t", None, "/live/t");
    }
}
