use std::fs;
use std::process::Command;
use std::time::Duration;

use super::*;
use crate::encoder::Audio;
use crate::process::run;

/// What [`segments`] are made of.
fn source() -> Source {
    let video = Video { size: (160, 90), rate: (25, 1), gop: Some(50) };
    let audio = Audio { sample_rate: 48_000, channels: 1 };
    Source { video: Some(video), audio: Some(audio), ..Source::usual() }
}

/// Puts a delimiter before each picture, and takes what x264 says of itself out.
const AUD: &str = "filter_units=remove_types=6,h264_metadata=aud=insert";

/// Three segments of two seconds that ffmpeg's own HLS muxer has made, without the table that only
/// it writes.
fn segments() -> Vec<Segment> {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25"]);
    command.args(["-f", "lavfi", "-i", "sine=sample_rate=48000", "-t", "6", "-c:v", "libx264"]);
    command.args(["-g", "50", "-x264opts", "repeat-headers=1", "-bsf:v", AUD, "-c:a", "aac"]);
    command.args(["-pix_fmt", "yuv420p", "-f", "hls", "-hls_time", "2"]);
    command.arg(folder.path().join("index.m3u8"));
    let finished = run(&mut command, Duration::from_secs(60)).unwrap();
    assert!(finished.status.success(), "{}", finished.err);
    let read = |number: u64| {
        let bytes = fs::read(folder.path().join(format!("index{number}.ts"))).unwrap();
        let packets = bytes.chunks(188).filter(|packet| packet[1] & 0x1f != 0 || packet[2] != 0x11);
        let listed = Listed {
            sequence: number,
            discontinuity_sequence: 0,
            discontinuity: false,
            uri: format!("{number}.ts"),
            length_ms: 2_000,
            date_ms: 0,
            is_gap: false,
            init: None,
        };
        let bytes: Vec<u8> = packets.flatten().copied().collect();
        Segment { listed, path: String::new(), bytes: bytes.into() }
    };
    (0..3).map(read).collect()
}

#[test]
fn what_is_right_is_accepted_and_each_fault_is_told() {
    let right = segments();
    check(&source(), &right).unwrap();
    let changed = |change: &dyn Fn(&mut Vec<Segment>), expected: &str| {
        let mut segments = right.clone();
        change(&mut segments);
        let error = check(&source(), &segments).unwrap_err().to_string();
        assert!(error.contains(expected), "{expected:?} is not in {error}");
    };
    changed(&|s| s[1].listed.length_ms += 2, "EXTINF of 1 is 2002 ms, 180 ticks off");
    changed(&|s| s[2].listed.length_ms -= 2, "EXTINF of 2 is 1998 ms");
    changed(&|s| drop(s.remove(1)), "segment 2: a picture is 2000 ms off");
    changed(&|s| drop(s.remove(1)), "segment 2: sound is");
    changed(&|s| s[1].bytes = s[1].bytes[188..].into(), "segment 1: read packet 0");
    changed(&|s| s.swap(1, 2), "begins segment");
    changed(&|s| s.clear(), "all segments together: ffmpeg cannot decode");
    let lose_a_packet = |segments: &mut Vec<Segment>| {
        let bytes = &segments[1].bytes;
        let middle = bytes.len() / 188 / 2 * 188;
        segments[1].bytes = [&bytes[..middle], &bytes[middle + 188..]].concat().into();
    };
    changed(&lose_a_packet, "jumps from");
}

#[test]
fn another_source_is_not_mistaken_for_this_one() {
    let segments = segments();
    let other = |source: &Source, expected: &str| {
        let error = check(source, &segments).unwrap_err().to_string();
        assert!(error.contains(expected), "{expected:?} is not in {error}");
    };
    let video = Some(Video { rate: (30, 1), ..source().video.unwrap() });
    other(&Source { video, ..source() }, "a picture is 6 ms off");
    other(&Source { video: None, ..source() }, "has 50 pictures");
    let audio = Some(Audio { sample_rate: 44_100, channels: 1 });
    other(&Source { audio, ..source() }, "has sound of (48000, 1)");
}

#[test]
fn a_lost_frame_and_a_late_sound_are_seen() {
    let segments = segments();
    let run = || check(&source(), &segments).unwrap();
    let times = |ticks: Vec<i64>| {
        let packet = |pts: i64| crate::tools::Packet { dts_ms: 0, pts_ms: pts, is_key: false };
        ticks.into_iter().map(|ticks| packet(ticks / 90)).collect::<Vec<_>>()
    };
    let video = times(run().shown());
    let frames = usize::try_from(run().sound_frames()).unwrap();
    let first = run().parts()[0].1.audio[0].pts;
    let audio = times(vec![first; frames]);
    let right = Pushed { video, audio };
    run().check_whole(&right).unwrap();

    let mut lost = right.clone();
    lost.audio.pop();
    assert!(run().check_whole(&lost).unwrap_err().to_string().contains("frames of sound"));
    let mut late = right;
    late.audio.iter_mut().for_each(|packet| packet.pts_ms += 60);
    assert!(run().check_whole(&late).unwrap_err().to_string().contains("sound begins"));
}

#[test]
fn a_variant_is_held_to_what_is_measured() {
    let segments = segments();
    let run = check(&source(), &segments).unwrap();
    let (peak, average) = run.bit_rates(2);
    let check_text = |text: &str| {
        let text = format!("#EXTM3U\n#EXT-X-STREAM-INF:{text}\nts/index.m3u8\n");
        let variant = crate::playlist::multivariant(&text).unwrap().variants.remove(0);
        check(&source(), &segments).unwrap().check_variant(&variant, 2).map(drop)
    };
    let shape = "CODECS=\"avc1.64000B,mp4a.40.2\",RESOLUTION=160x90,FRAME-RATE=25.000";
    let right = format!("BANDWIDTH={peak},AVERAGE-BANDWIDTH={average},{shape}");
    check_text(&right).unwrap();
    let wrong = |from: &str, to: &str| {
        let error = check_text(&right.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(error.contains(" is "), "{error}");
    };
    wrong("64000B", "64001F");
    wrong("160x90", "160x91");
    wrong("25.000", "30.000");
    wrong(&format!("={peak}"), "=1");
    wrong(&format!("={average}"), "=1");
}
