//! What encoders really send, by name and version.

use super::*;
use crate::flv::FileReader;

/// What is known of a track at its end.
struct Seen {
    track: Track,
    announced: usize,
    units: Vec<AccessUnit>,
}

/// Reads a file and describes its tracks of a kind: how often each was announced, what it is, its
/// units, those that decoding can start with, and the milliseconds from the first that is shown to
/// the last.
#[track_caller]
fn check(file: &[u8], kind: TrackKind, expected: &[&str]) {
    let mut reader = FileReader::new();
    let mut demuxer = Demuxer::new();
    let mut seen: BTreeMap<TrackId, Seen> = BTreeMap::new();
    reader.push(file);
    while let Some(tag) = reader.pull().unwrap() {
        demuxer.push(tag.kind, tag.timestamp_ms, tag.payload);
        while let Some(event) = demuxer.pull() {
            match event {
                Event::Track(track) => {
                    let new = Seen { track: track.clone(), announced: 0, units: Vec::new() };
                    let seen = seen.entry(track.id).or_insert(new);
                    seen.announced += 1;
                    seen.track = track;
                }
                Event::Unit(unit) => seen.get_mut(&unit.track).unwrap().units.push(unit),
                Event::Repeated(_) | Event::EndOfSequence(_) => {}
                Event::BadConfig { .. } | Event::Unsupported { .. } => panic!("{event:?}"),
            }
        }
    }
    let shown: Vec<_> = seen.values().filter(|it| it.track.id.kind == kind).map(describe).collect();
    assert_eq!(shown, expected);
}

fn describe(seen: &Seen) -> String {
    let Seen { track, announced, units } = seen;
    let Track { id, codec, light, bit_rate } = track;
    let mut text = format!("{announced}x {id:?} {}", codec.rfc6381());
    if let Some(video) = codec.video() {
        text += &format!(" {}x{}", video.width, video.height);
    }
    if let Some(audio) = codec.audio() {
        let samples: u32 = units.iter().map(|unit| unit.samples).sum();
        text += &format!(" {} Hz {} ch, {samples} samples", audio.sample_rate, audio.channels);
    }
    if let Some(colour) = light.and_then(|light| light.colour) {
        text += &format!(", matrix {}", colour.matrix);
    }
    if let Some(bit_rate) = bit_rate {
        text += &format!(", {bit_rate} bit/s");
    }
    let starts = units.iter().filter(|unit| unit.random_access).count();
    let shown = || units.iter().map(|unit| unit.pts.ticks());
    let from_to = (shown().min().unwrap_or(0), shown().max().unwrap_or(0));
    text + &format!(", {} units, {starts} starts, {} to {} ms", units.len(), from_to.0, from_to.1)
}

/// One second of 128x72 at 25 frames a second, and of a tone at 48 kHz.
macro_rules! ffmpeg_9 {
    ($name:literal) => {
        include_bytes!(concat!("../../../../testdata/ffmpeg-9.0_", $name, ".flv"))
    };
}

#[test]
fn h264_with_b_frames_and_aac_of_ffmpeg_5_1_are_understood() {
    let (tracks, units) = real_units();
    let codecs: Vec<_> = tracks.iter().map(|track| track.codec.rfc6381()).collect();
    assert_eq!(codecs, ["avc1.64000B", "mp4a.40.2"]);
    let CodecConfig::Avc(config) = &tracks[0].codec else { panic!("no video first") };
    let sps = config.sps();
    assert_eq!((sps.width, sps.height, sps.frame_rate()), (160, 90, Some((50, 2))));
    let pictures = || units.iter().filter(|unit| unit.track == TrackId::VIDEO);
    let starts = pictures().enumerate().filter(|(_, unit)| unit.random_access);
    assert_eq!(starts.map(|(index, _)| index).collect::<Vec<_>>(), [0, 25]);
    let first = &pictures().next().unwrap().payload;
    assert_eq!(x264_keyint_max(first, config.length_size()), Some(25));
}

