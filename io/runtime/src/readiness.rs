//! Whether the process should be sent work: named conditions, set by the roles.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

/// The conditions of a process. It is ready when all of them hold. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<Mutex<BTreeMap<&'static str, State>>>);

/// One condition, kept by the role that knows. It goes when its role drops it.
#[derive(Debug)]
pub struct Condition {
    name: &'static str,
    readiness: Readiness,
}

/// Why a condition does not hold; `None` when it does.
type State = Option<String>;

/// What `/ready` answers with.
#[derive(PartialEq, Eq, Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) ready: bool,
    pub(crate) conditions: Vec<ReportedCondition>,
}

/// One condition in it.
#[derive(PartialEq, Eq, Debug, Serialize)]
pub(crate) struct ReportedCondition {
    name: &'static str,
    ready: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: State,
}

impl Readiness {
    /// Adds a condition, which does not hold until [`Condition::holds`] is called.
    #[must_use]
    pub fn condition(&self, name: &'static str) -> Condition {
        let condition = Condition { name, readiness: self.clone() };
        condition.fails("it is starting");
        condition
    }

    /// Whether all conditions hold.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.states(|states| states.values().all(Option::is_none))
    }

    pub(crate) fn report(&self) -> Report {
        let conditions: Vec<_> = self.states(|states| {
            let reported = states.iter().map(|(name, state)| ReportedCondition {
                name,
                ready: state.is_none(),
                reason: state.clone(),
            });
            reported.collect()
        });
        Report { ready: conditions.iter().all(|condition| condition.ready), conditions }
    }

    fn states<T>(&self, read: impl FnOnce(&mut BTreeMap<&'static str, State>) -> T) -> T {
        read(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Condition {
    /// It holds.
    pub fn holds(&self) {
        self.readiness.states(|states| states.insert(self.name, None));
    }

    /// It does not hold, and why, in words for an operator (no secrets: the port shows them).
    pub fn fails(&self, reason: impl Into<String>) {
        self.readiness.states(|states| states.insert(self.name, Some(reason.into())));
    }
}

impl Drop for Condition {
    fn drop(&mut self) {
        self.readiness.states(|states| states.remove(self.name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(readiness: &Readiness, expected: &str) {
        let report = readiness.report();
        assert_eq!(serde_json::to_string(&report).unwrap(), expected);
        assert_eq!(readiness.is_ready(), report.ready);
    }

    #[test]
    fn a_process_is_ready_when_every_condition_holds() {
        let readiness = Readiness::default();
        check(&readiness, r#"{"ready":true,"conditions":[]}"#);
        let journal = readiness.condition("journal");
        let starting = r#"{"name":"journal","ready":false,"reason":"it is starting"}"#;
        check(&readiness, &format!(r#"{{"ready":false,"conditions":[{starting}]}}"#));
        let edge = readiness.condition("edge");
        edge.holds();
        journal.holds();
        let held = r#"{"name":"edge","ready":true}"#;
        let both = format!(r#"[{held},{{"name":"journal","ready":true}}]"#);
        check(&readiness, &format!(r#"{{"ready":true,"conditions":{both}}}"#));
        edge.fails("it drains");
        assert!(!readiness.is_ready());
        drop(edge);
        check(&readiness, r#"{"ready":true,"conditions":[{"name":"journal","ready":true}]}"#);
    }
}
