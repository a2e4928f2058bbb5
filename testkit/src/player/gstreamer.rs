//! GStreamer's `playbin3`, whose sinks name each buffer that reaches them.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::{Played, means_damage};

pub(super) fn command(program: &Path, url: &str) -> Command {
    let mut command = Command::new(program);
    // Warnings too: some damage is said as one.
    command.env("GST_DEBUG", "2").env("GST_DEBUG_NO_COLOR", "1").env("NO_COLOR", "1");
    command.args(["-v", "--no-position", "playbin3", "flags=audio+video"]);
    command.arg(format!("uri={url}"));
    for (kind, name) in [("video", "pictures"), ("audio", "sound")] {
        command.arg(format!("{kind}-sink=fakesink name={name} sync=true silent=false"));
    }
    command
}

pub(super) fn read(out: &str, err: &str) -> Played {
    let mut played = Played::default();
    for line in out.lines().filter(|line| line.contains("last-message = chain ")) {
        if line.contains("(pictures:sink)") {
            played.pictures += 1;
        } else if line.contains("(sound:sink)") {
            played.sound += duration(line).unwrap_or_default();
        }
    }
    let faults = out.lines().filter(|line| line.contains("ERROR: "));
    let warned = err
        .lines()
        .filter(|line| line.contains("ERROR: ") || line.contains(" ERROR ") || means_damage(line));
    played.errors = faults.chain(warned).map(str::to_owned).collect();
    played
}

/// How long a buffer is: `duration: 0:00:00.021333333`.
fn duration(line: &str) -> Option<Duration> {
    let (text, _) = line.split_once("duration: ")?.1.split_once(',')?;
    let (seconds, nanoseconds) = text.split_once('.')?;
    let add = |sum: u64, part: &str| Some(sum * 60 + part.parse::<u64>().ok()?);
    let seconds = seconds.split(':').try_fold(0, add)?;
    Some(Duration::new(seconds, nanoseconds.parse().ok()?))
}
