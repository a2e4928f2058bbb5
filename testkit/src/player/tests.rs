use std::fs;

use super::*;

#[test]
fn what_filters_say_of_frames_is_counted_and_faults_are_kept() {
    let said = "\
[Parsed_showinfo_0 @ 0x55f0] [info] config in time_base: 1/90000, frame_rate: 30/1
[Parsed_showinfo_0 @ 0x55f0] [info] n:   0 pts:      0 pts_time:0       pos: 1 fmt:yuv420p
[Parsed_showinfo_0 @ 0x55f0] [info] color_range:unknown color_space:unknown
[Parsed_showinfo_0 @ 0x55f0] [info] n:   1 pts:   3000 pts_time:0.033   pos: 1 fmt:yuv420p
[Parsed_ashowinfo_0 @ 0x55f1] [info] n:0 pts:0 pts_time:0 pos:9 rate:48000 nb_samples:24000 x:1
[Parsed_ashowinfo_0 @ 0x55f1] [info] n:1 pts:1 pts_time:1 pos:9 rate:48000 nb_samples:24000 x:1
[hls @ 0x55d0] [info] Opening 'http://127.0.0.1/1/152.ts' for reading
[h264 @ 0x55d1] [error] error while decoding MB 3 4
[mpegts @ 0x55d1] [warning] Packet corrupt (stream = 0, dts = 393000).
";
    let played = ffmpeg::read(said);
    assert_eq!((played.pictures, played.sound), (2, Duration::from_secs(1)));
    assert_eq!(played.errors.len(), 2, "{:?}", played.errors);
    assert!(played.has(Length { pictures: 2, sound: Duration::from_secs(1) }));
    assert!(!played.has(Length { pictures: 3, sound: Duration::from_secs(1) }));
    assert!(!played.has(Length { pictures: 2, sound: Duration::from_millis(1_001) }));
}

#[test]
fn what_is_not_of_mpvs_filters_is_a_fault() {
    let said = "\
[ffmpeg] Parsed_showinfo_0: n:   9 pts: 300000 pts_time:0.3     pos:       -1 fmt:yuv420p
[ffmpeg] Parsed_ashowinfo_0:   side data - unknown side data type: 9, size 10 bytes
[ffmpeg] Parsed_ashowinfo_0: n:0 pts:0 pts_time:0 pos:-1 rate:44100 nb_samples:44100 x:1
[ffmpeg] http: Opening 'http://127.0.0.1/live/cam/index.m3u8'
[ffmpeg] http: HTTP error 404 Not Found

[ffmpeg/video] h264: no frame!
Error decoding audio.
";
    let played = mpv::read(said);
    assert_eq!((played.pictures, played.sound), (1, Duration::from_secs(1)));
    let errors = ["[ffmpeg] http: HTTP error 404 Not Found", "[ffmpeg/video] h264: no frame!"];
    assert_eq!(played.errors, [&errors[..], &["Error decoding audio."]].concat());
}

#[test]
fn the_latest_statistics_of_vlc_count() {
    let out = "\
| frames displayed :      134
| frames lost      :        0
| buffers played   :      100
| Sample rate: 22050 Hz
| frames displayed :      249
| frames lost      :        1
| buffers played   :      375
| Decoded sample rate: 48000 Hz
";
    let err = "\
[0000560331973cd0] main libvlc warning: cannot load module `x'
[00007fc35404b860] main video output warning: picture is too late to be displayed (96 ms)
[00007f715c009130] ts demux warning: discontinuity received 0xf instead of 0x8 (pid=256)
[00007f2ac0001150] adaptive demux error: Failed to create demuxer (nil) MP4
[h264 @ 0x7f7a0] no frame!
";
    let played = vlc::read(out, err);
    assert_eq!((played.pictures, played.sound), (250, Duration::from_secs(8)));
    let expected: Vec<_> = err.lines().skip(2).collect();
    assert_eq!(played.errors, expected);
}

