//! Which requests are made.

use std::sync::Arc;
use std::time::Duration;

use http::header::{
    ACCEPT_ENCODING, ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ETAG,
    IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, ORIGIN, RANGE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use url::Url;

use crate::evidence::{Probe, coding};
use crate::options::Options;
use crate::token::{with_tampered_token, without_token};
use crate::transport::{Exchange, Purpose, Request};

/// A request that is to be made.
#[derive(Clone, Debug)]
pub struct ProbeRequest {
    /// What it is to show.
    pub probe: Probe,
    /// What kind of object it is about.
    pub purpose: Purpose,
    /// The request.
    pub request: Request,
    /// A path in the place of the URL's own, not to be tidied.
    pub path: Option<String>,
    /// How the object was plainly answered for.
    pub reference: Option<Arc<Exchange>>,
    /// Whether the exam has a token or headers of the user's.
    pub has_credentials: bool,
}

/// What the requests are about: one of each kind, fetched plainly a moment before, if there is one.
#[derive(Clone, Debug, Default)]
pub struct Subjects {
    /// What the exam began with: the multivariant playlist, or the media playlist.
    pub entry: Option<Arc<Exchange>>,
    /// A media playlist, as it is listed.
    pub media: Option<Arc<Exchange>>,
    /// One of its newest segments, which may be a byte range of some resource.
    pub segment: Option<Arc<Exchange>>,
}

/// Plans the requests about `subjects`. The first ones are about the newest objects, before those
/// leave the window of a live stream.
#[must_use]
pub fn plan(subjects: &Subjects, options: &Options) -> Vec<ProbeRequest> {
    let mut planner = Planner {
        has_credentials: options.token.is_some() || !options.headers.is_empty(),
        planned: Vec::new(),
    };
    let Subjects { entry, media, segment } = subjects;
    if let Some(segment) = segment {
        planner.ranges(segment);
        planner.validators(segment);
        // What a range has says nothing of what HEAD says of the whole.
        if !is_part(segment) {
            planner.plain(Probe::Head, segment, Method::HEAD, &[]);
        }
    }
    let playlists = distinct(entry, media).collect::<Vec<_>>();
    for playlist in &playlists {
        planner.plain(Probe::Packed, playlist, Method::GET, &[(ACCEPT_ENCODING, "gzip")]);
        planner.plain(Probe::Unpacked, playlist, Method::GET, &[(ACCEPT_ENCODING, "identity")]);
        planner.plain(Probe::Head, playlist, Method::HEAD, &[]);
    }
    for subject in media.iter().chain(segment) {
        planner.plain(Probe::Preflight, subject, Method::OPTIONS, &PREFLIGHT);
        planner.extra_query(subject, options);
    }
    // The unknown one comes first: the others are judged against it.
    if let Some(segment) = segment {
        planner.unknown_segment(segment);
    }
    if let Some(playlist) = entry.as_ref().or(media.as_ref()) {
        planner.unknown_stream(playlist);
    }
    if let Some(token) = &options.token {
        let children = media.iter().filter(|_| playlists.len() > 1 || entry.is_none());
        for (probe, subject) in std::iter::empty()
            .chain(entry.iter().map(|entry| (Probe::EntryWithoutToken, entry)))
            .chain(children.map(|child| (Probe::ChildWithoutToken, child)))
            .chain(segment.iter().map(|segment| (Probe::SegmentWithoutToken, segment)))
        {
            planner.without_token(probe, subject, token);
        }
        if let Some(entry) = entry {
            planner.tampered_token(entry, token);
        }
    }
    planner.planned
}

/// The entry and the media playlist, which may be the same.
fn distinct<'a>(
    entry: &'a Option<Arc<Exchange>>,
    media: &'a Option<Arc<Exchange>>,
) -> impl Iterator<Item = &'a Arc<Exchange>> {
    let url = |exchange: &Option<Arc<Exchange>>| {
        exchange.as_ref().map(|exchange| exchange.request.url.clone())
    };
    let other = media.as_ref().filter(|_| url(media) != url(entry));
    entry.iter().chain(other)
}

/// Whether a byte range was asked for, and came. A server without ranges sends all of it.
fn is_part(about: &Exchange) -> bool {
    about.reply.status == StatusCode::PARTIAL_CONTENT
}

struct Planner {
    has_credentials: bool,
    planned: Vec<ProbeRequest>,
}

impl Planner {
    fn add(
        &mut self,
        probe: Probe,
        about: &Arc<Exchange>,
        (method, url): (Method, Url),
        headers: &[(HeaderName, &str)],
    ) {
        let readable = |(name, value): &(HeaderName, &str)| {
            Some((name.clone(), HeaderValue::try_from(*value).ok()?))
        };
        let headers = headers.iter().filter_map(readable).collect::<HeaderMap>();
        self.planned.push(ProbeRequest {
            probe,
            purpose: about.purpose,
            request: Request { method, url, headers, within: WITHIN },
            path: None,
            reference: Some(Arc::clone(about)),
            has_credentials: self.has_credentials,
        });
    }

    /// The object's own URL, with other headers.
    fn plain(
        &mut self,
        probe: Probe,
        about: &Arc<Exchange>,
        method: Method,
        headers: &[(HeaderName, &str)],
    ) {
        self.object(probe, about, (method, about.request.url.clone()), headers);
    }

    /// The object under some URL. Of what is listed as a byte range no more is asked for than that:
    /// the whole may be as long as the stream.
    fn object(
        &mut self,
        probe: Probe,
        about: &Arc<Exchange>,
        target: (Method, Url),
        headers: &[(HeaderName, &str)],
    ) {
        let is_get = target.0 == Method::GET;
        self.add(probe, about, target, headers);
        let range = about.request.headers.get(RANGE).filter(|_| is_get && is_part(about));
        if let (Some(range), Some(last)) = (range, self.planned.last_mut()) {
            last.request.headers.entry(RANGE).or_insert_with(|| range.clone());
        }
    }

