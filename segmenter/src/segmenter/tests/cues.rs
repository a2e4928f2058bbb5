//! Cues, and changes that come at awkward moments.

use bytes::Bytes;
use container::fmp4::Reader;

use super::tracks::{FMP4, VIDEO_1, announce, firsts, split};
use super::*;
use crate::{Cue, NewDateRange};

fn range(id: &str, duration_ms: Option<u64>) -> NewDateRange {
    NewDateRange {
        id: id.into(),
        class: None,
        duration_ms,
        planned_duration_ms: None,
        attributes: BTreeMap::new(),
        is_splice: false,
        returns_after_ms: None,
    }
}

/// What comes out of pictures with a key frame every second, and cues at their times.
fn run(seconds: u32, cues: &[(u32, Cue)]) -> Vec<Output> {
    let mut segmenter = Segmenter::new(FMP4);
    announce(&mut segmenter, &[TrackId::VIDEO]);
    for second in 0..seconds {
        let of_second = second * 1_000..(second + 1) * 1_000;
        for (at, cue) in cues.iter().filter(|(at, _)| of_second.contains(at)) {
            segmenter.cue(*at, cue.clone());
        }
        let mut units = series(&format!("v{}-{}", of_second.start, of_second.end));
        feed(&mut segmenter, &mut units);
    }
    segmenter.finish();
    std::iter::from_fn(|| segmenter.pull()).collect()
}

#[test]
fn a_break_that_ends_by_itself_begins_a_segment_there_as_well() {
    let splice =
        NewDateRange { is_splice: true, returns_after_ms: Some(4_000), ..range("a", None) };
    let (_, segments) = split(run(10, &[(3_000, Cue::DateRange(splice))]));
    assert_eq!(show(&segments), "0-2000 2000-3000 3000-5000 5000-7000 7000-9000 9000-10000");
    let splice =
        NewDateRange { is_splice: true, returns_after_ms: Some(3_000), ..range("a", None) };
    let (_, segments) = split(run(10, &[(3_000, Cue::DateRange(splice))]));
    assert_eq!(show(&segments), "0-2000 2000-3000 3000-5000 5000-6000 6000-8000 8000-10000");
}

#[test]
fn every_cut_that_was_asked_for_is_made() {
    let (_, segments) = split(run(8, &[(100, Cue::Cut), (150, Cue::Cut), (5_000, Cue::Cut)]));
    assert_eq!(show(&segments), "0-1000 1000-3000 3000-5000 5000-7000 7000-8000");
}

#[test]
fn the_end_of_a_range_says_its_beginning_too() {
    let cues = [
        (1_000, Cue::DateRange(range("a", None))),
        (4_000, Cue::DateRange(range("a", Some(0)))),
        (5_000, Cue::DateRange(range("a", Some(0)))),
    ];
    let told = run(7, &cues).into_iter().filter_map(|output| match output {
        Output::DateRange(range) => Some((range.start_ms - 1_000_000, range.duration_ms)),
        Output::Init(_) | Output::Part(_) | Output::PartBytes(_) | Output::Segment(_) => None,
    });
    let told: Vec<_> = told.collect();
    assert_eq!(told, [(1_000, None), (1_000, Some(3_000)), (5_000, Some(0))]);
}

#[test]
fn parameters_that_change_with_every_key_frame_do_not_break_every_moment() {
    let mut segmenter = Segmenter::new(FMP4);
    announce(&mut segmenter, &[TrackId::VIDEO]);
    for number in 0..250 {
        segmenter.track(track(if number % 2 == 0 { "V" } else { "W" })).unwrap();
        let mut units = series(&format!("v{}-{}", number * 40, number * 40 + 40));
        feed(&mut segmenter, &mut units);
    }
    segmenter.finish();
    let (_, segments) = split(std::iter::from_fn(|| segmenter.pull()).collect());
    assert!((5..=26).contains(&segments.len()), "{}", show(&segments));
    let end = segments.last().unwrap().new.end - segments[0].new.start;
    assert_eq!(boundary_ms(end), 10_000, "{}", show(&segments));
}

