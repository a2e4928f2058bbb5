use super::*;
use crate::testing::{hex, mutations};
use crate::{Codec, CodecConfig, ConfigError, UnitError};

/// What x265 4.3 makes of 1080p at 59.94 frames a second, 10 bits, HDR, through a current ffmpeg:
/// video, sequence and picture parameter set, and two SEI NAL units.
const RECORD: &str = "0102200000009000000000007bf000fcfdfafa00000f 04
    20 0001 0018 40010c01ffff02200000030090000003000003007b959409
    21 0001 002e 42010102200000030090000003000003007ba003c0801107cad965654a4c2f016a122012080000
                 1f480007530040
    22 0001 0006 4401c073c189
    27 0002 0009 4e01900403e8019080
            001e 4e01891833c286c41d4c0bb884d03e803d13404200989680000003000180";

/// The 22 bytes ahead of the arrays, and a sequence parameter set of 640x360 with its length.
const HEAD: &str = "0101600000009000000000003ff000fcfdf8f800000f";
const SPS: &str = "002a 42010101600000030090000003000003003fa00502016965959a4932bc05a02000000300
    2000000303c1";

fn parse(text: &str) -> Result<HevcConfig, HevcConfigError> {
    HevcConfig::parse(hex(text).into())
}

#[track_caller]
fn check(text: &str, expected: &str) {
    let actual = match parse(text) {
        Ok(config) => format!(
            "{} {}x{} {:?}, {} + {} + {} sets, {:?}",
            config.rfc6381(),
            config.sps().width,
            config.sps().height,
            config.frame_rate(),
            config.vps_list().len(),
            config.sps_list().len(),
            config.pps_list().len(),
            config.length_size(),
        ),
        Err(error) => error.to_string(),
    };
    assert_eq!(actual, expected, "{text}");
}

#[test]
fn a_record_gives_its_parameter_sets() {
    check(RECORD, "hvc1.2.4.L123.90 1920x1080 Some((60000, 1001)), 1 + 1 + 1 sets, Four");
    let config = parse(RECORD).unwrap();
    assert_eq!(config.vps_list()[0][..4], [0x40, 1, 0x0c, 1]);
    assert_eq!(config.sps_list()[0][..4], [0x42, 1, 1, 2]);
    assert_eq!(config.pps_list()[0], hex("4401c073c189"));
    assert_eq!(config.record(), &hex(RECORD));
    let video = CodecConfig::parse(Codec::Hevc, hex(RECORD).into()).unwrap().video().unwrap();
    assert_eq!((video.width, video.height), (1_920, 1_080));
    assert_eq!((video.frame_rate, video.reorder_frames_max), (Some((60_000, 1_001)), Some(2)));
}

#[test]
fn a_record_is_made_of_parameter_sets() {
    let given = parse(RECORD).unwrap();
    let lists = [given.vps_list(), given.sps_list(), given.pps_list()];
    let [vps, sps, pps] = lists.map(|list| list.iter().map(|set| &set[..]).collect::<Vec<_>>());
    let made = HevcConfig::parse(record(&vps, &sps, &pps).unwrap()).unwrap();
    // Up to how many layers of time there are it is what x265 writes, but for the segmentation,
    // which its sequence parameter set says too; SEI is left out.
    let (given_head, made_head) = (&given.record()[..21], &made.record()[..21]);
    assert_eq!(made_head, given_head);
    assert_eq!(made.rfc6381(), given.rfc6381());
    assert_eq!(made.length_size(), given.length_size());
    assert_eq!([made.vps_list(), made.sps_list(), made.pps_list()], lists);
    assert_eq!(record(&vps, &[], &pps), None);
    assert_eq!(record(&vps, &pps, &pps), None);
    assert_eq!(record(&vps, &[sps[0]; 17], &pps), None);
    let bare = HevcConfig::parse(record(&[], &sps, &[]).unwrap()).unwrap();
    assert_eq!((bare.vps_list().len(), bare.pps_list().len()), (0, 0));
}

#[test]
fn records_differ_in_what_they_hold() {
    let sps = SPS;
    let head = |size| HEAD.strip_suffix("0f").unwrap().to_owned() + size;
    let facts = "hvc1.1.6.L63.90 640x360 Some((30, 1))";
    check(&format!("{} 01 21 0001 {sps}", head("0c")), &format!("{facts}, 0 + 1 + 0 sets, One"));
    check(&format!("{} 01 a1 0001 {sps}", head("0d")), &format!("{facts}, 0 + 1 + 0 sets, Two"));
    check(
        &format!("{HEAD} 02 a1 0003 {sps} 0000 {sps} 22 0001 0003 440100 ffff"),
        &format!("{facts}, 0 + 2 + 1 sets, Four"),
    );
    let other_layer = "0004 42090101";
    check(
        &format!("{HEAD} 01 21 0002 {other_layer} {sps}"),
        &format!("{facts}, 0 + 2 + 0 sets, Four"),
    );
}

