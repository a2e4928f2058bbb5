use super::*;
use crate::testing::{hex, mutations};
use crate::{Codec, CodecConfig, ConfigError};

/// What encoders send as sequence start, through a current ffmpeg; named by what made them.
const REAL: [(&str, &str); 8] = [
    ("svt 4.2", "81010c00 0a0c0200000d2627fb3805f00080"),
    ("svt 4.2, 10 bit", "81094c00 0a0f0200004a955dfe1b805f0a04041208"),
    ("aom", "81040c00 0a0b00000024c6abdd36be4010"),
    ("aom, 4:4:4", "81204000 0a0d200000043cffbcdaf960404032"),
    ("aom, BT.709", "81000c00 0a0e000000043cffbcdaf91010101040"),
    // Enhanced FLV made by others: big buck bunny, a square, and RGB.
    ("bbb", "81040c00 0a0b00000024cf7f0dbfff3008"),
    ("square", "81010c00 0a0b0000000c47fffefffcc020"),
    ("rgb", "81240000 0a0e20000024cfa70dbfff3404340080"),
];

fn real(name: &str) -> Vec<u8> {
    hex(REAL.iter().find(|(real, _)| *real == name).unwrap().1)
}

fn config(name: &str) -> Av1Config {
    Av1Config::parse(real(name).into()).unwrap()
}

fn describe(config: &Av1Config) -> String {
    let SequenceHeader { width, height, frame_rate, colour, .. } = config.sequence();
    let mut text = format!("{} {width}x{height}", config.rfc6381());
    if let Some((over, under)) = frame_rate {
        text += &format!(" {over}/{under}");
    }
    if let Some(Colour { primaries, transfer, matrix, is_full_range }) = colour {
        text += &format!(" colour {primaries}/{transfer}/{matrix}");
        text += if *is_full_range { " full" } else { "" };
    }
    text
}

#[track_caller]
fn check_bytes(record: &[u8], expected: &str) {
    let actual = match Av1Config::parse(record.to_vec().into()) {
        Ok(config) => describe(&config),
        Err(error) => error.to_string(),
    };
    assert_eq!(actual, expected, "{record:02x?}");
}

#[test]
fn real_records_say_what_was_asked_for() {
    let check = |name, expected| check_bytes(&real(name), expected);
    check("svt 4.2", "av01.0.01M.08 640x360");
    check("svt 4.2, 10 bit", "av01.0.09M.10.0.110.02.02.09.0 1920x1080 colour 2/2/9");
    check("aom", "av01.0.04M.08 854x478");
    check("aom, 4:4:4", "av01.1.00M.10.0.000.02.02.01.1 320x240 colour 2/2/1 full");
    check("aom, BT.709", "av01.0.00M.08 320x240 colour 1/1/1");
    check("bbb", "av01.0.04M.08 960x540");
    check("square", "av01.0.01M.08 512x512");
    check("rgb", "av01.1.04M.08.0.000.01.13.00.1 980x540 colour 1/13/0 full");
}

#[test]
fn a_malformed_record_is_refused() {
    let check = |text: &str, expected| check_bytes(&hex(text), expected);
    check("", "the AV1 configuration ends early, after 0 bytes");
    check("81010c", "the AV1 configuration ends early, after 3 bytes");
    check("01010c00 0a0b", "the AV1 configuration starts with the byte 1, not 129");
    check("81010c00", "the AV1 configuration has no sequence header");
    check("81010c00 1200", "the AV1 configuration has no sequence header");
    check("81010c00 0a0b0000", "an OBU that does not fit into the 4 bytes that are left");
    check("81010c00 8a00", "an OBU that does not fit into the 2 bytes that are left");
    check("81010c00 0a0400000024", "the AV1 sequence header ends early");
    let profile = "the AV1 sequence header has profile 3, at most 2";
    check("81010c00 0a0b60000024c6abdd36be4010", profile);
    let mut long = real("aom");
    long.extend(hex("7af81f")); // padding of 4,088 bytes
    long.resize(RECORD_BYTES_MAX + 10, 0);
    check_bytes(&long, "the AV1 configuration has 4106 bytes, more than 4096");
    let mut long = hex("81040c00 0afe07 00000024c6abdd36be4010");
    long.resize(4 + 3 + 1_022, 0);
    check_bytes(&long, "the AV1 sequence header has 1025 bytes, more than 1024");
    let mut long = hex("81040c00 0afd07 00000024c6abdd36be4010");
    long.resize(4 + 3 + 1_021, 0);
    check_bytes(&long, "av01.0.04M.08 854x478");
}

