use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::header::CONTENT_TYPE;
use http_body_util::Full;
use hyper::body::Frame;
use tokio::time::Instant;

use super::*;

/// Says what it was given.
#[derive(Debug)]
struct Echo;

#[async_trait]
impl Mount for Echo {
    async fn call(&self, request: Request<Bytes>, client: IpAddr) -> Response<Bytes> {
        if request.uri().path() == "/api/auth/v1/stuck" {
            std::future::pending::<()>().await;
        }
        let (head, body) = request.into_parts();
        let kind = head.headers.get(CONTENT_TYPE).map_or("", |value| value.to_str().unwrap());
        let body = String::from_utf8(body.to_vec()).unwrap();
        let text = format!("{} {} {kind} {client} {body}", head.method, head.uri);
        Response::new(text.into())
    }
}

/// A body of pieces that does not say its size, and may never end.
struct Pieces {
    left: VecDeque<io::Result<Bytes>>,
    ends: bool,
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match self.left.pop_front() {
            Some(piece) => Poll::Ready(Some(piece.map(Frame::data))),
            None if self.ends => Poll::Ready(None),
            None => Poll::Pending,
        }
    }
}

async fn post<B>(path: &str, body: B) -> Response<Sent>
where
    B: Body<Data = Bytes, Error: Into<BodyError>> + Send,
{
    let request = Request::post(path).header(CONTENT_TYPE, "application/json");
    let (head, ()) = request.body(()).unwrap().into_parts();
    respond(&Echo, &head, body, [192, 0, 2, 1].into()).await
}

fn text(response: &Response<Sent>) -> String {
    String::from_utf8(response.body().bytes().to_vec()).unwrap()
}

#[test]
fn only_the_accounts_paths_are_mounted() {
    for path in ["/api/auth/v1/sessions", "/api/auth/", "/.well-known/jwks.json"] {
        assert!(is_mounted(path), "{path}");
    }
    for path in [
        "/api/auth",
        "/api/authority",
        "/api/v1",
        "/.well-known/jwks.json/x",
        "/.well-known/",
        "/t/x/api/auth/v1/sessions",
        "//api/auth/",
    ] {
        assert!(!is_mounted(path), "{path}");
    }
}

#[tokio::test]
async fn a_request_is_handed_over_whole() {
    let response = post("/api/auth/v1/sessions?x=1", Full::from("{\"a\":1}")).await;
    let expected = "POST /api/auth/v1/sessions?x=1 application/json 192.0.2.1 {\"a\":1}";
    assert_eq!(text(&response), expected);
    assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
    assert_eq!(response.headers()[CONTENT_LENGTH], expected.len().to_string().as_str());
}

#[tokio::test]
async fn a_body_has_a_largest_size_whether_it_says_its_size_or_not() {
    let whole = |bytes| Full::from(Bytes::from(vec![b'x'; bytes]));
    assert_eq!(post("/api/auth/", whole(65_536)).await.status(), 200);
    let pieces = |count| {
        let left = (0..count).map(|_| Ok(Bytes::from(vec![b'x'; 1_024]))).collect();
        Pieces { left, ends: true }
    };
    assert_eq!(post("/api/auth/", pieces(64)).await.status(), 200);
    for response in [post("/api/auth/", whole(65_537)).await, post("/api/auth/", pieces(65)).await]
    {
        assert_eq!(response.status(), 413);
        assert_eq!(response.headers()[CONNECTION], "close");
        assert_eq!(text(&response), "a request has 65536 bytes at most\n");
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_end_is_hung_up_on() {
    let begun = Instant::now();
    let response = post("/api/auth/", Pieces { left: [Ok("x".into())].into(), ends: false }).await;
    assert_eq!((response.status().as_u16(), begun.elapsed()), (408, BODY_TIME_MAX));
    assert_eq!(response.headers()[CONNECTION], "close");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_come_is_given_up() {
    let begun = Instant::now();
    let response = post("/api/auth/v1/stuck", Full::from("")).await;
    assert_eq!((response.status().as_u16(), begun.elapsed()), (503, CALL_TIME_MAX));
}

#[tokio::test]
async fn a_body_that_breaks_off_is_refused() {
    let left = [Ok("x".into()), Err(io::Error::other("gone"))].into();
    let response = post("/api/auth/", Pieces { left, ends: true }).await;
    assert_eq!(response.status(), 400);
    assert_eq!(text(&response), "the request broke off\n");
}
