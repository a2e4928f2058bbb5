//! Manifests, lints and locks: what every crate states, and where it may state something else.

use crate::floors::Workspace;
use crate::tree::Files;

/// Where lints may be configured: for all, and for what is pure. Clippy takes the file that is
/// nearest to a crate, so one in any other place would switch the bans off.
const CLIPPY: [&str; 3] = ["clippy.toml", "core/clippy.toml", "segmenter/clippy.toml"];

/// Where everyone fetches packages from. A lock file written on a machine with its own mirror
/// may name that instead.
const REGISTRIES: [&str; 2] =
    ["https://registry.npmjs.org/", "registry+https://github.com/rust-lang/crates.io-index\""];

/// What breaks the rules in the manifests among `files`.
pub(crate) fn violations(workspace: &Workspace, files: &Files) -> Vec<String> {
    let mut violations = Vec::new();
    for (path, text) in files {
        match path.rsplit('/').next() {
            Some("Cargo.toml") => violations.extend(manifest(workspace, path, text)),
            Some("clippy.toml" | ".clippy.toml") if !CLIPPY.contains(&path.as_str()) => {
                violations.push(format!(
                    "{path} takes the place of the lints that hold for its folder: remove it"
                ));
            }
            Some("Cargo.lock" | "package-lock.json") => violations.extend(lock(path, text)),
            _ => {}
        }
    }
    if files.get("core/clippy.toml") != files.get("segmenter/clippy.toml") {
        violations.push(
            "core/clippy.toml and segmenter/clippy.toml differ: the same bans hold for both, so \
             copy the newer one over the other"
                .into(),
        );
    }
    violations
}

fn manifest(workspace: &Workspace, path: &str, text: &str) -> Vec<String> {
    let Some(name) = value_of(text, "package", "name") else { return Vec::new() };
    let mut violations = Vec::new();
    if value_of(text, "lints", "workspace") != Some("true") {
        violations.push(format!(
            "{path} leaves the workspace's lints out: add `workspace = true` under `[lints]`"
        ));
    }
    let pure = workspace.crates.iter().any(|one| one.name == name && one.is_pure());
    if pure && !path.starts_with("core/") && !path.starts_with("segmenter/") {
        violations.push(format!(
            "{path} is a pure crate in a folder where core/clippy.toml is not found: move it \
             below core/"
        ));
    }
    violations
}

/// The lines of a lock file that name another registry than the public one.
fn lock(path: &str, text: &str) -> Vec<String> {
    let sources = text.lines().filter_map(|line| {
        let line = line.trim();
        line.strip_prefix("\"resolved\": \"").or_else(|| line.strip_prefix("source = \""))
    });
    let foreign =
        sources.filter(|source| REGISTRIES.iter().all(|known| !source.starts_with(known)));
    let count = foreign.count();
    if count == 0 {
        return Vec::new();
    }
    vec![format!(
        "{path} names another place than the public registry for {count} packages: lock them \
         again from the public registry"
    )]
}

/// What `key` is in the table `table` of a manifest, without its quotes.
fn value_of<'t>(text: &'t str, table: &str, key: &str) -> Option<&'t str> {
    let header = format!("[{table}]");
    let lines = text.lines().map(str::trim).skip_while(|line| *line != header).skip(1);
    let mut pairs =
        lines.take_while(|line| !line.starts_with('[')).filter_map(|l| l.split_once('='));
    let (_, value) = pairs.find(|(name, _)| name.trim() == key)?;
    Some(value.trim().trim_matches('"'))
}

#[track_caller]
fn check(files: &[(&str, &str)], expected: &[&str]) {
    let crates = serde_json::json!({ "packages": [
        { "name": "media", "metadata": { "weir": { "floor": 0 } } },
        { "name": "store", "metadata": { "weir": { "floor": 3 } } },
    ]});
    let files = files.iter().map(|(path, text)| ((*path).into(), (*text).into())).collect();
    let violations = violations(&Workspace::parse(&crates), &files);
    let begun = |(violation, expected): (&String, &&str)| violation.starts_with(expected);
    let alike = violations.len() == expected.len() && violations.iter().zip(expected).all(begun);
    assert!(alike, "expected {expected:#?}, found {violations:#?}");
}

#[test]
fn every_crate_takes_the_workspaces_lints() {
    let with = "[package]\nname = \"media\"\n\n[lints]\nworkspace = true\n\n[dependencies]\n";
    let without = "[package]\nname = \"media\"\n\n[lints]\n[dependencies]\nworkspace = true\n";
    check(&[("core/media/Cargo.toml", with)], &[]);
    check(&[("core/media/Cargo.toml", without)], &["core/media/Cargo.toml leaves the"]);
    check(&[("Cargo.toml", "[workspace]\nmembers = []\n")], &[]);
}

#[test]
fn pure_crates_lie_where_their_lints_are_found() {
    let manifest = |name| format!("[package]\nname = \"{name}\"\n[lints]\nworkspace = true\n");
    check(&[("io/media/Cargo.toml", &manifest("media"))], &["io/media/Cargo.toml is a pure crate"]);
    check(&[("io/store/Cargo.toml", &manifest("store"))], &[]);
    check(&[("core/media/clippy.toml", "")], &["core/media/clippy.toml takes the place"]);
}

#[test]
fn the_same_bans_hold_for_all_that_is_pure() {
    let same = [("core/clippy.toml", "a"), ("segmenter/clippy.toml", "a")];
    check(&same, &[]);
    let other = [("core/clippy.toml", "a"), ("segmenter/clippy.toml", "b")];
    check(&other, &["core/clippy.toml and segmenter/clippy.toml differ"]);
    check(&other[..1], &["core/clippy.toml and segmenter/clippy.toml differ"]);
}

#[test]
fn locks_name_only_the_public_registries() {
    let public = "      \"resolved\": \"https://registry.npmjs.org/vite/-/vite-6.0.0.tgz\",\n";
    let mirror = "      \"resolved\": \"https://mirror.example/vite/-/vite-6.0.0.tgz\",\n";
    check(&[("console/package-lock.json", public)], &[]);
    check(&[("console/package-lock.json", mirror)], &["console/package-lock.json names another"]);
    let sparse = "source = \"sparse+https://mirror.example/index/\"\n";
    check(&[("Cargo.lock", sparse)], &["Cargo.lock names another"]);
    let public = "source = \"registry+https://github.com/rust-lang/crates.io-index\"\n";
    check(&[("Cargo.lock", public)], &[]);
}
