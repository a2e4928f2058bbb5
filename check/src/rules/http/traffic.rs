//! What all answers together were like.

use crate::evidence::{PresentationEvidence, Traffic};
use crate::finding::Faults;

/// One late answer says nothing: something else may have kept this machine busy.
pub(super) fn first_byte(evidence: &PresentationEvidence<'_>, faults: &mut Faults<'_>) {
    let &Traffic { timed, late, slowest, .. } = evidence.traffic;
    if late >= 2 && late.saturating_mul(20) > timed {
        let slowest = slowest.as_millis();
        faults.add(format!(
            "{late} of {timed} answers began later than 200 ms, the slowest after {slowest} ms"
        ));
    }
}

/// Servers end a connection after some hundred answers, and that is fair.
pub(super) fn keep_alive(evidence: &PresentationEvidence<'_>, faults: &mut Faults<'_>) {
    let &Traffic { answers, reused, closing, .. } = evidence.traffic;
    if answers < 4 {
        return;
    }
    if closing.saturating_mul(4) > answers {
        faults.add(format!("{closing} of {answers} answers ended their connection"));
    } else if reused == 0 {
        faults.add(format!("each of {answers} answers needed a new connection"));
    }
}
