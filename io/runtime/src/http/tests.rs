use std::future::pending;
use std::io;
use std::ops::Range;

use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadBuf, duplex};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use super::*;
use crate::{ConnectionLimits, Connections, drain};

const LIMITS: HttpLimits = HttpLimits {
    head_bytes_max: 16_384,
    head_time_max: Duration::from_secs(10),
    idle_time_max: Duration::from_secs(75),
    write_stall_max: Duration::from_secs(20),
    grace: Duration::from_secs(15),
};

/// Answers `/empty`, `/hello`, `/big` (256 KiB), `/late` (after 30 s), `/never` and `/panic`.
struct Pages {
    big: Bytes,
}

impl Default for Pages {
    fn default() -> Self {
        Self { big: vec![b'x'; 262_144].into() }
    }
}

impl HttpService for Pages {
    type Body = BoxBody<Bytes, BodyError>;

    async fn call(&self, request: Request<Incoming>, _peer: SocketAddr) -> Response<Self::Body> {
        let body = match request.uri().path() {
            "/empty" => Bytes::new(),
            "/hello" => Bytes::from_static(b"hello"),
            "/big" => self.big.clone(),
            "/late" => {
                sleep(Duration::from_secs(30)).await;
                Bytes::from_static(b"late")
            }
            "/panic" => panic!("as the test wants it"),
            _ => pending().await,
        };
        Response::new(Full::new(body).map_err(Into::into).boxed())
    }
}

fn request(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: weir\r\n\r\n")
}

/// A connection in memory, and what starts its drain. With paused time, waiting costs nothing.
fn connect() -> (DuplexStream, crate::DrainHandle) {
    let (ours, theirs) = duplex(1_024);
    (ours, serve(theirs, Pages::default()))
}

fn serve<I>(io: I, pages: Pages) -> crate::DrainHandle
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (handle, drain) = drain();
    let turns = Arc::new(Turns::default());
    let io = Guarded::new(io, Arc::clone(&turns), LIMITS);
    let connection = Connection { service: Arc::new(pages), limits: LIMITS, drain };
    tokio::spawn(connection.serve(io, "10.0.0.1:1".parse().unwrap(), turns));
    handle
}

/// Reads one response whose body ends in `end`.
async fn read_until(stream: &mut (impl AsyncRead + Unpin), end: &str) -> String {
    let mut text = String::new();
    while !text.ends_with(end) {
        let mut byte = [0];
        stream.read_exact(&mut byte).await.unwrap_or_else(|_| panic!("hung up after {text:?}"));
        text.push(byte[0].into());
    }
    text
}

/// How long it takes until the server hangs up, in whole seconds. An error is as good as an end.
async fn hung_up_after(stream: &mut (impl AsyncRead + Unpin)) -> u64 {
    let start = Instant::now();
    let mut rest = Vec::new();
    let end = timeout(Duration::from_secs(1_000), stream.read_to_end(&mut rest));
    drop(end.await.expect("the server hangs up"));
    start.elapsed().as_secs()
}

