//! Recorded pushes of real encoders, in every container that can carry them: what decodes them
//! without a word, and what plays them. `docs/interop.md` has the results.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use testkit::examined::Tolerated;
use testkit::process::run;
use testkit::recording::{ARGUMENTS, Recording};
use testkit::tools::decode_by;
use testkit::{Server, encoder, flv, fmp4, replay, ts, wait_until};

/// A browser starts slowly where others run at once, and plays in real time.
const BROWSER_WITHIN: Duration = Duration::from_secs(400);

/// A recorded push, and what becomes of it.
struct Row {
    /// The capture in `testkit/corpus`.
    capture: &'static str,
    /// The renditions, with their formats as `CODECS` names them.
    renditions: &'static [(&'static str, &'static str)],
    /// The containers in which Chromium plays it to the end. It has no decoders for H.265, AC-3
    /// and E-AC-3, and does not take MP3 in fMP4.
    chromium: &'static [&'static str],
}

const fn row(
    capture: &'static str,
    renditions: &'static [(&'static str, &'static str)],
    chromium: &'static [&'static str],
) -> Row {
    Row { capture, renditions, chromium }
}

const BOTH: &[&str] = &["ts", "fmp4"];

const ROWS: &[Row] = &[
    row(
        "obs-29.0_h264_aac",
        &[("ts", "avc1.64000B,mp4a.40.2"), ("fmp4", "avc1.64000B,mp4a.40.2")],
        BOTH,
    ),
    row(
        "obs-29.0-killed_h264_aac",
        &[("ts", "avc1.64000B,mp4a.40.2"), ("fmp4", "avc1.64000B,mp4a.40.2")],
        BOTH,
    ),
    row(
        "ffmpeg-5.1_h264_aac",
        &[("ts", "avc1.64000B,mp4a.40.2"), ("fmp4", "avc1.64000B,mp4a.40.2")],
        BOTH,
    ),
    row(
        "ffmpeg-5.1_h264-bframes_aac",
        &[("ts", "avc1.64000C,mp4a.40.2"), ("fmp4", "avc1.64000C,mp4a.40.2")],
        BOTH,
    ),
    row(
        "ffmpeg-5.1_h264-late-time_aac",
        &[("ts", "avc1.64000C,mp4a.40.2"), ("fmp4", "avc1.64000C,mp4a.40.2")],
        BOTH,
    ),
    row("ffmpeg-5.1_aac", &[("ts", "mp4a.40.2"), ("fmp4", "mp4a.40.2")], BOTH),
    row(
        "ffmpeg-5.1_h264_mp3",
        &[("ts", "avc1.64000C,mp4a.40.34"), ("fmp4", "avc1.64000C,mp4a.6B")],
        &["ts"],
    ),
    row(
        "ffmpeg-9.0_h264_aac",
        &[("ts", "avc1.64000B,mp4a.40.2"), ("fmp4", "avc1.64000B,mp4a.40.2")],
        BOTH,
    ),
    row(
        "ffmpeg-9.0_h264-bframes_aac",
        &[("ts", "avc1.64000C,mp4a.40.2"), ("fmp4", "avc1.64000C,mp4a.40.2")],
        BOTH,
    ),
    row(
        "ffmpeg-9.0_h264_mp3",
        &[("ts", "avc1.64000C,mp4a.40.34"), ("fmp4", "avc1.64000C,mp4a.6B")],
        &["ts"],
    ),
    row("ffmpeg-9.0_h264_ac3", &[("ts", "avc1.64000C,ac-3"), ("fmp4", "avc1.64000C,ac-3")], &[]),
    row("ffmpeg-9.0_h264_eac3", &[("ts", "avc1.64000C,ec-3"), ("fmp4", "avc1.64000C,ec-3")], &[]),
    row("ffmpeg-9.0_h264_flac", &[("fmp4", "avc1.64000C,fLaC")], &["fmp4"]),
    row("ffmpeg-9.0_hevc-bframes_aac", &[("fmp4", "hvc1.1.6.L30.90,mp4a.40.2")], &[]),
    row("ffmpeg-9.0_hevc-hdr_opus-5.1", &[("fmp4", "hvc1.2.4.L30.90,opus")], &[]),
    row("ffmpeg-9.0_av1_opus", &[("fmp4", "av01.0.00M.08,opus")], &["fmp4"]),
    row("ffmpeg-9.0_vp9_opus", &[("fmp4", "vp09.00.10.08,opus")], &["fmp4"]),
    row(
        "ffmpeg-9.0_two-h264_two-aac",
        &[
            ("ts", "avc1.64000C,mp4a.40.2"),
            ("ts-v1", "avc1.64000C,mp4a.40.2"),
            ("ts-a1", ""),
            ("fmp4", "avc1.64000C,mp4a.40.2"),
            ("fmp4-v1", "avc1.64000C,mp4a.40.2"),
            ("fmp4-a1", ""),
        ],
        BOTH,
    ),
    row(
        "ffmpeg-9.0_hevc-h264_aac-opus",
        &[
            ("fmp4", "hvc1.1.6.L30.90,mp4a.40.2,opus"),
            ("fmp4-v1", "avc1.42C00C,mp4a.40.2,opus"),
            ("fmp4-a1", ""),
        ],
        &[],
    ),
    row(
        "gstreamer-1.22_h264_aac",
        &[("ts", "avc1.F4000B,mp4a.40.2"), ("fmp4", "avc1.F4000B,mp4a.40.2")],
        BOTH,
    ),
    row(
        "gstreamer-1.22_h264-bframes_mp3",
        &[("ts", "avc1.F4000B,mp4a.40.34"), ("fmp4", "avc1.F4000B,mp4a.6B")],
        &["ts"],
    ),
    row(
        "gstreamer-1.22-rtmpsink_h264_aac",
        &[("ts", "avc1.F4000B,mp4a.40.2"), ("fmp4", "avc1.F4000B,mp4a.40.2")],
        BOTH,
    ),
];

