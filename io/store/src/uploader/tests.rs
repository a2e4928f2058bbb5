use std::ops::Range;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering::SeqCst};

use async_trait::async_trait;
use bytes::Bytes;
use timeline::{RecordingKey, StreamName};

use super::*;
use crate::{FlakyStore, FolderStore, MemoryStore, Spool, Survey};

const FAST: UploaderSettings = UploaderSettings {
    concurrency: 1,
    sync: false,
    retry_min: Duration::from_millis(1),
    retry_max: Duration::from_millis(4),
};

fn key(number: u32) -> ObjectKey {
    ObjectKey::parse(&format!("live/cam/ts/1/{number}.ts")).unwrap()
}

/// The file's name.
fn name(key: &ObjectKey) -> String {
    key.path().rsplit('/').next().unwrap().to_owned()
}

async fn spooled(spool: &Spool, number: u32) -> (ObjectKey, PathBuf) {
    let file = spool.write(&key(number), Bytes::from_static(b"bytes")).await.unwrap();
    (key(number), file)
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

/// Writes down which objects it is given, and refuses some.
#[derive(Debug, Default)]
struct Recorder {
    store: MemoryStore,
    adopted: Mutex<Vec<String>>,
    refused: Option<ObjectKey>,
    /// An object that fails for now, however often it is tried.
    failing: Option<ObjectKey>,
    at_once: AtomicUsize,
    at_once_max: AtomicUsize,
    deposed: AtomicU32,
}

#[async_trait]
impl ObjectStore for Recorder {
    async fn put(&self, key: &ObjectKey, bytes: Bytes) -> Result<(), StoreError> {
        let (operation, path) = ("put", key.path());
        if self.refused.as_ref() == Some(key) {
            return Err(StoreError::Refused { operation, path, source: "no".into() });
        }
        if self.failing.as_ref() == Some(key) {
            self.deposed.fetch_add(1, SeqCst);
            return Err(StoreError::Unavailable { operation, path, source: "not now".into() });
        }
        let at_once = self.at_once.fetch_add(1, SeqCst) + 1;
        self.at_once_max.fetch_max(at_once, SeqCst);
        sleep(Duration::from_millis(2)).await;
        self.at_once.fetch_sub(1, SeqCst);
        self.adopted.lock().unwrap().push(name(key));
        self.store.put(key, bytes).await
    }

    async fn put_new(&self, key: &ObjectKey, bytes: Bytes) -> Result<bool, StoreError> {
        self.store.put_new(key, bytes).await
    }

    async fn get(&self, key: &ObjectKey) -> Result<Bytes, StoreError> {
        self.store.get(key).await
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

#[tokio::test]
async fn a_spooled_segment_becomes_an_object_and_leaves_the_spool() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(&folder.path().join("spool")).await.unwrap();
    let store = Arc::new(FolderStore::open(&folder.path().join("objects")).await.unwrap());
    let uploader = Uploader::start(Arc::clone(&store) as _, UploaderSettings::default());
    for number in 0..20 {
        let (key, file) = spooled(&spool, number).await;
        uploader.submit(key, file);
    }
    assert_eq!(uploader.drain(soon()).await, 0);
    assert_eq!(store.list(key(0).stream()).await.unwrap().len(), 20);
    assert_eq!(spool.recover().await.unwrap(), []);
    let status = UploaderStatus { adopted_objects: 20, ..UploaderStatus::default() };
    assert_eq!(uploader.status(), status);
}

#[tokio::test]
async fn what_fails_for_now_is_repeated_until_it_succeeds() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path()).await.unwrap();
    let store = Arc::new(FlakyStore::new(Arc::new(MemoryStore::default()), 12));
    let settings = UploaderSettings { concurrency: 2, ..FAST };
    let uploader = Uploader::start(Arc::clone(&store) as _, settings);
    for number in 0..5 {
        let (key, file) = spooled(&spool, number).await;
        uploader.submit(key, file);
    }
    assert_eq!(uploader.drain(soon()).await, 0);
    assert_eq!(store.attempts(), 17, "each of five succeeds once, after twelve failures in all");
    for number in 0..5 {
        assert_eq!(store.get(&key(number)).await.unwrap(), "bytes");
    }
    assert_eq!(uploader.status().failed_attempts, 12);
}

