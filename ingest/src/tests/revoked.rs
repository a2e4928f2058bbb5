//! Encoders on real connections whose rights end while they are live.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use accounts::{DeviceId, OrganisationId, Subject, UserId};
use async_trait::async_trait;
use authz::{PublishAuthority, PublishRefusal, PublishRequest};
use rtmp::{ClientConfig, ClientEvent, ClientSession, MediaKind, SEED_BYTES};
use runtime::{ConnectionLimits, DrainHandle, unix_ms};
use token::{Revocation, Revoked as What};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::*;
use crate::{Ingest, Revoked, SettingsSource};

/// How long an encoder may still be live whose key was revoked.
const AT_ONCE: Duration = Duration::from_secs(2);
const SOON: Duration = Duration::from_secs(20);

/// Lets in whom it knows, by the name that is pushed.
#[derive(Debug, Default)]
struct Known {
    grants: Mutex<BTreeMap<String, PublishGrant>>,
    /// What happens while it thinks, once.
    meanwhile: Mutex<Option<(Arc<Node>, Revocation)>>,
    is_deaf: AtomicBool,
}

impl Known {
    fn set(&self, grant: PublishGrant) {
        self.grants.lock().unwrap().insert(grant.stream.to_string(), grant);
    }
}

#[async_trait]
impl PublishAuthority for Known {
    async fn decide(&self, request: &PublishRequest<'_>) -> Result<PublishGrant, PublishRefusal> {
        let name = format!("{}/{}", request.app, request.stream);
        let grant = self.grants.lock().unwrap().get(&name).cloned();
        if let Some((node, revocation)) = self.meanwhile.lock().unwrap().take() {
            assert_eq!(node.revoke(&[revocation]), 0, "it has no place yet");
            if !self.is_deaf.load(SeqCst) {
                self.grants.lock().unwrap().remove(&name);
            }
        }
        grant.ok_or(PublishRefusal::WrongKey)
    }
}

/// Settings by the name of the stream.
#[derive(Debug, Default)]
struct ByName(BTreeMap<String, StreamSettings>);

#[async_trait]
impl SettingsSource for ByName {
    async fn settings(&self, stream: &StreamName) -> Result<StreamSettings, authz::BoxError> {
        self.0.get(stream.as_str()).copied().ok_or_else(|| "the database is away".into())
    }
}

struct Running {
    node: Arc<Node>,
    known: Arc<Known>,
    journal: Arc<dyn Journal>,
    rtmp: SocketAddr,
    metrics: runtime::Metrics,
    _stop: DrainHandle,
    _folder: TempDir,
}

impl Running {
    async fn start() -> Self {
        Self::with(Arc::new(STREAM)).await
    }

    async fn with(source: Arc<dyn SettingsSource>) -> Self {
        let journal: Arc<dyn Journal> = Arc::new(MemoryJournal::default());
        let store: Arc<dyn ObjectStore> = Arc::new(MemoryStore::default());
        let folder = TempDir::new().unwrap();
        let spool = Spool::open(&folder.path().join("spool")).await.unwrap();
        let (known, metrics) = (Arc::new(Known::default()), runtime::Metrics::default());
        let template = node(Arc::clone(&journal), store, spool, NameTaken::Takeover, STREAM);
        let parts = Parts {
            authority: Arc::clone(&known) as _,
            settings: source,
            ..template.parts.clone()
        };
        let settings = Settings { publishers_max: 8, ..template.settings.clone() };
        let node = Node::new(settings, parts, Metrics::new(&metrics));
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let limits = ConnectionLimits::default();
        let ingest = Ingest::bind(Arc::clone(&node), limits, any, None).unwrap();
        let rtmp = ingest.rtmp_addr();
        let (stop, drain) = runtime::drain();
        tokio::spawn(ingest.run(drain));
        Self { node, known, journal, rtmp, metrics, _stop: stop, _folder: folder }
    }

