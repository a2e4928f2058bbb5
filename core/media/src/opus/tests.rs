use super::*;
use crate::Codec;
use crate::testing::{hex, mutations, sound};

/// What ffmpeg n9 sends by Enhanced RTMP: from libopus, mono, stereo and 5.1. The sample files of
/// the Enhanced RTMP laboratory begin with the first two as well.
const MONO: &str = "4f70757348656164 0101380180bb0000000000";
const STEREO: &str = "4f70757348656164 0102380180bb0000000000";
const SURROUND: &str = "4f70757348656164 0106380180bb0000000001 0402000401020305";

#[track_caller]
fn check(text: &str, expected: &str) {
    let actual = match OpusConfig::parse(hex(text).into()) {
        Ok(config) => format!(
            "{} ch, skip {}, {} Hz, gain {}, family {} {:?}",
            config.channels(),
            config.pre_skip(),
            config.input_sample_rate(),
            config.output_gain(),
            config.mapping_family(),
            config.mapping_table(),
        ),
        Err(error) => error.to_string(),
    };
    assert_eq!(actual, expected, "{text}");
}

#[test]
fn what_ffmpeg_writes_is_understood() {
    check(MONO, "1 ch, skip 312, 48000 Hz, gain 0, family 0 []");
    check(STEREO, "2 ch, skip 312, 48000 Hz, gain 0, family 0 []");
    check(SURROUND, "6 ch, skip 312, 48000 Hz, gain 0, family 1 [4, 2, 0, 4, 1, 2, 3, 5]");
}

#[test]
fn rarer_fields_are_read() {
    let magic = "4f70757348656164";
    let minor = format!("{magic} 0f02 0f00 44ac0000 00ff 00 aabb");
    check(&minor, "2 ch, skip 15, 44100 Hz, gain -256, family 0 []");
    let silent = format!("{magic} 0102 0000 00000000 0000 ff 0100 00ff");
    check(&silent, "2 ch, skip 0, 0 Hz, gain 0, family 255 [1, 0, 0, 255]");
    let reserved = format!("{magic} 0101 0000 00000000 0000 64 0101 01 aa");
    check(&reserved, "1 ch, skip 0, 0 Hz, gain 0, family 100 [1, 1, 1]");
    let ambisonics = format!("{magic} 0104 0000 00000000 0000 02 0400 00010203");
    check(&ambisonics, "4 ch, skip 0, 0 Hz, gain 0, family 2 [4, 0, 0, 1, 2, 3]");
}

#[test]
fn a_malformed_header_is_refused() {
    let with = |fields: &str| format!("4f70757348656164 {fields}");
    check("4f7075735461677301", "the Opus header does not begin with OpusHead");
    check(&with("1002 0000 00000000 0000 00"), "the Opus header has version 16, not 15 or less");
    check(&with("0100 0000 00000000 0000 00"), "0 Opus channels of mapping family 0");
    check(&with("0103 0000 00000000 0000 00"), "3 Opus channels of mapping family 0");
    check(&with("0109 0000 00000000 0000 01"), "9 Opus channels of mapping family 1");
    check(&with("01e4 0000 00000000 0000 02"), "228 Opus channels of mapping family 2");
    check(&with("0104 0000 00000000 0000 03"), "4 Opus channels of mapping family 3");
    let mapping = |table: &str, streams: u8, coupled: u8| {
        let channels = (table.len() - 4) / 2;
        let record = with(&format!("01{channels:02x} 0000 00000000 0000 ff {table}"));
        let numbers = format!("{streams} streams, {coupled} coupled");
        check(&record, &format!("an Opus channel mapping with {numbers}, makes no sense"));
    };
    mapping("0000ff", 0, 0);
    mapping("010200", 1, 2);
    mapping("ff0100", 255, 1);
    mapping("010002", 1, 0);
    mapping("01010002", 1, 1);
}

#[test]
fn a_header_that_ends_early_is_refused() {
    let whole = hex(SURROUND);
    for length in 0..whole.len() {
        let error = OpusConfig::parse(whole[..length].to_vec().into()).unwrap_err();
        assert_eq!(error, OpusConfigError::Truncated { length });
    }
}

#[test]
fn a_header_may_be_only_so_long() {
    let mut long = hex(STEREO);
    long.resize(RECORD_BYTES_MAX, 0);
    assert!(OpusConfig::parse(long.clone().into()).is_ok());
    long.push(0);
    let error = OpusConfig::parse(long.into()).unwrap_err();
    assert_eq!(error, OpusConfigError::TooLong { length: 1_025, limit: 1_024 });
}

