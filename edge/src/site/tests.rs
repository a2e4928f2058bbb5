mod guarded;

use async_trait::async_trait;
use authz::Everybody;
use bytes::Bytes;
use http::header::{
    ACCEPT_RANGES, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, REFERRER_POLICY,
    RETRY_AFTER,
};
use http_body_util::Full;
use origin::{CacheControl, Document};
use runtime::Metrics;
use std::net::Ipv4Addr;

use super::*;
use crate::Config;

/// Holds `live/cam` with one playlist and one segment; `live/broken` does not answer.
#[derive(Debug)]
struct Shelf;

#[async_trait]
impl Origin for Shelf {
    async fn fetch(&self, resource: &Resource) -> Result<Document, OriginError> {
        let stream = resource.stream().clone();
        match stream.as_str() {
            "live/cam" => {}
            "live/broken" => {
                return Err(OriginError::Unavailable {
                    what: "the store",
                    retry_after: Duration::from_millis(1_500),
                    source: "secret-host refused".into(),
                });
            }
            _ => return Err(OriginError::NotLiveYet(stream)),
        }
        let (body, content_type, cache_control) = match resource {
            Resource::Multivariant(..) => (VARIANTS, PLAYLIST, CacheControl::Seconds(1)),
            Resource::Media(_, rendition, _) if rendition.as_str() == "ts" => {
                ("segments", PLAYLIST, CacheControl::Seconds(1))
            }
            Resource::Media(_, rendition, _) => {
                return Err(OriginError::NoRendition(stream, rendition.clone()));
            }
            Resource::Object(key) if key.path() == "live/cam/ts/1/0.ts" => {
                ("media", key.content_type(), CacheControl::Immutable)
            }
            Resource::Object(key) => return Err(OriginError::NoObject(key.clone())),
            Resource::Recording(id, _) | Resource::RecordingMedia(id, _) | Resource::Export(id) => {
                return Err(OriginError::NoRecording(id.clone()));
            }
        };
        let etag = "aa".into();
        Ok(Document {
            body: Bytes::from(body).into(),
            gzip: (body == VARIANTS).then(|| Bytes::from("gzip").into()),
            content_type,
            cache_control,
            etag,
        })
    }
}

const VARIANTS: &str = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=9,RESOLUTION=4x4\nhd/index.m3u8\n\
                        #EXT-X-STREAM-INF:BANDWIDTH=5,RESOLUTION=2x2\nts/index.m3u8\n";

const PLAYLIST: &str = "application/vnd.apple.mpegurl";

async fn ask(site: &Site, line: &str, headers: &[(&str, &str)]) -> Response<Sent> {
    let (method, uri) = line.split_once(' ').unwrap();
    let mut request = Request::builder().method(method).uri(uri).header(HOST, "weir");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (head, body) = request.body(Full::from("{}")).unwrap().into_parts();
    site.answer(&head, body, PEER).await
}

const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

fn site() -> (Site, Metrics) {
    site_of(Arc::new(Everybody::default()))
}

/// The shelf, for those whom `authority` lets in.
fn site_of(authority: Arc<dyn PlayAuthority>) -> (Site, Metrics) {
    let metrics = Metrics::default();
    let (config, meters) = (Config::default(), Meters::new(&metrics));
    (Site::new(Arc::new(Shelf), authority, None, &config, meters), metrics)
}

