//! What Weir's own muxer makes of recorded pushes.

use bytes::{Bytes, BytesMut};
use container::fmp4::Muxer;
use media::{AccessUnit, Track, TrackKind};
use samples::CAPTURES;

use super::*;
use crate::evidence::SegmentKind;
use crate::rules::second;

/// The tracks of a recorded push, and all units in the order of their decoding times.
fn recorded(push: &[u8]) -> (Vec<Track>, Vec<AccessUnit>) {
    let (tracks, mut units) = container::fuzz::recorded(push);
    // Priming sound may be earlier than the start, which a muxer is told by its segmenter.
    units.retain(|unit| unit.dts.ticks() >= 0);
    units.sort_by_key(|unit| unit.dts);
    (tracks, units)
}

/// Segments of some units each, in fragments of eight, like the parts of a low-latency stream.
fn pieces_of(tracks: &[Track], units: &[AccessUnit]) -> Option<Pieces> {
    let mut muxer = Muxer::new(tracks).ok()?;
    let is_key = |unit: &AccessUnit| unit.track.kind == TrackKind::Video && unit.random_access;
    let has_video = tracks.iter().any(|track| track.id.kind == TrackKind::Video);
    let (mut segments, mut out) = (Vec::new(), BytesMut::new());
    muxer.begin_segment(&mut out);
    for (index, unit) in units.iter().enumerate() {
        let behind = &units[index..];
        let next = |track| behind.iter().find(|unit| unit.track == track).map(|unit| unit.dts);
        let is_cut = if has_video { is_key(unit) } else { index % 20 == 0 };
        if index % 8 == 0 || is_cut {
            muxer.finish_fragment(next, &mut out);
        }
        if is_cut && index > 0 {
            segments.push(out.split().freeze());
            muxer.begin_segment(&mut out);
        }
        muxer.write(unit).unwrap();
    }
    muxer.finish_fragment(|_| None, &mut out);
    segments.push(out.freeze());
    Some(Pieces { init: muxer.init_section(), segments })
}

#[test]
fn what_weir_writes_breaks_no_rule() {
    let mut samples = 0;
    for capture in CAPTURES {
        let (tracks, units) = recorded(capture.bytes);
        let Some(pieces) = pieces_of(&tracks, &units) else { continue };
        let broken = [pieces.broken(RULES), pieces.broken(second::FMP4)].concat();
        assert_eq!(broken, [], "{}", capture.name);
        let (_, segments) = pieces.evidence();
        assert!(!segments.is_empty());
        for segment in &segments {
            let SegmentKind::Fmp4(facts) = &segment.media.kind else { panic!("not fMP4") };
            samples += facts.samples;
        }
        assert!(segments.iter().all(|segment| segment.bytes != Bytes::new()));
    }
    assert!(samples > 1_000, "{samples} samples");
}