    fn ranges(&mut self, about: &Arc<Exchange>) {
        let length = about.reply.body.len();
        // What came packed has other bytes, which is the business of another rule.
        if length < PIECE * 4 || coding(&about.reply).is_some() || is_part(about) {
            return;
        }
        let middle = length / 2;
        for (probe, range) in [
            (Probe::FirstBytes, format!("bytes=0-{}", PIECE - 1)),
            (Probe::MiddleBytes, format!("bytes={middle}-{}", middle + PIECE - 1)),
            (Probe::LastBytes, format!("bytes=-{PIECE}")),
            (Probe::BytesBeyond, format!("bytes={}-", length * 2)),
        ] {
            self.plain(probe, about, Method::GET, &[(RANGE, &range)]);
        }
    }

    fn validators(&mut self, about: &Arc<Exchange>) {
        let said = |name| about.reply.headers.get(name)?.to_str().ok();
        let date: Option<&str> = said(LAST_MODIFIED);
        let tag = said(ETAG);
        if let Some(date) = date {
            let condition = [(IF_MODIFIED_SINCE, date)];
            self.plain(Probe::IfModifiedSince, about, Method::GET, &condition);
        }
        if tag.is_some() || date.is_none() {
            let condition = [(IF_NONE_MATCH, tag.unwrap_or("\"weir-check\""))];
            self.plain(Probe::IfNoneMatch, about, Method::GET, &condition);
        }
    }

    fn extra_query(&mut self, about: &Arc<Exchange>, options: &Options) {
        let mut url = about.request.url.clone();
        // A signature over the whole query is right to refuse it.
        if options.token.is_some() && url.query().is_some() {
            return;
        }
        url.query_pairs_mut().append_pair("weir-check", "1");
        self.object(Probe::ExtraQuery, about, (Method::GET, url), &[]);
    }

    /// What is made up beside a segment: a name, and what nobody may do with it.
    fn unknown_segment(&mut self, about: &Arc<Exchange>) {
        let url = &about.request.url;
        let extension = url.path().rsplit_once('.').map_or("ts", |(_, extension)| extension);
        let mut made_up = url.clone();
        let folder = url.path().rsplit_once('/').map_or("", |(folder, _)| folder);
        made_up.set_path(&format!("{folder}/{NOBODY}.{extension}"));
        self.add(Probe::UnknownSegment, about, (Method::GET, made_up.clone()), &[]);
        self.add(Probe::Put, about, (Method::PUT, made_up.clone()), &[]);
        self.add(Probe::Delete, about, (Method::DELETE, made_up.clone()), &[]);
        // Nothing is lost by it, and servers look at the method of what exists.
        self.plain(Probe::Post, about, Method::POST, &[]);
        for (up, separator) in UPWARDS {
            let up = up.repeat(STEPS_UP);
            let path = format!("{folder}/{up}etc{separator}hosts");
            self.add(Probe::Traversal, about, (Method::GET, made_up.clone()), &[]);
            if let Some(last) = self.planned.last_mut() {
                last.path = Some(path);
            }
        }
    }

    fn unknown_stream(&mut self, about: &Arc<Exchange>) {
        let mut url = about.request.url.clone();
        let Some((folder, name)) = url.path().rsplit_once('/') else { return };
        let above = folder.rsplit_once('/').map_or("", |(above, _)| above);
        let path = format!("{above}/{NOBODY}/{name}");
        url.set_path(&path);
        self.add(Probe::UnknownStream, about, (Method::GET, url), &[]);
    }

    /// What carries no token is asked for as it is: that is how anybody would.
    fn without_token(&mut self, probe: Probe, about: &Arc<Exchange>, token: &str) {
        let url = &about.request.url;
        let bare = without_token(url, token).unwrap_or_else(|| url.clone());
        self.object(probe, about, (Method::GET, bare), &[]);
    }

    fn tampered_token(&mut self, about: &Arc<Exchange>, token: &str) {
        if let Some(url) = with_tampered_token(&about.request.url, token) {
            self.add(Probe::EntryTamperedToken, about, (Method::GET, url), &[]);
        }
    }
}

/// How long an answer may take. Rules about time look at plain requests.
const WITHIN: Duration = Duration::from_secs(10);

/// How many bytes are asked for where some are: a packet of MPEG-TS.
const PIECE: usize = 188;

/// A site that is not the server's.
const SITE: &str = "https://player.example";

/// What a browser asks before a page on another site may send `Range`.
const PREFLIGHT: [(HeaderName, &str); 3] = [
    (ORIGIN, SITE),
    (ACCESS_CONTROL_REQUEST_METHOD, "GET"),
    (ACCESS_CONTROL_REQUEST_HEADERS, "range"),
];

/// What nothing is called.
const NOBODY: &str = "weir-check-no-such-thing";

/// More than any path is deep: what is above the top is the top.
const STEPS_UP: usize = 12;

/// Ways to write `../`, and `/` in what follows: plain, escaped in whole or in part, escaped twice,
/// with the other slash, and what becomes of it when `../` is cut out once.
const UPWARDS: [(&str, &str); 8] = [
    ("../", "/"),
    ("%2e%2e/", "/"),
    ("..%2f", "%2f"),
    ("%2e%2e%2f", "%2f"),
    ("%252e%252e%252f", "%252f"),
    ("..%5c", "%5c"),
    ("....//", "/"),
    ("..;/", "/"),
];
