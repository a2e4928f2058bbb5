//! Players that people have, headless: each plays a stream in software, and what it decoded and
//! what it complained of is read from what it says.
//!
//! All but ffmpeg play in real time, against a clock and a sound card that are not there.
//! `cargo xtask test` fetches those that are missing and names them in `WEIR_MPV`, `WEIR_VLC` and
//! `WEIR_GSTREAMER`.

mod browser;
mod ffmpeg;
mod gstreamer;
mod harmless;
mod mpv;
#[cfg(test)]
mod tests;
mod vlc;

use std::env;
use std::fmt::{self, Display, Formatter};
use std::mem;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::Signal;

use self::harmless::{When, harmless};
use crate::{Process, wait_for};

/// How long a player may take beyond what it plays: browsers start slowly where others run at
/// once, and who joins a live stream waits for its next segment.
const PATIENCE: Duration = Duration::from_secs(60);
/// Whoever has begun to play and then decodes nothing for so long will not go on.
const STANDS_MAX: Duration = Duration::from_secs(15);
/// How long it may take to end.
const ENDS_WITHIN: Duration = Duration::from_secs(20);
/// How many of its last lines an error shows.
const TAIL_LINES: usize = 30;
/// How often it is looked at: what it says is read from the beginning each time.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// A program that plays HLS.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Player {
    /// Debian's ffmpeg, as fast as the stream comes.
    Ffmpeg,
    /// mpv, which has ffmpeg's demuxer.
    Mpv,
    /// VLC, with a demuxer of its own.
    Vlc,
    /// GStreamer's `playbin3`, with `hlsdemux2`.
    GStreamer,
    /// hls.js in Chromium.
    HlsJs,
    /// Chromium's own HLS: a video element whose source is the playlist.
    ChromiumHls,
}

/// How much is to be played.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Length {
    /// Pictures.
    pub pictures: u64,
    /// Sound.
    pub sound: Duration,
}

/// What a player made of a stream.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Played {
    /// How many pictures it decoded.
    pub pictures: u64,
    /// How much sound it decoded.
    pub sound: Duration,
    /// What it said that means a fault in the stream, or in its playing.
    pub errors: Vec<String>,
    /// What it said that is no fault where one push ends and the next begins, and is one elsewhere.
    pub at_breaks: Vec<String>,
}

impl Player {
    /// Every player.
    pub const ALL: [Self; 6] =
        [Self::Ffmpeg, Self::Mpv, Self::Vlc, Self::GStreamer, Self::HlsJs, Self::ChromiumHls];

