//! What players say of streams in which nothing is wrong.

use super::Player;

/// A line that contains these words is no fault, for this reason.
struct Harmless {
    player: Player,
    words: &'static str,
    #[expect(dead_code, reason = "it is for who reads the table")]
    because: &'static str,
}

const HARMLESS: &[Harmless] = &[
    Harmless {
        player: Player::Vlc,
        words: "interface error: no suitable interface module",
        because: "the keys of a keyboard are offered to it, and there is no screen to have them",
    },
    Harmless {
        player: Player::Vlc,
        words: "interface \"globalhotkeys,none\" initialization failed",
        because: "the same",
    },
    Harmless {
        player: Player::Vlc,
        words: "mp4 demux: Fragment sequence discontinuity detected",
        because: "it joins a live stream, whose first fragment for it is not the stream's first",
    },
];

pub(super) fn is_harmless(player: Player, line: &str) -> bool {
    HARMLESS.iter().any(|known| known.player == player && line.contains(known.words))
}
