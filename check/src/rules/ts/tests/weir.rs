//! What Weir's own muxer makes of recorded pushes.

use bytes::BytesMut;
use container::ts::Muxer;
use media::{AccessUnit, Track, TrackKind};
use samples::CAPTURES;

use super::*;

/// The tracks of a recorded push, and all units in the order of their decoding times.
fn recorded(push: &[u8]) -> (Vec<Track>, Vec<AccessUnit>) {
    let (tracks, mut units) = container::fuzz::recorded(push);
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

/// 33 bits at 90 kHz last 26.5 hours: the second segment is about to wrap, or wraps.
#[test]
fn times_that_wrap_go_on() {
    let capture = samples::Capture::named("ffmpeg-9.0_h264-bframes_aac").unwrap();
    let (tracks, units) = recorded(capture.bytes);
    let whole = {
        let [first, second] = segments(&tracks, &units).unwrap();
        let first = evidence(&first, None);
        dts_of(&evidence(&second, Some(&first)))
    };
    for early_ms in [-100, 0, 100, 500, 700, 5_000] {
        let offset_ms = (1_i64 << 33) / 90 - early_ms;
        let later = units.iter().cloned().map(|mut unit| {
            let ticks = offset_ms * i64::from(unit.dts.timescale().hz()) / 1_000;
            unit.dts = unit.dts.checked_add(ticks).unwrap();
            unit.pts = unit.pts.checked_add(ticks).unwrap();
            unit
        });
        let [first, second] = segments(&tracks, &later.collect::<Vec<_>>()).unwrap();
        assert_eq!(broken(&first, &second), [""; 0], "{early_ms} ms");
        let first = evidence(&first, None);
        let times = dts_of(&evidence(&second, Some(&first)));
        let steps = |times: &[i64]| -> Vec<i64> {
            times.windows(2).map(|pair| (pair[1] - pair[0]) / 1_000_000).collect()
        };
        assert_eq!(steps(&times).len(), steps(&whole).len(), "{early_ms} ms");
        assert!(steps(&times).iter().all(|step| (0..100).contains(step)), "{early_ms} ms");
    }
}

fn dts_of(segment: &SegmentEvidence) -> Vec<i64> {
    segment.media.tracks[0].units.iter().map(|unit| unit.dts_ns).collect()
}

#[test]
fn a_clock_that_says_that_it_breaks_may_go_back() {
    let capture = samples::Capture::named("ffmpeg-9.0_h264_aac").unwrap();
    let (tracks, units) = recorded(capture.bytes);
    let mut muxer = Muxer::new(&tracks).unwrap();
    let mut out = BytesMut::new();
    muxer.begin(&mut out);
    for _ in 0..2 {
        for unit in &units {
            muxer.write(unit, &mut out).unwrap();
        }
        muxer.finish_segment(&mut out);
        muxer.mark_discontinuity();
    }
    let said = findings(None, &evidence(&out, None));
    let said: Vec<_> = said.iter().map(|(rule, sentence)| (rule.id, sentence)).collect();
    assert!(said.is_empty(), "{said:#?}");
}
