//! How a finding comes and goes without flapping.

use super::{Finding, Grade};

/// How long something must hold until it is said, in milliseconds: two looks more than the first.
/// What a rule measures is an average already.
pub(super) const RAISE_MS: i64 = 2_000;
/// How long something must be better until that is said, in milliseconds: what comes back every
/// half a minute has not gone.
pub(super) const CLEAR_MS: i64 = 30_000;

/// What becomes of one finding.
#[derive(Clone, Debug, Default)]
pub(super) struct Course {
    /// What the rule measures at this look, and the grade of that.
    pub(super) measured: Option<(i64, Grade)>,
    /// The grade that is said.
    pub(super) shown: Grade,
    /// Since when it is said not to be good.
    since_ms: i64,
    /// It has become worse or better, and that is not said yet.
    turn: Option<Turn>,
    /// What was said of it last.
    pub(super) said: Option<Said>,
}

/// Evidence and advice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) evidence: String,
    pub(super) advice: String,
}

#[derive(Clone, Copy, Debug)]
struct Turn {
    since_ms: i64,
    /// Of the grades that were measured since, the one nearest to what is said.
    to: Grade,
}

impl Course {
    /// This grade was measured at `now_ms`.
    pub(super) fn update(&mut self, measured: Grade, now_ms: i64) {
        if measured == self.shown {
            self.turn = None;
            return;
        }
        let is_worse = measured > self.shown;
        let fresh = Turn { since_ms: now_ms, to: measured };
        let turn = self.turn.get_or_insert(fresh);
        if (turn.to > self.shown) != is_worse || now_ms < turn.since_ms {
            *turn = fresh;
        }
        turn.to = if is_worse { turn.to.min(measured) } else { turn.to.max(measured) };
        let wait_ms = if is_worse { RAISE_MS } else { CLEAR_MS };
        let Turn { since_ms, to } = *turn;
        if now_ms.saturating_sub(since_ms) >= wait_ms {
            if self.shown == Grade::Good {
                self.since_ms = since_ms;
            }
            self.shown = to;
            self.turn = None;
        }
    }

    /// Something else that is said explains it.
    pub(super) const fn withdraw(&mut self) {
        self.shown = Grade::Good;
        self.turn = None;
    }

    /// What is said of it, if it is not good.
    pub(super) fn finding(&self, id: &'static str) -> Option<Finding> {
        (self.shown > Grade::Good).then(|| self.last(id))
    }

    /// What is or was said of it.
    pub(super) fn last(&self, id: &'static str) -> Finding {
        let (evidence, advice) = match &self.said {
            Some(said) => (said.evidence.clone(), said.advice.clone()),
            None => (String::new(), String::new()),
        };
        Finding { id, grade: self.shown, since_ms: self.since_ms, evidence, advice }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One letter a second: what is measured (`g`ood, `f`air, `p`oor), and what is said of it.
    #[track_caller]
    fn check(measured: &str, expected: &str) {
        let (mut course, mut said) = (Course::default(), String::new());
        for (second, letter) in (0..).zip(measured.chars()) {
            let grade = Grade::ALL.into_iter().find(|grade| grade.name().starts_with(letter));
            course.update(grade.unwrap(), second * 1_000);
            said.push_str(&course.shown.name()[..1]);
        }
        assert_eq!(said, expected, "of {measured}");
    }

    #[test]
    fn what_holds_is_said_and_what_flickers_is_not() {
        check("ggfff", "ggggf");
        check("fgfgfgffgff", "ggggggggggg");
        check("fpfp", "ggff");
        check("ppp", "ggp");
        check("fffppp", "ggffff".replacen("ffff", "fffp", 1).as_str());
    }

    #[test]
    fn what_comes_back_within_half_a_minute_has_not_gone() {
        check(&["fff", &"g".repeat(29), "f"].concat(), &["gg", &"f".repeat(31)].concat());
        check(&["fff", &"g".repeat(31)].concat(), &["gg", &"f".repeat(31), "g"].concat());
        let (poor, between) = ("ppp", "fg".repeat(16));
        check(&[poor, &between].concat(), &["gg", &"p".repeat(31), "ff"].concat());
    }

    #[test]
    fn it_is_said_since_it_holds() {
        let mut course = Course::default();
        (0..3).for_each(|second| course.update(Grade::Fair, 5_000 + second * 1_000));
        assert_eq!(course.finding("x").unwrap().since_ms, 5_000);
        (3..9).for_each(|second| course.update(Grade::Poor, 5_000 + second * 1_000));
        let finding = course.finding("x").unwrap();
        assert_eq!((finding.grade, finding.since_ms), (Grade::Poor, 5_000));
        course.withdraw();
        assert_eq!(course.finding("x"), None);
    }
}
