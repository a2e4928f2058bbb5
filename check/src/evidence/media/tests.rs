use bytes::Bytes;
use media::TrackKind;
use samples::{damaged, hex};

use super::{SegmentKind, SegmentMedia, packed};
use crate::testing::segment;

/// The last frame of a sine by Lavc59.37.100: AAC-LC at 48 kHz, mono.
const ADTS: &str = "\
    fff14c4008fffc014e3192fac5667e75f8d6a5dddc925c88e38924924801818181ab2c2424242424\
    242424242424242424242424e049c982424242426609099a69a69a69a69b80";

const MP3: &[u8] = include_bytes!("../../../testdata/packed/lavf63.1.102.mp3");
const AC3: &[u8] = include_bytes!("../../../testdata/packed/lavf63.1.102.ac3");
const EAC3: &[u8] = include_bytes!("../../../testdata/packed/lavf63.1.102.eac3");

fn adts() -> Vec<u8> {
    hex(ADTS).repeat(2)
}

/// A tag that says when sound begins, in ticks of 90 kHz.
fn tag(ticks: u64) -> Vec<u8> {
    let mut data = b"com.apple.streaming.transportStreamTimestamp\0".to_vec();
    data.extend(ticks.to_be_bytes());
    let size = u8::try_from(data.len()).unwrap();
    let mut frame = [b"PRIV".as_slice(), &[0, 0, 0, size, 0, 0]].concat();
    frame.extend(data);
    let size = u8::try_from(frame.len()).unwrap();
    [b"ID3\x04\0\0\0\0\0".as_slice(), &[size], &frame].concat()
}

fn read(bytes: &[u8], uri: &str, before: Option<&SegmentMedia>) -> SegmentMedia {
    SegmentMedia::read(&Bytes::copy_from_slice(bytes), uri, None, before)
}

/// What a segment is, and for sound its configuration, units, start and end in milliseconds.
#[track_caller]
fn check(bytes: &[u8], uri: &str, expected: &str) {
    let media = read(bytes, uri, None);
    let mut text = match &media.kind {
        SegmentKind::Ts(_) => "ts",
        SegmentKind::Fmp4(_) => "fmp4",
        SegmentKind::PackedAudio => "packed",
        SegmentKind::WebVtt => "vtt",
        SegmentKind::Unknown => "unknown",
    }
    .to_owned();
    if let SegmentKind::PackedAudio = media.kind {
        for track in &media.tracks {
            assert_eq!(track.kind, TrackKind::Audio);
            let config = track.config.as_ref().map(|config| config.rfc6381()).unwrap_or_default();
            let times = track.times().map_or((0, 0), |times| (times.first_ns, times.end_ns));
            let millis = |nanos: i64| nanos.div_euclid(1_000_000);
            let (first, end, count) = (millis(times.0), millis(times.1), track.units.len());
            text += &format!(" {config} {count} {first} {end}");
        }
    }
    assert_eq!(text, expected, "{uri}");
}

#[test]
fn a_segment_is_what_its_bytes_are() {
    let packet = [&[0x47][..], &[0; 187]].concat();
    check(&packet.repeat(3), "a.m4s", "ts");
    check(&packet, "a", "ts");
    check(b"\0\0\0\x08styp", "a.ts", "fmp4");
    check(b"\0\0\0\x08moof", "a", "fmp4");
    check(b"WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:0\n", "a.ts", "vtt");
    check(b"\xef\xbb\xbfWEBVTT", "a", "vtt");
    check(b"WEBVTTS", "a.vtt", "unknown");
    check(b"<html><body>404</body></html>", "a.ts", "unknown");
    check(b"", "a.ts", "unknown");
}

#[test]
fn damaged_bytes_are_what_they_still_look_like() {
    let packet = [&[0x47][..], &[0; 187]].concat();
    let mut shifted = vec![0xff; 10];
    shifted.extend(packet.repeat(5));
    check(&shifted, "a.ts", "ts");
    let mut first_lost = packet.repeat(6);
    first_lost[0] = 0x46;
    check(&first_lost, "a.ts", "ts");
    check(b"xxxxxxxxxxxx\0\0\0\x08moof", "a.m4s?token=1.ts", "fmp4");
    check(b"xxxxxxxxxxxx\0\0\0\x08moof", "a.ts", "unknown");
}

#[test]
fn packed_audio_is_read_frame_by_frame() {
    check(&[tag(90_000), adts()].concat(), "a.aac", "packed mp4a.40.2 2 1000 1042");
    check(&adts(), "a.aac", "packed mp4a.40.2 2 0 42");
    check(&[tag(9_000), AC3.to_vec()].concat(), "a.ac3", "packed ac-3 10 100 420");
    check(&[tag(9_000), EAC3.to_vec()].concat(), "a.ec3", "packed ec-3 10 100 420");
    check(&[tag(9_000), MP3.to_vec()].concat(), "a.mp3", "packed mp4a.40.34 15 100 460");
    check(&tag(9_000), "a.aac", "packed  0 0 0");
    // What is cut off is not there.
    let cut = [tag(0), adts()].concat();
    check(&cut[..cut.len() - 1], "a.aac", "packed mp4a.40.2 1 0 21");
}

#[test]
fn times_go_on_over_the_wrap_and_where_nothing_says_them() {
    let before = read(&[tag((1 << 33) - 1_920), adts()].concat(), "a.aac", None);
    let end = before.times_of(TrackKind::Audio).next().unwrap().end_ns;
    let first = |bytes: &[u8]| {
        let after = read(bytes, "b.aac", Some(&before));
        after.times_of(TrackKind::Audio).next().unwrap().first_ns - end
    };
    assert!(first(&[tag(1_920), adts()].concat()).abs() < 100_000);
    assert_eq!(first(&adts()), 0);
    let twice = [tag(90_000), tag(5), adts()].concat();
    assert_eq!(packed::timestamp(&twice), Some(90_000));
    assert_eq!(packed::timestamp(&adts()), None);
}

#[test]
fn damaged_segments_are_read_without_a_panic() {
    let samples = [[tag(5), adts()].concat(), MP3.to_vec(), AC3.to_vec(), EAC3.to_vec()];
    let samples: Vec<&[u8]> = samples.iter().map(Vec::as_slice).collect();
    damaged(&samples, |bytes| {
        let media = read(bytes, "a.aac", None);
        assert!(media.tracks.iter().all(|track| track.units.len() <= bytes.len()));
    });
}

#[test]
fn times_of_a_track_are_in_the_order_of_presentation() {
    let times = |text: &str| segment(&format!("1 2 {text}")).media.main_times().unwrap();
    let plain = times("v0+40x50");
    assert_eq!(times("v0+40x50/b"), plain);
    assert_eq!((plain.first_ns, plain.end_ns), (0, 2_000_000_000));
    assert_eq!((plain.usual_ns, plain.regular), (Some(40_000_000), (49, 1_960_000_000)));
    assert!(!plain.is_variable());
    assert_eq!((times("v0+40x1").usual_ns, times("v0+40x1").length_ns()), (None, 0));
    // What is lost in two places is no screen.
    assert!(!times("v0+40x10,600+40x10,1400+40x10").is_variable());
    let screen = times("v0+40x6,600+200x3");
    assert!(screen.is_variable());
    assert_eq!((screen.usual_ns, screen.frame_ns()), (Some(40_000_000), Some(400_000_000)));
    assert_eq!(times("a0+20x10,5000+20x10").content_ns, 400_000_000);
}
