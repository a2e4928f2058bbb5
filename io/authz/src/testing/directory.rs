//! A directory that a test writes.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use accounts::{Access, OrganisationId, StreamPolicy, TrustedKey};
use async_trait::async_trait;
use timeline::StreamName;
use token::Revocation;

use crate::{BoxError, Directory, StreamAccess};

/// What a test put there, and whether it can be had.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    pub(crate) streams: Mutex<BTreeMap<StreamName, StreamAccess>>,
    pub(crate) keys: Mutex<Vec<TrustedKey>>,
    pub(crate) revocations: Mutex<Vec<Revocation>>,
    pub(crate) is_away: AtomicBool,
    pub(crate) delay: Mutex<Duration>,
    /// How often streams were asked for.
    pub(crate) reads: AtomicUsize,
}

impl Shelf {
    /// Puts a stream of an organisation there, with that policy.
    pub(crate) fn put(&self, name: &str, organisation: &OrganisationId, policy: StreamPolicy) {
        let access = StreamAccess { organisation: organisation.clone(), policy };
        self.streams.lock().unwrap().insert(StreamName::parse(name).unwrap(), access);
    }

    /// Puts a stream there that needs this of viewers.
    pub(crate) fn open(&self, name: &str, organisation: &OrganisationId, access: Access) {
        self.put(name, organisation, StreamPolicy { access, ..StreamPolicy::default() });
    }

    pub(crate) fn is_away(&self, is_away: bool) {
        self.is_away.store(is_away, Ordering::SeqCst);
    }

    async fn reach(&self) -> Result<(), BoxError> {
        let delay = *self.delay.lock().unwrap();
        tokio::time::sleep(delay).await;
        if self.is_away.load(Ordering::SeqCst) { Err("the shelf is away".into()) } else { Ok(()) }
    }
}

#[async_trait]
impl Directory for Shelf {
    async fn access(&self, stream: &StreamName) -> Result<Option<StreamAccess>, BoxError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        // What is read is what is there when it begins.
        let access = self.streams.lock().unwrap().get(stream).cloned();
        self.reach().await?;
        Ok(access)
    }

    async fn trusted_keys(&self) -> Result<Vec<TrustedKey>, BoxError> {
        let keys = self.keys.lock().unwrap().clone();
        self.reach().await?;
        Ok(keys)
    }

    async fn revocations(&self) -> Result<Vec<Revocation>, BoxError> {
        let revocations = self.revocations.lock().unwrap().clone();
        self.reach().await?;
        Ok(revocations)
    }
}
