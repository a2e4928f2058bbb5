//! Real pushes over real sockets: `weir doctor`, and what a server says of its publishers.
//!
//! They are too short for anything to be said of how they arrive, so a machine that is busy changes
//! nothing: see the ten seconds in `segmenter/src/doctor/seen.rs`.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use testkit::examined::{self, Examined};
use testkit::server::weir;
use testkit::{Peer, Process, Server, wait_for, wait_until};

use crate::replayed::{AAC, H264, PICTURES, SOUND};

const WEIR: &str = env!("CARGO_BIN_EXE_weir");
/// Its exit codes, which are those of `weir check`.
const NOTHING: i32 = 1;
const FAIR: i32 = 3;
const POOR: i32 = 4;
/// What takes a moment, on a machine that is busy.
const SOON: Duration = Duration::from_secs(60);

/// A rehearsal that runs, in a folder of its own.
struct Rehearsal {
    process: Process,
    folder: TempDir,
    address: SocketAddr,
}

impl Rehearsal {
    /// Starts `weir doctor` for live/test, on a free port.
    fn start(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(WEIR);
        command.args(["doctor", "rtmp://127.0.0.1:0/live/test"]).args(arguments);
        command.current_dir(folder.path());
        let process = Process::start(&mut command, "doctor", folder.path()).unwrap();
        let address = wait_for("the rehearsal to listen", SOON, || {
            let said = process.err();
            let (_, rest) = said.split_once("Waiting for a push to rtmp://")?;
            rest.split_once("/live/test")?.0.parse().ok()
        });
        Self { address: address.unwrap(), process, folder }
    }

    fn url(&self) -> String {
        format!("rtmp://{}/live/test", self.address)
    }

    /// How it ends, and what it printed.
    #[track_caller]
    fn end(mut self) -> (Option<i32>, String) {
        let status = self.process.wait(SOON).unwrap();
        let mut files: Vec<_> = std::fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| !name.starts_with("ffmpeg"))
            .collect();
        files.sort();
        assert_eq!(files, ["doctor.err", "doctor.out"], "a rehearsal keeps nothing");
        (status.code(), self.process.out())
    }
}

/// Pushes in real time what ffmpeg makes by these words, until it is dropped.
fn push(url: &str, words: &[&str], folder: &TempDir) -> Process {
    let mut command = Command::new("ffmpeg");
    command.args(["-hide_banner", "-loglevel", "error", "-nostats"]);
    for word in words.iter().flat_map(|words| words.split_whitespace()) {
        // Each input in real time.
        if word == "lavfi" {
            command.args(["lavfi", "-re"]);
        } else {
            command.arg(word);
        }
    }
    command.args(["-f", "flv", url]);
    Process::start(&mut command, "ffmpeg", folder.path()).unwrap()
}

#[test]
fn a_rehearsal_says_what_is_wrong() {
    let sound = "-f lavfi -i sine=frequency=440:sample_rate=96000";
    let rehearsal = Rehearsal::start(&["--duration", "8s", "--json"]);
    let words = [PICTURES, sound, H264, AAC, "-pix_fmt yuv444p"];
    let _encoder = push(&rehearsal.url(), &words, &rehearsal.folder);
    let (code, out) = rehearsal.end();
    assert_eq!(code, Some(POOR), "{out}");
    let report: Value = serde_json::from_str(&out).unwrap();
    let ids: Vec<_> = report["findings"].as_array().unwrap().iter().map(|it| &it["id"]).collect();
    assert_eq!(ids, ["chroma", "sample_rate_high"], "{out}");
    assert_eq!(report["grade"], "poor");
    assert_eq!(report["figures"]["width"], 320);
    let advice = report["findings"][0]["advice"].as_str().unwrap();
    assert!(advice.contains("in OBS set Settings, Advanced, Color Format to NV12"), "{advice}");
}

#[test]
fn a_rehearsal_sees_key_frames_that_are_far_apart() {
    let rehearsal = Rehearsal::start(&["--duration", "20s"]);
    let words = [PICTURES, SOUND, H264, AAC, "-g 150"];
    let _encoder = push(&rehearsal.url(), &words, &rehearsal.folder);
    let (code, out) = rehearsal.end();
    assert_eq!(code, Some(FAIR), "{out}");
    assert!(out.contains("watched for 20 s: fair"), "{out}");
    assert!(out.contains("Key frames come every 5.0 s, so viewers wait that long"), "{out}");
    assert!(!out.contains("\n  poor"), "{out}");
}

