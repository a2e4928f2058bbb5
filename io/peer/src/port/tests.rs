use http_body_util::BodyExt;
use runtime::drain;
use store::{LiveMemory, MemoryStore};
use timeline::{Container, OpenRendition, OpenSegment, RenditionId};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

fn memory(secret: Option<&str>) -> Memory {
    let objects = LiveFirst {
        memory: Arc::new(LiveMemory::new(1_000)),
        spool: None,
        store: Arc::new(MemoryStore::default()),
        elsewhere: None,
    };
    let secret = secret.map(|text| ClusterSecret::new(&runtime::Secret::new(text)).unwrap());
    Memory { hub: Hub::default(), objects: Arc::new(objects), secret }
}

fn key(path: &str) -> MediaKey {
    let Ok(ObjectKey::Media(key)) = ObjectKey::parse(path) else { panic!("{path}") };
    key
}

fn open() -> OpenSegment {
    OpenSegment {
        epoch: 1,
        sequence: 7,
        start: 0,
        calendar_ms: 0,
        discontinuity: false,
        part_target_ms: 333,
        seems_whole: false,
        parts: Vec::new(),
        renditions: vec![OpenRendition {
            rendition: RenditionId::parse("fmp4").unwrap(),
            container: Container::Fmp4,
            init: Some(0),
            is_sound: false,
            part_bytes: Vec::new(),
        }],
    }
}

/// A port whose memory has segment 6 and its initialisation, and part 0 of segment 7.
async fn port(secret: Option<&str>) -> (SocketAddr, runtime::DrainHandle) {
    let address = "127.0.0.1:0".parse().unwrap();
    let acceptor = Acceptor::bind("test", address, Connections::new(CONNECTIONS)).unwrap();
    let memory = memory(secret);
    let stream = StreamName::parse("live/cam").unwrap();
    memory.hub.announce(&stream, open());
    memory.hub.complete(&key("live/cam/fmp4/1/7.0.m4s"), Bytes::from_static(b"part"));
    for (path, bytes) in [("6.m4s", "segment"), ("init-0.mp4", "init")] {
        let key = key(&format!("live/cam/fmp4/1/{path}")).into();
        memory.objects.memory.insert(key, Bytes::from_static(bytes.as_bytes()));
    }
    let (stop, drain) = drain();
    let port = Port { acceptor, memory };
    let address = port.local_addr();
    tokio::spawn(port.run(drain));
    (address, stop)
}

/// The whole answer to a request, with `connection: close`.
async fn ask(address: SocketAddr, request: &str, more: &str) -> String {
    let mut socket = TcpStream::connect(address).await.unwrap();
    let head = format!("{request} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{more}\r\n");
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    answer.to_lowercase()
}

async fn check(request: &str, status: &str, expected: &str) {
    let (address, _stop) = port(None).await;
    let answer = ask(address, request, "").await;
    assert!(answer.starts_with(&format!("http/1.1 {status}")), "{request}: {answer}");
    assert!(answer.contains(expected), "{request}: {answer}");
    assert!(answer.contains("\r\ncache-control: no-store\r\n"), "{request}: {answer}");
}

#[tokio::test]
async fn what_is_made_here_is_answered() {
    check("GET /v1/objects/live/cam/fmp4/1/6.m4s", "200", "content-length: 7\r\n").await;
    check("GET /v1/objects/live/cam/fmp4/1/6.m4s", "200", "\r\n\r\nsegment").await;
    check("GET /v1/objects/live/cam/fmp4/1/init-0.mp4", "200", "content-type: video/mp4").await;
    check("GET /v1/objects/live/cam/fmp4/1/7.0.m4s", "200", "\r\n\r\n4\r\npart\r\n0\r\n\r\n").await;
}

