//! What viewers, caches and operators get by HTTP.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

use std::thread;
use std::time::{Duration, Instant};

use testkit::encoder::{Encoder, Source};
use testkit::{Http, Reply, Server, Viewer, Watched};

const SOON: Duration = Duration::from_secs(20);
const PLAYLIST: &str = "application/vnd.apple.mpegurl";
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
const MULTIVARIANT: &str = "/live/cam/index.m3u8";

/// A server with a live stream that has so many segments.
struct Live {
    server: Server,
    viewer: Viewer,
    _encoder: Encoder,
}

impl Live {
    #[track_caller]
    fn with_segments(count: usize, arguments: &[&str]) -> Self {
        let server = Server::open(env!("CARGO_BIN_EXE_weir"), arguments).unwrap();
        let viewer = server.watch("cam");
        let encoder = Encoder::start(&Source::usual(), &server.push_url("cam")).unwrap();
        viewer.wait_for_segments(count, SOON).unwrap();
        Self { server, viewer, _encoder: encoder }
    }

    fn http(&self) -> Http {
        self.server.http()
    }

    /// The path of the media playlist, and that of a segment by its number.
    fn paths(&self, number: u64) -> (String, String) {
        let Watched { path, segments, .. } = self.viewer.seen();
        (path.unwrap(), segments[&number].path.clone())
    }
}

#[track_caller]
fn check_headers(reply: &Reply, status: u16, expected: &[(&str, &str)]) {
    assert_eq!(reply.status, status, "{}", reply.text());
    for (name, value) in expected {
        assert_eq!(reply.header(name), *value, "{name} of {:?}", reply.headers);
    }
    assert_eq!(reply.header("access-control-allow-origin"), "*", "{:?}", reply.headers);
}

#[test]
fn playlists_and_segments_are_served_as_caches_and_players_ask_for_them() {
    let live = Live::with_segments(2, &[]);
    let http = live.http();
    let (media, segment) = live.paths(0);
    for (path, kind, lifetime) in [
        (MULTIVARIANT, PLAYLIST, "public, max-age=1"),
        (&media, PLAYLIST, "public, max-age=1"),
        (&segment, "video/mp2t", IMMUTABLE),
    ] {
        let is_playlist = kind == PLAYLIST;
        let vary = if is_playlist { "accept-encoding" } else { "" };
        let common = [("content-type", kind), ("cache-control", lifetime), ("vary", vary)];
        let whole = http.get(path).unwrap();
        check_headers(&whole, 200, &common);
        let length = whole.body.len().to_string();
        check_headers(&whole, 200, &[("content-length", &length), ("accept-ranges", "bytes")]);
        assert_eq!(whole.header("content-encoding"), "", "nobody asked for it");
        assert!(whole.header("etag").starts_with('"'), "{:?}", whole.headers);

        check_methods(&http, path);
        if is_playlist {
            check_gzip(&http, path);
        } else {
            check_validators(&http, path, &whole);
            check_ranges(&http, path, &whole);
        }
        let odd = http.get(&format!("{path}?utm_source=x&_=1")).unwrap();
        check_headers(&odd, 200, &common);
    }
    live.viewer.stop().unwrap();
}

/// Viewers may read, and nothing else.
#[track_caller]
fn check_methods(http: &Http, path: &str) {
    let head = http.request("HEAD", path, &[]).unwrap();
    let content_type = http.get(path).unwrap().header("content-type").to_owned();
    check_headers(&head, 200, &[("content-type", &content_type)]);
    assert!(head.body.is_empty() && head.header("content-length").parse::<u32>().unwrap() > 0);
    for method in ["POST", "PUT", "DELETE", "PATCH", "PURGE"] {
        let refused = http.request(method, path, &[]).unwrap();
        check_headers(&refused, 405, &[("allow", "GET, HEAD, OPTIONS")]);
    }
    let preflight = http.request("OPTIONS", path, &[("origin", "https://example.org")]).unwrap();
    check_headers(&preflight, 204, &[("access-control-allow-methods", "GET, HEAD, OPTIONS")]);
    assert!(preflight.header("access-control-allow-headers").contains("Range"));
}

