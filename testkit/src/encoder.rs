//! Real encoders: ffmpeg with a test picture and a tone, in real time.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;
use tempfile::TempDir;

use crate::Process;
use crate::flv::{self, Tag};
use crate::process::run;
use crate::tools::{Pushed, pushed};

/// How long an encoder may take to end in good order.
const END_WITHIN: Duration = Duration::from_secs(20);

/// What an encoder sends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Source {
    /// Pictures, if any.
    pub video: Option<Video>,
    /// Sound, if any.
    pub audio: Option<Audio>,
    /// How long, in seconds; until it is stopped where nothing is said.
    pub seconds: Option<u32>,
    /// The program, where it is not the one on `PATH`.
    pub program: Option<PathBuf>,
    /// More options for the push, as `tls_verify=0`.
    pub options: Vec<String>,
    /// Whether it encodes as fast as it can, without pictures that wait for others, and burns a
    /// clock into them: the milliseconds since this moment (since the Unix epoch) as [`CLOCK_BITS`]
    /// bars in the uppermost [`CLOCK_HEIGHT`] lines, the lowest bit first, white for one.
    pub clock_from_ms: Option<i64>,
}

/// Bars of a clock that is burnt in: it counts 17 minutes.
pub const CLOCK_BITS: u32 = 20;
/// How high these bars are, in pixels.
pub const CLOCK_HEIGHT: u32 = 32;

/// A source's pictures: moving bars with a clock, as x264 encodes them without further wishes,
/// which is with three B-frames in a pyramid.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Video {
    /// Width and height in pixels.
    pub size: (u32, u32),
    /// Pictures in so many seconds: 30,000 in 1,001.
    pub rate: (u32, u32),
    /// Pictures from one key frame to the next; x264's default of 250 where nothing is said.
    pub gop: Option<u32>,
}

/// A source's sound: a tone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Audio {
    /// Samples a second.
    pub sample_rate: u32,
    /// 1 for mono, 2 for stereo.
    pub channels: u32,
}

/// An encoder that pushes. What it pushes it also writes to a file, byte for byte: the truth that
/// segments are held against. Dropping it kills it.
#[derive(Debug)]
pub struct Encoder {
    process: Process,
    folder: TempDir,
}

impl Source {
    /// Pictures with a key frame every two seconds, and stereo sound of 48 kHz.
    #[must_use]
    pub const fn usual() -> Self {
        let video = Video { size: (320, 180), rate: (30, 1), gop: Some(60) };
        let audio = Audio { sample_rate: 48_000, channels: 2 };
        Self {
            video: Some(video),
            audio: Some(audio),
            seconds: None,
            program: None,
            options: Vec::new(),
            clock_from_ms: None,
        }
    }

    /// The same for so many seconds.
    #[must_use]
    pub fn lasting(self, seconds: u32) -> Self {
        Self { seconds: Some(seconds), ..self }
    }

    /// The arguments by which ffmpeg pushes to `url` and keeps a copy.
    fn arguments(&self, url: &str, copy: &Path) -> Vec<String> {
        let mut words: Vec<String> = Vec::new();
        let mut add = |text: &str| words.extend(text.split(' ').map(str::to_owned));
        add("-hide_banner -loglevel warning -nostats");
        if let Some(Video { size: (width, height), rate: (pictures, seconds), .. }) = self.video {
            let mut picture = format!("testsrc2=size={width}x{height}:rate={pictures}/{seconds}");
            if let Some(from_ms) = self.clock_from_ms {
                let rate = format!("{pictures}/{seconds}");
                picture = format!(
                    "{picture}[picture];color=black:size={CLOCK_BITS}x2:rate={rate},format=gray,\
                     setpts=(RTCTIME-{from_ms}000)/(TB*1000000),\
                     geq=lum='255*mod(floor(T*1000/pow(2\\,X))\\,2)',setpts=N/({rate}*TB),\
                     scale={width}:{CLOCK_HEIGHT}:flags=neighbor,format=yuv420p[clock];\
                     [picture][clock]overlay"
                );
            }
            add(&format!("-re -f lavfi -i {picture}"));
        }
        if let Some(Audio { sample_rate, .. }) = self.audio {
            add(&format!("-re -f lavfi -i sine=frequency=440:sample_rate={sample_rate}"));
        }
        let mut input = 0..;
        let mut map = || format!("-map {}", input.next().unwrap_or(0));
        if let Some(Video { gop, .. }) = self.video {
            add(&map());
            // One thread: several encoders run at once, and each has little to do.
            add("-c:v libx264 -preset veryfast -threads 1 -pix_fmt yuv420p -b:v 300k");
            if self.clock_from_ms.is_some() {
                add("-tune zerolatency");
            }
            if let Some(gop) = gop {
                add(&format!("-g {gop}"));
            }
        }
        if let Some(Audio { channels, .. }) = self.audio {
            add(&map());
            add(&format!("-c:a aac -b:a 96k -ac {channels}"));
        }
        if let Some(seconds) = self.seconds {
            add(&format!("-t {seconds}"));
        }
        // The outputs of `tee` are not asked what they want; FLV wants this.
        add("-flags +global_header");
        words.extend(["-f".to_owned(), "tee".to_owned()]);
        let flags = "f=flv:flvflags=no_duration_filesize:onfail=abort".to_owned();
        let options = [flags.clone()].iter().chain(&self.options).cloned().collect::<Vec<_>>();
        // What is cut off by a kill is in the copy as far as it was pushed.
        let copy = format!("[{flags}:flush_packets=1]{}", copy.display());
        words.push(format!("[{}]{url}|{copy}", options.join(":")));
        words
    }
}

