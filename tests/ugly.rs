//! Streams that are not clean: what an encoder's odd frames, jumps and changes look like in the
//! playlist, in both containers, and that the stream goes on.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

use bytes::Bytes;
use rtmp::MediaKind;
use testkit::encoder::{Audio, Source, Video, encode};
use testkit::examined::Tolerated;
use testkit::flv::Tag;
use testkit::recording::{ARGUMENTS, Recording};
use testkit::{Peer, Server, ts};

const VIDEO: Video = Video { size: (160, 90), rate: (30, 1), gop: Some(60) };
const AUDIO: Audio = Audio { sample_rate: 48_000, channels: 1 };

/// Twelve seconds with a key frame every two, as ffmpeg and x264 make them, with B-frames.
fn usual() -> Vec<Tag> {
    source(Some(VIDEO), Some(AUDIO), 12)
}

fn source(video: Option<Video>, audio: Option<Audio>, seconds: u32) -> Vec<Tag> {
    let source = Source { video, audio, ..Source::usual() };
    encode(&source.lasting(seconds)).unwrap().0
}

/// Pushes tags to a server that offers both containers, and shows the playlist, which is the same
/// in both.
#[track_caller]
fn push(tags: &[Tag]) -> (String, Recording) {
    push_tolerating(tags, &[])
}

/// The same for a push that cannot become what every rule asks for.
#[track_caller]
fn push_tolerating(tags: &[Tag], tolerated: Tolerated<'_>) -> (String, Recording) {
    // Parts end where the next picture is expected, a millisecond beside where it may be.
    let exact = ["--set", "stream.packaging=both", "--set", "stream.low_latency=off"];
    let arguments = [&ARGUMENTS[..], &exact].concat();
    let server = Server::open(env!("CARGO_BIN_EXE_weir"), &arguments).unwrap();
    let recording = Recording::of(&server, "cam", tags, tolerated).unwrap();
    let (ts, fmp4) = (&recording.renditions["ts"], &recording.renditions["fmp4"]);
    assert_eq!(ts.shape(), fmp4.shape());
    assert_eq!(ts.playlist.target_duration_s, fmp4.playlist.target_duration_s);
    // Another push after an odd one is taken.
    Peer::publish(server.ports().rtmp, "live", "cam").unwrap();
    (ts.shape(), recording)
}

/// Pushes tags, and expects this playlist and segments that decode without a word.
#[track_caller]
fn check(tags: &[Tag], expected: &str) {
    let (shape, recording) = push(tags);
    assert_eq!(shape, expected);
    recording.renditions.values().for_each(|rendition| rendition.decode().unwrap());
}

/// The same, where what is left out leaves the decoder with something to say.
#[track_caller]
fn check_shape(tags: &[Tag], expected: &str) {
    assert_eq!(push(tags).0, expected);
}

fn is_video(tag: &Tag) -> bool {
    tag.kind == MediaKind::Video
}

fn is_key_frame(tag: &Tag) -> bool {
    is_video(tag) && tag.body[0] == 0x17 && tag.body[1] == 1
}

/// Changes the times of the units that `which` says.
fn shift(tags: &mut [Tag], which: impl Fn(&Tag) -> bool, by_ms: i64) {
    for tag in tags.iter_mut().filter(|tag| which(tag)) {
        // Times wrap at 2^32, which is what is wanted.
        let shifted = (i64::from(tag.timestamp_ms) + by_ms).rem_euclid(1 << 32);
        tag.timestamp_ms = u32::try_from(shifted).unwrap();
    }
}

const CLEAN: &str = "2.000 2.000 2.000 2.000 2.000 2.000";

#[test]
fn a_clean_stream_is_the_measure() {
    check(&usual(), CLEAN);
}

#[test]
fn times_that_wrap_at_2_to_the_32_milliseconds_go_on() {
    let mut tags = usual();
    shift(&mut tags, |_| true, (1 << 32) - 5_000);
    check(&tags, CLEAN);
}

#[test]
fn times_that_start_anywhere_start_the_stream() {
    let mut tags = usual();
    shift(&mut tags, |_| true, 3_141_592_653);
    check(&tags, CLEAN);
}

#[test]
fn a_jump_of_both_clocks_is_one_discontinuity() {
    for by_ms in [10_000, -10_000] {
        let mut tags = usual();
        shift(&mut tags, |_| true, 20_000);
        shift(&mut tags, |tag| tag.timestamp_ms >= 26_000, by_ms);
        check(&tags, "2.000 2.000 2.000 |2.000 2.000 2.000");
    }
}

