//! Variants against one another, as their playlists show them (RFC 8216, 6.2.4).

use std::collections::BTreeMap;
use std::time::Duration;

use hls::read::{MediaPlaylist, Segment};

use super::super::playlist::is_live;
use super::listed::has_video;
use crate::evidence::{PresentationEvidence, RenditionEvidence};
use crate::finding::Faults;

/// What the same boundaries and dates may differ by.
const OFF: Duration = Duration::from_millis(100);

pub(super) fn target_durations_are_the_same(
    presentation: &PresentationEvidence<'_>,
    faults: &mut Faults<'_>,
) {
    // Subtitles and I-frames may have another one.
    let is_bound =
        |it: &&RenditionEvidence<'_>| !it.playlist.is_i_frames_only && !is_text(it.playlist);
    let mut bound = presentation.renditions.iter().filter(is_bound);
    let Some(first) = bound.next() else { return };
    for other in bound {
        let (Some(one), Some(another)) =
            (first.playlist.target_duration, other.playlist.target_duration)
        else {
            continue;
        };
        if one != another {
            let (here, there) = (other.url.path(), first.url.path());
            let (one, another) = (one.as_secs_f64(), another.as_secs_f64());
            faults.add(format!("{here} has a target of {another} s, and {there} of {one} s"));
        }
    }
}

pub(super) fn segments_are_aligned(
    presentation: &PresentationEvidence<'_>,
    faults: &mut Faults<'_>,
) {
    each_pair(presentation, |first, other| {
        if let Common::Not { sequence } = common(first.playlist, other.playlist) {
            let (here, there) = (other.url.path(), first.url.path());
            faults.add(format!("segment {sequence} of {here} is cut otherwise than in {there}"));
        }
    });
}

pub(super) fn breaks_are_the_same(
    presentation: &PresentationEvidence<'_>,
    faults: &mut Faults<'_>,
) {
    each_pair(presentation, |first, other| {
        let Common::Pairs(pairs) = common(first.playlist, other.playlist) else { return };
        let differs = |(one, another): &&(&Segment, &Segment)| {
            one.discontinuity_sequence != another.discontinuity_sequence
        };
        if let Some((one, another)) = pairs.iter().find(differs) {
            let (here, there) = (other.url.path(), first.url.path());
            let (one, another, sequence) =
                (one.discontinuity_sequence, another.discontinuity_sequence, another.sequence);
            faults.add(format!(
                "segment {sequence} has the discontinuity sequence number {another} in {here}, \
                 and {one} in {there}"
            ));
        }
    });
}

pub(super) fn dates_are_the_same(presentation: &PresentationEvidence<'_>, faults: &mut Faults<'_>) {
    each_pair(presentation, |first, other| {
        let Common::Pairs(pairs) = common(first.playlist, other.playlist) else { return };
        let off_by = |(one, another): &(&Segment, &Segment)| {
            let off = date(another)?.saturating_sub(date(one)?);
            (off.unsigned_abs() > OFF.as_nanos()).then_some((another.sequence, off / 1_000_000))
        };
        if let Some((sequence, off_ms)) = pairs.iter().find_map(off_by) {
            let (here, there) = (other.url.path(), first.url.path());
            faults.add(format!(
                "segment {sequence} is dated {off_ms} ms later in {here} than in {there}"
            ));
        }
    });
}

pub(super) fn edges_are_near(presentation: &PresentationEvidence<'_>, faults: &mut Faults<'_>) {
    // Playlists are not asked for at one time, so that one more may be missing.
    const APART_MAX: u64 = 2;
    each_pair(presentation, |first, other| {
        if !is_live(first.playlist) || !is_live(other.playlist) {
            return;
        }
        // Where numbers are not the same, the last pair says how they differ.
        let Common::Pairs(pairs) = common(first.playlist, other.playlist) else { return };
        let Some((one, another)) = pairs.last() else { return };
        let behind = |playlist: &MediaPlaylist, last: &Segment| {
            playlist.segments.last().map_or(0, |it| it.sequence.saturating_sub(last.sequence))
        };
        let apart = behind(first.playlist, one).max(behind(other.playlist, another));
        if apart > APART_MAX {
            let (here, there) = (other.url.path(), first.url.path());
            faults.add(format!("{here} and {there} end {apart} segments apart"));
        }
    });
}

/// Segments of two playlists that are the same piece of content.
enum Common<'a> {
    /// These are.
    Pairs(Vec<(&'a Segment, &'a Segment)>),
    /// They are not cut at the same times: from this segment of the second one on.
    Not { sequence: u64 },
    /// That cannot be told: nothing is in both.
    Unknown,
}

