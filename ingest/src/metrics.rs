//! What the role counts.

use prometheus::{Histogram, IntCounter, IntCounterVec, IntGauge, IntGaugeVec};
use runtime::Metrics as Registry;
use segmenter::Grade;

/// Handles to the role's metrics.
#[derive(Clone, Debug)]
pub struct Metrics {
    /// Connections that are open.
    pub(crate) connections: IntGauge,
    /// Connections that have ended, by reason.
    pub(crate) disconnects: IntCounterVec,
    /// Publications at this moment.
    pub(crate) publishers: IntGauge,
    /// Bytes received.
    pub(crate) received_bytes: IntCounter,
    /// Bytes of finished segments.
    pub(crate) segment_bytes: IntCounter,
    /// From a segment's end to its listing.
    pub(crate) listing_seconds: Histogram,
    /// Parts of segments.
    pub(crate) parts: IntCounter,
    /// From a part's last unit to its announcement.
    pub(crate) part_seconds: Histogram,
    /// What was mended in what encoders sent, by kind.
    pub(crate) repairs: IntCounterVec,
    /// Publications at this moment, by the doctor's grade.
    pub(crate) grades: IntGaugeVec,
    /// What the doctor has found, by finding and grade.
    pub(crate) findings: IntCounterVec,
}

impl Metrics {
    /// Registers the role's metrics.
    #[must_use]
    pub fn new(registry: &Registry) -> Self {
        let grades = registry.gauges(
            "weir_ingest_publishers_graded",
            "Streams that are live here, by what the stream doctor says of their pushes",
            &["grade"],
        );
        // They are there from the start: none is a number as well.
        for grade in Grade::ALL {
            grades.with_label_values(&[grade.name()]).set(0);
        }
        Self {
            connections: registry
                .gauge("weir_ingest_connections", "RTMP connections that are open"),
            disconnects: registry.counters(
                "weir_ingest_disconnects_total",
                "RTMP connections that have ended, by reason",
                &["reason"],
            ),
            publishers: registry.gauge("weir_ingest_publishers", "Streams that are live here"),
            received_bytes: registry
                .counter("weir_ingest_received_bytes_total", "Bytes received from publishers"),
            segment_bytes: registry
                .counter("weir_ingest_segment_bytes_total", "Bytes of finished segments"),
            listing_seconds: registry.histogram(
                "weir_ingest_listing_seconds",
                "From a segment's last unit to its listing in the journal",
                &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0],
            ),
            parts: registry.counter("weir_ingest_parts_total", "Parts of segments, in low latency"),
            part_seconds: registry.histogram(
                "weir_ingest_part_seconds",
                "From a part's last unit to its announcement",
                &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5],
            ),
            repairs: registry.counters(
                "weir_ingest_repairs_total",
                "What was mended in what encoders sent, by kind",
                &["kind"],
            ),
            grades,
            findings: registry.counters(
                "weir_ingest_findings_total",
                "What the stream doctor has found in pushes, when it came or got worse",
                &["finding", "grade"],
            ),
        }
    }
}
