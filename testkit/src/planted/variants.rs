//! What the multivariant playlist says, and how renditions agree (RFC 8216, 4.3.4 and 6.2.4).

use super::Exam::{Live, Vod};
use super::Planted;
use crate::origin::{Course, Target};
use crate::presentation::Base::{FfmpegFmp4, FfmpegFmp4Ladder, FfmpegTs, FfmpegTsLadder};
use crate::presentation::{Attributes, Presentation};

const fn planted(name: &'static str, rule: &'static str) -> Planted {
    Planted::new(name, rule, FfmpegTsLadder, Vod)
}

/// The attributes of all variants.
fn variants(made: &mut Presentation) -> impl Iterator<Item = &mut Attributes> {
    made.multivariant.variants.iter_mut().map(|(attributes, _)| attributes)
}

fn set(made: &mut Presentation, name: &str, value: &str) {
    variants(made).for_each(|attributes| attributes.set(name, value));
}

/// Multiplies a bit rate of all variants by a fraction.
fn scale(made: &mut Presentation, name: &str, (times, over): (u64, u64)) {
    for attributes in variants(made) {
        let rate = attributes.get(name).and_then(|rate| rate.parse::<u64>().ok()).unwrap_or(0);
        attributes.set(name, &(rate * times / over).to_string());
    }
}

/// Replaces something in the `CODECS` of all variants.
fn codecs(made: &mut Presentation, from: &str, to: &str) {
    for attributes in variants(made) {
        let value = attributes.get("CODECS").unwrap_or_default().replacen(from, to, 1);
        attributes.set("CODECS", &value);
    }
}

/// Changes the first `EXT-X-MEDIA`.
fn sound(made: &mut Presentation, change: fn(&mut Attributes)) {
    made.multivariant.alternatives.iter_mut().take(1).for_each(change);
}

