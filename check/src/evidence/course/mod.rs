//! What the segments of a rendition were like, one after the other.

mod bit_rate;
mod run;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

use media::TrackKind;

pub use bit_rate::BitRate;
pub use run::{Drift, FrameRate, Run};

use super::SegmentEvidence;

/// What the segments of a rendition were like: sums and extremes, so that it stays small however
/// many there are.
#[derive(Clone, Debug, Default)]
pub struct Course {
    /// How many there were.
    pub segments: u64,
    /// All `EXTINF` together.
    pub listed: Duration,
    /// The longest `EXTINF`.
    pub longest: Duration,
    /// How many bits a second they take.
    pub bit_rate: BitRate,
    /// The segments since the newest break, if they can be looked into.
    pub run: Option<Run>,
    /// The largest distance between key frames, and the number of the segment of the later one.
    pub longest_gop: Option<(u64, i64)>,
    /// Where `EXTINF` together were furthest from the times of the media, if that is too far.
    pub listed_drift: Option<Drift>,
    /// Where sound and pictures had drifted furthest apart, if that is too far.
    pub sound_drift: Option<Drift>,
    /// When the newest segments begin, the oldest first; at most 64.
    pub starts: VecDeque<Start>,
}

/// When a segment begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Start {
    /// Its media sequence number.
    pub sequence: u64,
    /// Its discontinuity sequence number.
    pub discontinuity_sequence: u64,
    /// Pictures, or sound where there are none.
    pub kind: TrackKind,
    /// When the first of them begins.
    pub first_ns: i64,
}

/// How many starts are kept: what is compared between renditions is near the live edge.
const STARTS_MAX: usize = 64;

impl Course {
    /// Takes in the next segment that was fetched.
    pub fn take(&mut self, segment: &SegmentEvidence) {
        let listed = &segment.listed;
        self.segments = self.segments.saturating_add(1);
        self.listed = self.listed.saturating_add(listed.duration);
        self.longest = self.longest.max(listed.duration);
        self.bit_rate.take(listed, segment.bytes.len(), segment.target_duration);
        if !segment.is_readable() {
            self.run = None;
            return;
        }
        let Some(times) = segment.media.main_times() else { return };
        self.note_start(Start {
            sequence: listed.sequence,
            discontinuity_sequence: listed.discontinuity_sequence,
            kind: times.kind,
            first_ns: times.first_ns,
        });
        let goes_on = |run: &Run| run.goes_on_with(listed, &times);
        let mut run = self.run.take().filter(goes_on).unwrap_or_else(|| Run::new(&times));
        run.take(segment, &times);
        self.listed_drift = Drift::worse(self.listed_drift, run.listed_drift());
        self.sound_drift = Drift::worse(self.sound_drift, run.sound_drift());
        if let Some(gop) = run.longest_gop_ns()
            && self.longest_gop.is_none_or(|(_, longest)| gop > longest)
        {
            self.longest_gop = Some((listed.sequence, gop));
        }
        self.run = Some(run);
    }

    fn note_start(&mut self, start: Start) {
        if self.starts.len() >= STARTS_MAX {
            self.starts.pop_front();
        }
        self.starts.push_back(start);
    }
}
