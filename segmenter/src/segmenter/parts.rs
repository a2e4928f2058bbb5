//! Ends the parts of the segment that is being written.

use media::{AccessUnit, Timescale, Timestamp, TrackId, TrackKind};
use timeline::{Container, PartRecord};

use super::{SEGMENT_BYTES_MAX, Segmenter};
use crate::ahead::Pictures;
use crate::boundary::Boundary;
use crate::latest::ticks;
use crate::part::PartCutter;
use crate::rendition::Rendition;
use crate::start::Arrived;
use crate::{Output, Part};

/// Says when the next unit of a track is decoded.
type Next<'a> = dyn Fn(TrackId) -> Option<Timestamp> + 'a;

impl Segmenter {
    /// Ends the parts that have no room for a unit that is written next.
    pub(super) fn parts_before(&mut self, unit: &AccessUnit) {
        let Some(parts) = &mut self.parts else { return };
        if unit.track.kind == TrackKind::Video && self.latest.is_master(unit) {
            let start = self.open.as_ref().map_or(0, |open| open.start);
            let at_ms = |ms: i64| start.saturating_add(ms.saturating_mul(90));
            parts.expect(self.cutter.expected().map(|(key, end)| (at_ms(key), at_ms(end))));
            let at =
                parts.picture(unit.track, ticks(unit.dts), ticks(unit.pts), unit.random_access);
            let next = |track| (track == unit.track).then_some(unit.dts);
            self.end_parts(|parts| parts.due(at), Some(&next));
        }
    }

    /// Ends the part that is full with a unit that has been written.
    pub(super) fn parts_after(&mut self, arrived: &Arrived) {
        let unit = &arrived.unit;
        let sound_ticks = self.sound_ticks(unit);
        let is_alone = !self.has_track(TrackKind::Video);
        let Some(parts) = &mut self.parts else { return };
        if let Some(open) = &mut self.open {
            open.arrived_ms = open.arrived_ms.max(arrived.now_ms);
        }
        let end = ticks(unit.pts).saturating_add(sound_ticks);
        match (unit.track.kind, self.latest.is_master(unit)) {
            (TrackKind::Video, false) => {
                let (dts, pts) = (ticks(unit.dts), ticks(unit.pts));
                parts.other_picture(unit.track, dts, pts, unit.random_access);
                self.end_full_parts();
            }
            (TrackKind::Video, true) => self.end_full_parts(),
            (TrackKind::Audio, false) => {
                self.end_parts(|parts| parts.overdue_sound(end), None);
            }
            (TrackKind::Audio, true) => {
                parts.sound(ticks(unit.pts), sound_ticks, is_alone);
                self.end_parts(|parts| parts.due(end), None);
            }
        }
        self.tell_of_bytes();
    }

    /// Hands over what has been written of the part that goes on, in transport streams: the box
    /// before a fragment says all of it.
    fn tell_of_bytes(&mut self) {
        let Some(open) = self.open.as_ref().filter(|_| self.has_parts()) else { return };
        let number = u32::try_from(open.parts.len()).unwrap_or(u32::MAX);
        let streams = self.renditions.iter_mut().filter(|it| it.container() == Container::Ts);
        self.outputs.extend(streams.filter_map(|it| it.grown(number)).map(Output::PartBytes));
    }

    /// Ends the parts that are full with the newest picture of the deciding track, once the others
    /// have come as far. The part before a boundary ends there.
    fn end_full_parts(&mut self) {
        let Some(parts) = &self.parts else { return };
        let Some(end) = parts.end_of_picture().filter(|_| self.boundary.is_none()) else { return };
        if let Some(at) = parts.ends_segment(end).filter(|_| self.has_parts()) {
            let behind = self.behind(at);
            return self.pass_expected(Boundary::expected(at, behind.into_iter()));
        }
        if parts.others_behind(end).next().is_none() {
            self.end_parts(|parts| parts.due(end), None);
        }
    }

    /// How far the first video track has come, for what waits for it. Where it is to be cut, all
    /// that is before needs not wait.
    pub(super) fn pictures_arrived(&self) -> Option<Pictures> {
        let pictures = self.latest.pictures_arrived()?;
        let at = self.boundary.as_ref().filter(|_| self.parts.is_some()).map(|it| it.at);
        Some(Pictures { decoded: pictures.decoded.max(at.unwrap_or(i64::MIN)), ..pictures })
    }

