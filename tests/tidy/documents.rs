//! Documents: each is found from the start page, and each link leads somewhere.

use std::collections::BTreeSet;

use crate::tree::Files;

/// Where a reader begins.
const BEGINNINGS: [&str; 2] = ["README.md", "docs/README.md"];

/// What breaks the rules in the documents among `files`.
pub(crate) fn violations(files: &Files) -> Vec<String> {
    let linked: BTreeSet<_> = BEGINNINGS
        .iter()
        .filter_map(|path| Some((*path, files.get(*path)?)))
        .flat_map(|(path, text)| links(path, text))
        .collect();
    let documents = files.keys().filter(|path| path.starts_with("docs/") && path.ends_with(".md"));
    let lost = documents.filter(|path| **path != "docs/README.md" && !linked.contains(*path));
    let absent = BEGINNINGS.iter().filter(|path| !files.contains_key(**path));
    let mut violations: Vec<_> = absent
        .map(|path| format!("{path} is not there: write it, a reader begins there"))
        .collect();
    violations.extend(lost.map(|path| format!("{path} is not found: link it from docs/README.md")));
    for (path, text) in files.iter().filter(|(path, _)| path.ends_with(".md")) {
        let dead = links(path, text).into_iter().filter(|target| {
            let folder = format!("{target}/");
            is_checkable(target)
                && !files.keys().any(|file| file == target || file.starts_with(&folder))
        });
        violations.extend(dead.map(|target| {
            format!("{path} links to {target}, which is not there: mend the link or remove it")
        }));
    }
    violations
}

/// Whether a missing target is surely missing: pictures and recordings are not read.
fn is_checkable(target: &str) -> bool {
    [".md", ".rs", ".toml", ".ts", ".yml"].iter().any(|ending| target.ends_with(ending))
}

/// The files that the document at `path` links to, as paths from the root.
fn links(path: &str, text: &str) -> Vec<String> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut is_code = false;
    let prose = text.lines().filter(|line| {
        let fence = line.trim_start().starts_with("```");
        is_code ^= fence;
        !is_code && !fence
    });
    let inline = prose.flat_map(|line| line.split("](").skip(1));
    let targets = inline.filter_map(|rest| rest.split([')', ' ', '#']).next());
    let inside = targets.filter(|target| !target.is_empty() && !target.contains(':'));
    inside.map(|target| joined(folder, target)).collect()
}

/// `target` as seen from `folder`, with `.` and `..` resolved.
fn joined(folder: &str, target: &str) -> String {
    let mut steps: Vec<_> = folder.split('/').filter(|step| !step.is_empty()).collect();
    for step in target.trim_end_matches('/').split('/') {
        match step {
            "." | "" => {}
            ".." => {
                steps.pop();
            }
            step => steps.push(step),
        }
    }
    steps.join("/")
}

#[track_caller]
fn check(files: &[(&str, &str)], expected: &[&str]) {
    let files = files.iter().map(|(path, text)| ((*path).into(), (*text).into())).collect();
    let violations = violations(&files);
    let begun = |(violation, expected): (&String, &&str)| violation.starts_with(expected);
    let alike = violations.len() == expected.len() && violations.iter().zip(expected).all(begun);
    assert!(alike, "expected {expected:#?}, found {violations:#?}");
}

#[test]
fn a_document_is_linked_from_a_beginning() {
    let adr = ("docs/adr/0001-floors.md", "# Floors");
    let index = |text| [("README.md", "[docs](docs/README.md)"), ("docs/README.md", text), adr];
    let lost = "docs/adr/0001-floors.md is not found: ";
    check(&index(""), &[lost]);
    check(&index("```\n[floors](adr/0001-floors.md)\n```"), &[lost]);
    check(&index("see [floors](adr/0001-floors.md#why)."), &[]);
    let start = ("README.md", "see [floors](./docs/adr/0001-floors.md \"why\")");
    check(&[start, ("docs/README.md", ""), adr], &[]);
}

#[test]
fn a_reader_has_where_to_begin() {
    check(&[("README.md", "")], &["docs/README.md is not there: "]);
}

#[test]
fn a_link_leads_somewhere() {
    let readme = |text| [("README.md", text), ("docs/README.md", ""), ("src/main.rs", "")];
    check(&readme("[a](src/main.rs) [b](src) [c](https://x.org/a.md) [d](#here) [e](a.png)"), &[]);
    check(&readme("[a](src/gone.rs)"), &["README.md links to src/gone.rs, which is not there: "]);
    check(&[("README.md", ""), ("docs/README.md", "[up](../README.md)")], &[]);
}