/// The start of units of rav1e, whose record is empty, of SVT-AV1, and of a file made by others;
/// each frame is cut to some bytes, and its size with it.
const RAV1E: &str = "1200 0a0e000000fa1e7fde210a88101010a0 32051002254862";
const SVT: &str = "1200 0a0c0200000d2627fb3895f20080 320410008580";
const BBB: &str = "1200 0a0b00000024cf7f0dbfff3008 321c10008ee00000900000800c75a2bc00000000000000
    00000000000000000000000000";
const INTER: &str = "1200 3204280102e0 3203300314";
const EXISTING: &str = "1200 1a01c8";

#[test]
fn a_record_without_sequence_header_is_completed_by_the_first_key_unit() {
    let record = Bytes::from(hex("811f0c00"));
    let error = Av1Config::parse(record.clone()).unwrap_err();
    assert_eq!(error, Av1ConfigError::NoSequenceHeader);
    let error = CodecConfig::parse(Codec::Av1, record.clone()).unwrap_err();
    assert_eq!(error, ConfigError::NeedsKeyUnit);
    let late = "1200 320410008580 0a0b00000024cf7f0dbfff3008";
    for text in ["", EXISTING, INTER, "1200 320410008580", "1200 0a0e000000fa1e7fde 3204", late] {
        assert_eq!(Av1Config::with_key_unit(record.clone(), &hex(text)), None, "{text}");
    }
    let config = Av1Config::with_key_unit(record.clone(), &hex(RAV1E)).unwrap();
    assert_eq!(describe(&config), "av01.0.31M.08.0.110.02.02.02.0 320x240 colour 2/2/2");
    assert_eq!(config.record(), &record);
    assert_eq!(config.av1c(), &hex("811f0c00 0a0e000000fa1e7fde210a88101010a0"));
    let whole = CodecConfig::with_unit(Codec::Av1, &record, &hex(RAV1E)).unwrap();
    assert_eq!(whole, CodecConfig::Av1(config.clone()));
    assert_eq!(whole.video().map(|it| (it.width, it.height)), Some((320, 240)));
    assert_eq!(Av1Config::parse(config.av1c().clone()), Ok(config));
    assert_eq!(Av1Config::with_key_unit(hex("011f0c00").into(), &hex(RAV1E)), None);
}

#[test]
fn the_box_of_a_completed_record_says_what_the_sequence_header_says() {
    for (name, text) in REAL {
        let whole = hex(text);
        let unit = [&hex("1200"), &whole[4..], &hex("320410008580")].concat();
        let empty = Bytes::from(hex("81000000"));
        let config = Av1Config::with_key_unit(empty, &unit).unwrap();
        assert_eq!(config.av1c(), &whole, "{name}");
    }
}

#[test]
fn the_box_says_what_the_sequence_header_says_and_no_more() {
    for (name, text) in REAL {
        let whole = hex(text);
        assert_eq!(config(name).av1c(), &whole, "{name}");
        // Of profile 1, level 31, high tier, 12 bits, monochrome, and with metadata behind it.
        let wrong = [&hex("813ff000"), &whole[4..], &hex("2a0401020380")].concat();
        let config = Av1Config::parse(wrong.clone().into()).unwrap();
        assert_eq!((config.av1c(), config.record()), (&whole.into(), &wrong.into()), "{name}");
    }
}

#[test]
fn a_key_unit_may_bring_other_pictures() {
    let config = config("svt 4.2");
    let unchanged = ["", INTER, EXISTING, "1200 320410008580", SVT];
    for text in unchanged {
        assert_eq!(config.changed_by(&hex(text)), None, "{text}");
    }
    let changed = config.changed_by(&hex(BBB)).unwrap();
    assert_eq!(describe(&changed), "av01.0.04M.08 960x540");
    assert_ne!(changed, config);
    assert_eq!(changed.changed_by(&hex(BBB)), None);
    let inter = "1200 0a0b00000024cf7f0dbfff3008 320430008580";
    assert_eq!(config.changed_by(&hex(inter)), None, "not a key frame");
}

