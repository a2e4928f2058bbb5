//! The stream doctor: what is wrong with a push, and what its streamer should do, in plain words.
//!
//! Pure: time is an argument, and memory is bounded however long a push is. [`Doctor`] is fed with
//! every unit as the clock has placed it; once a second it measures ([`Seen`]), holds what it has
//! measured against a table ([`rules()`]), and says what holds long enough ([`Diagnosis`]).

mod course;
mod delays;
mod figures;
mod format;
mod gaps;
mod gops;
mod held_back;
mod mending;
mod pauses;
mod pictures;
mod rates;
mod rules;
mod seen;
mod sound;
#[cfg(test)]
mod tests;

use media::{AccessUnit, Track};

use self::course::Course;
pub use self::figures::Figures;
use self::rules::grade;
pub use self::rules::{Bounds, Rule, Unit, rules};
use self::seen::Seen;
use crate::Repairs;

/// Watches one publication.
#[derive(Debug)]
pub struct Doctor {
    seen: Seen,
    /// One for each rule, in the order of the table.
    courses: Vec<Course>,
    /// When it is looked at again.
    next_ms: Option<i64>,
    diagnosis: Diagnosis,
}

/// How good a push is, or one thing about it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Grade {
    /// There is nothing to say.
    #[default]
    Good,
    /// It plays, worse than it could.
    Fair,
    /// Viewers suffer.
    Poor,
}

/// What is wrong with a publication at a moment.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Diagnosis {
    /// The worst grade of the findings.
    pub grade: Grade,
    /// What there is to say, the worst first.
    pub findings: Vec<Finding>,
    /// What was measured.
    pub figures: Figures,
}

/// One thing that is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// Its name, which never changes: for scripts, labels and documents.
    pub id: &'static str,
    /// How bad it is.
    pub grade: Grade,
    /// Since when it holds, in milliseconds since the Unix epoch.
    pub since_ms: i64,
    /// What was measured, in short.
    pub evidence: String,
    /// One sentence for the streamer: what is wrong, what it does, what to set where.
    pub advice: String,
}

/// A finding that came, went, or is worse or better than before.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// What was said last. Its grade is [`Grade::Good`] when it has gone.
    pub finding: Finding,
    /// Its grade before.
    pub before: Grade,
}

/// How often it is judged, in milliseconds.
const EVERY_MS: i64 = 1_000;

impl Doctor {
    /// A doctor who has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self {
            seen: Seen::default(),
            courses: rules().map(|_| Course::default()).collect(),
            next_ms: None,
            diagnosis: Diagnosis::default(),
        }
    }

    /// A track is announced, or changes. Of each kind the one with the lowest number is watched.
    pub fn track(&mut self, track: &Track) {
        self.seen.track(track);
    }

    /// A unit arrived at `now_ms`, in milliseconds since the Unix epoch. `jumped` says that the
    /// encoder's clock jumped right before it.
    pub fn unit(&mut self, unit: &AccessUnit, jumped: bool, now_ms: i64) {
        self.seen.unit(unit, jumped, now_ms);
    }

    /// For a while until `now_ms` nothing was read, for a reason that is not the encoder's.
    pub fn waited(&mut self, now_ms: i64) {
        self.seen.waited(now_ms);
    }

    /// The server's clock was set by `by_ms`, and is `now_ms` now: that is not the encoder's doing.
    pub fn clock_set(&mut self, by_ms: i64, now_ms: i64) {
        self.seen.clock_set(by_ms, now_ms);
    }

    /// Judges, unless that was done within the last second: `repairs` and `broken` are what was
    /// mended and thrown away since the beginning. Says what changes by it.
    pub fn examine(&mut self, repairs: Repairs, broken: u64, now_ms: i64) -> Vec<Change> {
        // A clock that was set back is judged at once and from there on.
        let waits = |next: i64| now_ms < next && now_ms >= next.saturating_sub(EVERY_MS);
        if self.seen.is_empty() || self.next_ms.is_some_and(waits) {
            return Vec::new();
        }
        self.next_ms = Some(now_ms.saturating_add(EVERY_MS));
        self.seen.examine(repairs, broken, now_ms);
        let changes = self.judge(now_ms);
        let findings = rules().zip(&self.courses).filter_map(|(rule, it)| it.finding(rule.id));
        self.diagnosis.findings.clear();
        self.diagnosis.findings.extend(findings);
        self.diagnosis.findings.sort_by_key(|finding| std::cmp::Reverse(finding.grade));
        let worst = self.diagnosis.findings.iter().map(|finding| finding.grade).max();
        self.diagnosis.grade = worst.unwrap_or_default();
        self.diagnosis.figures = self.seen.figures();
        changes
    }

    /// What is wrong as of the last look.
    #[must_use]
    pub const fn diagnosis(&self) -> &Diagnosis {
        &self.diagnosis
    }

    fn judge(&mut self, now_ms: i64) -> Vec<Change> {
        let mut changes = Vec::new();
        for (rule, course) in rules().zip(&mut self.courses) {
            let measured = (rule.measure)(&self.seen);
            course.measured = measured.map(|value| (value, grade(rule.bounds, value)));
        }
        for (at, rule) in rules().enumerate() {
            let (is_shown, is_near) = self.causes(rule);
            let Some(course) = self.courses.get_mut(at) else { continue };
            let before = course.shown;
            let measured = course.measured.filter(|_| !is_near);
            if is_shown {
                course.withdraw();
            } else {
                course.update(measured.map_or(Grade::Good, |(_, grade)| grade), now_ms);
            }
            if let Some((value, Grade::Fair | Grade::Poor)) = measured {
                course.said = Some((rule.say)(&self.seen, value).with(rule.remedy));
            }
            if course.shown != before {
                let finding = course.last(rule.id);
                changes.push(Change { finding, before });
            }
        }
        changes
    }

    /// Whether something else is said that explains what this rule is about, and whether it is
    /// about to be.
    fn causes(&self, rule: &Rule) -> (bool, bool) {
        let of = |cause: &&Course, shown: bool| match (shown, cause.measured) {
            (true, _) => cause.shown > Grade::Good,
            (false, measured) => measured.is_some_and(|(_, grade)| grade > Grade::Good),
        };
        let causes = || {
            let named = rules().zip(&self.courses).filter(|(it, _)| rule.unless.contains(&it.id));
            named.map(|(_, course)| course)
        };
        let is_shown = causes().any(|cause| of(&cause, true));
        (is_shown, is_shown || causes().any(|cause| of(&cause, false)))
    }
}

impl Default for Doctor {
    fn default() -> Self {
        Self::new()
    }
}

impl Grade {
    /// All there are, the best first.
    pub const ALL: [Self; 3] = [Self::Good, Self::Fair, Self::Poor];

    /// Its name in logs, metrics and scripts.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Fair => "fair",
            Self::Poor => "poor",
        }
    }
}