#[test]
fn vlc_that_had_to_wait_for_more_may_lose_the_pictures_that_it_had() {
    let late = "[00007fda] main input error: ES_OUT_SET_(GROUP_)PCR  is called too late (x)";
    let lost = "[h264 @ 0x7f7c0568c0] co located POCs unavailable";
    let other = "[h264 @ 0x7f7c0568c0] Missing reference picture";
    let read = |lines: &[&str]| vlc::read("", &lines.join("\n")).errors;
    assert_eq!(read(&[lost, late, lost, other]), [lost, late, other]);
}

#[test]
fn buffers_that_reach_gstreamers_sinks_count() {
    let out = "\
/GstFakeSink:pictures: last-message = event   ******* (pictures:sink) E (type: caps (12814), x;)
/GstFakeSink:pictures: last-message = chain   ******* (pictures:sink) (345600 bytes, dts: none, \
pts: 0:01:24.134000000, duration: 0:00:00.033333333, offset: -1, flags: 00000000 , meta: none)
/GstFakeSink:sound: last-message = chain   ******* (sound:sink) (8192 bytes, dts: none, \
pts: 0:01:24.147333333, duration: 0:01:02.021333333, offset: -1, flags: 00000000 , meta: x)
";
    let err = "\
0:00:00.48 1 0x7f WARN  playsink gstplaysink.c:2908:gen_audio_chain: No volume control found
0:00:03.70 1 0x7f ERROR libav :0:: mmco: unref short failure
0:00:03.70 1 0x7f WARN  tsdemux: CONTINUITY: Mismatch packet 1, stream 2, discontinuity
";
    let played = gstreamer::read(out, err);
    assert_eq!((played.pictures, played.sound), (1, Duration::new(62, 21_333_333)));
    assert_eq!(played.errors, err.lines().skip(1).collect::<Vec<_>>());
}

#[test]
fn the_last_whole_line_of_the_browser_counts() {
    let out = "\
{\"pictures\":3,\"soundMs\":100,\"errors\":[],\"ended\":false}
{\"pictures\":9,\"soundMs\":300,\"errors\":[\"media: gone\"],\"ended\":false}
{\"pictures\":15,\"sou";
    let played = browser::read(out, "Error: no browser\n");
    assert_eq!((played.pictures, played.sound), (9, Duration::from_millis(300)));
    assert_eq!(played.errors, ["media: gone", "Error: no browser"]);
    assert_eq!(browser::read("", ""), Played::default());
}

#[test]
fn what_is_harmless_is_so_for_one_player() {
    let line = "[ffmpeg/video] h264: mmco: unref short failure";
    assert_eq!(harmless(Player::Mpv, line), Some(When::AtBreaks));
    assert_eq!(harmless(Player::GStreamer, line), None);
    let skipped = "[hls @ 0x5] [info] Skip ('#EXT-X-DISCONTINUITY-SEQUENCE:0')";
    assert_eq!(harmless(Player::Ffmpeg, skipped), Some(When::Always));
    assert_eq!(harmless(Player::Mpv, "[ffmpeg] http: HTTP error 404 Not Found"), None);
}

#[test]
fn ffmpeg_plays_to_the_end_of_a_file_and_says_what_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.ts");
    let words = "-nostdin -v error -f lavfi -i testsrc2=size=64x64:rate=25 -f lavfi -i sine -t 2 \
                 -c:v libx264 -c:a aac";
    let mut encode = Command::new("ffmpeg");
    encode.args(words.split_whitespace()).arg(&file);
    assert!(encode.status().unwrap().success());
    let played = Player::Ffmpeg.play(folder.path(), file.to_str().unwrap(), Length::of(9, 25));
    let played = played.unwrap();
    assert_eq!((played.pictures, &played.errors[..]), (50, &[][..]));
    fs::remove_file(&file).unwrap();
    let played = Player::Ffmpeg.play(folder.path(), file.to_str().unwrap(), Length::of(9, 25));
    let errors = played.unwrap().errors;
    assert!(errors.iter().any(|line| line.contains("No such file")), "{errors:?}");
    assert!(errors.iter().any(|line| line.starts_with("it ended by itself")), "{errors:?}");
}
