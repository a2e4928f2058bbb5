//! mpv, which runs the same filters as ffmpeg does.

use std::path::Path;
use std::process::Command;

use super::{Played, ffmpeg, means_damage};

/// Nothing but faults, and what the filters say, which is under `ffmpeg`; so is what ffmpeg's
/// protocols say at any level, which is judged by its words.
const LEVELS: &str = "--msg-level=all=error,ffmpeg=v,ffmpeg/video=error,ffmpeg/audio=error,\
                      ffmpeg/demuxer=error";

pub(super) fn command(program: &Path, url: &str) -> Command {
    let mut command = Command::new(program);
    command.args(["--no-config", "--vo=null", "--ao=null", "--hwdec=no", "--no-input-terminal"]);
    command.args([LEVELS, "--vf=lavfi=[showinfo]", "--af=lavfi=[ashowinfo]", url]);
    command
}

pub(super) fn read(said: &str) -> Played {
    let mut played = Played::default();
    for line in said.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let is_fault = !ffmpeg::count(&mut played, line)
            && (!line.starts_with("[ffmpeg]") || means_damage(line));
        if is_fault {
            played.errors.push(line.to_owned());
        }
    }
    played
}
