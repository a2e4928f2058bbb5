//! ffmpeg and ffprobe as judges, each with a time limit.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::process::run;

/// How long a judge may take: what it reads is seconds long.
const JUDGE_WITHIN: Duration = Duration::from_secs(60);

/// What an encoder pushed, in the order in which it did.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Pushed {
    /// Pictures.
    pub video: Vec<Packet>,
    /// Sound.
    pub audio: Vec<Packet>,
}

/// One frame of what was pushed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Packet {
    /// When it is decoded, in milliseconds.
    pub dts_ms: i64,
    /// When it is shown, in milliseconds.
    pub pts_ms: i64,
    /// Whether decoding can start with it.
    pub is_key: bool,
}

/// What ffprobe says of one stream of a file.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Stream {
    /// `h264`, `aac`.
    pub codec_name: String,
    /// Width in pixels.
    #[serde(default)]
    pub width: u32,
    /// Height in pixels.
    #[serde(default)]
    pub height: u32,
    /// Samples a second, as text.
    #[serde(default)]
    pub sample_rate: String,
    /// Channels.
    #[serde(default)]
    pub channels: u32,
}

/// Decodes all that is in `bytes`: a transport stream, or an fMP4 with its initialisation.
///
/// # Errors
///
/// When ffmpeg has anything to say, be it only a warning.
pub fn decode(bytes: &[u8]) -> Result<()> {
    decode_by(Path::new("ffmpeg"), bytes)
}

/// The same by an ffmpeg that is not the one on `PATH`.
///
/// # Errors
///
/// When it has anything to say, be it only a warning.
pub fn decode_by(ffmpeg: &Path, bytes: &[u8]) -> Result<()> {
    // A transport stream begins with its sync byte, an fMP4 with the length of its first box.
    let suffix = if bytes.first() == Some(&0x47) { ".ts" } else { ".mp4" };
    let file = tempfile::Builder::new().suffix(suffix).tempfile().context("make a file")?;
    fs::write(file.path(), bytes).context("write a file")?;
    judge(ffmpeg, &file.path().display().to_string(), &[])
}

/// Decodes what is at `input`, a file or a URL, with more options before it.
///
/// # Errors
///
/// When ffmpeg has anything to say, be it only a warning.
pub fn decode_from(input: &str, options: &[&str]) -> Result<()> {
    judge(Path::new("ffmpeg"), input, options)
}

fn judge(ffmpeg: &Path, input: &str, options: &[&str]) -> Result<()> {
    let mut command = Command::new(ffmpeg);
    command.args(["-nostdin", "-hide_banner", "-v", "warning", "-xerror"]).args(options);
    // Every picture at its own time: what is counted in frames would have two at one.
    let output = ["-fps_mode:v", "passthrough", "-enc_time_base:v", "1:90000", "-f", "null", "-"];
    let finished = run(command.args(["-i", input]).args(output), JUDGE_WITHIN)?;
    // The first lines say what is wrong, the many after them what follows from it.
    let said = finished.err.lines().take(5).collect::<Vec<_>>().join("; ");
    ensure!(finished.status.success(), "ffmpeg cannot decode {input}: {said}");
    ensure!(said.is_empty(), "ffmpeg warns of {input}: {said}");
    Ok(())
}

/// The streams that ffprobe finds at `input`, a file or a URL.
///
/// # Errors
///
/// When it finds none, or has anything to say.
pub fn streams(input: &str) -> Result<Vec<Stream>> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(default)]
        streams: Vec<Stream>,
    }
    let answer: Answer = probe(&["-show_streams"], input)?;
    ensure!(!answer.streams.is_empty(), "ffprobe finds nothing in {input}");
    Ok(answer.streams)
}

/// Reads what an encoder pushed from the copy that it kept.
///
/// # Errors
///
/// When there is nothing in it.
pub fn pushed(copy: &Path) -> Result<Pushed> {
    #[derive(Deserialize)]
    struct Answer {
        packets: Vec<Line>,
    }
    /// FLV counts in milliseconds, and so does ffprobe for FLV.
    #[derive(Deserialize)]
    struct Line {
        codec_type: String,
        pts: i64,
        dts: i64,
        flags: String,
    }
    let entries = ["-show_entries", "packet=codec_type,pts,dts,flags"];
    let answer: Answer = probe(&entries, &copy.display().to_string())?;
    let mut pushed = Pushed::default();
    for Line { codec_type, pts, dts, flags } in answer.packets {
        let packet = Packet { dts_ms: dts, pts_ms: pts, is_key: flags.starts_with('K') };
        match codec_type.as_str() {
            "video" => pushed.video.push(packet),
            _ => pushed.audio.push(packet),
        }
    }
    let count = pushed.video.len() + pushed.audio.len();
    ensure!(count > 0, "nothing was pushed");
    Ok(pushed)
}

fn probe<T: for<'de> Deserialize<'de>>(options: &[&str], input: &str) -> Result<T> {
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-of", "json"]).args(options);
    let finished = run(command.arg(input), JUDGE_WITHIN)?;
    let said = finished.err.trim();
    ensure!(finished.status.success() && said.is_empty(), "ffprobe says of {input}: {said}");
    serde_json::from_slice(&finished.out).context("read what ffprobe says")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two seconds of a transport stream that ffmpeg itself has made.
    fn sample() -> Vec<u8> {
        let mut command = Command::new("ffmpeg");
        command.args([
            "-nostdin",
            "-v",
            "error",
            "-f",
            "lavfi",
            "-i",
            "testsrc2=size=320x180:rate=25",
        ]);
        command.args(["-t", "2", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-f", "mpegts", "-"]);
        run(&mut command, JUDGE_WITHIN).unwrap().out
    }

    #[test]
    fn what_is_whole_is_decoded_and_what_is_broken_is_not() {
        let mut bytes = sample();
        decode(&bytes).unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), &bytes).unwrap();
        let found = streams(&file.path().display().to_string()).unwrap();
        assert_eq!((found[0].codec_name.as_str(), found[0].width), ("h264", 320));
        // A packet is lost in the middle.
        bytes.drain(188 * 20..188 * 21);
        let error = decode(&bytes).unwrap_err().to_string();
        assert!(error.starts_with("ffmpeg"), "{error}");
        assert!(decode(b"not a stream").is_err());
    }
}
