//! Reading an object wherever it is by now.

use std::sync::Arc;

use bytes::Bytes;
use timeline::ObjectKey;

use crate::{LiveMemory, ObjectStore, Spool, StoreError};

/// Reads from memory, then from the spool, then from the store. Objects move in that order, so one
/// that is listed is always found: what has left a place is already in the next one.
#[derive(Clone, Debug)]
pub struct LiveFirst {
    /// The newest objects.
    pub memory: Arc<LiveMemory>,
    /// Objects on their way to the store, when this node has such.
    pub spool: Option<Arc<Spool>>,
    /// All others.
    pub store: Arc<dyn ObjectStore>,
}

impl LiveFirst {
    /// The whole object.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`] when it is nowhere; others when that is not known.
    pub async fn get(&self, key: &ObjectKey) -> Result<Bytes, StoreError> {
        if let Some(bytes) = self.memory.get(key) {
            return Ok(bytes);
        }
        if let Some(spool) = &self.spool {
            match spool.get(key).await {
                Err(StoreError::NotFound { .. }) => {}
                found_or_failed => return found_or_failed,
            }
        }
        self.store.get(key).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FolderStore, MemoryStore};

    fn key(number: u32) -> ObjectKey {
        ObjectKey::parse(&format!("live/cam/ts/1/{number}.ts")).unwrap()
    }

    #[tokio::test]
    async fn an_object_is_read_from_the_nearest_place() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Arc::new(Spool::open(folder.path()).await.unwrap());
        let store = Arc::new(MemoryStore::default());
        let memory = Arc::new(LiveMemory::new(100));
        let layered = LiveFirst {
            memory: Arc::clone(&memory),
            spool: Some(Arc::clone(&spool)),
            store: Arc::clone(&store) as _,
        };
        assert!(matches!(layered.get(&key(0)).await, Err(StoreError::NotFound { .. })));
        // The bytes of one object do not differ; here they tell where they were read.
        store.put(&key(0), Bytes::from_static(b"store")).await.unwrap();
        assert_eq!(layered.get(&key(0)).await.unwrap(), "store");
        spool.write(&key(0), Bytes::from_static(b"spool")).await.unwrap();
        assert_eq!(layered.get(&key(0)).await.unwrap(), "spool");
        memory.insert(key(0), Bytes::from_static(b"memory"));
        assert_eq!(layered.get(&key(0)).await.unwrap(), "memory");
        let elsewhere = LiveFirst { spool: None, ..layered };
        memory.remove(&key(0));
        assert_eq!(elsewhere.get(&key(0)).await.unwrap(), "store");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn an_object_that_moves_while_it_is_read_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Arc::new(Spool::open(&folder.path().join("spool")).await.unwrap());
        let store = Arc::new(FolderStore::open(&folder.path().join("objects")).await.unwrap());
        let memory = Arc::new(LiveMemory::new(0));
        let layered =
            LiveFirst { memory, spool: Some(Arc::clone(&spool)), store: Arc::clone(&store) as _ };
        for number in 0..300 {
            let file = spool.write(&key(number), Bytes::from_static(b"bytes")).await.unwrap();
            let (store, layered) = (Arc::clone(&store), layered.clone());
            let reader = tokio::spawn(async move {
                for _ in 0..5 {
                    assert_eq!(layered.get(&key(number)).await.unwrap(), "bytes", "{number}");
                }
            });
            store.adopt(&key(number), &file).await.unwrap();
            reader.await.unwrap();
        }
    }
}
