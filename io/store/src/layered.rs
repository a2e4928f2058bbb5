//! Reading an object wherever it is by now.

use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use timeline::ObjectKey;

use crate::memory_store::slice;
use crate::{LiveMemory, ObjectStore, Spool, StoreError};

/// Reads from memory, then from the spool, then from the store, and last from the node that made
/// the object. On a node objects move in that order, so one that is listed is always found: what
/// has left a place is already in the next one.
#[derive(Clone, Debug)]
pub struct LiveFirst {
    /// The newest objects.
    pub memory: Arc<LiveMemory>,
    /// Objects on their way to the store, when this node has such.
    pub spool: Option<Arc<Spool>>,
    /// All others.
    pub store: Arc<dyn ObjectStore>,
    /// What other nodes have that the store has not got yet, when they can be asked.
    pub elsewhere: Option<Arc<dyn Elsewhere>>,
}

/// The memory and the spool of other nodes.
#[async_trait]
pub trait Elsewhere: Debug + Send + Sync + 'static {
    /// The whole object, from the node that can be reached at `origin_url`.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`] when that node has it no more, or is this one; others when that is
    /// not known.
    async fn get(&self, key: &ObjectKey, origin_url: &str) -> Result<Bytes, StoreError>;
}

impl LiveFirst {
    /// The whole object.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`] when it is nowhere; others when that is not known.
    pub async fn get(&self, key: &ObjectKey) -> Result<Bytes, StoreError> {
        match self.get_here(key).await {
            Err(StoreError::NotFound { .. }) => self.store.get(key).await,
            found_or_failed => found_or_failed,
        }
    }

    /// The whole object, also when it is only at the node that made it so far: at `origin_url`, as
    /// the journal says of the object's epoch (`Body::Opened`). Read so what the journal lists:
    /// what is nowhere costs two looks into the store and one at its owner.
    ///
    /// # Errors
    ///
    /// As [`Self::get`]'s.
    pub async fn get_of(
        &self,
        key: &ObjectKey,
        origin_url: Option<&str>,
    ) -> Result<Bytes, StoreError> {
        let missing = match self.get(key).await {
            Err(missing @ StoreError::NotFound { .. }) => missing,
            found_or_failed => return found_or_failed,
        };
        let (Some(elsewhere), Some(origin_url)) = (&self.elsewhere, origin_url) else {
            return Err(missing);
        };
        match elsewhere.get(key, origin_url).await {
            Ok(bytes) => Ok(bytes),
            // It may have gone from there to the store between the two looks. A node that does not
            // answer may have stored it as well, but then nobody knows.
            Err(failed) => match self.store.get(key).await {
                Err(StoreError::NotFound { .. }) => Err(failed),
                found_or_failed => found_or_failed,
            },
        }
    }

    /// The whole object, if this node has it: not what only the store has.
    ///
    /// # Errors
    ///
    /// As [`Self::get`]'s.
    pub async fn get_here(&self, key: &ObjectKey) -> Result<Bytes, StoreError> {
        if let Some(bytes) = self.memory.get(key) {
            return Ok(bytes);
        }
        match &self.spool {
            Some(spool) => spool.get(key).await,
            None => Err(StoreError::NotFound { path: key.path() }),
        }
    }

    /// Some of the object's bytes; what lies beyond its end is left out.
    ///
    /// # Errors
    ///
    /// As [`Self::get`].
    pub async fn get_range(&self, key: &ObjectKey, range: Range<u64>) -> Result<Bytes, StoreError> {
        if let Some(bytes) = self.memory.get(key) {
            return Ok(slice(&bytes, &range));
        }
        if let Some(spool) = &self.spool {
            match spool.get_range(key, range.clone()).await {
                Err(StoreError::NotFound { .. }) => {}
                found_or_failed => return found_or_failed,
            }
        }
        self.store.get_range(key, range).await
    }

