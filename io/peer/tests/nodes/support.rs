//! A node that makes streams, and a way to it that counts, freezes and breaks.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use parts::{Hub, OpenWatch, PartError, PartFlow};
use peer::{ClusterSecret, Port, PortSettings};
use runtime::{DrainHandle, Secret, drain};
use store::{LiveFirst, LiveMemory, MemoryStore, ObjectStore};
use timeline::{
    Container, MediaKey, ObjectKey, OpenRendition, OpenSegment, PartRecord, RenditionId, StreamName,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// Longer than anything here may take on a busy machine.
pub(crate) const SOON: Duration = Duration::from_secs(20);

pub(crate) fn stream() -> StreamName {
    StreamName::parse("live/cam").unwrap()
}

/// An object of `live/cam`, as `ts/1/7.2.ts`.
pub(crate) fn key(path: &str) -> MediaKey {
    let key = ObjectKey::parse(&format!("live/cam/{path}")).unwrap();
    let ObjectKey::Media(key) = key else { panic!("{key}") };
    key
}

/// Segment `sequence` of epoch 1 with so many parts.
pub(crate) fn open(sequence: u64, parts: usize) -> OpenSegment {
    let rendition = OpenRendition {
        rendition: RenditionId::parse("ts").unwrap(),
        container: Container::Ts,
        init: None,
        is_sound: false,
        part_bytes: vec![3; parts],
    };
    OpenSegment {
        epoch: 1,
        sequence,
        start: 0,
        calendar_ms: 0,
        discontinuity: false,
        part_target_ms: 333,
        seems_whole: false,
        parts: vec![PartRecord { end: 0, independent: false }; parts],
        renditions: vec![rendition],
    }
}

pub(crate) fn secret(text: &str) -> Option<ClusterSecret> {
    Some(ClusterSecret::new(&Secret::new(text)).unwrap())
}

/// A node with an open port.
pub(crate) struct Node {
    pub(crate) hub: Hub,
    pub(crate) memory: Arc<LiveMemory>,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) address: SocketAddr,
    pub(crate) stop: DrainHandle,
    pub(crate) runs: JoinHandle<()>,
}

impl Node {
    pub(crate) fn start(secret: Option<ClusterSecret>) -> Self {
        let (hub, memory) = (Hub::default(), Arc::new(LiveMemory::new(10_000_000)));
        let store = Arc::new(MemoryStore::default());
        let objects = LiveFirst {
            memory: Arc::clone(&memory),
            spool: None,
            store: Arc::clone(&store) as Arc<dyn ObjectStore>,
            elsewhere: None,
        };
        let settings = PortSettings { listen: "127.0.0.1:0".parse().unwrap(), secret };
        let port = Port::bind(settings, hub.clone(), Arc::new(objects)).unwrap();
        let address = port.local_addr();
        let (stop, drain) = drain();
        let runs = tokio::spawn(port.run(drain));
        Self { hub, memory, store, address, stop, runs }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Way {
    Passes,
    /// Nothing comes through, and nobody is told.
    Freezes,
    /// Connections break.
    Breaks,
}

/// A way to a node.
pub(crate) struct Proxy {
    pub(crate) url: String,
    pub(crate) way: watch::Sender<Way>,
    requests: Arc<AtomicUsize>,
}

impl Proxy {
    pub(crate) async fn to(address: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (way, watch) = watch::channel(Way::Passes);
        let requests = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(address).await else { continue };
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                tokio::spawn(carry(from_client, to_server, watch.clone(), Arc::clone(&counted)));
                tokio::spawn(carry(from_server, to_client, watch.clone(), Arc::default()));
            }
        });
        Self { url, way, requests }
    }

    /// Requests that came this way.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut way: watch::Receiver<Way>,
    requests: Arc<AtomicUsize>,
) {
    let mut buffer = [0; 16_384];
    loop {
        let read = tokio::select! {
            read = from.read(&mut buffer) => read.unwrap_or(0),
            broken = way.wait_for(|way| *way == Way::Breaks) => { drop(broken); return }
        };
        let bytes = &buffer[..read];
        let begun = bytes.windows(5).filter(|window| window == b"GET /").count();
        requests.fetch_add(begun, Ordering::SeqCst);
        let passes = way.wait_for(|way| *way != Way::Freezes).await.map_or(Way::Breaks, |way| *way);
        if read == 0 || passes != Way::Passes || to.write_all(bytes).await.is_err() {
            return;
        }
    }
}

/// A peer that answers each connection with the same bytes.
pub(crate) struct BadPeer {
    pub(crate) url: String,
    connections: Arc<AtomicUsize>,
}

impl BadPeer {
    /// Answers with `answer`, and then leaves the connection open if it `stays`.
    pub(crate) async fn start(answer: impl Into<Bytes>, stays: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let connections = Arc::new(AtomicUsize::new(0));
        let (answer, counted) = (answer.into(), Arc::clone(&connections));
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                let answer = answer.clone();
                tokio::spawn(async move {
                    let mut request = [0; 4_096];
                    drop(socket.read(&mut request).await);
                    drop(socket.write_all(&answer).await);
                    if stays {
                        drop(socket.read(&mut request).await);
                    }
                });
            }
        });
        Self { url, connections }
    }

    /// Waits for a second connection: the first one was given up.
    pub(crate) async fn is_given_up(&self) {
        let again = async {
            while self.connections.load(Ordering::SeqCst) < 2 {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(SOON, again).await.expect("the connection is given up");
    }
}

/// Waits until a watcher sees what is expected; a level, not an edge.
pub(crate) async fn sees(watch: &mut OpenWatch, expected: Option<(u64, usize)>) {
    let what = |open: &Option<Arc<OpenSegment>>| {
        open.as_ref().map(|open| (open.sequence, open.parts.len()))
    };
    let seen = timeout(SOON, watch.wait_for(|open| what(open) == expected)).await;
    drop(seen.unwrap_or_else(|_| panic!("it does not see {expected:?}")).unwrap());
}

pub(crate) async fn next(flow: &mut PartFlow) -> Bytes {
    let piece = timeout(SOON, flow.recv()).await.expect("a piece comes");
    piece.expect("the part goes on").unwrap()
}

/// The rest of a part and how it ends, as `abc.` or `ab!given up`.
pub(crate) async fn rest(flow: Result<PartFlow, PartError>) -> String {
    let mut text = String::new();
    let mut flow = match flow {
        Ok(flow) => flow,
        Err(error) => return format!("!{}", kind(&error)),
    };
    while let Some(piece) = timeout(SOON, flow.recv()).await.expect("it ends") {
        match piece {
            Ok(bytes) => text.push_str(std::str::from_utf8(&bytes).unwrap()),
            Err(error) => return format!("{text}!{}", kind(&error)),
        }
    }
    text + "."
}

fn kind(error: &PartError) -> String {
    match error {
        PartError::NotFound(_) => "not found".to_owned(),
        PartError::GivenUp(_) => "given up".to_owned(),
        PartError::Unavailable(reason) => reason.to_string(),
    }
}
