//! Ends the parts of the segment that is being written.

use media::{AccessUnit, Timestamp, TrackId, TrackKind};
use timeline::PartRecord;

use super::Segmenter;
use crate::latest::ticks;
use crate::part::PartCutter;
use crate::rendition::Rendition;
use crate::start::Arrived;
use crate::{Output, Part};

impl Segmenter {
    /// Ends the parts that have no room for a unit that is written next.
    pub(super) fn parts_before(&mut self, unit: &AccessUnit) {
        let Some(parts) = &mut self.parts else { return };
        if unit.track.kind == TrackKind::Video && self.latest.is_master(unit) {
            let at = parts.picture(ticks(unit.dts), ticks(unit.pts), unit.random_access);
            let next = |track| (track == unit.track).then_some(unit.dts);
            self.end_parts(|parts| parts.due(at), &next);
        }
    }

    /// Ends the part that is full with a unit that has been written.
    pub(super) fn parts_after(&mut self, arrived: &Arrived) {
        let unit = &arrived.unit;
        let sound_ticks = self.sound_ticks(unit);
        let Some(parts) = &mut self.parts else { return };
        if let Some(open) = &mut self.open {
            open.arrived_ms = arrived.now_ms;
        }
        let end = ticks(unit.pts).saturating_add(sound_ticks);
        match (unit.track.kind, self.latest.is_master(unit)) {
            (TrackKind::Video, false) => {}
            (TrackKind::Video, true) => {
                if let Some(end) = parts.end_of_picture() {
                    self.end_parts(|parts| parts.due(end), &|_| None);
                }
            }
            (TrackKind::Audio, false) => {
                self.end_parts(|parts| parts.overdue_sound(end), &|_| None);
            }
            (TrackKind::Audio, true) => {
                parts.sound(ticks(unit.pts), sound_ticks);
                self.end_parts(|parts| parts.due(end), &|_| None);
            }
        }
    }

    /// Ends the parts of the segment, which is to end at about `end`; says where it ends.
    pub(super) fn end_last_part(
        &mut self,
        end: i64,
        next: &dyn Fn(TrackId) -> Option<Timestamp>,
    ) -> i64 {
        let has_rest = self.renditions.iter().any(Rendition::has_rest);
        let Some(parts) = self.parts.as_ref().filter(|_| self.has_parts()) else { return end };
        let end = parts.settle(end, has_rest);
        self.end_parts(|parts| parts.overdue(end), next);
        if self.parts.as_ref().is_some_and(|parts| parts.part_start() < end) {
            self.end_part(end, next);
        }
        end
    }

    /// Ends parts while `due` says where.
    fn end_parts(
        &mut self,
        due: impl Fn(&PartCutter) -> Option<i64>,
        next: &dyn Fn(TrackId) -> Option<Timestamp>,
    ) {
        while self.has_parts()
            && let Some(end) = self.parts.as_ref().and_then(&due)
        {
            self.end_part(end, next);
        }
    }

    /// Whether the open segment can have parts: there are some only where it has media.
    fn has_parts(&self) -> bool {
        self.parts.as_ref().is_some_and(|parts| parts.target_ms().is_some())
            && self.renditions.iter().any(Rendition::has_parts)
            && self.renditions.iter().any(Rendition::has_units)
    }

    fn end_part(&mut self, end: i64, next: &dyn Fn(TrackId) -> Option<Timestamp>) {
        let (Some(parts), Some(open)) = (&mut self.parts, &mut self.open) else { return };
        let finished = self.renditions.iter_mut().filter_map(|r| r.finish_part(next));
        let (bodies, starts): (Vec<_>, Vec<_>) = finished.unzip();
        let record = PartRecord { end, independent: starts.into_iter().all(|starts| starts) };
        let number = u32::try_from(open.parts.len()).unwrap_or(u32::MAX);
        open.parts.push(record);
        self.outputs.push_back(Output::Part(Part {
            segment_start: open.start,
            calendar_ms: open.calendar_ms,
            discontinuity: open.discontinuity,
            part_target_ms: parts.target_ms().unwrap_or(0),
            number,
            record,
            arrived_ms: open.arrived_ms,
            bodies,
        }));
        parts.end_part(end);
    }
}
