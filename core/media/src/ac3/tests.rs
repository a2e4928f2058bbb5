use super::*;
use crate::testing::{hex, mutations, sound};

/// Heads of the frames that ffmpeg n9 sends by Enhanced RTMP, their sizes, and the payload of the
/// box that its own MP4 writer makes of them.
const AC3_SURROUND: (&str, usize, &str) = ("0b77cf821440ebf8403efe00", 768, "103d40");
/// Stereo that is said to hold surround sound.
const AC3_STEREO: (&str, usize, &str) = ("0b77147c144053e106f46370", 768, "101140");
const AC3_MONO: (&str, usize, &str) = ("0b77c42548402f8429521727", 278, "500880");
const AC3_QUAD: (&str, usize, &str) = ("0b7733779840cbe101e957cf", 1_536, "903180");
const EAC3_STEREO: (&str, usize, &str) = ("0b7700bf3487c00020f80000", 384, "0300200400");
const EAC3_SURROUND: (&str, usize, &str) = ("0b7700bf3f87c00020f80000", 384, "0300200f00");
const EAC3_MIXED: (&str, usize, &str) =
    ("0b77017f3f87d95d808ca9000107c00000100000", 768, "0600200f00");
const EAC3_44: (&str, usize, &str) = ("0b7700cf7487c00020f80000", 416, "0300600400");
const EAC3_ONE_BLOCK: (&str, usize, &str) = ("0b7707ff0487c40015ff9f86", 4_096, "c000200400");

/// A whole frame with such a head.
fn unit((head, bytes, _): (&str, usize, &str)) -> Vec<u8> {
    let mut unit = hex(head);
    unit.resize(bytes, 0);
    unit
}

#[track_caller]
fn check(unit: &[u8], expected: &str) {
    let actual = match Ac3Config::of_frame(unit) {
        Ok(config) => {
            let (boxed, samples) =
                (config.dac3().map(|payload| payload.to_vec()), samples_in(unit));
            format!(
                "{} {} ch, {} Hz, {} samples, {:02x?}",
                config.rfc6381(),
                config.channels(),
                config.sample_rate(),
                samples.unwrap(),
                boxed.or_else(|| config.dec3()).unwrap(),
            )
        }
        Err(error) => error.to_string(),
    };
    assert_eq!(actual, expected);
}

#[test]
fn what_ffmpeg_writes_is_understood() {
    let check = |sample: (&str, usize, &str), expected: &str| {
        check(&unit(sample), &format!("{expected}, {:02x?}", hex(sample.2)));
    };
    check(AC3_SURROUND, "ac-3 6 ch, 48000 Hz, 1536 samples");
    check(AC3_STEREO, "ac-3 2 ch, 48000 Hz, 1536 samples");
    check(AC3_MONO, "ac-3 1 ch, 44100 Hz, 1536 samples");
    check(AC3_QUAD, "ac-3 4 ch, 32000 Hz, 1536 samples");
    check(EAC3_STEREO, "ec-3 2 ch, 48000 Hz, 1536 samples");
    check(EAC3_SURROUND, "ec-3 6 ch, 48000 Hz, 1536 samples");
    check(EAC3_MIXED, "ec-3 6 ch, 48000 Hz, 1536 samples");
    check(EAC3_44, "ec-3 2 ch, 44100 Hz, 1536 samples");
    check(EAC3_ONE_BLOCK, "ec-3 2 ch, 48000 Hz, 256 samples");
}

#[test]
fn a_unit_may_hold_several_frames() {
    check(&unit(AC3_MONO).repeat(3), "ac-3 1 ch, 44100 Hz, 4608 samples, [50, 08, 80]");
    let blocks = unit(EAC3_ONE_BLOCK).repeat(6);
    check(&blocks, "ec-3 2 ch, 48000 Hz, 1536 samples, [c0, 00, 20, 04, 00]");
}

/// The bytes of a frame of these bits, with `dialnorm` 31, and zeros up to 24 bytes.
fn frame(before: &str, bits: &str) -> Vec<u8> {
    let bits: String = format!("{before} 00000001011 {bits}").replace(' ', "");
    let mut frame = vec![0x0b, 0x77];
    for byte in bits.as_bytes().chunks(8) {
        let byte = std::str::from_utf8(byte).unwrap();
        frame.push(u8::from_str_radix(&format!("{byte:0<8}"), 2).unwrap());
    }
    frame.resize(24, 0);
    frame
}

/// An independent substream: 3/2 and LFE, 48 kHz, six blocks.
fn independent(number: u8) -> Vec<u8> {
    frame(&format!("00 {number:03b}"), "00 11 111 1 10000 11111 0 0 0")
}