#[track_caller]
fn check_gzip(http: &Http, path: &str) {
    // The playlist may change between two requests.
    let alike = |_: u32| {
        let plain = http.get(path).unwrap();
        let packed = http.request("GET", path, &[("accept-encoding", "gzip, br")]).unwrap();
        check_headers(&packed, 200, &[("content-encoding", "gzip"), ("vary", "accept-encoding")]);
        assert!(packed.body.len() < plain.body.len());
        assert_ne!(packed.header("etag"), plain.header("etag"));
        packed.unpacked().unwrap() == plain.text()
    };
    assert!((0..5).any(alike), "the two forms differ");
    let refused = http.request("GET", path, &[("accept-encoding", "gzip;q=0")]).unwrap();
    assert_eq!(refused.header("content-encoding"), "");
}

#[track_caller]
fn check_validators(http: &Http, path: &str, whole: &Reply) {
    let etag = whole.header("etag");
    for (given, status) in [(etag, 304), ("\"x\"", 200), ("*", 304)] {
        let reply = http.request("GET", path, &[("if-none-match", given)]).unwrap();
        check_headers(&reply, status, &[("etag", etag), ("cache-control", IMMUTABLE)]);
        assert_eq!(reply.body.is_empty(), status == 304, "{given}");
    }
}

#[track_caller]
fn check_ranges(http: &Http, path: &str, whole: &Reply) {
    let length = whole.body.len();
    let last = length - 1;
    for (range, from, to) in [
        ("bytes=0-187".to_owned(), 0, 187),
        (format!("bytes={last}-"), last, last),
        ("bytes=-188".to_owned(), length - 188, last),
        (format!("bytes=188-{}", length * 2), 188, last),
    ] {
        let part = http.request("GET", path, &[("range", &range)]).unwrap();
        let said = format!("bytes {from}-{to}/{length}");
        check_headers(&part, 206, &[("content-range", &said), ("content-type", "video/mp2t")]);
        assert_eq!(part.body, whole.body[from..=to], "{range}");
    }
    let beyond = http.request("GET", path, &[("range", &format!("bytes={length}-"))]).unwrap();
    check_headers(&beyond, 416, &[("content-range", &format!("bytes */{length}"))]);
    // A part of another version is of no use.
    let headers = [("range", "bytes=0-0"), ("if-range", "\"x\"")];
    check_headers(&http.request("GET", path, &headers).unwrap(), 200, &[]);
}

#[test]
fn the_next_segment_is_waited_for_and_those_after_it_are_not_there() {
    let live = Live::with_segments(2, &[]);
    let http = live.http();
    let latest = live.viewer.seen().latest.unwrap();
    let listed = latest.segments.last().unwrap();
    let (number, (_, path)) = (listed.sequence, live.paths(listed.sequence));
    let after =
        |count: u64| path.replace(&format!("/{number}.ts"), &format!("/{}.ts", number + count));

    let next = thread::spawn({
        let (http, path) = (http.clone(), after(1));
        move || (http.get(&path).unwrap(), Instant::now())
    });
    let asked = Instant::now();
    let far = http.get(&after(5)).unwrap();
    assert!(asked.elapsed() < Duration::from_millis(500), "{:?}", asked.elapsed());
    check_headers(&far, 404, &[("cache-control", "public, max-age=1")]);

    let (next, answered) = next.join().unwrap();
    let waited = answered.saturating_duration_since(asked);
    assert!(waited > Duration::from_millis(500), "it was there after {waited:?}");
    check_headers(&next, 200, &[("content-type", "video/mp2t"), ("cache-control", IMMUTABLE)]);
    live.viewer
        .wait_until("it is listed", SOON, |seen| seen.segments.contains_key(&(number + 1)))
        .unwrap();
    assert_eq!(*live.viewer.seen().segments[&(number + 1)].bytes, next.body);
    live.viewer.stop().unwrap();
}

