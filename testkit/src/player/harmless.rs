//! What players say of streams in which nothing is wrong.

use super::Player;

/// When a line is no fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum When {
    /// Whatever is played.
    Always,
    /// Where one push ends and the next begins.
    AtBreaks,
}

/// A line that contains these words is no fault, for this reason.
struct Harmless {
    player: Player,
    words: &'static str,
    when: When,
    #[expect(dead_code, reason = "it is for who reads the table")]
    because: &'static str,
}

const fn always(player: Player, words: &'static str, because: &'static str) -> Harmless {
    Harmless { player, words, when: When::Always, because }
}

const fn at_breaks(player: Player, words: &'static str, because: &'static str) -> Harmless {
    Harmless { player, words, when: When::AtBreaks, because }
}

const HARMLESS: &[Harmless] = &[
    always(
        Player::Ffmpeg,
        "[info] Skip ('#EXT",
        "a tag of the playlist that it does not use, as EXT-X-DISCONTINUITY-SEQUENCE",
    ),
    always(
        Player::Vlc,
        "interface error: no suitable interface module",
        "it offers a keyboard's keys, and there is no screen to have them from",
    ),
    always(Player::Vlc, "interface \"globalhotkeys,none\" initialization failed", "the same"),
    always(
        Player::Vlc,
        "mp4 demux: Fragment sequence discontinuity detected",
        "it joins a live stream, whose first fragment for it is not the stream's first",
    ),
    always(
        Player::Vlc,
        "ES_OUT_SET_(GROUP_)PCR  is called too late",
        "it was at the end of what is listed and waited for more; it plays further behind then",
    ),
    always(
        Player::HlsJs,
        "bufferSeekOverHole: fragment loaded with buffer holes, seeking from 0 to 0.16",
        "what is complete begins where its first picture is decoded, two pictures before it is \
         shown; a busy browser stands there and is helped on, with ffmpeg's own HLS as well",
    ),
    at_breaks(
        Player::Mpv,
        "h264: co located POCs unavailable",
        "times go back at a break; it plays anew from there, without what its decoder still has",
    ),
    at_breaks(Player::Mpv, "h264: mmco: unref short failure", "the same"),
    at_breaks(
        Player::Mpv,
        "[lavf] Edit lists are not correctly supported",
        "ffmpeg's demuxer reads fMP4 over a break as if times went on, and marks what goes back",
    ),
    at_breaks(
        Player::Vlc,
        "adaptive demux: Ending demuxer stream. [discontinuity]",
        "the break itself",
    ),
    at_breaks(Player::Vlc, "no reference clock", "a picture of before the break is late"),
    at_breaks(Player::Vlc, "Could not convert timestamp 0 for FFmpeg", "the same"),
    at_breaks(
        Player::Vlc,
        "get_buffer() failed",
        "it ends its decoder at the break, whose threads have pictures under way",
    ),
    at_breaks(Player::Vlc, "decode_slice_header error", "the same"),
    at_breaks(Player::Vlc, "] no frame!", "the same"),
    at_breaks(
        Player::HlsJs,
        "bufferStalledError",
        "it puts fMP4 after a break where it is decoded, not where it is shown: B-frames leave a \
         hole of two pictures, at which it stands for a moment",
    ),
    at_breaks(Player::HlsJs, "bufferSeekOverHole", "the same: it goes on after the hole"),
];

/// When the line is no fault of what is played, if it can be none.
pub(super) fn harmless(player: Player, line: &str) -> Option<When> {
    let known = HARMLESS.iter().find(|it| it.player == player && line.contains(it.words));
    known.map(|known| known.when)
}