    /// The tracks that have something to send before a boundary at `at` still.
    pub(super) fn behind(&self, at: i64) -> Vec<TrackId> {
        match &self.parts {
            None => self.latest.behind(at).collect(),
            Some(parts) => {
                let pictures = self.latest.behind(at).filter(|id| id.kind == TrackKind::Video);
                let pictures: Vec<_> = if self.has_parts() {
                    parts.others_behind(at).collect()
                } else {
                    pictures.collect()
                };
                self.latest.sounds_behind(at).chain(pictures).collect()
            }
        }
    }

    /// A unit before the boundary has been written, and may be the last of its track there.
    pub(super) fn pass_early(&mut self, unit: &AccessUnit) {
        let Some(at) = self.boundary.as_ref().map(|boundary| boundary.at) else { return };
        if self.parts.is_none() || self.behind(at).contains(&unit.track) {
            return;
        }
        let Some(boundary) = &mut self.boundary else { return };
        boundary.pass(unit.track);
        if boundary.is_settled() {
            self.pass();
        }
    }

    /// Ends the last part before an expected boundary if all tracks have come as far, and holds
    /// what is behind it until the next picture tells.
    pub(super) fn pass_expected(&mut self, boundary: Boundary) {
        let has_rest = self.renditions.iter().any(Rendition::has_rest);
        if boundary.is_settled() && has_rest {
            self.end_part(boundary.at, None, true);
        }
        if boundary.is_full(SEGMENT_BYTES_MAX) {
            self.give_up(boundary);
        } else {
            self.boundary = Some(boundary);
        }
    }

    /// The picture has come that tells whether an expected boundary is one.
    pub(super) fn find_out(&mut self, arrived: Arrived) {
        let Some(boundary) = self.boundary.take() else { return };
        let at = ticks(arrived.unit.pts);
        let is_there = |parts: &PartCutter| parts.is_same_moment(at, boundary.at);
        if arrived.unit.random_access && self.parts.as_ref().is_some_and(is_there) {
            return self.decide(arrived, Some(boundary));
        }
        self.give_up(boundary);
        self.decide(arrived, None);
    }

    /// There is no boundary where one was expected: what was held is of the same segment.
    pub(super) fn give_up(&mut self, boundary: Boundary) {
        self.parts.iter_mut().for_each(|parts| parts.expect(None));
        boundary.held.iter().for_each(|arrived| self.write(arrived));
    }

    /// Ends the parts of the segment, which is to end at about `end`; says where it ends.
    pub(super) fn end_last_part(&mut self, end: i64, next: &Next<'_>) -> i64 {
        let has_rest = self.renditions.iter().any(Rendition::has_rest);
        let Some(parts) = self.parts.as_ref().filter(|_| self.has_parts()) else { return end };
        let end = parts.settle(end, has_rest);
        self.end_parts(|parts| parts.overdue(end), Some(next));
        if self.parts.as_ref().is_some_and(|parts| parts.part_start() < end) {
            self.end_part(end, Some(next), true);
        }
        end
    }

    /// Ends parts while `due` says where; `next` is when the units behind them are decoded, where
    /// that is known, or they are expected.
    fn end_parts(&mut self, due: impl Fn(&PartCutter) -> Option<i64>, next: Option<&Next<'_>>) {
        while self.has_parts()
            && let Some(end) = self.parts.as_ref().and_then(&due)
        {
            self.end_part(end, next, false);
        }
    }

    /// Whether the open segment can have parts: there are some only where it has media.
    fn has_parts(&self) -> bool {
        self.parts.as_ref().is_some_and(|parts| parts.target_ms().is_some())
            && self.renditions.iter().any(Rendition::has_parts)
            && self.renditions.iter().any(Rendition::has_units)
    }

    fn end_part(&mut self, end: i64, next: Option<&Next<'_>>, is_last: bool) {
        let (Some(parts), Some(open)) = (&mut self.parts, &mut self.open) else { return };
        let expected = |track| {
            let dts = parts.next_picture(track)?;
            Some(Timestamp::new(dts, Timescale::MPEG))
        };
        let next = next.unwrap_or(&expected);
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
            is_last,
            arrived_ms: open.arrived_ms,
            bodies,
        }));
        parts.end_part(end);
    }
}
