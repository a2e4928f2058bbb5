//! What Prometheus reads: one registry a process, with names that follow one rule.

use prometheus::core::Collector;
use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, TextEncoder,
};

/// The process's metrics. Clones share them.
///
/// Names are `weir_<role>_<what>_<unit>`, and `_total` follows on a counter. Labels have few
/// values, known beforehand; never a stream's name. Roles make their metrics once, at start, and
/// keep the handles of label values they use often (`with_label_values` looks them up).
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    registry: Registry,
}

/// Each of these panics on a name against the rule and on a second metric of one name: both are
/// mistakes in the program, and show at its first start.
impl Metrics {
    /// A counter.
    #[must_use]
    pub fn counter(&self, name: &'static str, help: &'static str) -> IntCounter {
        self.register(Kind::Counter, name, IntCounter::new(name, help))
    }

    /// Counters, one for each combination of `labels`' values.
    #[must_use]
    pub fn counters(
        &self,
        name: &'static str,
        help: &'static str,
        labels: &[&str],
    ) -> IntCounterVec {
        self.register(Kind::Counter, name, IntCounterVec::new(Opts::new(name, help), labels))
    }

    /// A gauge.
    #[must_use]
    pub fn gauge(&self, name: &'static str, help: &'static str) -> IntGauge {
        self.register(Kind::Gauge, name, IntGauge::new(name, help))
    }

    /// Gauges, one for each combination of `labels`' values.
    #[must_use]
    pub fn gauges(&self, name: &'static str, help: &'static str, labels: &[&str]) -> IntGaugeVec {
        self.register(Kind::Gauge, name, IntGaugeVec::new(Opts::new(name, help), labels))
    }

    /// A histogram with these upper bounds.
    #[must_use]
    pub fn histogram(&self, name: &'static str, help: &'static str, buckets: &[f64]) -> Histogram {
        let options = HistogramOpts::new(name, help).buckets(buckets.to_vec());
        self.register(Kind::Histogram, name, Histogram::with_opts(options))
    }

    /// Histograms, one for each combination of `labels`' values.
    #[must_use]
    pub fn histograms(
        &self,
        name: &'static str,
        help: &'static str,
        labels: &[&str],
        buckets: &[f64],
    ) -> HistogramVec {
        let options = HistogramOpts::new(name, help).buckets(buckets.to_vec());
        self.register(Kind::Histogram, name, HistogramVec::new(options, labels))
    }

    /// All metrics in Prometheus' text format.
    #[must_use]
    pub fn render(&self) -> String {
        let encoded = TextEncoder::new().encode_to_string(&self.registry.gather());
        // Writing to memory does not fail, and a metric without samples is left out by gather.
        encoded.unwrap_or_default()
    }

    fn register<M: Collector + Clone + 'static>(
        &self,
        kind: Kind,
        name: &'static str,
        metric: prometheus::Result<M>,
    ) -> M {
        if let Err(rule) = kind.check(name) {
            panic!("the metric {name} breaks the rule: {rule}");
        }
        let registered = metric.and_then(|metric| {
            self.registry.register(Box::new(metric.clone()))?;
            Ok(metric)
        });
        registered.unwrap_or_else(|error| panic!("the metric {name} is not possible: {error}"))
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Counter,
    Gauge,
    Histogram,
}

impl Kind {
    fn check(self, name: &str) -> Result<(), &'static str> {
        let parts: Vec<_> = name.split('_').collect();
        let plain = |part: &&str| {
            part.starts_with(|c: char| c.is_ascii_lowercase())
                && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        };
        if !parts.iter().all(plain) {
            return Err("words are lower-case letters and digits, with one underscore between");
        }
        if parts.first() != Some(&"weir") || parts.len() < 3 {
            return Err("a name is weir_<role>_<what>_<unit>");
        }
        match (self, parts.last().copied().unwrap_or_default()) {
            (Self::Counter, "total") => Ok(()),
            (Self::Counter, _) => Err("a counter's name ends in _total"),
            (Self::Gauge | Self::Histogram, "total") => Err("only a counter ends in _total"),
            (Self::Gauge, _) | (Self::Histogram, "seconds" | "bytes") => Ok(()),
            (Self::Histogram, _) => Err("a histogram's name ends in _seconds or _bytes"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: Kind, name: &str, expected: &str) {
        let actual = kind.check(name).err().unwrap_or("ok");
        assert!(actual.contains(expected), "{name}: {actual}");
    }

    #[test]
    fn a_name_says_role_what_and_unit() {
        check(Kind::Counter, "weir_edge_sent_bytes_total", "ok");
        check(Kind::Counter, "weir_edge_requests_total", "ok");
        check(Kind::Gauge, "weir_edge_open_requests", "ok");
        check(Kind::Histogram, "weir_edge_response_seconds", "ok");
        check(Kind::Counter, "weir_edge_requests", "ends in _total");
        check(Kind::Gauge, "weir_edge_requests_total", "only a counter");
        check(Kind::Histogram, "weir_edge_response_ms", "_seconds or _bytes");
        check(Kind::Gauge, "edge_open_requests", "weir_<role>");
        check(Kind::Gauge, "weir_requests", "weir_<role>");
        check(Kind::Gauge, "weir_edge__requests", "one underscore");
        check(Kind::Gauge, "weir_Edge_requests", "lower-case");
        check(Kind::Gauge, "weir_edge_requests_", "one underscore");
    }

    #[test]
    fn what_was_counted_is_rendered() {
        let metrics = Metrics::default();
        metrics.counter("weir_edge_shots_total", "Shots.").inc_by(3);
        let counters = metrics.counters("weir_edge_requests_total", "Requests.", &["kind"]);
        counters.with_label_values(&["page"]).inc();
        metrics.gauge("weir_edge_open_requests", "Open.").set(2);
        metrics.histogram("weir_edge_response_seconds", "Time.", &[0.1]).observe(0.05);
        let text = metrics.render();
        for line in [
            "# HELP weir_edge_shots_total Shots.",
            "# TYPE weir_edge_shots_total counter",
            "weir_edge_shots_total 3",
            "weir_edge_requests_total{kind=\"page\"} 1",
            "weir_edge_open_requests 2",
            "weir_edge_response_seconds_bucket{le=\"0.1\"} 1",
        ] {
            assert!(text.lines().any(|other| other == line), "{line} in {text}");
        }
    }

    #[test]
    #[should_panic(expected = "the metric weir_edge_open_requests is not possible")]
    fn one_name_is_one_metric() {
        let metrics = Metrics::default();
        let _first = metrics.gauge("weir_edge_open_requests", "Open.");
        let _second = metrics.gauge("weir_edge_open_requests", "Open.");
    }
}
