//! What ffmpeg pushes is what viewers get: every picture and every frame of sound, in segments that
//! decode without a warning, with true lengths and a true description.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

use std::time::Duration;

use testkit::encoder::{Audio, Encoder, Source, Video, encode};
use testkit::viewer::Watched;
use testkit::{Server, media, playlist, rml};

/// From the end of a push to its last segment: nothing is computed then, so this is long.
const SOON: Duration = Duration::from_secs(20);

const VIDEO: Video = Video { size: (320, 180), rate: (30, 1), gop: Some(60) };

/// Pushes a source by ffmpeg, watches it from before its beginning until after its end, and checks
/// all that was listed.
#[track_caller]
fn check(source: Source, target_duration_s: u64) -> Watched {
    let server = Server::open(env!("CARGO_BIN_EXE_weir"), &[]).unwrap();
    let viewer = server.watch("cam");
    let seconds = source.seconds.unwrap_or(0);
    let mut encoder = Encoder::start(&source, &server.push_url("cam")).unwrap();
    let status = encoder.wait(Duration::from_secs(u64::from(seconds) + 30)).unwrap();
    assert!(status.success(), "{}", encoder.said());

    let whole_ms = u64::from(seconds) * 1_000 - 200;
    let length_ms =
        |seen: &Watched| seen.segments.values().map(|s| s.listed.length_ms).sum::<u64>();
    viewer.wait_until("the end of the push", SOON, |seen| length_ms(seen) >= whole_ms).unwrap();
    let multivariant = server.http().get("/live/cam/index.m3u8").unwrap().text();
    let watched = viewer.stop().unwrap();
    let latest = watched.latest.clone().unwrap();
    assert_eq!(latest.target_duration_s, target_duration_s, "{}", watched.summary());
    assert_eq!(latest.version, 3);
    assert!(latest.is_independent && latest.media_sequence == 0);

    let runs = watched.runs();
    assert_eq!(runs.len(), 1, "{}", watched.summary());
    let variants = playlist::multivariant(&multivariant).unwrap().variants;
    assert_eq!(variants.len(), 1);
    media::check(&source, &runs[0])
        .and_then(|run| run.check_whole(&encoder.pushed().unwrap()))
        .and_then(|run| run.check_variant(&variants[0], target_duration_s))
        .unwrap();
    watched
}

#[test]
fn pictures_with_b_frames_and_stereo_sound_play() {
    let watched = check(Source::usual().lasting(12), 2);
    assert_eq!(watched.segments.len(), 6, "{}", watched.summary());
}

#[test]
fn mono_sound_of_44100_samples_plays() {
    let audio = Some(Audio { sample_rate: 44_100, channels: 1 });
    check(Source { audio, ..Source::usual() }.lasting(12), 2);
}

#[test]
fn pictures_at_25_a_second_play() {
    let video = Some(Video { rate: (25, 1), gop: Some(50), ..VIDEO });
    check(Source { video, ..Source::usual() }.lasting(12), 2);
}

#[test]
fn pictures_at_2997_in_100_seconds_play() {
    let video = Some(Video { rate: (30_000, 1_001), ..VIDEO });
    check(Source { video, ..Source::usual() }.lasting(12), 2);
}

#[test]
fn sound_without_pictures_plays() {
    check(Source { video: None, ..Source::usual() }.lasting(9), 2);
}

#[test]
fn pictures_without_sound_play() {
    check(Source { audio: None, ..Source::usual() }.lasting(9), 2);
}

/// x264 puts 250 pictures between key frames unless it is told otherwise, and OBS does not tell.
#[test]
fn a_key_frame_every_250_pictures_makes_segments_that_fit_the_target_duration() {
    let video = Some(Video { gop: None, ..VIDEO });
    let watched = check(Source { video, ..Source::usual() }.lasting(20), 9);
    let lengths: Vec<_> = watched.segments.values().map(|s| s.listed.length_ms).collect();
    assert_eq!(lengths.len(), 3, "{lengths:?}");
    assert!(lengths[..2].iter().all(|length| (8_300..=8_366).contains(length)), "{lengths:?}");
}

/// The client session of a crate that is not ours pushes what ffmpeg encoded.
#[test]
fn a_publisher_that_is_not_ours_is_understood() {
    let server = Server::open(env!("CARGO_BIN_EXE_weir"), &[]).unwrap();
    let source = Source::usual().lasting(6);
    let (tags, pushed) = encode(&source).unwrap();
    let viewer = server.watch("cam");
    rml::push(server.ports().rtmp, "live", "cam", &tags).unwrap();
    viewer.wait_for_segments(3, SOON).unwrap();
    let watched = viewer.stop().unwrap();
    let run = media::check(&source, &watched.runs()[0]).unwrap();
    run.check_whole(&pushed).unwrap();
}
