//! The test suites: which there are, and what is typed to run one.

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::places::Places;
use crate::process;
use crate::tally::Teller;

/// How many tests of the whole program run at once. Each starts ffmpeg, Chromium or servers;
/// `.config/nextest.toml` says the same to nextest.
const WHOLE_TESTS_AT_ONCE: &str = "4";

/// A group of tests that has one line in the summary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Suite {
    /// Tests inside the crates.
    Unit,
    /// Examples in documentation comments.
    Doc,
    /// A file in a `tests/` folder, by its name.
    Integration(String),
    /// Types, lints and tests of the console's pages.
    Console,
}

/// Who runs Rust's tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Runner {
    /// `cargo nextest`.
    Nextest,
    /// `cargo test`, which everyone has.
    Cargo,
}

impl Suite {
    /// Every suite of the workspace. The files in `tests/` folders are asked of cargo, so that
    /// none is forgotten here.
    pub(crate) fn all(places: &Places) -> Result<Vec<Self>> {
        let mut metadata = process::cargo(places);
        metadata.args(["metadata", "--no-deps", "--format-version", "1"]);
        let output = metadata.output().context("start `cargo metadata`")?;
        if !output.status.success() {
            bail!("`cargo metadata`: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        let metadata = serde_json::from_slice(&output.stdout).context("read cargo's metadata")?;
        let integration = integration_tests(&metadata).into_iter().map(Self::Integration);
        let inner = [Self::Unit, Self::Doc].into_iter();
        Ok(inner.chain(integration).chain([Self::Console]).collect())
    }

    /// The suites of `all` that were asked for by name; all of them if none was.
    pub(crate) fn chosen(all: Vec<Self>, names: &[String]) -> Result<Vec<Self>> {
        if let Some(unknown) =
            names.iter().find(|name| all.iter().all(|suite| suite.name() != *name))
        {
            let known = all.iter().map(Self::name).collect::<Vec<_>>().join(", ");
            bail!("there is no suite `{unknown}`; there are {known}");
        }
        let is_chosen = |suite: &Self| names.is_empty() || names.iter().any(|n| n == suite.name());
        Ok(all.into_iter().filter(is_chosen).collect())
    }

    /// Its name in the summary.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Unit => "unit",
            Self::Doc => "doc",
            Self::Integration(name) => name,
            Self::Console => "console",
        }
    }

    /// Whether it runs the whole program, which takes what [`crate::components`] finds.
    pub(crate) fn needs_components(&self) -> bool {
        match self {
            // This one reads the sources and runs nothing.
            Self::Integration(name) => name != "tidy",
            Self::Unit | Self::Doc | Self::Console => false,
        }
    }

    /// Who counts its tests.
    pub(crate) fn teller(&self, runner: Runner) -> Teller {
        match (self, runner) {
            (Self::Unit | Self::Integration(_), Runner::Nextest) => Teller::Nextest,
            // Nextest cannot run examples in documentation.
            (Self::Doc, Runner::Nextest | Runner::Cargo)
            | (Self::Unit | Self::Integration(_), Runner::Cargo) => Teller::Libtest,
            (Self::Console, Runner::Nextest | Runner::Cargo) => Teller::Console,
        }
    }

    /// What cargo is told to run it, with only the tests whose names contain `filter`, or `None`
    /// if cargo has no part in it.
    ///
    /// All are run with `--workspace`: cargo then builds every dependency once, with the same
    /// features for all suites.
    pub(crate) fn arguments(&self, runner: Runner, filter: Option<&str>) -> Option<Vec<String>> {
        let selection = match self {
            Self::Unit => vec!["--lib", "--bins"],
            Self::Doc => vec!["--doc"],
            Self::Integration(name) => vec!["--test", name],
            Self::Console => return None,
        };
        let by_nextest = self.teller(runner) == Teller::Nextest;
        let command: &[&str] = if by_nextest {
            &["nextest", "run", "--status-level", "slow", "--cargo-quiet"]
        } else {
            &["test"]
        };
        let together = ["--workspace", "--no-fail-fast"];
        let mut words = [command, &together, &selection].concat();
        words.extend(filter);
        if !by_nextest && matches!(self, Self::Integration(_)) {
            words.extend(["--", "--test-threads", WHOLE_TESTS_AT_ONCE]);
        }
        Some(words.into_iter().map(str::to_owned).collect())
    }
}

