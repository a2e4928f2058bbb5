//! What a janitor freed.

use std::fmt;

use prometheus::{IntCounter, IntCounterVec};
use runtime::Metrics;
use serde::Serialize;

/// What went, or would go.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize)]
pub struct Freed {
    /// Objects of all kinds.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Segments among them, in all renditions.
    pub segments: u64,
    /// Index pages among them.
    pub pages: u64,
    /// Objects among them that nothing ever listed: what a crash left behind.
    pub orphans: u64,
}

/// What janitors tell Prometheus.
#[derive(Clone, Debug)]
pub struct JanitorMetrics {
    objects: IntCounterVec,
    bytes: IntCounter,
    looks: IntCounter,
}

impl JanitorMetrics {
    /// Registers them. Make them once a process.
    #[must_use]
    pub fn new(metrics: &Metrics) -> Self {
        Self {
            objects: metrics.counters(
                "weir_playlist_janitor_objects_total",
                "Objects that were deleted since their time was over, or nothing listed them.",
                &["kind"],
            ),
            bytes: metrics.counter(
                "weir_playlist_janitor_freed_bytes_total",
                "Bytes of the objects that were deleted.",
            ),
            looks: metrics.counter(
                "weir_playlist_janitor_looks_total",
                "How often everything was looked at.",
            ),
        }
    }

    /// Counts a look.
    pub(super) fn count(&self, freed: Freed) {
        let Freed { objects, bytes, segments, pages, orphans } = freed;
        let other = objects.saturating_sub(segments).saturating_sub(pages).saturating_sub(orphans);
        let kinds = [("segment", segments), ("page", pages), ("orphan", orphans), ("other", other)];
        for (kind, count) in kinds {
            self.objects.with_label_values(&[kind]).inc_by(count);
        }
        self.bytes.inc_by(bytes);
        self.looks.inc();
    }
}

impl Freed {
    /// Both together.
    pub(crate) fn add(&mut self, other: Self) {
        self.objects = self.objects.saturating_add(other.objects);
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.segments = self.segments.saturating_add(other.segments);
        self.pages = self.pages.saturating_add(other.pages);
        self.orphans = self.orphans.saturating_add(other.orphans);
    }
}

impl fmt::Display for Freed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { objects, bytes, segments, .. } = self;
        write!(f, "{objects} objects, {segments} of them segments, with {bytes} bytes")
    }
}