/// Finds them by their numbers, where numbers and dates agree; by their dates, where the numbers of
/// one began otherwise; and without dates by how long they are.
fn common<'a>(one: &'a MediaPlaylist, other: &'a MediaPlaylist) -> Common<'a> {
    let numbered = pairs(one, other, 0);
    let fits = !numbered.is_empty() && numbered.iter().all(is_as_long);
    let is_near = numbered.iter().all(|(a, b)| match (date(a), date(b)) {
        // By a whole segment or more it is another one, with a number of its own.
        (Some(at), Some(other)) => at.abs_diff(other) < a.duration.as_nanos() / 2,
        (None, _) | (_, None) => true,
    });
    if fits && is_near {
        return Common::Pairs(numbered);
    }
    let has_dates =
        |playlist: &MediaPlaylist| playlist.segments.iter().all(|it| date(it).is_some());
    if has_dates(one) && has_dates(other) {
        return match by_date(one, other) {
            Common::Pairs(dated) => Common::Pairs(dated),
            // Cut alike under the same numbers, they are the same, and the dates are wrong.
            Common::Not { .. } | Common::Unknown if fits => Common::Pairs(numbered),
            Common::Not { sequence } => Common::Not { sequence },
            Common::Unknown => Common::Unknown,
        };
    }
    // Without dates, numbers may have begun otherwise: that is enough to see that segments are
    // aligned, and too little to hold one against the other.
    let is_shifted = |shift: &i128| {
        let shifted = pairs(one, other, *shift);
        !shifted.is_empty() && shifted.iter().all(is_as_long)
    };
    if SHIFTS.iter().any(is_shifted) {
        return Common::Unknown;
    }
    match numbered.iter().find(|pair| !is_as_long(pair)) {
        Some((_, wrong)) => Common::Not { sequence: wrong.sequence },
        None => Common::Unknown,
    }
}

/// How far numbers of two variants may be apart without dates that show it.
const SHIFTS: [i128; 6] = [-1, 1, -2, 2, -3, 3];

/// Segments of `other` that begin when one of `one` does. Both have dates.
fn by_date<'a>(one: &'a MediaPlaylist, other: &'a MediaPlaylist) -> Common<'a> {
    let begins: BTreeMap<i128, &Segment> =
        one.segments.iter().filter_map(|it| Some((date(it)?, it))).collect();
    let (Some((first, _)), Some((last, _))) = (begins.first_key_value(), begins.last_key_value())
    else {
        return Common::Unknown;
    };
    let off = i128::try_from(OFF.as_nanos()).unwrap_or_default();
    let mut pairs = Vec::new();
    for segment in &other.segments {
        let Some(at) = date(segment).filter(|at| (*first..=*last).contains(at)) else { continue };
        match begins.range(at - off..=at + off).next() {
            Some((_, same)) => pairs.push((*same, segment)),
            None => return Common::Not { sequence: segment.sequence },
        }
    }
    if pairs.is_empty() { Common::Unknown } else { Common::Pairs(pairs) }
}

/// Segments with the same number, or numbers that are so far apart.
fn pairs<'a>(
    one: &'a MediaPlaylist,
    other: &'a MediaPlaylist,
    shift: i128,
) -> Vec<(&'a Segment, &'a Segment)> {
    let first = one.segments.first().map_or(0, |it| i128::from(it.sequence));
    other
        .segments
        .iter()
        .filter_map(|segment| {
            let index = i128::from(segment.sequence) + shift - first;
            Some((one.segments.get(usize::try_from(index).ok()?)?, segment))
        })
        .collect()
}

fn is_as_long(pair: &(&Segment, &Segment)) -> bool {
    pair.0.duration.abs_diff(pair.1.duration) <= OFF
}

fn date(segment: &Segment) -> Option<i128> {
    segment.date.as_ref().and_then(|(_, nanos)| *nanos)
}

/// Each variant with pictures against the first of them. Sound is cut at frames of its own, and
/// pictures alone at each of them.
fn each_pair<'a>(
    presentation: &PresentationEvidence<'a>,
    mut check: impl FnMut(&RenditionEvidence<'a>, &RenditionEvidence<'a>),
) {
    let has_pictures = |it: &&RenditionEvidence<'_>| {
        it.variant.is_some_and(has_video) && !it.playlist.is_i_frames_only
    };
    let mut variants = presentation.renditions.iter().filter(has_pictures);
    let Some(first) = variants.next() else { return };
    variants.for_each(|other| check(first, other));
}

/// Whether it lists WebVTT.
fn is_text(playlist: &MediaPlaylist) -> bool {
    let first = playlist.segments.first().map(|segment| segment.uri.as_str()).unwrap_or_default();
    let path = first.split(['?', '#']).next().unwrap_or_default();
    [".vtt", ".webvtt"].iter().any(|end| path.to_ascii_lowercase().ends_with(end))
}
