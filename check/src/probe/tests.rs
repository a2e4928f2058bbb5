use std::sync::Mutex;

use async_trait::async_trait;
use http::Method;

use super::*;
use crate::options::Options;
use crate::transport::samples::{exchange, reply};
use crate::transport::{Exchange, Purpose, Reply, Request, TransportError};

const TOKEN: &str = "abcdefgh";

fn subject(purpose: Purpose, path: &str, header_lines: &str) -> Option<Arc<Exchange>> {
    let url = format!("http://weir{path}");
    Some(Arc::new(exchange(purpose, &url, reply(200, header_lines, [b'x'; 1_000]))))
}

fn subjects() -> Subjects {
    Subjects {
        entry: subject(Purpose::Multivariant, "/t/abcdefgh/live/cam/index.m3u8", ""),
        media: subject(Purpose::Media, "/t/abcdefgh/live/cam/ts/index.m3u8", ""),
        segment: subject(
            Purpose::Segment,
            "/t/abcdefgh/live/cam/ts/1/0.ts",
            "etag: \"a\"\nlast-modified: today",
        ),
    }
}

/// What is planned: method, target and headers.
fn planned(subjects: &Subjects, probe: Probe) -> Vec<String> {
    let options = Options { token: Some(TOKEN.to_owned()), ..Options::default() };
    let plan = plan(subjects, &options).into_iter().filter(|planned| planned.probe == probe);
    let written = plan.map(|ProbeRequest { request, path, .. }| {
        let mut line =
            format!("{} {}", request.method, path.as_deref().unwrap_or_else(|| request.url.path()));
        if let Some(query) = request.url.query() {
            line += &format!("?{query}");
        }
        for (name, value) in &request.headers {
            line += &format!(" {name}={}", value.to_str().unwrap());
        }
        line
    });
    written.collect()
}

#[track_caller]
fn check(probe: Probe, expected: &[&str]) {
    assert_eq!(planned(&subjects(), probe), expected, "{probe:?}");
}

#[test]
fn a_segment_is_asked_for_in_every_way() {
    let segment = "/t/abcdefgh/live/cam/ts/1/0.ts";
    let get = |headers: &str| format!("GET {segment} {headers}");
    check(Probe::FirstBytes, &[&get("range=bytes=0-187")]);
    check(Probe::MiddleBytes, &[&get("range=bytes=500-687")]);
    check(Probe::LastBytes, &[&get("range=bytes=-188")]);
    check(Probe::BytesBeyond, &[&get("range=bytes=2000-")]);
    check(Probe::IfNoneMatch, &[&get("if-none-match=\"a\"")]);
    check(Probe::IfModifiedSince, &[&get("if-modified-since=today")]);
    check(Probe::Post, &[&format!("POST {segment}")]);
    let mut short = subjects();
    short.segment = subject(Purpose::Segment, "/a.ts", "");
    assert_eq!(planned(&short, Probe::IfNoneMatch), ["GET /a.ts if-none-match=\"weir-check\""]);
    assert!(planned(&short, Probe::IfModifiedSince).is_empty());
}

/// A segment that is listed as a byte range, which a server answers with this status.
fn ranged(status: u16) -> Subjects {
    let mut ranged = exchange(
        Purpose::Segment,
        "http://weir/t/abcdefgh/all.ts",
        reply(status, "etag: \"a\"", [b'x'; 1_000]),
    );
    ranged.request.headers.insert("range", "bytes=1000-1999".try_into().unwrap());
    Subjects { segment: Some(Arc::new(ranged)), ..subjects() }
}

#[test]
fn of_a_byte_range_no_more_is_asked_for_than_that() {
    let range = "range=bytes=1000-1999";
    for (probe, expected) in [
        (Probe::FirstBytes, vec![]),
        (Probe::Head, vec![]),
        (Probe::IfNoneMatch, vec![format!("GET /t/abcdefgh/all.ts if-none-match=\"a\" {range}")]),
        (Probe::SegmentWithoutToken, vec![format!("GET /all.ts {range}")]),
        (Probe::UnknownSegment, vec!["GET /t/abcdefgh/weir-check-no-such-thing.ts".to_owned()]),
        (Probe::Post, vec!["POST /t/abcdefgh/all.ts".to_owned()]),
    ] {
        let mut lines = planned(&ranged(206), probe);
        lines.retain(|line| !line.contains("index.m3u8"));
        assert_eq!(lines, expected, "{probe:?}");
    }
    let extra = planned(&ranged(206), Probe::ExtraQuery);
    assert_eq!(extra.last().unwrap(), &format!("GET /t/abcdefgh/all.ts?weir-check=1 {range}"));
}

#[test]
fn a_server_that_sends_all_of_it_is_asked_for_ranges() {
    let first = planned(&ranged(200), Probe::FirstBytes);
    assert_eq!(first, ["GET /t/abcdefgh/all.ts range=bytes=0-187"]);
    assert_eq!(planned(&ranged(200), Probe::Head).len(), 3);
}

