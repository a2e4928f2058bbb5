//! Key frames, frame rate, B-frames.

use super::texts::{frames, seconds, tenths};
use super::{Bounds, Rule, Unit, Wrong};
use crate::doctor::pictures::Pictures;
use crate::doctor::seen::Seen;

/// Viewers join at a key frame, and segments begin with one: at 4 s a segment is still no longer
/// than what players hold three of. 120 pictures at 29.97 a second are 4.004 s; the 250 of an
/// encoder that is not told otherwise are 4.17 s at 60.
const KEY_FRAMES_MS_GOOD: i64 = 4_100;
/// Segments longer than that are cut without a key frame ([`crate::LONGEST_SEGMENT_MS`]).
const KEY_FRAMES_MS_FAIR: i64 = crate::LONGEST_SEGMENT_MS;
/// Key frames are many times as large as other pictures: below half a second they take the bits
/// that the picture needs.
const KEY_FRAMES_MS_LEAST: i64 = 500;
/// Segments that differ by a second make players wrong about how far ahead they may stay.
const KEY_FRAMES_DIFFER_MS: i64 = 1_000;
/// Key frames nearer than this never decide where a segment ends: the usual segment's length and
/// some.
const KEY_FRAMES_DECIDE_MS: i64 = 2_500;
/// Films have 24 pictures a second.
const FRAMES_MILLI_GOOD: i64 = 20_000;
/// Movement falls apart.
const FRAMES_MILLI_FAIR: i64 = 10_000;
/// A picture in fifty is a hitch a second or two.
const MISSING_PER_MILLE_GOOD: i64 = 20;
const MISSING_PER_MILLE_FAIR: i64 = 100;
/// Encoders that scale their rate by the load are uneven for a moment; phones always are.
const UNEVEN_PER_MILLE_GOOD: i64 = 100;
/// x264's slowest preset has eight B-frames: a third of a second at 30 a second.
const HELD_BACK_MS_GOOD: i64 = 500;
/// Screen sharing sends a picture every two seconds.
const WITHOUT_MS_GOOD: i64 = 5_000;
/// Players have played what they had.
const WITHOUT_MS_FAIR: i64 = 10_000;

const KEY_FRAMES_REMEDY: &str = "in OBS set Settings, Output, Keyframe Interval to 2 s (it is there \
                                 in Output Mode Advanced); in ffmpeg give -g twice the frame rate \
                                 (-g 60 at 30 a second)";

