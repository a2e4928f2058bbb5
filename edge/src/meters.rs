//! What the edge counts.

use std::time::Duration;

use http::StatusCode;
use prometheus::{Histogram, IntCounter, IntGauge};
use runtime::Metrics;

/// The edge's metrics, with a handle for every label.
#[derive(Debug)]
pub(crate) struct Meters {
    playlist: KindMeters,
    segment: KindMeters,
    page: KindMeters,
    api: KindMeters,
    other: KindMeters,
    open: IntGauge,
    /// Objects that the origin was asked for.
    pub(crate) object_reads: IntCounter,
}

/// What a request was for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// A playlist.
    Playlist,
    /// A segment.
    Segment,
    /// A page, or a file of one.
    Page,
    /// Something that another role answers.
    Api,
    /// Nothing that there is.
    Other,
}

/// Counts a request as open.
#[derive(Debug)]
pub(crate) struct Open(IntGauge);

#[derive(Debug)]
struct KindMeters {
    success: IntCounter,
    redirection: IntCounter,
    client_error: IntCounter,
    server_error: IntCounter,
    bytes: IntCounter,
    seconds: Histogram,
}

impl Meters {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let requests = metrics.counters(
            "weir_edge_requests_total",
            "Requests that were answered, by what was asked for and the class of the status.",
            &["kind", "status"],
        );
        let bytes = metrics.counters(
            "weir_edge_sent_bytes_total",
            "Bytes of response bodies, by what was asked for.",
            &["kind"],
        );
        let seconds = metrics.histograms(
            "weir_edge_response_seconds",
            "Time from a request's head to its response's, by what was asked for.",
            &["kind"],
            &SECONDS,
        );
        let kind = |kind| KindMeters {
            success: requests.with_label_values(&[kind, "2xx"]),
            redirection: requests.with_label_values(&[kind, "3xx"]),
            client_error: requests.with_label_values(&[kind, "4xx"]),
            server_error: requests.with_label_values(&[kind, "5xx"]),
            bytes: bytes.with_label_values(&[kind]),
            seconds: seconds.with_label_values(&[kind]),
        };
        Self {
            playlist: kind("playlist"),
            segment: kind("segment"),
            page: kind("page"),
            api: kind("api"),
            other: kind("other"),
            open: metrics.gauge("weir_edge_open_requests", "Requests that wait for an answer."),
            object_reads: metrics.counter(
                "weir_edge_object_reads_total",
                "Segments and other objects that the origin was asked for.",
            ),
        }
    }

    /// A request came.
    pub(crate) fn open(&self) -> Open {
        self.open.inc();
        Open(self.open.clone())
    }

    /// A request was answered.
    pub(crate) fn answered(&self, kind: Kind, status: StatusCode, bytes: u64, took: Duration) {
        let meters = match kind {
            Kind::Playlist => &self.playlist,
            Kind::Segment => &self.segment,
            Kind::Page => &self.page,
            Kind::Api => &self.api,
            Kind::Other => &self.other,
        };
        let by_class = match status.as_u16() {
            ..=299 => &meters.success,
            300..=399 => &meters.redirection,
            400..=499 => &meters.client_error,
            500.. => &meters.server_error,
        };
        by_class.inc();
        meters.bytes.inc_by(bytes);
        meters.seconds.observe(took.as_secs_f64());
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// From memory it takes microseconds; from a store milliseconds; a request that waits for the next
/// segment takes up to a segment.
const SECONDS: [f64; 9] = [0.000_1, 0.001, 0.005, 0.025, 0.1, 0.5, 2.0, 5.0, 15.0];