#[test]
fn what_is_not_there_is_said_to_be_so_and_nothing_else_is_shown() {
    let live = Live::with_segments(1, &[]);
    let http = live.http();
    let not_found = [("cache-control", "public, max-age=1")];
    for path in [
        "/live/nobody/index.m3u8",
        "/live/nobody/ts/index.m3u8",
        "/live/cam/hevc/index.m3u8",
        "/live/cam/ts/1/999.ts",
        "/live/cam/ts/9/0.ts",
        "/live/cam/ts/1/00.ts",
        "/live/cam",
        "/live/cam/ts/1/0.ts/",
        "/health",
        "/ready",
        "/metrics",
        "/assets/none.js",
    ] {
        check_headers(&http.get(path).unwrap(), 404, &not_found);
    }
    let says = http.get("/live/nobody/index.m3u8").unwrap().text();
    assert_eq!(says, "live/nobody is not live yet\n");
    for target in [
        "/live/../../weir.db",
        "/../../../../etc/passwd",
        "/live/cam/ts/1/../../../../journal.db",
        "/live/cam/ts/1/..%2f..%2f0.ts",
        "/live/%2e%2e/index.m3u8",
        "/assets/../index.html",
        "/assets/%2e%2e/index.html",
        "//etc/passwd",
        "/live/cam%00/index.m3u8",
        "/watch/live/../../x",
    ] {
        let request = format!("GET {target} HTTP/1.1\r\nHost: weir\r\nConnection: close\r\n\r\n");
        let answer = http.raw(&request).unwrap();
        assert!(answer.starts_with("HTTP/1.1 404 "), "{target}: {answer}");
    }
    for request in [
        "GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
        "GET http://other/ HTTP/1.1\r\nHost: weir\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n",
    ] {
        let answer = http.raw(request).unwrap();
        assert!(answer.starts_with("HTTP/1.1 400 "), "{request}: {answer}");
    }
    live.viewer.stop().unwrap();
}

#[test]
fn a_segment_that_left_the_window_is_still_there() {
    let live = Live::with_segments(7, &["--set", "stream.window=6s"]);
    let seen = live.viewer.seen();
    let latest = seen.latest.clone().unwrap();
    assert!(latest.media_sequence >= 3, "{}", seen.summary());
    let length_ms: u64 = latest.segments.iter().map(|segment| segment.length_ms).sum();
    assert!((6_000..8_000).contains(&length_ms), "{length_ms}");
    seen.fetch_again(&live.http()).unwrap();
    live.viewer.stop().unwrap();
}

#[test]
fn the_watch_page_and_all_that_it_needs_come_from_here() {
    let server = Server::open(env!("CARGO_BIN_EXE_weir"), &[]).unwrap();
    let http = server.http();
    for path in ["/", "/watch/live/cam"] {
        let page = http.get(path).unwrap();
        check_headers(&page, 200, &[("content-type", "text/html; charset=utf-8")]);
        let policy = page.header("content-security-policy");
        assert!(policy.starts_with("default-src 'self';"), "{policy}");
        assert!(!policy.contains("http") && !policy.contains("unsafe"), "{policy}");
        let html = page.text();
        let links: Vec<_> = [" src=\"", " href=\""]
            .iter()
            .flat_map(|attribute| html.split(attribute).skip(1))
            .map(|rest| rest.split('"').next().unwrap())
            .collect();
        assert!(links.iter().any(|link| link.ends_with(".js")), "{links:?}");
        for link in links {
            assert!(link.starts_with('/') && !link.starts_with("//"), "{link} leads elsewhere");
            let asset = http.get(link).unwrap();
            assert_eq!(asset.status, 200, "{link}");
            // Their names change with what is in them.
            if link.ends_with(".js") || link.ends_with(".css") {
                check_headers(&asset, 200, &[("cache-control", IMMUTABLE)]);
            }
        }
    }
    check_headers(&http.get("/watch/live/..").unwrap(), 404, &[]);
    check_headers(&http.get("/watch/live").unwrap(), 404, &[]);
}

#[test]
fn operators_see_health_and_numbers_on_a_port_of_their_own() {
    let live = Live::with_segments(1, &[]);
    let admin = live.server.admin();
    assert_eq!(admin.get("/health").unwrap().text(), "alive\n");
    let ready = admin.get("/ready").unwrap();
    assert!(ready.status == 200 && ready.text().contains("\"ready\":true"), "{}", ready.text());
    let metrics = admin.get("/metrics").unwrap().text();
    let value = |name: &str| {
        let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.and_then(|value| value.parse::<f64>().ok())
    };
    assert_eq!(value("weir_ingest_publishers"), Some(1.0), "{metrics}");
    assert!(value("weir_ingest_received_bytes_total") > Some(10_000.0), "{metrics}");
    assert!(!metrics.contains("live/cam") && !metrics.contains("\"cam\""), "{metrics}");
    for path in ["/", "/live/cam/index.m3u8", "/watch/live/cam"] {
        assert_eq!(admin.get(path).unwrap().status, 404, "{path}");
    }
    assert_eq!(admin.request("POST", "/health", &[]).unwrap().status, 405);
    live.viewer.stop().unwrap();
}
