//! How many bits a second segments take (draft-pantos-hls-rfc8216bis, 4.4.6.2: "peak segment bit
//! rate").

use std::collections::VecDeque;
use std::time::Duration;

use hls::read::{MediaPlaylist, Segment};

/// How many bits a second the segments of a rendition take.
#[derive(Clone, Debug, Default)]
pub struct BitRate {
    /// The largest of any run of segments that lasts between a half and one and a half target
    /// durations, in bits a second.
    pub peak: Option<u64>,
    /// Bytes and length of all together.
    total: (u64, u128),
    /// The newest segments, the oldest first.
    recent: VecDeque<Weighed>,
}

/// How many of the newest segments are remembered. They are what a live playlist lists, unless it
/// goes back for longer than players start.
const RECENT_MAX: usize = 64;

/// A segment's number, bytes and length.
#[derive(Clone, Copy, Debug)]
struct Weighed {
    sequence: u64,
    bytes: u64,
    nanos: u128,
}

impl BitRate {
    pub(super) fn take(&mut self, listed: &Segment, bytes: usize, target: Option<Duration>) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let nanos = listed.duration.as_nanos();
        if self
            .recent
            .back()
            .is_some_and(|last| last.sequence.checked_add(1) != Some(listed.sequence))
        {
            self.recent.clear();
        }
        if self.recent.len() >= RECENT_MAX {
            self.recent.pop_front();
        }
        self.recent.push_back(Weighed { sequence: listed.sequence, bytes, nanos });
        self.total.0 = self.total.0.saturating_add(bytes);
        self.total.1 = self.total.1.saturating_add(nanos);
        if let Some(target) = target {
            self.peak = self.peak.max(peak_to(self.recent.iter().rev(), target));
        }
    }

    /// Of all segments together, in bits a second.
    #[must_use]
    pub fn average(&self) -> Option<u64> {
        rate(self.total.0, self.total.1)
    }

    /// Peak and average of the segments that a playlist still lists, if all of those that it lists
    /// are known. What a live stream says of itself is about these.
    #[must_use]
    pub fn of_listed(&self, playlist: &MediaPlaylist) -> Option<(u64, u64)> {
        let fetched = playlist.segments.iter().filter(|segment| !segment.is_gap);
        let listed: Vec<&Weighed> = fetched
            .map(|segment| self.recent.iter().find(|sized| sized.sequence == segment.sequence))
            .collect::<Option<_>>()?;
        self.measure(&listed, playlist.target_duration?)
    }

    /// The peak of those of the segments that a playlist still lists that are known.
    #[must_use]
    pub fn peak_of_listed(&self, playlist: &MediaPlaylist) -> Option<u64> {
        let first = playlist.segments.first()?.sequence;
        let listed: Vec<&Weighed> =
            self.recent.iter().filter(|sized| sized.sequence >= first).collect();
        self.measure(&listed, playlist.target_duration?).map(|(peak, _)| peak)
    }

    fn measure(&self, segments: &[&Weighed], target: Duration) -> Option<(u64, u64)> {
        let ends = 1..=segments.len();
        let peak =
            ends.filter_map(|end| peak_to(segments.get(..end)?.iter().rev().copied(), target));
        let sum = segments.iter().fold((0_u64, 0_u128), |(bytes, nanos), segment| {
            (bytes.saturating_add(segment.bytes), nanos.saturating_add(segment.nanos))
        });
        Some((peak.max()?, rate(sum.0, sum.1)?))
    }
}

/// The largest rate of the runs that end with the first of `segments`, which come newest first.
fn peak_to<'a>(segments: impl Iterator<Item = &'a Weighed>, target: Duration) -> Option<u64> {
    let target = target.as_nanos();
    let (mut bytes, mut nanos, mut peak, mut next) = (0_u64, 0_u128, None, None);
    for segment in segments {
        bytes = bytes.saturating_add(segment.bytes);
        nanos = nanos.saturating_add(segment.nanos);
        let is_gap = next.is_some_and(|next: u64| segment.sequence.checked_add(1) != Some(next));
        if is_gap || nanos.saturating_mul(2) > target.saturating_mul(3) {
            break;
        }
        if nanos.saturating_mul(2) >= target {
            peak = peak.max(rate(bytes, nanos));
        }
        next = Some(segment.sequence);
    }
    peak
}

fn rate(bytes: u64, nanos: u128) -> Option<u64> {
    let bits = u128::from(bytes) * 8_000_000_000;
    u64::try_from(bits.checked_div(nanos)?).ok()
}