/// The parameter sets of 720p that x265 makes when it is told to write no clock.
const NO_CLOCK: &str = "0021 42010101600000030090000003000003005da00280802d16595952930bc05a0040";

#[test]
fn a_video_parameter_set_gives_the_clock_that_the_sequence_parameter_set_lacks() {
    use crate::testing::Bits;
    let vps = |sub_layers: u32, sets: u32, timing: Option<(u32, u32)>| {
        let bits = Bits::default().u(12, 0x0c0).u(3, sub_layers).u(17, 0x1_ffff);
        let bits = bits.u(8, 1).u(32, 0x6000_0000).u(32, 0).u(16, 0).u(8, 93);
        let bits = if sub_layers > 0 { bits.u(16, 0) } else { bits };
        let bits = (0..=sub_layers).fold(bits.u(1, 1), |bits, _| bits.ue(4).ue(2).ue(0));
        let bits = (0..sets * 3).fold(bits.u(6, 2).ue(sets), |bits, _| bits.u(1, 1));
        let bits = bits.u(1, timing.is_some().into());
        match timing {
            Some((units, scale)) => bits.u(32, units).u(32, scale).u(2, 0),
            None => bits.u(1, 0),
        }
    };
    #[track_caller]
    fn check(vps: Bits, sps: &str, expected: Option<(u32, u64)>) {
        let vps = vps.nal(&[0x40, 1]);
        let length = u16::try_from(vps.len()).unwrap().to_be_bytes();
        let head = hex(&format!("{HEAD} 02 20 0001"));
        let tail = hex(&format!("21 0001 {sps}"));
        let record = [&head[..], &length, &vps, &tail].concat();
        assert_eq!(HevcConfig::parse(record.into()).unwrap().frame_rate(), expected);
    }
    check(vps(0, 0, Some((1_001, 24_000))), NO_CLOCK, Some((24_000, 1_001)));
    check(vps(3, 9, Some((1, 25))), NO_CLOCK, Some((25, 1)));
    check(vps(0, 0, Some((1, 25))), SPS, Some((30, 1)));
    check(vps(0, 0, Some((0, 25))), NO_CLOCK, None);
    check(vps(0, 0, None), NO_CLOCK, None);
    check(vps(0, 1_024, Some((1, 25))), NO_CLOCK, None);
    check(vps(7, 0, Some((1, 25))), NO_CLOCK, None);
}

#[test]
fn a_malformed_record_is_refused() {
    let sps = SPS;
    let version = HEAD.replacen("01", "02", 1);
    check(&format!("{version} 01 21 0001 {sps}"), "the HEVC configuration has version 2, not 1");
    let three = HEAD.strip_suffix("0f").unwrap().to_owned() + "0e";
    let length = "the HEVC configuration announces NAL unit lengths of 3 bytes";
    check(&format!("{three} 01 21 0001 {sps}"), length);
    let no_sps = "the HEVC configuration has no sequence parameter set";
    check(&format!("{HEAD} 00"), no_sps);
    check(&format!("{HEAD} 01 21 0001 0000"), no_sps);
    check(&format!("{HEAD} 01 21 0001 0004 42090101"), no_sps);
    check(&format!("{HEAD} 01 21 0001 0003 420100"), "the sequence parameter set ends early");
    let whole = hex(RECORD);
    for length in 0..whole.len() {
        let error = HevcConfig::parse(whole[..length].to_vec().into()).unwrap_err();
        assert_eq!(error, HevcConfigError::Truncated { length });
    }
    let mut long = whole;
    long.resize(RECORD_BYTES_MAX, 0);
    assert!(HevcConfig::parse(long.clone().into()).is_ok());
    long.push(0);
    let error = HevcConfig::parse(long.into()).unwrap_err();
    assert_eq!(error, HevcConfigError::TooLong { length: 8_193, limit: 8_192 });
}

