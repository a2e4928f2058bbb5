//! When the units of a track are shown or heard.

use media::TrackKind;

use super::{SegmentEvidence, SegmentMedia, TrackMedia};

/// The times of a track in one segment, in the order in which its units are shown or heard.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Times {
    /// Pictures or sound.
    pub kind: TrackKind,
    /// How many units there are; not 0.
    pub count: usize,
    /// When the first one begins.
    pub first_ns: i64,
    /// When the one begins that is decoded first. Pictures that need the segment before may come
    /// before it.
    pub opens_ns: i64,
    /// When the last one begins.
    pub last_ns: i64,
    /// When the last one ends: by its own length, or by the usual one.
    pub end_ns: i64,
    /// How far units usually are from one another (the median), or how long they last.
    pub usual_ns: Option<i64>,
    /// How long all units last together.
    pub content_ns: i64,
    /// The largest distance from one unit to the next, and when the earlier of the two begins.
    pub longest: Option<(i64, i64)>,
    /// Distances that are as they usually are, within a half: how many, and their sum.
    pub regular: (usize, i64),
}

impl TrackMedia {
    /// Its times, or `None` if it has no units. It costs little, but is worked out each time.
    #[must_use]
    pub fn times(&self) -> Option<Times> {
        let mut starts: Vec<i64> = self.units.iter().map(|unit| unit.pts_ns).collect();
        starts.sort_unstable();
        let (&first_ns, &last_ns) = (starts.first()?, starts.last()?);
        let distances: Vec<i64> = starts
            .iter()
            .zip(starts.iter().skip(1))
            .map(|(one, next)| next.saturating_sub(*one))
            .collect();
        let usual_ns = self.usual_ns(&distances);
        let usual_or_none = usual_ns.unwrap_or_default();
        let last = self.units.iter().find(|unit| unit.pts_ns == last_ns)?;
        let last_length = last.length_ns.filter(|&length| length > 0).unwrap_or(usual_or_none);
        let lengths = self.units.iter().map(|unit| unit.length_ns.unwrap_or(usual_or_none));
        let longest = distances.iter().zip(&starts).max_by_key(|(distance, _)| **distance);
        let regular = distances.iter().filter(|&&distance| is_regular(distance, usual_or_none));
        Some(Times {
            kind: self.kind,
            count: starts.len(),
            first_ns,
            opens_ns: self.units.first()?.pts_ns,
            last_ns,
            end_ns: last_ns.saturating_add(last_length),
            usual_ns,
            content_ns: lengths.fold(0, i64::saturating_add),
            longest: longest.map(|(&distance, &at)| (distance, at)),
            regular: (
                regular.clone().count(),
                regular.fold(0, |sum, distance| sum.saturating_add(*distance)),
            ),
        })
    }

    /// Sound lasts as long as its units say. Pictures are as far apart as they are: what is said of
    /// them is how far apart they are decoded.
    fn usual_ns(&self, distances: &[i64]) -> Option<i64> {
        let lengths = || self.units.iter().filter_map(|unit| unit.length_ns);
        let from_distances = || median(distances.iter().copied());
        let usual = match self.kind {
            TrackKind::Video => from_distances().or_else(|| median(lengths())),
            TrackKind::Audio => median(lengths()).or_else(from_distances),
        };
        usual.filter(|&usual| usual > 0)
    }
}

impl Times {
    /// From the beginning of the first unit to the end of the last.
    #[must_use]
    pub const fn length_ns(&self) -> i64 {
        self.end_ns.saturating_sub(self.first_ns)
    }

    /// Whether pictures come when they please, as those of a screen do: a quarter of the distances
    /// are unusual, or several and a twentieth. Pictures that are lost in one place leave up to
    /// three, since they are not decoded in their order.
    #[must_use]
    pub const fn is_variable(&self) -> bool {
        let distances = self.count.saturating_sub(1);
        let unusual = distances.saturating_sub(self.regular.0);
        unusual.saturating_mul(4) > distances
            || (unusual > 3 && unusual.saturating_mul(20) > distances)
    }

    /// How far from one another units may be at most without anything being wrong, if that can be
    /// known.
    #[must_use]
    pub fn frame_ns(&self) -> Option<i64> {
        let longest = self.longest.map(|(distance, _)| distance);
        match self.kind {
            TrackKind::Video if self.is_variable() => longest.max(self.usual_ns),
            TrackKind::Video | TrackKind::Audio => self.usual_ns,
        }
    }
}

impl SegmentMedia {
    /// The times of the tracks of a kind, in their order; those without units are left out.
    pub fn times_of(&self, kind: TrackKind) -> impl Iterator<Item = Times> + '_ {
        self.tracks.iter().filter(move |track| track.kind == kind).filter_map(TrackMedia::times)
    }

    /// The times of the track that a segment is measured by: its pictures, or its sound if there
    /// are none.
    #[must_use]
    pub fn main_times(&self) -> Option<Times> {
        self.times_of(TrackKind::Video).next().or_else(|| self.times_of(TrackKind::Audio).next())
    }
}

impl SegmentEvidence {
    /// Whether its media can be looked into: it is not encrypted.
    #[must_use]
    pub const fn is_readable(&self) -> bool {
        self.listed.key.is_none()
    }

    /// `EXTINF` in nanoseconds.
    #[must_use]
    pub fn listed_ns(&self) -> i64 {
        i64::try_from(self.listed.duration.as_nanos()).unwrap_or(i64::MAX)
    }
}

/// Whether a distance is between a half of the usual one and one and a half.
const fn is_regular(distance: i64, usual: i64) -> bool {
    let doubled = distance.saturating_mul(2);
    doubled >= usual && doubled <= usual.saturating_mul(3)
}

/// The middle one; of two the smaller.
fn median(values: impl Iterator<Item = i64>) -> Option<i64> {
    let mut values: Vec<i64> = values.collect();
    let middle = values.len().checked_sub(1)? / 2;
    let (_, median, _) = values.select_nth_unstable(middle);
    Some(*median)
}
