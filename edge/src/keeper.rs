//! Segments that somebody asked for a moment ago: those who ask for one thing are one request to
//! the origin, whatever their tokens are.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;
use moka::policy::EvictionPolicy;
use origin::{CacheControl, Document, Origin, OriginError};
use prometheus::IntCounter;
use timeline::{ObjectKey, Resource};

/// An origin whose objects are kept for a while, up to a number of bytes.
#[derive(Debug)]
pub(crate) struct Keeper {
    origin: Arc<dyn Origin>,
    kept: Cache<ObjectKey, Document>,
    reads: IntCounter,
}

impl Keeper {
    /// Keeps up to `bytes_max` of what `origin` has, and counts in `reads` what it asks for.
    pub(crate) fn new(origin: Arc<dyn Origin>, bytes_max: u64, reads: IntCounter) -> Self {
        let kept = Cache::builder()
            .max_capacity(bytes_max)
            .weigher(|_, document| weight(document))
            // The newest is what everybody asks for next.
            .eviction_policy(EvictionPolicy::lru())
            .time_to_live(KEPT_FOR)
            .build();
        Self { origin, kept, reads }
    }

    /// What the origin has, or had a moment ago. Failures are not kept, and who only waited for
    /// another's request asks again when that failed: it may have begun to wait earlier.
    pub(crate) async fn fetch(&self, resource: &Resource) -> Result<Document, Arc<OriginError>> {
        let Resource::Object(key) = resource else {
            return self.origin.fetch(resource).await.map_err(Arc::new);
        };
        let mut has_asked = false;
        match self.ask_once(key, resource, &mut has_asked).await {
            Err(_) if !has_asked => self.ask_once(key, resource, &mut has_asked).await,
            answer => answer,
        }
    }

    /// Asks the origin, or waits for somebody who does. Who waits asks if the other hangs up.
    async fn ask_once(
        &self,
        key: &ObjectKey,
        resource: &Resource,
        has_asked: &mut bool,
    ) -> Result<Document, Arc<OriginError>> {
        let read = async {
            *has_asked = true;
            self.reads.inc();
            match self.origin.fetch(resource).await {
                Ok(document) if may_be_kept(&document) => Ok(document),
                Ok(document) => Err(NotKept::Document(document)),
                Err(error) => Err(NotKept::Failure(Arc::new(error))),
            }
        };
        self.kept.try_get_with_by_ref(key, read).await.or_else(|not_kept| match &*not_kept {
            NotKept::Document(document) => Ok(document.clone()),
            NotKept::Failure(error) => Err(Arc::clone(error)),
        })
    }
}

/// What those get who wait now, and nobody later.
enum NotKept {
    Document(Document),
    Failure(Arc<OriginError>),
}

fn may_be_kept(document: &Document) -> bool {
    let is_small = |pieces: &origin::Pieces| pieces.length() <= OBJECT_BYTES_MAX;
    document.cache_control == CacheControl::Immutable && document.body.ready().is_some_and(is_small)
}

fn weight(document: &Document) -> u32 {
    let pieces = document.body.ready().into_iter().chain(&document.gzip);
    let bytes = pieces.map(origin::Pieces::length).fold(ENTRY_BYTES, u64::saturating_add);
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

/// Larger objects are not kept: ten seconds of 12 Mbit/s come to 15 MB.
const OBJECT_BYTES_MAX: u64 = 16 << 20;

/// What an entry costs besides its bytes.
const ENTRY_BYTES: u64 = 512;

/// A crowd asks for a segment within a few target durations. What is deleted is gone so soon.
const KEPT_FOR: Duration = Duration::from_secs(30);
