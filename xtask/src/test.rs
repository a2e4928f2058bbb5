//! `cargo xtask test`: installs what the tests need, runs every suite, and counts.

use std::fmt::{self, Display, Formatter};
use std::process::{Command, ExitCode, ExitStatus};
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Args;

use crate::components::Components;
use crate::evidence::Evidence;
use crate::packages::Packages;
use crate::places::Places;
use crate::suite::{Runner, Suite};
use crate::tally::{self, Tally, Teller};
use crate::{console, process};

/// What to run; everything, unless told otherwise.
#[derive(Debug, Default, Args)]
pub(crate) struct Options {
    /// Only these suites: `unit`, `doc`, `console`, or a file in tests/ by its name
    #[arg(value_name = "SUITE")]
    pub(crate) suites: Vec<String>,
    /// Only the Rust tests whose names contain this
    #[arg(long, value_name = "TEXT")]
    pub(crate) filter: Option<String>,
}

/// Runs what was asked for; the last line printed counts all tests.
pub(crate) fn run(places: &Places, packages: &mut Packages, options: &Options) -> Result<ExitCode> {
    let report = run_suites(places, packages, options)?;
    print!("{report}");
    println!("{}", report.totals());
    Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Prepares, builds and runs; what goes wrong is in the report, and the rest goes on.
pub(crate) fn run_suites(
    places: &Places,
    packages: &mut Packages,
    options: &Options,
) -> Result<Report> {
    let filter = options.filter.as_deref();
    let mut suites = Suite::chosen(Suite::all(places)?, &options.suites)?;
    if filter.is_some() {
        // Said aloud: nothing is left out silently.
        println!("== console: left out, since --filter names Rust tests");
        suites.retain(|suite| *suite != Suite::Console);
    }
    // The server carries the console's pages within it, so they come before everything in Rust.
    let mut components = Components::default();
    components.note("console", console::run_if_stale(places, packages));
    components.note("console's npm packages", console::install(places, packages));
    if suites.iter().any(Suite::needs_components) {
        components.prepare(places, packages);
    }
    let mut report = Report::default();
    report.note_missing(&components);

    let evidence = Evidence::begin(places)?;
    let mut secrets = Outcome::named("secrets");
    let runner = Runner::of_this_machine(places);
    let build = process::run("build", process::cargo(places).args(runner.build()));
    for suite in suites {
        println!("== {}", suite.name());
        let command = match (suite.arguments(runner, filter), &build) {
            (None, _) => checked_console(places),
            (Some(arguments), Ok(())) => {
                let mut cargo = process::cargo(places);
                cargo.args(arguments);
                cargo.envs(evidence.of(&suite).map(|folder| ("WEIR_EVIDENCE", folder)));
                cargo
            }
            (Some(_), Err(_)) => {
                report.outcomes.push(Outcome::not_run(&suite, "the build failed"));
                continue;
            }
        };
        report.outcomes.push(run_suite(
            &suite,
            suite.teller(runner),
            command,
            &components,
            filter.is_some(),
        )?);
        secrets.search(&evidence, &suite, filter.is_none());
    }
    if secrets.tally.ran() > 0 {
        report.outcomes.push(secrets);
    }
    Ok(report)
}

fn checked_console(places: &Places) -> Command {
    let mut npm = console::npm(&places.console());
    npm.args(["run", "check"]);
    npm
}

fn run_suite(
    suite: &Suite,
    teller: Teller,
    mut command: Command,
    components: &Components,
    filtered: bool,
) -> Result<Outcome> {
    // Colours would hide the closing lines from us.
    command.env("CARGO_TERM_COLOR", "never").env("NO_COLOR", "1").env_remove("FORCE_COLOR");
    command.envs(components.variables.iter().map(|(name, value)| (name, value)));
    let begun = Instant::now();
    let mut outcome = Outcome::new(suite);
    let status = process::run_lines(&mut command, |line| {
        if let Some(tally) = Tally::parse(line, teller) {
            outcome.tally = outcome.tally.plus(tally);
            outcome.closing.push(line.trim().to_owned());
        } else if !tally::is_noise(line) {
            println!("{line}");
        }
    })?;
    outcome.took = begun.elapsed();
    outcome.judge(suite, status, filtered);
    Ok(outcome)
}

/// What became of all suites.
#[derive(Debug, Default)]
pub(crate) struct Report {
    outcomes: Vec<Outcome>,
}

/// What became of one suite.
#[derive(Debug)]
struct Outcome {
    name: String,
    tally: Tally,
    took: Duration,
    /// The lines with which the runner closed.
    closing: Vec<String>,
    /// Why the suite as a whole failed.
    fault: Option<String>,
}

impl Report {
    /// Each missing component is a failure with its name.
    fn note_missing(&mut self, components: &Components) {
        for missing in &components.missing {
            self.outcomes.push(Outcome {
                name: "missing".into(),
                tally: Tally { passed: 0, failed: 1 },
                took: Duration::ZERO,
                closing: Vec::new(),
                fault: Some(missing.clone()),
            });
        }
    }

    /// The last line: exactly `N passed, N failed`.
    pub(crate) fn totals(&self) -> String {
        let Tally { passed, failed } = self.total();
        format!("{passed} passed, {failed} failed")
    }

    /// Whether every suite ran and passed. That nothing ran is not good news either: a filter that
    /// was mistyped finds no test in any suite.
    pub(crate) fn is_good(&self) -> bool {
        self.total().ran() > 0 && self.outcomes.iter().all(|outcome| outcome.fault.is_none())
    }

    fn total(&self) -> Tally {
        let tallies = self.outcomes.iter().map(|outcome| outcome.tally);
        tallies.fold(Tally::default(), Tally::plus)
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "== what the runners say")?;
        for line in self.outcomes.iter().flat_map(|outcome| &outcome.closing) {
            writeln!(f, "{line}")?;
        }
        writeln!(f, "== summary")?;
        for Outcome { name, tally, took, fault, .. } in &self.outcomes {
            let (passed, failed) = (tally.passed, tally.failed);
            let seconds = took.as_secs_f64();
            write!(f, "{name:<16} {passed:>5} passed {failed:>3} failed {seconds:>7.1} s")?;
            match fault {
                Some(fault) => writeln!(f, "  FAILED: {fault}")?,
                None => writeln!(f)?,
            }
        }
        Ok(())
    }
}

