//! What decides about the viewers of each stream, as it was read last.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use moka::sync::Cache;
use timeline::StreamName;
use tokio::time::timeout;
use tracing::warn;

use crate::flights::{Flight, Flights, NoFlight, landed};
use crate::{BoxError, Directory, StreamAccess};

/// Streams that are remembered.
const STREAMS_MAX: u64 = 50_000;
/// Reads under way: of as many streams.
const READS_MAX: usize = 1_024;
/// How long a policy is not read again. Changes are told by the bus; this is for what it loses.
const FRESH: Duration = Duration::from_secs(30);
/// How long a stream that is not there is not looked for again.
const UNKNOWN: Duration = Duration::from_secs(1);
/// How long a policy holds that cannot be read again.
const LAST_KNOWN: Duration = Duration::from_secs(300);
/// How long one that could not be read is not tried again: longer than a read may take, or viewers
/// would do nothing but wait.
const RETRY: Duration = Duration::from_secs(5);
/// How long a read may take.
const READ_TIME_MAX: Duration = Duration::from_secs(2);

/// Policies of streams.
#[derive(Clone)]
pub(crate) struct Policies {
    directory: Arc<dyn Directory>,
    kept: Arc<Kept>,
    reads: Flights<Read>,
    started: Instant,
}

type Read = Result<Option<Arc<StreamAccess>>, Arc<str>>;

struct Kept {
    streams: Cache<Arc<str>, Entry>,
    /// Counts what may have changed a policy: a read that began before it is not kept.
    changes: AtomicU64,
    /// Counts when all were to be read anew.
    sweeps: AtomicU64,
}

#[derive(Clone)]
struct Entry {
    access: Option<Arc<StreamAccess>>,
    read_at: Duration,
    fresh_until: Duration,
    sweep: u64,
}

impl Policies {
    pub(crate) fn new(directory: Arc<dyn Directory>) -> Self {
        let kept = Kept {
            streams: Cache::new(STREAMS_MAX),
            changes: AtomicU64::new(0),
            sweeps: AtomicU64::new(0),
        };
        let (kept, started) = (Arc::new(kept), Instant::now());
        Self { directory, kept, reads: Flights::new(READS_MAX), started }
    }

    /// What decides about the viewers of `stream`; `None` if there is no such stream.
    pub(crate) async fn of(
        &self,
        stream: &StreamName,
    ) -> Result<Option<Arc<StreamAccess>>, BoxError> {
        self.at(stream, self.started.elapsed()).await
    }

    async fn at(
        &self,
        stream: &StreamName,
        now: Duration,
    ) -> Result<Option<Arc<StreamAccess>>, BoxError> {
        let entry = self.kept.streams.get(stream.as_str());
        let sweep = self.kept.sweeps.load(Ordering::Acquire);
        if let Some(entry) = entry.as_ref().filter(|entry| entry.is_fresh(now, sweep)) {
            return Ok(entry.access.clone());
        }
        let read = match self.read(stream, now) {
            Ok(read) => landed(read).await.unwrap_or_else(|| Err("the read was given up".into())),
            Err(NoFlight::Busy { limit }) => {
                Err(format!("{limit} policies are being read already").into())
            }
            Err(NoFlight::Refused(never)) => match never {},
        };
        let error = match read {
            Ok(access) => return Ok(access),
            Err(error) => error,
        };
        // A change that was told meanwhile has taken the entry away.
        let known = self.kept.streams.get(stream.as_str());
        let known = known.and_then(|entry| entry.last_known(now, sweep));
        let Some(known) = known else { return Err((*error).into()) };
        let access = known.access.clone();
        self.kept.streams.insert(stream.as_str().into(), known);
        Ok(access)
    }

    fn read(
        &self,
        stream: &StreamName,
        now: Duration,
    ) -> Result<Flight<Read>, NoFlight<std::convert::Infallible>> {
        let name: Arc<str> = stream.as_str().into();
        self.reads.join(&name, || {
            let (this, stream, name) = (self.clone(), stream.clone(), Arc::clone(&name));
            Ok(async move { this.read_now(&stream, name, now).await })
        })
    }

    async fn read_now(&self, stream: &StreamName, name: Arc<str>, now: Duration) -> Read {
        let changes = self.kept.changes.load(Ordering::Acquire);
        let sweep = self.kept.sweeps.load(Ordering::Acquire);
        let read = timeout(READ_TIME_MAX, self.directory.access(stream)).await;
        let access = match read {
            Ok(Ok(access)) => access.map(Arc::new),
            Ok(Err(error)) => {
                warn!(%stream, %error, "a stream's policy cannot be read");
                return Err(error.to_string().into());
            }
            Err(_) => {
                warn!(%stream, limit = ?READ_TIME_MAX, "a stream's policy is not read in time");
                return Err("reading the stream's policy takes too long".into());
            }
        };
        let fresh_until = now + if access.is_some() { FRESH } else { UNKNOWN };
        let entry = Entry { access: access.clone(), read_at: now, fresh_until, sweep };
        self.kept.streams.insert(Arc::clone(&name), entry);
        // Whoever changes it counts first and forgets then: one of both sees the other.
        if self.kept.changes.load(Ordering::Acquire) != changes {
            self.kept.streams.invalidate(&*name);
        }
        Ok(access)
    }

    /// A stream changed: what was read of it holds no more, not even if it cannot be read again.
    pub(crate) fn forget(&self, stream: &StreamName) {
        self.kept.changes.fetch_add(1, Ordering::AcqRel);
        self.kept.streams.invalidate(stream.as_str());
    }

    /// Anything may have changed: all are read anew.
    pub(crate) fn sweep(&self) {
        self.kept.sweeps.fetch_add(1, Ordering::AcqRel);
    }
}

impl Entry {
    fn is_fresh(&self, now: Duration, sweep: u64) -> bool {
        now < self.fresh_until && self.sweep == sweep
    }

    /// What holds although it could not be read again: until when it is tried again.
    fn last_known(self, now: Duration, sweep: u64) -> Option<Self> {
        let holds = self.access.is_some() && now < self.read_at + LAST_KNOWN;
        // It may have been read meanwhile.
        let fresh_until = self.fresh_until.max(now + RETRY);
        holds.then_some(Self { fresh_until, sweep, ..self })
    }
}

impl fmt::Debug for Policies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Policies({} streams)", self.kept.streams.entry_count())
    }
}

#[cfg(test)]
mod tests;
