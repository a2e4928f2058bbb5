//! Histories of a stream, with pages that are written late.

use std::sync::Arc;

use hls::Page;
use journal::{Journal, MemoryJournal, Position};
use store::{MemoryStore, ObjectStore};
use timeline::{
    Attribute, Claimant, Container, DateRange, Entry, InitRecord, Ledger, Medium, NewSegment,
    PAGE_SEGMENTS, PageKey, RenditionId, SegmentRecord, Sha256, StreamName, TrackRecord,
    VideoRange, Window, WindowPolicy,
};

use crate::Settings;
use crate::follow::Follower;
use crate::pages::Library;

pub(super) const START_MS: i64 = 1_700_000_000_000;
pub(super) const RENDITIONS: [&str; 2] = ["ts", "fmp4"];

pub(super) const fn settings(dvr_s: i64) -> Settings {
    Settings {
        window: WindowPolicy { length_ms: 12_000 },
        dvr_window_ms: dvr_s * 1_000,
        record: false,
        retention_ms: i64::MAX,
    }
}

pub(super) fn container(rendition: &str) -> Container {
    if rendition == "ts" { Container::Ts } else { Container::Fmp4 }
}

/// A stream, and all that was ever said of it.
pub(super) struct History {
    settings: Settings,
    journal: Arc<dyn Journal>,
    store: Arc<dyn ObjectStore>,
    ledger: Ledger,
    position: Position,
    newest: Entry,
    pub(super) whole: Window,
    now: i64,
    calendar_ms: i64,
    init: u32,
}

fn name() -> StreamName {
    StreamName::parse("live/a").unwrap()
}

fn claimant() -> Claimant {
    Claimant { node: "a".into(), origin_url: None }
}

impl History {
    pub(super) async fn new(settings: Settings) -> Self {
        let (ledger, opened) = Ledger::claim(None, claimant(), 0);
        let mut history = Self {
            settings,
            journal: Arc::new(MemoryJournal::default()),
            store: Arc::new(MemoryStore::default()),
            ledger,
            position: Position::START,
            newest: opened.clone(),
            whole: Window::with_tail(WindowPolicy { length_ms: i64::MAX }),
            now: 0,
            calendar_ms: START_MS,
            init: 0,
        };
        history.append(opened).await;
        history
    }

    /// A node that begins now.
    pub(super) async fn follower(&self) -> Arc<Follower> {
        let library = Arc::new(Library::new(Arc::clone(&self.store)));
        let opened = Follower::open(&self.journal, &name(), self.settings, &library).await;
        opened.unwrap().unwrap().0
    }

    pub(super) async fn entries(&self) -> Vec<Arc<Entry>> {
        let stored = self.journal.read_after(&name(), Position::START, usize::MAX).await.unwrap();
        stored.into_iter().map(|stored| stored.entry).collect()
    }

    pub(super) const fn head(&self) -> &timeline::Head {
        self.ledger.head()
    }

    async fn append(&mut self, entry: Entry) {
        self.position = self.journal.append(&name(), self.position, &entry).await.unwrap();
        // What remembers everything is told of no pages.
        let mut told = entry.clone();
        told.head.paged_before = 0;
        self.whole.apply(&told);
        self.newest = entry;
    }

    /// 0 to 6: some segments; 7 a page is written, if one is due; 8 an encoder comes back; 9 a
    /// broadcast ends and another one begins; 10 a segment is lost; 11 something is said of a
    /// stretch of time; 12 what is old expires; 13 a broadcast ends.
    pub(super) async fn step(&mut self, step: u8) {
        match step {
            0..=6 => {
                let count = [1, 3, 17, 40, 70, 100, 128][usize::from(step)];
                for _ in 0..count {
                    self.segment(false).await;
                }
                self.segment(step == 2).await;
            }
            7 => self.page().await,
            8 => self.open().await,
            9 => {
                self.end().await;
                self.calendar_ms += 200_000;
                self.open().await;
            }
            10 => {
                let head = *self.ledger.head();
                let lost = head.next_sequence.saturating_sub(3);
                if head.next_sequence > 3 && lost >= head.paged_before {
                    let gap = self.ledger.gap(lost, lost, 0);
                    self.append(gap).await;
                }
            }
            11 => {
                let range = DateRange {
                    id: format!("r{}", self.ledger.head().next_sequence / 40),
                    class: None,
                    start_ms: self.calendar_ms,
                    duration_ms: self.init.is_multiple_of(2).then_some(30_000),
                    planned_duration_ms: None,
                    attributes: [("X-A".into(), Attribute::Milli(7))].into(),
                };
                let entry = self.ledger.date_range(range, 0);
                self.append(entry).await;
            }
            12 => {
                let head = *self.ledger.head();
                let before = head.next_sequence.saturating_sub(700).min(head.paged_before);
                let entry = Ledger::expired(&self.newest, before, 0);
                assert!(self.ledger.follow(&entry));
                self.append(entry).await;
            }
            _ => {
                self.end().await;
                self.open().await;
            }
        }
    }

