use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use authz::Everybody;
use bytes::Bytes;
use http::{Request, Response};
use origin::{CacheControl, Document, OriginError};
use runtime::{DrainHandle, drain};
use timeline::Resource;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::*;

/// Gives a megabyte for every playlist, and for a segment only when it is told to.
#[derive(Debug)]
struct Gate {
    asked: Semaphore,
    open: Semaphore,
}

#[async_trait]
impl Origin for Gate {
    async fn fetch(&self, resource: &Resource) -> Result<Document, OriginError> {
        if matches!(resource, Resource::Object(_)) {
            self.asked.add_permits(1);
            self.open.acquire().await.unwrap().forget();
        }
        Ok(Document {
            body: Bytes::from(vec![b'x'; 1_048_576]).into(),
            gzip: None,
            content_type: "video/mp2t",
            cache_control: CacheControl::Immutable,
            etag: "aa".into(),
        })
    }
}

/// Answers with what it was sent.
#[derive(Debug)]
struct Accounts;

#[async_trait]
impl Mount for Accounts {
    async fn call(&self, request: Request<Bytes>, client: IpAddr) -> Response<Bytes> {
        assert!(client.is_loopback());
        Response::new(request.into_body())
    }
}

struct Running {
    address: SocketAddr,
    gate: Arc<Gate>,
    drain: DrainHandle,
    edge: JoinHandle<()>,
}

/// An edge on a free port of this machine.
fn start(http: HttpLimits) -> Running {
    let gate = Arc::new(Gate { asked: Semaphore::new(0), open: Semaphore::new(0) });
    let origin: Arc<dyn Origin> = Arc::<Gate>::clone(&gate);
    let listen = "127.0.0.1:0".parse().unwrap();
    let config = Config { listen, http, ..Config::default() };
    let (everybody, mount) = (Arc::new(Everybody::default()), Some(Arc::new(Accounts) as _));
    let edge = Edge::bind(config, origin, everybody, mount, &Metrics::default(), None).unwrap();
    let address = edge.local_addr();
    let (handle, drain) = drain();
    Running { address, gate, drain: handle, edge: tokio::spawn(edge.run(drain)) }
}

/// Sends a request and reads the answer: its head, and the length of its body.
async fn ask(socket: &mut TcpStream, request: &str) -> (String, usize) {
    socket.write_all(format!("{request}\r\nhost: weir\r\n\r\n").as_bytes()).await.unwrap();
    answer(socket, request.starts_with("HEAD")).await
}

async fn answer(socket: &mut TcpStream, is_head: bool) -> (String, usize) {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        head.push(socket.read_u8().await.unwrap().into());
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length = if is_head { 0 } else { length.unwrap_or("0").parse().unwrap() };
    let mut body = vec![0; length];
    socket.read_exact(&mut body).await.unwrap();
    (head, length)
}

#[tokio::test]
async fn a_viewer_keeps_one_connection_for_everything() {
    let running = start(HttpLimits::default());
    let mut socket = TcpStream::connect(running.address).await.unwrap();
    for (request, status, length) in [
        ("GET /live/cam/index.m3u8 HTTP/1.1", "200", 1_048_576),
        ("HEAD /live/cam/index.m3u8 HTTP/1.1", "200", 0),
        ("GET /live/cam/index.m3u8 HTTP/1.1\r\nif-none-match: \"aa\"", "304", 0),
        ("GET /live/cam/index.m3u8 HTTP/1.1\r\nrange: bytes=5-9", "206", 5),
        ("OPTIONS /live/cam/index.m3u8 HTTP/1.1", "204", 0),
        ("GET /live/../x HTTP/1.1", "404", 50),
        ("POST /live/cam/index.m3u8 HTTP/1.1\r\ncontent-length: 0", "405", 36),
    ] {
        let (head, got) = ask(&mut socket, request).await;
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{request}: {head}");
        assert!(head.contains("\r\ndate: "), "{request}: {head}");
        assert!(got == length || status.starts_with('4'), "{request}: {got} bytes");
    }
    let (head, _) = ask(&mut socket, "HEAD /live/cam/index.m3u8 HTTP/1.1").await;
    assert!(head.contains("\r\ncontent-length: 1048576\r\n"), "{head}");
}

