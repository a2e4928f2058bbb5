//! Formats, against what browsers play.

use media::Codec;

use super::texts::number;
use super::{Bounds, Rule, Unit, Wrong};
use crate::doctor::Grade;
use crate::doctor::format::{PictureFormat, SoundFormat, chroma_name};
use crate::doctor::seen::Seen;

/// What decoders of H.264 in phones and browsers take at most: 4096x2304, level 5.2.
const PIXELS_FAIR: i64 = 4_096 * 2_304;
/// What HLS and browsers are made for.
const HERTZ_GOOD_MOST: i64 = 48_000;
/// Below, voices sound as on the telephone.
const HERTZ_GOOD_LEAST: i64 = 22_050;
const CHANNELS_GOOD: i64 = 2;

pub(super) static RULES: [Rule; 9] = [
    Rule {
        id: "chroma",
        sees: "A chroma format other than 4:2:0",
        bounds: Bounds::There(Grade::Poor),
        unit: Unit::TimesAMinute,
        remedy: "in OBS set Settings, Advanced, Color Format to NV12; in ffmpeg give -pix_fmt \
                 yuv420p",
        unless: &[],
        measure: |seen| picture(seen).filter(|it| it.chroma > 1).map(|it| it.chroma.into()),
        say: |seen, _| {
            let chroma = chroma_name(picture(seen).map_or(1, |it| it.chroma));
            let what = format!(
                "Pictures are coded in {chroma}, which phones, televisions and Safari do not show"
            );
            Wrong::new(what, format!("{chroma}, not 4:2:0"))
        },
    },
    Rule {
        id: "bit_depth",
        sees: "H.264 with more than 8 bits a sample",
        bounds: Bounds::There(Grade::Poor),
        unit: Unit::TimesAMinute,
        remedy: "in OBS set Settings, Advanced, Color Format to NV12, or take H.265 or AV1 for 10 \
                 bits; in ffmpeg give -pix_fmt yuv420p",
        unless: &["chroma"],
        measure: |seen| {
            let deep = |it: &&PictureFormat| it.codec == Codec::Avc && it.bit_depth > 8;
            picture(seen).filter(deep).map(|it| it.bit_depth.into())
        },
        say: |_, bits| {
            let what = format!(
                "Pictures are H.264 with {bits} bits a sample, which phones, televisions and \
                 Safari do not show"
            );
            Wrong::new(what, format!("{bits} bits a sample"))
        },
    },
    Rule {
        id: "interlaced",
        sees: "Pictures that are coded as fields",
        bounds: Bounds::There(Grade::Fair),
        unit: Unit::TimesAMinute,
        remedy: "deinterlace before encoding, in OBS by a right click on the source, \
                 Deinterlacing, in ffmpeg by -vf bwdif and without -flags +ildct+ilme",
        unless: &[],
        measure: |seen| picture(seen).filter(|it| it.is_interlaced).map(|_| 1),
        say: |_, _| {
            Wrong::new(
                "Pictures are coded as interlaced, which browsers show as combs on everything that moves",
                "the sequence parameter set allows fields",
            )
        },
    },
    Rule {
        id: "picture_size",
        sees: "Pixels of a picture",
        bounds: Bounds::Over { fair: None, poor: Some(PIXELS_FAIR) },
        unit: Unit::Pixels,
        remedy: "in OBS set Settings, Video, Output (Scaled) Resolution to 1920x1080; in ffmpeg \
                 give -s 1920x1080",
        unless: &[],
        measure: |seen| picture(seen).map(|it| it.pixels()),
        say: |seen, _| {
            let size = picture(seen).map(|it| format!("{}x{}", it.width, it.height));
            let size = size.unwrap_or_default();
            let what = format!("Pictures are {size}, more than most viewers' decoders take");
            Wrong::new(what, size)
        },
    },
    Rule {
        id: "picture_codec",
        sees: "Pictures that are H.265, VP9 or AV1 and have no track in H.264 beside them",
        bounds: Bounds::There(Grade::Fair),
        unit: Unit::TimesAMinute,
        remedy: "if everybody should see them, set H.264, in OBS Settings, Output, Video Encoder, \
                 in ffmpeg -c:v libx264",
        unless: &[],
        measure: |seen| {
            let codec = picture(seen)?.codec;
            (codec != Codec::Avc && !seen.has_codec(Codec::Avc)).then_some(1)
        },
        say: |seen, _| {
            let codec = picture(seen).map_or(Codec::Avc, |it| it.codec);
            let what = format!("Pictures are {codec}, which not every browser shows");
            Wrong::new(what, codec.to_string())
        },
    },
    Rule {
        id: "sound_codec",
        sees: "Sound that is AC-3 or E-AC-3 and has no track of another codec beside it",
        bounds: Bounds::There(Grade::Poor),
        unit: Unit::TimesAMinute,
        remedy: "set AAC, in OBS Settings, Output, Audio Encoder, in ffmpeg -c:a aac",
        unless: &[],
        measure: |seen| {
            let others = [Codec::Aac, Codec::Mp3, Codec::Opus, Codec::Flac];
            let is_rare = matches!(sound(seen)?.codec, Codec::Ac3 | Codec::Eac3);
            (is_rare && !others.into_iter().any(|codec| seen.has_codec(codec))).then_some(1)
        },
        say: |seen, _| {
            let codec = sound(seen).map_or(Codec::Ac3, |it| it.codec);
            let what = format!("Sound is {codec}, which Chrome and Firefox do not play");
            Wrong::new(what, codec.to_string())
        },
    },
    Rule {
        id: "sample_rate_high",
        sees: "Samples of sound a second",
        bounds: Bounds::Over { fair: Some(HERTZ_GOOD_MOST), poor: None },
        unit: Unit::Hertz,
        remedy: SET_48_KHZ,
        unless: &[],
        measure: |seen| sound(seen).map(|it| it.sample_rate.into()),
        say: |_, hertz| {
            let hertz = number(hertz);
            let what = format!(
                "Sound has {hertz} samples a second, which some players refuse and nobody hears"
            );
            Wrong::new(what, format!("{hertz} Hz"))
        },
    },
    Rule {
        id: "sample_rate_low",
        sees: "Samples of sound a second",
        bounds: Bounds::Under { fair: Some(HERTZ_GOOD_LEAST), poor: None },
        unit: Unit::Hertz,
        remedy: SET_48_KHZ,
        unless: &[],
        measure: |seen| sound(seen).map(|it| it.sample_rate.into()),
        say: |_, hertz| {
            let hertz = number(hertz);
            let what =
                format!("Sound has {hertz} samples a second, so voices sound as on the telephone");
            Wrong::new(what, format!("{hertz} Hz"))
        },
    },
    Rule {
        id: "channels",
        sees: "Channels of sound",
        bounds: Bounds::Over { fair: Some(CHANNELS_GOOD), poor: None },
        unit: Unit::Channels,
        remedy: "in OBS set Settings, Audio, Channels to Stereo; in ffmpeg give -ac 2",
        unless: &[],
        measure: |seen| sound(seen).map(|it| it.channels.into()),
        say: |_, channels| {
            let what = format!(
                "Sound has {channels} channels, which not every browser plays or mixes well"
            );
            Wrong::new(what, format!("{channels} channels"))
        },
    },
];

/// What to do about any other rate.
const SET_48_KHZ: &str =
    "in OBS set Settings, Audio, Sample Rate to 48 kHz; in ffmpeg give -ar 48000";

fn picture(seen: &Seen) -> Option<&PictureFormat> {
    seen.pictures.as_ref().map(|pictures| &pictures.format)
}

fn sound(seen: &Seen) -> Option<&SoundFormat> {
    seen.sound.as_ref().map(|sound| &sound.format)
}