pub(super) static RULES: [Rule; 8] = [
    Rule {
        id: "key_frames_far",
        sees: "The longest distance between key frames, of the last eight",
        bounds: Bounds::Over { fair: Some(KEY_FRAMES_MS_GOOD), poor: Some(KEY_FRAMES_MS_FAIR) },
        unit: Unit::Millis,
        remedy: KEY_FRAMES_REMEDY,
        unless: &["pictures_absent"],
        measure: |seen| key_frames_apart(seen.pictures.as_ref()?),
        say: key_frames_are_far,
    },
    Rule {
        id: "key_frames_near",
        sees: "The usual distance between key frames",
        bounds: Bounds::Under { fair: Some(KEY_FRAMES_MS_LEAST), poor: None },
        unit: Unit::Millis,
        remedy: KEY_FRAMES_REMEDY,
        unless: &[],
        measure: |seen| {
            let (_, usual, _) = seen.pictures.as_ref()?.gops.spread()?;
            Some(usual).filter(|_| seen.watched_ms() >= 2 * KEY_FRAMES_DECIDE_MS)
        },
        say: |_, ms| {
            let every = seconds(ms);
            let what =
                format!("Key frames come every {every}, and take the bits that the picture needs");
            Wrong::new(what, format!("{every} between key frames"))
        },
    },
    Rule {
        id: "key_frames_uneven",
        sees: "By how much the distances between key frames differ, where they decide where \
               segments end",
        bounds: Bounds::Over { fair: Some(KEY_FRAMES_DIFFER_MS), poor: None },
        unit: Unit::Millis,
        remedy: "in OBS set Settings, Output, Keyframe Interval to 2 s and x264 Options to \
                 scenecut=0; in ffmpeg give -g 60 -sc_threshold 0 at 30 a second",
        unless: &["key_frames_far", "pictures_absent", "clock_jumps", "frames_broken"],
        measure: |seen| {
            let (shortest, _, longest) = seen.pictures.as_ref()?.gops.spread()?;
            let decide = longest > KEY_FRAMES_DECIDE_MS;
            Some(longest.saturating_sub(shortest)).filter(|_| decide)
        },
        say: |seen, _| {
            let spread = seen.pictures.as_ref().and_then(|pictures| pictures.gops.spread());
            let (shortest, usual, longest) = spread.unwrap_or_default();
            let what = format!(
                "Key frames come between {} and {} apart, so segments have uneven lengths",
                seconds(shortest),
                seconds(longest)
            );
            Wrong::new(what, format!("usually {} between key frames", seconds(usual)))
        },
    },
    Rule {
        id: "frame_rate_low",
        sees: "Pictures a second, over a quarter of a minute in which something moves",
        bounds: Bounds::Under { fair: Some(FRAMES_MILLI_GOOD), poor: Some(FRAMES_MILLI_FAIR) },
        unit: Unit::MilliFrames,
        remedy: "in OBS set Settings, Video, Common FPS Values to 30, and where the computer is \
                 too slow for that a smaller Output Resolution; in ffmpeg give -r 30",
        unless: &["pictures_absent"],
        measure: |seen| moving(seen)?.rates.judged()?.rate_milli(),
        say: |_, milli| {
            let rate = frames(milli);
            let what = format!("Only {rate} pictures come a second, so movement stutters");
            Wrong::new(what, format!("{rate} pictures a second"))
        },
    },
    Rule {
        id: "frames_missing",
        sees: "Pictures that have left holes in an even frame rate, over a quarter of a minute",
        bounds: Bounds::Over {
            fair: Some(MISSING_PER_MILLE_GOOD),
            poor: Some(MISSING_PER_MILLE_FAIR),
        },
        unit: Unit::PerMille,
        remedy: "look in OBS at View, Stats: for frames dropped for the network set Settings, \
                 Output, Video Bitrate lower, for frames missed or skipped for the encoder set \
                 Settings, Video, Output Resolution or FPS lower",
        unless: &["pictures_absent", "clock_jumps", "frame_rate_uneven", "times_mended"],
        measure: |seen| {
            let judged = moving(seen)?.rates.judged()?;
            let all = i64::from(judged.units).saturating_add(judged.missing.into());
            i64::from(judged.missing).saturating_mul(1_000).checked_div(all)
        },
        say: |_, per_mille| {
            let share = tenths(per_mille);
            let what = format!(
                "{share} % of the pictures are missing, so movement stutters: the encoder or its \
                 network cannot keep up"
            );
            Wrong::new(what, format!("{share} % of the places of pictures are empty"))
        },
    },
    Rule {
        id: "frame_rate_uneven",
        sees: "Distances between pictures that fit no frame rate, over a quarter of a minute",
        bounds: Bounds::Over { fair: Some(UNEVEN_PER_MILLE_GOOD), poor: None },
        unit: Unit::PerMille,
        remedy: "choose a constant frame rate, in OBS Settings, Video, Common FPS Values, in \
                 ffmpeg -fps_mode cfr -r 30, on a phone in the settings of its camera or app",
        unless: &["pictures_absent", "clock_jumps", "times_mended"],
        measure: |seen| {
            let judged = moving(seen)?.rates.judged()?;
            i64::from(judged.uneven).saturating_mul(1_000).checked_div(judged.units.into())
        },
        say: |_, per_mille| {
            let share = tenths(per_mille);
            let what = "Pictures come at an uneven frame rate, so movement stutters";
            Wrong::new(what, format!("{share} % of the distances fit no frame rate"))
        },
    },
    Rule {
        id: "b_frames_deep",
        sees: "How long B-frames hold a picture back",
        bounds: Bounds::Over { fair: Some(HELD_BACK_MS_GOOD), poor: None },
        unit: Unit::Millis,
        remedy: "set fewer, in OBS Settings, Output, Max B-frames to 2 or x264 Options to \
                 bframes=2, in ffmpeg -bf 2",
        unless: &["frame_rate_low", "times_mended"],
        measure: |seen| {
            let pictures = moving(seen)?;
            pictures.rates.judged().map(|_| pictures.held_back.ms())
        },
        say: |_, ms| {
            let back = seconds(ms);
            let what = format!("B-frames hold pictures back by {back}, which viewers wait longer");
            Wrong::new(what, format!("up to {back} from decoding to showing"))
        },
    },
    Rule {
        id: "pictures_absent",
        sees: "How long no picture has come although sound goes on",
        bounds: Bounds::Over { fair: Some(WITHOUT_MS_GOOD), poor: Some(WITHOUT_MS_FAIR) },
        unit: Unit::Millis,
        remedy: "look whether the encoder is overloaded or its camera is gone, in OBS at View, \
                 Stats and at the source, and start the stream anew",
        unless: &[],
        measure: Seen::without_pictures_ms,
        say: |_, ms| {
            let long = seconds(ms);
            let what = format!(
                "No picture has come for {long} although sound has, so viewers see a still picture"
            );
            Wrong::new(what, format!("{long} of sound without a picture"))
        },
    },
];

/// The pictures, if anything moves in them.
fn moving(seen: &Seen) -> Option<&Pictures> {
    seen.pictures.as_ref().filter(|pictures| pictures.moves())
}

/// The longest of the last distances, or the one that goes on for too long.
fn key_frames_apart(pictures: &Pictures) -> Option<i64> {
    let longest = pictures.gops.spread().map(|(_, _, longest)| longest);
    let open = pictures.gops.age_ms().filter(|age| *age > KEY_FRAMES_MS_FAIR);
    longest.max(open)
}

fn key_frames_are_far(seen: &Seen, ms: i64) -> Wrong {
    let spread = seen.pictures.as_ref().and_then(|pictures| pictures.gops.spread());
    let far = seconds(ms);
    match spread {
        Some((shortest, usual, longest)) if longest >= ms => {
            let is_even = longest.saturating_sub(shortest) <= longest / 5;
            let how = if is_even { "every" } else { "up to" };
            let apart = if is_even { "" } else { " apart" };
            let what =
                format!("Key frames come {how} {far}{apart}, so viewers wait that long to start");
            Wrong::new(what, format!("usually {} between key frames", seconds(usual)))
        }
        Some(_) | None => Wrong::new(
            format!("No key frame has come for {far}, so nobody can start to watch"),
            format!("{far} since the last key frame"),
        ),
    }
}
