//! A stream that not everybody may watch.

use std::sync::atomic::{AtomicUsize, Ordering};

use authz::{Pass, Stripped};
use http::header::{AUTHORIZATION, CONTENT_ENCODING, ETAG, WWW_AUTHENTICATE};
use token::Refusal;

use super::*;

/// The token is `good`, or says what becomes of who shows it. It stands in the path, in
/// `token=`, or in a header; out of the path it is sent there.
#[derive(Debug, Default)]
struct Doorman {
    asked: AtomicUsize,
}

#[async_trait]
impl PlayAuthority for Doorman {
    fn strip<'r>(&self, request: &PlayRequest<'r>) -> Stripped<'r> {
        let path = in_path(request.path).map_or(request.path, |(_, rest)| rest);
        let is_other = |pair: &&str| !pair.starts_with("token=") && *pair != "start=signed";
        let others = request.query.split('&').filter(is_other);
        Stripped { path, query: others.collect::<Vec<_>>().join("&") }
    }

    async fn decide(
        &self,
        request: &PlayRequest<'_>,
        stream: &StreamName,
    ) -> Result<Play, PlayRefusal> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        assert_eq!(stream.as_str(), "live/cam");
        assert_eq!(request.facts.address, Some(PEER));
        let pass = |pass| Ok(Play::Allowed(Arc::new(pass)));
        let Some((token, _)) = in_path(request.path) else {
            let in_query = request.query.split('&').find_map(|pair| pair.strip_prefix("token="));
            let shown = in_query.or(request.authorization).or(request.cookie);
            let Some(token) = shown else { return Err(PlayRefusal::NoToken) };
            let Stripped { path, query } = self.strip(request);
            return Ok(Play::Moved(format!("/t/{token}{path}?{query}")));
        };
        match token {
            _ if token.starts_with("viewer-") => pass(Pass::default()),
            "good" => pass(Pass::default()),
            "unlisted" => pass(Pass { unlisted: true, ..Pass::default() }),
            "small" => pass(Pass { height_max: Some(2), ..Pass::default() }),
            "/else" => Ok(Play::Moved("//elsewhere.example/".into())),
            "busy" => Err(PlayRefusal::TooManySessions { limit: 2 }),
            "down" => Err(PlayRefusal::Unavailable { source: "secret-host refused".into() }),
            _ => Err(Refusal::Signature.into()),
        }
    }
}

fn in_path(path: &str) -> Option<(&str, &str)> {
    let rest = path.strip_prefix("/t/")?;
    let token = rest.get(..rest.find('/')?)?;
    Some((token, rest.get(token.len()..)?))
}

fn guarded() -> (Site, Arc<Doorman>) {
    let doorman = Arc::new(Doorman::default());
    (site_of(Arc::clone(&doorman) as Arc<dyn PlayAuthority>).0, doorman)
}

/// One of everything that there is of a stream.
const OF_THE_STREAM: [&str; 10] = [
    "/live/cam/index.m3u8",
    "/live/cam/index.ts.m3u8",
    "/live/cam/ts/index.m3u8",
    "/live/cam/ts/1/0.ts",
    "/live/cam/ts/1/0.3.ts",
    "/live/cam/fmp4/1/init-0.mp4",
    "/live/cam/ts/page-0.m3u8",
    "/vod/live~cam~a/index.m3u8",
    "/vod/live~cam~a/ts/index.m3u8",
    "/vod/live~cam~a/export.mp4",
];

#[tokio::test]
async fn whatever_is_of_a_stream_is_decided_alike() {
    for path in OF_THE_STREAM {
        let (site, doorman) = guarded();
        for method in ["GET", "HEAD"] {
            let response = ask(&site, &format!("{method} {path}"), &[]).await;
            assert_eq!(response.status(), 401, "{method} {path}");
            assert_eq!(response.headers()[WWW_AUTHENTICATE], "Bearer realm=\"weir\"");
            assert_eq!(response.headers()[CACHE_CONTROL], "no-store", "{path}");
            assert_eq!(response.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], "*", "{path}");
            let response = ask(&site, &format!("{method} /t/bad{path}"), &[]).await;
            assert_eq!(response.status(), 403, "{method} {path}");
        }
        assert_eq!(doorman.asked.load(Ordering::Relaxed), 4, "{path}");
        let allowed = ask(&site, &format!("GET /t/good{path}"), &[]).await;
        let (open, _) = super::site();
        let expected = ask(&open, &format!("GET {path}"), &[]).await;
        assert_eq!(allowed.status(), expected.status(), "{path}");
        assert_eq!(allowed.headers(), expected.headers(), "{path}");
        assert_eq!(allowed.body().bytes(), expected.body().bytes(), "{path}");
    }
}