#[tokio::test]
async fn a_request_about_accounts_brings_a_body_and_no_more_than_it_may() {
    let running = start(HttpLimits::default());
    let mut socket = TcpStream::connect(running.address).await.unwrap();
    let post = |head: &str| format!("POST /api/auth/v1/x HTTP/1.1\r\nhost: weir\r\n{head}");
    for body in ["", "{\"a\":1}"] {
        let request = post(&format!("content-length: {}\r\n\r\n{body}", body.len()));
        socket.write_all(request.as_bytes()).await.unwrap();
        let (head, length) = answer(&mut socket, false).await;
        assert!(head.starts_with("HTTP/1.1 200 ") && length == body.len(), "{head}");
        assert!(head.contains("\r\ncache-control: no-store\r\n"), "{head}");
    }
    // It is not even read: whoever sends it is hung up on.
    socket.write_all(post("content-length: 65537\r\n\r\n").as_bytes()).await.unwrap();
    let mut rest = String::new();
    socket.read_to_string(&mut rest).await.unwrap();
    assert!(rest.starts_with("HTTP/1.1 413 "), "{rest}");
}

#[tokio::test]
async fn garbage_behind_a_request_ends_the_connection_after_its_answer() {
    let running = start(HttpLimits::default());
    let mut socket = TcpStream::connect(running.address).await.unwrap();
    let request = "HEAD /live/cam/index.m3u8 HTTP/1.1\r\nhost: weir\r\n\r\n\0\0GET x y z\r\n\r\n";
    socket.write_all(request.as_bytes()).await.unwrap();
    let (head, _) = answer(&mut socket, true).await;
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    let mut rest = String::new();
    socket.read_to_string(&mut rest).await.unwrap();
    assert!(rest.starts_with("HTTP/1.1 400 "), "{rest}");
}

#[tokio::test]
async fn a_head_that_does_not_end_is_hung_up_on() {
    let head_time_max = Duration::from_millis(100);
    let running = start(HttpLimits { head_time_max, ..HttpLimits::default() });
    let mut socket = TcpStream::connect(running.address).await.unwrap();
    socket.write_all(b"GET /live/cam/index.m3u8 HTTP/1.1\r\nx-slow: ").await.unwrap();
    let mut rest = Vec::new();
    let hung_up = tokio::time::timeout(Duration::from_secs(5), socket.read_to_end(&mut rest));
    drop(hung_up.await.expect("the edge hangs up"));
    assert!(rest.is_empty());
}

#[tokio::test]
async fn a_drain_finishes_the_answers_that_are_open() {
    let Running { address, gate, drain, edge } = start(HttpLimits::default());
    let mut idle = TcpStream::connect(address).await.unwrap();
    ask(&mut idle, "HEAD /live/cam/index.m3u8 HTTP/1.1").await;
    let mut open = TcpStream::connect(address).await.unwrap();
    let request = b"GET /live/cam/ts/1/0.ts HTTP/1.1\r\nhost: weir\r\n\r\n";
    open.write_all(request).await.unwrap();
    gate.asked.acquire().await.unwrap().forget();

    drain.start();
    assert_eq!(idle.read(&mut [0]).await.unwrap(), 0, "an idle connection ends at once");
    assert!(!edge.is_finished());
    gate.open.add_permits(1);
    let (head, length) = answer(&mut open, false).await;
    assert!(head.starts_with("HTTP/1.1 200 ") && length == 1_048_576, "{head}");
    edge.await.unwrap();
    TcpStream::connect(address).await.expect_err("nobody listens any more");
}
