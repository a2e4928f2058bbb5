//! What the stream doctor says of the publication.

use super::Segmenter;
use crate::{Change, Diagnosis};

impl Segmenter {
    /// Lets the doctor judge, unless that was done within the last second. `broken` counts what was
    /// thrown away before it came here. Says what changes by it.
    pub fn examine(&mut self, broken: u64, now_ms: i64) -> Vec<Change> {
        let repairs = self.repairs();
        self.doctor.examine(repairs, broken, now_ms)
    }

    /// For a while until `now_ms` nothing was read: how what came meanwhile arrives says nothing of
    /// its encoder.
    pub fn waited(&mut self, now_ms: i64) {
        self.doctor.waited(now_ms);
    }

    /// The server's clock was set by `by_ms`, and is `now_ms` now: its encoder has not stalled.
    pub fn clock_set(&mut self, by_ms: i64, now_ms: i64) {
        self.doctor.clock_set(by_ms, now_ms);
    }

    /// What the doctor says of the publication as of the last look.
    #[must_use]
    pub const fn diagnosis(&self) -> &Diagnosis {
        self.doctor.diagnosis()
    }
}
