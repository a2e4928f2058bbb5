//! For people: what is wrong, where, and what to do about it.

use std::fmt::{self, Write as _};

use super::Report;
use crate::finding::Finding;
use crate::rule::Severity;

/// Columns of a line of prose.
const COLUMNS: usize = 88;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in self.findings() {
            write_finding(f, finding)?;
        }
        let state = &self.summary.state;
        if state.segments == 0 {
            writeln!(f, "No segment could be examined.")?;
            return writeln!(f, "Score {} of 100: {}.", self.score(), self.verdict());
        }
        let (played, took) = (state.played.as_secs_f64(), self.summary.took.as_secs_f64());
        writeln!(
            f,
            "{} of {} ({:.1} s, {:.1} MB) in {took:.1} s.",
            match self.summary.renditions.len() {
                1 => "One rendition".to_owned(),
                count => format!("{count} renditions"),
            },
            match state.segments {
                1 => "one segment".to_owned(),
                count => format!("{count} segments"),
            },
            played,
            megabytes(state.bytes),
        )?;
        writeln!(f, "Score {} of 100: {}.", self.score(), self.verdict())
    }
}

impl Report {
    /// How many rules of each severity are broken, in words.
    fn verdict(&self) -> String {
        let mut text = String::new();
        let severities =
            [Severity::Fatal, Severity::Must, Severity::Should, Severity::Quality, Severity::Info];
        for severity in severities {
            let of = |finding: &&Finding| finding.rule.severity == severity;
            let count = self.findings().iter().filter(of).count();
            if count > 0 {
                let comma = if text.is_empty() { "" } else { ", " };
                // Writing to a String cannot fail.
                let _ = write!(text, "{comma}{count} {severity}");
            }
        }
        if text.is_empty() { "nothing to find fault with".into() } else { text }
    }
}

fn write_finding(f: &mut fmt::Formatter<'_>, finding: &Finding) -> fmt::Result {
    let rule = finding.rule;
    let requirement = format!("{}: {} ({})", rule.id, rule.requirement, rule.reference);
    write_folded(f, &format!("{:<6} ", rule.severity), &requirement)?;
    for example in &finding.examples {
        match example.place.to_string().as_str() {
            "" => write_folded(f, "       - ", &example.what)?,
            place => write_folded(f, "       - ", &format!("{place}: {}", example.what))?,
        }
    }
    let shown = u64::try_from(finding.examples.len()).unwrap_or(u64::MAX);
    match finding.count.saturating_sub(shown) {
        0 => {}
        more => writeln!(f, "       - and {more} more")?,
    }
    write_folded(f, "       = ", rule.remedy)?;
    writeln!(f)
}

/// Prose, folded between words; what cannot be folded is left long.
fn write_folded(f: &mut fmt::Formatter<'_>, first: &str, text: &str) -> fmt::Result {
    let indent = " ".repeat(first.chars().count());
    let mut line = first.to_owned();
    let mut has_words = false;
    for word in text.split_whitespace() {
        if has_words && line.chars().count() + 1 + word.chars().count() > COLUMNS {
            writeln!(f, "{line}")?;
            line = indent.clone();
            has_words = false;
        }
        if has_words {
            line.push(' ');
        }
        line.push_str(word);
        has_words = true;
    }
    writeln!(f, "{line}")
}

/// In tenths, for people.
fn megabytes(bytes: u64) -> f64 {
    f64::from(u32::try_from(bytes / 100_000).unwrap_or(u32::MAX)) / 10.0
}
