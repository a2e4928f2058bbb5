//! How far back viewers can go.

#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::evidence::RenditionEvidence;
use crate::finding::Faults;
use crate::rule::{Rule, Severity, Test};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "DVR-WIN",
        severity: Severity::Must,
        reference: "--dvr",
        requirement: "The window is as long as was promised.",
        remedy: "Keep segments in the playlist for as long as viewers may go back.",
        test: Test::Rendition(window),
    },
    Rule {
        id: "DVR-AVAIL",
        severity: Severity::Must,
        reference: "RFC 8216, 6.2.1",
        requirement: "Segments of the whole window can be fetched.",
        remedy: "Keep segments stored for as long as they are listed.",
        test: Test::Exam,
    },
];

/// A stream from which nothing was removed yet is as long as it can be. The last segment may have
/// left while the next was not whole: one target duration is forgiven.
fn window(evidence: &RenditionEvidence<'_>, faults: &mut Faults<'_>) {
    let RenditionEvidence { playlist, options, .. } = evidence;
    let Some(promised) = options.dvr else { return };
    if playlist.media_sequence == 0 || playlist.has_ended {
        return;
    }
    let length: Duration = playlist.segments.iter().map(|segment| segment.duration).sum();
    let forgiven = playlist.target_duration.unwrap_or_default();
    if length + forgiven < promised {
        faults.add(format!(
            "the window is {:.3} s long, and {:.3} s were promised",
            length.as_secs_f64(),
            promised.as_secs_f64()
        ));
    }
}
