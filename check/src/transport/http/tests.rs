mod tls;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use http::{StatusCode, Version};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

/// A server that answers as it is told, and remembers what it was asked.
#[derive(Clone)]
struct Server {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    connections: Arc<Mutex<usize>>,
}

/// Raw answers, by the request's target. Without an answer the server waits for ever; one that is
/// empty or says so ends the connection.
type Answer = fn(&str) -> Option<String>;

impl Server {
    async fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            asked: Arc::default(),
            connections: Arc::default(),
        };
        let running = server.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                *running.connections.lock().unwrap() += 1;
                tokio::spawn(running.clone().talk(socket, answer));
            }
        });
        server
    }

    async fn talk(self, mut socket: tokio::net::TcpStream, answer: Answer) {
        loop {
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                let Ok(byte) = socket.read_u8().await else { return };
                head.push(byte.into());
            }
            let target = head.split(' ').nth(1).unwrap().to_owned();
            self.asked.lock().unwrap().push(head);
            let Some(bytes) = answer(&target) else { std::future::pending().await };
            socket.write_all(bytes.as_bytes()).await.unwrap();
            if bytes.is_empty() || bytes.contains("onnection: close") {
                return;
            }
        }
    }

    fn url(&self, path: &str) -> Url {
        Url::parse(&format!("http://{}{path}", self.address)).unwrap()
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn request(url: Url) -> Request {
    let (method, headers) = (Method::GET, HeaderMap::new());
    Request { method, url, headers, within: Duration::from_secs(5) }
}

fn http() -> Http {
    Http::new(HttpSetup::default()).unwrap()
}

async fn fetch(answer: Answer) -> Result<Reply, TransportError> {
    let server = Server::start(answer).await;
    http().send(&request(server.url("/a"))).await
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

#[track_caller]
fn check_body(result: Result<Reply, TransportError>, expected: &[u8]) -> Reply {
    let reply = result.unwrap();
    assert_eq!((reply.status, &reply.body[..]), (StatusCode::OK, expected));
    assert!(reply.first_byte <= reply.took);
    reply
}

#[tokio::test]
async fn bodies_come_as_they_are_sent() {
    check_body(fetch(|_| Some(ok("hello"))).await, b"hello");
    let chunked = |_: &str| {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        Some(format!("{head}3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"))
    };
    check_body(fetch(chunked).await, b"hello");
    let packed = |_: &str| {
        let head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n";
        Some(format!("{head}\u{1f}abc"))
    };
    check_body(fetch(packed).await, b"\x1fabc");
    let until_the_end = |_: &str| Some("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhi".into());
    check_body(fetch(until_the_end).await, b"hi");
    let empty = fetch(|_| Some("HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n".into())).await;
    assert_eq!(empty.unwrap().status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_connection_is_used_again_and_it_is_known() {
    let server = Server::start(|_| Some(ok("x"))).await;
    let http = http();
    for is_reused in [false, true, true] {
        let reply = http.send(&request(server.url("/a?b=1"))).await.unwrap();
        assert_eq!(reply.is_reused, Some(is_reused));
        assert_eq!(reply.url, server.url("/a?b=1"));
        // The connection goes back to its place in the background.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let asked = server.asked();
    assert!(asked[0].starts_with("GET /a?b=1 HTTP/1.1\r\n"), "{}", asked[0]);
    assert!(asked[0].contains(&format!("\r\nuser-agent: {AGENT}\r\n")), "{}", asked[0]);
    assert!(!asked[0].contains("accept-encoding"), "{}", asked[0]);
}

#[tokio::test]
async fn a_connection_that_ended_while_it_was_idle_is_nobodys_fault() {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let second_hangs_up = |_: &str| {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        Some(if count == 1 { String::new() } else { ok("x") })
    };
    let server = Server::start(second_hangs_up).await;
    let http = http();
    for _ in 0..2 {
        let reply = http.send(&request(server.url("/a"))).await.unwrap();
        assert_eq!((reply.is_reused, &reply.body[..]), (Some(false), &b"x"[..]));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!((server.asked().len(), *server.connections.lock().unwrap()), (3, 2));

    // On a new connection it is the server's.
    let server = Server::start(|_| Some(String::new())).await;
    let error = http.send(&request(server.url("/a"))).await.unwrap_err();
    let ended = TransportError::Broken("the connection ended before the answer did".into());
    assert_eq!((error, server.asked().len()), (ended, 1));
}

#[tokio::test]
async fn what_is_asked_is_what_is_sent() {
    let server = Server::start(|_| Some(ok("x"))).await;
    let secret = [("X-Key".to_owned(), "sesame".to_owned())];
    let home = [server.url("/")];
    let setup = HttpSetup { headers: &secret, home: &home, roots: None };
    let http = Http::new(setup.clone()).unwrap();
    assert!(!format!("{http:?} {setup:?}").contains("sesame"));
    let mut url = server.url("/a/b?c#d");
    url.set_username("me").unwrap();
    let mut asked = request(url);
    asked.headers.insert(http::header::RANGE, HeaderValue::from_static("bytes=0-1"));
    http.send_untidied(&asked, "/x/../../y?z").await.unwrap();
    let head = server.asked().remove(0);
    assert!(head.starts_with("GET /x/../../y?z HTTP/1.1\r\n"), "{head}");
    for line in ["x-key: sesame", "range: bytes=0-1", "authorization: Basic bWU6"] {
        assert!(head.contains(&format!("\r\n{line}\r\n")), "{head}");
    }
}

#[tokio::test]
async fn a_redirect_is_followed_and_secrets_stay_at_home() {
    let away = Server::start(|_| Some(ok("there"))).await;
    let home = Server::start(|target| {
        let to = match target.split_once("?to=") {
            Some((_, to)) => to.to_owned(),
            None if target == "/loop" => "/loop".into(),
            None if target == "/file" => "file:///etc/passwd".into(),
            None => return Some(ok("here")),
        };
        Some(format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 2\r\n\r\nno"))
    })
    .await;
    let headers = [("X-Key".to_owned(), "sesame".to_owned())];
    let at = [home.url("/")];
    let http = Http::new(HttpSetup { headers: &headers, home: &at, roots: None }).unwrap();

    let reply = http.send(&request(home.url("/a/b?to=../c"))).await.unwrap();
    assert_eq!((reply.url, &reply.body[..]), (home.url("/c"), &b"here"[..]));
    let mut asked = request(home.url(&format!("/?to={}", away.url("/t/secret/x"))));
    asked.url.set_password(Some("hush")).unwrap();
    let reply = http.send(&asked).await.unwrap();
    assert_eq!((reply.url, &reply.body[..]), (away.url("/t/secret/x"), &b"there"[..]));
    assert!(!away.asked()[0].contains("sesame"), "{:?}", away.asked());
    assert!(!away.asked()[0].contains("authorization"), "{:?}", away.asked());
    assert!(home.asked().iter().all(|head| head.contains("sesame")), "{:?}", home.asked());

    let endless = http.send(&request(home.url("/loop?secret"))).await.is_ok();
    assert!(endless, "a query is another target");
    let error = http.send(&request(home.url("/loop"))).await.unwrap_err();
    assert_eq!(error, TransportError::Broken("it redirects more than 8 times".into()));
    let error = http.send(&request(home.url("/file"))).await.unwrap_err();
    assert_eq!(error, TransportError::Url("file is not HTTP".into()));
    let mut post = request(home.url("/?to=/x"));
    post.method = Method::POST;
    assert_eq!(http.send(&post).await.unwrap().status, StatusCode::FOUND, "what changes stays");
}

#[tokio::test(start_paused = true)]
async fn patience_ends() {
    let limit = Duration::from_secs(5);
    assert_eq!(fetch(|_| None).await.unwrap_err(), TransportError::TimedOut(limit));
    let half = |_: &str| Some("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf".to_owned());
    assert_eq!(fetch(half).await.unwrap_err(), TransportError::TimedOut(limit));
}

#[tokio::test]
async fn what_breaks_off_is_said_in_words_without_secrets() {
    let early = |_: &str| {
        Some("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 9\r\n\r\nx".to_owned())
    };
    let ended = TransportError::Broken("the connection ended before the answer did".into());
    assert_eq!(fetch(early).await.unwrap_err(), ended);
    let odd = |_: &str| Some("SSH-2.0-X\r\n\r\n".to_owned());
    assert_eq!(fetch(odd).await.unwrap_err(), TransportError::Broken("it is not HTTP".into()));

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let url = Url::parse(&format!("http://me:hush@127.0.0.1:{port}/t/hush?token=hush")).unwrap();
    let error = http().send(&request(url)).await.unwrap_err();
    let refused = format!("127.0.0.1 port {port}: connection refused");
    assert_eq!(error, TransportError::Connect(refused));
}

#[tokio::test]
async fn an_answer_has_a_limit() {
    let server = Server::start(|target| {
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";
        Some(match target {
            "/told" => ok("hello"),
            // It goes on for ever.
            _ => chunked.to_owned(),
        })
    })
    .await;
    let too_long = |limit| TransportError::TooLong { limit };
    let mut http = http();
    http.reply_bytes_max = 4;
    for path in ["/told", "/chunked"] {
        let error = http.send(&request(server.url(path))).await.unwrap_err();
        assert_eq!(error, too_long(4), "{path}");
    }
    http.reply_bytes_max = 5;
    check_body(http.send(&request(server.url("/told"))).await, b"hello");
}

#[track_caller]
fn check_setup(name: &str, value: &str, expected: Option<&str>) {
    let headers = [(name.to_owned(), value.to_owned())];
    let result = Http::new(HttpSetup { headers: &headers, ..HttpSetup::default() });
    assert_eq!(result.err().map(|error| error.to_string()).as_deref(), expected, "{name}");
}

#[tokio::test]
async fn a_header_that_cannot_be_sent_is_refused_without_its_value() {
    let unfit = |name| format!("`{name}` is no header that can be sent, or its value is none");
    check_setup("Authorization", "Bearer x", None);
    check_setup("no name", "hush", Some(&unfit("no name")));
    check_setup("X", "hush\r\nY: z", Some(&unfit("X")));
    let reserved = "the header `Connection` says how a message is sent, and cannot be chosen";
    check_setup("Connection", "close", Some(reserved));
}
