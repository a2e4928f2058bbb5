//! Players that people have play what Weir serves: ten seconds of it, without a fault.
//! `docs/interop.md` has the results.
//!
//! hls.js and Chromium's own HLS run in Debian's Chromium, which says `maybe` to
//! `canPlayType("application/vnd.apple.mpegurl")` and demuxes playlists itself.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::Result;
use testkit::document::check_part;
use testkit::player::{Length, Played};
use testkit::process::run;
use testkit::{Encoder, Nginx, Player, Server, Source, wait_until};

const SOON: Duration = Duration::from_secs(30);

/// Pictures in a second of [`Source::usual`].
const RATE: u32 = 30;

/// How long the first of two pushes is. Players that join when three of its segments are listed
/// play most of it.
const FIRST_PUSH_S: u32 = 8;

/// What each player makes of it; `docs/interop.md` has this table.
const ROWS: [Row; 6] = [
    Row { player: Player::Ffmpeg, version: "5.1", hls: "libavformat's", fmp4_break: "yes" },
    Row {
        player: Player::Mpv,
        version: "0.35",
        hls: "libavformat's",
        fmp4_break: "yes, without the pictures of the second push's first segment",
    },
    Row {
        player: Player::Vlc,
        version: "3.0",
        hls: "its own",
        // At the second push, whose `EXT-X-MAP` is another: `Failed to create demuxer (nil) MP4`.
        fmp4_break: "no: it asks for one initialisation of a stream, and ends at the second",
    },
    Row {
        player: Player::GStreamer,
        version: "1.22, `playbin3`",
        hls: "`hlsdemux2`",
        fmp4_break: "yes",
    },
    Row {
        player: Player::HlsJs,
        version: "1.7 in Chromium",
        hls: "its own",
        fmp4_break: "yes; it may stand for a moment at the break",
    },
    Row {
        player: Player::ChromiumHls,
        version: "156, `<video src>`",
        hls: "its own",
        fmp4_break: "yes",
    },
];

/// A player, and what it plays.
struct Row {
    player: Player,
    version: &'static str,
    /// Whose HLS it has.
    hls: &'static str,
    /// Whether it plays fMP4 over an encoder's restart. All else is played by all.
    fmp4_break: &'static str,
}

#[test]
fn the_documentation_has_the_players() {
    let mut table = "| player | version | HLS | live TS, live fMP4 | TS over a restart of the \
                     encoder | fMP4 over a restart |\n|---|---|---|---|---|---|\n"
        .to_owned();
    for Row { player, version, hls, fmp4_break } in &ROWS {
        writeln!(table, "| {player} | {version} | {hls} | yes | yes | {fmp4_break} |").unwrap();
    }
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/interop.md");
    check_part(&document, "players", &table).unwrap();
}

/// A server that offers a stream in one container, with six seconds of it listed. MPEG-TS has no
/// parts unless they are asked for, fMP4 has them.
fn live(packaging: &str, low_latency: &str, source: &Source) -> (Server, Encoder) {
    let set = format!("stream.packaging={packaging}");
    let parts = format!("stream.low_latency={low_latency}");
    let arguments = ["--set", &set, "--set", &parts];
    let server = Server::open(env!("CARGO_BIN_EXE_weir"), &arguments).unwrap();
    let encoder = Encoder::start(source, &server.push_url("cam")).unwrap();
    let listed = || {
        let playlist = server.http().get(&format!("/live/cam/{packaging}/index.m3u8")).unwrap();
        playlist.text().matches("#EXTINF").count()
    };
    wait_until("three segments", SOON, || listed() >= 3).unwrap();
    (server, encoder)
}

/// The players play the stream at the same time.
fn play(server: &Server, players: &[Player], seconds: u32) -> Vec<(Player, Result<Played>)> {
    let url = server.http().url("/live/cam/index.m3u8");
    play_url(&url, players, seconds)
}

fn play_url(url: &str, players: &[Player], seconds: u32) -> Vec<(Player, Result<Played>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let length = Length::of(seconds, RATE);
    thread::scope(|scope| {
        let start = |player: Player| (player, scope.spawn(move || player.play(root, url, length)));
        let playing: Vec<_> = players.iter().map(|player| start(*player)).collect();
        playing.into_iter().map(|(player, playing)| (player, playing.join().unwrap())).collect()
    })
}

