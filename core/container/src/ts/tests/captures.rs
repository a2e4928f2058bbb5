//! Recorded pushes of real encoders as transport streams.

use std::collections::BTreeMap;

use samples::CAPTURES;

use super::*;
use crate::testing::captured;

/// The tracks of each push as the program map names them, and what of their units comes back:
/// PES packets of both readers whose data is what the units make.
const TABLE: &str = "
ffmpeg-5.1_aac: 0x101 0xf 58/15
";

/// The push as a transport stream of the tracks that have a place there, a segment for each key
/// frame, read by both readers.
fn round_trip(capture: &samples::Capture) -> String {
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
    let _ = std::fs::write(format!("/tmp/w/tsout/{}.ts", capture.name), &out);
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