#[test]
fn hevc_and_opus_of_ffmpeg_9_are_understood() {
    let video = "1x v0 hvc1.1.6.L30.90 128x72, 58594 bit/s, 25 units, 3 starts, 80 to 1040 ms";
    check(ffmpeg_9!("hevc_opus"), TrackKind::Video, &[video]);
    let audio = "1x a0 opus 48000 Hz 1 ch, 48960 samples, 23438 bit/s, 51 units, 51 starts, \
        73 to 1074 ms";
    check(ffmpeg_9!("hevc_opus"), TrackKind::Audio, &[audio]);
}

#[test]
fn hevc_of_a_high_dynamic_range_of_ffmpeg_9_is_understood() {
    // What ffmpeg says of the light comes behind the sequence header: a second announcement.
    let video =
        "2x v0 hvc1.2.4.L30.90 128x72, matrix 9, 39063 bit/s, 25 units, 1 starts, 80 to 1040 ms";
    check(ffmpeg_9!("hevc-hdr_aac"), TrackKind::Video, &[video]);
    let audio = "1x a0 mp4a.40.2 48000 Hz 1 ch, 49152 samples, 23438 bit/s, 48 units, 48 starts, \
        59 to 1061 ms";
    check(ffmpeg_9!("hevc-hdr_aac"), TrackKind::Audio, &[audio]);
}

#[test]
fn av1_and_flac_of_ffmpeg_9_are_understood() {
    let video = "1x v0 av01.0.00M.08 128x72, 58594 bit/s, 25 units, 3 starts, 0 to 960 ms";
    check(ffmpeg_9!("av1_flac"), TrackKind::Video, &[video]);
    // Its last sequence header, with the checksum of all samples, is no change.
    let audio = "1x a0 fLaC 48000 Hz 1 ch, 48000 samples, 125000 bit/s, 47 units, 47 starts, \
        0 to 981 ms";
    check(ffmpeg_9!("av1_flac"), TrackKind::Audio, &[audio]);
}

#[test]
fn vp9_and_mp3_of_ffmpeg_9_are_understood() {
    let video = "1x v0 vp09.00.10.08 128x72, 39063 bit/s, 25 units, 3 starts, 23 to 983 ms";
    check(ffmpeg_9!("vp9_mp3"), TrackKind::Video, &[video]);
    let audio = "1x a0 mp4a.40.34 48000 Hz 1 ch, 49536 samples, 31250 bit/s, 43 units, 43 starts, \
        0 to 1008 ms";
    check(ffmpeg_9!("vp9_mp3"), TrackKind::Audio, &[audio]);
}

#[test]
fn ac3_and_eac3_of_ffmpeg_9_are_understood() {
    for (file, name) in [(&ffmpeg_9!("h264_ac3")[..], "ac-3"), (ffmpeg_9!("h264_eac3"), "ec-3")] {
        let video = "1x v0 avc1.42D00B 128x72, 58594 bit/s, 25 units, 3 starts, 5 to 965 ms";
        check(file, TrackKind::Video, &[video]);
        let audio = format!(
            "1x a0 {name} 48000 Hz 1 ch, 49152 samples, 31250 bit/s, 32 units, 32 starts, \
            0 to 992 ms"
        );
        check(file, TrackKind::Audio, &[&audio]);
    }
}

#[test]
fn tracks_of_two_codecs_of_ffmpeg_9_are_understood() {
    let videos = [
        "1x v0 avc1.640009 128x72, 58594 bit/s, 25 units, 1 starts, 80 to 1040 ms",
        "1x v1 hvc1.4.10.L30.9E.8 96x54, 25 units, 1 starts, 80 to 1040 ms",
    ];
    check(ffmpeg_9!("h264-hevc_aac-opus"), TrackKind::Video, &videos);
    let audios = [
        "1x a0 mp4a.40.2 48000 Hz 1 ch, 49152 samples, 23438 bit/s, 48 units, 48 starts, \
            59 to 1061 ms",
        "1x a1 opus 48000 Hz 1 ch, 48960 samples, 51 units, 51 starts, 73 to 1074 ms",
    ];
    check(ffmpeg_9!("h264-hevc_aac-opus"), TrackKind::Audio, &audios);
}