#[tokio::test]
async fn a_token_elsewhere_than_in_the_path_is_sent_there() {
    let (site, _) = guarded();
    for (line, headers, expected) in [
        ("/live/cam/index.m3u8?dvr=60&token=x&_=1", None, "/t/x/live/cam/index.m3u8?dvr=60&_=1"),
        ("/live/cam/ts/1/0.ts", Some((AUTHORIZATION, "y")), "/t/y/live/cam/ts/1/0.ts?"),
        ("/live/cam/index.m3u8", Some((http::header::COOKIE, "z")), "/t/z/live/cam/index.m3u8?"),
        ("/watch/live/cam?token=x", None, "/t/x/watch/live/cam?"),
    ] {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        for method in ["GET", "HEAD"] {
            let response = ask(&site, &format!("{method} {line}"), &headers).await;
            assert_eq!(response.status(), 307, "{line}");
            assert_eq!(response.headers()[LOCATION], expected, "{line}");
            assert_eq!(response.headers()[CACHE_CONTROL], "no-store", "{line}");
            assert!(response.body().bytes().is_empty(), "{line}");
        }
    }
}

#[tokio::test]
async fn nobody_is_sent_to_another_server() {
    let (site, _) = guarded();
    for line in ["GET /live/cam/index.m3u8?token=\\\\evil", "GET /live/cam/index.m3u8?token=a\\b"] {
        let response = ask(&site, line, &[]).await;
        assert_eq!(response.status(), 400, "{line}");
        assert!(!response.headers().contains_key(LOCATION), "{line}");
    }
    for to in ["//elsewhere.example/", "https://elsewhere.example/", "x", "", "/\\x", "/a\nb"] {
        let response = moved(&HeaderMap::new(), to);
        assert_eq!(response.status(), 400, "{to:?}");
        assert!(!response.headers().contains_key(LOCATION), "{to:?}");
    }
}

#[tokio::test]
async fn a_refusal_has_nothing_of_the_token_in_it() {
    let (site, _) = guarded();
    let secret = "xSECRETx";
    for line in [
        &format!("GET /t/{secret}/live/cam/index.m3u8"),
        &format!("GET /t/{secret}/live/nothing/here"),
        &format!("GET /t/{secret}/{}", "x".repeat(1_030)),
        &format!("GET /t/{secret}/live/cam/index.m3u8?dvr={secret}"),
        &format!("GET /t/{secret}/live"),
        &format!("POST /t/{secret}/live/cam/index.m3u8"),
    ] {
        for accept in ["*/*", "text/html", "application/json"] {
            let response = ask(&site, line, &[("accept", accept)]).await;
            assert!(response.status().is_client_error(), "{line}");
            let text = String::from_utf8(response.body().bytes().to_vec()).unwrap();
            assert!(!text.contains("SECRET"), "{line}: {text}");
            assert!(!format!("{:?}", response.headers()).contains("SECRET"), "{line}");
        }
    }
}

#[tokio::test]
async fn refusals_have_their_own_status() {
    let (site, _) = guarded();
    for (token, status, retry_after) in [("busy", 429, Some("30")), ("down", 503, Some("1"))] {
        let response = ask(&site, &format!("GET /t/{token}/live/cam/ts/1/0.ts"), &[]).await;
        assert_eq!(response.status(), status, "{token}");
        let header = response.headers().get(RETRY_AFTER).map(|value| value.to_str().unwrap());
        assert_eq!(header, retry_after, "{token}");
        assert_eq!(response.headers()[CACHE_CONTROL], "no-store", "{token}");
        let text = String::from_utf8(response.body().bytes().to_vec()).unwrap();
        assert!(!text.contains("secret-host"), "{text}");
    }
}

