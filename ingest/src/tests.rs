//! A node without sockets, on parts in memory.

mod crash;
pub(crate) mod frail;
mod low_latency;
mod revoked;

use std::sync::Arc;
use std::time::Duration;

use authz::{OpenAuthority, PublishGrant};
use container::flv::{Demuxer, Event, FileReader, TagKind};
use journal::{Journal, MemoryJournal, Position};
use parts::Hub;
use store::{LiveMemory, MemoryStore, ObjectStore, Spool, Uploader, UploaderSettings};
use tempfile::TempDir;
use timeline::{Body, Claimant, Entry, Ledger, State, StreamName};
use tokio::time::Instant;

use crate::{
    Disconnect, End, Metrics, NameTaken, Node, Parts, Publisher, Refusal, Settings, StreamSettings,
};

/// Two seconds of pictures and sound.
const CLIP: &[u8] = include_bytes!("../../core/container/testdata/ffmpeg-5.1_h264-bframes_aac.flv");

pub(crate) struct Fixture {
    pub(crate) node: Arc<Node>,
    pub(crate) journal: Arc<dyn Journal>,
    _folder: TempDir,
}

impl Fixture {
    pub(crate) async fn new(name_taken: NameTaken) -> Self {
        Self::on(Arc::new(MemoryJournal::default()), Arc::new(MemoryStore::default()), name_taken)
            .await
    }

    pub(crate) async fn on(
        journal: Arc<dyn Journal>,
        store: Arc<dyn ObjectStore>,
        name_taken: NameTaken,
    ) -> Self {
        Self::with(journal, store, name_taken, STREAM).await
    }

    async fn with(
        journal: Arc<dyn Journal>,
        store: Arc<dyn ObjectStore>,
        name_taken: NameTaken,
        stream: StreamSettings,
    ) -> Self {
        let folder = TempDir::new().unwrap();
        let spool = Spool::open(&folder.path().join("spool")).await.unwrap();
        let node = node(Arc::clone(&journal), store, spool, name_taken, stream);
        Self { node, journal, _folder: folder }
    }

    pub(crate) async fn entries(&self) -> Vec<Arc<Entry>> {
        let stored = self.journal.read_after(&name(), Position::START, 1_000).await.unwrap();
        stored.into_iter().map(|stored| stored.entry).collect()
    }

    /// The journal in short: `o1` opened in epoch 1, `s0` segment 0, `|s0` after a break, `i`
    /// interrupted, `e` ended, `g0` segment 0 is lost.
    pub(crate) async fn story(&self) -> String {
        let words = self.entries().await.into_iter().map(|entry| match &entry.body {
            Body::Opened { .. } => format!("o{}", entry.epoch),
            Body::Segment(segment) if segment.discontinuity => format!("|s{}", segment.sequence),
            Body::Segment(segment) => format!("s{}", segment.sequence),
            Body::Gap { first, .. } => format!("g{first}"),
            Body::Interrupted { .. } => "i".into(),
            Body::Ended { .. } => "e".into(),
            Body::DateRange(_) => "date range".to_owned(),
            Body::Paged { number } => format!("paged {number}"),
            Body::Expired { before } => format!("expired before {before}"),
            Body::Unknown => "?".into(),
        });
        words.collect::<Vec<_>>().join(" ")
    }
}

fn node(
    journal: Arc<dyn Journal>,
    store: Arc<dyn ObjectStore>,
    spool: Spool,
    name_taken: NameTaken,
    stream: StreamSettings,
) -> Arc<Node> {
    let settings = Settings {
        node: "a".into(),
        origin_url: Some("http://a:9190".into()),
        limits: rtmp::Limits::default(),
        write_timeout: Duration::from_secs(1),
        publishers_max: 2,
        name_taken,
        stream,
    };
    // No test cuts the power.
    let uploads = UploaderSettings { sync: false, ..UploaderSettings::default() };
    let parts = Parts {
        settings: Arc::new(stream),
        authority: Arc::new(OpenAuthority::new(vec!["live".into()])),
        journal,
        memory: Arc::new(LiveMemory::new(1 << 30)),
        hub: Hub::default(),
        spool: Arc::new(spool),
        uploader: Uploader::start(Arc::clone(&store), uploads),
        store,
    };
    Node::new(settings, parts, Metrics::new(&runtime::Metrics::default()))
}

