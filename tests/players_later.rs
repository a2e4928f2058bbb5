//! Players that people have play what was live: from an earlier moment on, a stretch of it, its
//! recording, a clip, and files. Ten seconds of each, without a fault.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

use std::path::Path;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use testkit::encoder::encode;
use testkit::player::Length;
use testkit::{Encoder, Peer, Player, Server, Source, wait_for, wait_until};

const SOON: Duration = Duration::from_secs(60);

/// Pictures in a second of [`Source::usual`].
const RATE: u32 = 30;

/// What each of them plays.
const SECONDS: u32 = 10;

/// Players of files: each has a reader of MP4 of its own, or another's in another way.
const OF_FILES: [Player; 3] = [Player::Ffmpeg, Player::Mpv, Player::ChromiumHls];

/// A server that has a stream in one container for an hour, and makes a recording of it.
fn server(packaging: &str) -> Server {
    let packaging = format!("stream.packaging={packaging}");
    let set = ["--set", "stream.dvr_window=1h", "--set", "stream.record=true", "--set"];
    let ends = ["--set", "stream.finish_window=1s", "--set", "stream.window=10s"];
    let arguments = [&set[..], &[&packaging], &ends].concat();
    Server::open(env!("CARGO_BIN_EXE_weir"), &arguments).unwrap()
}

/// The dates of the segments in the playlist at `path`, as they are written.
fn dates(server: &Server, path: &str) -> Vec<String> {
    let text = server.http().get(path).unwrap().text();
    let dates = text.lines().filter_map(|line| line.strip_prefix("#EXT-X-PROGRAM-DATE-TIME:"));
    dates.map(str::to_owned).collect()
}

fn ask(server: &Server, arguments: &[&str]) -> Value {
    let finished = server.command(&[arguments, &["--json"]].concat()).unwrap();
    assert!(finished.status.success(), "{arguments:?}: {}", finished.err);
    serde_json::from_slice(&finished.out).unwrap()
}

/// All of the players play each of the paths, all at the same time, and have nothing to say.
#[track_caller]
fn check(server: &Server, paths: &[&str], players: &[Player]) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let length = Length::of(SECONDS, RATE);
    let mut faults = Vec::new();
    thread::scope(|scope| {
        let mut playing = Vec::new();
        for (path, player) in paths.iter().flat_map(|path| players.iter().map(move |it| (path, it)))
        {
            let url = server.http().url(path);
            let played = scope.spawn(move || player.play(root, &url, length));
            playing.push((format!("{player} of {path}"), played));
        }
        for (who, played) in playing {
            match played.join().unwrap() {
                Err(error) => faults.push(format!("{who}: {error:#}")),
                Ok(it) if it.has(length) && it.errors.is_empty() && it.at_breaks.is_empty() => {}
                Ok(other) => faults.push(format!("{who}: {other:?}")),
            }
        }
    });
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Viewers go back while the stream is live.
#[track_caller]
fn check_rewound(packaging: &str) {
    let server = server(packaging);
    let encoder = Encoder::start(&Source::usual(), &server.push_url("cam")).unwrap();
    let media = format!("/live/cam/{packaging}/index.m3u8");
    wait_until("22 seconds", SOON, || dates(&server, &media).len() >= 11).unwrap();
    let listed = dates(&server, &media);
    // From twenty seconds ago on, and nothing leaves it at the front.
    let early = "/live/cam/index.m3u8?start=-20";
    let variants = server.http().get(early).unwrap().text();
    assert!(variants.contains(&format!("{packaging}/index.m3u8?start=")), "{variants}");
    check(&server, &[early], &Player::ALL);
    // Sixteen seconds of it, which are complete.
    let (start, end) = (&listed[1], &listed[9]);
    let catch_up = format!("?start={start}&end={end}");
    let text = server.http().get(&format!("{media}{catch_up}")).unwrap().text();
    assert!(text.matches("#EXTINF").count() == 8 && text.ends_with("#EXT-X-ENDLIST\n"), "{text}");
    check(&server, &[&format!("/live/cam/index.m3u8{catch_up}")], &Player::ALL);
    drop(encoder);
}

/// Viewers come when it is over.
#[track_caller]
fn check_recorded(packaging: &str) {
    let server = server(packaging);
    let (tags, _) = encode(&Source::usual().lasting(20)).unwrap();
    let mut peer = Peer::publish(server.ports().rtmp, "live", "cam").unwrap();
    peer.tags(&tags).unwrap();
    peer.unpublish("cam").unwrap();
    let recording = wait_for("a recording", SOON, || {
        ask(&server, &["recording", "list", "live/cam"]).as_array()?.first().cloned()
    })
    .unwrap();
    let id = recording["id"].as_str().unwrap();
    let media = dates(&server, &format!("/vod/{id}/{packaging}/index.m3u8"));
    let (from, to) = (format!("--from={}", media[1]), format!("--to={}", media[8]));
    let clip = ask(&server, &["clip", "make", id, "--name", "part", &from, &to]);
    let clip = clip["id"].as_str().unwrap();
    let of = |name: &str| [id, clip].map(|id| format!("/vod/{id}/{name}"));
    let [playlist, of_clip] = of("index.m3u8");
    check(&server, &[&playlist], &Player::ALL);
    check(&server, &[&of_clip], &Player::ALL);
    let [file, file_of_clip] = of("export.mp4");
    check(&server, &[&file, &file_of_clip], &OF_FILES);
}

#[test]
fn every_player_goes_back_in_live_ts() {
    check_rewound("ts");
}

#[test]
fn every_player_goes_back_in_live_fmp4() {
    check_rewound("fmp4");
}

#[test]
fn every_player_plays_recordings_clips_and_files_of_ts() {
    check_recorded("ts");
}

#[test]
fn every_player_plays_recordings_clips_and_files_of_fmp4() {
    check_recorded("fmp4");
}