    async fn open(&mut self) {
        let (ledger, opened) = Ledger::claim(Some(&self.newest), claimant(), 0);
        (self.ledger, self.now) = (ledger, 0);
        self.append(opened).await;
    }

    async fn end(&mut self) {
        let ended = self.ledger.ended("over", 0);
        self.append(ended).await;
    }

    async fn segment(&mut self, breaks: bool) {
        let number = self.ledger.head().next_sequence;
        self.init += u32::from(breaks || number % 97 == 50);
        let video = Medium::Video {
            width: 640,
            height: 360,
            frame_rate_milli: 30_000,
            range: VideoRange::Sdr,
        };
        let record = |rendition: &str| SegmentRecord {
            rendition: RenditionId::parse(rendition).unwrap(),
            container: container(rendition),
            bytes: 500_000 + number,
            sha256: Sha256([0; 32]),
            part_bytes: Vec::new(),
            tracks: vec![TrackRecord { codec: "avc1.64001f".into(), medium: video }],
            init: (rendition == "fmp4").then_some(InitRecord {
                number: self.init,
                bytes: 700,
                sha256: Sha256([0; 32]),
            }),
            is_alternative: false,
            captions: Vec::new(),
        };
        // Now and then a rendition has nothing.
        let mut renditions = vec![record("ts"), record("fmp4")];
        if number % 53 == 52 {
            renditions.pop();
        }
        let ticks = 180_000 - i64::try_from(number % 3).unwrap() * 900;
        let new = NewSegment {
            start: self.now,
            end: self.now + ticks,
            calendar_ms: self.calendar_ms,
            discontinuity: breaks,
            independent: number % 211 != 210,
            target_duration_s: 2,
            part_target_ms: None,
            parts: Vec::new(),
            renditions,
        };
        self.now = new.end;
        self.calendar_ms += ticks / 90;
        let entry = self.ledger.segment(new, 0);
        self.append(entry).await;
    }

    /// What the owner does when all segments of a page are in the store.
    async fn page(&mut self) {
        let head = *self.ledger.head();
        let number = head.paged_before / PAGE_SEGMENTS;
        let page = head.paged_before..head.paged_before + PAGE_SEGMENTS;
        if head.next_sequence < page.end {
            return;
        }
        let window = self.folded_until(&page).await;
        let whole = &self.whole;
        let segments: Vec<_> = page.map(|sequence| whole.segment(sequence).unwrap()).collect();
        let ranges: Vec<_> = window.tail_date_ranges().cloned().collect();
        for rendition in RENDITIONS.map(|name| RenditionId::parse(name).unwrap()) {
            if let Some(page) = Page::render(&segments, &rendition, &ranges) {
                let key = PageKey { stream: name(), rendition, number };
                self.store.put(&key.into(), page.text().clone()).await.unwrap();
            }
        }
        let entry = self.ledger.paged(number, 0);
        self.append(entry).await;
    }

    /// The journal up to the page's last segment.
    async fn folded_until(&self, page: &std::ops::Range<u64>) -> Window {
        let mut window = Window::with_tail(WindowPolicy { length_ms: i64::MAX });
        for entry in self.entries().await {
            if entry.head.next_sequence > page.end {
                break;
            }
            let is_last = entry.head.next_sequence == page.end;
            window.apply(&entry);
            if is_last {
                break;
            }
        }
        window
    }
}