    /// Plays what is at `url` until so much of it is decoded, or the player ends by itself: then
    /// less may have been played. `root` is the repository's folder.
    ///
    /// # Errors
    ///
    /// When the player is not there, or neither comes in time.
    pub fn play(self, root: &Path, url: &str, length: Length) -> Result<Played> {
        let folder = tempfile::tempdir().context("make a folder for a player")?;
        let mut command = self.command(root, url, folder.path())?;
        let mut process = Process::start(&mut command, self.name(), folder.path())?;
        let mut played = Played::default();
        let mut looked = Instant::now();
        let mut went_on = Instant::now();
        let within = PATIENCE + length.sound * 2;
        let waited = wait_for(&format!("{self} to play {url}"), within, || {
            if looked.elapsed() < LOOK_EVERY {
                return None;
            }
            looked = Instant::now();
            let ended = process.ended().transpose();
            let before = mem::replace(&mut played, self.read(&process));
            if (before.pictures, before.sound) != (played.pictures, played.sound) {
                went_on = Instant::now();
            }
            if let Some(status) = ended {
                let is_well = status.as_ref().is_ok_and(std::process::ExitStatus::success);
                // Whoever ends well has reached the end of the stream.
                return Some((!is_well).then(|| format!("it ended by itself: {status:?}")));
            }
            // It may have ended between.
            self.ask(&mut process).ok();
            let stands = played.pictures > 0 && went_on.elapsed() > STANDS_MAX;
            if stands && !played.has(length) {
                return Some(Some(format!("it stands still, for {STANDS_MAX:?}")));
            }
            played.has(length).then_some(None)
        });
        // What it says of being stopped is not of the stream, and not read.
        let stopped = self.stop(&mut process);
        let fault = waited.with_context(|| {
            let (out, err) = (process.out(), process.err());
            format!("{self} has {played:?} and said at last: {}\n{}", tail(&out), tail(&err))
        })?;
        played.errors.extend(fault);
        stopped.with_context(|| format!("end {self}"))?;
        Ok(played)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Ffmpeg => "ffmpeg",
            Self::Mpv => "mpv",
            Self::Vlc => "VLC",
            Self::GStreamer => "GStreamer",
            Self::HlsJs => "hls.js",
            Self::ChromiumHls => "Chromium",
        }
    }

    fn command(self, root: &Path, url: &str, folder: &Path) -> Result<Command> {
        match self {
            Self::Ffmpeg => Ok(ffmpeg::command(url)),
            Self::Mpv => Ok(mpv::command(&program("WEIR_MPV")?, url)),
            Self::Vlc => Ok(vlc::command(&program("WEIR_VLC")?, url, folder)),
            Self::GStreamer => Ok(gstreamer::command(&program("WEIR_GSTREAMER")?, url)),
            Self::HlsJs => Ok(browser::command(root, "hls.js", url)),
            Self::ChromiumHls => Ok(browser::command(root, "native", url)),
        }
    }

    /// Asks it to say how far it is, where it does not by itself.
    fn ask(self, process: &mut Process) -> Result<()> {
        match self {
            Self::Vlc => process.tell(vlc::QUESTIONS),
            Self::Ffmpeg | Self::Mpv | Self::GStreamer | Self::HlsJs | Self::ChromiumHls => Ok(()),
        }
    }

    /// What it has said so far.
    fn read(self, process: &Process) -> Played {
        let (out, err) = (process.out(), process.err());
        let mut played = match self {
            Self::Ffmpeg => ffmpeg::read(&err),
            Self::Mpv => mpv::read(&[out, err].concat()),
            Self::Vlc => vlc::read(&out, &err),
            Self::GStreamer => gstreamer::read(&out, &err),
            Self::HlsJs | Self::ChromiumHls => browser::read(&out, &err),
        };
        for line in mem::take(&mut played.errors) {
            match harmless(self, &line) {
                None => played.errors.push(line),
                // Some say the same of each packet.
                Some(When::AtBreaks) if played.at_breaks.last() == Some(&line) => {}
                Some(When::AtBreaks) => played.at_breaks.push(line),
                Some(When::Always) => {}
            }
        }
        played
    }

    /// Asks it to end, and waits until it has.
    fn stop(self, process: &mut Process) -> Result<()> {
        if process.ended()?.is_none() {
            // It may end between the last look and this.
            process.signal(Signal::TERM).ok();
        }
        process.wait(ENDS_WITHIN).map(drop)
    }
}

impl Display for Player {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Length {
    /// So many seconds of so many pictures each, and sound.
    #[must_use]
    pub const fn of(seconds: u32, pictures_per_second: u32) -> Self {
        // Two u32 cannot overflow a u64.
        let pictures = seconds as u64 * pictures_per_second as u64;
        Self { pictures, sound: Duration::from_secs(seconds as u64) }
    }
}

impl Played {
    /// Whether it is as long as that.
    #[must_use]
    pub fn has(&self, length: Length) -> bool {
        self.pictures >= length.pictures && self.sound >= length.sound
    }
}

/// The program that `cargo xtask test` has found.
fn program(variable: &str) -> Result<PathBuf> {
    env::var_os(variable).map(PathBuf::from).with_context(|| {
        format!("{variable} does not say where the player is: run the tests by `cargo xtask test`")
    })
}

/// The last lines of what was said.
fn tail(said: &str) -> String {
    let lines: Vec<_> = said.lines().collect();
    lines.get(lines.len().saturating_sub(TAIL_LINES)..).unwrap_or_default().join("\n")
}

/// The number behind `name` in a line.
fn number_after(line: &str, name: &str) -> Option<u64> {
    let (_, rest) = line.split_once(name)?;
    let rest = rest.trim_start();
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest.get(..end)?.parse().ok()
}

/// So many samples of sound at so many a second.
fn sound(samples: u64, rate: u64) -> Duration {
    Duration::from_micros((samples * 1_000_000).checked_div(rate).unwrap_or_default())
}

/// Words that mean damage, at whatever level they are said.
fn means_damage(line: &str) -> bool {
    const WORDS: [&str; 12] = [
        "corrupt",
        "error while decoding",
        "discontinuity",
        "continuity check",
        "non-monoton",
        "non monoton",
        "invalid data",
        "invalid nal",
        "concealing",
        "missing reference",
        "http error",
        "connection refused",
    ];
    let line = line.to_lowercase();
    WORDS.iter().any(|word| line.contains(word))
}
