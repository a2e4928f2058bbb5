//! What is to be said besides the media, at its moment.

use timeline::DateRange;

use super::Segmenter;
use crate::{Cue, Output};

/// Ranges that are remembered until they end: breaks do not nest deeper.
const OPEN_RANGES_MAX: usize = 16;
/// Cuts that may be asked for ahead of time. Splices are announced seconds before, not hundreds.
const CUTS_MAX: usize = 64;

impl Segmenter {
    /// Takes in something to be said at the publisher's `timestamp_ms`.
    pub fn cue(&mut self, timestamp_ms: u32, cue: Cue) {
        match self.clock.locate(timestamp_ms) {
            Some(at) => self.settle(at, cue),
            None => self.early_cues.push(timestamp_ms, cue),
        }
    }

    /// Does what a cue asks for at `at` on the timeline, as soon as that can be done.
    pub(super) fn settle(&mut self, at: i64, cue: Cue) {
        match cue {
            Cue::Id3(_) => self.tags.push(at, cue),
            Cue::Cut if self.cuts_at.len() < CUTS_MAX => drop(self.cuts_at.insert(at)),
            Cue::Cut => {}
            Cue::DateRange(range) => match self.calendar.date_of(at) {
                Some(start_ms) => {
                    if range.is_splice {
                        self.settle(at, Cue::Cut);
                    }
                    if let Some(after_ms) = range.returns_after_ms {
                        let ticks = i64::try_from(after_ms).unwrap_or(i64::MAX).saturating_mul(90);
                        self.settle(at.saturating_add(ticks), Cue::Cut);
                    }
                    let range = self.with_its_beginning(range.at(start_ms));
                    self.outputs.push_back(Output::DateRange(range));
                }
                None => self.cues.push(at, Cue::DateRange(range)),
            },
        }
    }

    /// What is known of a range that has begun and not ended goes into its later entries: each says
    /// all, whichever of them a reader begins with.
    fn with_its_beginning(&mut self, range: DateRange) -> DateRange {
        let Some(mut begun) = self.open_ranges.remove(&range.id) else {
            if range.duration_ms.is_none() && self.open_ranges.len() < OPEN_RANGES_MAX {
                self.open_ranges.insert(range.id.clone(), range.clone());
            }
            return range;
        };
        begun.add(&range);
        begun
    }

    /// Says in the segments what was to be said up to `until` on the timeline.
    pub(super) fn write_tags(&mut self, until: i64) {
        let Some(start) = self.open.as_ref().map(|open| open.start) else { return };
        while let Some((at, cue)) = self.tags.pop(&until) {
            if let Cue::Id3(tag) = cue {
                let at = at.max(start);
                self.renditions.iter_mut().for_each(|r| r.write_id3(at, &tag));
            }
        }
    }
}
