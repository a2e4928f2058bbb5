//! Segments, by themselves and against the one before.

use container::fmp4::{Fault, FourCc};

use crate::evidence::{
    BorderEvidence, Fmp4Segment, Fmp4Track, SegmentEvidence, SegmentKind, Sightings,
};
use crate::finding::Faults;

/// How far times may be off where one fragment ends and the next begins: what rounding to a coarse
/// timescale costs, and less than anybody sees or hears.
const TOLERANCE_NS: i128 = 1_000_000;

/// What is in a segment of fragmented MP4.
const fn facts(segment: &SegmentEvidence) -> Option<&Fmp4Segment> {
    match &segment.media.kind {
        SegmentKind::Fmp4(facts) => Some(facts),
        SegmentKind::Ts(_)
        | SegmentKind::PackedAudio
        | SegmentKind::WebVtt
        | SegmentKind::Unknown => None,
    }
}

/// The same if all of it could be read: what is missing at the end says nothing more.
fn whole(segment: &SegmentEvidence) -> Option<&Fmp4Segment> {
    facts(segment).filter(|facts| facts.error.is_none())
}

impl Fmp4Segment {
    /// How many boxes of a kind are at the top.
    fn count(&self, kind: &[u8; 4]) -> usize {
        self.boxes.iter().filter(|other| other.0 == *kind).count()
    }
}

pub(super) fn map(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    if facts(segment).is_some() && segment.listed.map.is_none() {
        faults.add("no EXT-X-MAP holds for this segment of fragmented MP4");
    }
}

pub(super) fn boxes(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    if let Some(error) = facts(segment).and_then(|facts| facts.error) {
        let bytes = segment.bytes.len();
        faults.add(format!("reading its {bytes} bytes ends with: {error}"));
    }
}

pub(super) fn styp(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    let Some(facts) = facts(segment) else { return };
    match facts.boxes.first() {
        Some(FourCc([b's', b't', b'y', b'p'])) | None => {}
        Some(first) => faults.add(format!("it starts with {first:?}")),
    }
}

pub(super) fn moof(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    let Some(facts) = whole(segment) else { return };
    let (headers, data) = (facts.count(b"moof"), facts.count(b"mdat"));
    if headers == 0 || headers > data {
        faults.add(format!("there are {headers} `moof` and {data} `mdat`"));
    }
}

pub(super) fn moov(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    if facts(segment).is_some_and(|facts| facts.count(b"moov") > 0) {
        faults.add("there is a `moov` in it");
    }
}

pub(super) fn mdat(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    let Some(facts) = whole(segment) else { return };
    // Where some are missing, that is another fault.
    let is_whole = (1..=facts.count(b"mdat")).contains(&facts.count(b"moof"));
    let is_astray = |fault: &&Fault| matches!(fault, Fault::Misplaced(kind) if matches!(&kind.0, b"moof" | b"mdat"));
    if is_whole && let Some(fault) = facts.faults.iter().find(is_astray) {
        faults.add(fault.to_string());
    }
}

pub(super) fn tracks(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    // Without an initialization section no track is known, and it is that which is missing.
    let Some(facts) = facts(segment).filter(|facts| facts.has_init) else { return };
    let mut told = Vec::new();
    for fault in &facts.faults {
        if let Fault::UnknownTrack(track) = fault
            && !told.contains(track)
        {
            told.push(*track);
            let known: Vec<_> = facts.tracks.iter().map(|track| track.id.to_string()).collect();
            let known = known.join(", ");
            faults.add(format!("there is a `traf` of track {track}; the tracks are {known}"));
        }
    }
}

pub(super) fn base(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    let Some(facts) = facts(segment) else { return };
    let is_base = |fault: &&Fault| matches!(fault, Fault::Base(_));
    let count = facts.faults.iter().filter(is_base).count();
    if let Some(first) = facts.faults.iter().find(is_base) {
        faults.add(format!("in {count} `traf`: {first}"));
    }
}

pub(super) fn decode_times(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    let Some(facts) = facts(segment) else { return };
    let without = |fault: &&Fault| matches!(fault, Fault::NoDecodeTime(_));
    let count = facts.faults.iter().filter(without).count();
    if let Some(first) = facts.faults.iter().find(without) {
        faults.add(format!("{count} `traf` without `tfdt`: {first}"));
    }
}

