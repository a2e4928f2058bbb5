//! Floors: a crate knows only floors below its own, and below floor 3 nothing touches the world.

use std::collections::BTreeMap;

use serde_json::Value;

/// The highest floor: what puts everything together, and what serves building and testing.
const TOP: u64 = 5;

/// The first floor that may touch the world.
const WORLD: u64 = 3;

/// Crates that only builds and tests may know.
const FOR_TESTS: [&str; 2] = ["testkit", "xtask"];

/// Clocks, sockets, files, tasks and randomness. Each name stands for its family as well:
/// `tokio` for `tokio-util`, `aws` for `aws-sdk-s3`, `rand` for `rand_core`.
const WORLDLY: [&str; 34] = [
    "async-io",
    "async-nats",
    "async-std",
    "aws",
    "axum",
    "chrono",
    "fastrand",
    "getrandom",
    "h2",
    "hyper",
    "libsqlite3",
    "mio",
    "native-tls",
    "nix",
    "notify",
    "object_store",
    "openssl",
    "quinn",
    "rand",
    "reqwest",
    "ring",
    "rusqlite",
    "rustix",
    "rustls",
    "smol",
    "socket2",
    "sqlx",
    "tempfile",
    "tokio",
    "tower",
    "tungstenite",
    "ureq",
    "uuid",
    "wait-timeout",
];

/// What has a worldly family's name and only computes: a signature is the same for the same input.
/// Its one source of randomness is named in core/clippy.toml.
const COMPUTING: [&str; 1] = ["aws-lc"];

/// The crates of the workspace.
pub(crate) struct Workspace {
    pub(crate) crates: Vec<Crate>,
}

/// A crate, as its manifest says.
pub(crate) struct Crate {
    pub(crate) name: String,
    pub(crate) floor: Option<u64>,
    /// What it is built with; neither its tests' nor its build script's.
    dependencies: Vec<String>,
}

impl Workspace {
    /// Takes what is needed out of `cargo metadata`.
    pub(crate) fn parse(metadata: &Value) -> Self {
        Self { crates: list(metadata, "packages").map(Crate::parse).collect() }
    }

    /// The names of the crates that compute only.
    pub(crate) fn pure(&self) -> Vec<&str> {
        let pure = self.crates.iter().filter(|one| one.is_pure());
        pure.map(|one| one.name.as_str()).collect()
    }
}

impl Crate {
    fn parse(package: &Value) -> Self {
        let floor = package.pointer("/metadata/weir/floor").and_then(Value::as_u64);
        let normal =
            list(package, "dependencies").filter(|one| one.get("kind") == Some(&Value::Null));
        Self { name: name(package), floor, dependencies: normal.map(name).collect() }
    }

    /// Whether it lies below the floors that touch the world.
    pub(crate) fn is_pure(&self) -> bool {
        self.floor.is_some_and(|floor| floor < WORLD)
    }
}

/// Crates without a floor, and dependencies that are not strictly lower.
pub(crate) fn floor_violations(workspace: &Workspace) -> Vec<String> {
    let floors: BTreeMap<_, _> =
        workspace.crates.iter().map(|one| (one.name.as_str(), one.floor)).collect();
    let mut violations = Vec::new();
    for Crate { name, floor, dependencies } in &workspace.crates {
        let Some(floor) = floor.filter(|floor| *floor <= TOP) else {
            violations.push(format!(
                "`{name}` has no floor from 0 to {TOP}: say `floor = N` under \
                 `[package.metadata.weir]` in its Cargo.toml"
            ));
            continue;
        };
        if FOR_TESTS.contains(&name.as_str()) && floor != TOP {
            violations.push(format!(
                "`{name}` is on floor {floor}, where other crates could be built with it: it \
                 serves builds and tests, so leave it on floor {TOP}"
            ));
        }
        for dependency in dependencies {
            if let Some(Some(lower)) = floors.get(dependency.as_str())
                && *lower >= floor
            {
                violations.push(format!(
                    "`{name}` (floor {floor}) depends on `{dependency}` (floor {lower}): a crate \
                     knows only floors below its own, so move what both need to a lower floor, or \
                     let src/wire.rs hand it over"
                ));
            }
        }
    }
    violations
}

/// What touches the world and yet is built into a pure crate, in a `cargo tree` with depths.
pub(crate) fn banned_violations(tree: &str) -> Vec<String> {
    let mut way: Vec<&str> = Vec::new();
    let mut violations = Vec::new();
    for line in tree.lines() {
        let digits = line.chars().take_while(char::is_ascii_digit).count();
        let (depth, package) = line.split_at(digits);
        let (Ok(depth), Some(name)) = (depth.parse(), package.split(' ').next()) else { continue };
        way.truncate(depth);
        way.push(name);
        if is_worldly(name) {
            let way = way.join("` → `");
            violations.push(format!(
                "`{way}`: `{name}` touches the world, and what is below floor {WORLD} only \
                 computes: take its result as an argument, or move the code to floor {WORLD}"
            ));
        }
    }
    violations
}

