use super::*;
use crate::Codec;
use crate::testing::{hex, mutations};

const AVC: &str = "0142c01e ff e1 001967 42c01ed900d83de6f011000003000100000300320f162e48 00";
const HEVC: &str =
    "0101600000009000000000003ff000fcfdf8f800000f 01 21 0001 002a 4201010160000003009
    0000003000003003fa00502016965959a4932bc05a020000003002000000303c1";

/// Ahead of the NAL units: an access unit delimiter.
const AVC_AUD: &str = "00000002 09f0";
const HEVC_AUD: &str = "00000003 460150";

/// What x264 and x265 wrote through a current ffmpeg into the first units of a stream with both
/// kinds of captions.
const REAL: [(&str, &str); 6] = [
    ("CC1 starts", "b5003147413934034600fc9420fd8080ff0423fe9800fe4142fe4243ff"),
    ("CC1 goes on", "b5003147413934034600fc9470fd8080ff8423fe9800fe4142fe4243ff"),
    ("CC4 starts", "b5003147413934034600fc9470fd9d20ffc423fe9800fe4142fe4243ff"),
    ("text", "b5003147413934034600fcc849fd9d20ff0423fe9800fe4142fe4243ff"),
    ("CC1 is shown", "b5003147413934034600fc942ffd8080ff4423fe9800fe4142fe4243ff"),
    ("nothing new", "b5003147413934034600fc8080fd8080ff8423fe9800fe4142fe4243ff"),
];

fn config(codec: Codec, record: &str) -> CodecConfig {
    CodecConfig::parse(codec, hex(record).into()).unwrap()
}

/// Behind an access unit delimiter a NAL unit of messages, and a slice.
fn unit(aud: &str, header: &str, messages: &[(u8, Vec<u8>)], slice: &str) -> Vec<u8> {
    let mut nal = hex(header);
    for (kind, payload) in messages {
        for &byte in [*kind, u8::try_from(payload.len()).unwrap()].iter().chain(payload) {
            if byte <= 3 && nal.ends_with(&[0, 0]) {
                nal.push(3);
            }
            nal.push(byte);
        }
    }
    nal.push(0x80);
    let length = u32::try_from(nal.len()).unwrap().to_be_bytes();
    [&hex(aud)[..], &length, &nal, &hex(slice)].concat()
}