    /// How many bytes the object has.
    ///
    /// # Errors
    ///
    /// As [`Self::get`].
    pub async fn length(&self, key: &ObjectKey) -> Result<u64, StoreError> {
        if let Some(bytes) = self.memory.get(key) {
            return Ok(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        }
        if let Some(spool) = &self.spool {
            match spool.length(key).await {
                Err(StoreError::NotFound { .. }) => {}
                found_or_failed => return found_or_failed,
            }
        }
        self.store.length(key).await
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
            elsewhere: None,
        };
        assert!(matches!(layered.get(&key(0)).await, Err(StoreError::NotFound { .. })));
        // The bytes of one object do not differ; here they tell where they were read.
        store.put(&key(0), Bytes::from_static(b"store")).await.unwrap();
        assert_eq!(layered.get(&key(0)).await.unwrap(), "store");
        assert_eq!(layered.get_range(&key(0), 2..4).await.unwrap(), "or");
        spool.write(&key(0), Bytes::from_static(b"spool")).await.unwrap();
        assert_eq!(layered.get(&key(0)).await.unwrap(), "spool");
        assert_eq!(layered.get_range(&key(0), 2..4).await.unwrap(), "oo");
        assert_eq!(layered.length(&key(0)).await.unwrap(), 5);
        memory.insert(key(0), Bytes::from_static(b"memory"));
        assert_eq!(layered.get(&key(0)).await.unwrap(), "memory");
        assert_eq!(layered.get_range(&key(0), 2..9).await.unwrap(), "mory");
        assert_eq!(layered.length(&key(0)).await.unwrap(), 6);
        let other = LiveFirst { spool: None, ..layered };
        memory.remove(&key(0));
        assert_eq!(other.get(&key(0)).await.unwrap(), "store");
        let here = other.get_here(&key(0)).await;
        assert!(matches!(here, Err(StoreError::NotFound { .. })), "only the store has it");
    }

    /// Another node, which moves what it is asked for to the store before it answers.
    #[derive(Debug)]
    struct Other {
        store: Arc<MemoryStore>,
        answer: &'static str,
    }

    #[async_trait]
    impl Elsewhere for Other {
        async fn get(&self, key: &ObjectKey, origin_url: &str) -> Result<Bytes, StoreError> {
            assert_eq!(origin_url, "http://a:9190");
            match self.answer {
                "moved" => self.store.put(key, Bytes::from_static(b"store")).await.unwrap(),
                "dead" => {
                    let source = "no route".into();
                    let path = key.path();
                    return Err(StoreError::Unavailable { operation: "ask for", path, source });
                }
                "gone" => {}
                answer => return Ok(Bytes::from_static(answer.as_bytes())),
            }
            Err(StoreError::NotFound { path: key.path() })
        }
    }

    async fn check(answer: &'static str, origin_url: Option<&str>, expected: &str) {
        let store = Arc::new(MemoryStore::default());
        let elsewhere = Arc::new(Other { store: Arc::clone(&store), answer });
        let memory = Arc::new(LiveMemory::new(100));
        let layered = LiveFirst { memory, spool: None, store, elsewhere: Some(elsewhere) };
        let got = match layered.get_of(&key(0), origin_url).await {
            Ok(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
            Err(error) => error.to_string(),
        };
        assert_eq!(got, expected, "{answer}");
    }

    #[tokio::test]
    async fn what_the_store_has_not_got_yet_is_read_from_its_owner() {
        let missing = "there is no object live/cam/ts/1/0.ts";
        let url = Some("http://a:9190");
        check("owner", url, "owner").await;
        check("owner", None, missing).await;
        check("gone", url, missing).await;
        check("moved", url, "store").await;
        check("dead", url, "ask for live/cam/ts/1/0.ts failed for now: no route").await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn an_object_that_moves_while_it_is_read_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Arc::new(Spool::open(&folder.path().join("spool")).await.unwrap());
        let store = Arc::new(FolderStore::open(&folder.path().join("objects")).await.unwrap());
        let memory = Arc::new(LiveMemory::new(0));
        let layered = LiveFirst {
            memory,
            spool: Some(Arc::clone(&spool)),
            store: Arc::clone(&store) as _,
            elsewhere: None,
        };
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