impl Runner {
    /// Nextest where it is installed.
    pub(crate) fn of_this_machine(places: &Places) -> Self {
        let nextest = process::works(process::cargo(places).args(["nextest", "--version"]));
        if nextest { Self::Nextest } else { Self::Cargo }
    }

    /// What cargo is told to build all that the suites run.
    pub(crate) fn build(self) -> Vec<&'static str> {
        let command: &[&str] = match self {
            Self::Nextest => &["nextest", "run"],
            Self::Cargo => &["test"],
        };
        [command, &["--workspace", "--no-run", "--tests"]].concat()
    }
}

/// The names of the integration tests in cargo's metadata, each once.
fn integration_tests(metadata: &Value) -> Vec<String> {
    let targets = list(metadata, "packages").flat_map(|package| list(package, "targets"));
    let tests = targets.filter(|target| list(target, "kind").any(|kind| kind == "test"));
    let mut names: Vec<_> = tests
        .filter_map(|target| target.get("name").and_then(Value::as_str).map(str::to_owned))
        .collect();
    names.sort();
    names.dedup();
    names
}

/// The values of the array that `value` has as `key`.
fn list<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> + use<'v> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn integration(name: &str) -> Suite {
        Suite::Integration(name.into())
    }

    #[track_caller]
    fn check(suite: &Suite, runner: Runner, filter: Option<&str>, expected: &str) {
        assert_eq!(suite.arguments(runner, filter).unwrap().join(" "), expected);
    }

    #[test]
    fn nextest_runs_all_but_the_examples_in_documentation() {
        let begin = "nextest run --status-level slow --cargo-quiet --workspace --no-fail-fast";
        check(&Suite::Unit, Runner::Nextest, None, &format!("{begin} --lib --bins"));
        let one = format!("{begin} --test play takeover");
        check(&integration("play"), Runner::Nextest, Some("takeover"), &one);
        let doc = "test --workspace --no-fail-fast --doc";
        check(&Suite::Doc, Runner::Nextest, None, doc);
    }

    #[test]
    fn cargo_runs_tests_of_the_whole_program_a_few_at_a_time() {
        let begin = "test --workspace --no-fail-fast";
        check(&Suite::Unit, Runner::Cargo, Some("amf"), &format!("{begin} --lib --bins amf"));
        let few = format!("{begin} --test play -- --test-threads 4");
        check(&integration("play"), Runner::Cargo, None, &few);
    }

    #[test]
    fn npm_runs_the_consoles_tests() {
        assert_eq!(Suite::Console.arguments(Runner::Cargo, None), None);
    }

    #[test]
    fn each_file_of_every_tests_folder_is_a_suite() {
        let metadata = json!({"packages": [
            {"name": "weir", "targets": [
                {"name": "weir", "kind": ["bin"]},
                {"name": "tidy", "kind": ["test"]},
                {"name": "play", "kind": ["test"]},
            ]},
            {"name": "store", "targets": [
                {"name": "store", "kind": ["lib"]},
                {"name": "play", "kind": ["test"]},
                {"name": "put", "kind": ["bench"]},
            ]},
        ]});
        assert_eq!(integration_tests(&metadata), ["play", "tidy"]);
    }

    #[test]
    fn suites_are_chosen_by_name() {
        let all = || vec![Suite::Unit, integration("play"), Suite::Console];
        assert_eq!(Suite::chosen(all(), &[]).unwrap(), all());
        assert_eq!(Suite::chosen(all(), &["play".into()]).unwrap(), [integration("play")]);
        let error = Suite::chosen(all(), &["units".into()]).unwrap_err().to_string();
        assert_eq!(error, "there is no suite `units`; there are unit, play, console");
    }

    #[test]
    fn only_tests_of_the_whole_program_need_components() {
        assert!(integration("play").needs_components());
        assert!(!integration("tidy").needs_components() && !Suite::Unit.needs_components());
    }
}
