use super::enhanced::{MODIFIERS_MAX, PACKETS_MAX};
use super::*;
use crate::testing::bytes;

/// The packets of a payload as texts: `track content [+ns] begin..end`; `!` is an error.
fn read(kind: TrackKind, payload: &[u8]) -> Vec<String> {
    let show = |packet| {
        let Ok(Packet { track, content, offset_ns, body }) = packet else { return "!".to_owned() };
        assert!(body.start <= body.end && body.end <= payload.len(), "{body:?} {payload:02x?}");
        let content = match content {
            Content::SequenceStart(codec) => format!("{codec:?} start"),
            Content::Coded { codec, composition_ms } => format!("{codec:?} {composition_ms}"),
            Content::SequenceEnd => "end".to_owned(),
            Content::Metadata(codec) => format!("{codec:?} metadata"),
            Content::Nothing => return format!("{track} nothing"),
            Content::Unsupported(what) => return format!("{track} unsupported {what}"),
        };
        let offset = if offset_ns == 0 { String::new() } else { format!(" +{offset_ns}") };
        format!("{track} {content}{offset} {}..{}", body.start, body.end)
    };
    Packets::new(kind, payload).map(show).collect()
}

#[track_caller]
fn check(kind: TrackKind, text: &str, expected: &[&str]) {
    let payload = bytes(text);
    assert_eq!(read(kind, &payload), expected, "{text}");
    // However a payload is cut off, and whatever follows it, there is a packet or an error.
    for end in 1..payload.len() {
        let packets = read(kind, &payload[..end]);
        assert!(!packets.is_empty(), "{text}, {end} bytes");
    }
}

#[track_caller]
fn video(text: &str, expected: &str) {
    check(TrackKind::Video, text, &[expected]);
}

#[track_caller]
fn audio(text: &str, expected: &str) {
    check(TrackKind::Audio, text, &[expected]);
}

#[test]
fn plain_video_headers_are_read() {
    video("17 00 000000 01", "0 Avc start 5..6");
    video("17 01 000050 00", "0 Avc 80 5..6");
    video("27 01 7fffff", "0 Avc 8388607 5..5");
    video("27 01 ffffd8", "0 Avc -40 5..5");
    video("27 01 800000", "0 Avc -8388608 5..5");
    video("17 02 000000", "0 end 5..5");
    video("57 00", "0 nothing");
    video("52 01", "0 nothing");
    video("27 03 000000", "!");
    video("27 01 0000", "!");
    video("27", "!");
    video("", "!");
}

#[test]
fn plain_audio_headers_are_read() {
    audio("af 00 1190", "0 Aac start 2..4");
    audio("af 01 21", "0 Aac 0 2..3");
    audio("a0 01", "0 Aac 0 2..2");
    audio("2e fffb", "0 Mp3 0 1..3");
    audio("e2 fffb", "0 Mp3 0 1..3");
    audio("af 02", "!");
    audio("af", "!");
    audio("", "!");
}

#[test]
fn enhanced_video_headers_are_read() {
    for (four_cc, codec) in [("avc1", "Avc"), ("hvc1", "Hevc"), ("av01", "Av1"), ("vp09", "Vp9")] {
        video(&format!("90 '{four_cc}' 0164"), &format!("0 {codec} start 5..7"));
        video(&format!("a3 '{four_cc}' 00"), &format!("0 {codec} 0 5..6"));
        video(&format!("92 '{four_cc}'"), "0 end 5..5");
    }
    video("91 'avc1' 000050 00", "0 Avc 80 8..9");
    video("a1 'hvc1' ffffd8 00", "0 Hevc -40 8..9");
    video("a1 'av01' 1200", "0 Av1 0 5..7");
    video("a1 'vp09' 8649", "0 Vp9 0 5..7");
    video("94 'avc1' 02", "0 Avc metadata 5..6");
    video("d4 'av01' 02", "0 Av1 metadata 5..6");
    video("94 'what' 02", "0 unsupported video codec what");
    video("d1 00", "0 nothing");
    video("d1", "0 nothing");
    video("91 'avc1' 0000", "!");
    video("91 'avc'", "!");
    video("94", "!");
}

#[test]
fn enhanced_audio_headers_are_read() {
    for (four_cc, codec) in [("mp4a", "Aac"), ("Opus", "Opus"), ("fLaC", "Flac")] {
        audio(&format!("90 '{four_cc}' 1190"), &format!("0 {codec} start 5..7"));
        audio(&format!("91 '{four_cc}' 21"), &format!("0 {codec} 0 5..6"));
        audio(&format!("92 '{four_cc}'"), "0 end 5..5");
    }
    for (four_cc, codec) in [("ac-3", "Ac3"), ("ec-3", "Eac3"), (".mp3", "Mp3")] {
        audio(&format!("90 '{four_cc}'"), "0 nothing");
        audio(&format!("91 '{four_cc}' 0b77"), &format!("0 {codec} 0 5..7"));
    }
    audio("94 'Opus' 010200000003", "0 nothing");
    audio("91 'mp4'", "!");
}

#[test]
fn a_packet_may_name_its_track() {
    video("96 00 'hvc1' 01 0101", "1 Hevc start 7..9");
    video("a6 01 'hvc1' 01 ffffd8 00", "1 Hevc -40 10..11");
    video("a6 03 'avc1' ff 00", "255 Avc 0 7..8");
    video("d6 04 'avc1' 02 02", "2 Avc metadata 7..8");
    video("d6 01 'avc1' 02 02", "0 nothing");
    video("96 02 'av01' 03", "3 end 7..7");
    audio("95 01 'Opus' 02 fc", "2 Opus 0 7..8");
    audio("95 00 'mp4a' 02 1190", "2 Aac start 7..9");
    video("96 00 'hvc1'", "!");
}