#[test]
fn parameters_that_change_and_change_back_lose_nothing_of_what_follows() {
    let mut segmenter = Segmenter::new(FMP4);
    announce(&mut segmenter, &[TrackId::VIDEO]);
    let mut units = series("v0-2000");
    feed(&mut segmenter, &mut units);
    for word in ["W", "V"] {
        segmenter.track(track(word)).unwrap();
    }
    let mut units = [series("v2000-4000"), series("v4000-6000")].concat();
    feed(&mut segmenter, &mut units);
    segmenter.finish();
    let (_, segments) = split(std::iter::from_fn(|| segmenter.pull()).collect());
    assert_eq!(show(&segments), "0-2000 |2000-4000 4000-6000");
    assert_eq!(segmenter.repairs().dropped, 0);
}

/// Sound comes 300 ms late, so the boundary at 2,000 is still open when the pictures change at
/// 2,240: those between are coded as before.
#[test]
fn pictures_at_an_open_boundary_keep_the_parameters_that_they_came_with() {
    let mut segmenter = Segmenter::new(FMP4);
    announce(&mut segmenter, &[TrackId::VIDEO, TrackId::AUDIO]);
    let words = ["v0-2000", "v2000-2240", "v2240-4000", "a0-4000"];
    let mut units: Vec<_> = words.iter().flat_map(|word| series(word)).collect();
    let late = |unit: &AccessUnit| i64::from(unit.track.kind == TrackKind::Audio) * 300;
    units.sort_by_key(|unit| unit.dts.ticks() + late(unit));
    for unit in units {
        if unit.track.kind == TrackKind::Video && unit.dts.ticks() == 2_240 {
            segmenter.track(track("W")).unwrap();
        }
        segmenter.push(unit, 0);
    }
    segmenter.finish();
    let (_, segments) = split(std::iter::from_fn(|| segmenter.pull()).collect());
    assert_eq!(show(&segments), "0-2000 2000-2240 |2240-4000");
    assert_eq!(segmenter.repairs().dropped, 0);
}

/// A track that waits for its first key frame does not cost another one its own.
#[test]
fn the_key_frame_of_another_track_that_comes_a_moment_before_is_kept() {
    let other = |unit: AccessUnit| AccessUnit { track: VIDEO_1, ..unit };
    let mut segmenter = Segmenter::new(FMP4);
    // With all kinds announced it begins as soon as it can.
    announce(&mut segmenter, &[TrackId::VIDEO, VIDEO_1, TrackId::AUDIO]);
    let early = series("w0-40").into_iter();
    let mut pairs = Vec::new();
    for picture in [series("v40-2000"), series("v2000-4000")].concat() {
        pairs.extend([other(picture.clone()), picture]);
    }
    early.chain(pairs).for_each(|unit| segmenter.push(unit, 0));
    segmenter.finish();
    let (inits, segments) = split(std::iter::from_fn(|| segmenter.pull()).collect());
    assert_eq!(firsts(&inits, &segments[0]), "fmp4 0, fmp4-v1 0");
}

#[test]
fn a_track_without_a_key_frame_yet_waits_for_one() {
    let other = |unit: AccessUnit| AccessUnit { track: VIDEO_1, ..unit };
    let first = [series("v0-2000"), series("v2000-4000")].concat();
    let second = [series("w0-1000"), series("v1000-2000"), series("v2000-4000")].concat();
    let mut units: Vec<_> = first.into_iter().chain(second.into_iter().map(other)).collect();
    let mut segmenter = Segmenter::new(FMP4);
    announce(&mut segmenter, &[TrackId::VIDEO, VIDEO_1]);
    feed(&mut segmenter, &mut units);
    segmenter.finish();
    let (inits, segments) = split(std::iter::from_fn(|| segmenter.pull()).collect());
    assert_eq!(firsts(&inits, &segments[0]), "fmp4 0, fmp4-v1 1000");
    assert!(segments[0].new.independent);
}

#[test]
fn every_tag_is_an_event_of_its_own() {
    let tag = Cue::Id3(Bytes::from_static(b"ID3\x04\0\0\0\0\0\x0bTIT2\0\0\0\x01\0\0\x03"));
    let (inits, segments) = split(run(2, &[(500, tag.clone()), (1_500, tag)]));
    let reader = Reader::open(&inits[0].body).unwrap();
    let read = reader.read_segment(&segments[0].bodies[0]).unwrap();
    let ids: Vec<_> = read.messages.iter().map(|message| message.id).collect();
    assert_eq!(ids, [0, 1]);
}
