//! A store that fails at first, for tests of others.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use async_trait::async_trait;
use bytes::Bytes;
use timeline::{ObjectKey, RecordingKey, StreamName};

use crate::{ObjectStore, StoreError, Survey};

/// A store whose first writes fail for now. Reading always works.
#[derive(Debug)]
pub struct FlakyStore {
    store: Arc<dyn ObjectStore>,
    failures_left: AtomicU32,
    attempts: AtomicU32,
}

impl FlakyStore {
    /// `store`, whose first `failures` calls to `put`, `put_new`, `adopt` and `delete` fail.
    #[must_use]
    pub const fn new(store: Arc<dyn ObjectStore>, failures: u32) -> Self {
        Self { store, failures_left: AtomicU32::new(failures), attempts: AtomicU32::new(0) }
    }

    /// How often something was written or tried to be.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts.load(Relaxed)
    }

    fn attempt(&self, operation: &'static str, key: &ObjectKey) -> Result<(), StoreError> {
        self.attempts.fetch_add(1, Relaxed);
        let left = self.failures_left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1));
        match left {
            Err(_) => Ok(()),
            Ok(left) => {
                let source = format!("{left} failures are left").into();
                Err(StoreError::Unavailable { operation, path: key.path(), source })
            }
        }
    }
}

#[async_trait]
impl ObjectStore for FlakyStore {
    async fn put(&self, key: &ObjectKey, bytes: Bytes) -> Result<(), StoreError> {
        self.attempt("put", key)?;
        self.store.put(key, bytes).await
    }

    async fn put_new(&self, key: &ObjectKey, bytes: Bytes) -> Result<bool, StoreError> {
        self.attempt("put", key)?;
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
        self.attempt("delete", key)?;
        self.store.delete(key).await
    }

    async fn adopt(&self, key: &ObjectKey, file: &Path) -> Result<(), StoreError> {
        self.attempt("adopt", key)?;
        self.store.adopt(key, file).await
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
