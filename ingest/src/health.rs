//! What the stream doctor says of a publication, as operators see it: a line in the log for each
//! change, and metrics by grade.

use std::net::SocketAddr;

use prometheus::IntGaugeVec;
use segmenter::{Change, Grade};
use tracing::{info, warn};

use crate::Metrics;

/// One publication among those that are counted by grade. Dropping it takes it out.
#[derive(Debug)]
pub(crate) struct Health {
    publishers: IntGaugeVec,
    grade: Grade,
}

impl Health {
    /// A publication of which there is nothing to say yet.
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let health = Self { publishers: metrics.grades.clone(), grade: Grade::Good };
        health.count(1);
        health
    }

    /// The grade that was told last.
    pub(crate) const fn grade(&self) -> Grade {
        self.grade
    }

    /// Tells what has changed, and the grade that the publication has from now on.
    pub(crate) fn tell(
        &mut self,
        changes: Vec<Change>,
        grade: Grade,
        (name, peer): (&str, SocketAddr),
        metrics: &Metrics,
    ) {
        for Change { finding, before } in changes {
            let (id, now, was) = (finding.id, finding.grade.name(), before.name());
            let (evidence, advice) = (finding.evidence, finding.advice);
            if finding.grade > before {
                metrics.findings.with_label_values(&[id, now]).inc();
                warn!(stream.name = name, peer.addr = %peer, finding = id, grade = now, grade.before = was, evidence, "`{name}`: {advice}");
            } else if finding.grade > Grade::Good {
                info!(stream.name = name, peer.addr = %peer, finding = id, grade = now, grade.before = was, evidence, "`{name}` is better: {advice}");
            } else {
                info!(stream.name = name, peer.addr = %peer, finding = id, grade = now, grade.before = was, "`{name}` is well again: no {id} any more");
            }
        }
        if grade != self.grade {
            self.count(-1);
            self.grade = grade;
            self.count(1);
        }
    }

    fn count(&self, by: i64) {
        self.publishers.with_label_values(&[self.grade.name()]).add(by);
    }
}

impl Drop for Health {
    fn drop(&mut self) {
        self.count(-1);
    }
}

#[cfg(test)]
mod tests {
    use segmenter::Finding;

    use super::*;

    #[test]
    fn publications_are_counted_under_their_grade_and_findings_when_they_get_worse() {
        let metrics = Metrics::new(&runtime::Metrics::default());
        let count = |grade: Grade| metrics.grades.with_label_values(&[grade.name()]).get();
        let counts = || Grade::ALL.map(count);
        let change = |before, grade| {
            let (evidence, advice) = (String::new(), String::new());
            let finding = Finding { id: "stalls", grade, since_ms: 0, evidence, advice };
            vec![Change { finding, before }]
        };
        let whose = ("live/a", SocketAddr::from(([127, 0, 0, 1], 1)));
        let (mut one, other) = (Health::new(&metrics), Health::new(&metrics));
        assert_eq!(counts(), [2, 0, 0]);
        one.tell(change(Grade::Good, Grade::Poor), Grade::Poor, whose, &metrics);
        assert_eq!(counts(), [1, 0, 1]);
        one.tell(change(Grade::Poor, Grade::Fair), Grade::Fair, whose, &metrics);
        drop(other);
        assert_eq!(counts(), [0, 1, 0]);
        drop(one);
        assert_eq!(counts(), [0, 0, 0]);
        let findings =
            |grade: Grade| metrics.findings.with_label_values(&["stalls", grade.name()]).get();
        assert_eq!(Grade::ALL.map(findings), [0, 0, 1]);
    }
}