#[tokio::test]
async fn a_request_gets_what_it_names_or_a_reason() {
    let (site, _) = site();
    for (line, status, body) in [
        ("GET /live/cam/index.m3u8", 200, VARIANTS),
        ("GET /live/cam/index.m3u8?x=1&_=%00", 200, VARIANTS),
        ("GET http://weir/live/cam/index.m3u8", 200, VARIANTS),
        ("GET /live/cam/ts/index.m3u8", 200, "segments"),
        ("GET /live/cam/ts/1/0.ts", 200, "media"),
        ("HEAD /live/cam/ts/1/0.ts", 200, ""),
        ("GET /live/cam/ts/1/1.ts", 404, "there is no live/cam/ts/1/1.ts (any more)\n"),
        ("GET /live/cam/hd/index.m3u8", 404, "live/cam has no rendition hd\n"),
        ("GET /live/off/index.m3u8", 404, "live/off is not live yet\n"),
        ("GET /live/broken/index.m3u8", 503, "the store does not answer for now\n"),
        ("GET /watch/live", 404, "a stream is named app/stream; this has 1 parts\n"),
        ("GET /watch/assets/x", 404, "this name is reserved"),
        ("GET /watch/live/../../x", 404, "a stream is named app/stream"),
        ("GET /assets/../secret", 404, "there is no such page\n"),
        ("GET /assets/", 404, "there is no such page\n"),
        ("GET /live/../../etc/passwd", 404, "a name"),
        ("GET /live/%2e%2e/index.m3u8", 404, "a name may have letters"),
        ("GET /live/a%00b/index.m3u8", 404, "a name may have letters"),
        ("GET /live/cam/", 404, "there is no such page\n"),
        ("GET /no-such-file.ico", 404, "there is no such page\n"),
        ("GET /live", 404, "there is no such page\n"),
        ("GET /account/else", 404, "there is no such page\n"),
        ("GET /account/", 404, "a name is empty\n"),
        ("GET /pair/x", 404, "there is no such page\n"),
        ("GET http://other/live/cam/index.m3u8", 400, "the request's target and its Host"),
        ("POST /live/cam/index.m3u8", 405, "viewers may only read"),
        ("PUT /live/cam/ts/1/0.ts", 405, "viewers may only read"),
        ("DELETE /", 405, "viewers may only read"),
        ("BREW /", 405, "viewers may only read"),
        ("OPTIONS /live/cam/index.m3u8", 204, ""),
        ("OPTIONS *", 204, ""),
        ("POST /api/auth/v1/sessions", 404, "there is no such page\n"),
        ("GET /.well-known/jwks.json", 404, "there is no such page\n"),
        ("GET /api/auth", 404, "this name is reserved"),
    ] {
        let response = ask(&site, line, &[]).await;
        assert_eq!(response.status(), status, "{line}");
        let text = String::from_utf8(response.body().bytes().to_vec()).unwrap();
        assert!(text.starts_with(body) && text.is_empty() == body.is_empty(), "{line}: {text}");
        let headers = response.headers();
        assert_eq!(headers[ACCESS_CONTROL_ALLOW_ORIGIN], "*", "{line}");
        assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff", "{line}");
        assert!(status == 204 || headers.contains_key(CACHE_CONTROL), "{line}");
        assert!(status == 204 || headers.contains_key(CONTENT_LENGTH), "{line}");
    }
    let long = format!("GET /{}", "x".repeat(1_024));
    assert_eq!(ask(&site, &long, &[]).await.status(), 400);
}

#[tokio::test]
async fn refusals_say_what_helps() {
    let (site, _) = site();
    let response = ask(&site, "GET /live/off/index.m3u8", &[]).await;
    assert_eq!(response.headers()[CACHE_CONTROL], "public, max-age=1");
    let response = ask(&site, "GET /live/broken/index.m3u8", &[]).await;
    assert_eq!(response.headers()[RETRY_AFTER], "2");
    assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
    let response = ask(&site, "POST /", &[]).await;
    assert_eq!(response.headers()[ALLOW], "GET, HEAD, OPTIONS");
    let response = ask(&site, "OPTIONS /", &[("access-control-request-headers", "range")]).await;
    assert!(response.headers()[ACCESS_CONTROL_ALLOW_HEADERS].to_str().unwrap().contains("Range"));
    assert_eq!(response.headers()[ACCESS_CONTROL_ALLOW_METHODS], "GET, HEAD, OPTIONS");
    let browser = [("accept", "text/html,*/*;q=0.8")];
    let response = ask(&site, "GET /watch/live", &browser).await;
    assert_eq!(response.headers()[CONTENT_TYPE], "text/html; charset=utf-8");
}

#[tokio::test]
async fn head_tells_what_get_would_send() {
    let (site, _) = site();
    for path in ["/", "/watch/live/cam", "/live/cam/ts/1/0.ts", "/live/off/index.m3u8", "/x/y"] {
        let get = ask(&site, &format!("GET {path}"), &[]).await;
        let head = ask(&site, &format!("HEAD {path}"), &[]).await;
        assert_eq!((get.status(), get.headers()), (head.status(), head.headers()), "{path}");
        assert_eq!(head.headers()[CONTENT_LENGTH], get.body().bytes().len().to_string().as_str());
        assert!(head.body().bytes().is_empty());
    }
}

#[tokio::test]
async fn the_watch_page_may_be_framed_and_the_others_may_not() {
    let (site, _) = site();
    for (path, asset, framed_by) in [
        ("/", console::home_page(), "frame-ancestors 'self'"),
        ("/watch/live/cam", console::watch_page(), "frame-ancestors *"),
        ("/watch/live/never-seen", console::watch_page(), "frame-ancestors *"),
        ("/pair", console::pair_page(), "frame-ancestors 'self'"),
        ("/pair?code=BCDF-GHJK", console::pair_page(), "frame-ancestors 'self'"),
        ("/account", console::account_page(), "frame-ancestors 'self'"),
        ("/account/sign-in", console::account_page(), "frame-ancestors 'self'"),
        ("/account/setup", console::account_page(), "frame-ancestors 'self'"),
        ("/account/invitation", console::account_page(), "frame-ancestors 'self'"),
        ("/account/verify", console::account_page(), "frame-ancestors 'self'"),
        ("/account/reset", console::account_page(), "frame-ancestors 'self'"),
    ] {
        let response = ask(&site, &format!("GET {path}"), &[]).await;
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(response.body().bytes(), asset.bytes, "{path}");
        let headers = response.headers();
        let policy = headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'self';") && policy.ends_with(framed_by));
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(headers[REFERRER_POLICY], "same-origin");
        assert_eq!(headers[CACHE_CONTROL], "public, max-age=0");
        assert_eq!(headers[ACCEPT_RANGES], "bytes");
        let is_listed = !path.starts_with("/pair") && !path.starts_with("/account");
        assert_eq!(headers.get(ROBOTS).is_none(), is_listed, "{path}");
    }
}

