//! Recorded pushes of real encoders as transport streams.

use std::collections::BTreeMap;

use samples::{CAPTURES, Capture};

use super::*;
use crate::testing::captured;

/// For each track of a push its line in the program map (PID, type, registered letters), and how
/// many units came back in how many PES packets; and the tracks that have no place there.
const TABLE: &str = "
ffmpeg-5.1_aac: 0x101 0xf 58/15
ffmpeg-5.1_flv1_mp3: 0x101 0x3 47/16
ffmpeg-5.1_h264-bframes_aac: 0x100 0x1b 30/30 0x101 0xf 58/16
ffmpeg-5.1_h264-late-time_aac: 0x100 0x1b 30/30 0x101 0xf 58/16
ffmpeg-5.1_h264_aac: 0x100 0x1b 25/25 0x101 0xf 48/12
ffmpeg-5.1_h264_mp3: 0x100 0x1b 30/30 0x101 0x3 47/17
ffmpeg-9.0_av1_opus: no AV1 no Opus
ffmpeg-9.0_h264-bframes_aac: 0x100 0x1b 30/30 0x101 0xf 58/16
ffmpeg-9.0_h264_aac: 0x100 0x1b 25/25 0x101 0xf 48/12
ffmpeg-9.0_h264_ac3: 0x100 0x1b 30/30 0x101 0x81AC-3 38/14
ffmpeg-9.0_h264_eac3: 0x100 0x1b 30/30 0x101 0x87EAC3 38/14
ffmpeg-9.0_h264_flac: 0x100 0x1b 15/15 no FLAC
ffmpeg-9.0_h264_mp3: 0x100 0x1b 30/30 0x101 0x3 47/17
ffmpeg-9.0_hevc-bframes_aac: 0x100 0x24HEVC 30/30 0x101 0xf 58/16
ffmpeg-9.0_hevc-h264_aac-opus: 0x100 0x24HEVC 30/30 0x101 0xf 58/16 0x102 0x1b 30/30 no Opus
ffmpeg-9.0_hevc-hdr_opus-5.1: 0x100 0x24HEVC 30/30 no Opus
ffmpeg-9.0_two-h264_two-aac: 0x100 0x1b 30/30 0x101 0xf 58/16 0x102 0x1b 30/30 0x103 0xf 58/16
ffmpeg-9.0_vp9_opus: no VP9 no Opus
gstreamer-1.22-rtmpsink_h264_aac: 0x100 0x1b 30/30 0x101 0xf 55/14
gstreamer-1.22_h264-bframes_mp3: 0x100 0x1b 30/30 0x101 0x3 50/17
gstreamer-1.22_h264_aac: 0x100 0x1b 30/30 0x101 0xf 55/14
obs-29.0-killed_h264_aac: 0x100 0x1b 30/30 0x101 0xf 44/11
obs-29.0_h264_aac: 0x100 0x1b 45/45 0x101 0xf 67/17
";

/// The push as a transport stream of the tracks that have a place there, a segment for each key
/// frame, read by both readers.
fn round_trip(capture: &Capture) -> String {
    let (all, units) = captured(capture);
    let (mut tracks, refused): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|track| Muxer::new(std::slice::from_ref(track)).is_ok());
    tracks.sort_by_key(|track| (track.id.number, track.id.kind));
    let refused = refused.iter().map(|track| format!(" no {}", track.codec.codec()));
    let refused: String = refused.collect();
    let units: Vec<_> = units
        .into_iter()
        .filter(|unit| tracks.iter().any(|track| track.id == unit.track))
        .collect();
    if tracks.is_empty() {
        return format!("{}:{refused}", capture.name);
    }
    let starts = units
        .iter()
        .enumerate()
        .filter(|(_, unit)| unit.random_access && unit.track == TrackId::VIDEO);
    let starts: Vec<_> = starts.map(|(index, _)| index).collect();
    let out = mux(&tracks, &units, &starts);
    let mut streams: BTreeMap<Pid, (usize, Vec<u8>)> = BTreeMap::new();
    let (mut map, events) = (None, read(&out));
    for event in &events {
        match event {
            Event::Program(program) => map = Some(program),
            Event::Pes(pes) => {
                let (count, data) = streams.entry(pes.pid).or_default();
                *count += 1;
                data.extend_from_slice(&pes.data);
            }
            Event::Programs(_) | Event::Pcr { .. } | Event::Fault(_) => {}
        }
    }
    assert_eq!(packets(&events), packets_independently(&out), "{}", capture.name);
    let shown = map.unwrap().streams.iter().zip(&tracks).map(|(stream, track)| {
        let of_track = units.iter().filter(|unit| unit.track == track.id);
        let units: Vec<_> = of_track.map(|unit| elementary(&tracks, unit)).collect();
        let (packets, data) = streams.remove(&stream.pid).unwrap();
        assert!(units.concat() == data, "{}: {track:?}", capture.name);
        let registration = stream.registration().unwrap_or_default();
        let registration = String::from_utf8(registration.to_vec()).unwrap();
        let registration = registration.trim_matches('\0');
        let (kind, pid) = (stream.kind.0, stream.pid);
        format!(" {pid:?} {kind:#x}{registration} {}/{packets}", units.len())
    });
    let shown: String = shown.collect();
    format!("{}:{shown}{refused}", capture.name)
}

#[test]
fn every_push_comes_back_from_a_transport_stream() {
    let found: Vec<_> = CAPTURES.iter().map(round_trip).collect();
    assert_eq!(found.join("\n"), TABLE.trim());
}
