//! ffmpeg, which names the level of each line, and the frames that go through its filters.

use std::process::Command;

use super::{Played, means_damage, number_after, sound};

/// Levels at which it speaks of faults.
const LEVELS: [&str; 3] = ["[error] ", "[fatal] ", "[panic] "];

pub(super) fn command(url: &str) -> Command {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-hide_banner", "-nostats", "-v", "level+info", "-i", url]);
    // Each picture once, at its own time: none is doubled or dropped to keep a rate.
    command.args(["-fps_mode:v", "passthrough", "-enc_time_base:v", "1:90000"]);
    command.args(["-vf", "showinfo", "-af", "ashowinfo", "-f", "null", "-"]);
    command
}

pub(super) fn read(said: &str) -> Played {
    let mut played = Played::default();
    for line in said.lines() {
        if !count(&mut played, line)
            && (LEVELS.iter().any(|level| line.contains(level)) || means_damage(line))
        {
            played.errors.push(line.to_owned());
        }
    }
    played
}

/// Counts the frame that a line of the filters `showinfo` and `ashowinfo` tells of, if it is one
/// of theirs.
pub(super) fn count(played: &mut Played, line: &str) -> bool {
    let is_frame = line.contains(" pts_time:");
    if line.contains("Parsed_ashowinfo_") {
        if let (true, Some(samples), Some(rate)) =
            (is_frame, number_after(line, " nb_samples:"), number_after(line, " rate:"))
        {
            played.sound += sound(samples, rate);
        }
        return true;
    }
    let is_showinfo = line.contains("Parsed_showinfo_");
    played.pictures += u64::from(is_showinfo && is_frame);
    is_showinfo
}
