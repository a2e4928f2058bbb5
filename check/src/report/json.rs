//! For programs: everything, with stable names.

use serde::Serialize;

use super::Report;
use crate::finding::{Example, Finding};

/// The form of the document; it changes when a program that reads it must.
const FORMAT: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    format: u32,
    path: &'a str,
    began_unix_ms: i64,
    took_s: f64,
    is_live: bool,
    score: u32,
    worst: Option<&'a str>,
    renditions: &'a [String],
    segments: u64,
    played_s: f64,
    bytes: u64,
    findings: Vec<FindingDocument<'a>>,
}

#[derive(Serialize)]
struct FindingDocument<'a> {
    rule: &'a str,
    severity: &'a str,
    reference: &'a str,
    requirement: &'a str,
    remedy: &'a str,
    count: u64,
    first_at_s: f64,
    last_at_s: f64,
    examples: Vec<ExampleDocument<'a>>,
}

#[derive(Serialize)]
struct ExampleDocument<'a> {
    rendition: &'a str,
    path: &'a str,
    what: &'a str,
}

impl Report {
    /// The report as a JSON document.
    ///
    /// # Errors
    ///
    /// When it cannot be written, which does not happen.
    pub fn json(&self) -> Result<String, serde_json::Error> {
        let state = &self.summary.state;
        let document = Document {
            format: FORMAT,
            path: &self.path,
            began_unix_ms: self.began_unix_ms,
            took_s: self.summary.took.as_secs_f64(),
            is_live: state.is_live,
            score: self.score(),
            worst: self.worst().map(crate::rule::Severity::word),
            renditions: &self.summary.renditions,
            segments: state.segments,
            played_s: state.played.as_secs_f64(),
            bytes: state.bytes,
            findings: self.findings().iter().map(finding).collect(),
        };
        serde_json::to_string_pretty(&document)
    }
}

fn finding(finding: &Finding) -> FindingDocument<'_> {
    let rule = finding.rule;
    FindingDocument {
        rule: rule.id,
        severity: rule.severity.word(),
        reference: rule.reference,
        requirement: rule.requirement,
        remedy: rule.remedy,
        count: finding.count,
        first_at_s: finding.first_at.as_secs_f64(),
        last_at_s: finding.last_at.as_secs_f64(),
        examples: finding.examples.iter().map(example).collect(),
    }
}

fn example(example: &Example) -> ExampleDocument<'_> {
    let Example { place, what } = example;
    ExampleDocument { rendition: &place.rendition, path: &place.path, what }
}
