//! What a node shows to the other nodes of its cluster.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use testkit::encoder::{Encoder, Source};
use testkit::{Http, Server, Watched};

const SOON: Duration = Duration::from_secs(20);
const SECRET: &str = "correct-horse-battery-staple";

#[test]
fn other_nodes_read_with_the_secret_of_their_cluster() {
    let secret = format!("cluster.secret={SECRET}");
    let listen = "ingest.listen_peers=127.0.0.1:0";
    let arguments = ["--set", listen, "--set", &secret, "--set", "log.filter=trace"];
    let mut server = Server::open(env!("CARGO_BIN_EXE_weir"), &arguments).unwrap();
    let port = server.ports().peers.unwrap();
    let (nodes, viewers) = (Http::new(port), server.http());
    let viewer = server.watch("cam");
    let encoder = Encoder::start(&Source::usual(), &server.push_url("cam")).unwrap();
    viewer.wait_for_segments(2, SOON).unwrap();
    let Watched { segments, .. } = viewer.stop().unwrap();
    let segment = &segments[&0].path;

    // The same bytes that viewers get.
    let path = format!("/v1/objects{segment}");
    let bearer = format!("Bearer {SECRET}");
    let read = nodes.request("GET", &path, &[("authorization", &bearer)]).unwrap();
    assert_eq!((read.status, read.header("cache-control")), (200, "no-store"));
    assert_eq!(read.body, viewers.get(segment).unwrap().body);
    for wrong in ["Bearer", "Bearer correct-horse-battery-stapla", SECRET] {
        let refused = nodes.request("GET", &path, &[("authorization", wrong)]).unwrap();
        assert_eq!(refused.status, 401, "{wrong}");
        assert_eq!(refused.text(), "this port wants the secret of its cluster\n");
    }
    assert_eq!(nodes.get("/v1/open/live/cam").unwrap().status, 401);

    // A follower of a stream that is not made in parts sees that there is none, and does not keep
    // the node from stopping.
    let mut follower = TcpStream::connect(port).unwrap();
    let head = "GET /v1/open/live/other HTTP/1.1\r\nhost: a\r\nauthorization: ";
    write!(follower, "{head}{bearer}\r\n\r\n").unwrap();
    follower.set_read_timeout(Some(SOON)).unwrap();
    let mut told = String::new();
    while !told.contains("null\n") {
        let mut piece = [0; 1_024];
        let length = follower.read(&mut piece).unwrap();
        assert!(length > 0, "it hangs up after {told}");
        told.push_str(std::str::from_utf8(&piece[..length]).unwrap());
    }

    // Whoever folds the journal knows where to ask.
    let journal = ["journal.db", "journal.db-wal"].map(|name| server.data().join(name));
    let written = journal.map(|file| fs::read(file).unwrap_or_default()).concat();
    let url = format!("\"origin_url\":\"http://{port}\"");
    assert!(written.windows(url.len()).any(|bytes| bytes == url.as_bytes()), "{url} is nowhere");

    drop(encoder);
    let asked = Instant::now();
    assert!(server.terminate(SOON).unwrap().success());
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    assert!(!server.log().contains(SECRET), "the secret is in the log");
}