    async fn segments(&self, name: &str) -> usize {
        let stream = StreamName::parse(name).unwrap();
        let stored = self.journal.read_after(&stream, Position::START, 1_000).await.unwrap();
        stored.iter().filter(|it| matches!(it.entry.body, Body::Segment(_))).count()
    }

    async fn wait_for_segments(&self, name: &str, count: usize) {
        let listed = async {
            while self.segments(name).await < count {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(SOON, listed).await.unwrap();
    }

    async fn wait_for_state(&self, name: &str, state: State) {
        let stream = StreamName::parse(name).unwrap();
        let reached = async {
            while self.journal.newest(&stream).await.unwrap().unwrap().entry.head.state != state {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(SOON, reached).await.unwrap();
    }
}

/// What an encoder was told in the end: the last code that is not about the connection alone, and
/// its sentence.
type Told = (String, String);

/// An encoder that pushes the clip again and again, in real time, until it is told to go.
struct Pushing {
    server: SocketAddr,
    task: tokio::task::JoinHandle<Told>,
}

impl Pushing {
    fn start(server: SocketAddr, name: &'static str) -> Self {
        Self { server, task: tokio::spawn(push(server, name)) }
    }

    async fn told(self) -> Told {
        timeout(AT_ONCE, self.task).await.expect("it is told at once").unwrap()
    }
}

async fn push(server: SocketAddr, name: &str) -> Told {
    let mut socket = TcpStream::connect(server).await.unwrap();
    let config = ClientConfig {
        tc_url: format!("rtmp://{server}/live"),
        stream_name: name.to_owned(),
        ..ClientConfig::default()
    };
    let mut session = ClientSession::new(config, &[7; SEED_BYTES], Duration::ZERO);
    let (mut reader, mut tags) = (FileReader::new(), Vec::new());
    reader.push(CLIP);
    while let Some(tag) = reader.pull().unwrap() {
        tags.extend((tag.kind != TagKind::Script).then_some(tag));
    }
    let (began, mut next, mut told) = (Instant::now(), 0_usize, Vec::new());
    let mut first = None;
    loop {
        while let Ok(Some(event)) = session.pull(began.elapsed()) {
            if let ClientEvent::Refused { code, description } = event {
                told.push((code, description));
            }
        }
        // It sends on whatever it is told, as some do, until the server hangs up.
        while session.is_publishing() {
            let since = first.get_or_insert_with(Instant::now).elapsed();
            let tag = &tags[next % tags.len()];
            let lap_ms = 2_000 * u32::try_from(next / tags.len()).unwrap();
            let timestamp_ms = tag.timestamp_ms + lap_ms;
            if Duration::from_millis(timestamp_ms.into()) > since {
                break;
            }
            let kind = match tag.kind {
                TagKind::Audio => MediaKind::Audio,
                TagKind::Video | TagKind::Script => MediaKind::Video,
            };
            session.send_media(kind, timestamp_ms, &tag.payload);
            next += 1;
        }
        let output = session.take_output();
        let is_gone = socket.write_all(&output).await.is_err();
        let read = timeout(Duration::from_millis(10), socket.read_buf(session.receive_buffer()));
        if is_gone || matches!(read.await, Ok(Ok(0) | Err(_))) {
            while let Ok(Some(event)) = session.pull(began.elapsed()) {
                if let ClientEvent::Refused { code, description } = event {
                    told.push((code, description));
                }
            }
            return told.into_iter().next().unwrap_or_default();
        }
    }
}

fn organisation(number: u8) -> OrganisationId {
    OrganisationId::new(0, [number; 10])
}

/// The subject of a push: user, device and key have the number.
fn subject(of: u8, number: u8) -> Subject {
    Subject {
        organisation: Some(organisation(of)),
        user: Some(UserId::new(0, [number; 10])),
        device: Some(DeviceId::new(0, [number; 10])),
        key: Some(format!("key_{number}")),
    }
}

fn granted(name: &str, subject: Subject, streams_max: Option<u32>) -> PublishGrant {
    PublishGrant { stream: StreamName::parse(name).unwrap(), subject, streams_max }
}

fn revocation(of: Option<u8>, revoked: What) -> Revocation {
    let organisation = of.map(|of| organisation(of).to_string());
    Revocation { organisation, revoked, at_ms: unix_ms(), until_ms: i64::MAX }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_loses_its_rights_is_told_why_and_what_it_sent_is_kept_and_others_go_on() {
    let server = Running::start().await;
    for (name, of, number) in
        [("live/a", 1, 1), ("live/b", 1, 2), ("live/c", 2, 1), ("live/d", 1, 4), ("live/e", 1, 5)]
    {
        server.known.set(granted(name, subject(of, number), None));
    }
    let start = |name| Pushing::start(server.rtmp, name);
    let [a, b, c, d, e] = ["a", "b", "c", "d", "e"].map(start);
    for name in ["live/a", "live/b", "live/c", "live/d", "live/e"] {
        server.wait_for_segments(name, 2).await;
    }
    let before = server.segments("live/a").await;
    // The key of the other organisation has the same name, and is another one.
    let key = What::Key { id: "key_1".into() };
    assert_eq!(server.node.revoke(&[revocation(Some(1), key.clone())]), 1);
    assert_eq!(a.told().await, told(Revoked::Key));
    // What was sent is kept, and then the stream waits.
    server.wait_for_segments("live/a", before + 1).await;
    server.wait_for_state("live/a", State::Interrupted).await;
    let device = What::Device { id: subject(1, 2).device.unwrap().to_string() };
    assert_eq!(server.node.revoke(&[revocation(Some(1), device)]), 1);
    assert_eq!(b.told().await, told(Revoked::Device));
    let user = What::User { id: subject(1, 4).user.unwrap().to_string() };
    assert_eq!(server.node.revoke(&[revocation(Some(1), user)]), 1);
    assert_eq!(d.told().await, told(Revoked::User));
    let of_e =
        |stream: &StreamName, _: &Subject| (stream.as_str() == "live/e").then_some(Revoked::Stream);
    assert_eq!(server.node.evict(of_e), 1);
    assert_eq!(e.told().await, told(Revoked::Stream));

    let listed = server.segments("live/c").await;
    server.wait_for_segments("live/c", listed + 3).await;
    server.wait_for_state("live/c", State::Live).await;
    assert!(!c.task.is_finished(), "{}", c.server);
    // Everywhere is here as well.
    assert_eq!(server.node.revoke(&[revocation(None, key)]), 1);
    assert_eq!(c.told().await, told(Revoked::Key));
    let counted = timeout(SOON, async {
        let wanted = "weir_ingest_disconnects_total{reason=\"revoked\"} 5";
        while !server.metrics.render().contains(wanted) {
            sleep(Duration::from_millis(20)).await;
        }
    });
    counted.await.expect("five were counted");
}

fn told(revoked: Revoked) -> Told {
    ("NetStream.Publish.Denied".to_owned(), revoked.sentence())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_revoked_while_a_push_is_let_in_is_not_let_in() {
    for is_deaf in [false, true] {
        let server = Running::start().await;
        let Running { node, known, .. } = &server;
        known.set(granted("live/a", subject(1, 1), None));
        known.is_deaf.store(is_deaf, SeqCst);
        let revoked = revocation(Some(1), What::Key { id: "key_1".into() });
        *known.meanwhile.lock().unwrap() = Some((Arc::clone(node), revoked));
        let push = Pushing::start(server.rtmp, "a");
        if is_deaf {
            // Somebody else's key was revoked: the second answer is what counts.
            server.wait_for_segments("live/a", 1).await;
            push.task.abort();
            continue;
        }
        let (code, sentence) = push.told().await;
        assert_eq!(code, "NetStream.Publish.Denied");
        assert!(sentence.starts_with("This stream key is not valid here."), "{sentence}");
        assert_eq!(server.segments("live/a").await, 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_let_in_long_after_a_revocation_was_let_in_although_there_is_one() {
    let server = Running::start().await;
    server.known.set(granted("live/a", subject(1, 1), None));
    let push = Pushing::start(server.rtmp, "a");
    server.wait_for_segments("live/a", 1).await;
    let user = What::User { id: subject(1, 1).user.unwrap().to_string() };
    let mut old = revocation(Some(1), user);
    old.at_ms -= 3_600_000;
    assert_eq!(server.node.revoke(&[old.clone()]), 0);
    // A node's clock may be behind by a while.
    old.at_ms = unix_ms() - 30_000;
    assert_eq!(server.node.revoke(&[old]), 1);
    assert_eq!(push.told().await, told(Revoked::User));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_with_as_many_streams_as_it_may_have_starts_none_and_keeps_them() {
    let server = Running::start().await;
    server.known.set(granted("live/a", subject(1, 1), Some(1)));
    server.known.set(granted("live/b", subject(1, 1), Some(1)));
    server.known.set(granted("live/c", subject(2, 1), Some(1)));
    let first = Pushing::start(server.rtmp, "a");
    server.wait_for_segments("live/a", 1).await;
    let second = Pushing::start(server.rtmp, "b").told().await;
    let sentence =
        "You have 1 stream live already, which is all that you may have. Stop one, then try again.";
    assert_eq!(second, ("NetStream.Publish.Denied".to_owned(), sentence.to_owned()));
    let other = Pushing::start(server.rtmp, "c");
    server.wait_for_segments("live/c", 1).await;
    let listed = server.segments("live/a").await;
    server.wait_for_segments("live/a", listed + 2).await;
    assert!(!first.task.is_finished() && !other.task.is_finished());
    assert!(server.journal.newest(&StreamName::parse("live/b").unwrap()).await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_stream_has_its_own_settings_and_none_is_taken_whose_settings_are_not_known() {
    let long = StreamSettings { segment_duration: Duration::from_millis(1_500), ..STREAM };
    let low = StreamSettings { low_latency: segmenter::LowLatency::On, ..STREAM };
    let low = StreamSettings { packaging: segmenter::Packaging::Fmp4, ..low };
    let known = [("live/a", STREAM), ("live/b", long), ("live/c", low)];
    let source = ByName(known.into_iter().map(|(name, it)| (name.to_owned(), it)).collect());
    let server = Running::with(Arc::new(source)).await;
    for (number, name) in [(1, "live/a"), (2, "live/b"), (3, "live/c"), (4, "live/d")] {
        server.known.set(granted(name, subject(1, number), None));
    }
    let pushing = ["a", "b", "c"].map(|name| Pushing::start(server.rtmp, name));
    let refused = Pushing::start(server.rtmp, "d").told().await;
    let sentence = "The server cannot take streams at the moment. Try again in a few seconds.";
    assert_eq!(refused, ("NetStream.Failed".to_owned(), sentence.to_owned()));
    for name in ["live/a", "live/b", "live/c"] {
        server.wait_for_segments(name, 2).await;
    }
    let newest = async |name: &str| {
        let newest = server.journal.read_newest(&StreamName::parse(name).unwrap(), 1).await;
        newest.unwrap().remove(0).entry.head
    };
    assert_eq!(newest("live/a").await.target_duration_s, Some(1));
    assert_eq!(newest("live/b").await.target_duration_s, Some(2));
    let parts = ["live/a", "live/b", "live/c"].map(newest);
    let [a, b, c] = parts.map(|head| async { head.await.part_target_ms });
    assert_eq!((a.await, b.await), (None, None));
    assert!(c.await.is_some());
    drop(pushing);
}
