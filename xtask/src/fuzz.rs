//! `cargo xtask fuzz`: coverage-guided fuzzing of parsers and machines (docs/fuzzing.md).

use std::fmt::{self, Display, Formatter};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::packages::Packages;
use crate::places::Places;
use crate::process;

/// What is fuzzed, and for how long.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The targets; all of them if none is named
    targets: Vec<String>,
    /// How long each target runs, in seconds
    #[arg(long, default_value_t = 60)]
    seconds: u64,
}

/// The release that is installed when there is none.
const CARGO_FUZZ: &str = "cargo-fuzz@0.13.2";

/// Longest that one input may take, in seconds: a thousand times what any needs.
const INPUT_SECONDS_MAX: &str = "-timeout=10";

/// Longest input of which the bytes are shown when it fails; longer ones are in their file.
const SHOWN_BYTES_MAX: usize = 256;

/// Runs the targets one after the other and prints a table for docs/testing.md.
pub(crate) fn run(places: &Places, packages: &mut Packages, options: &Options) -> Result<ExitCode> {
    let manifest = places.root.join("fuzz/Cargo.toml");
    let manifest = fs::read_to_string(&manifest).context("read fuzz/Cargo.toml")?;
    let targets = chosen(&targets(&manifest), &options.targets)?;
    let fuzz = Fuzz::prepare(places, packages)?;
    let mut outcomes = Vec::new();
    for target in targets {
        let outcome = fuzz.run(&target, options)?;
        println!("{outcome}");
        outcomes.push(outcome);
    }
    print!("{}", table(&outcomes));
    let failed = outcomes.iter().any(|outcome| outcome.fault.is_some());
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// What is needed to run a target, all built.
struct Fuzz<'p> {
    places: &'p Places,
    cargo_fuzz: PathBuf,
    /// Everything that is built with coverage, and the inputs that were found.
    folder: PathBuf,
}

/// What became of one target.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    target: String,
    inputs: u64,
    edges: u64,
    took: Duration,
    /// Why it stopped before its time.
    fault: Option<String>,
}

impl<'p> Fuzz<'p> {
    fn prepare(places: &'p Places, packages: &mut Packages) -> Result<Self> {
        if process::on_path("c++").is_none() {
            packages.install("a C++ compiler (`c++`, for libFuzzer)", &["build-essential"])?;
        }
        let tools = places.tools.join("cargo-fuzz");
        let cargo_fuzz = tools.join("bin/cargo-fuzz");
        if !cargo_fuzz.is_file() {
            let mut cargo = process::cargo(places);
            cargo.args(["install", "--locked", CARGO_FUZZ, "--root"]).arg(&tools);
            process::run("cargo-fuzz", &mut cargo)?;
        }
        let fuzz = Self { places, cargo_fuzz, folder: places.target.join("fuzz") };
        let mut seeds = process::cargo(places);
        seeds.env("CARGO_TARGET_DIR", &fuzz.folder);
        seeds.args(["run", "--manifest-path", "fuzz/Cargo.toml", "--example", "seeds", "--"]);
        process::run("seeds", seeds.arg(fuzz.folder.join("seeds")))?;
        process::run("build", &mut fuzz.command("build"))?;
        Ok(fuzz)
    }

    /// `cargo fuzz` with a subcommand, without a sanitizer: those are for unsafe code, which there
    /// is none of, and for nightly compilers.
    fn command(&self, subcommand: &str) -> Command {
        let mut command = Command::new(&self.cargo_fuzz);
        command.current_dir(&self.places.root).args(["fuzz", subcommand]);
        command.args(["--sanitizer", "none", "--target-dir"]).arg(&self.folder);
        command
    }