/// H.265 in MPEG-TS where nothing else is wanted, and a further sound that has no place there.
#[test]
fn a_further_track_that_has_no_place_is_left_out_and_the_rest_plays() {
    let (server, stream) = push_as("ffmpeg-9.0_hevc-h264_aac-opus", "ts");
    let tolerated = [("MED-HVC", "the server is told to offer nothing but MPEG-TS")];
    let recording = Recording::of_ended(&server, stream, &tolerated).unwrap();
    let names: Vec<_> = recording.renditions.keys().map(String::as_str).collect();
    assert_eq!(names, ["ts", "ts-v1"], "{}", server.log());
    recording.renditions.values().for_each(|rendition| rendition.decode().unwrap());
    assert_eq!(server.log_lines("Opus cannot be offered as MPEG-TS").len(), 1, "{}", server.log());
}

/// What a browser sees of playlists, one after the other.
fn play(urls: &[String]) -> Vec<Value> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new("node");
    command.arg(root.join("tests/browser/play.mjs")).args(urls);
    command.env("WEIR_CONSOLE_DIR", root.join("console"));
    let finished = run(&mut command, BROWSER_WITHIN).unwrap();
    let said = String::from_utf8_lossy(&finished.out);
    let seen: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(seen.len(), urls.len(), "{}", finished.err);
    seen
}

/// Sends a recorded push to a server that offers all that it can; returns the stream's name.
fn push(capture: &str) -> (Server, &'static str) {
    push_as(capture, "both")
}

fn push_as(capture: &str, packaging: &str) -> (Server, &'static str) {
    let packaging = format!("stream.packaging={packaging}");
    let more = ["--set", &packaging, "--set", "stream.reconnect_window=0s"];
    let arguments = [&ARGUMENTS[..], &more].concat();
    let server = Server::open(env!("CARGO_BIN_EXE_weir"), &arguments).unwrap();
    let capture = samples::Capture::named(capture).unwrap();
    replay::replay(server.ports().rtmp, capture.bytes).unwrap();
    let name = if server.log().contains("`live/cap`") { "cap" } else { "demo" };
    (server, name)
}

