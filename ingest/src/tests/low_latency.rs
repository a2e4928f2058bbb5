//! Parts, as they are announced and read.

use std::collections::BTreeMap;

use bytes::BytesMut;
use parts::PartSource;
use segmenter::{LowLatency, Packaging};
use timeline::{MediaKey, ObjectKey, OpenSegment, PartRecord};

use super::*;

/// What was announced of a segment, and the bytes that were read at that moment.
#[derive(Default)]
struct Announced {
    parts: Vec<PartRecord>,
    bytes: BytesMut,
}

/// Listens to the hub while the clip is pushed.
struct Listener {
    hub: Hub,
    open: parts::OpenWatch,
    announced: BTreeMap<(u64, u64), Announced>,
}

impl Listener {
    async fn new(fixture: &Fixture) -> Self {
        let hub = fixture.node.parts.hub.clone();
        let open = hub.follow(&name(), None).await.unwrap();
        Self { hub, open, announced: BTreeMap::new() }
    }

    /// Reads what has been announced since it was asked last: every part of the open segment.
    async fn look(&mut self) {
        if !self.open.has_changed().unwrap() {
            return;
        }
        let Some(open) = self.open.borrow_and_update().clone() else { return };
        let announced = self.announced.entry((open.epoch, open.sequence)).or_default();
        assert!(open.parts.starts_with(&announced.parts), "what was announced stays: {open:?}");
        for number in announced.parts.len()..open.parts.len() {
            let rendition = &open.renditions[0];
            let key = open.part_key(&name(), rendition, u32::try_from(number).unwrap());
            let bytes = read(&self.hub, &key).await;
            assert_eq!(bytes.len() as u64, rendition.part_bytes[number]);
            announced.bytes.extend_from_slice(&bytes);
        }
        announced.parts.clone_from(&open.parts);
    }
}

async fn read(hub: &Hub, key: &MediaKey) -> BytesMut {
    let mut flow = hub.read(key, None).await.unwrap();
    let mut bytes = BytesMut::new();
    while let Some(piece) = flow.recv().await {
        bytes.extend_from_slice(&piece.unwrap());
    }
    bytes
}

async fn fixture(packaging: Packaging) -> Fixture {
    let settings = StreamSettings {
        low_latency: LowLatency::On,
        part_duration: Duration::from_millis(200),
        packaging,
        ..STREAM
    };
    let (journal, store) = (Arc::new(MemoryJournal::default()), Arc::new(MemoryStore::default()));
    Fixture::with(journal, store, NameTaken::Takeover, settings).await
}

async fn check(packaging: Packaging) {
    let fixture = fixture(packaging).await;
    let mut listener = Listener::new(&fixture).await;
    let mut publisher = fixture.node.publish(&grant(name()), 0).await.unwrap();
    for event in clip() {
        take(&mut publisher, event).await.unwrap();
        listener.look().await;
    }
    publisher.close(End::Finished).await;
    assert!(listener.open.borrow_and_update().is_none(), "nothing is being made any more");
    let mut seen = 0;
    for entry in fixture.entries().await {
        let Body::Segment(segment) = &entry.body else { continue };
        let record = &segment.renditions[0];
        assert_eq!(segment.parts.len(), record.part_bytes.len());
        assert_eq!(record.part_bytes.iter().sum::<u64>(), record.bytes);
        assert_eq!(entry.head.part_target_ms, Some(200));
        let Some(announced) = listener.announced.get(&(entry.epoch, segment.sequence)) else {
            continue;
        };
        assert!(segment.parts.starts_with(&announced.parts));
        let body = fixture.node.parts.spool_or_store(&entry.segment_keys(&name())[0]).await;
        assert!(body.starts_with(&announced.bytes), "the parts are the segment");
        seen += announced.parts.len();
    }
    assert!(seen >= 6, "{seen} parts were announced in time");
    assert_eq!(
        fixture.node.metrics.parts.get(),
        fixture.node.metrics.part_seconds.get_sample_count()
    );
    assert_eq!(fixture.node.parts.memory.objects(), 0, "a stream that is over costs no memory");
}

impl Parts {
    async fn spool_or_store(&self, key: &ObjectKey) -> bytes::Bytes {
        self.uploader.drain(Instant::now() + Duration::from_secs(10)).await;
        self.store.get(key).await.unwrap()
    }
}

#[tokio::test]
async fn parts_can_be_read_when_they_are_announced_and_are_the_segment_later() {
    check(Packaging::Ts).await;
    check(Packaging::Fmp4).await;
}