impl Outcome {
    fn new(suite: &Suite) -> Self {
        Self::named(suite.name())
    }

    fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            tally: Tally::default(),
            took: Duration::ZERO,
            closing: Vec::new(),
            fault: None,
        }
    }

    fn not_run(suite: &Suite, why: &str) -> Self {
        let mut outcome = Self::new(suite);
        outcome.fail(format!("did not run: {why}"));
        outcome
    }

    /// Judges the suite by how its runner ended and how many tests it counted. Only a suite of
    /// examples may be without any, and one in which a filter finds none.
    fn judge(&mut self, suite: &Suite, status: ExitStatus, filtered: bool) {
        let none_ran = self.tally.ran() == 0;
        // What nextest ends with when there is no test to run.
        let ended_empty = status.code() == Some(4) && none_ran;
        let ended_well = status.success() || (filtered && ended_empty);
        if self.tally.failed > 0 {
            self.fail("its output is above".into());
        } else if !ended_well {
            self.fail(format!("its runner ended with {status}"));
        } else if none_ran && *suite == Suite::Console {
            // Types and lints count as one test when they are all that there is.
            self.tally.passed = 1;
        } else if none_ran && *suite != Suite::Doc && !filtered {
            self.fail("it ran no test".into());
        }
    }

    /// Searches what a suite's servers said for its secrets. Each suite counts as a test.
    fn search(&mut self, evidence: &Evidence, suite: &Suite, is_whole: bool) {
        let begun = Instant::now();
        let searched = match evidence.search(suite, is_whole) {
            Ok(None) => return,
            Ok(Some(searched)) => searched,
            Err(error) => {
                self.tally.failed += 1;
                self.fail(format!("{} was not searched: {error:#}", suite.name()));
                return;
            }
        };
        self.took += begun.elapsed();
        println!("== secrets of {}: {searched}", suite.name());
        for leak in &searched.leaks {
            println!("{leak}");
        }
        if searched.leaks.is_empty() {
            self.tally.passed += 1;
        } else {
            self.tally.failed += 1;
            self.fail("what was found is above".into());
        }
    }

    /// Fails as a whole, which counts as a failed test if none is counted.
    fn fail(&mut self, why: String) {
        self.tally.failed = self.tally.failed.max(1);
        self.fault = Some(why);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;

    use super::*;

    fn outcome(suite: &Suite, code: i32, passed: u64, failed: u64, filtered: bool) -> Outcome {
        let mut outcome = Outcome::new(suite);
        outcome.tally = Tally { passed, failed };
        outcome.judge(suite, ExitStatus::from_raw(code << 8), filtered);
        outcome
    }

    #[track_caller]
    fn check(suite: &Suite, (code, passed, failed): (i32, u64, u64), expected: &str) {
        let report = Report { outcomes: vec![outcome(suite, code, passed, failed, false)] };
        let good = if report.is_good() { "good" } else { "bad" };
        assert_eq!(format!("{good}: {}", report.totals()), expected);
    }

    #[test]
    fn a_suite_is_good_when_its_tests_ran_and_passed() {
        check(&Suite::Unit, (0, 12, 0), "good: 12 passed, 0 failed");
        check(&Suite::Unit, (100, 11, 1), "bad: 11 passed, 1 failed");
    }

    #[test]
    fn a_suite_that_ran_nothing_failed() {
        check(&Suite::Unit, (0, 0, 0), "bad: 0 passed, 1 failed");
        check(&Suite::Integration("play".into()), (4, 0, 0), "bad: 0 passed, 1 failed");
    }

    #[test]
    fn examples_may_be_missing_as_long_as_something_ran() {
        let doc = || outcome(&Suite::Doc, 0, 0, 0, false);
        let unit = outcome(&Suite::Unit, 0, 3, 0, false);
        assert!(Report { outcomes: vec![unit, doc()] }.is_good());
        assert!(!Report { outcomes: vec![doc()] }.is_good());
    }

    #[test]
    fn a_runner_that_fails_without_a_count_is_a_failure() {
        check(&Suite::Unit, (101, 7, 0), "bad: 7 passed, 1 failed");
        check(&Suite::Doc, (101, 0, 0), "bad: 0 passed, 1 failed");
        check(&Suite::Unit, (0, 7, 2), "bad: 7 passed, 2 failed");
    }

    #[test]
    fn the_console_counts_its_tests_or_else_itself() {
        check(&Suite::Console, (0, 5, 0), "good: 5 passed, 0 failed");
        check(&Suite::Console, (0, 0, 0), "good: 1 passed, 0 failed");
        check(&Suite::Console, (1, 0, 0), "bad: 0 passed, 1 failed");
        check(&Suite::Console, (4, 0, 0), "bad: 0 passed, 1 failed");
    }

    #[test]
    fn a_filter_may_leave_a_suite_empty() {
        for code in [0, 4] {
            let outcome = outcome(&Suite::Unit, code, 0, 0, true);
            assert_eq!((outcome.fault, outcome.tally.failed), (None, 0), "exit code {code}");
        }
        assert!(outcome(&Suite::Unit, 101, 0, 0, true).fault.is_some());
    }

    #[test]
    fn the_report_closes_with_the_runners_lines_and_a_line_for_each_suite() {
        let mut report = Report::default();
        let missing = vec!["chromium: none starts".to_owned()];
        report.note_missing(&Components { variables: Vec::new(), missing });
        let mut unit = outcome(&Suite::Unit, 0, 3, 0, false);
        unit.closing.push("Summary [   0.008s] 3 tests run: 3 passed, 0 skipped".into());
        unit.took = Duration::from_millis(1250);
        report.outcomes.push(unit);
        report.outcomes.push(Outcome::not_run(&Suite::Doc, "no build"));
        assert_eq!(
            report.to_string(),
            "== what the runners say\n\
             Summary [   0.008s] 3 tests run: 3 passed, 0 skipped\n\
             == summary\n\
             missing              0 passed   1 failed     0.0 s  FAILED: chromium: none starts\n\
             unit                 3 passed   0 failed     1.2 s\n\
             doc                  0 passed   1 failed     0.0 s  FAILED: did not run: no build\n"
        );
        assert_eq!(report.totals(), "3 passed, 2 failed");
        assert!(!report.is_good());
    }
}
