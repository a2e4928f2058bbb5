//! What was revoked, as it was read and as it was told.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use token::{Revocation, Revocations};

/// How long a revocation that was told is added to what is read: a read that began before it was
/// kept does not have it.
const RECENT: Duration = Duration::from_secs(60);

/// Revocations of a gate. They are looked at without a lock.
#[derive(Default)]
pub(crate) struct Revoked {
    now: ArcSwap<Revocations>,
    told: Mutex<Vec<(Duration, Revocation)>>,
}

impl Revoked {
    /// What holds.
    pub(crate) fn now(&self) -> arc_swap::Guard<Arc<Revocations>> {
        self.now.load()
    }

    /// One was told.
    pub(crate) fn add(&self, revocation: &Revocation, at: Duration) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if !told.iter().any(|(_, other)| other == revocation) {
            told.push((at, revocation.clone()));
        }
        let mut revocations = Revocations::clone(&self.now.load());
        revocations.insert(revocation);
        self.now.store(Arc::new(revocations));
    }

    /// All were read.
    pub(crate) fn replace(&self, read: &[Revocation], at: Duration) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.retain(|(told_at, _)| at < *told_at + RECENT);
        let mut revocations = Revocations::default();
        for revocation in read.iter().chain(told.iter().map(|(_, revocation)| revocation)) {
            revocations.insert(revocation);
        }
        self.now.store(Arc::new(revocations));
    }
}

impl fmt::Debug for Revoked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Revoked({})", self.now.load().len())
    }
}
