//! Takes spooled segments to the store.

mod queue;
#[cfg(test)]
mod tests;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use timeline::ObjectKey;
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::{error, info, warn};

use crate::files::blocking;
use crate::{ObjectStore, StoreError};
use queue::{Job, Queue};

/// Has the store adopt spooled files, the oldest first. It is the one layer that tries again: what
/// fails for now is repeated until it succeeds. What the store refuses for good stays in the spool,
/// is named in the log, and is tried again when the process starts the next time.
///
/// Clones share one queue; when the last one is dropped, the work ends where it is.
#[derive(Clone, Debug)]
pub struct Uploader {
    shared: Arc<Shared>,
    _workers: Arc<Workers>,
}

/// How an uploader works.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UploaderSettings {
    /// Files that are taken to the store at the same time.
    pub concurrency: usize,
    /// Whether a file's bytes are forced to the disk before the store adopts it, so that a power
    /// cut does not leave an empty object. The time that takes is nobody's but the uploader's.
    pub sync: bool,
    /// How long after a first failure it is tried again; after each further one, twice as long.
    pub retry_min: Duration,
    /// The longest time between two attempts.
    pub retry_max: Duration,
}

/// What an uploader has done and has to do.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct UploaderStatus {
    /// Segments that the store does not have yet.
    pub queued_objects: u64,
    /// Their length.
    pub queued_bytes: u64,
    /// How long the oldest of them has waited.
    pub oldest_age: Option<Duration>,
    /// Segments that the store has taken.
    pub adopted_objects: u64,
    /// Attempts that failed for now.
    pub failed_attempts: u64,
    /// Segments that the store refused, which stay in the spool.
    pub refused_objects: u64,
}

#[derive(Debug)]
struct Shared {
    store: Arc<dyn ObjectStore>,
    settings: UploaderSettings,
    queue: Mutex<Queue>,
    /// Wakes a worker that found nothing to do.
    added: Notify,
    /// Jobs that are queued or under way.
    left: watch::Sender<u64>,
}

#[derive(Debug)]
struct Workers(Vec<AbortHandle>);

impl Default for UploaderSettings {
    fn default() -> Self {
        Self {
            concurrency: 4,
            sync: true,
            retry_min: Duration::from_millis(100),
            retry_max: Duration::from_secs(30),
        }
    }
}

impl Uploader {
    /// Starts an uploader to `store`. Must be called within a Tokio runtime.
    #[must_use]
    pub fn start(store: Arc<dyn ObjectStore>, settings: UploaderSettings) -> Self {
        let shared = Arc::new(Shared {
            store,
            settings,
            queue: Mutex::default(),
            added: Notify::new(),
            left: watch::Sender::new(0),
        });
        let worker = |_| tokio::spawn(Arc::clone(&shared).work()).abort_handle();
        let workers = (0..settings.concurrency.max(1)).map(worker).collect();
        Self { shared, _workers: Arc::new(Workers(workers)) }
    }

    /// Queues a file of the spool. Returns at once.
    pub fn submit(&self, key: ObjectKey, file: PathBuf) {
        // The file was written a moment ago, so this reads no disk.
        let bytes = std::fs::metadata(&file).map_or(0, |metadata| metadata.len());
        let job = Job { key, file, bytes, submitted: Instant::now(), attempts: 0 };
        self.shared.queue().add(job);
        self.shared.left.send_modify(|left| *left = left.saturating_add(1));
        self.shared.added.notify_one();
    }

    /// Waits until the store has everything, or until `deadline`. Returns how many segments it does
    /// not have then; they are in the spool, and the next process finds them there.
    pub async fn drain(&self, deadline: Instant) -> u64 {
        let mut left = self.shared.left.subscribe();
        let _ = timeout_at(deadline, left.wait_for(|left| *left == 0)).await;
        *left.borrow()
    }

    /// What has been done and is to do.
    #[must_use]
    pub fn status(&self) -> UploaderStatus {
        self.shared.queue().status(Instant::now())
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.0.iter().for_each(AbortHandle::abort);
    }
}

impl Shared {
    async fn work(self: Arc<Self>) {
        let mut failures = 0;
        loop {
            let next = self.queue().take();
            let Some((number, job)) = next else {
                self.added.notified().await;
                continue;
            };
            match self.upload(&job).await {
                Ok(()) => {
                    if failures > 0 {
                        info!(object.key = %job.key, "the store takes segments again");
                    }
                    failures = 0;
                    self.queue().adopted(number);
                }
                Err(error) if error.is_temporary() => {
                    let pause = self.settings.pause(failures, number);
                    failures = failures.saturating_add(1);
                    warn!(object.key = %job.key, attempts = job.attempts + 1, retry_in = ?pause, %error, "a segment is tried again in {pause:?}: {error}");
                    self.queue().failed(number, job);
                    sleep(pause).await;
                    continue;
                }
                Err(error) => {
                    let (key, file) = (&job.key, job.file.display());
                    error!(object.key = %key, file = %file, %error, "a segment stays in the spool: {error}");
                    self.queue().refused(number);
                }
            }
            self.left.send_modify(|left| *left = left.saturating_sub(1));
        }
    }

    async fn upload(&self, job: &Job) -> Result<(), StoreError> {
        if self.settings.sync {
            sync(&job.key, &job.file).await?;
        }
        match self.store.adopt(&job.key, &job.file).await {
            // An attempt before this one had succeeded, or a second submission of the file.
            Err(StoreError::NotFound { .. }) if self.store.contains(&job.key).await? => Ok(()),
            result => result,
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl UploaderSettings {
    /// How long to wait after `failures` failures in a row and another one: twice as long each
    /// time, less up to a half, so that workers and nodes do not come back all at once.
    fn pause(&self, failures: u32, number: u64) -> Duration {
        let doubled = 1_u32.checked_shl(failures).unwrap_or(u32::MAX);
        let pause = self.retry_min.saturating_mul(doubled).min(self.retry_max);
        // The golden ratio spreads successive numbers evenly.
        let spread = number.wrapping_add(failures.into()).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56;
        let per_512 = 512_u32.saturating_sub(u32::try_from(spread).unwrap_or(0));
        pause.saturating_mul(per_512) / 512
    }
}

/// Forces a file's bytes to the disk.
async fn sync(key: &ObjectKey, file: &Path) -> Result<(), StoreError> {
    let file = file.to_owned();
    let sync = move || match std::fs::File::open(file).and_then(|file| file.sync_data()) {
        // Whether it should be there is the store's to say.
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    };
    blocking("force to disk", key.path(), sync).await
}
