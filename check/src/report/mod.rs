//! What an exam found, for people and for programs.

mod json;
mod junit;
mod text;

use std::time::Duration;

use crate::exam::progress::State;
use crate::finding::Finding;
use crate::options::Options;
use crate::rule::Severity;

/// What an exam found.
#[derive(Clone, Debug)]
pub struct Report {
    /// What was examined, without secrets.
    pub path: String,
    /// When the exam began: milliseconds since the Unix epoch.
    pub began_unix_ms: i64,
    /// What was seen.
    pub summary: Summary,
}

/// What an exam saw.
#[derive(Clone, Debug)]
pub struct Summary {
    /// How long it took.
    pub took: Duration,
    /// How much it saw.
    pub state: State,
    /// The renditions that could be fetched.
    pub renditions: Vec<String>,
    /// What was found, the worst first.
    pub findings: Vec<Finding>,
}

impl Report {
    pub(crate) fn new(options: &Options, path: String, summary: Summary) -> Self {
        Self { path, began_unix_ms: options.began_unix_ms, summary }
    }

    /// What was found, the worst first.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.summary.findings
    }

    /// From 100, when nothing is wrong, down to 0: so that two servers can be compared. It is 0
    /// where there is nothing to play.
    #[must_use]
    pub fn score(&self) -> u32 {
        if self.summary.state.segments == 0 {
            return 0;
        }
        let lost: u32 = self.findings().iter().map(|finding| finding.rule.severity.points()).sum();
        100_u32.saturating_sub(lost)
    }

    /// The severity of the worst that was found.
    #[must_use]
    pub fn worst(&self) -> Option<Severity> {
        self.findings().iter().map(|finding| finding.rule.severity).min()
    }
}
