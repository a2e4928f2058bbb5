//! A store for tests of others.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use timeline::{ObjectKey, StreamName};

use crate::{ObjectStore, StoreError};

/// Keeps objects in memory, all of them, until it is dropped.
#[derive(Default, Debug)]
pub struct MemoryStore {
    objects: Mutex<BTreeMap<ObjectKey, Bytes>>,
}

impl MemoryStore {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<ObjectKey, Bytes>> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl ObjectStore for MemoryStore {
    async fn put(&self, key: &ObjectKey, bytes: Bytes) -> Result<(), StoreError> {
        self.lock().insert(key.clone(), bytes);
        Ok(())
    }

    async fn get(&self, key: &ObjectKey) -> Result<Bytes, StoreError> {
        let found = self.lock().get(key).cloned();
        found.ok_or_else(|| StoreError::NotFound { path: key.path() })
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn conforms() {
        crate::conformance::all(&MemoryStore::default()).await;
    }
}
