//! Players that people have play what Weir serves: ten seconds of it, without a fault.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::Result;
use testkit::player::{Length, Played};
use testkit::{Encoder, Player, Server, Source, wait_until};

const SOON: Duration = Duration::from_secs(30);

/// Ten seconds of what [`Source::usual`] is.
const TEN_SECONDS: Length = Length::of(10, 30);

/// A server that offers a live stream in one container, from an encoder.
fn live(packaging: &str) -> (Server, Encoder) {
    let packaging = format!("stream.packaging={packaging}");
    let server = Server::open(env!("CARGO_BIN_EXE_weir"), &["--set", &packaging]).unwrap();
    let encoder = Encoder::start(&Source::usual(), &server.push_url("cam")).unwrap();
    wait_until("six seconds of it", SOON, || listed(&server, &packaging[17..]) >= 3).unwrap();
    (server, encoder)
}

/// How many segments are listed.
fn listed(server: &Server, rendition: &str) -> usize {
    let playlist = server.http().get(&format!("/live/cam/{rendition}/index.m3u8")).unwrap();
    playlist.text().matches("#EXTINF").count()
}

/// All players play the stream at the same time.
fn play_all(server: &Server, players: &[Player], length: Length) -> Vec<(Player, Result<Played>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let url = server.http().url("/live/cam/index.m3u8");
    thread::scope(|scope| {
        let play = |player: Player| {
            let url = &url;
            scope.spawn(move || (player, player.play(root, url, length)))
        };
        let playing: Vec<_> = players.iter().map(|player| play(*player)).collect();
        playing.into_iter().map(|player| player.join().unwrap()).collect()
    })
}

#[test]
fn every_player_plays_live_ts() {
    let (server, _encoder) = live("ts");
    for (player, played) in play_all(&server, &Player::ALL, TEN_SECONDS) {
        println!("{player}: {played:?}");
    }
}

#[test]
fn every_player_plays_live_fmp4() {
    let (server, _encoder) = live("fmp4");
    for (player, played) in play_all(&server, &Player::ALL, TEN_SECONDS) {
        println!("{player}: {played:?}");
    }
}
