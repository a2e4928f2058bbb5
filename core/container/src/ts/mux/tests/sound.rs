//! Sound other than AAC, with the tracks and units of recorded pushes.

use samples::Capture;

use super::*;
use crate::testing::captured;

fn push(name: &str) -> (Track, AccessUnit) {
    let (tracks, units) = captured(&Capture::named(name).unwrap());
    let of_track = |unit: &&AccessUnit| unit.track == TrackId::AUDIO;
    let track = tracks.into_iter().find(|track| track.id == TrackId::AUDIO).unwrap();
    (track, units.iter().find(of_track).unwrap().clone())
}

/// Stream id, PTS and units of the PES packets that nine units one behind the other make, in
/// groups of up to so many milliseconds.
#[track_caller]
fn check(name: &str, group_ms: u64, expected: &str) {
    let (track, unit) = push(name);
    let rate = track.codec.audio().unwrap().sample_rate;
    let units: Vec<_> = (0..9)
        .map(|number| {
            let samples = number * i64::from(unit.samples);
            let time = Timestamp::new(samples, Timescale::new(rate).unwrap());
            AccessUnit { dts: time, pts: time, ..unit.clone() }
        })
        .collect();
    let muxer = Muxer::new(&[track]).unwrap();
    let mut muxer = muxer.with_audio_group(Duration::from_millis(group_ms));
    let packets = pes_packets(&segment(&mut muxer, &units));
    let shown = packets.into_iter().map(|pes| {
        assert!(pes.is_random_access && pes.dts.is_none());
        let units = pes.data.len() / unit.payload.len();
        assert_eq!(pes.data, unit.payload.repeat(units));
        format!("{:x}:{}x{units}", pes.stream_id, pes.pts.unwrap())
    });
    assert_eq!(shown.collect::<Vec<_>>().join(" "), expected, "{name}");
}

#[test]
fn frames_share_packets_by_their_samples() {
    // 1,152 samples at 44.1 kHz, then 1,536 at 48 kHz.
    check("ffmpeg-9.0_h264_mp3", 100, "c0:0x3 c0:7053x3 c0:14106x3");
    check("ffmpeg-9.0_h264_mp3", 104, "c0:0x3 c0:7053x3 c0:14106x3");
    check("ffmpeg-9.0_h264_mp3", 105, "c0:0x4 c0:9404x4 c0:18808x1");
    check("ffmpeg-9.0_h264_ac3", 95, "bd:0x2 bd:5760x2 bd:11520x2 bd:17280x2 bd:23040x1");
    check("ffmpeg-9.0_h264_ac3", 96, "bd:0x3 bd:8640x3 bd:17280x3");
    check("ffmpeg-9.0_h264_eac3", 200, "bd:0x6 bd:17280x3");
    check(
        "ffmpeg-9.0_h264_eac3",
        0,
        "bd:0x1 bd:2880x1 bd:5760x1 bd:8640x1 bd:11520x1 \
        bd:14400x1 bd:17280x1 bd:20160x1 bd:23040x1",
    );
}

#[test]
fn mp3_of_low_sampling_frequencies_is_mpeg2_audio() {
    // The second and third are frames of 32 and 16 kbit/s at 22.05 and 11.025 kHz.
    for (header, bytes, expected) in [
        ("fffb90c0", 417, StreamType::MPEG1_AUDIO),
        ("fff340c0", 104, StreamType::MPEG2_AUDIO),
        ("ffe320c0", 104, StreamType::MPEG2_AUDIO),
    ] {
        let mut frame = hex(header);
        frame.resize(bytes, 0);
        let config = media::mp3::Mp3Config::of_frame(&frame).unwrap();
        let muxer = Muxer::new(&[Track::new(TrackId::AUDIO, media::CodecConfig::Mp3(config))]);
        assert_eq!(muxer.unwrap().program.streams[0].kind, expected, "{header}");
    }
}

#[test]
fn a_unit_that_does_not_say_how_long_it_is_has_a_packet_of_its_own() {
    let (track, unit) = push("ffmpeg-9.0_h264_mp3");
    let units = [0, 26, 52].map(|millis| {
        let time = Timestamp::from_millis(millis);
        AccessUnit { dts: time, pts: time, samples: 0, ..unit.clone() }
    });
    let packets = pes_packets(&segment(&mut Muxer::new(&[track]).unwrap(), &units));
    assert_eq!(packets.len(), 3);
}

#[test]
fn a_unit_that_no_packet_can_hold_is_refused() {
    let (track, mut unit) = push("ffmpeg-9.0_h264_ac3");
    let mut muxer = Muxer::new(&[track]).unwrap();
    let mut out = BytesMut::new();
    unit.payload = vec![0; 65_528].into();
    let error = muxer.write(&unit, &mut out).unwrap_err();
    assert_eq!(error.to_string(), "an audio frame of 65528 bytes, more than 65527");
    unit.payload.truncate(65_527);
    muxer.write(&unit, &mut out).unwrap();
    muxer.finish_segment(&mut out);
}

#[test]
fn codecs_that_players_do_not_look_for_here_are_refused() {
    let check = |name, expected: &str| {
        let (track, _) = push(name);
        assert_eq!(Muxer::new(&[track]).unwrap_err().to_string(), expected);
    };
    let why = "of track a0 is not for MPEG-TS; fragmented MP4 can carry it";
    check("ffmpeg-9.0_av1_opus", &format!("Opus {why}"));
    check("ffmpeg-9.0_h264_flac", &format!("FLAC {why}"));
    let (tracks, _) = captured(&Capture::named("ffmpeg-9.0_vp9_opus").unwrap());
    let error = Muxer::new(&tracks[..1]).unwrap_err().to_string();
    assert_eq!(error, "VP9 of track v0 is not for MPEG-TS; fragmented MP4 can carry it");
}
