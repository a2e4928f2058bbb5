//! A journal and a store that fail when a test says so.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::SeqCst};

use async_trait::async_trait;
use bytes::Bytes;
use journal::{AppendError, Journal, JournalError, Position, Stored, Tail};
use store::{ObjectStore, StoreError, Survey};
use timeline::{Entry, ObjectKey, RecordingKey, StreamName};

/// How things fail: not at all, at first.
#[derive(Debug)]
pub(crate) struct Frailty {
    /// Operations until nothing answers any more.
    left: AtomicI64,
    /// Whether the first one that gets no answer is done nevertheless.
    does_the_last: AtomicBool,
    is_away: AtomicBool,
    /// Of so many operations one gets an answer.
    every: AtomicU64,
    count: AtomicU64,
}

/// What becomes of an operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fate {
    Answered,
    /// It is done, and nobody hears of it.
    Done,
    Lost,
}

impl Default for Frailty {
    fn default() -> Self {
        Self {
            left: AtomicI64::new(i64::MAX),
            does_the_last: AtomicBool::new(false),
            is_away: AtomicBool::new(false),
            every: AtomicU64::new(1),
            count: AtomicU64::new(0),
        }
    }
}

impl Frailty {
    /// Nothing answers after so many operations.
    pub(crate) fn die_after(&self, operations: i64, does_the_last: bool) {
        self.does_the_last.store(does_the_last, SeqCst);
        self.left.store(operations, SeqCst);
    }

    /// Everything answers again. Whether it did not.
    pub(crate) fn revive(&self) -> bool {
        self.left.swap(i64::MAX, SeqCst) < 0
    }

    pub(crate) fn is_answering(&self) -> bool {
        self.left.load(SeqCst) >= 0
    }

    pub(crate) fn set_away(&self, is_away: bool) {
        self.is_away.store(is_away, SeqCst);
    }

    pub(crate) fn answer_every(&self, every: u64) {
        self.every.store(every, SeqCst);
    }

    fn fate(&self) -> Fate {
        let left = self.left.fetch_sub(1, SeqCst);
        let count = self.count.fetch_add(1, SeqCst);
        let is_answered = count.is_multiple_of(self.every.load(SeqCst));
        if left > 0 && is_answered && !self.is_away.load(SeqCst) {
            Fate::Answered
        } else if left == 0 && self.does_the_last.load(SeqCst) {
            Fate::Done
        } else {
            Fate::Lost
        }
    }
}

/// A journal that fails.
#[derive(Debug)]
pub(crate) struct FrailJournal {
    pub(crate) inner: Arc<dyn Journal>,
    pub(crate) frailty: Arc<Frailty>,
}

impl FrailJournal {
    fn read(&self) -> Result<(), JournalError> {
        let source = "nobody answers".into();
        let failed = JournalError::Unavailable { operation: "read", source };
        if self.frailty.fate() == Fate::Answered { Ok(()) } else { Err(failed) }
    }
}

#[async_trait]
impl Journal for FrailJournal {
    async fn append(
        &self,
        stream: &StreamName,
        expected: Position,
        entry: &Entry,
    ) -> Result<Position, AppendError> {
        match self.frailty.fate() {
            Fate::Answered => return self.inner.append(stream, expected, entry).await,
            Fate::Done => drop(self.inner.append(stream, expected, entry).await),
            Fate::Lost => {}
        }
        Err(AppendError::Unavailable { source: "nobody answers".into() })
    }

    async fn read_newest(
        &self,
        stream: &StreamName,
        count: usize,
    ) -> Result<Vec<Stored>, JournalError> {
        self.read()?;
        self.inner.read_newest(stream, count).await
    }

    async fn read_after(
        &self,
        stream: &StreamName,
        after: Position,
        limit: usize,
    ) -> Result<Vec<Stored>, JournalError> {
        self.read()?;
        self.inner.read_after(stream, after, limit).await
    }

    async fn tail(&self, stream: &StreamName, after: Position) -> Result<Tail, JournalError> {
        self.inner.tail(stream, after).await
    }

    async fn streams(&self) -> Result<Vec<(StreamName, Stored)>, JournalError> {
        self.read()?;
        self.inner.streams().await
    }

    async fn trim(&self, stream: &StreamName, before: Position) -> Result<u64, JournalError> {
        self.read()?;
        self.inner.trim(stream, before).await
    }
}

/// A store that fails.
#[derive(Debug)]
pub(crate) struct FrailStore {
    pub(crate) inner: Arc<dyn ObjectStore>,
    pub(crate) frailty: Arc<Frailty>,
}

impl FrailStore {
    /// The answer of something that is done, if there is one.
    async fn answer<T>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        match self.frailty.fate() {
            Fate::Answered => return work.await,
            Fate::Done => drop(work.await),
            Fate::Lost => {}
        }
        let (path, source) = (String::new(), "nobody answers".into());
        Err(StoreError::Unavailable { operation: "use", path, source })
    }
}

#[async_trait]
impl ObjectStore for FrailStore {
    async fn put(&self, key: &ObjectKey, bytes: Bytes) -> Result<(), StoreError> {
        self.answer(self.inner.put(key, bytes)).await
    }

    async fn put_new(&self, key: &ObjectKey, bytes: Bytes) -> Result<bool, StoreError> {
        self.answer(self.inner.put_new(key, bytes)).await
    }

    async fn get(&self, key: &ObjectKey) -> Result<Bytes, StoreError> {
        self.answer(self.inner.get(key)).await
    }

    async fn get_range(&self, key: &ObjectKey, range: Range<u64>) -> Result<Bytes, StoreError> {
        self.answer(self.inner.get_range(key, range)).await
    }

    async fn length(&self, key: &ObjectKey) -> Result<u64, StoreError> {
        self.answer(self.inner.length(key)).await
    }

    async fn delete(&self, key: &ObjectKey) -> Result<(), StoreError> {
        self.answer(self.inner.delete(key)).await
    }

    async fn adopt(&self, key: &ObjectKey, file: &Path) -> Result<(), StoreError> {
        self.answer(self.inner.adopt(key, file)).await
    }

    async fn contains(&self, key: &ObjectKey) -> Result<bool, StoreError> {
        self.answer(self.inner.contains(key)).await
    }

    async fn list(&self, stream: &StreamName) -> Result<Vec<ObjectKey>, StoreError> {
        self.answer(self.inner.list(stream)).await
    }

    async fn records(&self, stream: &StreamName) -> Result<Vec<RecordingKey>, StoreError> {
        self.answer(self.inner.records(stream)).await
    }

    fn survey(&self, stream: &StreamName) -> Survey {
        self.inner.survey(stream)
    }
}
