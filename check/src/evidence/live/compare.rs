//! Two versions of a media playlist, held against each other.

use std::collections::BTreeMap;

use hls::read::{MediaPlaylist, Segment};

use super::next_of;

/// What became of a playlist.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// It is the first that was seen.
    First,
    /// It goes on from what it was, or is still the same.
    On,
    /// It is an older version.
    Back,
    /// It is an older version, and so was the answer before.
    StillBack,
    /// Its numbers are lower than before, and it is no older version.
    Renumbered,
    /// One that had ended is replaced by another, whose numbers go on.
    NewBroadcast,
}

/// A segment that is listed otherwise than before.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Changed {
    /// As it was.
    pub before: Segment,
    /// As it is.
    pub after: Segment,
    /// Whether it is the first that is listed now.
    pub is_first: bool,
}

/// Where segments have other numbers than before.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shift {
    /// The number from which on.
    pub sequence: u64,
    /// What has this number now.
    pub uri: String,
    /// The number that it had.
    pub was: u64,
}

/// How far a segment is looked for from its number.
const SHIFT_MAX: u64 = 16;

impl Step {
    /// Whether there is nothing that it could be held against.
    #[must_use]
    pub const fn is_new(self) -> bool {
        matches!(self, Self::First | Self::Renumbered | Self::NewBroadcast)
    }
}

/// What becomes of `before` with `after`. `left` are segments that `before` does not list any more.
pub(super) fn step(
    before: Option<&MediaPlaylist>,
    after: &MediaPlaylist,
    left: &BTreeMap<u64, Segment>,
) -> Step {
    let Some(before) = before else { return Step::First };
    if before.has_ended && after.media_sequence >= next_of(before) && !after.segments.is_empty() {
        return Step::NewBroadcast;
    }
    let is_known = |segment: &Segment| {
        let known = at(before, segment.sequence).or_else(|| left.get(&segment.sequence));
        known.is_none_or(|known| has_same_uri(known, segment))
    };
    let is_shorter = next_of(after) < next_of(before);
    if is_shorter && after.segments.iter().all(is_known) && overlaps(before, after, left) {
        return Step::Back;
    }
    if after.media_sequence < before.media_sequence {
        return Step::Renumbered;
    }
    Step::On
}

/// Whether anything of `after` is known, so that it can be an older version.
fn overlaps(before: &MediaPlaylist, after: &MediaPlaylist, left: &BTreeMap<u64, Segment>) -> bool {
    let is_seen =
        |it: &Segment| at(before, it.sequence).is_some() || left.contains_key(&it.sequence);
    after.segments.is_empty() || after.segments.iter().any(is_seen)
}

/// Segments that both list, and that are not the same.
pub(super) fn changed(before: &MediaPlaylist, after: &MediaPlaylist, max: usize) -> Vec<Changed> {
    let pairs = after.segments.iter().filter_map(|now| Some((at(before, now.sequence)?, now)));
    pairs
        .filter(|(was, now)| !is_same(was, now))
        .take(max)
        .map(|(was, now)| Changed {
            before: was.clone(),
            after: now.clone(),
            is_first: now.sequence == after.media_sequence,
        })
        .collect()
}

/// Whether nothing is said of a segment that was not said before; parts come and go.
fn is_same(was: &Segment, now: &Segment) -> bool {
    was.discontinuity_sequence == now.discontinuity_sequence
        && was.has_discontinuity == now.has_discontinuity
        && was.duration == now.duration
        && was.byte_range == now.byte_range
        && was.date == now.date
        && was.map == now.map
        && was.key == now.key
        && was.further_keys == now.further_keys
        && was.uri == now.uri
}

/// The first segment that has another number than before, if what follows has, too.
pub(super) fn shift(before: &MediaPlaylist, after: &MediaPlaylist) -> Option<Shift> {
    let mut pairs = after.segments.iter().enumerate();
    let (index, first) = pairs
        .find(|(_, now)| at(before, now.sequence).is_some_and(|was| !has_same_uri(was, now)))?;
    let near = (1..=SHIFT_MAX)
        .flat_map(|by| [first.sequence.checked_add(by), first.sequence.checked_sub(by)]);
    let was = near
        .flatten()
        .find(|was| at(before, *was).is_some_and(|segment| has_same_uri(segment, first)))?;
    // One that took the place of another is no shift: what follows must have moved as far.
    let followers = after.segments.get(index..).unwrap_or_default().iter().zip(was..);
    let mut known = followers.filter_map(|(now, was)| Some((at(before, was)?, now)));
    known.all(|(was, now)| has_same_uri(was, now)).then(|| Shift {
        sequence: first.sequence,
        uri: first.uri.clone(),
        was,
    })
}

/// Whether two entries name the same resource. A token in a query may be a new one in each
/// playlist.
pub(crate) fn has_same_uri(one: &Segment, other: &Segment) -> bool {
    let path = |uri: &str| uri.split_once('?').map_or(uri.len(), |(path, _)| path.len());
    one.uri == other.uri || one.uri.get(..path(&one.uri)) == other.uri.get(..path(&other.uri))
}

/// The segment with a number.
fn at(playlist: &MediaPlaylist, sequence: u64) -> Option<&Segment> {
    let first = playlist.segments.first()?.sequence;
    playlist.segments.get(usize::try_from(sequence.checked_sub(first)?).ok()?)
}
