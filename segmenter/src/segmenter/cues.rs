//! What is to be said besides the media, at its moment.

use super::Segmenter;
use crate::{Cue, Output};

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
            Cue::Cut => self.cut_at = Some(self.cut_at.map_or(at, |cut| cut.min(at))),
            Cue::DateRange(range) => match self.calendar.date_of(at) {
                Some(start_ms) => {
                    if range.is_splice {
                        self.settle(at, Cue::Cut);
                    }
                    self.outputs.push_back(Output::DateRange(range.at(start_ms)));
                }
                None => self.cues.push(at, Cue::DateRange(range)),
            },
        }
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