/// Answers with the address that it was told.
#[derive(Debug)]
struct Accounts;

#[async_trait]
impl Mount for Accounts {
    async fn call(&self, request: Request<Bytes>, client: IpAddr) -> Response<Bytes> {
        Response::new(format!("{} {client} {:?}", request.uri(), request.body()).into())
    }
}

#[tokio::test]
async fn accounts_are_answered_by_their_own_role() {
    let metrics = Metrics::default();
    let trusted = Config { trusted_proxies: vec![PEER.into()], ..Config::default() };
    let (mount, meters) = (Some(Arc::new(Accounts) as _), Meters::new(&metrics));
    let site = Site::new(Arc::new(Shelf), Arc::new(Everybody::default()), mount, &trusted, meters);
    let forwarded = [("x-forwarded-for", "198.51.100.9")];
    for (line, expected) in [
        ("POST /api/auth/v1/sessions", "/api/auth/v1/sessions 198.51.100.9 b\"{}\""),
        ("OPTIONS /api/auth/v1/sessions", "/api/auth/v1/sessions 198.51.100.9 b\"{}\""),
        ("GET /.well-known/jwks.json", "/.well-known/jwks.json 198.51.100.9 b\"{}\""),
        ("HEAD /.well-known/jwks.json", ""),
    ] {
        let response = ask(&site, line, &forwarded).await;
        assert_eq!(response.status(), 200, "{line}");
        assert_eq!(response.body().bytes(), expected, "{line}");
        assert!(!response.headers().contains_key(ACCESS_CONTROL_ALLOW_ORIGIN), "{line}");
        assert_eq!(response.headers()[X_CONTENT_TYPE_OPTIONS], "nosniff", "{line}");
        assert_ne!(response.headers()[CONTENT_LENGTH], "0", "{line}");
    }
    let response = ask(&site, "GET /live/cam/ts/1/0.ts", &forwarded).await;
    assert_eq!(response.body().bytes(), "media");
    let line = "weir_edge_requests_total{kind=\"api\",status=\"2xx\"} 4";
    assert!(metrics.render().lines().any(|other| other == line));
}

#[tokio::test]
async fn requests_are_counted_by_what_they_were_for() {
    let (site, metrics) = site();
    ask(&site, "GET /live/cam/index.m3u8", &[]).await;
    ask(&site, "GET /live/cam/index.m3u8", &[("if-none-match", "\"aa\"")]).await;
    ask(&site, "GET /live/cam/ts/1/0.ts", &[]).await;
    ask(&site, "HEAD /live/cam/ts/1/0.ts", &[]).await;
    ask(&site, "GET /live/cam/ts/1/9.ts", &[]).await;
    ask(&site, "GET /live/broken/index.m3u8", &[]).await;
    ask(&site, "GET /", &[]).await;
    ask(&site, "POST /", &[]).await;
    let text = metrics.render();
    for line in [
        "weir_edge_requests_total{kind=\"playlist\",status=\"2xx\"} 1",
        "weir_edge_requests_total{kind=\"playlist\",status=\"3xx\"} 1",
        "weir_edge_requests_total{kind=\"playlist\",status=\"5xx\"} 1",
        "weir_edge_requests_total{kind=\"segment\",status=\"2xx\"} 2",
        "weir_edge_requests_total{kind=\"segment\",status=\"4xx\"} 1",
        "weir_edge_requests_total{kind=\"page\",status=\"2xx\"} 1",
        "weir_edge_requests_total{kind=\"other\",status=\"4xx\"} 1",
        "weir_edge_response_seconds_count{kind=\"segment\"} 3",
        "weir_edge_open_requests 0",
    ] {
        assert!(text.lines().any(|other| other == line), "{line} in {text}");
    }
    let refusal = "there is no live/cam/ts/1/9.ts (any more)\n".len();
    let sent = "media".len() + refusal;
    let line = format!("weir_edge_sent_bytes_total{{kind=\"segment\"}} {sent}");
    assert!(text.lines().any(|other| other == line), "{line} in {text}");
}
