use super::*;
use crate::testing::{hex, mutations};
use crate::{Codec, CodecConfig, ConfigError};

/// What libvpx sends as sequence start, and how its first frame starts, through a current ffmpeg;
/// named by what was asked for.
const REAL: [(&str, &str, &str); 6] = [
    ("360p", "01000000 0015820202020000", "824983420027f016760638241c184a10"),
    ("10 bit", "01000000 021ea20202090000", "92498342501aa80eeb031c120e0c2c08"),
    ("4:4:4", "01000000 0114860202020000", "a249834200027e01dec0c70483830940"),
    ("full range", "01000000 0014830202010000", "824983425013f00ef60638241c184a00"),
    ("rgb", "01000000 0114870202000000", "a2498342e013f00ef60638241c184a00"),
    ("4:2:2, 12 bit", "01000000 0314c40202020000", "b124c1a14200a08078b031c120e0c2e0"),
];

/// How other frames of libvpx start, one that only shows an old one, and a key frame that is shown
/// later.
const INTER: &str = "86004092f121400400987f1d";
const EXISTING: &str = "88";
const HIDDEN: &str = "804983420027f016760638241c184a10";

fn config(name: &str) -> Vp9Config {
    let (_, record, frame) = REAL.iter().find(|(real, ..)| *real == name).unwrap();
    Vp9Record::parse(hex(record).into()).unwrap().with_key_frame(&hex(frame)).unwrap()
}

#[track_caller]
fn check(name: &str, expected: &str) {
    let config = config(name);
    let mut text = format!("{} {}x{}", config.rfc6381(), config.width(), config.height());
    if let Some(Colour { primaries, transfer, matrix, is_full_range }) = config.colour() {
        text += &format!(" colour {primaries}/{transfer}/{matrix}");
        text += if is_full_range { " full" } else { "" };
    }
    assert_eq!(text, expected, "{name}");
    assert_eq!(config.vpcc()[..], config.record()[..], "{name}");
}

#[test]
fn records_and_key_frames_say_what_was_asked_for() {
    check("360p", "vp09.00.21.08 640x360");
    check("10 bit", "vp09.02.30.10.01.02.02.09.00 854x478 colour 2/2/9");
    check("4:4:4", "vp09.01.20.08.03.01.01.01.00 320x240");
    check("full range", "vp09.00.20.08.01.02.02.01.01 320x240 colour 2/2/1 full");
    check("rgb", "vp09.01.20.08.03.02.02.00.01 320x240 colour 2/2/0 full");
    check("4:2:2, 12 bit", "vp09.03.20.12.02.01.01.01.00 322x242");
}

#[test]
fn a_record_may_come_without_the_version_of_its_box() {
    let bare = Vp9Record::parse(hex("021ea20202090000").into()).unwrap();
    let bare = bare.with_key_frame(&hex(REAL[1].2)).unwrap();
    assert_eq!(bare.rfc6381(), config("10 bit").rfc6381());
    assert_eq!(bare.vpcc(), config("10 bit").vpcc());
    let first_profile = Vp9Record::parse(hex("0100860202020000").into()).unwrap();
    assert_eq!((first_profile.profile, first_profile.level), (1, 0));
}

#[track_caller]
fn check_malformed(text: &str, expected: &str) {
    let error = Vp9Record::parse(hex(text).into()).unwrap_err();
    assert_eq!(error.to_string(), expected, "{text}");
}

#[test]
fn a_malformed_record_is_refused() {
    check_malformed("", "the VP9 configuration ends early, after 0 bytes");
    check_malformed("01000000", "the VP9 configuration ends early, after 4 bytes");
    check_malformed("01000000 00158202020200", "the VP9 configuration ends early, after 11 bytes");
    check_malformed("00158202020200", "the VP9 configuration ends early, after 7 bytes");
    check_malformed("0415820202020000", "profile of the VP9 configuration is 4");
    check_malformed("0015920202020000", "bitDepth of the VP9 configuration is 9");
    check_malformed("0015880202020000", "chromaSubsampling of the VP9 configuration is 4");
    let mut long = hex(REAL[0].1);
    long.resize(RECORD_BYTES_MAX, 0);
    assert!(Vp9Record::parse(long.clone().into()).is_ok());
    long.push(0);
    let error = Vp9Record::parse(long.into()).unwrap_err();
    assert_eq!(error, Vp9ConfigError::TooLong { length: 257, limit: 256 });
}

