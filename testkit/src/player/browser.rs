//! Chromium, driven by `tests/browser/live.mjs`, with hls.js or by itself.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde::Deserialize;

use super::Played;

/// What the page says, a line each time it is looked at.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sample {
    pictures: u64,
    sound_ms: u64,
    errors: Vec<String>,
}

pub(super) fn command(root: &Path, engine: &str, url: &str) -> Command {
    let mut command = Command::new("node");
    command.arg(root.join("tests/browser/live.mjs")).args([engine, url]);
    command.env("WEIR_CONSOLE_DIR", root.join("console"));
    command
}

pub(super) fn read(out: &str, err: &str) -> Played {
    // The last line may be half there.
    let mut samples = out.lines().rev().filter_map(|line| serde_json::from_str(line).ok());
    let latest = samples.next().map(|sample: Sample| Played {
        pictures: sample.pictures,
        sound: Duration::from_millis(sample.sound_ms),
        errors: sample.errors,
        at_breaks: Vec::new(),
    });
    let mut played = latest.unwrap_or_default();
    played.errors.extend(err.lines().map(str::to_owned));
    played
}