/// A dependent substream: 2/2, with a channel map.
fn dependent(number: u8, map: u16) -> Vec<u8> {
    frame(&format!("01 {number:03b}"), &format!("00 11 110 0 10000 11111 0 1 {map:016b} 0 0"))
}

#[test]
fn dependent_substreams_add_channels() {
    let with = |dependents: &[Vec<u8>]| [&[independent(0)], dependents].concat().concat();
    // 7.1: Ls, Rs, Lrs and Rrs, of which two replace what was there.
    let surround = with(&[dependent(0, 0x1a00)]);
    check(&surround, "ec-3 8 ch, 48000 Hz, 1536 samples, [00, 60, 20, 0f, 02, 02]");
    let twice = with(&[dependent(0, 0x1a00), independent(0), dependent(0, 0x1a00)]);
    check(&twice, "ec-3 8 ch, 48000 Hz, 3072 samples, [00, 60, 20, 0f, 02, 02]");
    let (first, second) = (dependent(0, 0x0400), dependent(1, 0x0101));
    check(&with(&[first, second]), "ec-3 9 ch, 48000 Hz, 1536 samples, [00, 90, 20, 0f, 04, 05]");
    let all = dependent(0, 0xffff);
    check(&with(&[all]), "ec-3 22 ch, 48000 Hz, 1536 samples, [00, 60, 20, 0f, 03, ff]");
    let without_map = frame("01 000", "00 11 110 0 10000 11111 0 0 0 0");
    check(&with(&[without_map]), "ec-3 6 ch, 48000 Hz, 1536 samples, [00, 60, 20, 0f, 02, 00]");
}

#[test]
fn an_ac3_core_with_dependent_substreams_is_enhanced() {
    let unit = [unit(AC3_SURROUND), dependent(0, 0x1a00)].concat();
    check(&unit, "ec-3 8 ch, 48000 Hz, 1536 samples, [06, 30, 10, 0f, 02, 02]");
}

#[test]
fn independent_substreams_are_programs_of_their_own() {
    let unit = [independent(0), independent(1), dependent(0, 0x1a00), independent(2)].concat();
    let expected = "ec-3 6 ch, 48000 Hz, 1536 samples, \
                    [00, c2, 20, 0f, 00, 20, 0f, 02, 02, 20, 0f, 00]";
    check(&unit, expected);
    let unit = [independent(0), independent(2)].concat();
    check(&unit, "AC-3 substream 2 where there are 1");
    check(&independent(1), "AC-3 substream 1 where there are 0");
    check(&dependent(0, 0x1a00), "AC-3 substream 0 where there are 0");
}

#[test]
fn the_service_stands_behind_what_is_said_of_mixing() {
    let check = |bits: &str, service: u8| {
        let config = Ac3Config::of_frame(&frame("00 000", bits)).unwrap();
        assert_eq!(config.programs[0].unwrap().service, service, "{bits}");
    };
    // No mixing; stereo, mono, dual mono and 5.1 with all of it; one block; dependent.
    check("00 11 010 0 10000 11111 0 0 1 101", 5);
    check("00 11 010 0 10000 11111 1 11111111 1 1 111111 1 111111 01 11111 0 1 101", 5);
    check("00 11 001 0 10000 11111 0 1 0 0 10 111111111111 1 11111111111111 0 1 010", 2);
    check(
        "00 11 000 0 10000 11111 0 11111 1 11111111 1 0 1 111111 0 00 0 1 11111111111111 0 1 011",
        3,
    );
    check(
        "00 11 111 1 10000 11111 0 1 11 111111 111111 1 11111 0 0 00 1 \
         1 11111 0 0 1 11111 0 0 1 100",
        4,
    );
    check("00 00 010 0 10000 11111 0 1 0 0 00 1 11111 1 110", 6);
    check("00 01 010 0 10000 11111 0 1 0 0 00 1 0 1 11111 1 110", 6);
    check("00 11 010 0 10000 11111 0 1 0 0 11 11111 1 110", 0);
    check("00 11 010 0 10000 11111 0 0 0 101", 0);
    // What was made of AC-3 does not say how programs are mixed.
    let converted = frame("10 000", "00 11 111 0 10000 11111 0 1 11 111111 111111 1 111");
    assert_eq!(Ac3Config::of_frame(&converted).unwrap().programs[0].unwrap().service, 7);
}

