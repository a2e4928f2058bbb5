//! What a node shows to the other nodes of its cluster.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{fs, thread};

use authz::{Everybody, OpenAuthority};
use edge::Edge;
use ingest::{Ingest, NameTaken, Node, StreamSettings};
use journal::{Journal, MemoryJournal};
use parts::Hub;
use peer::{Anywhere, Port, PortSettings, Remote, RemoteLimits};
use playlist::Playlist;
use runtime::{ConnectionLimits, DrainHandle, Metrics, drain};
use segmenter::{LowLatency, Packaging};
use store::{LiveFirst, LiveMemory, MemoryStore, ObjectStore, Spool, Uploader, UploaderSettings};
use tempfile::TempDir;
use testkit::encoder::{Encoder, Source};
use testkit::{Http, Server, Watched};
use timeline::WindowPolicy;

const SOON: Duration = Duration::from_secs(20);
const SECRET: &str = "correct-horse-battery-staple";

#[test]
fn other_nodes_read_with_the_secret_of_their_cluster() {
    testkit::secret("cluster secret", SECRET);
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

/// A node that takes pushes and one that serves viewers. They share a journal and nothing else: the
/// store of the first one is where the second one never looks.
struct TwoNodes {
    rtmp: SocketAddr,
    viewers: Http,
    _folder: TempDir,
    _stop: DrainHandle,
}

impl TwoNodes {
    async fn start() -> Self {
        let (journal, folder) = (Arc::new(MemoryJournal::default()), TempDir::new().unwrap());
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let (stop, drain) = drain();
        let metrics = Metrics::default();

        let (hub, memory) = (Hub::default(), Arc::new(LiveMemory::new(1 << 26)));
        let spool = Arc::new(Spool::open(folder.path()).await.unwrap());
        let store: Arc<dyn ObjectStore> = Arc::new(MemoryStore::default());
        let here = LiveFirst {
            memory: Arc::clone(&memory),
            spool: Some(Arc::clone(&spool)),
            store: Arc::clone(&store),
            elsewhere: None,
        };
        let port = PortSettings { listen: any, secret: None };
        let port = Port::bind(port, hub.clone(), Arc::new(here)).unwrap();
        let settings = ingest::Settings {
            node: "a".into(),
            origin_url: Some(format!("http://{}", port.local_addr())),
            limits: rtmp::Limits::default(),
            write_timeout: SOON,
            publishers_max: 1,
            name_taken: NameTaken::Takeover,
            stream: STREAM,
        };
        let parts = ingest::Parts {
            authority: Arc::new(OpenAuthority::new(vec!["live".into()])),
            settings: Arc::new(STREAM),
            journal: Arc::clone(&journal) as Arc<dyn Journal>,
            memory,
            hub,
            spool,
            uploader: Uploader::start(Arc::clone(&store), UploaderSettings::default()),
            store,
        };
        let node = Node::new(settings, parts, ingest::Metrics::new(&metrics));
        let ingest = Ingest::bind(node, ConnectionLimits::default(), any, None).unwrap();
        let rtmp = ingest.rtmp_addr();
        tokio::spawn(port.run(drain.clone()));
        tokio::spawn(ingest.run(drain.clone()));

        let remote = Remote::new(None, RemoteLimits::default());
        let anywhere = Arc::new(Anywhere::new(Hub::default(), None, remote));
        let objects = LiveFirst {
            memory: Arc::new(LiveMemory::new(0)),
            spool: None,
            store: Arc::new(MemoryStore::default()),
            elsewhere: Some(Arc::clone(&anywhere) as _),
        };
        let settings = playlist::Settings {
            window: WindowPolicy { length_ms: 30_000 },
            dvr_window_ms: 0,
            record: false,
            retention_ms: 3_600_000,
        };
        let playlist = Playlist::new(settings, journal, Arc::new(objects), anywhere);
        let config = edge::Config {
            listen: any,
            connections: ConnectionLimits::default(),
            ..edge::Config::default()
        };
        let authority = Arc::new(Everybody::default());
        let edge = Edge::bind(config, Arc::new(playlist), authority, None, &metrics, None).unwrap();
        let viewers = Http::new(edge.local_addr());
        tokio::spawn(edge.run(drain));
        Self { rtmp, viewers, _folder: folder, _stop: stop }
    }

    fn get(&self, path: &str) -> Vec<u8> {
        let reply = self.viewers.get(&format!("/live/cam/{path}")).unwrap();
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        reply.body
    }

    /// The media playlist, once it lists what is looked for.
    fn playlist_with(&self, what: impl Fn(&str) -> bool) -> String {
        let begun = Instant::now();
        loop {
            let reply = self.viewers.get("/live/cam/fmp4/index.m3u8").unwrap();
            let text = reply.text();
            if reply.status == 200 && what(&text) {
                return text;
            }
            assert!(begun.elapsed() < SOON, "{text}");
            thread::sleep(Duration::from_millis(50));
        }
    }
}

const STREAM: StreamSettings = StreamSettings {
    segment_duration: Duration::from_secs(2),
    packaging: Packaging::Fmp4,
    timed_id3: false,
    low_latency: LowLatency::On,
    part_duration: Duration::from_millis(333),
    reconnect_window: Duration::from_secs(60),
    finish_window: Duration::from_secs(60),
    memory_window: Duration::from_secs(30),
};

/// The values of an attribute in the lines of a playlist that begin with `tag`.
fn uris<'t>(playlist: &'t str, tag: &str) -> Vec<&'t str> {
    let lines = playlist.lines().filter(|line| line.starts_with(tag));
    let uri = lines.filter_map(|line| line.split_once("URI=\"")?.1.split('"').next());
    uri.collect()
}

#[test]
fn any_node_serves_a_stream_that_another_one_makes() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let nodes = runtime.block_on(TwoNodes::start());
    let url = format!("rtmp://{}/live/cam", nodes.rtmp);
    let _encoder = Encoder::start(&Source::usual(), &url).unwrap();

    // Parts of a segment that is not whole yet, and the one that is hinted.
    let open = nodes.playlist_with(|text| {
        text.rsplit("#EXTINF").next().is_some_and(|tail| tail.contains("#EXT-X-PART:"))
            && text.contains("#EXTINF")
    });
    let parts = uris(&open, "#EXT-X-PART:");
    let last = parts.last().unwrap().to_string();
    assert!(!nodes.get(&format!("fmp4/{last}")).is_empty());
    let hinted = uris(&open, "#EXT-X-PRELOAD-HINT")[0];
    assert!(!nodes.get(&format!("fmp4/{hinted}")).is_empty());

    // What is whole later is its parts, byte for byte, though no store that is looked into has it.
    let (folder, file) = last.rsplit_once('/').unwrap();
    let number = file.split('.').next().unwrap();
    let segment = format!("{folder}/{number}.m4s");
    let whole = nodes.playlist_with(|text| text.lines().any(|line| line == segment));
    let stem = format!("{folder}/{number}.");
    let parts = uris(&whole, "#EXT-X-PART:").into_iter().filter(|uri| uri.starts_with(&stem));
    let joined: Vec<u8> = parts.flat_map(|uri| nodes.get(&format!("fmp4/{uri}"))).collect();
    assert_eq!(nodes.get(&format!("fmp4/{segment}")), joined);
    let init = uris(&whole, "#EXT-X-MAP")[0];
    assert!(!nodes.get(&format!("fmp4/{init}")).is_empty());
}