#[test]
fn a_jump_of_one_clock_is_one_discontinuity() {
    for by_ms in [10_000, -10_000] {
        let mut tags = usual();
        shift(&mut tags, |_| true, 20_000);
        shift(&mut tags, |tag| is_video(tag) && tag.timestamp_ms >= 26_000, by_ms);
        check(&tags, "2.000 2.000 2.000 |2.000 2.000 2.000");
    }
}

#[test]
fn half_a_second_backward_is_one_discontinuity() {
    let mut tags = usual();
    shift(&mut tags, |tag| tag.timestamp_ms >= 6_000, -500);
    check(&tags, "2.000 2.000 2.000 |2.000 2.000 2.000");
}

#[test]
fn decode_times_that_repeat_cost_nothing() {
    let mut tags = usual();
    let mut last = 0;
    for tag in tags.iter_mut().filter(|tag| is_video(tag)) {
        if tag.timestamp_ms % 1_000 == 500 {
            tag.timestamp_ms = last;
        }
        last = tag.timestamp_ms;
    }
    check(&tags, CLEAN);
}

/// What cannot be kept where an encoder sends no key frame.
const NO_KEY_FRAMES: Tolerated<'static> = &[
    ("IND-HAVE", "segments without a key frame cannot be decoded by themselves"),
    ("IND-START", "there is no key frame for a segment to begin with"),
    (
        "PDT-MEDIA",
        "a cut between pictures that are shown in another order than they are decoded in",
    ),
];

/// What cannot be kept where an encoder sends no pictures.
const NO_PICTURES: Tolerated<'static> =
    &[("MED-AVEND", "the last picture before the hole is where the encoder left it")];

#[test]
fn thirty_seconds_without_a_key_frame_are_cut_at_the_target_duration() {
    let mut tags = source(Some(VIDEO), Some(AUDIO), 4);
    let video = Some(Video { gop: Some(9_000), ..VIDEO });
    let mut further = source(video, Some(AUDIO), 30);
    further.retain(|tag| !tag.is_header());
    shift(&mut further, |_| true, 4_000);
    tags.extend(further);
    let mut again = usual();
    again.retain(|tag| !tag.is_header());
    shift(&mut again, |_| true, 34_000);
    tags.extend(again);
    let (shape, recording) = push_tolerating(&tags, NO_KEY_FRAMES);
    let lengths: Vec<f64> =
        shape.split(' ').skip(1).map(|length| length.parse().unwrap()).collect();
    assert!(shape.starts_with("dependent 2.000 2.000 2."), "{shape}");
    assert!(lengths.iter().all(|length| *length < 2.5), "{shape}");
    assert_eq!(recording.renditions["ts"].playlist.target_duration_s, 2);
    // Once key frames are back, each begins a segment again.
    assert!(shape.ends_with(" 2.000 2.000 2.000 2.000 2.000 2.000"), "{shape}");
    recording.renditions.values().for_each(|rendition| rendition.decode().unwrap());
}

#[test]
fn a_key_frame_every_frame_makes_no_small_segments() {
    let video = Some(Video { gop: Some(1), ..VIDEO });
    check(&source(video, Some(AUDIO), 12), "2.000 2.000 2.000 2.000 2.000 2.001");
}

#[test]
fn a_switch_of_the_resolution_is_one_discontinuity() {
    let mut tags = source(Some(VIDEO), Some(AUDIO), 6);
    let mut other = source(Some(Video { size: (320, 180), ..VIDEO }), Some(AUDIO), 6);
    shift(&mut other, |_| true, 6_000);
    tags.extend(other);
    let (shape, recording) = push(&tags);
    assert_eq!(shape, "2.000 2.000 2.000 |2.000 2.000 2.000");
    recording.renditions.values().for_each(|rendition| rendition.decode().unwrap());
    assert_eq!(recording.renditions["fmp4"].inits.len(), 2);
    assert!(recording.multivariant.contains("RESOLUTION=320x180"), "{}", recording.multivariant);
}

#[test]
fn sound_that_appears_after_five_seconds_is_one_discontinuity() {
    let mut tags = usual();
    let header = tags.iter().position(|tag| !is_video(tag) && tag.is_header()).unwrap();
    let mut header = tags.remove(header);
    tags.retain(|tag| is_video(tag) || tag.timestamp_ms >= 5_000);
    header.timestamp_ms = 5_000;
    let at = tags.iter().position(|tag| tag.timestamp_ms >= 5_000).unwrap();
    tags.insert(at, header);
    check(&tags, "2.000 2.000 2.000 |2.000 2.000 2.000");
}

