use super::*;
use crate::testing::{hex, mutations};

/// What ffmpeg 5.1 with x264 sends for 1080p at 30 frames a second.
const RECORD: &str = "01640028 ff e1 001b 67640028acd940780227e5c044000003000400000300f03c60c658
    01 0006 68ebe3cb22c0 fdf8f800";

fn parse(text: &str) -> Result<AvcConfig, AvcConfigError> {
    AvcConfig::parse(hex(text).into())
}

#[track_caller]
fn check(text: &str, expected: &str) {
    let actual = match parse(text) {
        Ok(config) => format!(
            "{} {}x{}, {} + {} sets, {:?}",
            config.rfc6381(),
            config.sps().width,
            config.sps().height,
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
    check(RECORD, "avc1.640028 1920x1080, 1 + 1 sets, Four");
    let config = parse(RECORD).unwrap();
    assert_eq!(config.sps_list()[0][..4], [0x67, 0x64, 0, 0x28]);
    assert_eq!(config.pps_list()[0], hex("68ebe3cb22c0"));
    assert_eq!(config.record(), &hex(RECORD));
}

const SPS: &str = "001967 42c01ed900d83de6f011000003000100000300320f162e48";

#[test]
fn a_record_is_made_of_parameter_sets() {
    let given = parse(RECORD).unwrap();
    let (sps, pps) = (&given.sps_list()[0][..], &given.pps_list()[0][..]);
    assert_eq!(record(&[sps], &[pps], NalLengthSize::Four).as_ref(), Some(given.record()));
    assert_eq!(record(&[], &[pps], NalLengthSize::Four), None);
    assert_eq!(record(&[&sps[..3]], &[pps], NalLengthSize::Four), None);
    assert_eq!(record(&[sps; 17], &[pps], NalLengthSize::Four), None);
    assert_eq!(record(&[sps], &[pps; 65], NalLengthSize::Four), None);
}

#[test]
fn records_differ_in_what_they_hold() {
    let sps = SPS;
    check(&format!("0142c01e fc e1 {sps} 00"), "avc1.42C01E 854x480, 1 + 0 sets, One");
    check(&format!("0142c01e fd e1 {sps} 00"), "avc1.42C01E 854x480, 1 + 0 sets, Two");
    check(&format!("0142c01e 03 01 {sps} 00"), "avc1.42C01E 854x480, 1 + 0 sets, Four");
    check(
        &format!("0142c01e ff e2 {sps} {sps} 02 000168 0000"),
        "avc1.42C01E 854x480, 2 + 1 sets, Four",
    );
    check(&format!("0142c01e ff e2 0000 {sps} 00"), "avc1.42C01E 854x480, 1 + 0 sets, Four");
}

#[test]
fn a_malformed_record_is_refused() {
    let sps = SPS;
    check(
        &format!("0142c01e fe e1 {sps} 00"),
        "the AVC configuration announces NAL unit lengths of 3 bytes",
    );
    check(&format!("0242c01e ff e1 {sps} 00"), "the AVC configuration has version 2, not 1");
    check("0142c01e ff e0 00", "the AVC configuration has no sequence parameter set");
    check("0142c01e ff e1 0000 00", "the AVC configuration has no sequence parameter set");
    check("0142c01e ff e1 000168 00", "a NAL unit of type 8 instead of a sequence parameter set");
    check("0142c01e ff e1 000267 42 00", "the sequence parameter set ends early");
    let whole = hex(RECORD);
    for length in 0..whole.len() - 4 {
        let error = AvcConfig::parse(whole[..length].to_vec().into()).unwrap_err();
        assert_eq!(error, AvcConfigError::Truncated { length });
    }
    let mut long = whole;
    long.resize(RECORD_BYTES_MAX, 0);
    assert!(AvcConfig::parse(long.clone().into()).is_ok());
    long.push(0);
    let error = AvcConfig::parse(long.into()).unwrap_err();
    assert_eq!(error, AvcConfigError::TooLong { length: 4_097, limit: 4_096 });
}

/// A record of so many sets of each kind and so many bytes each, all with their first byte.
fn flood(sps: usize, pps: usize, pps_bytes: u16) -> String {
    let pps_set = format!("{pps_bytes:04x} {}", "68".repeat(pps_bytes.into()));
    format!("0142c01e ff {:02x} {} {pps:02x} {}", 0xe0 + sps, SPS.repeat(sps), pps_set.repeat(pps),)
}

#[test]
fn the_parameter_sets_of_a_record_have_limits() {
    check(&flood(16, 64, 1), "avc1.42C01E 854x480, 16 + 64 sets, Four");
    let many = "the AVC configuration has 17 sequence parameter sets, more than 16";
    check(&flood(17, 0, 1), many);
    let many = "the AVC configuration has 65 picture parameter sets, more than 64";
    check(&flood(1, 65, 1), many);
    // A sequence parameter set of 25 bytes.
    check(&flood(1, 1, 2_023), "avc1.42C01E 854x480, 1 + 1 sets, Four");
    let long = "the AVC configuration has parameter sets of 2049 bytes, more than 2048";
    check(&flood(1, 1, 2_024), long);
}

#[test]
fn records_are_equal_if_their_bytes_are() {
    assert_eq!(parse(RECORD), parse(RECORD));
    assert_ne!(parse(RECORD), parse(&format!("{RECORD}00")));
}

#[test]
fn ten_thousand_damaged_records_do_no_harm() {
    mutations(&[&hex(RECORD), &hex(&format!("0142c01e fd e1 {SPS} 00"))], crate::fuzz::avc_config);
}

#[track_caller]
fn check_nal_units(text: &str, length_size: NalLengthSize, expected: &str) {
    let payload = hex(text);
    let words = nal_units(&payload, length_size).map(|nal| match nal {
        Ok(nal) => format!("{}:{}", NalType::of(nal).number(), nal.len()),
        Err(NalError { length, left }) => format!("{length}>{left}"),
    });
    assert_eq!(words.collect::<Vec<_>>().join(" "), expected, "{text}");
}

#[test]
fn nal_units_are_walked_by_their_lengths() {
    use NalLengthSize::{Four, One, Two};
    check_nal_units("", Four, "");
    check_nal_units("00000002 09f0 00000003 658884", Four, "9:2 5:3");
    check_nal_units("0002 09f0 0003 658884", Two, "9:2 5:3");
    check_nal_units("02 09f0 03 658884", One, "9:2 5:3");
    check_nal_units("00 00 02 09f0 00", One, "9:2");
}

#[test]
fn a_wrong_length_ends_the_walk() {
    use NalLengthSize::{Four, One, Two};
    check_nal_units("00000002 09f0 00000003 6588", Four, "9:2 3>2");
    check_nal_units("00000002 09f0 000000", Four, "9:2 4>3");
    check_nal_units("ffffffff 09f0", Four, "4294967295>2");
    check_nal_units("0002 09f0 00", Two, "9:2 2>1");
    check_nal_units("01", One, "1>0");
}

#[test]
fn a_picture_is_idr_if_one_of_its_slices_is() {
    let check = |text: &str, expected: bool| {
        assert_eq!(is_idr(&hex(text), NalLengthSize::One), expected, "{text}");
    };
    check("02 09f0 03 658884", true);
    check("02 09f0 02 2588", true);
    check("02 09f0 03 418884", false);
    check("02 06f0 01 67 01 68", false);
    check("09 09f0 03 658884", false);
    check("", false);
}

#[test]
fn emulation_prevention_is_taken_out() {
    let check = |text: &str, expected: &str| assert_eq!(unescape(&hex(text)), hex(expected));
    check("67 000003 01 000003 000003", "67 0000 01 0000 0000");
    check("67 000003", "67 0000");
    check("67 00000003 03 0003", "67 000000 03 0003");
    check("67 000003 000003 000003", "67 0000 0000 0000");
}

/// A SEI NAL unit with one length byte before it, of some messages.
fn sei_nal(messages: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut nal = vec![6];
    for (kind, payload) in messages {
        nal.push(*kind);
        nal.extend(std::iter::repeat_n(255, payload.len() / 255));
        nal.push((payload.len() % 255).try_into().unwrap());
        nal.extend(payload);
    }
    nal.push(0x80);
    let length = u16::try_from(nal.len()).unwrap();
    [&length.to_be_bytes(), nal.as_slice()].concat()
}

/// What x264 writes, with some options.
fn x264_message(options: &str) -> (u8, Vec<u8>) {
    let uuid = hex("dc45e9bde6d948b7962cd820d923eeef");
    let text = "x264 - core 164 r3095 baee400 - H.264/MPEG-4 AVC codec - options: ";
    (5, [&uuid, text.as_bytes(), options.as_bytes(), &[0]].concat())
}

#[track_caller]
fn check_keyint(messages: &[(u8, Vec<u8>)], expected: Option<u32>) {
    let payload = [&hex("000209f0"), &sei_nal(messages)[..], &hex("0003658884")].concat();
    assert_eq!(sei::x264_keyint_max(&payload, NalLengthSize::Two), expected);
}

#[test]
fn x264_tells_its_key_frame_distance() {
    let long = "cabac=1 ref=3 deblock=1:0:0 ".repeat(20);
    let options = format!("{long}keyint=250 keyint_min=25 scenecut=40");
    check_keyint(&[x264_message(&options)], Some(250));
    check_keyint(&[(0, vec![0x60; 600]), (1, Vec::new()), x264_message(&options)], Some(250));
    check_keyint(&[x264_message("keyint=60")], Some(60));
    check_keyint(&[x264_message("keyint_min=25 keyint=4294967295")], Some(u32::MAX));
}

#[test]
fn other_messages_tell_no_key_frame_distance() {
    check_keyint(&[], None);
    check_keyint(&[x264_message("keyint=infinite keyint_min=25")], None);
    check_keyint(&[x264_message("keyint_min=25")], None);
    check_keyint(&[x264_message("keyint=0")], None);
    check_keyint(&[x264_message("keyint=4294967296")], None);
    check_keyint(&[(4, x264_message("keyint=250").1)], None);
    check_keyint(&[(5, b"keyint=250 is not said by x264".to_vec())], None);
    let cut = &sei_nal(&[x264_message("keyint=250")])[..60];
    assert_eq!(sei::x264_keyint_max(cut, NalLengthSize::Two), None);
}

#[test]
fn messages_end_where_one_is_cut_off() {
    let check = |text: &str, expected: &[(u32, usize)]| {
        let rbsp = hex(text);
        let read: Vec<_> = sei::messages(&rbsp).map(|it| (it.kind, it.payload.len())).collect();
        assert_eq!(read, expected, "{text}");
    };
    check("06 01020304 0500 80", &[(1, 2), (5, 0)]);
    check("06 ffff0100 80", &[(511, 0)]);
    check("06 0103 0304", &[]);
    check("06 01020304 05ff", &[(1, 2)]);
    check("06 ffffff", &[]);
    check("06 80", &[]);
    check("06", &[]);
    check("", &[]);
}

#[test]
fn ten_thousand_damaged_units_do_no_harm() {
    let options = x264_message("keyint=250");
    let unit = [sei_nal(&[(1, vec![7; 9]), options]), hex("0003658884")].concat();
    mutations(&[&unit], crate::fuzz::nal_units);
}
