//! What an uploader has to do, in order.

use std::collections::BTreeMap;
use std::path::PathBuf;

use timeline::ObjectKey;
use tokio::time::Instant;

use crate::UploaderStatus;

/// Attempts in a row before a job lets the younger ones pass. One that fails because of itself
/// then does not hold up the others, and while the store is away the order stays nearly the same.
const ATTEMPTS_IN_A_ROW: u32 = 8;

/// A file that is to become an object.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) key: ObjectKey,
    pub(super) file: PathBuf,
    pub(super) bytes: u64,
    pub(super) submitted: Instant,
    pub(super) attempts: u32,
}

/// Jobs that wait, and what is known of those under way.
#[derive(Default, Debug)]
pub(super) struct Queue {
    /// By round of attempts, then by age.
    waiting: BTreeMap<(u32, u64), Job>,
    /// Every job that is not done, by its number: how long it is, and since when.
    open: BTreeMap<u64, (u64, Instant)>,
    next: u64,
    /// The bytes of `open`.
    bytes: u64,
    adopted: u64,
    failed: u64,
    refused: u64,
}

impl Queue {
    pub(super) fn add(&mut self, job: Job) {
        let number = self.next;
        self.next = number.saturating_add(1);
        self.bytes = self.bytes.saturating_add(job.bytes);
        self.open.insert(number, (job.bytes, job.submitted));
        self.waiting.insert((0, number), job);
    }

    /// The job to do next, and its number.
    pub(super) fn take(&mut self) -> Option<(u64, Job)> {
        let ((_, number), job) = self.waiting.pop_first()?;
        Some((number, job))
    }

    /// The store has it.
    pub(super) fn adopted(&mut self, number: u64) {
        self.adopted = self.adopted.saturating_add(1);
        self.close(number);
    }

    /// It failed for now.
    pub(super) fn failed(&mut self, number: u64, mut job: Job) {
        self.failed = self.failed.saturating_add(1);
        job.attempts = job.attempts.saturating_add(1);
        self.waiting.insert((job.attempts / ATTEMPTS_IN_A_ROW, number), job);
    }

    /// It failed for good.
    pub(super) fn refused(&mut self, number: u64) {
        self.refused = self.refused.saturating_add(1);
        self.close(number);
    }

    pub(super) fn status(&self, now: Instant) -> UploaderStatus {
        let oldest = self.open.first_key_value().map(|(_, (_, submitted))| *submitted);
        UploaderStatus {
            queued_objects: u64::try_from(self.open.len()).unwrap_or(u64::MAX),
            queued_bytes: self.bytes,
            oldest_age: oldest.map(|submitted| now.saturating_duration_since(submitted)),
            adopted_objects: self.adopted,
            failed_attempts: self.failed,
            refused_objects: self.refused,
        }
    }

    fn close(&mut self, number: u64) {
        if let Some((bytes, _)) = self.open.remove(&number) {
            self.bytes = self.bytes.saturating_sub(bytes);
        }
    }
}
