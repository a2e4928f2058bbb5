//! The segment that is being written: how it begins and ends.

use media::{Timestamp, TrackId};
use timeline::{NewSegment, PartRecord, boundary_ms};

use super::{PICTURES_LATE_MS, Segmenter, is_reached};
use crate::{Output, Segment};

/// The segment that is being written.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) start: i64,
    pub(super) calendar_ms: i64,
    pub(super) discontinuity: bool,
    pub(super) bytes: usize,
    /// Its finished parts.
    pub(super) parts: Vec<PartRecord>,
    /// When the newest unit in it arrived, in milliseconds since the Unix epoch.
    pub(super) arrived_ms: i64,
}

impl Segmenter {
    /// The longest that a segment may be, in 90 kHz ticks.
    pub(super) fn limit_ticks(&self) -> i64 {
        self.cutter.limit_ms().saturating_add(2 * PICTURES_LATE_MS).saturating_mul(90)
    }

    pub(super) fn open(&mut self, start: i64, now_ms: i64, discontinuity: bool) {
        if discontinuity {
            self.jumped = false;
            self.calendar.reset();
            self.last_break = Some(start);
        }
        if self.has_new_tracks && discontinuity {
            self.has_new_tracks = false;
            self.make_renditions();
        }
        for rendition in &mut self.renditions {
            self.outputs.extend(rendition.begin(discontinuity).map(Output::Init));
        }
        let longest = self.limit_ticks();
        self.parts.iter_mut().for_each(|parts| parts.begin(start, longest));
        self.cuts_at.retain(|cut| !is_reached(*cut, start));
        let calendar_ms = self.calendar.date(start, now_ms);
        let (parts, arrived_ms) = (Vec::new(), now_ms);
        self.open = Some(Open { start, calendar_ms, discontinuity, bytes: 0, parts, arrived_ms });
        let cues: Vec<_> = self.cues.drain().collect();
        cues.into_iter().for_each(|(at, cue)| self.settle(at, cue));
    }

    /// Ends the segment, if one is open, at about `end`; says where. `None` when there was nothing
    /// in it.
    pub(super) fn close(
        &mut self,
        end: i64,
        next: impl Fn(TrackId) -> Option<Timestamp>,
    ) -> Option<i64> {
        let end = self.end_last_part(end, &next);
        let open = self.open.take()?;
        let finished: Vec<_> = self.renditions.iter_mut().filter_map(|r| r.finish(&next)).collect();
        if finished.is_empty() {
            return None;
        }
        let length_ms = boundary_ms(end).saturating_sub(boundary_ms(open.start));
        let target_duration_s = self.cutter.fix_target_duration(length_ms);
        let independent = finished.iter().all(|finished| finished.independent);
        let (renditions, bodies) =
            finished.into_iter().map(|finished| (finished.record, finished.body)).unzip();
        let part_target_ms = self.parts.as_ref().and_then(|parts| parts.target_ms());
        self.outputs.push_back(Output::Segment(Segment {
            new: NewSegment {
                start: open.start,
                end,
                calendar_ms: open.calendar_ms,
                discontinuity: open.discontinuity,
                independent,
                target_duration_s,
                part_target_ms: part_target_ms.filter(|_| !open.parts.is_empty()),
                parts: open.parts,
                renditions,
            },
            bodies,
        }));
        Some(end)
    }
}