    fn run(&self, target: &str, options: &Options) -> Result<Outcome> {
        let [found, seeds] = ["corpus", "seeds"].map(|name| self.folder.join(name).join(target));
        for folder in [&found, &seeds] {
            fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
        }
        let mut command = self.command("run");
        command.arg(target).args([&found, &seeds]).args(["--", INPUT_SECONDS_MAX]);
        command.arg("-print_final_stats=1").arg(format!("-max_total_time={}", options.seconds));
        let mut outcome = Outcome { target: target.to_owned(), ..Outcome::default() };
        let mut lines = Vec::new();
        let begun = Instant::now();
        let status = process::run_lines(&mut command, |line| {
            outcome.read(line);
            lines.push(line.to_owned());
        })?;
        outcome.took = begun.elapsed();
        if !status.success() {
            lines.iter().filter(|line| !is_progress(line)).for_each(|line| println!("{line}"));
            let fault = outcome.fault.take().unwrap_or_else(|| format!("ended with {status}"));
            outcome.fault = Some(self.with_bytes(fault));
        }
        Ok(outcome)
    }

    /// The file of an input, and its bytes if those are few.
    fn with_bytes(&self, fault: String) -> String {
        match fs::read(self.places.root.join(&fault)) {
            Ok(bytes) if bytes.len() <= SHOWN_BYTES_MAX => {
                let digits = bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
                format!("{}: {digits}", relative(&fault, &self.places.root))
            }
            Ok(_) | Err(_) => relative(&fault, &self.places.root),
        }
    }
}

impl Outcome {
    /// Takes in a line of libFuzzer's: `#812 NEW cov: 30 ft: 41 …`,
    /// `stat::number_of_executed_units: 900`, `… Test unit written to FILE`.
    fn read(&mut self, line: &str) {
        if let Some(inputs) = line.strip_prefix("stat::number_of_executed_units:") {
            self.inputs = inputs.trim().parse().unwrap_or(self.inputs);
        } else if let Some((_, file)) = line.split_once("Test unit written to ") {
            self.fault = Some(file.trim().to_owned());
        } else if is_progress(line) {
            let edges = line.split_whitespace().skip_while(|word| *word != "cov:").nth(1);
            self.edges = edges.and_then(|edges| edges.parse().ok()).unwrap_or(self.edges);
        }
    }
}

impl Display for Outcome {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { target, inputs, edges, took, fault } = self;
        let fault = fault.as_deref().unwrap_or("nothing found");
        let seconds = took.as_secs();
        write!(f, "{target}: {inputs} inputs in {seconds} s, {edges} edges, {fault}")
    }
}

/// The targets that a manifest lists.
fn targets(manifest: &str) -> Vec<String> {
    let names = manifest.split("[[bin]]").skip(1).filter_map(|bin| {
        let line = bin.lines().find_map(|line| line.strip_prefix("name = "))?;
        Some(line.trim_matches('"').to_owned())
    });
    names.collect()
}

/// Those of `all` that were asked for by name; all of them if none was.
fn chosen(all: &[String], names: &[String]) -> Result<Vec<String>> {
    if let Some(unknown) = names.iter().find(|name| !all.contains(name)) {
        bail!("there is no target `{unknown}`; there are {}", all.join(", "));
    }
    Ok(if names.is_empty() { all.to_vec() } else { names.to_vec() })
}

fn is_progress(line: &str) -> bool {
    line.starts_with('#') && line.contains("cov:")
}

fn relative(file: &str, root: &Path) -> String {
    Path::new(file).strip_prefix(root).unwrap_or_else(|_| Path::new(file)).display().to_string()
}

fn table(outcomes: &[Outcome]) -> String {
    let mut text = "| target | inputs | a second | edges | found |\n".to_owned();
    text += "| --- | ---: | ---: | ---: | --- |\n";
    for Outcome { target, inputs, edges, took, fault } in outcomes {
        let a_second = inputs / took.as_secs().max(1);
        let fault = fault.as_deref().unwrap_or("nothing");
        let (inputs, a_second) = (grouped(*inputs), grouped(a_second));
        text +=
            &format!("| `{target}` | {inputs} | {a_second} | {} | {fault} |\n", grouped(*edges));
    }
    let inputs = outcomes.iter().map(|outcome| outcome.inputs).sum();
    text + &format!("| all | {} | | | |\n", grouped(inputs))
}

