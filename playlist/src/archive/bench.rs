//! A stream on parts in memory, for tests: segments of two seconds, pages, crashes.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};

use async_trait::async_trait;
use bytes::Bytes;
use hls::Page;
use journal::{Journal, MemoryJournal, Position};
use store::{LiveFirst, LiveMemory, MemoryStore, ObjectStore, StoreError, Survey};
use timeline::{
    Body, Claimant, Container, Entry, InitRecord, Ledger, Medium, NewSegment, ObjectKey,
    ObjectName, PAGE_SEGMENTS, PageKey, RecordingId, RecordingKey, RenditionId, SegmentRecord,
    Sha256, StreamName, TrackRecord, VideoRange, WindowPolicy,
};

use super::{Recordings, recent};
use crate::settings::KnownSettings;
use crate::{Settings, SettingsSource};

/// Where the calendar begins: 2026-01-31T20:00:00Z.
pub(crate) const BEGIN_MS: i64 = 1_769_889_600_000;
/// How long a segment is.
pub(crate) const SEGMENT_MS: i64 = 2_000;

pub(crate) const SETTINGS: Settings = Settings {
    window: WindowPolicy { length_ms: 6_000 },
    dvr_window_ms: 0,
    record: false,
    retention_ms: 60_000,
};

/// A stream and its publisher.
pub(crate) struct Bench {
    pub(crate) journal: Arc<MemoryJournal>,
    pub(crate) store: Arc<DyingStore>,
    pub(crate) settings: Settings,
    pub(crate) ledger: Ledger,
    pub(crate) position: Position,
    made: i64,
    /// What its segments must be read with, in fragments.
    pub(crate) init: Option<u32>,
    /// Whether pages are written.
    pub(crate) is_paged: bool,
}

pub(crate) fn stream() -> StreamName {
    StreamName::parse("live/a").unwrap()
}

pub(crate) fn rendition() -> RenditionId {
    RenditionId::parse("ts").unwrap()
}

pub(crate) fn id(name: &str) -> RecordingId {
    RecordingId::new(stream(), name).unwrap()
}

fn claimant() -> Claimant {
    Claimant { node: "a".into(), origin_url: None }
}

impl Bench {
    pub(crate) async fn new(settings: Settings) -> Self {
        let journal = Arc::new(MemoryJournal::default());
        let (ledger, opened) = Ledger::claim(None, claimant(), BEGIN_MS);
        let position = journal.append(&stream(), Position::START, &opened).await.unwrap();
        let store = Arc::new(DyingStore::default());
        Self { journal, store, settings, ledger, position, made: 0, init: None, is_paged: true }
    }

    pub(crate) fn recordings(&self) -> Arc<Recordings> {
        self.recordings_by(Arc::new(self.settings))
    }

    /// Recordings of streams with settings of their own.
    pub(crate) fn recordings_by(&self, source: Arc<dyn SettingsSource>) -> Arc<Recordings> {
        let memory = Arc::new(LiveMemory::new(1 << 20));
        let store = Arc::clone(&self.store) as Arc<dyn ObjectStore>;
        let objects = Arc::new(LiveFirst { memory, spool: None, store, elsewhere: None });
        let known = KnownSettings::new(self.settings, source);
        Arc::new(Recordings::new(Arc::new(known), Arc::clone(&self.journal) as _, objects))
    }

    /// When the next segment begins.
    pub(crate) fn now_ms(&self) -> i64 {
        BEGIN_MS + self.made * SEGMENT_MS
    }

    pub(crate) async fn append(&mut self, entry: Entry) {
        // Janitors write meanwhile.
        let newest = self.journal.newest(&stream()).await.unwrap().unwrap();
        if newest.position != self.position {
            assert!(self.ledger.follow(&newest.entry), "{:?}", newest.entry);
            self.position = newest.position;
        }
        let entry = Entry { head: *self.ledger.head(), ..entry };
        self.position = self.journal.append(&stream(), self.position, &entry).await.unwrap();
    }

