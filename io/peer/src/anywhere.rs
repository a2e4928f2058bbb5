//! What is made in this process or in another.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use parts::{Hub, OpenWatch, PartError, PartFlow, PartSource};
use store::{Elsewhere, StoreError};
use timeline::{MediaKey, ObjectKey, StreamName};

use crate::Remote;

/// Asks this process for what it makes, and other nodes for what they make.
#[derive(Debug)]
pub struct Anywhere {
    hub: Hub,
    own_url: Option<Arc<str>>,
    remote: Remote,
}

impl Anywhere {
    /// Asks `hub` for what this process makes, which others read at `own_url`.
    #[must_use]
    pub fn new(hub: Hub, own_url: Option<&str>, remote: Remote) -> Self {
        Self { hub, own_url: own_url.map(Arc::from), remote }
    }

    fn source(&self, origin_url: Option<&str>) -> &dyn PartSource {
        if self.is_here(origin_url) { &self.hub } else { &self.remote }
    }

    fn is_here(&self, origin_url: Option<&str>) -> bool {
        origin_url.is_none() || origin_url == self.own_url.as_deref()
    }
}

#[async_trait]
impl PartSource for Anywhere {
    async fn follow(
        &self,
        stream: &StreamName,
        origin_url: Option<&str>,
    ) -> Result<OpenWatch, PartError> {
        self.source(origin_url).follow(stream, origin_url).await
    }

    async fn read(&self, key: &MediaKey, origin_url: Option<&str>) -> Result<PartFlow, PartError> {
        self.source(origin_url).read(key, origin_url).await
    }
}

#[async_trait]
impl Elsewhere for Anywhere {
    async fn get(&self, key: &ObjectKey, origin_url: &str) -> Result<Bytes, StoreError> {
        if self.is_here(Some(origin_url)) {
            return Err(StoreError::NotFound { path: key.path() });
        }
        self.remote.get(key, origin_url).await
    }
}
