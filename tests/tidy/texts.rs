//! Rules for the text of single files: how long, how wide, and what is not left in them.

/// A file that is longer has two subjects.
const LINES_MAX: usize = 400;

/// What rustfmt keeps code to. It leaves comments and long texts alone.
const COLUMNS_MAX: usize = 100;

/// Files in which notes to oneself are looked for; documents may speak about them.
const CODE: [&str; 8] = [".rs", ".ts", ".js", ".mjs", ".css", ".html", ".sql", ".sh"];

/// What is left behind, in two pieces each so that this file does not hold it, and what to do.
const LEFTOVERS: [(&str, &str, &str); 5] = [
    ("TO", "DO", "do it now, or open an issue"),
    ("FIX", "ME", "mend it now, or open an issue"),
    ("to", "do!", "write the code, or leave the function out"),
    ("db", "g!", "remove it; what should be seen is logged"),
    ("#[ig", "nore", "a test runs or is not there"),
];

/// Folders that only one machine has, in two pieces for the same reason.
const MACHINES: [(&str, &str); 4] =
    [("/ho", "me/"), ("/ro", "ot/"), ("/Use", "rs/"), ("/wo", "rk/")];

/// What breaks the rules in the file at `path`.
pub(crate) fn violations(path: &str, text: &str) -> Vec<String> {
    let mut violations = Vec::new();
    if path.ends_with(".rs") && !text.starts_with("// @generated") {
        let lines = text.lines().count();
        if lines > LINES_MAX {
            violations.push(format!(
                "{path} has {lines} lines, more than {LINES_MAX}: split it by subject, tests into \
                 a file of their own"
            ));
        }
        violations.extend(each_line(path, text, too_wide));
    }
    if CODE.iter().any(|ending| path.ends_with(ending)) {
        violations.extend(each_line(path, text, leftover));
    }
    violations.extend(each_line(path, text, machine));
    violations
}

fn each_line<'t>(
    path: &'t str,
    text: &'t str,
    rule: fn(&str) -> Option<String>,
) -> impl Iterator<Item = String> + 't {
    let numbered = (1..).zip(text.lines());
    numbered.filter_map(move |(number, line)| Some(format!("{path}:{number} {}", rule(line)?)))
}

fn too_wide(line: &str) -> Option<String> {
    let columns = line.chars().count();
    let is_comment = line.trim_start().starts_with("//");
    // An address cannot be broken, and a text that is data is not made better by it.
    let may_be = line.contains("://") || (!is_comment && line.contains('"'));
    (columns > COLUMNS_MAX && !may_be)
        .then(|| format!("is {columns} columns wide, more than {COLUMNS_MAX}: break the line"))
}

fn leftover(line: &str) -> Option<String> {
    let found = LEFTOVERS.iter().find(|(one, two, _)| line.contains(&[*one, *two].concat()));
    found.map(|(one, two, remedy)| format!("has a `{one}{two}`: {remedy}"))
}

fn machine(line: &str) -> Option<String> {
    let found = MACHINES.iter().map(|(one, two)| [*one, *two].concat()).find(|folder| {
        line.match_indices(folder.as_str()).any(|(at, _)| {
            let (before, after) = (line.get(..at), line.get(at + folder.len()..));
            // In an address or a relative path it is no folder of the machine.
            let begins = before
                .is_none_or(|text| !text.ends_with(|c: char| c.is_alphanumeric() || c == '.'));
            begins
                && after
                    .is_some_and(|text| text.starts_with(|c: char| c.is_alphanumeric() || c == '.'))
        })
    });
    found.map(|folder| format!("names a folder below `{folder}`, which other machines do not have: write it from the checkout, or from a variable"))
}

#[track_caller]
fn check(path: &str, text: &str, expected: &[&str]) {
    let violations = violations(path, text);
    let begun = |(violation, expected): (&String, &&str)| violation.starts_with(expected);
    let alike = violations.len() == expected.len() && violations.iter().zip(expected).all(begun);
    assert!(alike, "expected {expected:#?}, found {violations:#?}");
}

#[test]
fn a_file_has_at_most_400_lines() {
    check("a.rs", &"\n".repeat(400), &[]);
    check("a.rs", &"\n".repeat(401), &["a.rs has 401 lines, more than 400: "]);
    check("a.md", &"\n".repeat(401), &[]);
    check("a.rs", &format!("// @generated{}", "\n".repeat(500)), &[]);
}

#[test]
fn a_line_has_at_most_100_columns() {
    let wide = "é".repeat(98);
    check("a.rs", &format!("//{wide}"), &[]);
    check("a.rs", &format!("//{wide}é"), &["a.rs:1 is 101 columns wide"]);
    check("a.rs", &format!("// \"{wide}\""), &["a.rs:1 is 103 columns wide"]);
    check("a.rs", &format!("\n    \"{wide}\","), &[]);
    check("a.rs", &format!("// https://example.org/{wide}"), &[]);
}

#[test]
fn nothing_is_left_for_later() {
    for (one, two, _) in LEFTOVERS {
        let text = format!("fn main() {{}}\n{one}{two}");
        check("a.rs", &text, &[&format!("a.rs:2 has a `{one}{two}`: ")]);
        check("CONTRIBUTING.md", &text, &[]);
    }
}

#[test]
fn no_folder_of_one_machine_is_named() {
    for (one, two) in MACHINES {
        let folder = [one, two].concat();
        check("a.toml", &format!("p = \"{folder}me\""), &["a.toml:1 names a folder below"]);
        check("a.md", &format!("see https://example.org{folder}me or ..{folder}me"), &[]);
        check("a.md", &format!("everything below {folder}"), &[]);
    }
}
