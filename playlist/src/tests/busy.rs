//! A store that does not answer, and what is served all the same.

use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use async_trait::async_trait;
use store::{StoreError, Survey};
use timeline::RecordingKey;

use super::*;
use crate::follow::{Follower, Shown};
use crate::pages::Library;
use crate::view::Stretch;

/// A store whose reading never ends.
#[derive(Debug)]
struct Mute {
    store: Arc<dyn ObjectStore>,
    reads: AtomicU32,
}

#[async_trait]
impl ObjectStore for Mute {
    async fn put(&self, key: &ObjectKey, bytes: Bytes) -> Result<(), StoreError> {
        self.store.put(key, bytes).await
    }

    async fn put_new(&self, key: &ObjectKey, bytes: Bytes) -> Result<bool, StoreError> {
        self.store.put_new(key, bytes).await
    }

    async fn get(&self, _key: &ObjectKey) -> Result<Bytes, StoreError> {
        self.reads.fetch_add(1, Relaxed);
        std::future::pending().await
    }

    async fn get_range(&self, key: &ObjectKey, range: Range<u64>) -> Result<Bytes, StoreError> {
        self.store.get_range(key, range).await
    }

    async fn length(&self, key: &ObjectKey) -> Result<u64, StoreError> {
        self.store.length(key).await
    }

    async fn delete(&self, key: &ObjectKey) -> Result<(), StoreError> {
        self.store.delete(key).await
    }

    async fn contains(&self, key: &ObjectKey) -> Result<bool, StoreError> {
        self.store.contains(key).await
    }

    async fn list(&self, stream: &StreamName) -> Result<Vec<ObjectKey>, StoreError> {
        self.store.list(stream).await
    }

    async fn records(&self, stream: &StreamName) -> Result<Vec<RecordingKey>, StoreError> {
        self.store.records(stream).await
    }

    fn survey(&self, stream: &StreamName) -> Survey {
        self.store.survey(stream)
    }
}

/// A stream with a page that nobody gets.
async fn playlist() -> (Arc<Playlist>, Arc<Mute>) {
    let mut stream = Stream::new().await;
    for number in 0..300 {
        stream.segment(number * 2_000).await;
    }
    let paged = stream.ledger.paged(0, 0);
    stream.append(paged).await;
    let mute = Arc::new(Mute { store: Arc::clone(&stream.store), reads: AtomicU32::new(0) });
    stream.store = Arc::clone(&mute) as Arc<dyn ObjectStore>;
    let settings = Settings { dvr_window_ms: 3_600_000, retention_ms: i64::MAX, ..SETTINGS };
    (Arc::new(stream.playlist_with(settings)), mute)
}

async fn get(playlist: &Playlist, path: &str, query: &str) -> Result<String, OriginError> {
    let resource = Resource::parse(path, query).unwrap();
    let document = timeout(Duration::from_secs(5), playlist.fetch(&resource)).await.unwrap()?;
    Ok(String::from_utf8(document.body.ready().unwrap().join().to_vec()).unwrap())
}

#[tokio::test]
async fn who_asks_for_what_is_long_ago_keeps_nobody_waiting_who_does_not() {
    let (playlist, mute) = playlist().await;
    let path = "/live/a/ts/index.m3u8";
    // The stream is there within a second, without what was said before its newest segments.
    let text = timeout(Duration::from_secs(1), get(&playlist, path, "dvr=60")).await.unwrap();
    assert!(text.unwrap().contains("1/299.ts"));
    let before = mute.reads.swap(0, Relaxed);
    assert_eq!(before, 1);
    let slow = Arc::clone(&playlist);
    let slow = tokio::spawn(async move {
        slow.fetch(&Resource::parse(path, "start=20&end=30").unwrap()).await.map(drop)
    });
    while mute.reads.load(Relaxed) == 0 {
        tokio::task::yield_now().await;
    }
    for query in ["dvr=60", "dvr=60&_HLS_skip=YES"] {
        let text = get(&playlist, path, query).await.unwrap();
        assert!(text.contains("1/299.ts"), "{text}");
    }
    assert!(!slow.is_finished());
    slow.abort();
}

#[tokio::test]
async fn for_a_name_that_the_stream_does_not_have_nothing_is_read() {
    let (playlist, mute) = playlist().await;
    get(&playlist, "/live/a/ts/index.m3u8", "dvr=60").await.unwrap();
    mute.reads.store(0, Relaxed);
    for query in ["", "dvr=3600", "_HLS_skip=YES"] {
        let answer = get(&playlist, "/live/a/nobody/index.m3u8", query).await;
        assert!(matches!(answer, Err(OriginError::NoRendition(..))), "{query}: {answer:?}");
    }
    assert_eq!(mute.reads.load(Relaxed), 0);
}

#[tokio::test]
async fn the_owner_is_asked_for_all_that_is_kept() {
    let mut stream = Stream::new().await;
    let newest = stream.journal.read_newest(&name(), 1).await.unwrap().remove(0);
    let claimant = Claimant { node: "b".into(), origin_url: Some("http://b".into()) };
    let (ledger, opened) = Ledger::claim(Some(&newest.entry), claimant, 0);
    stream.ledger = ledger;
    stream.append(opened).await;
    let ObjectKey::Media(oldest) = stream.segment(0).await else { panic!("a segment") };
    for number in 1..40 {
        stream.segment(number * 2_000).await;
    }
    let playlist = stream.playlist_with(Settings { dvr_window_ms: 3_600_000, ..SETTINGS });
    let follower = playlist.follower(&name()).await.unwrap();
    assert_eq!(follower.owner_of(&oldest).as_deref(), Some("http://b"));
}

#[tokio::test]
async fn a_node_that_missed_what_was_trimmed_reads_the_stream_anew() {
    let mut stream = Stream::new().await;
    for number in 0..10 {
        stream.segment(number * 2_000).await;
    }
    let library = Arc::new(Library::new(Arc::clone(&stream.store)));
    let opened = Follower::open(&stream.journal, &name(), SETTINGS, &library).await;
    let (follower, position) = opened.unwrap().unwrap();
    for number in 10..4_200 {
        stream.segment(number * 2_000).await;
    }
    let removed = stream.journal.trim(&name(), stream.position).await.unwrap();
    assert!(removed > 20, "{removed}");
    let following = Arc::clone(&follower).follow(Arc::clone(&stream.journal), position);
    let following = tokio::spawn(following);
    let has_newest = async {
        while follower.now().next_sequence < 4_200 {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(10), has_newest).await.unwrap();
    assert!(follower.read_window().segment(4_199).is_some());
    // And it goes on.
    stream.segment(8_400_000).await;
    let shown = Shown::Media(rendition(), Stretch::Last(6_000), None);
    let goes_on = async {
        loop {
            let document = follower.document(&shown, i64::MIN).await.unwrap().unwrap();
            let text = document.body.ready().unwrap().join();
            if String::from_utf8_lossy(&text).contains("1/4200.ts") {
                break;
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(10), goes_on).await.unwrap();
    following.abort();
}