const STREAM: StreamSettings = StreamSettings {
    segment_duration: Duration::from_millis(500),
    packaging: segmenter::Packaging::Auto,
    timed_id3: false,
    low_latency: segmenter::LowLatency::Off,
    part_duration: Duration::from_millis(333),
    reconnect_window: Duration::from_secs(60),
    finish_window: Duration::from_secs(10),
    memory_window: Duration::from_secs(30),
};

pub(crate) fn name() -> StreamName {
    StreamName::parse("live/a").unwrap()
}

/// Leave to publish a stream, for nobody in particular.
pub(crate) fn grant(stream: StreamName) -> PublishGrant {
    PublishGrant::of(stream)
}

/// Pushes the clip as a connection would.
pub(crate) async fn push_clip(publisher: &mut Publisher) -> Result<(), Disconnect> {
    for event in clip() {
        take(publisher, event).await?;
    }
    Ok(())
}

/// What is in the clip.
fn clip() -> Vec<Event> {
    let (mut reader, mut demuxer) = (FileReader::new(), Demuxer::new());
    let mut events = Vec::new();
    reader.push(CLIP);
    while let Some(tag) = reader.pull().unwrap() {
        if tag.kind != TagKind::Script {
            demuxer.push(tag.kind, tag.timestamp_ms, tag.payload);
        }
        events.extend(std::iter::from_fn(|| demuxer.pull()));
    }
    events
}

async fn take(publisher: &mut Publisher, event: Event) -> Result<(), Disconnect> {
    match event {
        Event::Track(track) => publisher.track(track),
        Event::Unit(unit) => publisher.push(unit).await,
        Event::Repeated(_) | Event::EndOfSequence(_) => Ok(()),
        Event::Unsupported { .. } | Event::BadConfig { .. } => panic!("{event:?}"),
    }
}

#[tokio::test]
async fn everything_that_was_pushed_is_listed_and_can_be_read() {
    let fixture = Fixture::new(NameTaken::Takeover).await;
    let mut publisher = fixture.node.publish(&grant(name()), 0).await.unwrap();
    push_clip(&mut publisher).await.unwrap();
    publisher.close(End::Finished).await;
    let story = fixture.story().await;
    assert!(story.starts_with("o1 s0") && story.ends_with(" i"), "{story}");
    let Body::Opened { origin_url, .. } = &fixture.entries().await[0].body else { panic!() };
    assert_eq!(origin_url.as_deref(), Some("http://a:9190"));
    let left = fixture.node.parts.uploader.drain(Instant::now() + Duration::from_secs(10)).await;
    assert_eq!(left, 0);
    let mut length = 0;
    for entry in fixture.entries().await {
        for key in entry.segment_keys(&name()) {
            let bytes = fixture.node.parts.store.get(&key).await.unwrap();
            let Body::Segment(segment) = &entry.body else { panic!("{entry:?}") };
            assert_eq!(bytes.len() as u64, segment.renditions[0].bytes);
            length += segment.end - segment.start;
        }
    }
    assert!((170_000..190_000).contains(&length), "two seconds are {length} ticks");
    assert_eq!(fixture.node.parts.memory.objects(), 0, "a stream that is over costs no memory");
}

#[tokio::test]
async fn a_successor_goes_on_where_everything_of_its_predecessor_is_listed() {
    let fixture = Fixture::new(NameTaken::Takeover).await;
    let mut first = fixture.node.publish(&grant(name()), 0).await.unwrap();
    push_clip(&mut first).await.unwrap();
    let node = Arc::clone(&fixture.node);
    let second = tokio::spawn(async move { node.publish(&grant(name()), 0).await });
    assert!(matches!(first.evicted().await, Disconnect::Replaced));
    first.close(End::Lost).await;
    let mut second = second.await.unwrap().unwrap();
    let before = fixture.entries().await.len();
    push_clip(&mut second).await.unwrap();
    second.close(End::Lost).await;
    let story = fixture.story().await;
    let (first, second) = story.split_once(" i o2 |s").unwrap_or_else(|| panic!("{story}"));
    assert!(first.starts_with("o1 s0") && second.ends_with(" i"), "{story}");
    assert_eq!(first.split(' ').count() + 2, before);
    // Players stumble over decode times that go back, over a break as well.
    let mut latest_end = i64::MIN;
    for entry in fixture.entries().await {
        let Body::Segment(segment) = &entry.body else { continue };
        assert!(segment.start >= latest_end, "{segment:?} begins before {latest_end}");
        latest_end = segment.end;
    }
}