impl Encoder {
    /// Starts to push `source` to `url`.
    ///
    /// # Errors
    ///
    /// When ffmpeg cannot be started.
    pub fn start(source: &Source, url: &str) -> Result<Self> {
        let folder = tempfile::tempdir().context("make a folder")?;
        let program = source.program.clone().unwrap_or_else(|| "ffmpeg".into());
        let mut command = Command::new(program);
        command.args(source.arguments(url, &folder.path().join(COPY)));
        let process = Process::start(&mut command, "ffmpeg", folder.path())?;
        Ok(Self { process, folder })
    }

    /// Asks it to end the stream as a person would, and waits until it has said good-bye.
    ///
    /// # Errors
    ///
    /// When it does not end in time.
    pub fn finish(&mut self) -> Result<ExitStatus> {
        self.process.signal(Signal::INT)?;
        self.process.wait(END_WITHIN)
    }

    /// Kills it: the server sees a connection that is closed without a word.
    ///
    /// # Errors
    ///
    /// When the system does not let us.
    pub fn kill(&mut self) -> Result<()> {
        self.process.kill()
    }

    /// Waits until it has ended by itself.
    ///
    /// # Errors
    ///
    /// When it has not `within` that time.
    pub fn wait(&mut self, within: Duration) -> Result<ExitStatus> {
        self.process.wait(within)
    }

    /// Whether it still runs.
    #[must_use]
    pub fn is_running(&mut self) -> bool {
        matches!(self.process.ended(), Ok(None))
    }

    /// What it has complained about so far.
    #[must_use]
    pub fn said(&self) -> String {
        self.process.err()
    }

    /// The copy of what it pushed, an FLV file.
    #[must_use]
    pub fn copy(&self) -> PathBuf {
        self.folder.path().join(COPY)
    }

    /// What it pushed, read from the copy by ffprobe.
    ///
    /// # Errors
    ///
    /// When there is nothing in it.
    pub fn pushed(&self) -> Result<Pushed> {
        pushed(&self.copy())
    }
}

/// Encodes a source as fast as it goes, for pushes by hand: what an encoder would send, and what
/// ffprobe says of it.
///
/// # Errors
///
/// When ffmpeg fails.
pub fn encode(source: &Source) -> Result<(Vec<Tag>, Pushed)> {
    let folder = tempfile::tempdir().context("make a folder")?;
    let (copy, other) = (folder.path().join(COPY), folder.path().join("other.flv"));
    let mut arguments = source.arguments(&other.display().to_string(), &copy);
    arguments.retain(|word| word != "-re");
    let finished = run(Command::new("ffmpeg").args(arguments), END_WITHIN)?;
    ensure!(finished.status.success(), "ffmpeg fails: {}", finished.err);
    Ok((flv::read(&copy)?, pushed(&copy)?))
}

/// The current ffmpeg, which `cargo xtask test` downloads and names.
#[must_use]
pub fn current_ffmpeg() -> Option<PathBuf> {
    env::var_os("WEIR_FFMPEG_CURRENT").map(PathBuf::from)
}

const COPY: &str = "copy.flv";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoder_pushes_what_it_was_told_and_keeps_a_copy() {
        let target = tempfile::tempdir().unwrap();
        let url = target.path().join("pushed.flv").display().to_string();
        let audio = Some(Audio { sample_rate: 44_100, channels: 1 });
        let video = Some(Video { size: (64, 64), rate: (25, 1), gop: Some(10) });
        let source = Source { audio, video, ..Source::usual() };
        let mut encoder = Encoder::start(&source.lasting(1), &url).unwrap();
        assert!(encoder.wait(END_WITHIN).unwrap().success(), "{}", encoder.said());
        let pushed = encoder.pushed().unwrap();
        assert_eq!(pushed.video.len(), 25);
        let key_frames = pushed.video.iter().filter(|packet| packet.is_key).count();
        assert_eq!(key_frames, 3);
        assert!(pushed.video.iter().any(|packet| packet.pts_ms != packet.dts_ms), "no B-frames");
        assert!((43..=46).contains(&pushed.audio.len()), "{}", pushed.audio.len());
        assert_eq!(std::fs::read(url).unwrap(), std::fs::read(encoder.copy()).unwrap());
    }

    #[test]
    fn an_encoder_says_good_bye_when_it_is_asked() {
        let target = tempfile::tempdir().unwrap();
        let url = target.path().join("pushed.flv").display().to_string();
        let mut encoder = Encoder::start(&Source::usual(), &url).unwrap();
        let begun = || std::fs::metadata(encoder.copy()).is_ok_and(|file| file.len() > 10_000);
        crate::wait_until("a beginning", END_WITHIN, begun).unwrap();
        assert!(encoder.is_running());
        encoder.finish().unwrap();
        assert!(!encoder.is_running() && !encoder.pushed().unwrap().audio.is_empty());
    }
}
