//! The table of rules in the documentation.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;

use super::rules;

/// Compares a table with that in the documentation. `UPDATE_GOLDEN=1` writes it anew.
#[test]
fn the_documentation_has_every_rule() {
    let mut table =
        "| id | severity | what must hold | from | what to do |\n|---|---|---|---|---|\n"
            .to_owned();
    for rule in rules() {
        let [requirement, reference, remedy] =
            [rule.requirement, rule.reference, rule.remedy].map(|text| text.replace('|', "\\|"));
        let (id, severity) = (rule.id, rule.severity);
        table += &format!("| {id} | {severity} | {requirement} | {reference} | {remedy} |\n");
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/check.md");
    let mut file = File::options().read(true).write(true).open(path).unwrap();
    // Other tests write other tables into it.
    file.lock().unwrap();
    let mut document = String::new();
    file.read_to_string(&mut document).unwrap();
    let (begin, end) = ("<!-- rules -->\n", "<!-- end of rules -->\n");
    let (before, rest) = document.split_once(begin).unwrap();
    let (_, after) = rest.split_once(end).unwrap();
    let updated = format!("{before}{begin}{table}{end}{after}");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        file.rewind().unwrap();
        file.set_len(0).unwrap();
        file.write_all(updated.as_bytes()).unwrap();
    } else {
        assert_eq!(document, updated, "run it again with UPDATE_GOLDEN=1");
    }
}

#[test]
fn a_rule_is_a_sentence_and_is_there_once() {
    let mut ids = BTreeSet::new();
    for rule in rules() {
        assert!(ids.insert(rule.id), "{} is there twice", rule.id);
        for text in [rule.requirement, rule.remedy] {
            assert!(text.ends_with('.') && !text.contains("  "), "{}: {text}", rule.id);
        }
        assert!(!rule.reference.is_empty(), "{}", rule.id);
    }
}
