//! Times: sound against pictures, the encoder's clock, what had to be mended.

use super::texts::{per_million, seconds, times};
use super::{Bounds, Rule, Unit, Wrong};
use crate::doctor::seen::Seen;

/// From 185 ms on late sound is found unacceptable (ITU-R BT.1359). But devices that are opened one
/// after the other begin further apart than that, and match all the same.
const SOUND_LATE_MS_GOOD: i64 = 300;
/// What begins later was switched on later, and says nothing of lips.
const SOUND_LATE_MS_MAX: i64 = 1_000;
/// Encoders look ahead in pictures and not in sound; what is further apart is waited for.
const APART_MS_GOOD: i64 = 300;
const APART_MS_FAIR: i64 = 1_000;
/// Clocks of computers and sound cards are within 0.01 %.
const DRIFT_PPM_GOOD: i64 = 500;
const DRIFT_PPM_FAIR: i64 = 5_000;
/// One odd frame costs a frame.
const TIMES_GOOD: i64 = 10;
const TIMES_FAIR: i64 = 300;
/// The first is heard as a click.
const GAPS_GOOD: i64 = 1;
const GAPS_FAIR: i64 = 10;
/// One jump is a source that was switched.
const JUMPS_FAIR: i64 = 2;
const BROKEN_GOOD: i64 = 5;
const BROKEN_FAIR: i64 = 60;

pub(super) static RULES: [Rule; 7] = [
    Rule {
        id: "sound_begins_late",
        sees: "How much later than the first picture the first sound is, by their times (up to \
               1 s)",
        bounds: Bounds::Over { fair: Some(SOUND_LATE_MS_GOOD), poor: None },
        unit: Unit::Millis,
        remedy: "if lips and voice do not match, take the delay out, in OBS Edit, Advanced Audio \
                 Properties, Sync Offset, in ffmpeg -itsoffset",
        unless: &[],
        measure: |seen| {
            let late = seen.sound_begins_late_ms().filter(|late| *late <= SOUND_LATE_MS_MAX);
            late.filter(|_| seen.watched_ms() >= 2 * SOUND_LATE_MS_MAX)
        },
        say: |_, ms| {
            let late = seconds(ms);
            let what = format!(
                "Sound begins {late} after the pictures by its times, as it does when it is delayed"
            );
            Wrong::new(what, format!("the first sound is {late} after the first picture"))
        },
    },
    Rule {
        id: "sound_apart",
        sees: "How far apart sound and pictures of one moment arrive",
        bounds: Bounds::Over { fair: Some(APART_MS_GOOD), poor: Some(APART_MS_FAIR) },
        unit: Unit::Millis,
        remedy: "let the encoder send both in the order of their times, in ffmpeg by a smaller \
                 -max_interleave_delta, and look whether a capture device delays one of them",
        unless: &["pictures_absent", "sound_absent"],
        measure: |seen| Some(seen.sound_arrives_late_ms()?.saturating_abs()),
        say: |seen, ms| {
            let apart = seconds(ms);
            let is_late = seen.sound_arrives_late_ms().is_some_and(|late| late > 0);
            let (one, other) = if is_late { ("Sound", "pictures") } else { ("Pictures", "sound") };
            let verb = if is_late { "arrives" } else { "arrive" };
            let what = format!(
                "{one} {verb} {apart} after the {other} of the same moment, and viewers wait for \
                 the later"
            );
            let evidence = format!("the {} comes {apart} later", one.to_lowercase());
            Wrong::new(what, evidence.replace("pictures comes", "pictures come"))
        },
    },
    Rule {
        id: "clock_drift",
        sees: "How fast the encoder's clock runs against the server's, over two minutes",
        bounds: Bounds::Over { fair: Some(DRIFT_PPM_GOOD), poor: Some(DRIFT_PPM_FAIR) },
        unit: Unit::PerMillion,
        remedy: "take time from the device that captures, in OBS the camera's own audio device in \
                 place of a second sound card, in ffmpeg -use_wallclock_as_timestamps 1",
        unless: &["encoder_behind", "encoder_ahead", "bursts"],
        measure: |seen| Some(seen.delays()?.drift_ppm()?.saturating_abs()),
        say: |seen, ppm| {
            let drift = seen.delays().and_then(|delays| delays.drift_ppm()).unwrap_or_default();
            let (how, does) = if drift > 0 {
                ("fast", "viewers fall further and further behind")
            } else {
                ("slow", "players run out of media again and again")
            };
            let an_hour = seconds(ppm.saturating_mul(36) / 10);
            let by = per_million(ppm);
            let what = format!("The encoder's clock runs {by} {how}, {an_hour} an hour, so {does}");
            Wrong::new(what, format!("{by} {how} over two minutes"))
        },
    },
    Rule {
        id: "clock_jumps",
        sees: "Jumps of the encoder's clock in the last minute",
        bounds: Bounds::Over { fair: Some(0), poor: Some(JUMPS_FAIR) },
        unit: Unit::TimesAMinute,
        remedy: "send one stream from one clock, in OBS without scripts that restart the output, \
                 in ffmpeg without -copyts and with one -re before each input",
        unless: &[],
        measure: |seen| i64::try_from(seen.lately().jumps).ok(),
        say: |_, count| {
            let often = times(count);
            let what = format!(
                "The encoder's clock jumped {often} in the last minute, and players may stop at \
                 each jump"
            );
            Wrong::new(what, format!("{often} in the last minute"))
        },
    },
    Rule {
        id: "times_mended",
        sees: "Pictures in the last minute whose times did not grow, or that were to be shown \
               before they are decoded",
        bounds: Bounds::Over { fair: Some(TIMES_GOOD), poor: Some(TIMES_FAIR) },
        unit: Unit::TimesAMinute,
        remedy: "update the encoder or choose another, in OBS Settings, Output, Video Encoder; in \
                 ffmpeg leave out -copyts and -vsync passthrough",
        unless: &["clock_jumps"],
        measure: |seen| i64::try_from(seen.lately().times).ok(),
        say: |_, count| {
            let what = format!(
                "{count} pictures of the last minute had times that cannot be, and were moved"
            );
            Wrong::new(what, format!("{count} in the last minute"))
        },
    },
    Rule {
        id: "sound_gaps",
        sees: "Places in the last minute where sound is missing",
        bounds: Bounds::Over { fair: Some(GAPS_GOOD), poor: Some(GAPS_FAIR) },
        unit: Unit::TimesAMinute,
        remedy: "look for an overloaded computer or a bad cable, in OBS at View, Stats, and give \
                 all sound devices one sample rate, in OBS Settings, Audio",
        unless: &["clock_jumps", "sound_absent"],
        measure: |seen| i64::try_from(seen.lately().gaps).ok(),
        say: |_, count| {
            let often = times(count);
            let what = format!("Sound was missing {often} in the last minute, which clicks");
            Wrong::new(what, format!("{often} in the last minute"))
        },
    },
    Rule {
        id: "frames_broken",
        sees: "Frames of the last minute that could not be used",
        bounds: Bounds::Over { fair: Some(BROKEN_GOOD), poor: Some(BROKEN_FAIR) },
        unit: Unit::TimesAMinute,
        remedy: "update the encoder or choose another, in OBS Settings, Output, Video Encoder, in \
                 ffmpeg -c:v libx264",
        unless: &[],
        measure: |seen: &Seen| i64::try_from(seen.lately().broken).ok(),
        say: |_, count| {
            let what = format!("{count} frames of the last minute were broken and left out");
            Wrong::new(what, format!("{count} in the last minute"))
        },
    },
];