fn names(captions: Captions) -> String {
    captions.names().collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn check_messages(messages: &[(u8, Vec<u8>)], expected: &str) {
    let avc = unit(AVC_AUD, "06", messages, "00000003 658884");
    let captions = in_unit(&config(Codec::Avc, AVC), &avc);
    assert_eq!(names(captions), expected, "H.264, {messages:02x?}");
    assert_eq!(captions.is_empty(), expected.is_empty());
    let hevc = unit(HEVC_AUD, "4e01", messages, "00000003 2801af");
    let captions = in_unit(&config(Codec::Hevc, HEVC), &hevc);
    assert_eq!(names(captions), expected, "H.265, {messages:02x?}");
}

#[track_caller]
fn check(message: &str, expected: &str) {
    check_messages(&[(4, hex(message))], expected);
}

#[test]
fn captions_of_real_encoders_are_seen() {
    let real = |name: &str| REAL.iter().find(|(real, _)| *real == name).unwrap().1;
    check(real("CC1 starts"), "CC1 SERVICE1 SERVICE2");
    check(real("CC1 goes on"), "CC1 SERVICE1 SERVICE2");
    check(real("CC4 starts"), "CC1 CC4 SERVICE1 SERVICE2");
    check(real("text"), "CC4 SERVICE1 SERVICE2");
    check(real("CC1 is shown"), "CC1 SERVICE1 SERVICE2");
    check(real("nothing new"), "SERVICE1 SERVICE2");
}

#[test]
fn control_codes_name_a_channel() {
    let pair = |marker: &str, pair: &str| format!("b500314741393403 41ff {marker}{pair} ff");
    for (first, expected) in [("94", "CC1"), ("14", "CC1"), ("1c", "CC2"), ("9d", "CC2")] {
        check(&pair("fc", &format!("{first}20")), expected);
    }
    for (first, expected) in [("10", "CC3"), ("97", "CC3"), ("18", "CC4"), ("1f", "CC4")] {
        check(&pair("fd", &format!("{first}20")), expected);
    }
    check(&pair("fc", "8080"), "");
    check(&pair("fc", "0000"), "");
    check(&pair("fc", "c849"), "");
    check(&pair("fd", "0103"), ""); // extended data services
    check(&pair("fd", "8f20"), "");
    check(&pair("fc", "2020"), "");
    check(&pair("f8", "9420"), ""); // not valid
    check(&pair("00", "9420"), ""); // neither
    check(&pair("04", "9420"), "CC1"); // the marker bits do not matter
}

#[test]
fn service_blocks_name_a_service() {
    let packet = |triplets: &str| {
        let count = 0x40 + hex(triplets).len() / 3;
        format!("b500314741393403 {count:02x}ff {triplets} ff")
    };
    check(&packet("ff0221 fe4100"), "SERVICE1");
    check(&packet("ff0361 fe41c1 fe4200"), "SERVICE3 SERVICE6");
    check(&packet("ff0300 fe0021 fe4100"), "SERVICE1"); // null blocks
    check(&packet("ff02e1 fe0741"), "SERVICE7");
    check(&packet("ff02e1 fe3f41"), "SERVICE63");
    check(&packet("ff02e1 fe0041"), "");
    check(&packet("ff02e0 fe2141"), "SERVICE1"); // service 7 with nothing in it
    check(&packet("ff0220 fe4141"), "SERVICE2");
    check(&packet("ff0121 fe4161 fe4100"), "SERVICE1"); // the packet has ended
    check(&packet("ff0023 fe4141 fe4161 fe4100"), "SERVICE1 SERVICE3"); // 127 bytes
    check(&packet("ff1f29"), "SERVICE1"); // it goes on in the next unit
    check(&packet("fe2141 fe2141"), ""); // it comes from the unit before
    check(&packet("fe2141 ff0241 fe4100"), "SERVICE2");
    check(&packet("ff0121 ff0241 fe4100"), "SERVICE1 SERVICE2");
    check(&packet("fb0221 fa4100"), ""); // not valid
}

#[test]
fn other_messages_have_no_captions() {
    let real = hex(REAL[0].1);
    check_messages(&[], "");
    check_messages(&[(5, real.clone())], "");
    check_messages(&[(1, vec![0; 9]), (4, real), (1, vec![0])], "CC1 SERVICE1 SERVICE2");
    check("b400314741393403 41ff fc9420 ff", "");
    check("b500324741393403 41ff fc9420 ff", "");
    check("b500314441393403 41ff fc9420 ff", "");
    check("b500314741393406 41ff fc9420 ff", "");
    check("b500314741393403 01ff fc9420 ff", "");
    check("b500314741393403 40ff fc9420 ff", ""); // a count of 0
    check("b500314741393403 42ff fc9420", "CC1"); // cut off
    check("b500314741393403 41ff fc94", "");
    check("b500314741393403 41", "");
    check("b500314741393403", "");
}

#[test]
fn only_supplemental_information_ahead_of_the_picture_has_captions() {
    let message = [(4, hex(REAL[0].1))];
    let avc = |header| in_unit(&config(Codec::Avc, AVC), &unit("", header, &message, ""));
    assert!(!avc("06").is_empty());
    assert!(avc("0c").is_empty());
    let hevc = |header| in_unit(&config(Codec::Hevc, HEVC), &unit("", header, &message, ""));
    assert!(!hevc("4e01").is_empty());
    assert!(hevc("5001").is_empty());
    let aac = config(Codec::Aac, "1190");
    assert!(in_unit(&aac, &unit("", "06", &message, "")).is_empty());
    assert!(in_unit(&config(Codec::Avc, AVC), &[]).is_empty());
}

#[test]
fn sets_are_united() {
    let [first, .., last] = REAL.map(|(_, message)| {
        in_unit(&config(Codec::Avc, AVC), &unit("", "06", &[(4, hex(message))], ""))
    });
    let mut all = Captions::EMPTY;
    all |= last;
    assert_eq!(all, last);
    all |= first;
    assert_eq!(names(all), "CC1 SERVICE1 SERVICE2");
    assert_eq!(all | Captions::EMPTY, all);
}

#[test]
fn ten_thousand_damaged_units_do_no_harm() {
    let messages: Vec<_> = REAL.iter().map(|(_, message)| (4, hex(message))).collect();
    let avc = unit(AVC_AUD, "06", &messages, "00000003 658884");
    let hevc = unit(HEVC_AUD, "4e01", &messages, "00000003 2801af");
    mutations(&[&avc, &hevc], crate::fuzz::captions);
}
