//! Streams that wait for their publisher to come back.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use journal::{AppendError, Journal, Position};
use runtime::{Drain, unix_ms};
use timeline::{Ledger, State, StreamName};
use tokio::sync::Notify;
use tokio::time::{Duration, Instant, sleep_until};
use tracing::{info, warn};

/// How long after a failure an end is appended again.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// Entries of others that are read at a time.
const ENTRIES: usize = 64;
/// How far away the next look is when nobody waits.
const NOBODY_WAITS: Duration = Duration::from_secs(3_600);

/// Ends streams whose publisher does not come back. The append settles whether it has: a stream
/// that somebody claimed meanwhile is not ended.
#[derive(Debug)]
pub(crate) struct Waits {
    journal: Arc<dyn Journal>,
    waiting: Mutex<BTreeMap<StreamName, Waiting>>,
    added: Notify,
}

#[derive(Clone, Debug)]
struct Waiting {
    ledger: Ledger,
    position: Position,
    until: Instant,
}

impl Waits {
    pub(crate) fn new(journal: Arc<dyn Journal>) -> Self {
        Self { journal, waiting: Mutex::default(), added: Notify::new() }
    }

    /// Ends `stream` at `until` if `position` is still its newest entry then.
    pub(crate) fn add(
        &self,
        stream: StreamName,
        ledger: Ledger,
        position: Position,
        until: Instant,
    ) {
        let waiting = Waiting { ledger, position, until };
        self.lock().insert(stream, waiting);
        self.added.notify_one();
    }

    /// Ends streams as their time comes, until the process drains.
    pub(crate) async fn run(&self, mut drain: Drain) {
        loop {
            let next = self.lock().values().map(|waiting| waiting.until).min();
            tokio::select! {
                () = drain.started() => return,
                () = self.added.notified() => {}
                () = sleep_until(next.unwrap_or_else(|| Instant::now() + NOBODY_WAITS)) => {
                    self.end_overdue().await;
                }
            }
        }
    }

    async fn end_overdue(&self) {
        let now = Instant::now();
        let overdue: Vec<_> = {
            let mut waiting = self.lock();
            let over = waiting.extract_if(.., |_, waiting| waiting.until <= now);
            over.collect()
        };
        for (stream, mut waiting) in overdue {
            let ended = waiting.ledger.ended("the publisher did not come back", unix_ms());
            match self.journal.append(&stream, waiting.position, &ended).await {
                Ok(_) => info!(stream.name = %stream, "`{stream}` has ended"),
                Err(AppendError::Stale { .. }) => self.catch_up(stream, waiting).await,
                Err(error @ AppendError::Unavailable { .. }) => {
                    warn!(stream.name = %stream, %error, "`{stream}` is ended later: {error}");
                    let until = now + RETRY_AFTER;
                    // A publisher may have come and gone meanwhile: its own wait is the newer.
                    self.lock().entry(stream).or_insert(Waiting { until, ..waiting });
                }
            }
        }
    }

    /// Waits on if what the stream's journal has got is not another owner's.
    async fn catch_up(&self, stream: StreamName, mut waiting: Waiting) {
        let read = self.journal.read_after(&stream, waiting.position, ENTRIES).await;
        for stored in read.unwrap_or_default() {
            let is_ours = stored.entry.epoch == waiting.ledger.epoch();
            if !is_ours || stored.entry.head.state == State::Ended {
                return;
            }
            // What others may say, or this node said itself and did not hear that it was.
            waiting.ledger = Ledger::resume(&stored.entry);
            waiting.position = stored.position;
        }
        waiting.until = Instant::now() + RETRY_AFTER;
        self.lock().entry(stream).or_insert(waiting);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<StreamName, Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