#[tokio::test]
async fn what_is_no_streams_is_asked_of_nobody() {
    let (site, doorman) = guarded();
    for (line, status) in [
        ("GET /", 200),
        ("GET /t/bad/", 200),
        ("GET /favicon.ico", 200),
        ("GET /t/bad/assets/licences.txt", 200),
        ("OPTIONS /live/cam/index.m3u8", 204),
        ("OPTIONS /t/bad/live/cam/ts/1/0.ts", 204),
        ("GET /t/good/live/../x", 404),
        ("GET /t/good/t/good/live/cam/index.m3u8", 404),
        ("GET /t/good", 404),
        ("GET /t/good/live/cam/index.m3u8?start=x", 400),
    ] {
        assert_eq!(ask(&site, line, &[]).await.status(), status, "{line}");
    }
    assert_eq!(doorman.asked.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn the_watch_page_is_everybodys_and_listed_only_if_the_stream_is() {
    let (site, _) = guarded();
    for (path, is_hidden) in [
        ("/watch/live/cam", true),
        ("/t/bad/watch/live/cam", true),
        ("/t/unlisted/watch/live/cam", true),
        ("/t/good/watch/live/cam", false),
        ("/t/unlisted/live/cam/index.m3u8", true),
        ("/t/good/live/cam/index.m3u8", false),
    ] {
        let response = ask(&site, &format!("GET {path}"), &[]).await;
        assert_eq!(response.status(), 200, "{path}");
        let robots = response.headers().get(ROBOTS);
        assert_eq!(robots.is_some_and(|value| value == "noindex"), is_hidden, "{path}");
    }
}

#[tokio::test]
async fn a_token_may_allow_only_some_variants() {
    let (site, _) = guarded();
    let gzip = ("accept-encoding", "gzip");
    let path = "GET /t/small/live/cam/index.m3u8";
    let response = ask(&site, path, &[gzip]).await;
    let text = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=5,RESOLUTION=2x2\nts/index.m3u8\n";
    assert_eq!(response.body().bytes(), text);
    let headers = response.headers();
    assert_eq!(
        (&headers[ETAG], headers.get(CONTENT_ENCODING)),
        (&HeaderValue::from_static("\"aa-h2\""), None)
    );
    assert_eq!(headers[CONTENT_LENGTH], text.len().to_string().as_str());
    for (etag, status) in [("\"aa-h2\"", 304), ("\"aa\"", 200), ("\"aa-gzip\"", 200)] {
        let response = ask(&site, path, &[gzip, ("if-none-match", etag)]).await;
        assert_eq!(response.status(), status, "{etag}");
    }
    // What is taken off a query is not read as the stream's.
    let response = ask(&site, "GET /t/good/live/cam/index.m3u8?start=signed", &[gzip]).await;
    assert_eq!(response.headers()[ETAG], "\"aa-gzip\"");
}

#[tokio::test]
async fn a_thousand_tokens_for_one_segment_are_one_request_to_the_origin() {
    let (site, metrics) = site_of(Arc::new(Doorman::default()));
    for viewer in 0..1_000 {
        let path = format!("GET /t/viewer-{viewer}/live/cam/ts/1/0.ts");
        let response = ask(&site, &path, &[]).await;
        assert_eq!((response.status().as_u16(), response.body().bytes()), (200, "media".into()));
    }
    assert_eq!(ask(&site, "GET /t/bad/live/cam/ts/1/0.ts", &[]).await.status(), 403);
    assert!(metrics.render().lines().any(|line| line == "weir_edge_object_reads_total 1"));
}

#[tokio::test]
async fn a_long_token_fits_and_a_long_path_behind_it_does_not() {
    let (site, _) = guarded();
    let token = "x".repeat(4_096);
    let response = ask(&site, &format!("GET /t/{token}/live/cam/index.m3u8"), &[]).await;
    assert_eq!(response.status(), 403);
    let name = "x".repeat(1_024);
    let response = ask(&site, &format!("GET /t/good/{name}"), &[]).await;
    assert_eq!(response.status(), 400);
    let text = String::from_utf8(response.body().bytes().to_vec()).unwrap();
    assert_eq!(text, "a path has at most 1024 bytes, not 1025\n");
}