#[test]
fn a_rehearsal_of_a_good_push_has_nothing_to_say() {
    let rehearsal = Rehearsal::start(&["--duration", "9s"]);
    let _encoder = push(&rehearsal.url(), &[PICTURES, SOUND, H264, AAC], &rehearsal.folder);
    wait_until("the push", SOON, || rehearsal.process.err().contains("has begun")).unwrap();
    // It has its one push.
    assert!(TcpStream::connect(rehearsal.address).is_err());
    let (code, out) = rehearsal.end();
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains("Nothing is wrong with this push."), "{out}");
}

#[test]
fn a_rehearsal_waits_for_the_stream_that_it_is_for() {
    let rehearsal = Rehearsal::start(&["--duration", "5s"]);
    let error = Peer::publish(rehearsal.address, "live", "other").map(drop);
    let error = error.unwrap_err().to_string();
    assert!(error.contains("This rehearsal is for live/test, not for live/other."), "{error}");
    // Somebody who looks whether the port is open, and somebody who says nothing: neither is
    // waited for.
    drop(TcpStream::connect(rehearsal.address).unwrap());
    let _silent = TcpStream::connect(rehearsal.address).unwrap();
    let began = Instant::now();
    let mut peer = Peer::publish(rehearsal.address, "live", "test?key=x").unwrap();
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    peer.unpublish("test").unwrap();
    let (code, out) = rehearsal.end();
    assert_eq!(code, Some(NOTHING), "{out}");
    assert!(out.contains("too short to judge"), "{out}");
}

#[test]
fn a_rehearsal_that_cannot_be_held_says_why() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = format!("rtmp://{}/live", taken.local_addr().unwrap());
    let check = |arguments: &[&str], code: i32, sentence: &str| {
        let finished = weir(WEIR, &[&["doctor"], arguments].concat()).unwrap();
        assert_eq!(finished.status.code(), Some(code), "{arguments:?}: {}", finished.err);
        assert!(finished.err.contains(sentence), "{arguments:?}: {}", finished.err);
    };
    check(&["http://127.0.0.1/x"], 64, "is no address of RTMP: write rtmp://");
    check(&["rtmp://127.0.0.1:0", "--duration", "1s"], 64, "--duration must be 5s or more");
    check(&[&taken], NOTHING, "another program has this port");
    let wait = ["rtmp://127.0.0.1:0", "--wait", "1s"];
    check(&wait, NOTHING, "nobody has pushed to rtmp://127.0.0.1:");
}

#[test]
fn a_server_says_what_is_wrong_with_its_publishers() {
    let server = Server::open(WEIR, &[]).unwrap();
    let metric = |line: &str| {
        let metrics = server.admin().get("/metrics").unwrap().text();
        metrics.lines().any(|other| other == line)
    };
    let graded = |grade: &str, count: u32| {
        metric(&format!("weir_ingest_publishers_graded{{grade=\"{grade}\"}} {count}"))
    };
    let folder = tempfile::tempdir().unwrap();
    let good = push(&server.push_url("good"), &[PICTURES, SOUND, H264, AAC], &folder);
    let words = [PICTURES, SOUND, H264, AAC, "-pix_fmt yuv444p"];
    let other = tempfile::tempdir().unwrap();
    let bad = push(&server.push_url("bad"), &words, &other);
    wait_until("a poor publisher", SOON, || graded("poor", 1)).unwrap();
    wait_until("a good publisher", SOON, || graded("good", 1)).unwrap();
    let exams = ["good", "bad"].map(|name| {
        let path = format!("/live/{name}/index.m3u8");
        let is_there = || server.http().get(&path).unwrap().status == 200;
        wait_until("a playlist", SOON, is_there).unwrap();
        Examined::start(server.http().address(), &path).unwrap()
    });
    assert!(metric("weir_ingest_findings_total{finding=\"chroma\",grade=\"poor\"} 1"));
    drop(bad);
    wait_until("its end", SOON, || graded("poor", 0)).unwrap();
    drop(good);
    wait_until("the end of all", SOON, || graded("good", 0)).unwrap();
    let lines = server.log_lines("finding=\"chroma\"");
    assert_eq!(lines.len(), 1, "{lines:?}");
    for text in ["WARN", "`live/bad`: Pictures are coded in 4:4:4", "grade=\"poor\""] {
        assert!(lines[0].contains(text), "{text} is not in {lines:?}");
    }
    let said = server.log_lines("finding=");
    assert_eq!(said.len(), 1, "{said:?}");
    // What a browser cannot decode is well-formed all the same.
    for exam in exams {
        examined::check(&exam.stop().unwrap(), &[]).unwrap();
    }
}
