use super::*;
use crate::Codec;
use crate::testing::{hex, mutations, sound};

/// Heads of the frames that libmp3lame in ffmpeg n9 sends, and their sizes.
const STEREO_44: (&str, usize) = ("fffb50640000017a0057ed04", 208);
const STEREO_44_PADDED: (&str, usize) = ("fffb52641100f1a40de5ef18", 209);
const MONO_48: (&str, usize) = ("fffb54c4000005d80365f401", 192);
const STEREO_22: (&str, usize) = ("fff340640005080360eaa088", 104);
const MONO_11: (&str, usize) = ("ffe320c4000eb006c65d4110", 104);

/// A whole frame with such a head.
fn unit((head, bytes): (&str, usize)) -> Vec<u8> {
    let mut unit = hex(head);
    unit.resize(bytes, 0);
    unit
}

#[track_caller]
fn check(unit: &[u8], expected: &str) {
    let actual = match Mp3Config::of_frame(unit) {
        Ok(config) => format!(
            "{:?} {} ch, {} Hz, {} of {} samples, {:#x}",
            config.version(),
            config.channels(),
            config.sample_rate(),
            samples_in(unit).unwrap(),
            config.samples_per_frame(),
            config.object_type_indication(),
        ),
        Err(error) => error.to_string(),
    };
    assert_eq!(actual, expected);
}

#[test]
fn what_lame_writes_is_understood() {
    check(&unit(STEREO_44), "Mpeg1 2 ch, 44100 Hz, 1152 of 1152 samples, 0x6b");
    check(&unit(STEREO_44_PADDED), "Mpeg1 2 ch, 44100 Hz, 1152 of 1152 samples, 0x6b");
    check(&unit(MONO_48), "Mpeg1 1 ch, 48000 Hz, 1152 of 1152 samples, 0x6b");
    check(&unit(STEREO_22), "Mpeg2 2 ch, 22050 Hz, 576 of 576 samples, 0x69");
    check(&unit(MONO_11), "Mpeg25 1 ch, 11025 Hz, 576 of 576 samples, 0x69");
}

#[test]
fn frames_of_one_unit_are_counted() {
    let both = [unit(STEREO_44), unit(STEREO_44_PADDED)].concat();
    check(&both, "Mpeg1 2 ch, 44100 Hz, 2304 of 1152 samples, 0x6b");
    let most = unit(MONO_11).repeat(UNIT_FRAMES_MAX);
    check(&most, "Mpeg25 1 ch, 11025 Hz, 18432 of 576 samples, 0x69");
    let more = unit(MONO_11).repeat(UNIT_FRAMES_MAX + 1);
    check(&more, "more than 32 MP3 frames in one unit");
    let differ = [unit(STEREO_44), unit(MONO_48)].concat();
    check(&differ, "MP3 frames that differ in one unit");
}

#[test]
fn a_frame_ends_where_its_header_says() {
    let two = [unit(STEREO_44), unit(STEREO_44_PADDED)].concat();
    assert_eq!(frame(&two).map(|(_, bytes)| bytes), Ok(STEREO_44.1));
    assert_eq!(frame(&two[STEREO_44.1..]).map(|(_, bytes)| bytes), Ok(STEREO_44_PADDED.1));
    assert_eq!(frame(&two[..100]), Err(Mp3ConfigError::Truncated { length: 100 }));
}

#[test]
fn every_rate_has_its_length() {
    let check_length = |head: &str, length: usize| {
        let mut unit = hex(head);
        unit.resize(3_000, 0);
        let found = (0..=unit.len()).find(|&length| samples_in(&unit[..length]).is_some());
        assert_eq!(found, (length > 0).then_some(length), "{head}");
    };
    // MPEG-1: 32 to 320 kbit/s at 44.1, 48 and 32 kHz.
    check_length("fffb1000", 104);
    check_length("fffb9000", 417);
    check_length("fffb9200", 418);
    check_length("fffbe000", 1_044);
    check_length("fffbe400", 960);
    check_length("fffbe800", 1_440);
    check_length("fffbea00", 1_441);
    // With a checksum, which is inside.
    check_length("fffae800", 1_440);
    // MPEG-2 and 2.5: 8 to 160 kbit/s.
    check_length("fff31000", 26);
    check_length("fff3e400", 480);
    check_length("fff3e800", 720);
    check_length("ffe3e000", 1_044);
    check_length("ffe31400", 48);
    check_length("ffe3e800", 1_440);
    // Free format, and what is reserved.
    check_length("fffb0000", 0);
    check_length("fffbf000", 0);
    check_length("fffb9c00", 0);
    check_length("ffeb9000", 0);
}

#[test]
fn a_malformed_unit_is_refused() {
    let whole = unit(STEREO_44);
    for length in 0..whole.len() {
        check(&whole[..length], &format!("the MP3 frame ends early, after {length} bytes"));
        assert_eq!(samples_in(&whole[..length]), None);
    }
    check(&hex("49443304"), "no MP3 sync word");
    check(&hex("ffdb5064"), "no MP3 sync word");
    check(&hex("fffd5064"), "an MPEG audio frame of layer code 2, not 1");
    check(&hex("fff95064"), "an MPEG audio frame of layer code 0, not 1");
    check(&hex("fffb0064"), "an MP3 frame without a known length");
    check(&[whole, vec![0]].concat(), "the MP3 frame ends early, after 1 bytes");
}

#[test]
fn a_track_is_described_by_its_first_unit() {
    let check = |unit: &[u8], expected: &str| {
        assert_eq!(sound(Codec::Mp3, &[], unit), expected);
    };
    check(&unit(STEREO_22), "mp4a.40.34: 2 ch, 22050 -> 22050 Hz, unit: 576");
    check(&unit(MONO_48), "mp4a.40.34: 1 ch, 48000 -> 48000 Hz, unit: 1152");
    check(&[], "the MP3 frame ends early, after 0 bytes");
}

#[test]
fn tracks_are_equal_if_a_decoder_sees_no_difference() {
    let parse = |unit: &[u8]| Mp3Config::of_frame(unit).unwrap();
    let joint = ("fffb9264", 418);
    assert_eq!(parse(&unit(STEREO_44)), parse(&unit(joint)));
    assert_ne!(parse(&unit(STEREO_44)), parse(&unit(("fffb50c4", 208))));
    assert_ne!(parse(&unit(STEREO_44)), parse(&unit(STEREO_22)));
}

#[test]
fn ten_thousand_damaged_units_do_no_harm() {
    let samples = [STEREO_44, MONO_48, STEREO_22, MONO_11].map(unit);
    let samples: Vec<&[u8]> = samples.iter().map(Vec::as_slice).collect();
    mutations(&samples, crate::fuzz::mp3);
}
