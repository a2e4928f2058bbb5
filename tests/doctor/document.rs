//! The table of findings in the documentation is that of the code.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

use segmenter::{Grade, rules};

/// What stands before and behind the table.
const MARKS: (&str, &str) = ("<!-- findings: made by tests/doctor.rs -->\n", "<!-- end -->\n");

fn table() -> String {
    let mut text = MARKS.0.to_owned();
    text.push_str("| finding | what is looked at | fair | poor | what to do |\n");
    text.push_str("| --- | --- | --- | --- | --- |\n");
    for rule in rules() {
        let [fair, poor] = [Grade::Fair, Grade::Poor]
            .map(|grade| rule.bound(grade).unwrap_or_else(|| "–".to_owned()));
        let (id, sees, remedy) = (rule.id, rule.sees, rule.remedy);
        writeln!(text, "| `{id}` | {sees} | {fair} | {poor} | {remedy} |").unwrap();
    }
    text.push_str(MARKS.1);
    text
}

/// `UPDATE_GOLDEN=1` writes the table anew.
#[test]
fn the_table_of_findings_is_that_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/doctor.md");
    let document = fs::read_to_string(&path).unwrap();
    let (before, rest) = document.split_once(MARKS.0).unwrap();
    let (_, after) = rest.split_once(MARKS.1).unwrap();
    let expected = [before, &table(), after].concat();
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &expected).unwrap();
        return;
    }
    assert_eq!(document, expected, "docs/doctor.md is old: run this test with UPDATE_GOLDEN=1");
}

#[test]
fn every_finding_says_what_to_set_where() {
    let mut ids = BTreeSet::new();
    for rule in rules() {
        assert!(ids.insert(rule.id), "{} is there twice", rule.id);
        let plain = |c: char| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit();
        assert!(rule.id.chars().all(plain), "{}", rule.id);
        let remedy = rule.remedy;
        assert!(remedy.contains("OBS") || remedy.contains("ffmpeg"), "{}: {remedy}", rule.id);
        assert!(!remedy.ends_with('.'), "{}: {remedy}", rule.id);
        let is_graded = Grade::ALL.into_iter().any(|grade| rule.bound(grade).is_some());
        assert!(is_graded, "{} is never said", rule.id);
    }
}