#[test]
fn every_recorded_push_decodes_in_every_container() {
    let mut faults = String::new();
    let mut captures: Vec<_> = samples::CAPTURES.iter().map(|capture| capture.name).collect();
    for row in ROWS {
        captures.retain(|name| *name != row.capture);
        let (server, stream) = push(row.capture);
        let recording = Recording::of_ended(&server, stream, &[]);
        let recording = recording.unwrap_or_else(|error| panic!("{}: {error:?}", row.capture));
        let names: Vec<_> = recording.renditions.keys().map(String::as_str).collect();
        let mut expected: Vec<_> = row.renditions.iter().map(|(name, _)| *name).collect();
        expected.sort_unstable();
        assert_eq!(names, expected, "{}: {}", row.capture, server.log());
        for (name, codecs) in row.renditions {
            let said = &recording.renditions[*name].codecs;
            if said != codecs {
                writeln!(faults, "{} in {name}: CODECS=\"{said}\"", row.capture).unwrap();
            }
        }
        for (name, rendition) in &recording.renditions {
            for segment in rendition.segments.values() {
                // By readers that are not ours.
                let read = if name.starts_with("ts") {
                    ts::read(segment).map(drop)
                } else {
                    fmp4::read(segment).map(drop)
                };
                read.unwrap_or_else(|error| panic!("{} in {name}: {error:?}", row.capture));
            }
            for bytes in rendition.runs() {
                for ffmpeg in [Path::new("ffmpeg"), &encoder::current_ffmpeg().unwrap()] {
                    decode_by(ffmpeg, &bytes)
                        .unwrap_or_else(|error| panic!("{} in {name}: {error:#}", row.capture));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{faults}");
    assert_eq!(captures, [REFUSED], "without a row");
}

/// How long the server may take to say something.
const WITHIN: Duration = Duration::from_secs(10);

/// Sorenson H.263, as ffmpeg 5.1 sends it unless it is told a codec.
const REFUSED: &str = "ffmpeg-5.1_flv1_mp3";

#[test]
fn what_no_container_carries_is_refused_with_a_sentence() {
    let (server, _) = push(REFUSED);
    // The encoder hears it before the log has it: what it sent before is listed meanwhile.
    let says = "video codec 2 (Sorenson H.263) cannot be published";
    let said = wait_until(says, WITHIN, || !server.log_lines(says).is_empty());
    said.unwrap_or_else(|error| panic!("{error:#}: {}", server.log()));
}

#[test]
fn a_browser_plays_every_recorded_push_that_it_has_decoders_for() {
    let playing: Vec<_> = ROWS.iter().filter(|row| !row.chromium.is_empty()).collect();
    let servers: Vec<_> = playing.iter().map(|row| (row, push(row.capture))).collect();
    let mut pages = Vec::new();
    for (row, (server, stream)) in &servers {
        Recording::of_ended(server, stream, &[]).unwrap();
        for container in row.chromium {
            let url = server.http().url(&format!("/live/{stream}/index.{container}.m3u8"));
            pages.push((row.capture, *container, url));
        }
    }
    let seen = play(&pages.iter().map(|(.., url)| url.clone()).collect::<Vec<_>>());
    let mut faults = String::new();
    for ((capture, container, _), seen) in pages.iter().zip(&seen) {
        let has_pictures = *capture != "ffmpeg-5.1_aac";
        let number = |name: &str| seen[name].as_f64().unwrap();
        // OBS begins with sound: the player goes to the first picture.
        let error = seen["error"].as_str().unwrap_or_default();
        let is_obs = capture.starts_with("obs");
        let is_right = (error.is_empty() || is_obs && error.starts_with("bufferSeekOverHole"))
            && seen["ended"] == true
            && number("soundBytes") > 500.0
            && (!has_pictures || number("frames") >= 10.0 && number("width") >= 96.0);
        if !is_right {
            writeln!(faults, "{capture} in {container}: {seen}").unwrap();
        }
    }
    assert!(faults.is_empty(), "{faults}");
}

/// Files of the Enhanced RTMP specification's laboratory, which the project does not copy. They lie
/// beside a checkout, or nothing of them is played.
const LABORATORY: &str = "../shared/media/e-rtmp";

/// Their key frames are up to 12.3 s apart, and no segment is longer than 10 s.
const FEW_KEY_FRAMES: Tolerated<'static> = &[
    ("IND-HAVE", "segments without a key frame cannot be decoded by themselves"),
    ("IND-START", "there is no key frame for a segment to begin with"),
];

#[test]
fn a_browser_plays_the_laboratorys_av1_and_opus() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(LABORATORY);
    let Ok(files) = std::fs::read_dir(&folder) else {
        return eprintln!("nothing is played: there is no {LABORATORY}");
    };
    let files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    assert!(files.len() >= 4, "{files:?}");
    let server = Server::open(env!("CARGO_BIN_EXE_weir"), &ARGUMENTS).unwrap();
    let mut urls = Vec::new();
    for file in &files {
        let name = file.file_stem().unwrap().to_str().unwrap();
        let tags = flv::read(file).unwrap();
        let recording = Recording::of(&server, name, &tags, FEW_KEY_FRAMES).unwrap();
        let rendition = recording.rendition("fmp4").unwrap();
        assert!(rendition.codecs.starts_with("av01.") && rendition.codecs.ends_with("opus"));
        decode_by(&encoder::current_ffmpeg().unwrap(), &rendition.runs()[0]).unwrap();
        urls.push(server.http().url(&format!("/live/{name}/index.m3u8")));
    }
    for seen in play(&urls) {
        let number = |name: &str| seen[name].as_f64().unwrap();
        assert!(seen["error"].is_null() && seen["ended"] == true, "{seen}");
        assert!(number("frames") > 100.0 && number("soundBytes") > 10_000.0, "{seen}");
    }
}

/// The table in the documentation. `UPDATE_GOLDEN=1` writes it anew.
#[test]
fn the_documentation_has_this_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/interop.md");
    let document = std::fs::read_to_string(&path).unwrap();
    let (before, _) = document.split_once(TABLE_BEGINS).unwrap();
    let table = format!("{before}{TABLE_BEGINS}{}", table());
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &table).unwrap();
    }
    assert_eq!(document, table, "run it again with UPDATE_GOLDEN=1");
}

const TABLE_BEGINS: &str = "| encoder | push | rendition | `CODECS` | demuxes, decodes | plays in Chromium |\n\
     |---|---|---|---|---|---|\n";

fn table() -> String {
    let mut text = String::new();
    for row in ROWS {
        let (encoder, pushed) = row.capture.split_once('_').unwrap();
        for (name, codecs) in row.renditions {
            let container = name.split('-').next().unwrap();
            let is_first = *name == container;
            let plays = match row.chromium.contains(&container) {
                _ if !is_first => "",
                true => "yes",
                false if container == "fmp4" && pushed.ends_with("mp3") => "no: MP3 in fMP4",
                false => "no decoder",
            };
            let (pushed, codecs) = (pushed.replace('_', ", "), codecs.replace(',', ", "));
            writeln!(text, "| {encoder} | {pushed} | `{name}` | {codecs} | yes | {plays} |")
                .unwrap();
        }
    }
    text
}