pub(super) const PLANTED: &[Planted] = &[
    planted("BANDWIDTH is missing", "MV-BW")
        .made(|made| variants(made).for_each(|attributes| attributes.remove("BANDWIDTH"))),
    planted("BANDWIDTH is a fraction", "MV-BW").made(|made| set(made, "BANDWIDTH", "150000.5")),
    planted("BANDWIDTH is nothing", "MV-BW")
        .follows(&[("MV-PEAK", "what is sent is more than nothing")])
        .made(|made| set(made, "BANDWIDTH", "0")),
    planted("AVERAGE-BANDWIDTH is missing", "MV-AVGBW")
        .made(|made| variants(made).for_each(|attributes| attributes.remove("AVERAGE-BANDWIDTH"))),
    planted("CODECS is missing", "MV-CODECS")
        .made(|made| variants(made).for_each(|attributes| attributes.remove("CODECS"))),
    planted("RESOLUTION is missing", "MV-RES")
        .made(|made| variants(made).for_each(|attributes| attributes.remove("RESOLUTION"))),
    planted("FRAME-RATE is missing", "MV-FPS")
        .made(|made| variants(made).for_each(|attributes| attributes.remove("FRAME-RATE"))),
    planted("BANDWIDTH is half of what is sent", "MV-PEAK").made(|made| {
        scale(made, "BANDWIDTH", (1, 2));
        scale(made, "AVERAGE-BANDWIDTH", (1, 2));
    }),
    planted("BANDWIDTH is half of what is sent live", "MV-PEAK").during(Live).on(FfmpegTs).made(
        |made| {
            scale(made, "BANDWIDTH", (1, 2));
            scale(made, "AVERAGE-BANDWIDTH", (1, 2));
        },
    ),
    planted("BANDWIDTH is four times what is sent", "MV-PEAKLOW")
        .made(|made| scale(made, "BANDWIDTH", (4, 1))),
    planted("AVERAGE-BANDWIDTH is too low", "MV-AVGTRUE")
        .made(|made| scale(made, "AVERAGE-BANDWIDTH", (1, 2))),
    planted("CODECS names another profile", "MV-CODTRUE")
        .made(|made| codecs(made, "avc1.6400", "avc1.4d40")),
    planted("CODECS does not name the sound", "MV-CODTRUE")
        .on(FfmpegTs)
        .made(|made| codecs(made, ",mp4a.40.2", "")),
    planted("CODECS names another codec", "MV-CODTRUE")
        .on(FfmpegFmp4)
        .made(|made| codecs(made, "mp4a.40.2", "ac-3")),
    planted("CODECS names another level", "MV-CODLVL").made(|made| set_level(made, "1f")),
    planted("RESOLUTION is not that of the pictures", "MV-RESTRUE")
        .made(|made| set(made, "RESOLUTION", "1280x720")),
    planted("FRAME-RATE is not that of the pictures", "MV-FPSTRUE")
        .made(|made| set(made, "FRAME-RATE", "25.000")),
    planted("a variant's group does not exist", "MV-GROUP")
        .made(|made| set(made, "AUDIO", "\"other\"")),
    planted("a sound has no name", "MV-GROUP")
        .made(|made| sound(made, |attributes| attributes.remove("NAME"))),
    planted("the default sound is not chosen of itself", "MV-GROUP")
        .made(|made| sound(made, |attributes| attributes.set("AUTOSELECT", "NO"))),
    planted("a variant is listed twice", "MV-DUP").made(|made| {
        let again = made.multivariant.variants.first().cloned();
        made.multivariant.variants.extend(again);
    }),
    planted("two sounds of a group have one name", "MV-DUP").made(|made| {
        let mut again = made.multivariant.alternatives.clone();
        again.iter_mut().for_each(|attributes| attributes.set("DEFAULT", "NO"));
        made.multivariant.alternatives.extend(again);
    }),
    planted("a variant is not found", "MV-REACH").answer(|answer, moment| {
        if moment.target == Target::Media(1) {
            *answer = crate::origin::missing();
        }
    }),
    planted("a variant is not found once", "MV-REACH").during(Live).answer(|answer, moment| {
        if moment.target == Target::Media(1) && moment.count == 7 {
            answer.status = http::StatusCode::SERVICE_UNAVAILABLE;
        }
    }),
    planted("variants have different target durations", "MV-TDSAME").view(|view, moment| {
        view.target_duration += u64::from(moment.target == Target::Media(1));
    }),
    planted("variants are cut differently", "MV-ALIGN").made(|made| {
        for (number, rendition) in made.renditions.iter_mut().enumerate() {
            rendition.target_duration = 4;
            if number == 0 {
                let joined = rendition.segments.remove(6);
                for segment in rendition.segments.iter_mut().skip(5).take(1) {
                    segment.duration += joined.duration;
                    segment.bytes = [&segment.bytes[..], &joined.bytes].concat().into();
                }
            }
        }
    }),
    planted("variants count breaks differently", "MV-DSEQ").made(|made| {
        for rendition in made.renditions.iter_mut().skip(1).take(1) {
            rendition.segments.iter_mut().skip(5).take(1).for_each(|one| {
                one.has_discontinuity = true;
            });
        }
    }),
    planted("variants have different dates", "MV-PDT").view(|view, moment| {
        if moment.target == Target::Media(1) {
            for shown in &mut view.segments {
                shown.date_unix_ns = shown.date_unix_ns.map(|date| date - 900_000_000);
            }
        }
    }),
    planted("a variant is three segments behind", "MV-LIVE")
        .during(Live)
        .on(FfmpegFmp4Ladder)
        .set(|settings| {
            settings.course = Course::Live { window: 9, made: 12, ends_at: None };
        })
        .view(|view, moment| {
            if moment.target == Target::Media(1) {
                let left = view.segments.len().saturating_sub(3);
                view.segments.truncate(left);
            }
        }),
];

/// Gives another level, in hexadecimal digits, to the `avc1` of all variants.
fn set_level(made: &mut Presentation, level: &str) {
    for attributes in variants(made) {
        let value = attributes.get("CODECS").unwrap_or_default();
        // `"avc1.6400` comes before the level.
        let (head, rest) = value.split_at_checked(10).unwrap_or_default();
        let value = format!("{head}{level}{}", rest.get(2..).unwrap_or_default());
        attributes.set("CODECS", &value);
    }
}
