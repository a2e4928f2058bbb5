//! What rules find, kept within bounds however long an exam lasts.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::rule::{Rule, Severity};

/// All that was found so far.
#[derive(Debug, Default)]
pub struct Ledger {
    findings: BTreeMap<&'static str, Finding>,
}

/// A rule that was broken, however often.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// How often it was broken.
    pub count: u64,
    /// When it was first broken, counted from the start of the exam.
    pub first_at: Duration,
    /// When it was last broken.
    pub last_at: Duration,
    /// The first of what was said, at most [`EXAMPLES_MAX`].
    pub examples: Vec<Example>,
}

/// One time that a rule was broken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Example {
    /// Where.
    pub place: Place,
    /// What is wrong there, in one sentence.
    pub what: String,
}

/// Where something was found. The URL is without a query and user name: no secret is in it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Place {
    /// Which rendition, or nothing for the presentation.
    pub rendition: String,
    /// Which object, in the words of a URL's path.
    pub path: String,
}

/// Where the function of a rule says what is wrong.
#[derive(Debug)]
pub struct Faults<'a> {
    sentences: &'a mut Vec<String>,
}

/// Of each rule: enough to see a pattern, and a stream that is wrong everywhere fits a screen.
pub const EXAMPLES_MAX: usize = 5;

/// Of one piece of evidence: a playlist of a week may break a rule in each of its lines.
const SENTENCES_MAX: usize = 32;

/// Of one sentence: what is quoted may be as long as a playlist, and nobody reads on for ten lines.
const SENTENCE_BYTES_MAX: usize = 1_000;

impl Faults<'_> {
    /// Where a test of rules keeps what they say.
    pub const fn new(sentences: &mut Vec<String>) -> Faults<'_> {
        Faults { sentences }
    }

    /// Something is wrong: one sentence with the numbers that show it, without a full stop.
    pub fn add(&mut self, sentence: impl Into<String>) {
        if self.sentences.len() >= SENTENCES_MAX {
            return;
        }
        let mut sentence = sentence.into();
        if sentence.len() > SENTENCE_BYTES_MAX {
            sentence.truncate(sentence.floor_char_boundary(SENTENCE_BYTES_MAX));
            sentence.push('…');
            // Its room would be kept with it.
            sentence.shrink_to_fit();
        }
        self.sentences.push(sentence);
    }
}

impl Ledger {
    /// Notes what a rule said about something.
    pub fn note(&mut self, rule: &'static Rule, place: &Place, at: Duration, what: Vec<String>) {
        for what in what {
            let finding = self.findings.entry(rule.id).or_insert_with(|| Finding {
                rule,
                count: 0,
                first_at: at,
                last_at: at,
                examples: Vec::new(),
            });
            finding.count += 1;
            finding.last_at = at;
            let example = Example { place: place.clone(), what };
            if finding.examples.len() < EXAMPLES_MAX && !finding.examples.contains(&example) {
                finding.examples.push(example);
            }
        }
    }

    /// How many rules are broken, by severity from the worst on.
    #[must_use]
    pub fn counts(&self) -> [u64; 5] {
        let severities =
            [Severity::Fatal, Severity::Must, Severity::Should, Severity::Quality, Severity::Info];
        severities.map(|severity| {
            let of = |finding: &&Finding| finding.rule.severity == severity;
            u64::try_from(self.findings.values().filter(of).count()).unwrap_or(u64::MAX)
        })
    }

    /// What was found, the worst first.
    #[must_use]
    pub fn findings(&self) -> Vec<&Finding> {
        let mut findings: Vec<_> = self.findings.values().collect();
        findings.sort_by_key(|finding| (finding.rule.severity, finding.rule.id));
        findings
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.path.is_empty() { &self.rendition } else { &self.path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_cut_where_nobody_reads_on() {
        let mut sentences = Vec::new();
        let mut faults = Faults::new(&mut sentences);
        for length in [1_000, 1_001, 1 << 20] {
            faults.add("ä".repeat(length / 2) + &"b".repeat(length % 2));
        }
        (0..100).for_each(|number| faults.add(number.to_string()));
        assert_eq!(sentences.len(), SENTENCES_MAX);
        let lengths: Vec<_> = sentences.iter().take(4).map(String::len).collect();
        assert_eq!(lengths, [1_000, 1_003, 1_003, 1]);
        assert!(sentences[2].ends_with("ää…") && sentences[2].capacity() < 2_000);
    }
}
