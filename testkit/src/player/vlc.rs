//! VLC, asked for its statistics by its interface for remote controls.

use std::path::Path;
use std::process::Command;

use super::{Played, means_damage, number_after, sound};

/// `stats` counts pictures and blocks of sound, `info` has the sound's samples in a second.
pub(super) const QUESTIONS: &str = "info\nstats";

/// Samples in a block: VLC counts frames of AAC.
const BLOCK: u64 = 1_024;

/// Said when it was at the end of what is listed and waits for more.
const STARVED: &str = "is called too late";

/// What it says of the pictures that it still had then: it begins anew, with another clock.
const AFTER_STARVED: [&str; 4] = [
    "co located POCs unavailable",
    "mmco: unref short failure",
    "no reference clock",
    "Could not convert timestamp 0",
];

pub(super) fn command(program: &Path, url: &str, folder: &Path) -> Command {
    let mut command = Command::new(program);
    // Its settings and its cache go there.
    command.env("HOME", folder).env_remove("XDG_CONFIG_HOME").env_remove("XDG_CACHE_HOME");
    command.args(["--intf", "oldrc", "--rc-fake-tty", "--no-color", "--verbose", "1"]);
    // On a busy machine it would leave out pictures, and then miss them as references.
    command.args(["--no-avcodec-hurry-up", "--no-skip-frames", "--no-drop-late-frames"]);
    command.args(["--vout", "vdummy", "--aout", "adummy", "--no-media-library", "--no-dbus"]);
    // At the end of what has one, its interface would wait for more commands.
    command.args(["--play-and-exit", url, "--avcodec-hw", "none", "--no-metadata-network-access"]);
    command
}

pub(super) fn read(out: &str, err: &str) -> Played {
    let mut played = Played::default();
    let (mut shown, mut late, mut blocks, mut rate) = (0, 0, 0, 0);
    for line in out.lines() {
        // The latest answer is the last. Of sound in a raw format it says `Sample rate`, of the
        // rest `Decoded sample rate`.
        for (name, value) in [
            ("frames displayed :", &mut shown),
            ("frames lost      :", &mut late),
            ("buffers played   :", &mut blocks),
            ("ample rate:", &mut rate),
        ] {
            *value = number_after(line, name).unwrap_or(*value);
        }
    }
    // A picture that comes too late to be shown was decoded all the same.
    played.pictures = shown + late;
    played.sound = sound(blocks * BLOCK, rate);
    let mut has_starved = false;
    for line in err.lines().filter(|line| is_fault(line)) {
        has_starved |= line.contains(STARVED);
        let comes_of_it = has_starved && AFTER_STARVED.iter().any(|words| line.contains(words));
        if !comes_of_it {
            played.errors.push(line.to_owned());
        }
    }
    played
}

/// `[0000560c6c7ffcd0] main libvlc error: …` is VLC's own, `[h264 @ 0x7f14a01bc140] …` a decoder's.
fn is_fault(line: &str) -> bool {
    let head = line.split_once(": ").map_or(line, |(head, _)| head);
    let is_decoders = line.split_once(']').is_some_and(|(head, _)| head.contains(" @ "));
    head.ends_with(" error") || is_decoders || means_damage(line)
}