#[test]
fn the_size_comes_with_the_first_key_frame() {
    let record = Bytes::from(hex(REAL[0].1));
    let error = CodecConfig::parse(Codec::Vp9, record.clone()).unwrap_err();
    assert_eq!(error, ConfigError::NeedsKeyUnit);
    for text in ["", INTER, EXISTING, "8249834300 27f01676", "82498342 0027f0"] {
        assert_eq!(CodecConfig::with_unit(Codec::Vp9, &record, &hex(text)), None, "{text}");
    }
    let config = CodecConfig::with_unit(Codec::Vp9, &record, &hex(REAL[0].2)).unwrap();
    let video = config.video().unwrap();
    assert_eq!((video.width, video.height), (640, 360));
    assert_eq!((config.codec(), config.record()), (Codec::Vp9, Some(&record)));
    let other = Bytes::from(hex("0415820202020000"));
    assert_eq!(CodecConfig::with_unit(Codec::Vp9, &other, &hex(REAL[0].2)), None);
}

#[test]
fn a_key_frame_may_bring_another_size() {
    let config = config("360p");
    for text in ["", INTER, EXISTING, REAL[0].2] {
        assert_eq!(config.changed_by(&hex(text)), None, "{text}");
    }
    let changed = config.changed_by(&hex(REAL[3].2)).unwrap();
    assert_eq!((changed.width(), changed.height()), (320, 240));
    assert_ne!(changed, config);
    assert_eq!(changed.changed_by(&hex(REAL[3].2)), None);
}

#[test]
fn a_key_frame_may_bring_other_samples() {
    // From every real stream to every other one.
    for (from, ..) in REAL {
        for (to, _, frame) in REAL.iter().filter(|(to, ..)| *to != from) {
            let (changed, expected) = (config(from).changed_by(&hex(frame)).unwrap(), config(to));
            let (is, should_be) = (&changed.record, &expected.record);
            let format = |record: &Vp9Record| (record.profile, record.bit_depth, record.chroma);
            assert_eq!(format(is), format(should_be), "{from} to {to}");
            let size = |config: &Vp9Config| (config.width(), config.height());
            assert_eq!(size(&changed), size(&expected), "{from} to {to}");
            assert_eq!(changed.changed_by(&hex(frame)), None);
        }
    }
    let check = |from: &str, to: usize, expected: &str| {
        let changed = config(from).changed_by(&hex(REAL[to].2)).unwrap();
        assert_eq!(changed.rfc6381(), expected, "{from} to {}", REAL[to].0);
    };
    check("360p", 1, "vp09.02.21.10.01.02.02.09.00");
    check("360p", 3, "vp09.00.21.08.01.02.02.01.01");
    check("360p", 4, "vp09.01.21.08.03.02.02.00.01");
    check("rgb", 0, "vp09.00.20.08");
}

#[test]
fn a_level_that_does_not_exist_is_worked_out_of_the_size() {
    let check = |level: u8, size: u32, expected: u8| {
        let record = Vp9Record::parse(vec![0, level, 0x82, 2, 2, 2, 0, 0].into()).unwrap();
        let key = KeyFrame { width: size, height: size, ..config("360p").key };
        let config = Vp9Config { record, key };
        assert_eq!(config.level(), expected, "{size}x{size}");
        assert_eq!(config.vpcc()[5], expected);
    };
    check(0, 100, 10);
    check(0, 192, 11);
    check(0, 480, 30);
    check(0, 1_280, 41);
    check(255, 4_096, 60);
    check(255, 5_000, 61);
    check(0, 65_536, 62);
    check(12, 100, 10);
    check(40, 4_096, 40);
    check(62, 100, 62);
}

#[test]
fn decoding_starts_with_a_key_frame() {
    let check = |text: &str, expected| assert_eq!(is_key(&hex(text)), expected, "{text}");
    for (_, _, frame) in REAL {
        check(frame, Ok(true));
    }
    check(HIDDEN, Ok(true));
    check(INTER, Ok(false));
    check(EXISTING, Ok(false));
    check("b4", Ok(false)); // of profile 3, shows an old one
    check("", Err(UnitError::Empty));
    check("42", Err(UnitError::Header));
    check("ba00", Err(UnitError::Header)); // of profile 4
    let config = CodecConfig::Vp9(config("360p"));
    assert_eq!(config.inspect(&hex(INTER)).map(|it| it.random_access), Ok(false));
    assert_eq!(config.inspect(&hex(HIDDEN)).map(|it| it.random_access), Ok(true));
}

#[test]
fn ten_thousand_damaged_records_and_frames_do_no_harm() {
    let records: Vec<Vec<u8>> = REAL.iter().map(|(_, record, _)| hex(record)).collect();
    let records: Vec<&[u8]> = records.iter().map(Vec::as_slice).collect();
    mutations(&records, crate::fuzz::vp9_config);
    let frames: Vec<Vec<u8>> = REAL.iter().map(|(_, _, frame)| hex(frame)).collect();
    let frames: Vec<&[u8]> = frames.iter().map(Vec::as_slice).collect();
    mutations(&frames, crate::fuzz::vp9_frame);
}
