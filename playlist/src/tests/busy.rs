//! A store that does not answer, and what is served all the same.

use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use async_trait::async_trait;
use store::{StoreError, Survey};
use timeline::RecordingKey;

use super::*;

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