fn is_right(played: &Played, seconds: u32, has_break: bool) -> bool {
    played.has(Length::of(seconds, RATE))
        && played.errors.is_empty()
        && (has_break || played.at_breaks.is_empty())
}

/// Each player has played so much and had nothing to say; every fault is in the message.
#[track_caller]
fn check(played: Vec<(Player, Result<Played>)>, seconds: u32, has_break: bool) {
    let mut faults = Vec::new();
    for (player, played) in played {
        match played {
            Err(error) => faults.push(format!("{player}: {error:#}")),
            Ok(played) => {
                if !is_right(&played, seconds, has_break) {
                    faults.push(format!("{player}: {played:?}"));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Ten seconds of a live stream.
#[track_caller]
fn check_live(packaging: &str, low_latency: &str) {
    let (server, _encoder) = live(packaging, low_latency, &Source::usual());
    let playlist = server.http().get(&format!("/live/cam/{packaging}/index.m3u8")).unwrap().text();
    assert_eq!(playlist.contains("#EXT-X-PART:"), low_latency == "on", "{playlist}");
    let mut played = play(&server, &Player::ALL, 10);
    // A player that complains has another try, alone with those that did: six at a time are a load,
    // under which players lose what they have. What is wrong in a stream is there each time.
    let is_fine = |played: &Result<Played>| played.as_ref().is_ok_and(|it| is_right(it, 10, false));
    played.retain(|(_, played)| !is_fine(played));
    let complained: Vec<_> = played.into_iter().map(|(player, _)| player).collect();
    check(play(&server, &complained, 10), 10, false);
}

/// Ten seconds more than the first of two pushes can give.
#[track_caller]
fn check_over_a_break(packaging: &str, players: &[Player]) {
    let seconds = FIRST_PUSH_S + 10;
    let (server, mut encoder) = live(packaging, "auto", &Source::usual().lasting(FIRST_PUSH_S));
    let played = thread::scope(|scope| {
        let playing = scope.spawn(|| play(&server, players, seconds));
        assert!(encoder.wait(SOON).unwrap().success(), "{}", encoder.said());
        let second = Encoder::start(&Source::usual(), &server.push_url("cam")).unwrap();
        let played = playing.join().unwrap();
        drop(second);
        played
    });
    check(played, seconds, true);
}

#[test]
fn every_player_plays_live_ts() {
    check_live("ts", "off");
}

#[test]
fn every_player_plays_live_fmp4() {
    check_live("fmp4", "off");
}

#[test]
fn every_player_plays_ts_in_low_latency() {
    check_live("ts", "on");
}

#[test]
fn every_player_plays_fmp4_in_low_latency() {
    check_live("fmp4", "on");
}

#[test]
fn every_player_plays_ts_over_an_encoders_restart() {
    check_over_a_break("ts", &Player::ALL);
}

#[test]
fn every_player_but_vlc_plays_fmp4_over_an_encoders_restart() {
    let rows = ROWS.iter().filter(|row| row.fmp4_break.starts_with("yes"));
    check_over_a_break("fmp4", &rows.map(|row| row.player).collect::<Vec<_>>());
}

/// The judges themselves: each notices a stream in which bytes were lost.
#[test]
fn every_player_notices_damage() {
    let nginx = Nginx::start(None).unwrap();
    let mut ffmpeg = Command::new("ffmpeg");
    let words = "-nostdin -v error -f lavfi -i testsrc2=size=320x180:rate=30 \
                 -f lavfi -i sine=frequency=440:sample_rate=48000 -t 8 \
                 -c:v libx264 -preset veryfast -pix_fmt yuv420p -b:v 300k -g 60 -c:a aac \
                 -f hls -hls_time 2 -hls_list_size 0 -hls_playlist_type vod cam.m3u8";
    ffmpeg.args(words.split_whitespace()).current_dir(nginx.files());
    let finished = run(&mut ffmpeg, SOON).unwrap();
    assert!(finished.status.success(), "{}", finished.err);
    let segment = nginx.files().join("cam1.ts");
    let mut bytes = fs::read(&segment).unwrap();
    let half = bytes.len() / 2;
    bytes.get_mut(half..half + 188 * 40).unwrap().fill(0xa5);
    fs::write(&segment, bytes).unwrap();
    for (player, played) in play_url(&nginx.url("cam.m3u8"), &Player::ALL, 7) {
        let played = played.unwrap();
        assert!(!played.errors.is_empty(), "{player} says nothing: {played:?}");
    }
}