#[tokio::test]
async fn the_first_stays_where_the_policy_says_so() {
    let fixture = Fixture::new(NameTaken::Reject).await;
    let first = fixture.node.publish(&grant(name()), 0).await.unwrap();
    let refused = fixture.node.publish(&grant(name()), 0).await.unwrap_err();
    assert!(matches!(refused, Refusal::NameTaken), "{refused}");
    first.close(End::Finished).await;
    assert!(fixture.node.publish(&grant(name()), 0).await.is_ok());
}

#[tokio::test]
async fn a_full_node_takes_no_new_stream_but_lets_a_publisher_come_back() {
    let fixture = Fixture::new(NameTaken::Takeover).await;
    let other = |name: &str| StreamName::parse(name).unwrap();
    let _one = fixture.node.publish(&grant(name()), 0).await.unwrap();
    let two = fixture.node.publish(&grant(other("live/b")), 0).await.unwrap();
    let refused = fixture.node.publish(&grant(other("live/c")), 0).await.unwrap_err();
    assert!(matches!(refused, Refusal::Full { limit: 2 }), "{refused}");
    drop(two);
    assert!(fixture.node.publish(&grant(other("live/b")), 0).await.is_ok());
}

#[tokio::test]
async fn a_publisher_whose_stream_another_node_claimed_lists_nothing_more() {
    let fixture = Fixture::new(NameTaken::Takeover).await;
    let mut publisher = fixture.node.publish(&grant(name()), 0).await.unwrap();
    let newest = fixture.journal.newest(&name()).await.unwrap().unwrap();
    let claimant = Claimant { node: "b".into(), origin_url: None };
    let (_, opened) = Ledger::claim(Some(&newest.entry), claimant, 0);
    fixture.journal.append(&name(), newest.position, &opened).await.unwrap();
    // The first segment that is handed over is refused; how soon that is known is open.
    let _ = push_clip(&mut publisher).await;
    assert!(matches!(publisher.evicted().await, Disconnect::Replaced));
    publisher.close(End::Lost).await;
    assert_eq!(fixture.story().await, "o1 o2");
    assert_eq!(fixture.node.parts.memory.objects(), 0);
    assert!(fixture.node.parts.spool.recover().await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_stream_whose_publisher_does_not_come_back_has_ended() {
    let fixture = Fixture::new(NameTaken::Takeover).await;
    let publisher = fixture.node.publish(&grant(name()), 0).await.unwrap();
    publisher.close(End::Lost).await;
    let (stop, drain) = runtime::drain();
    let node = Arc::clone(&fixture.node);
    let waits = tokio::spawn(async move { node.waits.run(drain).await });
    tokio::time::sleep(Duration::from_secs(59)).await;
    assert_eq!(fixture.story().await, "o1 i");
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(fixture.story().await, "o1 i e");
    let again = fixture.node.publish(&grant(name()), 0).await.unwrap();
    again.close(End::Finished).await;
    let third = fixture.node.publish(&grant(name()), 0).await.unwrap();
    tokio::time::sleep(Duration::from_secs(100)).await;
    assert_eq!(fixture.story().await, "o1 i e o2 i o3", "whoever came back is not ended");
    drop(third);
    stop.start();
    waits.await.unwrap();
}

#[tokio::test]
async fn what_a_crash_left_is_finished() {
    let journal: Arc<dyn Journal> = Arc::new(MemoryJournal::default());
    let store: Arc<dyn ObjectStore> = Arc::new(MemoryStore::default());
    let before = Fixture::on(Arc::clone(&journal), Arc::clone(&store), NameTaken::Takeover).await;
    let mut publisher = before.node.publish(&grant(name()), 0).await.unwrap();
    push_clip(&mut publisher).await.unwrap();
    publisher.close(End::Lost).await;
    before.node.parts.uploader.drain(Instant::now() + Duration::from_secs(10)).await;
    // A process that was killed has not said that its publisher is gone, and a disk that lost
    // power has lost a segment.
    let newest = journal.newest(&name()).await.unwrap().unwrap();
    let claimant = Claimant { node: "a".into(), origin_url: None };
    let (_, opened) = Ledger::claim(Some(&newest.entry), claimant, runtime::unix_ms());
    journal.append(&name(), newest.position, &opened).await.unwrap();
    let lost = before.entries().await[2].segment_keys(&name());
    store.delete(&lost[0]).await.unwrap();

    let after = Fixture::on(journal, store, NameTaken::Takeover).await;
    after.node.recover().await.unwrap();
    let story = after.story().await;
    assert!(story.ends_with(" i o2 g1 i"), "{story}");
    let state = after.entries().await.last().unwrap().head.state;
    assert_eq!(state, State::Interrupted);
    after.node.recover().await.unwrap();
    assert_eq!(after.story().await, story, "once is enough");
}

/// The spool of a node that stopped before the store took anything: one segment is whole, one was
/// cut short by the power, and one was never listed.
#[tokio::test]
async fn only_whole_segments_that_were_listed_leave_the_spool() {
    let journal: Arc<dyn Journal> = Arc::new(MemoryJournal::default());
    let store: Arc<dyn ObjectStore> = Arc::new(MemoryStore::default());
    let before = Fixture::on(Arc::clone(&journal), Arc::clone(&store), NameTaken::Takeover).await;
    let mut publisher = before.node.publish(&grant(name()), 0).await.unwrap();
    push_clip(&mut publisher).await.unwrap();
    publisher.close(End::Lost).await;
    before.node.parts.uploader.drain(Instant::now() + Duration::from_secs(10)).await;
    let keys: Vec<_> =
        before.entries().await.iter().flat_map(|entry| entry.segment_keys(&name())).collect();
    let after = Fixture::on(journal, Arc::clone(&store), NameTaken::Takeover).await;
    let spool = &after.node.parts.spool;
    let whole = store.get(&keys[0]).await.unwrap();
    spool.write(&keys[0], whole.clone()).await.unwrap();
    spool.write(&keys[1], whole.slice(..100)).await.unwrap();
    let timeline::ObjectKey::Media(listed) = keys[1].clone() else { panic!("{keys:?}") };
    let unlisted = timeline::ObjectKey::from(timeline::MediaKey { epoch: 2, ..listed });
    spool.write(&unlisted, whole.clone()).await.unwrap();
    for key in &keys[..2] {
        store.delete(key).await.unwrap();
    }
    after.node.recover().await.unwrap();
    after.node.parts.uploader.drain(Instant::now() + Duration::from_secs(10)).await;
    assert_eq!(store.get(&keys[0]).await.unwrap(), whole);
    assert!(!store.contains(&keys[1]).await.unwrap(), "half a segment is no segment");
    assert!(!store.contains(&unlisted).await.unwrap());
    assert!(after.story().await.ends_with(" i g1"), "{}", after.story().await);
}

#[tokio::test]
async fn three_publishers_in_a_row_lose_nothing() {
    let fixture = Fixture::new(NameTaken::Takeover).await;
    let mut first = fixture.node.publish(&grant(name()), 0).await.unwrap();
    let publish = || {
        let node = Arc::clone(&fixture.node);
        tokio::spawn(async move { node.publish(&grant(name()), 0).await })
    };
    let second = publish();
    assert!(matches!(first.evicted().await, Disconnect::Replaced));
    let third = publish();
    tokio::task::yield_now().await;
    push_clip(&mut first).await.unwrap();
    first.close(End::Lost).await;
    assert!(matches!(second.await.unwrap(), Err(Refusal::Overtaken)));
    third.await.unwrap().unwrap().close(End::Finished).await;
    let story = fixture.story().await;
    assert!(story.starts_with("o1 s0 s1") && story.ends_with(" i o2 i"), "{story}");
}

#[tokio::test]
async fn what_the_doctor_says_is_known_while_the_stream_is_live() {
    let fixture = Fixture::new(NameTaken::Takeover).await;
    assert_eq!(fixture.node.diagnosis(&name()), None);
    let mut publisher = fixture.node.publish(&grant(name()), 0).await.unwrap();
    push_clip(&mut publisher).await.unwrap();
    assert_eq!(publisher.examine(0), []);
    let diagnosis = fixture.node.diagnosis(&name()).unwrap();
    assert_eq!(diagnosis.figures.size, Some((160, 90)));
    assert_eq!(diagnosis.grade, segmenter::Grade::Good);
    publisher.close(End::Finished).await;
    assert_eq!(fixture.node.diagnosis(&name()), None);
}