#[test]
fn playlists_are_asked_for_packed_and_plain() {
    for (probe, coding) in [(Probe::Packed, "gzip"), (Probe::Unpacked, "identity")] {
        let get = |path: &str| format!("GET /t/abcdefgh/live/cam/{path} accept-encoding={coding}");
        check(probe, &[&get("index.m3u8"), &get("ts/index.m3u8")]);
    }
    let mut alone = subjects();
    alone.media = alone.entry.clone();
    assert_eq!(planned(&alone, Probe::Packed).len(), 1, "the entry is the media playlist");
    let preflight = planned(&subjects(), Probe::Preflight);
    assert!(preflight[0].starts_with("OPTIONS "), "{preflight:?}");
    assert!(preflight[0].contains("access-control-request-headers=range"), "{preflight:?}");
}

#[test]
fn what_does_not_exist_is_made_up_beside_what_does() {
    let made_up = "/t/abcdefgh/live/cam/ts/1/weir-check-no-such-thing.ts";
    check(Probe::UnknownSegment, &[&format!("GET {made_up}")]);
    let stream = "GET /t/abcdefgh/live/weir-check-no-such-thing/index.m3u8";
    check(Probe::UnknownStream, &[stream]);
    check(Probe::Put, &[&format!("PUT {made_up}")]);
    check(Probe::Delete, &[&format!("DELETE {made_up}")]);
    let ways = planned(&subjects(), Probe::Traversal);
    let up = "../".repeat(12);
    assert_eq!(ways[0], format!("GET /t/abcdefgh/live/cam/ts/1/{up}etc/hosts"));
    assert!(ways.len() == 8 && ways.iter().all(|line| line.ends_with("hosts")), "{ways:?}");
    let at_the_top = Subjects { entry: subject(Purpose::Media, "/a.m3u8", ""), ..subjects() };
    let stream = planned(&at_the_top, Probe::UnknownStream);
    assert_eq!(stream, ["GET /weir-check-no-such-thing/a.m3u8"]);
}

#[test]
fn nothing_that_exists_is_written_or_deleted() {
    let options = Options { token: Some(TOKEN.to_owned()), ..Options::default() };
    for planned in plan(&subjects(), &options) {
        let Request { method, url, .. } = &planned.request;
        let may_change = method == Method::PUT || method == Method::DELETE;
        let is_made_up = url.path().contains("no-such-thing");
        assert!(!may_change || is_made_up, "{method} {url}");
    }
}

#[test]
fn tokens_are_left_out_and_tampered_with() {
    check(Probe::EntryWithoutToken, &["GET /live/cam/index.m3u8"]);
    check(Probe::ChildWithoutToken, &["GET /live/cam/ts/index.m3u8"]);
    check(Probe::SegmentWithoutToken, &["GET /live/cam/ts/1/0.ts"]);
    check(Probe::EntryTamperedToken, &["GET /t/abcdefah/live/cam/index.m3u8"]);
    // A child that carries nothing is asked for as it is.
    let mut bare = subjects();
    bare.media = subject(Purpose::Media, "/ts/index.m3u8", "");
    assert_eq!(planned(&bare, Probe::ChildWithoutToken), ["GET /ts/index.m3u8"]);
    let plan = plan(&subjects(), &Options::default());
    assert!(plan.iter().all(|planned| !planned.has_credentials));
    let is_about_tokens = |planned: &ProbeRequest| planned.probe >= Probe::EntryWithoutToken;
    assert!(!plan.iter().any(is_about_tokens), "without a token there is nothing to leave out");
}

/// Answers everything with 404, or with the path that was asked for untidied.
struct Nowhere {
    is_http: bool,
    untidied: Mutex<Vec<String>>,
}

#[async_trait]
impl Transport for Nowhere {
    async fn send(&self, request: &Request) -> Result<Reply, TransportError> {
        match request.method {
            Method::PUT => Err(TransportError::Broken("no".into())),
            _ => Ok(reply(404, "", request.url.path())),
        }
    }

    async fn send_untidied(&self, _: &Request, path: &str) -> Result<Reply, TransportError> {
        self.untidied.lock().unwrap().push(path.to_owned());
        Ok(reply(400, "", ""))
    }

    fn is_http(&self) -> bool {
        self.is_http
    }
}

#[tokio::test]
async fn every_request_is_made_and_its_answer_kept() {
    let mut transport = Nowhere { is_http: true, untidied: Mutex::default() };
    let options = Options::default();
    let asked = plan(&subjects(), &options);
    let count = asked.len();
    let gathered = run(&transport, asked).await;
    assert_eq!((gathered.len(), transport.untidied.lock().unwrap().len()), (count, 8));
    let of = |probe| gathered.iter().find(|evidence| evidence.probe == probe).unwrap();
    assert_eq!(of(Probe::Put).outcome.clone().unwrap_err(), TransportError::Broken("no".into()));
    let unknown = of(Probe::Traversal).unknown.as_ref().unwrap();
    assert!(unknown.body.ends_with(b"no-such-thing.ts"), "{unknown:?}");
    transport.is_http = false;
    assert!(run(&transport, plan(&subjects(), &options)).await.is_empty(), "files have no HTTP");
}
