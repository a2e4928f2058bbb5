//! Requests that are made only to see how they are answered.

use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use http::{HeaderMap, StatusCode};

use crate::transport::{Exchange, Purpose, REPLY_BYTES_MAX, Reply, Request, TransportError};

/// A request that was made to see how it is answered, and its answer.
#[derive(Clone, Debug)]
pub struct ProbeEvidence {
    /// What it is to show.
    pub probe: Probe,
    /// What kind of object it is about.
    pub purpose: Purpose,
    /// The request.
    pub request: Request,
    /// What was put in the place of its URL's path.
    pub path: Option<String>,
    /// The answer, or why there is none.
    pub outcome: Result<Reply, TransportError>,
    /// How the object was answered for when it was plainly asked for, a moment before.
    pub reference: Option<Arc<Exchange>>,
    /// How something was answered for that does not exist.
    pub unknown: Option<Arc<Reply>>,
    /// Whether the exam has a token or headers of the user's: refusals may be about those.
    pub has_credentials: bool,
}

/// What a request is to show.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Probe {
    /// `Range` of the first bytes.
    FirstBytes,
    /// `Range` of bytes in the middle.
    MiddleBytes,
    /// `Range` of the last bytes, counted from the end.
    LastBytes,
    /// `Range` behind the end.
    BytesBeyond,
    /// HEAD.
    Head,
    /// `If-None-Match` with the entity tag that the server gave, or with one that matches nothing.
    IfNoneMatch,
    /// `If-Modified-Since` with the date that the server gave.
    IfModifiedSince,
    /// A playlist with `Accept-Encoding: gzip`.
    Packed,
    /// A playlist with `Accept-Encoding: identity`.
    Unpacked,
    /// The question whether a page on another site may ask for a range.
    Preflight,
    /// Query parameters that nobody knows.
    ExtraQuery,
    /// A segment that does not exist.
    UnknownSegment,
    /// A stream that does not exist.
    UnknownStream,
    /// PUT to a segment that does not exist.
    Put,
    /// POST to a segment.
    Post,
    /// DELETE of a segment that does not exist.
    Delete,
    /// A path that leads out of the tree, in one of several spellings.
    Traversal,
    /// The entry without the token.
    EntryWithoutToken,
    /// The entry with a token in which one letter is wrong.
    EntryTamperedToken,
    /// A media playlist that the entry lists, without the token.
    ChildWithoutToken,
    /// A segment without the token.
    SegmentWithoutToken,
}

impl ProbeEvidence {
    /// The answer, unless it says nothing: the object of a live stream may have left its window
    /// since it was plainly asked for, and a server that is short of breath says so.
    #[must_use]
    pub fn reply(&self) -> Option<&Reply> {
        let reply = self.outcome.as_ref().ok()?;
        let is_gone = [StatusCode::NOT_FOUND, StatusCode::GONE].contains(&reply.status);
        let is_busy = [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE]
            .contains(&reply.status);
        let is_live = self.reference.as_ref().is_some_and(|reference| reference.is_live);
        let says_nothing = is_busy || (is_gone && is_live);
        (!says_nothing).then_some(reply)
    }

    /// How the object was plainly answered for, if that was a success with all of it.
    #[must_use]
    pub fn plain(&self) -> Option<&Reply> {
        self.plain_or_part().filter(|reply| reply.status == StatusCode::OK)
    }

    /// How the object, or the byte range that is listed of it, was plainly answered for, if that
    /// was a success.
    #[must_use]
    pub fn plain_or_part(&self) -> Option<&Reply> {
        let reply = &self.reference.as_ref()?.reply;
        [StatusCode::OK, StatusCode::PARTIAL_CONTENT].contains(&reply.status).then_some(reply)
    }

    /// Whether the object may have changed since it was plainly asked for: a live playlist, and
    /// what a multivariant playlist says of bit rates.
    #[must_use]
    pub fn may_change(&self) -> bool {
        match self.purpose {
            Purpose::Multivariant => true,
            Purpose::Media => self.reference.as_ref().is_none_or(|reference| reference.is_live),
            Purpose::Init | Purpose::Segment | Purpose::Part => false,
        }
    }
}

/// How a body is coded, if it is.
#[must_use]
pub fn coding(reply: &Reply) -> Option<&str> {
    text(&reply.headers, "content-encoding").filter(|coding| *coding != "identity")
}

/// A body as it was before it was packed with gzip. `None`: it cannot be unpacked.
#[must_use]
pub fn unpacked(reply: &Reply) -> Option<Bytes> {
    let Some(coding) = coding(reply) else { return Some(reply.body.clone()) };
    if !coding.eq_ignore_ascii_case("gzip") && !coding.eq_ignore_ascii_case("x-gzip") {
        return None;
    }
    // At most as much as is taken of anything: a few bytes may unpack to gigabytes.
    let limit = u64::try_from(REPLY_BYTES_MAX).unwrap_or(u64::MAX);
    let mut text = Vec::new();
    MultiGzDecoder::new(&*reply.body).take(limit).read_to_end(&mut text).ok()?;
    Some(text.into())
}

/// What a header says, or nothing: what is not text says nothing.
#[must_use]
pub fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// Whether one of the members of a list header is `member`, whatever its parameters are.
#[must_use]
pub fn lists(headers: &HeaderMap, name: &str, member: &str) -> bool {
    headers.get_all(name).iter().filter_map(|line| line.to_str().ok()).any(|line| {
        let names = line.split(',').filter_map(|part| part.split([';', '=']).next());
        names.map(str::trim).any(|name| name.eq_ignore_ascii_case(member))
    })
}

/// What `Cache-Control` says (RFC 9111, 5.2.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct CacheControl {
    /// `no-store`, or `no-cache`: nothing is taken from a cache unasked.
    pub asks_each_time: bool,
    /// `private`: caches that viewers share keep nothing.
    pub is_private: bool,
    /// `max-age`.
    pub max_age: Option<Duration>,
    /// `s-maxage`: the same for caches that viewers share.
    pub shared_max_age: Option<Duration>,
}

impl CacheControl {
    /// Reads it. `None`: it is not there.
    #[must_use]
    pub fn read(headers: &HeaderMap) -> Option<Self> {
        let mut control = None;
        for line in headers.get_all("cache-control") {
            let control = control.get_or_insert_with(Self::default);
            for directive in line.to_str().unwrap_or_default().split(',') {
                control.note(directive.trim());
            }
        }
        control
    }

    /// For how long a cache that viewers share may answer with it, if it says.
    #[must_use]
    pub fn shared(&self) -> Option<Duration> {
        if self.asks_each_time || self.is_private {
            return Some(Duration::ZERO);
        }
        self.shared_max_age.or(self.max_age)
    }

    /// For how long any cache may answer with it, if it says: the longest.
    #[must_use]
    pub fn longest(&self) -> Option<Duration> {
        if self.asks_each_time {
            return Some(Duration::ZERO);
        }
        let shared = self.shared_max_age.filter(|_| !self.is_private);
        self.max_age.max(shared)
    }

    fn note(&mut self, directive: &str) {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        let seconds = || value.trim_matches('"').parse().ok().map(Duration::from_secs);
        match name.to_ascii_lowercase().as_str() {
            "no-store" | "no-cache" => self.asks_each_time = true,
            "private" => self.is_private = true,
            "max-age" => self.max_age = seconds(),
            "s-maxage" => self.shared_max_age = seconds(),
            _ => {}
        }
    }
}