pub(super) fn continues(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    let Some(facts) = facts(segment) else { return };
    for fault in &facts.faults {
        let Fault::Gap { track: id, expected, actual } = fault else { continue };
        let Some(track) = facts.tracks.iter().find(|track| track.id == *id) else { continue };
        let (expected, actual) = (time(*expected, track), time(*actual, track));
        if expected.abs_diff(actual) > TOLERANCE_NS.unsigned_abs() {
            faults.add(gap("a fragment", *id, expected, actual));
        }
    }
}

pub(super) fn continues_across(border: &BorderEvidence<'_>, faults: &mut Faults<'_>) {
    let (Some(before), Some(after)) = (whole(border.before), whole(border.after)) else { return };
    if border.after.listed.has_discontinuity {
        return;
    }
    for track in &after.tracks {
        let same = before.tracks.iter().find(|other| other.id == track.id);
        let Some((same, expected)) = same.and_then(|same| Some((same, same.end?))) else {
            continue;
        };
        let Some(actual) = track.start else { continue };
        let (expected, actual) = (time(expected, same), time(actual, track));
        if expected.abs_diff(actual) > TOLERANCE_NS.unsigned_abs() {
            faults.add(gap("the segment", track.id, expected, actual));
        }
    }
}

/// A time of a track in nanoseconds.
fn time(ticks: i64, track: &Fmp4Track) -> i128 {
    let nanoseconds = i128::from(ticks) * 1_000_000_000;
    nanoseconds.checked_div(i128::from(track.timescale)).unwrap_or(0)
}

/// Says where something begins, and where it should.
fn gap(what: &str, track: u32, expected: i128, actual: i128) -> String {
    let seconds = |time: i128| {
        let micros = time.div_euclid(1_000);
        format!("{}.{:06}", micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000))
    };
    let kind = if actual > expected { "missing" } else { "there twice" };
    format!(
        "{what} of track {track} starts at {} s, what is before it ends at {} s: {} s are {kind}",
        seconds(actual),
        seconds(expected),
        seconds((actual - expected).abs())
    )
}

pub(super) fn numbers(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    let Some(facts) = facts(segment) else { return };
    for fault in &facts.faults {
        if let Fault::Sequence { last, actual } = fault {
            faults.add(format!("the fragment {actual} follows the fragment {last}"));
        }
    }
}

pub(super) fn numbers_across(border: &BorderEvidence<'_>, faults: &mut Faults<'_>) {
    let (Some(before), Some(after)) = (facts(border.before), facts(border.after)) else { return };
    if border.after.listed.has_discontinuity {
        return;
    }
    let last = before.fragments.last().map(|fragment| fragment.number);
    let first = after.fragments.first().map(|fragment| fragment.number);
    if let (Some(last), Some(first)) = (last, first)
        && first <= last
    {
        faults.add(format!("it starts with the fragment {first}, behind the fragment {last}"));
    }
}

pub(super) fn data(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    let Some(facts) = whole(segment).filter(|facts| facts.count(b"mdat") > 0) else { return };
    for track in &facts.tracks {
        say(faults, track, &track.outside, "are in no `mdat`");
    }
}

pub(super) fn nal_units(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    for track in tracks_of(segment) {
        say(faults, track, &track.broken, "have NAL units that are not whole");
    }
}

pub(super) fn in_band(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    for track in tracks_of(segment).iter().filter(|track| super::has_sets_ahead(track.entry)) {
        let what = format!("have parameter sets under {:?}", track.entry);
        say(faults, track, &track.in_band, &what);
    }
}

pub(super) fn sync_flags(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    for track in tracks_of(segment) {
        say(faults, track, &track.wrong_flags, "have flags that their bytes contradict");
    }
}

pub(super) fn durations(segment: &SegmentEvidence, faults: &mut Faults<'_>) {
    for track in tracks_of(segment) {
        say(faults, track, &track.zero_durations, "have no duration");
    }
}

fn tracks_of(segment: &SegmentEvidence) -> &[Fmp4Track] {
    facts(segment).map_or(&[], |facts| &facts.tracks)
}

fn say(faults: &mut Faults<'_>, track: &Fmp4Track, seen: &Sightings, what: &str) {
    let Sightings { count, first } = seen;
    if *count > 0 {
        let (id, samples) = (track.id, track.samples);
        faults.add(format!("{count} of {samples} samples of track {id} {what} (first: {first})"));
    }
}
