//! What was mended in what an encoder sent, as operators see it while the stream goes on.

use std::time::Duration;

use container::flv::Skipped;
use prometheus::IntCounterVec;
use segmenter::Repairs;
use tokio::time::Instant;

/// How often the counts are passed on.
const EVERY: Duration = Duration::from_secs(5);
const KINDS: usize = 7;

/// The counts of one publication that have been passed on.
#[derive(Debug)]
pub(crate) struct Mended {
    told: [u64; KINDS],
    next: Instant,
}

/// The counts by kind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counts([(&'static str, u64); KINDS]);

/// What of `skipped` no encoder should send: damage, and nothing that is merely left out.
pub(crate) const fn broken(skipped: &Skipped) -> u64 {
    skipped.bad_header + skipped.bad_config + skipped.bad_nal_length
}

impl Counts {
    /// The sum of what each layer counts.
    pub(crate) const fn new(repairs: Repairs, skipped: &Skipped, cues_dropped: u64) -> Self {
        Self([
            ("jumps", repairs.jumps),
            ("decode_times", repairs.decode_times),
            ("presentation_times", repairs.presentation_times),
            ("audio_gaps", repairs.audio_gaps),
            ("forced_cuts", repairs.forced_cuts),
            ("cues", cues_dropped),
            ("dropped", repairs.dropped.saturating_add(skipped.total())),
        ])
    }

    /// The kinds that there are, with their counts, in one line.
    pub(crate) fn line(self) -> String {
        let there = self.0.iter().filter(|(_, count)| *count > 0);
        there.map(|(kind, count)| format!("{kind}: {count}")).collect::<Vec<_>>().join(", ")
    }
}

impl Mended {
    pub(crate) fn new() -> Self {
        Self { told: [0; KINDS], next: Instant::now() }
    }

    /// Whether it is time to pass the counts on.
    pub(crate) fn is_due(&mut self) -> bool {
        let now = Instant::now();
        let is_due = now >= self.next;
        if is_due {
            self.next = now + EVERY;
        }
        is_due
    }

    /// Passes on what came since the last time. Returns the kinds that are there for the first
    /// time.
    pub(crate) fn tell(&mut self, counts: Counts, metrics: &IntCounterVec) -> Vec<&'static str> {
        let mut new = Vec::new();
        for ((kind, count), told) in counts.0.into_iter().zip(&mut self.told) {
            metrics.with_label_values(&[kind]).inc_by(count.saturating_sub(*told));
            if *told == 0 && count > 0 {
                new.push(kind);
            }
            *told = count;
        }
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_count_is_passed_on_once_and_a_new_kind_is_named_once() {
        let metrics = crate::Metrics::new(&runtime::Metrics::default()).repairs;
        let mut mended = Mended::new();
        let counts = |jumps, forced_cuts| {
            let repairs = Repairs { jumps, forced_cuts, ..Repairs::default() };
            Counts::new(repairs, &Skipped::default(), 0)
        };
        assert_eq!(mended.tell(counts(2, 0), &metrics), ["jumps"]);
        assert_eq!(mended.tell(counts(3, 1), &metrics), ["forced_cuts"]);
        assert_eq!(metrics.with_label_values(&["jumps"]).get(), 3);
        assert_eq!(counts(3, 1).line(), "jumps: 3, forced_cuts: 1");
    }
}