    /// Makes segments, and the pages that they fill.
    pub(crate) async fn segments(&mut self, count: u64) {
        for _ in 0..count {
            // What the janitor wrote is to be known before the entry is made.
            let newest = self.journal.newest(&stream()).await.unwrap().unwrap();
            if newest.position != self.position {
                assert!(self.ledger.follow(&newest.entry), "{:?}", newest.entry);
                self.position = newest.position;
            }
            let at_ms = self.now_ms() + SEGMENT_MS;
            let entry = self.ledger.segment(self.new_segment(), at_ms);
            self.made += 1;
            for (key, _) in entry.objects(&stream()) {
                self.store.inner.put(&key, Bytes::from_static(b"xx")).await.unwrap();
            }
            self.append(entry).await;
            let next = self.ledger.head().next_sequence;
            if self.is_paged && next.is_multiple_of(PAGE_SEGMENTS) {
                self.page(next / PAGE_SEGMENTS - 1).await;
            }
        }
    }

    fn new_segment(&self) -> NewSegment {
        let start = self.made * SEGMENT_MS * 90;
        let container = if self.init.is_some() { Container::Fmp4 } else { Container::Ts };
        let medium = Medium::Video {
            width: 640,
            height: 360,
            frame_rate_milli: 30_000,
            range: VideoRange::Sdr,
        };
        NewSegment {
            start,
            end: start + SEGMENT_MS * 90,
            calendar_ms: self.now_ms(),
            discontinuity: false,
            independent: true,
            target_duration_s: 2,
            part_target_ms: None,
            parts: Vec::new(),
            renditions: vec![SegmentRecord {
                rendition: rendition(),
                container,
                bytes: 2,
                sha256: Sha256([0; 32]),
                part_bytes: Vec::new(),
                tracks: vec![TrackRecord { codec: "avc1.64001f".into(), medium }],
                init: self.init.map(|number| InitRecord {
                    number,
                    bytes: 2,
                    sha256: Sha256([0; 32]),
                }),
                is_alternative: false,
                captions: Vec::new(),
            }],
        }
    }

    async fn page(&mut self, number: u64) {
        let known = recent(self.journal.as_ref(), &stream(), None).await.unwrap().unwrap();
        let segments: Vec<_> =
            known.window.tail().filter(|it| it.sequence / PAGE_SEGMENTS == number).collect();
        let page = Page::render(&segments, &rendition(), &[]).unwrap();
        let key = PageKey { stream: stream(), rendition: rendition(), number };
        self.store.inner.put(&ObjectKey::Page(key), page.text().clone()).await.unwrap();
        let entry = self.ledger.paged(number, self.now_ms());
        self.append(entry).await;
    }

    /// Ends the broadcast.
    pub(crate) async fn end(&mut self) {
        let at_ms = self.now_ms();
        let entry = self.ledger.ended("over", at_ms);
        self.append(entry).await;
    }

    /// The encoder goes and comes back after a while.
    pub(crate) async fn reconnect(&mut self, pause_ms: i64) {
        self.made += pause_ms / SEGMENT_MS;
        let newest = self.journal.newest(&stream()).await.unwrap().unwrap();
        let (ledger, opened) = Ledger::claim(Some(&newest.entry), claimant(), self.now_ms());
        (self.ledger, self.position) = (ledger, newest.position);
        self.append(opened).await;
    }

    /// The numbers of the segments that are in the store, in order.
    pub(crate) async fn stored(&self) -> Vec<u64> {
        let keys = self.store.inner.list(&stream()).await.unwrap();
        let mut numbers: Vec<_> = keys.iter().filter_map(number_of).collect();
        numbers.sort_unstable();
        numbers
    }

    /// The objects whose path contains `text`.
    pub(crate) async fn objects(&self, text: &str) -> usize {
        let keys = self.store.inner.list(&stream()).await.unwrap();
        keys.iter().filter(|key| key.path().contains(text)).count()
    }

