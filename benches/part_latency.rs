//! How long a part takes from its last frame to a viewer who waits for it, through the program
//! itself. It takes two minutes.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement says what it found")]

use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rtmp::MediaKind;
use testkit::flv::{self, Tag};
use testkit::{Peer, Server, wait_until};

const SOON: Duration = Duration::from_secs(60);
const PLAYLIST: &str = "/live/cam/fmp4/index.m3u8";
/// Of the push, in seconds: 300 parts and some that are left out at the start.
const SECONDS: &str = "104";
const PARTS: usize = 300;
/// Half a frame of AAC at 48 kHz: one whose middle is before the end of a part is in it.
const HALF_FRAME_MS: f64 = 1_024.0 / 48.0 / 2.0;

/// Pictures without delay and sound, as an encoder for low latency sends them.
fn tags(folder: &std::path::Path) -> Vec<Tag> {
    let path = folder.join("push.flv");
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-f", "lavfi"]);
    command.args(["-i", "testsrc2=size=640x360:rate=30", "-f", "lavfi"]);
    command.args(["-i", "sine=frequency=440:sample_rate=48000", "-t", SECONDS]);
    command.args(["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "60"]);
    command.args(["-pix_fmt", "yuv420p", "-b:v", "1M", "-c:a", "aac", "-flvflags"]);
    command.arg("no_duration_filesize").arg(&path);
    assert!(command.status().unwrap().success());
    flv::read(&path).unwrap()
}

/// What was sent: its time in the media, in milliseconds, and when.
type Sent = Arc<Mutex<Vec<(f64, Instant)>>>;

fn push(mut peer: Peer, tags: Vec<Tag>, sent: Sent) {
    let begun = Instant::now();
    for tag in tags {
        let due = Duration::from_millis(tag.timestamp_ms.into());
        thread::sleep(due.saturating_sub(begun.elapsed()));
        // The server has been stopped: enough was measured.
        if peer.tag(&tag).is_err() {
            return;
        }
        if !tag.is_header() {
            let middle = if tag.kind == MediaKind::Audio { HALF_FRAME_MS } else { 0.0 };
            sent.lock().unwrap().push((f64::from(tag.timestamp_ms) + middle, Instant::now()));
        }
    }
}

/// The segment that is being made, its parts, and where they end in the media, in milliseconds.
fn end(text: &str) -> (u64, usize, f64) {
    let first = text.lines().find_map(|it| it.strip_prefix("#EXT-X-MEDIA-SEQUENCE:"));
    let mut sequence: u64 = first.unwrap().parse().unwrap();
    assert_eq!(sequence, 0, "the window is long enough for all");
    let (mut end_ms, mut parts, mut parts_ms) = (0.0, 0, 0.0);
    for line in text.lines() {
        let number = |text: &str| text.split(',').next().unwrap().parse::<f64>().unwrap() * 1_000.0;
        if let Some(length) = line.strip_prefix("#EXT-X-PART:DURATION=") {
            parts_ms += number(length);
            parts += 1;
        } else if let Some(length) = line.strip_prefix("#EXTINF:") {
            end_ms += number(length);
            sequence += 1;
            (parts, parts_ms) = (0, 0.0);
        }
    }
    (sequence, parts, end_ms + parts_ms)
}

fn main() {
    let settings = ["--set", "stream.packaging=fmp4", "--set", "stream.window=300s"];
    let server = Server::open(env!("CARGO_BIN_EXE_weir"), &settings).unwrap();
    let tags = tags(server.folder());
    let sent = Sent::default();
    let peer = Peer::publish(server.ports().rtmp, "live", "cam").unwrap();
    let pushing = thread::spawn({
        let sent = Arc::clone(&sent);
        move || push(peer, tags, sent)
    });
    let text = |query: &str| server.http().get(&format!("{PLAYLIST}{query}")).unwrap().text();
    wait_until("a stream in parts", SOON, || text("").contains("#EXT-X-PART:")).unwrap();

    // The window is long enough for all: it begins with the first segment, where the media does.
    let http = server.http();
    let (mut sequence, mut parts, _) = end(&text(""));
    let mut took_ms: Vec<f64> = Vec::new();
    while took_ms.len() < PARTS && !pushing.is_finished() {
        let reply = http.get(&format!("{PLAYLIST}?_HLS_msn={sequence}&_HLS_part={parts}")).unwrap();
        let at = Instant::now();
        let (now, count, end_ms) = end(&reply.text());
        assert!((now, count) > (sequence, parts), "{now} {count} after {sequence} {parts}");
        (sequence, parts) = (now, count);
        // The last frame that is in it: boundaries are rounded to milliseconds.
        let sent = sent.lock().unwrap();
        let last = sent.iter().filter(|it| it.0 < end_ms - 2.0).map(|it| it.1).max().unwrap();
        took_ms.push(at.saturating_duration_since(last).as_secs_f64() * 1_000.0);
    }
    took_ms.drain(..10);
    took_ms.sort_by(f64::total_cmp);
    let of = |share: usize| took_ms.get((took_ms.len() - 1) * share / 100).unwrap();
    println!(
        "{} parts: from the last frame to the answer {:.1} ms (median), {:.1} ms (90 %), {:.1} ms \
         (99 %), {:.1} ms at most",
        took_ms.len(),
        of(50),
        of(90),
        of(99),
        of(100)
    );
    let metrics = server.admin().get("/metrics").unwrap().text();
    let listed = metrics.lines().filter(|it| it.starts_with("weir_ingest_part_seconds"));
    listed.for_each(|line| println!("{line}"));
    assert!(took_ms.len() > PARTS / 2);
}
