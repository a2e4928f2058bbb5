//! What is said about a playlist while it is read.

use super::{Fault, FaultKind};

/// What was noted so far, and the line that is being read.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// The line that is being read, counted from 1.
    pub(super) line: usize,
    pub(super) faults: Vec<Fault>,
    pub(super) unknown_tags: Vec<(usize, String)>,
    /// The highest `EXT-X-VERSION` that something needs, and what.
    pub(super) needs: Option<(u64, &'static str)>,
    /// Which limits were met.
    limits: Vec<&'static str>,
}

/// Who reads the faults has seen enough by then; a playlist of a week may have one in each line.
pub(super) const FAULTS_MAX: usize = 1_000;

/// Of an unknown tag's name, and of whatever else is quoted in a sentence.
const QUOTED_CHARS_MAX: usize = 64;

impl Notes {
    /// Something is wrong in the line that is being read.
    pub(super) fn add(&mut self, kind: FaultKind, what: impl Into<String>) {
        self.add_at(self.line, kind, what);
    }

    /// Something is wrong in another line.
    pub(super) fn add_at(&mut self, line: usize, kind: FaultKind, what: impl Into<String>) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(Fault { line, kind, what: what.into() });
        }
    }

    /// A tag is not known.
    pub(super) fn add_unknown(&mut self, name: &str) {
        if self.unknown_tags.len() < FAULTS_MAX {
            self.unknown_tags.push((self.line, short(name)));
        }
    }

    /// More is there than is read of something: said once.
    pub(super) fn add_limit(&mut self, what: &'static str, limit: usize) {
        if !self.limits.contains(&what) {
            self.limits.push(what);
            let what = format!("there are more than {limit} {what}, and what follows is not read");
            let line = self.line;
            // Whoever reads the faults must know that there is more, however many there are.
            self.faults.push(Fault { line, kind: FaultKind::Limit, what });
        }
    }

    /// Something may only stand in a playlist of this version or a later one.
    pub(super) fn need(&mut self, version: u64, what: &'static str) {
        if self.needs.is_none_or(|(known, _)| known < version) {
            self.needs = Some((version, what));
        }
    }
}

/// The beginning of a text, for a sentence.
pub(super) fn short(text: &str) -> String {
    text.chars().take(QUOTED_CHARS_MAX).collect()
}
