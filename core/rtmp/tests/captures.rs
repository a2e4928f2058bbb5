//! What real encoders sent, read by a server session that accepts everything.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::time::Duration;

use rtmp::{Event, MediaKind, ServerConfig, ServerSession};
use samples::{CAPTURES, Capture};

/// What comes out of each capture: its name, the last word of what the encoder calls itself,
/// application and stream, how many messages of video, sound and metadata, the times in
/// milliseconds of the first message of video, of the first picture and of the last message, and
/// how it ended.
const TABLE: &str = "\
ffmpeg-5.1_aac: Lavf59.27.100: live/demo?key=k v0 a59 m1, none none 1216, ended
ffmpeg-5.1_flv1_mp3: Lavf59.27.100: live/demo?key=k v30 a47 m1, 25 65 1202, ended
ffmpeg-5.1_h264-bframes_aac: Lavf59.27.100: live/demo?key=k v32 a59 m1, 0 0 1160, ended
ffmpeg-5.1_h264-late-time_aac: Lavf59.27.100: live/demo?key=k v32 a59 m1, 0 16780000 16781160, ended
ffmpeg-5.1_h264_aac: Lavf59.27.100: live/cap v27 a49 m1, 0 0 960, ended
ffmpeg-5.1_h264_mp3: Lavf59.27.100: live/demo?key=k v32 a47 m1, 0 25 1185, ended
ffmpeg-9.0_av1_opus: Lavf63.1.102: live/demo?key=k v32 a63 m1, 0 7 1201, ended
ffmpeg-9.0_h264-bframes_aac: Lavf63.1.102: live/demo?key=k v32 a59 m1, 0 0 1160, ended
ffmpeg-9.0_h264_aac: Lavf63.1.102: live/cap v27 a49 m1, 0 0 960, ended
ffmpeg-9.0_h264_ac3: Lavf63.1.102: live/demo?key=k v32 a40 m1, 0 5 1165, ended
ffmpeg-9.0_h264_eac3: Lavf63.1.102: live/demo?key=k v32 a40 m1, 0 5 1165, ended
ffmpeg-9.0_h264_flac: Lavf63.1.102: live/demo?key=k v17 a34 m1, 0 0 560, ended
ffmpeg-9.0_h264_mp3: Lavf63.1.102: live/demo?key=k v32 a47 m1, 0 25 1185, ended
ffmpeg-9.0_hevc-bframes_aac: Lavf63.1.102: live/demo?key=k v32 a59 m1, 0 0 1275, ended
ffmpeg-9.0_hevc-h264_aac-opus: Lavf63.1.102: live/demo?key=k v64 a122 m1, 0 0 1240, ended
ffmpeg-9.0_hevc-hdr_opus-5.1: Lavf63.1.102: live/demo?key=k v32 a63 m1, 0 0 1274, ended
ffmpeg-9.0_two-h264_two-aac: Lavf63.1.102: live/demo?key=k v64 a119 m1, 0 0 1181, ended
ffmpeg-9.0_vp9_opus: Lavf63.1.102: live/demo?key=k v32 a63 m1, 0 7 1201, ended
gstreamer-1.22-rtmpsink_h264_aac: nameless: live/demo v32 a56 m10, 0 0 1253, ended
gstreamer-1.22_h264-bframes_mp3: 10,0,32,18: live/demo v32 a50 m26, 0 0 1280, ended
gstreamer-1.22_h264_aac: 10,0,32,18: live/demo v32 a56 m11, 0 0 1160, ended
obs-29.0-killed_h264_aac: FMSc/1.0: live/demo?key=k v31 a45 m1, 0 0 983, cut off
obs-29.0_h264_aac: FMSc/1.0: live/demo?key=k v46 a68 m1, 0 0 1474, ended
";

/// A row of the table.
fn read(capture: &Capture) -> String {
    let now = Duration::ZERO;
    let mut session = ServerSession::new(ServerConfig::default(), &[7; rtmp::SEED_BYTES], now);
    let (mut encoder, mut stream, mut end) = (String::new(), String::new(), "cut off");
    let (mut video, mut audio, mut metadata) = (Vec::new(), 0, 0);
    let mut last = 0;
    session.push(capture.bytes);
    while let Some(event) = session.pull(now).unwrap() {
        match event {
            Event::ConnectRequested(connect) => {
                let name = connect.encoder.unwrap_or_else(|| "nameless".to_owned());
                encoder = name.rsplit(' ').next().unwrap().trim_end_matches(')').to_owned();
                session.accept(now);
            }
            Event::PublishRequested(publish) => {
                stream = format!("{}/{}", publish.app, publish.stream_name);
                session.accept(now);
            }
            Event::Media(media) => {
                match media.kind {
                    MediaKind::Video => video.push(media.timestamp_ms),
                    MediaKind::Audio => audio += 1,
                }
                last = media.timestamp_ms;
            }
            Event::Metadata { .. } => metadata += 1,
            Event::Unpublished { .. } => end = "ended",
            Event::Data { .. } | Event::Skipped { .. } => panic!("{}: {event:?}", capture.name),
        }
    }
    let (name, pictures) = (capture.name, video.len());
    let time = |at: usize| video.get(at).map_or_else(|| "none".to_owned(), u32::to_string);
    let times = format!("{} {} {last}", time(0), time(1));
    format!("{name}: {encoder}: {stream} v{pictures} a{audio} m{metadata}, {times}, {end}")
}

#[test]
fn every_encoder_is_understood() {
    let found: Vec<_> = CAPTURES.iter().map(read).collect();
    let expected: Vec<_> = TABLE.lines().collect();
    assert_eq!(found.len(), expected.len(), "rows; found:\n{}", found.join("\n"));
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!(found, expected);
    }
}