#[test]
fn rarer_rates_are_understood() {
    let check_rate = |codes: &str, rate: u32, samples: u32| {
        let unit = frame("10 000", &format!("{codes} 001 0 10000 11111 0 0 0"));
        let config = Ac3Config::of_frame(&unit).unwrap();
        assert_eq!((config.sample_rate(), samples_in(&unit)), (rate, Some(samples)), "{codes}");
    };
    check_rate("00 00", 48_000, 256);
    check_rate("01 01", 44_100, 512);
    check_rate("10 10", 32_000, 768);
    check_rate("11 00", 24_000, 1_536);
    check_rate("11 01", 22_050, 1_536);
    check_rate("11 10", 16_000, 1_536);
    let nonsense = "an AC-3 frame whose header makes no sense";
    check(&frame("00 000", "11 11 001 0 10000 11111 0 0 0"), nonsense);
    check(&frame("11 000", "00 11 001 0 10000 11111 0 0 0"), nonsense);
}

#[test]
fn frames_of_ac3_are_as_long_as_table_4_13_says() {
    let words = |rate_code: u8, size_code: u8| {
        let mut unit = vec![0x0b, 0x77, 0, 0, rate_code << 6 | size_code, 0x40, 0x20];
        unit.resize(4_000, 0);
        (0..=unit.len()).step_by(2).find(|&length| samples_in(&unit[..length]).is_some())
    };
    for (rate_code, size_code, expected) in [
        (0, 0, 64),
        (0, 1, 64),
        (1, 0, 69),
        (1, 1, 70),
        (2, 0, 96),
        (1, 6, 121),
        (1, 18, 348),
        (1, 29, 836),
        (0, 37, 1_280),
        (1, 36, 1_393),
        (1, 37, 1_394),
        (2, 37, 1_920),
    ] {
        assert_eq!(words(rate_code, size_code), Some(2 * expected), "{rate_code} {size_code}");
    }
    assert_eq!((words(0, 38), words(3, 0)), (None, None));
}

#[test]
fn a_malformed_unit_is_refused() {
    let whole = unit(AC3_SURROUND);
    for length in 0..whole.len() {
        check(&whole[..length], &format!("an AC-3 frame ends early, after {length} bytes"));
        assert_eq!(samples_in(&whole[..length]), None);
    }
    let behind = |text: &str| [whole.clone(), hex(text)].concat();
    check(&behind("00"), "an AC-3 frame ends early, after 1 bytes");
    check(&behind("0b78000000000000"), "no AC-3 sync word after 768 bytes of a unit");
    check(&hex("0b77000000480000"), "an AC-3 frame of bit stream identification 9");
    check(&hex("0b77000000880000"), "an AC-3 frame of bit stream identification 17");
    check(&hex("0b770000008000000000"), "an AC-3 frame whose header makes no sense");
    check(
        &[whole.clone(), unit(AC3_MONO)].concat(),
        "AC-3 frames of 48000 and 44100 Hz in one unit",
    );
}

#[test]
fn a_unit_has_only_so_many_frames() {
    let most = independent(0).repeat(UNIT_FRAMES_MAX);
    assert_eq!(samples_in(&most), Some(1_536 * 432));
    let more = independent(0).repeat(UNIT_FRAMES_MAX + 1);
    check(&more, "more than 432 AC-3 frames in one unit");
    assert_eq!(samples_in(&more), None);
}

#[test]
fn a_track_is_what_it_was_announced_as() {
    let check = |codec: Codec, sample, expected: &str| {
        assert_eq!(sound(codec, &[], &unit(sample)), expected);
    };
    check(Codec::Ac3, AC3_MONO, "ac-3: 1 ch, 44100 -> 44100 Hz, unit: 1536");
    check(Codec::Eac3, EAC3_STEREO, "ec-3: 2 ch, 48000 -> 48000 Hz, unit: 1536");
    check(Codec::Ac3, EAC3_STEREO, "a unit of Eac3 on a track of Ac3");
    check(Codec::Eac3, AC3_MONO, "a unit of Ac3 on a track of Eac3");
    check(Codec::Eac3, ("", 0, ""), "an AC-3 frame ends early, after 0 bytes");
}

#[test]
fn tracks_are_equal_if_a_decoder_sees_no_difference() {
    let parse = |unit: &[u8]| Ac3Config::of_frame(unit).unwrap();
    let other_size = ("0b7700d07487c00020f80000", 418, "");
    assert_eq!(parse(&unit(EAC3_44)), parse(&unit(other_size)));
    assert_ne!(parse(&unit(EAC3_44)), parse(&unit(EAC3_STEREO)));
    assert_ne!(parse(&unit(EAC3_SURROUND)), parse(&unit(EAC3_STEREO)));
    assert_eq!(parse(&independent(0)), parse(&independent(0).repeat(2)));
}

#[test]
fn ten_thousand_damaged_units_do_no_harm() {
    let seven = [independent(0), dependent(0, 0x1a00), independent(1)].concat();
    let samples = [unit(AC3_MONO), unit(EAC3_STEREO), seven];
    let samples: Vec<&[u8]> = samples.iter().map(Vec::as_slice).collect();
    mutations(&samples, crate::fuzz::ac3);
}
