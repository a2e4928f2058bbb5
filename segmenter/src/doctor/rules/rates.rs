//! Bit rates.

use media::Codec;

use super::texts::{bits, thousandths};
use super::{Bounds, Rule, Unit, Wrong};
use crate::doctor::pictures::Pictures;

/// Encoders overshoot over a quarter of a minute by a tenth or two.
const OVER_DECLARED_PERCENT_GOOD: i64 = 150;
const OVER_DECLARED_PERCENT_FAIR: i64 = 300;
/// Half as much again as what video platforms recommend at most.
const OVER_USUAL_PERCENT_GOOD: i64 = 150;
const OVER_USUAL_PERCENT_FAIR: i64 = 300;
/// What platforms recommend at most for pictures of so many pixels, in bits a second (60 a
/// second, H.264).
const USUAL_MOST: [(i64, i64); 3] =
    [(1_920 * 1_088, 12_000_000), (2_560 * 1_440, 24_000_000), (i64::MAX, 51_000_000)];
/// Below, blocks show in anything that moves: 1080p with 0.9 Mb/s at 30 a second, 1.9 at 60.
const BITS_PER_KILOPIXEL_GOOD: i64 = 15;
const BITS_PER_KILOPIXEL_FAIR: i64 = 6;
/// From which share of what is declared on the encoder uses what it may, in hundredths: a picture
/// that stands still needs less, and lacks nothing.
const USES_ALL_PERCENT: i64 = 80;

pub(super) static RULES: [Rule; 3] = [
    Rule {
        id: "bit_rate_over_declared",
        sees: "Bits of the pictures, over a quarter of a minute, against what the encoder says",
        bounds: Bounds::Over {
            fair: Some(OVER_DECLARED_PERCENT_GOOD),
            poor: Some(OVER_DECLARED_PERCENT_FAIR),
        },
        unit: Unit::Percent,
        remedy: "in OBS set Settings, Output, Rate Control to CBR; in ffmpeg give -maxrate and \
                 -bufsize beside -b:v",
        unless: &[],
        measure: |seen| {
            let pictures = seen.pictures.as_ref()?;
            rate(pictures)?.saturating_mul(100).checked_div(pictures.declared?.into())
        },
        say: |seen, _| {
            let pictures = seen.pictures.as_ref();
            let seen = bits(pictures.and_then(rate).unwrap_or_default());
            let declared = pictures.and_then(|pictures| pictures.declared).unwrap_or_default();
            let declared = bits(declared.into());
            let what = format!(
                "The pictures take {seen} although the encoder says {declared}, so lines that \
                 were chosen for that stall"
            );
            Wrong::new(what, format!("{seen}, declared {declared}"))
        },
    },
    Rule {
        id: "bit_rate_high",
        sees: "Bits of the pictures, over a quarter of a minute, against what is usual at most \
               for their size (12 Mb/s up to 1080p, 24 up to 1440p, 51 above)",
        bounds: Bounds::Over {
            fair: Some(OVER_USUAL_PERCENT_GOOD),
            poor: Some(OVER_USUAL_PERCENT_FAIR),
        },
        unit: Unit::Percent,
        remedy: "in OBS set Settings, Output, Video Bitrate to 6000 Kbps for 1080p; in ffmpeg give \
                 -b:v 6M -maxrate 6M -bufsize 12M",
        unless: &["bit_rate_over_declared", "encoder_ahead"],
        measure: |seen| {
            let pictures = seen.pictures.as_ref()?;
            rate(pictures)?.saturating_mul(100).checked_div(usual_most(pictures))
        },
        say: |seen, _| {
            let seen = bits(seen.pictures.as_ref().and_then(rate).unwrap_or_default());
            let what = format!("The pictures take {seen}, which many viewers' lines do not carry");
            Wrong::new(what, seen)
        },
    },
    Rule {
        id: "bit_rate_low",
        sees: "Bits that the encoder may use for a pixel, where it uses them up (H.265, VP9 and \
               AV1 need two thirds)",
        bounds: Bounds::Under {
            fair: Some(BITS_PER_KILOPIXEL_GOOD),
            poor: Some(BITS_PER_KILOPIXEL_FAIR),
        },
        unit: Unit::BitsPerKiloPixel,
        remedy: "set more bits or fewer pixels, in OBS Settings, Output, Video Bitrate or \
                 Settings, Video, Output Resolution, in ffmpeg -b:v or -s",
        unless: &["frame_rate_low"],
        measure: |seen| bits_per_kilopixel(seen.pictures.as_ref()?),
        say: |seen, value| {
            let pictures = seen.pictures.as_ref();
            let size = pictures.map(|it| (it.format.width, it.format.height));
            let (width, height) = size.unwrap_or_default();
            let seen = bits(pictures.and_then(rate).unwrap_or_default());
            let what = format!(
                "{seen} are too few for {width}x{height}, so the picture falls into blocks when \
                 it moves"
            );
            Wrong::new(what, format!("{} bits a pixel", thousandths(value)))
        },
    },
];

fn rate(pictures: &Pictures) -> Option<i64> {
    pictures.rates.judged()?.bit_rate()
}

fn usual_most(pictures: &Pictures) -> i64 {
    let pixels = pictures.format.pixels();
    let fits = USUAL_MOST.iter().find(|(most, _)| pixels <= *most);
    fits.map_or(i64::MAX, |(_, bits)| *bits)
}

fn bits_per_kilopixel(pictures: &Pictures) -> Option<i64> {
    let judged = pictures.rates.judged()?;
    let (rate, declared) = (judged.bit_rate()?, i64::from(pictures.declared?));
    if rate.saturating_mul(100) < declared.saturating_mul(USES_ALL_PERCENT) {
        return None;
    }
    let pixels = pictures.format.pixels();
    // A thousand pixels, and a rate in pictures in a thousand seconds.
    let each = i128::from(declared) * 1_000_000;
    let each = each.checked_div(i128::from(pixels) * i128::from(judged.rate_milli()?))?;
    let each = i64::try_from(each).ok()?;
    Some(match pictures.format.codec {
        Codec::Hevc | Codec::Av1 | Codec::Vp9 => each.saturating_mul(3) / 2,
        Codec::Avc
        | Codec::Aac
        | Codec::Opus
        | Codec::Flac
        | Codec::Ac3
        | Codec::Eac3
        | Codec::Mp3 => each,
    })
}
