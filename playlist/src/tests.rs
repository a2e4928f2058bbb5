//! The service on parts in memory.

mod busy;
mod crowd;
mod dvr;
mod low_latency;
mod settings;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use journal::{Journal, MemoryJournal, Position};
use origin::{CacheControl, Origin, OriginError};
use parts::Hub;
use runtime::unix_ms;
use store::{LiveFirst, LiveMemory, MemoryStore, ObjectStore};
use timeline::{
    Claimant, Container, Entry, InitRecord, Ledger, NewSegment, ObjectKey, RenditionId, Resource,
    SegmentRecord, Sha256, StreamName, WindowPolicy,
};
use tokio::time::timeout;

use crate::{Playlist, Settings};

const SETTINGS: Settings = Settings {
    window: WindowPolicy { length_ms: 6_000 },
    dvr_window_ms: 0,
    record: false,
    retention_ms: 60_000,
};

/// A stream whose segments are two seconds long and were made `age_ms` ago and before.
struct Stream {
    journal: Arc<dyn Journal>,
    store: Arc<dyn ObjectStore>,
    hub: Hub,
    ledger: Ledger,
    position: Position,
    made: i64,
    /// What its segments must be read with.
    init: Option<u32>,
}

impl Stream {
    async fn new() -> Self {
        let journal: Arc<dyn Journal> = Arc::new(MemoryJournal::default());
        let claimant = Claimant { node: "a".into(), origin_url: None };
        let (ledger, opened) = Ledger::claim(None, claimant, 0);
        let position = journal.append(&name(), Position::START, &opened).await.unwrap();
        let store = Arc::new(MemoryStore::default());
        Self { journal, store, hub: Hub::default(), ledger, position, made: 0, init: None }
    }

    async fn append(&mut self, entry: Entry) {
        self.position = self.journal.append(&name(), self.position, &entry).await.unwrap();
    }

    /// Keeps and lists a segment that was made at `at_ms`.
    async fn segment(&mut self, at_ms: i64) -> ObjectKey {
        let start = self.made * 180_000;
        let entry = self.ledger.segment(
            NewSegment {
                start,
                end: start + 180_000,
                calendar_ms: at_ms,
                discontinuity: false,
                independent: true,
                target_duration_s: 2,
                part_target_ms: None,
                parts: Vec::new(),
                renditions: vec![SegmentRecord {
                    rendition: rendition(),
                    container: Container::Ts,
                    bytes: 1,
                    sha256: Sha256([0; 32]),
                    part_bytes: Vec::new(),
                    tracks: Vec::new(),
                    init: self.init.map(|number| InitRecord {
                        number,
                        bytes: 1,
                        sha256: Sha256([0; 32]),
                    }),
                    is_alternative: false,
                    captions: Vec::new(),
                }],
            },
            at_ms,
        );
        self.made += 1;
        let key = entry.segment_keys(&name()).remove(0);
        for (key, _) in entry.objects(&name()) {
            self.store.put(&key, Bytes::from_static(b"x")).await.unwrap();
        }
        self.append(entry).await;
        key
    }

    fn playlist(&self) -> Playlist {
        self.playlist_with(SETTINGS)
    }

    fn playlist_with(&self, settings: Settings) -> Playlist {
        let (memory, store) = (Arc::new(LiveMemory::new(1 << 20)), Arc::clone(&self.store));
        let objects = Arc::new(LiveFirst { memory, spool: None, store, elsewhere: None });
        let parts = Arc::new(self.hub.clone());
        Playlist::new(settings, Arc::clone(&self.journal), objects, parts)
    }
}

fn name() -> StreamName {
    StreamName::parse("live/a").unwrap()
}

fn rendition() -> RenditionId {
    RenditionId::parse("ts").unwrap()
}

async fn fetch(playlist: &Playlist, path: &str) -> Result<String, OriginError> {
    let document = playlist.fetch(&Resource::parse(path, "").unwrap()).await?;
    Ok(String::from_utf8(document.body.ready().unwrap().join().to_vec()).unwrap())
}

#[tokio::test]
async fn a_playlist_grows_with_its_journal() {
    let mut stream = Stream::new().await;
    let playlist = stream.playlist();
    let page = "/live/a/ts/index.m3u8";
    let before = fetch(&playlist, page).await;
    assert!(matches!(before, Err(OriginError::NotLiveYet(_))), "{before:?}");
    for count in 1..5 {
        stream.segment(unix_ms()).await;
        let grown = async {
            while fetch(&playlist, page).await.map_or(0, |text| text.matches(".ts").count())
                < count.min(3)
            {
                tokio::task::yield_now().await;
            }
        };
        timeout(Duration::from_secs(10), grown).await.unwrap();
    }
    let other = fetch(&playlist, "/live/a/hd/index.m3u8").await;
    assert!(matches!(other, Err(OriginError::NoRendition(..))), "{other:?}");
    let other = fetch(&playlist, "/live/b/index.m3u8").await;
    assert!(matches!(other, Err(OriginError::NotLiveYet(_))), "{other:?}");
}

#[tokio::test]
async fn the_next_segment_is_waited_for_and_the_one_after_is_not() {
    let mut stream = Stream::new().await;
    stream.segment(unix_ms()).await;
    let playlist = Arc::new(stream.playlist());
    let after = fetch(&playlist, "/live/a/ts/1/2.ts").await;
    assert!(matches!(after, Err(OriginError::NoObject(_))), "{after:?}");
    let waiting = Arc::clone(&playlist);
    let next = tokio::spawn(async move {
        waiting.fetch(&Resource::parse("/live/a/ts/1/1.ts", "").unwrap()).await
    });
    while !next.is_finished() && stream.made < 2 {
        tokio::task::yield_now().await;
        stream.segment(unix_ms()).await;
    }
    let document = timeout(Duration::from_secs(10), next).await.unwrap().unwrap().unwrap();
    assert_eq!(
        (document.body.ready().unwrap().join().as_ref(), document.cache_control),
        (&b"x"[..], CacheControl::Immutable)
    );
}