#[test]
fn the_parameter_sets_of_a_record_have_limits() {
    // Some sets of 640x360 and some of a kind with so many bytes.
    let flood = |sps: usize, kind: u8, count: usize, bytes: usize| {
        let set = format!("{bytes:04x} {:02x}01 {}", kind << 1, "aa".repeat(bytes - 2));
        let sps = format!("{sps:04x} {}", SPS.repeat(sps));
        format!("{HEAD} 02 21 {sps} {kind:02x} {count:04x} {}", set.repeat(count))
    };
    let facts = "hvc1.1.6.L63.90 640x360 Some((30, 1))";
    check(&flood(16, 32, 16, 3), &format!("{facts}, 16 + 16 + 0 sets, Four"));
    check(&flood(1, 34, 64, 3), &format!("{facts}, 0 + 1 + 64 sets, Four"));
    let many = |text| format!("the HEVC configuration has {text}");
    check(&flood(1, 32, 17, 3), &many("17 video parameter sets, more than 16"));
    check(&flood(17, 32, 0, 3), &many("17 sequence parameter sets, more than 16"));
    check(&flood(1, 34, 65, 3), &many("65 picture parameter sets, more than 64"));
    // The sequence parameter set has 42 bytes.
    check(&flood(1, 34, 1, 2_006), &format!("{facts}, 0 + 1 + 1 sets, Four"));
    check(&flood(1, 34, 1, 2_007), &many("parameter sets of 2049 bytes, more than 2048"));
    // Headers alone are none.
    check(&flood(1, 34, 1_000, 2), &format!("{facts}, 0 + 1 + 0 sets, Four"));
    let headers = "0001 44".repeat(2_600);
    check(
        &format!("{HEAD} 02 21 0001 {SPS} 22 0a28 {headers}"),
        &format!("{facts}, 0 + 1 + 0 sets, Four"),
    );
}

#[test]
fn records_are_equal_if_their_bytes_are() {
    assert_eq!(parse(RECORD), parse(RECORD));
    assert_ne!(parse(RECORD), parse(&format!("{RECORD}00")));
}

#[test]
fn ten_thousand_damaged_records_do_no_harm() {
    let short = format!("{HEAD} 01 21 0001 {SPS}");
    mutations(&[&hex(RECORD), &hex(&short)], crate::fuzz::hevc_config);
}

#[track_caller]
fn check_unit(text: &str, expected: Result<bool, UnitError>) {
    let config = CodecConfig::parse(Codec::Hevc, hex(RECORD).into()).unwrap();
    let inspected = config.inspect(&hex(text)).map(|it| it.random_access);
    assert_eq!(inspected, expected, "{text}");
}

#[test]
fn decoding_starts_with_every_kind_of_random_access_picture() {
    check_unit("00000003 460150 00000003 2801af", Ok(true)); // AUD, IDR_N_LP
    check_unit("00000003 2601af", Ok(true)); // IDR_W_RADL
    check_unit("00000003 2a01ac", Ok(true)); // CRA
    check_unit("00000003 2001ac", Ok(true)); // BLA_W_LP
    check_unit("00000003 2e01ac", Ok(true)); // the last of the kind
    check_unit("00000003 3001ac", Ok(false)); // the first behind it
    check_unit("00000003 1e01ac", Ok(false)); // the last before it
    check_unit("00000003 0201d0", Ok(false)); // TRAIL_R
    check_unit("00000003 1001d0", Ok(false)); // RASL_N
    check_unit("00000003 420101 00000003 4401c0", Err(UnitError::NoPicture));
    check_unit("00000003 2809af", Ok(false)); // another layer's
    check_unit("", Err(UnitError::Empty));
    check_unit("00000000", Err(UnitError::Empty));
    let cut = crate::avc::NalError { length: 9, left: 3 };
    check_unit("00000009 2801af", Err(UnitError::Nal(cut)));
}

#[test]
fn nal_units_have_types() {
    let of = |first: u8| NalType::of(&[first, 1]);
    assert_eq!(
        (of(0x28), of(0x26), of(0x2a)),
        (NalType::IDR_N_LP, NalType::IDR_W_RADL, NalType::CRA)
    );
    assert_eq!(
        (of(0x46), of(0x4e), of(0x50)),
        (NalType::AUD, NalType::PREFIX_SEI, NalType::SUFFIX_SEI)
    );
    assert!(of(0x28).is_idr() && of(0x26).is_idr() && !of(0x2a).is_idr());
    assert!(of(0x10).is_skipped_leading() && of(0x12).is_skipped_leading());
    assert!(!of(0x0e).is_skipped_leading() && !of(0x14).is_skipped_leading());
    assert!(of(0x3e).is_slice() && !of(0x40).is_slice());
    assert_eq!(NalType::of(&[]).number(), 63);
}

#[test]
fn an_error_says_which_codec_it_is_about() {
    let error = CodecConfig::parse(Codec::Hevc, Bytes::new()).unwrap_err();
    assert_eq!(error, ConfigError::Hevc(HevcConfigError::Truncated { length: 0 }));
}
