//! For build servers: JUnit's form, a test case for each rule.

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use super::Report;
use crate::finding::Finding;
use crate::rule::{Rule, Severity};
use crate::rules::rules;

impl Report {
    /// The report as a JUnit document. Rules that are broken fail from `worst` on and are noted
    /// below it.
    ///
    /// # Errors
    ///
    /// When it cannot be written, which does not happen.
    pub fn junit(&self, worst: Severity) -> Result<String, quick_junit::SerializeError> {
        let mut suite = TestSuite::new(&self.path);
        for rule in rules() {
            let found = self.findings().iter().find(|finding| finding.rule.id == rule.id);
            suite.add_test_case(case(rule, found, worst));
        }
        let mut report = quick_junit::Report::new("weir check");
        report.add_test_suite(suite);
        report.to_string()
    }
}

fn case(rule: &Rule, found: Option<&Finding>, worst: Severity) -> TestCase {
    let Some(found) = found else {
        return named(rule, TestCaseStatus::success());
    };
    let text = sentences(found);
    if rule.severity <= worst {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_type(rule.severity.word()).set_message(rule.requirement).set_description(text);
        return named(rule, status);
    }
    let mut case = named(rule, TestCaseStatus::success());
    case.set_system_out(text);
    case
}

fn named(rule: &Rule, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(rule.id, status);
    case.set_classname(rule.severity.word());
    case
}

fn sentences(found: &Finding) -> String {
    let mut lines: Vec<_> = found
        .examples
        .iter()
        .map(|example| format!("{}: {}", example.place, example.what))
        .collect();
    lines.push(format!("{} in all. {}", found.count, found.rule.remedy));
    lines.join("\n")
}