/// Sound cuts while there are no pictures; the first key frame after them begins a segment.
const VANISHED: &str = "2.000 2.459 2.453 1.984 1.984 1.984 1.136 2.000 2.000 2.000";

#[test]
fn pictures_that_vanish_for_ten_seconds_leave_the_sound() {
    let mut tags = source(Some(VIDEO), Some(AUDIO), 20);
    tags.retain(|tag| {
        !is_video(tag) || tag.is_header() || !(4_000..14_000).contains(&tag.timestamp_ms)
    });
    let (shape, recording) = push_tolerating(&tags, NO_PICTURES);
    let total: f64 = recording.renditions["ts"]
        .playlist
        .segments
        .iter()
        .map(|listed| f64::from(u32::try_from(listed.length_ms).unwrap()) / 1_000.0)
        .sum();
    assert!((total - 20.0).abs() < 0.1, "{shape}");
    assert_eq!(shape, VANISHED);
    recording.renditions.values().for_each(|rendition| rendition.decode().unwrap());
}

#[test]
fn frames_without_bytes_are_left_out() {
    let mut tags = usual();
    let empty: Vec<Tag> = tags
        .iter()
        .filter(|tag| tag.timestamp_ms % 100 < 20 && !tag.is_header())
        .map(|tag| {
            let head = if is_video(tag) { 5 } else { 2 };
            Tag { body: tag.body.slice(..head), ..tag.clone() }
        })
        .collect();
    tags.extend(empty.iter().cloned());
    tags.extend(empty.iter().map(|tag| Tag { body: Bytes::new(), ..tag.clone() }));
    tags.sort_by_key(|tag| tag.timestamp_ms);
    let (shape, recording) = push(&tags);
    assert_eq!(shape, CLEAN);
    let read = |bytes: &Vec<u8>| ts::read(bytes).unwrap().video.len();
    let pictures: usize = recording.renditions["ts"].segments.values().map(read).sum();
    assert_eq!(pictures, 360);
    recording.renditions.values().for_each(|rendition| rendition.decode().unwrap());
}

#[test]
fn a_header_repeated_before_every_key_frame_changes_nothing() {
    let tags = usual();
    let headers: Vec<_> = tags.iter().filter(|tag| tag.is_header()).cloned().collect();
    let mut repeated = Vec::new();
    for tag in tags {
        if is_key_frame(&tag) {
            let timestamp_ms = tag.timestamp_ms;
            repeated.extend(headers.iter().map(|header| Tag { timestamp_ms, ..header.clone() }));
        }
        repeated.push(tag);
    }
    check(&repeated, CLEAN);
}

#[test]
fn pictures_shown_before_they_are_decoded_are_shown_when_they_should_be() {
    let mut tags = usual();
    // An encoder that counts from the first picture that is shown.
    for tag in tags.iter_mut().filter(|tag| is_video(tag) && !tag.is_header()) {
        let mut body = tag.body.to_vec();
        let offset = i32::from_be_bytes([body[2], body[3], body[4], 0]) >> 8;
        body[2..5].copy_from_slice(&(offset - 67).to_be_bytes()[1..]);
        tag.body = body.into();
    }
    shift(&mut tags, |tag| is_video(tag) && !tag.is_header(), 67);
    check(&tags, CLEAN);
}

#[test]
fn a_scene_cut_key_frame_does_not_make_small_segments() {
    let mut tags = usual();
    // Every fifth picture says that it is a key frame; only those that are make a segment.
    let mut number = 0;
    for tag in tags.iter_mut().filter(|tag| is_video(tag) && !tag.is_header()) {
        number += 1;
        if number % 5 == 0 {
            let mut body = tag.body.to_vec();
            body[0] = 0x17;
            tag.body = body.into();
        }
    }
    check(&tags, CLEAN);
}

#[test]
fn a_broken_unit_costs_itself() {
    let mut tags = usual();
    let at = tags.iter().position(|tag| is_video(tag) && tag.timestamp_ms > 2_500).unwrap();
    let mut body = tags[at].body.to_vec();
    body[5..9].copy_from_slice(&[0x7f; 4]);
    tags[at].body = body.into();
    check_shape(&tags, CLEAN);
}