#[tokio::test]
async fn the_oldest_segment_goes_first_and_only_so_many_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path()).await.unwrap();
    for concurrency in [1, 3] {
        let store = Arc::new(Recorder::default());
        let settings = UploaderSettings { concurrency, ..FAST };
        let uploader = Uploader::start(Arc::clone(&store) as _, settings);
        for number in [3, 1, 2, 9, 8, 7] {
            let (key, file) = spooled(&spool, number).await;
            uploader.submit(key, file);
        }
        assert_eq!(uploader.drain(soon()).await, 0);
        assert!(store.at_once_max.load(SeqCst) <= concurrency);
        if concurrency == 1 {
            let expected = ["3.ts", "1.ts", "2.ts", "9.ts", "8.ts", "7.ts"];
            assert_eq!(*store.adopted.lock().unwrap(), expected);
        }
    }
}

#[tokio::test]
async fn a_refused_segment_stays_in_the_spool_and_holds_nobody_up() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path()).await.unwrap();
    let store = Arc::new(Recorder { refused: Some(key(0)), ..Recorder::default() });
    let uploader = Uploader::start(Arc::clone(&store) as _, FAST);
    for number in 0..3 {
        let (key, file) = spooled(&spool, number).await;
        uploader.submit(key, file);
    }
    assert_eq!(uploader.drain(soon()).await, 0);
    assert_eq!(*store.adopted.lock().unwrap(), ["1.ts", "2.ts"]);
    assert!(spool.contains(&key(0)).await.unwrap());
    assert_eq!(uploader.status().refused_objects, 1);
}

#[tokio::test]
async fn a_segment_that_always_fails_lets_others_pass_and_is_never_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path()).await.unwrap();
    let store = Arc::new(Recorder { failing: Some(key(0)), ..Recorder::default() });
    let uploader = Uploader::start(Arc::clone(&store) as _, FAST);
    for number in 0..3 {
        let (key, file) = spooled(&spool, number).await;
        uploader.submit(key, file);
    }
    let deadline = soon();
    while (store.adopted.lock().unwrap().len() < 2 || store.deposed.load(SeqCst) < 12)
        && Instant::now() < deadline
    {
        tokio::task::yield_now().await;
    }
    assert_eq!(*store.adopted.lock().unwrap(), ["1.ts", "2.ts"]);
    let status = uploader.status();
    assert_eq!((status.queued_objects, status.queued_bytes), (1, 5));
    assert!(status.oldest_age.is_some() && status.failed_attempts >= 12, "{status:?}");
    assert_eq!(uploader.drain(Instant::now() + Duration::from_millis(20)).await, 1);
    assert!(spool.contains(&key(0)).await.unwrap());
}

#[tokio::test]
async fn a_file_that_was_taken_before_counts_as_done() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path()).await.unwrap();
    let store = Arc::new(MemoryStore::default());
    let uploader =
        Uploader::start(Arc::clone(&store) as _, UploaderSettings { sync: true, ..FAST });
    let (key, file) = spooled(&spool, 0).await;
    for _ in 0..2 {
        uploader.submit(key.clone(), file.clone());
    }
    uploader.submit(self::key(1), folder.path().join("nowhere"));
    assert_eq!(uploader.drain(soon()).await, 0);
    let status = uploader.status();
    assert_eq!((status.adopted_objects, status.refused_objects), (2, 1));
}

#[test]
fn the_pauses_grow_to_their_limit_and_are_not_all_the_same() {
    let settings = UploaderSettings::default();
    for failures in 0..100 {
        let whole = Duration::from_millis(100 * 2_u64.pow(failures.min(20)));
        let whole = whole.min(Duration::from_secs(30));
        let pauses: Vec<_> = (0..8).map(|number| settings.pause(failures, number)).collect();
        let fits = |pause: &Duration| (whole / 2..=whole).contains(pause);
        assert!(pauses.iter().all(fits), "after {failures} failures: {pauses:?}");
        assert!(pauses.iter().any(|pause| *pause != pauses[0]), "{pauses:?}");
    }
}