#[test]
fn a_message_may_hold_many_tracks() {
    check(
        TrackKind::Video,
        "a6 11 'avc1' 00 000004 000050 aa  01 000005 ffffd8 bbbb",
        &["0 Avc 80 13..14", "1 Avc -40 21..23"],
    );
    check(
        TrackKind::Video,
        "96 20 'avc1' 00 000002 0164  'av01' 07 000001 81",
        &["0 Avc start 10..12", "7 Av1 start 20..21"],
    );
    check(
        TrackKind::Audio,
        "95 21 'mp4a' 00 000001 21  'Opus' 01 000000  'ac-3' 02 000001 0b",
        &["0 Aac 0 10..11", "1 Opus 0 19..19", "2 Ac3 0 27..28"],
    );
    check(TrackKind::Audio, "95 12 'mp4a' 00 000000 01 000000", &["0 end 10..10", "1 end 14..14"]);
}

#[test]
fn one_bad_track_of_many_costs_itself() {
    check(
        TrackKind::Video,
        "a6 11 'avc1' 00 000002 0000  01 000000  02 000003 000028",
        &["!", "!", "2 Avc 40 23..23"],
    );
    check(
        TrackKind::Video,
        "a6 23 'vp08' 00 000002 ffff  'av01' 01 000001 12",
        &["0 unsupported video codec vp08", "1 Av1 0 20..21"],
    );
    let second = "0 Avc 0 10..11";
    check(TrackKind::Video, "a6 13 'avc1' 00 000001 aa 01 000002 bb", &[second, "!"]);
    check(TrackKind::Video, "a6 13 'avc1' 00 000001 aa 01 ffffff", &[second, "!"]);
    check(TrackKind::Video, "a6 13 'avc1' 00 000001 aa 01 00", &[second, "!"]);
}

#[test]
fn tracks_do_not_nest() {
    video("96 06 'avc1' 00", "!");
    video("96 16 'avc1' 00 000001 96", "!");
    video("96 07 02 000064 01 'avc1' 00", "!");
    audio("95 05 'mp4a' 00", "!");
    audio("95 07 'mp4a' 00", "!");
}

#[test]
fn modifiers_stand_before_the_packet() {
    video("a7 02 0186a0 03 'avc1' aa", "0 Avc 0 +100000 10..11");
    audio("97 02 00000a 01 'mp4a' aa", "0 Aac 0 +10 10..11");
    // The last of several counts, and longer data begins with it.
    video("a7 02 000001 07 03 00000200 03 'avc1' aa", "0 Avc 0 +2 16..17");
    // Two bytes of size.
    let long = format!("a7 ff 0100 000005 {} 03 'av01' aa", "ee".repeat(254));
    video(&long, "0 Av1 0 +5 266..267");
    check(
        TrackKind::Video,
        "a7 02 000007 06 13 'avc1' 00 000001 aa 01 000001 bb",
        &["0 Avc 0 +7 15..16", "1 Avc 0 +7 20..21"],
    );
    video("d7 02 000007 01 00", "0 nothing");
    video("d7 02 000007 04 'avc1' 02", "0 Avc metadata +7 10..11");
}

#[test]
fn modifiers_that_make_no_sense_are_passed_over() {
    video("a7 02 000064 13 'avc1' aa", "0 Avc 0 10..11");
    video("a7 00 ff 03 'avc1' aa", "0 Avc 0 8..9");
    video("a7 02 0f4240 03 'avc1' aa", "0 Avc 0 10..11");
    video("a7 02 0f423f 03 'avc1' aa", "0 Avc 0 +999999 10..11");
    video("a7 05 000064", "!");
    video("a7 ff ff", "!");
    video("a7 02 000064", "!");
    let most = |count| format!("a7 {} 00 ff 03 'avc1'", "00 ff 07".repeat(count));
    video(&most(MODIFIERS_MAX - 1), &format!("0 Avc 0 {0}..{0}", 5 + 3 * MODIFIERS_MAX));
    video(&most(MODIFIERS_MAX), "!");
}

#[test]
fn a_flood_of_tracks_ends() {
    let flood = |count| bytes(&format!("95 11 'mp4a' {}", "01 000001 ff".repeat(count)));
    let read = |count| read(TrackKind::Audio, &flood(count));
    assert_eq!(read(PACKETS_MAX).last().unwrap().as_str(), "1 Aac 0 325..326");
    let too_many = read(100_000);
    assert_eq!((too_many.len(), too_many.last().unwrap().as_str()), (PACKETS_MAX + 1, "!"));
}

#[test]
fn what_is_not_handled_has_a_name() {
    video("12", "0 unsupported video codec 2 (Sorenson H.263)");
    video("2c 01", "0 unsupported video codec 12 (H.265 without Enhanced RTMP)");
    video("1f", "0 unsupported video codec 15 (unknown)");
    video("90 'vp08'", "0 unsupported video codec vp08");
    video("90 00ff0a27", "0 unsupported video codec \\x00\\xff\\n\\'");
    video("95 'av01' 80", "0 unsupported video packet type 5 (MPEG-2 TS sequence start)");
    video("9f", "0 unsupported video packet type 15 (unknown)");
    video("96 0f 'avc1' 00", "0 unsupported video packet type 15 (unknown)");
    video("96 31 'avc1' 00", "0 unsupported multitrack type 3 (unknown)");

    audio("b2 00", "0 unsupported sound format 11 (Speex)");
    audio("90 'Vorb'", "0 unsupported audio codec Vorb");
    audio("93 'mp4a'", "0 unsupported audio packet type 3 (unknown)");
    audio("96 00", "0 unsupported audio packet type 6 (unknown)");
    audio("95 f1 'mp4a' 00", "0 unsupported multitrack type 15 (unknown)");
}