#[track_caller]
fn check_key(text: &str, expected: Result<bool, UnitError>) {
    assert_eq!(config("svt 4.2").is_key(&hex(text)), expected, "{text}");
}

#[test]
fn decoding_starts_where_the_first_frame_is_a_key_frame_that_is_shown() {
    for text in [RAV1E, SVT, BBB, "320114", "1200 320110 320128", "1a0110", "30 10"] {
        check_key(text, Ok(true));
    }
    check_key(INTER, Ok(false));
    check_key(EXISTING, Ok(false));
    check_key("320100", Ok(false)); // a key frame that is shown later
    check_key("320190", Ok(false)); // an old frame is shown
    check_key("320150", Ok(false)); // intra only
    check_key("320128 320110", Ok(false));
    check_key("3610 01 28", Ok(false)); // with the numbers of a layer, which are no frame
    check_key("3628 01 10", Ok(true));
    check_key("", Err(UnitError::Empty));
    check_key("1200", Err(UnitError::Empty));
    check_key("3200", Err(UnitError::Header));
    check_key("320410", Err(UnitError::Header));
    check_key("320110 3209", Err(UnitError::Header));
    check_key("b20110", Err(UnitError::Header));
}

#[track_caller]
fn check_obus(text: &str, expected: &str) {
    let payload = hex(text);
    let words = obus(&payload).map(|obu| match obu {
        Ok(Obu { kind, bytes, payload }) => {
            format!("{}:{}/{}", kind.number(), payload.len(), bytes.len())
        }
        Err(ObuError { left }) => format!(">{left}"),
    });
    assert_eq!(words.collect::<Vec<_>>().join(" "), expected, "{text}");
}

#[test]
fn units_are_walked_by_their_sizes() {
    check_obus("", "");
    check_obus("1200 0a020000 3203100000", "2:0/2 1:2/4 6:3/5");
    check_obus("1200 0e2802aabb 30100000", "2:0/2 1:2/5 6:3/4");
    check_obus("0a8200aabb 0a82808080808000aabb", "1:2/5 1:2/10");
    check_obus("12", ">1");
    check_obus("1200 16", "2:0/2 >1");
    check_obus("1200 3204aabbcc", "2:0/2 >5");
    check_obus("0a828080808080808000", ">10");
    check_obus("0affffffff0f00", ">7");
    check_obus("0affffffff1f00", ">7");
}

#[track_caller]
fn check_sample(text: &str, expected: &str) {
    let (config, payload) = (config("svt 4.2"), hex(text));
    assert_eq!(config.sample(&payload).collect::<Vec<_>>().concat(), hex(expected), "{text}");
}

#[test]
fn a_sample_has_no_delimiters_and_starts_with_a_sequence_header_where_decoding_can() {
    check_sample(SVT, "0a0c0200000d2627fb3895f20080 320410008580");
    check_sample(INTER, "3204280102e0 3203300314");
    check_sample(EXISTING, "1a01c8");
    check_sample("1200 320128 3a0128 7a0100 420100 22020000", "320128 22020000");
    let sequence = "0a0c0200000d2627fb3805f00080";
    check_sample("1200 2a0100 320110", &format!("{sequence} 2a0100 320110"));
    check_sample("1200 30 10", &format!("{sequence} 30 10"));
    check_sample("1200 320128 3209", "320128");
    check_sample("", "");
}

#[test]
fn a_sequence_header_without_size_gets_one() {
    let with = config("aom");
    let record = hex("81040c00 08 00000024c6abdd36be4010");
    let without = Av1Config::parse(record.into()).unwrap();
    assert_eq!((without.av1c(), without.sequence_obu.len()), (with.av1c(), 13));
    let mut long = hex("81040c00 08 00000024c6abdd36be4010");
    long.resize(4 + 1 + 300, 0);
    let config = Av1Config::parse(long.into()).unwrap();
    assert_eq!(config.av1c()[4..7], hex("0aac02"));
}

#[test]
fn ten_thousand_damaged_records_and_units_do_no_harm() {
    let records: Vec<Vec<u8>> = REAL.iter().map(|(_, text)| hex(text)).collect();
    let records: Vec<&[u8]> = records.iter().map(Vec::as_slice).collect();
    mutations(&records, crate::fuzz::av1_config);
    mutations(&[&hex(RAV1E), &hex(SVT), &hex(BBB), &hex(INTER)], crate::fuzz::av1_unit);
}
