//! `cargo xtask ci`: all that must hold, each step timed, none left out because one failed.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::packages::Packages;
use crate::places::Places;
use crate::{console, process, test};

/// A cold target folder with debug and documentation builds takes somewhat less.
const FREE_BYTES_MIN: u64 = 6 << 30;

const FORMAT: [&str; 4] = ["fmt", "--all", "--", "--check"];
const LINTS: [&str; 6] = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
/// Private items too: a comment inside a crate may link to one.
const DOCUMENTATION: [&str; 4] = ["doc", "--workspace", "--no-deps", "--document-private-items"];

/// Runs every step.
pub(crate) fn run(places: &Places, packages: &mut Packages) -> Result<ExitCode> {
    check_disk(&places.target)?;
    let mut steps = Steps::default();
    steps.run("format", || process::run("format", process::cargo(places).args(FORMAT)));
    steps.run("console", || console::run(places, packages));
    steps.run("lints", || process::run("lints", process::cargo(places).args(LINTS)));
    let mut totals = None;
    steps.run("tests", || {
        let report = test::run_suites(places, packages, &test::Options::default())?;
        print!("{report}");
        totals = Some(report.totals());
        if !report.is_good() {
            bail!("{}", report.totals());
        }
        Ok(())
    });
    steps.run("documentation", || {
        let mut cargo = process::cargo(places);
        process::run("documentation", cargo.args(DOCUMENTATION).env("RUSTDOCFLAGS", "-D warnings"))
    });
    print!("{}", steps.table());
    // The tests' count is the last line here as it is in `cargo xtask test`.
    println!("{}", totals.unwrap_or_else(|| "0 passed, 1 failed".into()));
    Ok(if steps.are_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What became of the steps so far.
#[derive(Debug, Default)]
struct Steps(Vec<(&'static str, Duration, Result<()>)>);

impl Steps {
    fn run(&mut self, name: &'static str, step: impl FnOnce() -> Result<()>) {
        let begun = Instant::now();
        let result = step();
        if let Err(error) = &result {
            println!("== {name}: FAILED: {error:#}");
        }
        self.0.push((name, begun.elapsed(), result));
    }

    fn are_good(&self) -> bool {
        self.0.iter().all(|(_, _, result)| result.is_ok())
    }

    fn table(&self) -> String {
        let mut text = "== steps\n".to_owned();
        for (name, took, result) in &self.0 {
            let seconds = took.as_secs_f64();
            let result =
                result.as_ref().map_or_else(|error| format!("FAILED: {error:#}"), |()| "ok".into());
            writeln!(text, "{name:<16} {seconds:>7.1} s  {result}").expect("a String takes all");
        }
        let total: Duration = self.0.iter().map(|(_, took, _)| *took).sum();
        writeln!(text, "{:<16} {:>7.1} s", "total", total.as_secs_f64())
            .expect("a String takes all");
        text
    }
}

/// Refuses to begin what a full disk would end in the middle, with stranger words.
fn check_disk(target: &Path) -> Result<()> {
    fs::create_dir_all(target).with_context(|| format!("make {}", target.display()))?;
    let output = Command::new("df").arg("-Pk").arg(target).output().context("start `df`")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let free = free_bytes(&text).with_context(|| format!("read what `df` says: {text}"))?;
    if free < FREE_BYTES_MIN {
        bail!(
            "{:.1} GB are free where {} lies, and the builds need {} GB: remove what is old there, \
             or set CARGO_TARGET_DIR to a larger disk",
            gigabytes(free),
            target.display(),
            FREE_BYTES_MIN >> 30,
        );
    }
    println!("== disk: {:.1} GB free for {}", gigabytes(free), target.display());
    Ok(())
}

/// The fourth field of the last line, in KiB, is what `df -Pk` says is free.
fn free_bytes(df: &str) -> Option<u64> {
    let free: u64 = df.lines().last()?.split_whitespace().nth(3)?.parse().ok()?;
    free.checked_mul(1024)
}

/// In tenths, for people.
fn gigabytes(bytes: u64) -> f64 {
    f64::from(u32::try_from(bytes >> 20).unwrap_or(u32::MAX)) / 1024.0
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn df_says_what_is_free() {
        let df = "Filesystem 1024-blocks Used Available Capacity Mounted on\n\
                  /dev/vda 263174212 13631488 7340032 14% /\n";
        assert_eq!(free_bytes(df), Some(7 << 30));
        assert_eq!(free_bytes("df: no such file\n"), None);
        assert_eq!(free_bytes(""), None);
    }

    #[test]
    fn sizes_are_told_in_gigabytes() {
        assert_eq!(format!("{:.1}", gigabytes(6 << 30)), "6.0");
        assert_eq!(format!("{:.1}", gigabytes(79_500_000_000)), "74.0");
    }

    #[test]
    fn a_step_that_fails_stops_no_other() {
        let mut steps = Steps::default();
        steps.run("format", || Err(anyhow!("src/main.rs is not formatted")));
        let mut ran = false;
        steps.run("lints", || {
            ran = true;
            Ok(())
        });
        assert!(ran && !steps.are_good());
        let table = steps.table();
        assert!(table.contains("FAILED: src/main.rs is not formatted"), "{table}");
        assert!(
            table.lines().any(|line| line.starts_with("lints") && line.ends_with("ok")),
            "{table}"
        );
    }

    #[test]
    fn warnings_of_lints_are_errors() {
        assert!(LINTS.join(" ").ends_with("-- -D warnings"));
    }
}
