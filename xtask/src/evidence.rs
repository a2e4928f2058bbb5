//! Searching all that servers said while they were tested for every secret that the tests made.
//!
//! `testkit::evidence` writes what is read here, into a folder that this module names: a folder
//! for each kind of evidence, and one with the secrets themselves. A secret that is found is told
//! by its kind, never by itself.

mod found;
mod spellings;

use std::collections::BTreeSet;
use std::fmt::{self, Display, Formatter};
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{self, ExitCode};

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::places::Places;
use crate::suite::Suite;
use found::Search;

/// The folder of the secrets, which is no evidence.
const SECRETS: &str = "secrets";

/// The suite of which the servers make keys, refuse, and answer: with fewer secrets and words than
/// these, nothing was searched, and that nothing was found means nothing.
const MEASURE: &str = "start";
const SECRETS_MIN: usize = 5;
const LOGS_MIN: usize = 4;
const ANSWERS_MIN: usize = 1;
const METRICS_MIN: usize = 4;

/// Where the tests of one run write evidence. What is left of it when it is dropped is what has a
/// secret in it.
#[derive(Debug)]
pub(crate) struct Evidence {
    folder: PathBuf,
}

/// What a search went through, and what it found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Searched {
    /// How many different secrets there were.
    pub(crate) secrets: usize,
    logs: usize,
    outputs: usize,
    /// Processes that were answered something else than what they asked for.
    answers: usize,
    metrics: usize,
    bytes: u64,
    /// Where a secret is, and of which kind.
    pub(crate) leaks: Vec<String>,
}

impl Evidence {
    /// Makes a folder for this run beside what it builds, and removes those of runs that have
    /// ended.
    pub(crate) fn begin(places: &Places) -> Result<Self> {
        let all = places.target.join("evidence");
        let folder = all.join(process::id().to_string());
        fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
        for entry in fs::read_dir(&all).with_context(|| format!("list {}", all.display()))? {
            let entry = entry.with_context(|| format!("list {}", all.display()))?;
            if !Path::new("/proc").join(entry.file_name()).exists() {
                let path = entry.path();
                fs::remove_dir_all(&path).with_context(|| format!("remove {}", path.display()))?;
            }
        }
        Ok(Self { folder })
    }

    /// Where the tests of a suite write it, if they do: they start the program.
    pub(crate) fn of(&self, suite: &Suite) -> Option<PathBuf> {
        suite.needs_components().then(|| self.folder.join(suite.name()))
    }

    /// Searches what a suite has written, and removes it if no secret is in it: so the disk never
    /// holds more than one suite's.
    pub(crate) fn search(&self, suite: &Suite, is_whole: bool) -> Result<Option<Searched>> {
        let Some(folder) = self.of(suite).filter(|folder| folder.exists()) else {
            let is_missing = is_whole && suite.name() == MEASURE;
            return Ok(is_missing.then(|| {
                let mut nothing = Searched::default();
                nothing.demand();
                nothing
            }));
        };
        let mut searched = search(&folder)?;
        if searched.leaks.is_empty() {
            fs::remove_dir_all(&folder).with_context(|| format!("remove {}", folder.display()))?;
        }
        if is_whole && suite.name() == MEASURE {
            searched.demand();
        }
        Ok(Some(searched))
    }
}

impl Drop for Evidence {
    fn drop(&mut self) {
        // It stays if something was found in it.
        let _ = fs::remove_dir(&self.folder);
    }
}

impl Searched {
    /// Too little to have searched is a finding.
    fn demand(&mut self) {
        for (what, found, wanted) in [
            ("secrets", self.secrets, SECRETS_MIN),
            ("logs of servers", self.logs, LOGS_MIN),
            ("answers", self.answers, ANSWERS_MIN),
            ("metrics", self.metrics, METRICS_MIN),
        ] {
            if found < wanted {
                let sentence =
                    format!("`{MEASURE}` left {found} {what}, not {wanted}: is nothing kept?");
                self.leaks.push(sentence);
            }
        }
    }
}

impl Display for Searched {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { secrets, logs, outputs, answers, metrics, bytes, leaks } = self;
        write!(
            f,
            "{secrets} secrets looked for in {logs} logs, {outputs} outputs, {answers} files of \
             answers, {metrics} of metrics ({} KB): found {} times",
            bytes / 1_000,
            leaks.len()
        )
    }
}

/// `cargo xtask secrets`, for tests that were run by hand.
pub(crate) fn run(folder: &Path) -> Result<ExitCode> {
    let searched = search(folder)?;
    for leak in &searched.leaks {
        println!("{leak}");
    }
    println!("{searched}");
    Ok(if searched.leaks.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Searches a folder that tests have written to.
pub(crate) fn search(folder: &Path) -> Result<Searched> {
    let secrets = read_secrets(&folder.join(SECRETS))?;
    let search = Search::new(&secrets)?;
    let mut searched = Searched { secrets: secrets.len(), ..Searched::default() };
    for kind in files_in(folder)?.iter().filter(|kind| kind.is_dir()) {
        let name = kind.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name == SECRETS {
            continue;
        }
        let files = files_in(kind)?;
        match name.as_str() {
            "logs" => searched.logs += files.len(),
            "outputs" => searched.outputs += files.len(),
            "answers" => searched.answers += files.len(),
            "metrics" => searched.metrics += files.len(),
            other => searched.leaks.push(format!("{other}: evidence of a kind that is not known")),
        }
        for file in files {
            searched.bytes += fs::metadata(&file).map_or(0, |found| found.len());
            searched.leaks.extend(search.file(&file)?);
        }
    }
    Ok(searched)
}

/// A secret, and what it is called.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Secret {
    kind: String,
    text: String,
}

/// Each secret once: one that many tests have is searched for once.
fn read_secrets(folder: &Path) -> Result<BTreeSet<Secret>> {
    let mut secrets = BTreeSet::new();
    if !folder.exists() {
        return Ok(secrets);
    }
    for path in files_in(folder)? {
        let file = File::open(&path).with_context(|| format!("open {}", path.display()))?;
        for line in BufReader::new(file).lines() {
            let shown = || format!("read {}", path.display());
            let line: Value =
                serde_json::from_str(&line.with_context(shown)?).with_context(shown)?;
            let text = |key| line.get(key).and_then(Value::as_str).map(str::to_owned);
            let (kind, text) = text("kind").zip(text("text")).with_context(shown)?;
            secrets.insert(Secret { kind, text });
        }
    }
    Ok(secrets)
}

fn files_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let shown = || format!("list {}", folder.display());
    let entries = fs::read_dir(folder).with_context(shown)?;
    let mut files = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .with_context(shown)?;
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests;