#[tokio::test]
async fn parts_stay_readable_while_their_segment_is_listed() {
    let fixture = fixture(Packaging::Ts).await;
    let mut publisher = fixture.node.publish(&grant(name()), 0).await.unwrap();
    push_clip(&mut publisher).await.unwrap();
    let whole = |entry: &Arc<Entry>| {
        let Body::Segment(segment) = &entry.body else { return None };
        Some((entry.epoch, segment.clone()))
    };
    let listed = async {
        loop {
            let entries = fixture.entries().await;
            if entries.iter().filter_map(whole).count() >= 1 {
                return entries;
            }
            tokio::task::yield_now().await;
        }
    };
    let entries = tokio::time::timeout(Duration::from_secs(10), listed).await.unwrap();
    let (epoch, segment) = entries.iter().filter_map(whole).next_back().unwrap();
    let record = &segment.renditions[0];
    let open = OpenSegment {
        epoch,
        sequence: segment.sequence,
        start: segment.start,
        calendar_ms: segment.calendar_ms,
        discontinuity: segment.discontinuity,
        part_target_ms: 200,
        seems_whole: false,
        parts: segment.parts.clone(),
        renditions: vec![timeline::OpenRendition {
            rendition: record.rendition.clone(),
            container: record.container,
            init: None,
            is_sound: false,
            part_bytes: record.part_bytes.clone(),
        }],
    };
    let mut together = BytesMut::new();
    for part in 0..u32::try_from(segment.parts.len()).unwrap() {
        let key = open.part_key(&name(), &open.renditions[0], part);
        together.extend_from_slice(&read(&fixture.node.parts.hub, &key).await);
    }
    let key = entries.last().unwrap().segment_keys(&name());
    let body = fixture.node.parts.memory.get(&key[0]).unwrap();
    assert_eq!(together, body);
    // They take no memory besides, as soon as the segment is listed.
    let shared = async {
        let key = open.part_key(&name(), &open.renditions[0], 0);
        loop {
            let mut flow = fixture.node.parts.hub.read(&key, None).await.unwrap();
            let piece = flow.recv().await.unwrap().unwrap();
            if body.as_ptr_range().contains(&piece.as_ptr()) {
                break;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), shared).await.unwrap();
    publisher.close(End::Finished).await;
}

#[tokio::test]
async fn a_stream_without_low_latency_announces_nothing() {
    let fixture = Fixture::new(NameTaken::Takeover).await;
    let listener = Listener::new(&fixture).await;
    let mut publisher = fixture.node.publish(&grant(name()), 0).await.unwrap();
    push_clip(&mut publisher).await.unwrap();
    assert!(listener.open.borrow().is_none());
    publisher.close(End::Finished).await;
    assert_eq!(fixture.node.metrics.parts.get(), 0);
    for entry in fixture.entries().await {
        assert_eq!(entry.head.part_target_ms, None);
    }
}

#[tokio::test]
async fn a_transport_stream_part_can_be_read_while_it_is_made() {
    let fixture = fixture(Packaging::Ts).await;
    let hub = fixture.node.parts.hub.clone();
    let open = hub.follow(&name(), None).await.unwrap();
    let mut publisher = fixture.node.publish(&grant(name()), 0).await.unwrap();
    let mut events = clip().into_iter();
    let newest = || open.borrow().as_deref().map(|open| (open.sequence, open.parts.len()));
    while newest().is_none() {
        take(&mut publisher, events.next().unwrap()).await.unwrap();
    }
    let announced = open.borrow().clone().unwrap();
    let key = announced.part_key(&name(), &announced.renditions[0], announced.next_part());
    // The part has begun when the hub gives its flow.
    let (reader, wanted) = (hub.clone(), key.clone());
    let flow = tokio::spawn(async move { reader.read(&wanted, None).await });
    let before = newest();
    for event in events.by_ref().take(4) {
        take(&mut publisher, event).await.unwrap();
    }
    assert_eq!(newest(), before, "it is not finished");
    let flow = tokio::time::timeout(Duration::from_secs(10), flow).await;
    let mut flow = flow.unwrap().unwrap().unwrap();
    let first = tokio::time::timeout(Duration::from_secs(10), flow.recv()).await;
    let mut bytes = BytesMut::from(&first.unwrap().unwrap().unwrap()[..]);
    assert!(!bytes.is_empty());
    while newest() == before {
        take(&mut publisher, events.next().unwrap()).await.unwrap();
    }
    let whole = read(&hub, &key).await;
    while let Some(piece) = flow.recv().await {
        bytes.extend_from_slice(&piece.unwrap());
    }
    assert_eq!(bytes, whole);
    publisher.close(End::Finished).await;
}