    /// Entries of one kind in the journal.
    pub(crate) async fn expired(&self) -> Vec<u64> {
        let entries = self.journal.read_newest(&stream(), usize::MAX).await.unwrap();
        let before = entries.iter().filter_map(|stored| match stored.entry.body {
            Body::Expired { before } => Some(before),
            Body::Opened { .. }
            | Body::Segment(_)
            | Body::Gap { .. }
            | Body::Interrupted { .. }
            | Body::Ended { .. }
            | Body::DateRange(_)
            | Body::Paged { .. }
            | Body::Unknown => None,
        });
        before.collect()
    }
}

fn number_of(key: &ObjectKey) -> Option<u64> {
    let ObjectKey::Media(media) = key else { return None };
    match media.object {
        ObjectName::Segment { sequence, .. } => Some(sequence),
        ObjectName::Part { .. } | ObjectName::Init { .. } => None,
    }
}

/// A store that stops to work after a number of operations, as for a process that is killed.
#[derive(Debug)]
pub(crate) struct DyingStore {
    pub(crate) inner: MemoryStore,
    /// Operations until it dies.
    left: AtomicI64,
}

impl Default for DyingStore {
    fn default() -> Self {
        Self { inner: MemoryStore::default(), left: AtomicI64::new(i64::MAX) }
    }
}

impl DyingStore {
    /// Dies after so many operations.
    pub(crate) fn die_after(&self, operations: i64) {
        self.left.store(operations, SeqCst);
    }

    /// Works again. Whether it had died.
    pub(crate) fn revive(&self) -> bool {
        self.left.swap(i64::MAX, SeqCst) <= 0
    }

    fn live(&self, operation: &'static str) -> Result<(), StoreError> {
        if self.left.fetch_sub(1, SeqCst) > 0 {
            return Ok(());
        }
        self.left.store(0, SeqCst);
        let (path, source) = (String::new(), "the process is gone".into());
        Err(StoreError::Unavailable { operation, path, source })
    }
}

#[async_trait]
impl ObjectStore for DyingStore {
    async fn put(&self, key: &ObjectKey, bytes: Bytes) -> Result<(), StoreError> {
        self.live("put")?;
        self.inner.put(key, bytes).await
    }

    async fn put_new(&self, key: &ObjectKey, bytes: Bytes) -> Result<bool, StoreError> {
        self.live("put")?;
        self.inner.put_new(key, bytes).await
    }

    async fn get(&self, key: &ObjectKey) -> Result<Bytes, StoreError> {
        self.live("get")?;
        self.inner.get(key).await
    }

    async fn get_range(&self, key: &ObjectKey, range: Range<u64>) -> Result<Bytes, StoreError> {
        self.live("get")?;
        self.inner.get_range(key, range).await
    }

    async fn length(&self, key: &ObjectKey) -> Result<u64, StoreError> {
        self.live("look at")?;
        self.inner.length(key).await
    }

    async fn delete(&self, key: &ObjectKey) -> Result<(), StoreError> {
        self.live("delete")?;
        self.inner.delete(key).await
    }

    async fn adopt(&self, key: &ObjectKey, file: &Path) -> Result<(), StoreError> {
        self.live("adopt")?;
        self.inner.adopt(key, file).await
    }

    async fn contains(&self, key: &ObjectKey) -> Result<bool, StoreError> {
        self.live("look for")?;
        self.inner.contains(key).await
    }

    async fn list(&self, stream: &StreamName) -> Result<Vec<ObjectKey>, StoreError> {
        self.live("list")?;
        self.inner.list(stream).await
    }

    async fn records(&self, stream: &StreamName) -> Result<Vec<RecordingKey>, StoreError> {
        self.live("list")?;
        self.inner.records(stream).await
    }

    fn survey(&self, stream: &StreamName) -> Survey {
        self.inner.survey(stream)
    }
}