#[test]
fn boxes_are_those_that_ffmpeg_writes() {
    let check = |record: &str, payload: &str| {
        assert_eq!(OpusConfig::parse(hex(record).into()).unwrap().dops(), hex(payload), "{record}");
    };
    check(MONO, "000101380000bb80000000");
    check(STEREO, "000201380000bb80000000");
    check(SURROUND, "000601380000bb800000010402000401020305");
    check("4f70757348656164 0f02 0f00 44ac0000 00ff 00 aabb", "0002000f0000ac44ff0000");
}

#[track_caller]
fn check_packet(text: &str, samples: u32) {
    let expected = (samples > 0).then_some(samples);
    assert_eq!(samples_in(&hex(text)), expected, "{text}");
}

#[test]
fn packets_of_ffmpeg_last_as_long_as_they_were_asked_to() {
    // Stereo of 20 ms, 5.1 of 20 ms, mono of 5 ms, stereo of 60 ms, mono of 120 ms.
    check_packet("fc7dff07893116123b45", 960);
    check_packet("fc02fffefc02fffe7848839c", 960);
    check_packet("e87eccdd3b2b1f7b048a", 240);
    check_packet("ff83efb77e3271b16e1b", 2_880);
    check_packet("5a48e115c3517c31b4f4", 5_760);
    // bbb.flv and testsrc.flv of the Enhanced RTMP laboratory.
    check_packet("fc7ff93ffd81ea866286", 960);
    check_packet("f89ef3117647387ac691", 960);
}

#[test]
fn every_configuration_has_its_frame_size() {
    let silk = [480, 960, 1_920, 2_880];
    let hybrid = [480, 960];
    let celt = [120, 240, 480, 960];
    let frames = silk.repeat(3).into_iter().chain(hybrid.repeat(2)).chain(celt.repeat(4));
    for (config, samples) in (0_u8..32).zip(frames) {
        assert_eq!(samples_in(&[config << 3]), Some(samples), "configuration {config}");
        assert_eq!(samples_in(&[config << 3 | 0b101]), Some(2 * samples));
        assert_eq!(samples_in(&[config << 3 | 0b110]), Some(2 * samples));
        assert_eq!(samples_in(&[config << 3 | 0b11, 0b1100_0001]), Some(samples));
    }
}

#[test]
fn a_packet_lasts_at_most_120_ms_and_has_frames() {
    check_packet("", 0);
    check_packet("fb", 0);
    check_packet("fb00", 0);
    check_packet("fb06", 5_760);
    check_packet("fb07", 0);
    check_packet("e330", 5_760);
    check_packet("e331", 0);
    check_packet("1b02", 5_760);
    check_packet("1b03", 0);
}

#[test]
fn a_track_counts_in_48_khz_whatever_was_recorded() {
    let check = |record, unit, expected: &str| {
        assert_eq!(sound(Codec::Opus, &hex(record), &hex(unit)), expected, "{record}, {unit}");
    };
    check(STEREO, "fc7dff07", "opus: 2 ch, 48000 -> 48000 Hz, unit: 960");
    let recorded = "4f70757348656164 0101 0000 40 1f0000 0000 00";
    check(recorded, "5a48e1", "opus: 1 ch, 48000 -> 48000 Hz, unit: 5760");
    check(SURROUND, "", "opus: 6 ch, 48000 -> 48000 Hz, unit: a unit without content");
    check(MONO, "fb", "opus: 1 ch, 48000 -> 48000 Hz, unit: a unit whose header makes no sense");
    check("", "fc", "the Opus header ends early, after 0 bytes");
}

#[test]
fn headers_are_equal_if_their_bytes_are() {
    let parse = |text| OpusConfig::parse(hex(text).into()).unwrap();
    assert_eq!(parse(MONO), parse(MONO));
    assert_ne!(parse(MONO), parse(STEREO));
    assert_eq!(parse(MONO).record(), &hex(MONO));
}

#[test]
fn ten_thousand_damaged_headers_and_packets_do_no_harm() {
    let samples = [MONO, STEREO, SURROUND, "fb06", "e330"].map(hex);
    let samples: Vec<&[u8]> = samples.iter().map(Vec::as_slice).collect();
    mutations(&samples, crate::fuzz::opus);
}
