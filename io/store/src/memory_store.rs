//! A store for tests of others.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use bytes::Bytes;
use timeline::{ObjectKey, RecordingKey, StreamName};

use crate::survey::{FOUND_MAX, channel};
use crate::{Found, ObjectStore, StoreError, Survey};

/// Keeps objects in memory, all of them, until it is dropped.
#[derive(Default, Debug)]
pub struct MemoryStore {
    objects: Mutex<BTreeMap<ObjectKey, (Bytes, i64)>>,
}

impl MemoryStore {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<ObjectKey, (Bytes, i64)>> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl ObjectStore for MemoryStore {
    async fn put(&self, key: &ObjectKey, bytes: Bytes) -> Result<(), StoreError> {
        self.lock().insert(key.clone(), (bytes, now_ms()));
        Ok(())
    }

    async fn put_new(&self, key: &ObjectKey, bytes: Bytes) -> Result<bool, StoreError> {
        let mut objects = self.lock();
        let is_new = !objects.contains_key(key);
        if is_new {
            objects.insert(key.clone(), (bytes, now_ms()));
        }
        Ok(is_new)
    }

    async fn get(&self, key: &ObjectKey) -> Result<Bytes, StoreError> {
        let found = self.lock().get(key).map(|(bytes, _)| bytes.clone());
        found.ok_or_else(|| StoreError::NotFound { path: key.path() })
    }

    async fn get_range(&self, key: &ObjectKey, range: Range<u64>) -> Result<Bytes, StoreError> {
        Ok(slice(&self.get(key).await?, &range))
    }

    async fn length(&self, key: &ObjectKey) -> Result<u64, StoreError> {
        Ok(u64::try_from(self.get(key).await?.len()).unwrap_or(u64::MAX))
    }

    async fn delete(&self, key: &ObjectKey) -> Result<(), StoreError> {
        self.lock().remove(key);
        Ok(())
    }

    async fn contains(&self, key: &ObjectKey) -> Result<bool, StoreError> {
        Ok(self.lock().contains_key(key))
    }

    async fn list(&self, stream: &StreamName) -> Result<Vec<ObjectKey>, StoreError> {
        let objects = self.lock();
        Ok(objects.keys().filter(|key| key.stream() == stream).cloned().collect())
    }

    async fn records(&self, stream: &StreamName) -> Result<Vec<RecordingKey>, StoreError> {
        let records = self.list(stream).await?.into_iter().filter_map(|key| match key {
            ObjectKey::Recording(key) => Some(key),
            ObjectKey::Media(_) | ObjectKey::Page(_) => None,
        });
        Ok(records.collect())
    }

    fn survey(&self, stream: &StreamName) -> Survey {
        let objects = self.lock();
        let of_stream = objects.iter().filter(|(key, _)| key.stream() == stream);
        let found: Vec<_> = of_stream
            .map(|(key, (bytes, modified_ms))| Found {
                key: key.clone(),
                bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
                modified_ms: *modified_ms,
            })
            .collect();
        let (sender, survey) = channel();
        tokio::spawn(async move {
            for portion in found.chunks(FOUND_MAX) {
                if sender.send(Ok(portion.to_vec())).await.is_err() {
                    break;
                }
            }
        });
        survey
    }
}

/// A part of bytes; what is beyond their end is left out.
pub(crate) fn slice(bytes: &Bytes, range: &Range<u64>) -> Bytes {
    let within = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
    let (start, end) = (within(range.start), within(range.end));
    if start < end { bytes.slice(start..end) } else { Bytes::new() }
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn conforms() {
        crate::conformance::all(&MemoryStore::default()).await;
    }
}