#[tokio::test(start_paused = true)]
async fn a_connection_answers_one_request_after_another() {
    let (mut stream, _drain) = connect();
    for _ in 0..3 {
        stream.write_all(request("/hello").as_bytes()).await.unwrap();
        let text = read_until(&mut stream, "hello").await;
        assert!(text.starts_with("HTTP/1.1 200 OK\r\n") && text.contains("\r\ndate: "), "{text}");
        sleep(Duration::from_secs(74)).await;
    }
    let both = format!("{}{}", request("/hello"), request("/hello"));
    stream.write_all(both.as_bytes()).await.unwrap();
    read_until(&mut stream, "hello").await;
    read_until(&mut stream, "hello").await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_sends_nothing_goes() {
    let (mut stream, _drain) = connect();
    assert_eq!(hung_up_after(&mut stream).await, 10);
}

#[tokio::test(start_paused = true)]
async fn a_head_that_trickles_has_an_absolute_deadline() {
    let (stream, _drain) = connect();
    let (mut reader, mut writer) = tokio::io::split(stream);
    tokio::spawn(async move {
        for byte in request("/hello").bytes() {
            sleep(Duration::from_secs(1)).await;
            drop(writer.write_all(&[byte]).await);
        }
    });
    assert_eq!(hung_up_after(&mut reader).await, 10);
}

#[tokio::test(start_paused = true)]
async fn the_second_head_has_the_same_deadline_from_its_first_byte() {
    let (mut stream, _drain) = connect();
    stream.write_all(request("/hello").as_bytes()).await.unwrap();
    read_until(&mut stream, "hello").await;
    sleep(Duration::from_secs(40)).await;
    stream.write_all(b"GET /he").await.unwrap();
    assert_eq!(hung_up_after(&mut stream).await, 10);
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_kept_for_a_while() {
    for (path, end) in [("/hello", "hello"), ("/big", "x"), ("/empty", "\r\n\r\n")] {
        let (mut stream, _drain) = connect();
        stream.write_all(request(path).as_bytes()).await.unwrap();
        read_until(&mut stream, end).await;
        assert_eq!(hung_up_after(&mut stream).await, 75, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_has_to_wait_is_waited_for() {
    let (mut stream, _drain) = connect();
    stream.write_all(request("/late").as_bytes()).await.unwrap();
    read_until(&mut stream, "late").await;
    assert_eq!(hung_up_after(&mut stream).await, 75);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_nothing_is_hung_up_on() {
    let (mut stream, _drain) = connect();
    stream.write_all(request("/big").as_bytes()).await.unwrap();
    sleep(Duration::from_secs(19)).await;
    let mut piece = [0; 512];
    stream.read_exact(&mut piece).await.unwrap();
    sleep(Duration::from_secs(19)).await;
    stream.read_exact(&mut piece).await.unwrap();
    sleep(Duration::from_secs(21)).await;
    let mut rest = Vec::new();
    drop(stream.read_to_end(&mut rest).await);
    assert!(rest.len() <= 1_024, "{} bytes came late", rest.len());
}

#[tokio::test(start_paused = true)]
async fn a_slow_line_gets_everything() {
    let (mut stream, _drain) = connect();
    stream.write_all(request("/big").as_bytes()).await.unwrap();
    let mut body_bytes = 0;
    let mut piece = [0; 1_024];
    while body_bytes < 262_144 {
        sleep(Duration::from_secs(5)).await;
        let read = stream.read(&mut piece).await.unwrap();
        assert_ne!(read, 0, "hung up after {body_bytes} bytes");
        body_bytes += piece[..read].iter().filter(|byte| **byte == b'x').count();
    }
}

#[tokio::test(start_paused = true)]
async fn a_head_that_is_too_long_is_refused_and_so_is_garbage() {
    let long = format!("GET / HTTP/1.1\r\nx: {}", "y".repeat(20_000));
    for (bytes, expected) in [
        (long.as_str(), "HTTP/1.1 431"),
        ("\0\x01\x02\r\n\r\n", "HTTP/1.1 400"),
        ("GET /a\0b HTTP/1.1\r\n\r\n", "HTTP/1.1 400"),
        ("GET / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n", "HTTP/1.1 400"),
    ] {
        let (stream, _drain) = connect();
        let (mut reader, mut writer) = tokio::io::split(stream);
        let bytes = bytes.to_owned();
        tokio::spawn(async move { drop(writer.write_all(bytes.as_bytes()).await) });
        let mut answer = Vec::new();
        drop(reader.read_to_end(&mut answer).await);
        let text = String::from_utf8(answer).unwrap();
        assert!(text.starts_with(expected), "{text:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_drain_ends_idle_connections_and_finishes_open_answers() {
    let (mut idle, drain) = connect();
    idle.write_all(request("/hello").as_bytes()).await.unwrap();
    read_until(&mut idle, "hello").await;
    drain.start();
    assert_eq!(hung_up_after(&mut idle).await, 0);

    let (mut open, drain) = connect();
    open.write_all(request("/late").as_bytes()).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    drain.start();
    let text = read_until(&mut open, "late").await;
    assert!(text.contains("connection: close"), "{text}");
    assert_eq!(hung_up_after(&mut open).await, 0);
}

/// A socket that takes everything and remembers how much of it lay in one buffer.
#[derive(Clone)]
struct Witness {
    asked: bool,
    request: Vec<u8>,
    buffer: Range<usize>,
    uncopied: Arc<std::sync::atomic::AtomicUsize>,
}

impl AsyncRead for Witness {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if std::mem::replace(&mut self.asked, true) {
            return Poll::Pending;
        }
        into.put_slice(&self.request);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Witness {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[io::IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        _context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        for slice in slices {
            if self.buffer.contains(&(slice.as_ptr() as usize)) {
                self.uncopied.fetch_add(slice.len(), std::sync::atomic::Ordering::Relaxed);
            }
        }
        Poll::Ready(Ok(slices.iter().map(|slice| slice.len()).sum()))
    }

    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_goes_to_the_socket_uncopied() {
    let pages = Pages::default();
    let at = pages.big.as_ptr() as usize;
    let uncopied = Arc::default();
    let witness = Witness {
        asked: false,
        request: request("/big").into_bytes(),
        buffer: at..at + pages.big.len(),
        uncopied: Arc::clone(&uncopied),
    };
    let _drain = serve(witness, pages);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(uncopied.load(std::sync::atomic::Ordering::Relaxed), 262_144);
}

/// A server on a real port, the way roles run it.
fn listen(
    limits: HttpLimits,
    tls: Option<TlsAcceptor>,
) -> (SocketAddr, crate::DrainHandle, tokio::task::JoinHandle<()>) {
    let connections = Connections::new(ConnectionLimits::default());
    let address = "127.0.0.1:0".parse().unwrap();
    let acceptor = Acceptor::bind("test", address, connections).unwrap();
    let address = acceptor.local_addr();
    let (handle, drain) = drain();
    let server = serve_http(acceptor, tls, Arc::new(Pages::default()), limits, drain);
    (address, handle, tokio::spawn(server))
}

#[tokio::test]
async fn a_panic_ends_one_connection_only() {
    let (address, drain, server) = listen(LIMITS, None);
    let mut other = TcpStream::connect(address).await.unwrap();
    let mut bad = TcpStream::connect(address).await.unwrap();
    bad.write_all(request("/panic").as_bytes()).await.unwrap();
    assert!(hung_up_after(&mut bad).await < 5);
    other.write_all(request("/hello").as_bytes()).await.unwrap();
    read_until(&mut other, "hello").await;
    drain.start();
    server.await.unwrap();
    TcpStream::connect(address).await.unwrap_err();
}

#[tokio::test]
async fn an_answer_that_never_comes_holds_a_drain_for_the_grace_only() {
    let grace = Duration::from_millis(100);
    let (address, drain, server) = listen(HttpLimits { grace, ..LIMITS }, None);
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The answer to the first request shows that the server knows the connection.
    stream.write_all(request("/hello").as_bytes()).await.unwrap();
    read_until(&mut stream, "hello").await;
    stream.write_all(request("/never").as_bytes()).await.unwrap();
    sleep(Duration::from_millis(50)).await;
    let start = Instant::now();
    drain.start();
    server.await.unwrap();
    assert!(start.elapsed() >= grace, "{:?}", start.elapsed());
    assert!(hung_up_after(&mut stream).await < 5);
}

#[tokio::test]
async fn a_port_with_a_certificate_speaks_tls_and_waits_for_no_handshake() {
    let head_time_max = Duration::from_millis(300);
    let (tls, connector) = crate::tls::tests::pair();
    let (address, _drain, _server) = listen(HttpLimits { head_time_max, ..LIMITS }, Some(tls));
    let mut silent = TcpStream::connect(address).await.unwrap();
    let socket = TcpStream::connect(address).await.unwrap();
    let mut stream = connector.connect("localhost".try_into().unwrap(), socket).await.unwrap();
    stream.write_all(request("/hello").as_bytes()).await.unwrap();
    read_until(&mut stream, "hello").await;
    assert!(hung_up_after(&mut silent).await < 5);
    stream.write_all(request("/hello").as_bytes()).await.unwrap();
    read_until(&mut stream, "hello").await;
}
