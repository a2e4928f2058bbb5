use super::*;
use crate::testing::hex;

#[track_caller]
fn check(header: fn(&[u8]) -> Option<Header>, text: &str, expected: &str) {
    let bytes = hex(text);
    let actual = match header(&bytes) {
        None => "nothing".to_owned(),
        Some(Header { packet, body_at }) => {
            assert!(body_at <= bytes.len(), "{text}");
            match packet {
                Packet::SequenceStart(codec) => format!("{codec:?} start, {body_at}"),
                Packet::Coded { codec, composition_ms } => {
                    format!("{codec:?} {composition_ms}, {body_at}")
                }
                Packet::SequenceEnd => "end".to_owned(),
                Packet::Other => "other".to_owned(),
                Packet::Unsupported(what) => format!("unsupported {what}"),
            }
        }
    };
    assert_eq!(actual, expected, "{text}");
}

#[test]
fn plain_video_headers_are_read() {
    let check = |text, expected| check(Header::video, text, expected);
    check("17 00 000000 01", "Avc start, 5");
    check("17 01 000050 00", "Avc 80, 5");
    check("27 01 7fffff", "Avc 8388607, 5");
    check("27 01 ffffd8", "Avc -40, 5");
    check("27 01 800000", "Avc -8388608, 5");
    check("17 02 000000", "end");
    check("57 00", "other");
    check("52 01", "other");
    check("27 03 000000", "nothing");
    check("27 01 0000", "nothing");
    check("27", "nothing");
    check("", "nothing");
}

#[test]
fn plain_audio_headers_are_read() {
    let check = |text, expected| check(Header::audio, text, expected);
    check("af 00 1190", "Aac start, 2");
    check("af 01 21", "Aac 0, 2");
    check("a0 01", "Aac 0, 2");
    check("af 02", "nothing");
    check("af", "nothing");
    check("", "nothing");
}

const AVC1: &str = "61766331";
const MP4A: &str = "6d703461";

#[test]
fn enhanced_headers_are_read() {
    let video = |text: &str, expected| check(Header::video, text, expected);
    video(&format!("90 {AVC1} 0164"), "Avc start, 5");
    video(&format!("91 {AVC1} 000050 00"), "Avc 80, 8");
    video(&format!("a1 {AVC1} ffffd8 00"), "Avc -40, 8");
    video(&format!("a3 {AVC1} 00"), "Avc 0, 5");
    video(&format!("92 {AVC1}"), "end");
    video(&format!("94 {AVC1} 02"), "other");
    video("94", "other");
    video("d1 00", "other");
    video(&format!("91 {AVC1} 0000"), "nothing");
    video("91 617663", "nothing");

    let audio = |text: &str, expected| check(Header::audio, text, expected);
    audio(&format!("90 {MP4A} 1190"), "Aac start, 5");
    audio(&format!("91 {MP4A} 21"), "Aac 0, 5");
    audio(&format!("92 {MP4A}"), "end");
    audio(&format!("94 {MP4A} 0002"), "other");
    audio(&format!("93 {MP4A}"), "nothing");
    audio("91 6d7034", "nothing");
}

#[test]
fn what_is_not_handled_has_a_name() {
    let video = |text, expected| check(Header::video, text, expected);
    video("12", "unsupported video codec 2 (Sorenson H.263)");
    video("2c 01", "unsupported video codec 12 (H.265 without Enhanced RTMP)");
    video("1f", "unsupported video codec 15 (unknown)");
    video("90 68766331", "unsupported video codec hvc1");
    video("91 00ff0a27", "unsupported video codec \\x00\\xff\\n\\'");
    video("95", "unsupported video packet type 5 (MPEG-2 TS sequence start)");
    video("96 00", "unsupported video packet type 6 (multitrack)");
    video("97", "unsupported video packet type 7 (ModEx)");
    video("9f", "unsupported video packet type 15 (unknown)");

    let audio = |text, expected| check(Header::audio, text, expected);
    audio("2f", "unsupported sound format 2 (MP3)");
    audio("b2 00", "unsupported sound format 11 (Speex)");
    audio("90 4f707573", "unsupported audio codec Opus");
    audio("95 00", "unsupported audio packet type 5 (multitrack)");
    audio("97", "unsupported audio packet type 7 (ModEx)");
}
