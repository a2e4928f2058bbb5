//! How it arrives: jitter, bursts, stalls, and encoders that do not keep pace.

use super::texts::{seconds, times};
use super::{Bounds, Rule, Unit, Wrong};
use crate::doctor::seen::Seen;

/// A key frame of a rich stream takes half a second on a narrow line.
const JITTER_MS_GOOD: i64 = 500;
const JITTER_MS_FAIR: i64 = 2_000;
/// Players hold about three segments of two seconds.
const STALL_MS_GOOD: i64 = 2_000;
const STALL_MS_FAIR: i64 = 6_000;
/// Players fetch a segment of two seconds at a time, and do not notice.
const BURST_MS_GOOD: i64 = 500;
const BURST_MS_FAIR: i64 = 6_000;
/// Half of what players hold.
const BEHIND_MS_GOOD: i64 = 3_000;
const BEHIND_MS_FAIR: i64 = 10_000;
/// Players that are relayed keep up to ten seconds and send them at once.
const AHEAD_MS_FAIR: i64 = 20_000;
/// Screen sharing sends a picture every two seconds.
const WITHOUT_MS_GOOD: i64 = 5_000;
const WITHOUT_MS_FAIR: i64 = 10_000;

const NETWORK: &str = "use a cable in place of Wi-Fi, and set fewer bits, in OBS Settings, Output, \
                       Video Bitrate, in ffmpeg -b:v";

pub(super) static RULES: [Rule; 6] = [
    Rule {
        id: "stalls",
        sees: "The longest time of the last minute in which nothing came",
        bounds: Bounds::Over { fair: Some(STALL_MS_GOOD), poor: Some(STALL_MS_FAIR) },
        unit: Unit::Millis,
        remedy: NETWORK,
        unless: &["bursts"],
        measure: |seen| Some(seen.stalls(STALL_MS_GOOD)?.longest_ms),
        say: |seen, ms| {
            let count = seen.stalls(STALL_MS_GOOD).map_or(1, |stalls| stalls.count);
            let (long, often) = (seconds(ms), times(u64::try_from(count).unwrap_or(u64::MAX)));
            let what = format!(
                "Nothing came for {long} ({often} in the last minute), and players that hold less \
                 than that stopped"
            );
            Wrong::new(what, format!("{often} in the last minute, {long} at most"))
        },
    },
    Rule {
        id: "bursts",
        sees: "How long nothing comes between bursts, where it is half of the time",
        bounds: Bounds::Over { fair: Some(BURST_MS_GOOD), poor: Some(BURST_MS_FAIR) },
        unit: Unit::Millis,
        remedy: "let the encoder send what it has at once, in ffmpeg by one -re and without \
                 reading from another HLS stream, and look whether something between here and the \
                 encoder collects",
        unless: &["encoder_ahead"],
        measure: Seen::bursts_ms,
        say: |_, ms| {
            let long = seconds(ms);
            let what = format!(
                "Media comes in bursts with {long} of nothing between them, so viewers wait that \
                 much longer and may stall"
            );
            Wrong::new(what, format!("usually {long} of nothing"))
        },
    },
    Rule {
        id: "jitter",
        sees: "How unevenly pictures arrive within five seconds, in three such windows of half a \
               minute",
        bounds: Bounds::Over { fair: Some(JITTER_MS_GOOD), poor: Some(JITTER_MS_FAIR) },
        unit: Unit::Millis,
        remedy: NETWORK,
        unless: &["bursts", "stalls", "encoder_behind", "encoder_ahead"],
        measure: |seen| seen.delays()?.jitter_ms(),
        say: |_, ms| {
            let much = seconds(ms);
            let what = format!(
                "Pictures arrive up to {much} late against each other: the line to the server is \
                 nearly too slow"
            );
            Wrong::new(what, format!("{much} between the fastest and the slowest"))
        },
    },
    Rule {
        id: "encoder_behind",
        sees: "How much later media arrives now than at best in the last two minutes",
        bounds: Bounds::Over { fair: Some(BEHIND_MS_GOOD), poor: Some(BEHIND_MS_FAIR) },
        unit: Unit::Millis,
        remedy: "if View, Stats in OBS shows an overloaded encoder, set a faster preset or a \
                 smaller Output Resolution; otherwise set fewer bits, in OBS Settings, Output, \
                 Video Bitrate, in ffmpeg -preset veryfast or -b:v",
        unless: &["bursts"],
        measure: |seen| seen.delays()?.behind_ms(),
        say: |_, ms| {
            let late = seconds(ms);
            let what = format!(
                "The encoder has fallen {late} behind: it or its line does not keep up with the \
                 time, and players stall"
            );
            Wrong::new(what, format!("{late} later than at best in the last two minutes"))
        },
    },
    Rule {
        id: "encoder_ahead",
        sees: "How far media has run ahead of the time within a minute",
        bounds: Bounds::Over { fair: None, poor: Some(AHEAD_MS_FAIR) },
        unit: Unit::Millis,
        remedy: "push files with ffmpeg -re, or with one of the media's own speed in the program \
                 that pushes",
        unless: &[],
        measure: Seen::ahead_ms,
        say: |_, ms| {
            let ahead = seconds(ms);
            let what = format!(
                "Media comes faster than it plays and is {ahead} ahead, so what viewers have not \
                 seen yet leaves the live window"
            );
            Wrong::new(what, format!("{ahead} ahead of the time"))
        },
    },
    Rule {
        id: "sound_absent",
        sees: "How long no sound has come although pictures go on",
        bounds: Bounds::Over { fair: Some(WITHOUT_MS_GOOD), poor: Some(WITHOUT_MS_FAIR) },
        unit: Unit::Millis,
        remedy: "look whether the sound's device is gone, in OBS at the Audio Mixer and Settings, \
                 Audio, and start the stream anew",
        unless: &[],
        measure: Seen::without_sound_ms,
        say: |_, ms| {
            let long = seconds(ms);
            let what = format!("No sound has come for {long} although pictures have");
            Wrong::new(what, format!("{long} of pictures without sound"))
        },
    },
];