#[tokio::test]
async fn what_is_not_here_is_told_in_a_sentence() {
    let check = |request, expected| check(request, "404", expected);
    check(
        "GET /v1/objects/live/cam/fmp4/1/5.m4s",
        "\r\n\r\nthere is no object live/cam/fmp4/1/5.m4s\n",
    )
    .await;
    check(
        "GET /v1/objects/live/cam/fmp4/1/7.3.m4s",
        "\r\n\r\nthere is no part live/cam/fmp4/1/7.3.m4s (any more)\n",
    )
    .await;
    check("GET /v1/objects/live/cam/fmp4/page-0.m3u8", "is in the object store and nowhere else")
        .await;
    check("GET /v1/objects/live/../../etc/passwd", "\r\n\r\nno object: ").await;
    check("GET /v1/objects/", "\r\n\r\nno object: ").await;
    check("GET /v1/open/live", "\r\n\r\nno stream: ").await;
    check("GET /v1/open/live/cam/x", "\r\n\r\nno stream: ").await;
    check("GET /", "there are /v1/open/ and /v1/objects/").await;
}

#[tokio::test]
async fn other_methods_are_not_answered() {
    check("PUT /v1/objects/live/cam/fmp4/1/6.m4s", "405", "allow: get\r\n").await;
    check("HEAD /v1/objects/live/cam/fmp4/1/6.m4s", "405", "allow: get\r\n").await;
}

#[tokio::test]
async fn without_the_secret_nothing_is_told() {
    let (address, _stop) = port(Some("correct-horse-battery")).await;
    for path in ["/", "/v1/open/live/cam", "/v1/objects/live/cam/fmp4/1/6.m4s"] {
        for shown in ["", "authorization: Bearer correct-horse-batteri\r\n"] {
            let answer = ask(address, &format!("GET {path}"), shown).await;
            assert!(answer.starts_with("http/1.1 401"), "{answer}");
            assert!(answer.contains("\r\nwww-authenticate: bearer\r\n"), "{answer}");
            assert!(answer.ends_with("\r\n\r\nthis port wants the secret of its cluster\n"));
        }
    }
    let shown = "authorization: Bearer correct-horse-battery\r\n";
    let answer = ask(address, "GET /v1/objects/live/cam/fmp4/1/6.m4s", shown).await;
    assert!(answer.ends_with("\r\n\r\nsegment"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_part_that_does_not_begin_is_not_held_for_ever() {
    let (_stop, drain) = drain();
    let service = Service { memory: memory(None), drain };
    service.memory.hub.announce(&StreamName::parse("live/cam").unwrap(), open());
    let begun = tokio::time::Instant::now();
    let response = service.part(&key("live/cam/fmp4/1/7.0.m4s")).await;
    assert_eq!((response.status(), begun.elapsed()), (StatusCode::SERVICE_UNAVAILABLE, HOLD_MAX));
    let text = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(text, "live/cam/fmp4/1/7.0.m4s does not begin for now\n");
}

#[tokio::test(start_paused = true)]
async fn a_slow_peer_is_told_the_newest_state_and_a_quiet_one_that_all_is_well() {
    let hub = Hub::default();
    let stream = StreamName::parse("live/cam").unwrap();
    let watch = hub.follow(&stream, None).await.unwrap();
    let (lines, mut sent) = mpsc::channel(1);
    let (_stop, drain) = drain();
    let task = tokio::spawn(tell(watch, lines, drain));
    let begun = tokio::time::Instant::now();
    assert_eq!(sent.recv().await.unwrap(), "null\n");
    assert_eq!(sent.recv().await.unwrap(), "\n");
    assert_eq!(begun.elapsed(), KEEP_ALIVE);
    for sequence in 0..100 {
        hub.announce(&stream, OpenSegment { sequence, ..open() });
        tokio::task::yield_now().await;
    }
    let mut last = Bytes::new();
    let mut count = 0;
    while last != "\n" {
        let line = sent.recv().await.unwrap();
        let newest: Option<OpenSegment> = serde_json::from_slice(&line).unwrap_or_default();
        count += 1;
        if line == "\n" {
            assert!(last.starts_with(b"{\"epoch\":1,\"sequence\":99,"), "{last:?}");
        } else {
            assert!(newest.is_some());
        }
        last = line;
    }
    assert!(count <= 4, "{count} lines wait for a slow peer");
    drop(sent);
    timeout(KEEP_ALIVE * 2, task).await.expect("it ends with its peer").unwrap();
}
