//! Many viewers who come at the same moment.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use async_trait::async_trait;
use journal::{AppendError, JournalError, Stored, Tail};

use super::*;

/// A journal that counts how often it is read back, and takes its time for it.
#[derive(Debug)]
struct Counting {
    journal: Arc<dyn Journal>,
    reads: AtomicU32,
}

#[async_trait]
impl Journal for Counting {
    async fn append(
        &self,
        stream: &StreamName,
        expected: Position,
        entry: &Entry,
    ) -> Result<Position, AppendError> {
        self.journal.append(stream, expected, entry).await
    }

    async fn read_newest(
        &self,
        stream: &StreamName,
        count: usize,
    ) -> Result<Vec<Stored>, JournalError> {
        self.reads.fetch_add(1, Relaxed);
        tokio::task::yield_now().await;
        self.journal.read_newest(stream, count).await
    }

    async fn read_after(
        &self,
        stream: &StreamName,
        after: Position,
        limit: usize,
    ) -> Result<Vec<Stored>, JournalError> {
        self.journal.read_after(stream, after, limit).await
    }

    async fn tail(&self, stream: &StreamName, after: Position) -> Result<Tail, JournalError> {
        self.journal.tail(stream, after).await
    }

    async fn streams(&self) -> Result<Vec<(StreamName, Stored)>, JournalError> {
        self.journal.streams().await
    }

    async fn trim(&self, stream: &StreamName, before: Position) -> Result<u64, JournalError> {
        self.journal.trim(stream, before).await
    }
}

/// How often the journal is read when so many viewers ask at once, and how many get a playlist.
async fn crowd(viewers: usize, path: &'static str) -> (u32, usize) {
    let mut stream = Stream::new().await;
    for number in 0..40 {
        stream.segment(unix_ms() + number * 2_000).await;
    }
    let counting = Counting { journal: Arc::clone(&stream.journal), reads: AtomicU32::new(0) };
    let counting = Arc::new(counting);
    stream.journal = Arc::clone(&counting) as Arc<dyn Journal>;
    let playlist = Arc::new(stream.playlist());
    let ask = |_| {
        let playlist = Arc::clone(&playlist);
        tokio::spawn(async move { fetch(&playlist, path).await.is_ok() })
    };
    let asked: Vec<_> = (0..viewers).map(ask).collect();
    let mut served = 0;
    for answer in asked {
        served += usize::from(answer.await.unwrap());
    }
    (counting.reads.load(Relaxed), served)
}

#[tokio::test]
async fn a_crowd_has_the_journal_read_once() {
    let path = "/live/a/ts/index.m3u8";
    let (alone, _) = crowd(1, path).await;
    assert_eq!(crowd(100, path).await, (alone, 100));
    // Of a stream that is not there, once more for those who came while it was looked for.
    let (reads, served) = crowd(100, "/live/b/ts/index.m3u8").await;
    assert!(reads <= 2 && served == 0, "{reads} {served}");
}
