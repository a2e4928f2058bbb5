//! What Weir's own muxer makes of recorded pushes.

use bytes::BytesMut;
use container::flv;
use container::fuzz::{each_payload, payloads_of};
use container::ts::Muxer;
use media::{AccessUnit, Track, TrackKind};
use samples::CAPTURES;

use super::*;

/// The tracks of a recorded push, and all units in the order of their decoding times.
fn recorded(push: &[u8]) -> (Vec<Track>, Vec<AccessUnit>) {
    let (mut demuxer, mut tracks, mut units) = (flv::Demuxer::new(), Vec::new(), Vec::new());
    each_payload(&payloads_of(push), |kind, timestamp_ms, payload| {
        demuxer.push(kind, timestamp_ms, payload);
        while let Some(event) = demuxer.pull() {
            match event {
                flv::Event::Track(track) => tracks.push(track),
                flv::Event::Unit(unit) => units.push(unit),
                flv::Event::Repeated(_)
                | flv::Event::EndOfSequence(_)
                | flv::Event::Unsupported { .. }
                | flv::Event::BadConfig { .. } => {}
            }
        }
    });
    units.sort_by_key(|unit| unit.dts);
    (tracks, units)
}

/// Two segments: the second begins with the last key frame.
fn segments(tracks: &[Track], units: &[AccessUnit]) -> Option<[BytesMut; 2]> {
    let mut muxer = Muxer::new(tracks).ok()?;
    let is_key = |unit: &AccessUnit| unit.track.kind == TrackKind::Video && unit.random_access;
    let cut = units.iter().rposition(is_key)?;
    let (first, second) = units.split_at(cut);
    Some([first, second].map(|units| {
        let mut out = BytesMut::new();
        muxer.begin(&mut out);
        for unit in units {
            muxer.write(unit, &mut out).unwrap();
        }
        muxer.finish_segment(&mut out);
        out
    }))
}

#[test]
fn what_weir_writes_breaks_no_rule() {
    let mut muxed = 0;
    for capture in CAPTURES {
        let (tracks, units) = recorded(capture.bytes);
        let Some([first, second]) = segments(&tracks, &units) else { continue };
        let said = broken(&first, &second);
        assert!(said.is_empty(), "{}: {said:#?}", capture.name);
        muxed += 1;
    }
    assert!(muxed > 12, "{muxed} pushes");
}