fn is_worldly(name: &str) -> bool {
    let is_of = |family: &&str| {
        let member = name.strip_prefix(*family);
        member.is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_']))
    };
    WORLDLY.iter().any(is_of) && !COMPUTING.iter().any(is_of)
}

/// The values of the array that `value` has as `key`.
fn list<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> + use<'v> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn name(value: &Value) -> String {
    value.get("name").and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Plants crates in cargo's own form and compares the violations' beginnings.
///
/// A crate is `name floor: dependency dependency(dev)`; floor `-` leaves it out.
#[track_caller]
fn check(crates: &[&str], expected: &[&str]) {
    let packages: Vec<_> = crates.iter().map(|text| planted(text)).collect();
    let workspace = Workspace::parse(&serde_json::json!({ "packages": packages }));
    let violations = floor_violations(&workspace);
    let begun = |(violation, expected): (&String, &&str)| violation.starts_with(expected);
    let alike = violations.len() == expected.len() && violations.iter().zip(expected).all(begun);
    assert!(alike, "expected {expected:#?}, found {violations:#?}");
}

fn planted(text: &str) -> Value {
    let (named, dependencies) = text.split_once(':').unwrap();
    let (name, floor) = named.split_once(' ').unwrap();
    let metadata = match floor.parse::<u64>() {
        Ok(floor) => serde_json::json!({ "weir": { "floor": floor } }),
        Err(_) => Value::Null,
    };
    let dependency = |text: &str| {
        let (name, kind) = text.split_once('(').unwrap_or((text, ""));
        let kind = if kind.is_empty() { Value::Null } else { kind.trim_end_matches(')').into() };
        serde_json::json!({ "name": name, "kind": kind })
    };
    let dependencies: Vec<_> = dependencies.split_whitespace().map(dependency).collect();
    serde_json::json!({ "name": name, "metadata": metadata, "dependencies": dependencies })
}

#[test]
fn a_crate_may_know_lower_floors() {
    check(&["media 0: bytes", "hls 2: media thiserror", "edge 4: hls media"], &[]);
}

#[test]
fn a_crate_may_not_know_its_own_floor_or_a_higher_one() {
    let roles = ["ingest 4:", "edge 4: ingest"];
    check(&roles, &["`edge` (floor 4) depends on `ingest` (floor 4): "]);
    let upwards = ["media 0: store", "store 3:"];
    check(&upwards, &["`media` (floor 0) depends on `store` (floor 3): "]);
}

#[test]
fn a_crate_without_a_floor_is_named() {
    check(&["media -:", "hls 2: media"], &["`media` has no floor from 0 to 5: "]);
    check(&["attic 6:"], &["`attic` has no floor from 0 to 5: "]);
}

#[test]
fn only_tests_and_build_scripts_may_know_what_serves_tests() {
    check(&["testkit 5:", "weir 5: testkit(dev)", "edge 4: testkit(dev) xtask(build)"], &[]);
    let built = ["testkit 5:", "weir 5: testkit"];
    check(&built, &["`weir` (floor 5) depends on `testkit` (floor 5): "]);
    check(&["testkit 3:"], &["`testkit` is on floor 3, "]);
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let crates = ["a -:", "b 1: c d", "c 1:", "d 2:"];
    let expected =
        ["`a` has no floor", "`b` (floor 1) depends on `c`", "`b` (floor 1) depends on `d`"];
    check(&crates, &expected);
}

#[test]
fn a_worldly_dependency_below_floor_3_is_shown_with_the_way_to_it() {
    let tree = "0hls v0.1.0 (/src/core/hls)\n1jiff v0.2.43\n1media v0.1.0 (/src/core/media)\n\
                2rand v0.9.1\n3rand_core v0.9.0\n\n0rtmp v0.1.0 (/src/core/rtmp)\n1tokio v1.54.1\n";
    let violations = banned_violations(tree);
    let ways: Vec<_> = violations.iter().filter_map(|text| text.split(": ").next()).collect();
    let rand = "`hls` → `media` → `rand`";
    assert_eq!(ways, [rand, "`hls` → `media` → `rand` → `rand_core`", "`rtmp` → `tokio`"]);
}

#[test]
fn families_are_worldly_and_namesakes_are_not() {
    for worldly in ["tokio", "tokio-util", "aws-sdk-s3", "hyper-util", "rand_core", "sqlx-core"] {
        assert!(is_worldly(worldly), "{worldly}");
    }
    for other in ["random", "nixie", "bytes", "aws-lc-rs", "timeline", "hypergraph", "serde_json"] {
        assert!(!is_worldly(other), "{other}");
    }
}