/// A number with a comma at each thousand.
fn grouped(number: u64) -> String {
    match number {
        0..1_000 => number.to_string(),
        _ => format!("{},{:03}", grouped(number / 1_000), number % 1_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
    }

    fn text(path: &str) -> String {
        fs::read_to_string(root().join(path)).unwrap()
    }

    /// A module, and those in its folder.
    fn sources(module: &str) -> String {
        let below = fs::read_dir(root().join(module)).into_iter().flatten();
        let below = below.map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
        text(&format!("{module}.rs")) + &below.collect::<String>()
    }

    #[test]
    fn every_entry_point_is_a_target() {
        let crates = [
            "core/rtmp",
            "core/container",
            "core/media",
            "core/timeline",
            "core/token",
            "core/hls",
            "segmenter",
            "check",
        ];
        let mut entries = Vec::new();
        for path in crates {
            let name = path.rsplit('/').next().unwrap();
            for line in sources(&format!("{path}/src/fuzz")).lines() {
                let entry =
                    line.strip_prefix("pub fn ").and_then(|line| line.split_once("(data: &[u8])"));
                entries.extend(entry.map(|(entry, _)| format!("{name}_{entry}")));
            }
        }
        let mut targets = targets(&text("fuzz/Cargo.toml"));
        entries.sort();
        targets.sort();
        assert_eq!(targets, entries);
        for target in targets {
            let (name, entry) = target.split_once('_').unwrap();
            let source = text(&format!("fuzz/fuzz_targets/{target}.rs"));
            assert!(source.contains(&format!("{name}::fuzz::{entry}(data)")), "{source}");
        }
    }

    #[test]
    fn what_libfuzzer_says_is_read() {
        let mut outcome = Outcome::default();
        for line in [
            "INFO: Running with entropic power schedule (0xFF, 100).",
            "#2\tINITED cov: 11 ft: 12 corp: 1/1b exec/s: 0 rss: 30Mb",
            "#524288\tpulse  cov: 388 ft: 785 corp: 318/74Kb lim: 6295 exec/s: 262144 rss: 44Mb",
            "stat::number_of_executed_units: 1171",
            "artifact_prefix='a/'; Test unit written to fuzz/artifacts/x/crash-1",
        ] {
            outcome.read(line);
        }
        let fault = Some("fuzz/artifacts/x/crash-1".to_owned());
        assert_eq!(outcome, Outcome { inputs: 1_171, edges: 388, fault, ..Outcome::default() });
    }

    #[test]
    fn the_table_counts_everything() {
        let outcome = |target: &str, inputs, fault: Option<&str>| Outcome {
            target: target.to_owned(),
            inputs,
            edges: 7,
            took: Duration::from_millis(2_900),
            fault: fault.map(str::to_owned),
        };
        let table = table(&[outcome("a", 12_345_678, None), outcome("b", 2, Some("c"))]);
        let rows: Vec<_> = table.lines().skip(2).collect();
        let expected = [
            "| `a` | 12,345,678 | 6,172,839 | 7 | nothing |",
            "| `b` | 2 | 1 | 7 | c |",
            "| all | 12,345,680 | | | |",
        ];
        assert_eq!(rows, expected);
    }

    #[test]
    fn an_unknown_target_is_refused_with_those_that_there_are() {
        let all = ["a".to_owned(), "b".to_owned()];
        assert_eq!(chosen(&all, &[]).unwrap(), all);
        assert_eq!(chosen(&all, &["b".to_owned()]).unwrap(), ["b"]);
        let error = chosen(&all, &["c".to_owned()]).unwrap_err().to_string();
        assert_eq!(error, "there is no target `c`; there are a, b");
    }
}
