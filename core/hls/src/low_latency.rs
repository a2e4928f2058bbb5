//! Low latency (RFC 8216bis, 4.4.3.7, 4.4.3.8, 4.4.4.9, 4.4.5.3 and 4.4.5.4): what the server
//! promises, the parts at the end of a playlist, and what comes next.

#[cfg(test)]
mod tests;

use timeline::{
    Container, ListedSegment, Medium, ObjectName, OpenRendition, OpenSegment, PAGE_SEGMENTS,
    PartRecord, RenditionId, SegmentRecord, State, TrackRecord, Window, boundary_ms,
};

use crate::media::{line, record_of};
use crate::{Map, Opening};

/// Target durations before the end of a playlist for which parts are listed (6.2.2).
const PARTS_TARGETS: i64 = 3;
/// Target durations before the end of a playlist beyond which an update leaves segments out: the
/// fewest that are allowed (4.4.3.8).
const SKIP_TARGETS: i64 = 6;
/// Target durations that a player stays behind the end (4.4.3.8).
const HOLD_BACK_TARGETS: u32 = 3;
/// Part targets that a player with low latency stays behind the end (4.4.3.8).
const PART_HOLD_BACK_TARGETS: u32 = 3;

/// What the server promises to players of a stream. It is the same in all playlists of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Control {
    /// `EXT-X-TARGETDURATION`, in seconds.
    pub target_duration_s: u32,
    /// `PART-TARGET`, in milliseconds, where segments are listed in parts.
    pub part_target_ms: Option<u32>,
}

/// The end of a stream: its newest segments, and the one behind them that is being made.
#[derive(Clone, Copy, Debug)]
pub struct Edge<'a> {
    window: &'a Window,
    open: Option<&'a OpenSegment>,
    query: &'a str,
}

/// How far a playlist goes: the segments that are whole, and parts of the next one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Reach {
    /// The media sequence number of the first segment that is not whole.
    pub sequence: u64,
    /// How many parts of it are listed.
    pub parts: u32,
}

impl Control {
    /// How far before the end an update leaves segments out, in milliseconds.
    #[must_use]
    pub fn skip_until_ms(self) -> i64 {
        i64::from(self.target_duration_s).saturating_mul(SKIP_TARGETS * 1_000)
    }

    /// `EXT-X-SERVER-CONTROL`, and `EXT-X-PART-INF` where there are parts: whole lines.
    #[must_use]
    pub fn text(self) -> String {
        let skip_until = self.skip_until_ms() / 1_000;
        let hold_back = self.target_duration_s.saturating_mul(HOLD_BACK_TARGETS);
        let promise = format!(
            "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL={skip_until}.0,\
             CAN-SKIP-DATERANGES=YES,HOLD-BACK={hold_back}.0"
        );
        let Some(part_target_ms) = self.part_target_ms else { return promise + "\n" };
        let part_hold_back = Seconds(part_target_ms.saturating_mul(PART_HOLD_BACK_TARGETS).into());
        let part_target = Seconds(part_target_ms.into());
        format!(
            "{promise},PART-HOLD-BACK={part_hold_back}\n#EXT-X-PART-INF:PART-TARGET={part_target}\n"
        )
    }
}

impl<'a> Edge<'a> {
    /// The end of `window`, with the segment that is being made if it is the very next one: a
    /// reader may learn of it before the segments in between are in its window, or after it has
    /// seen that another owner goes on.
    #[must_use]
    pub fn new(window: &'a Window, open: Option<&'a OpenSegment>) -> Self {
        Self { window, open: open.filter(|open| is_next(window, open)), query: "" }
    }

    /// The same, where playlists of the stream are asked for with `query`: nothing, or with its
    /// question mark.
    #[must_use]
    pub const fn asked_with(self, query: &'a str) -> Self {
        Self { query, ..self }
    }

    /// The segment that is being made.
    #[must_use]
    pub const fn open(self) -> Option<&'a OpenSegment> {
        self.open
    }

    /// What is promised to players of `rendition`; `None` before the stream has a segment.
    #[must_use]
    pub fn control(self, rendition: &RenditionId) -> Option<Control> {
        let target_duration_s = self.window.target_duration_s()?;
        let part_target_ms = self.window.head().and_then(|head| head.part_target_ms);
        let part_target_ms = part_target_ms.filter(|_| self.has_parts(rendition));
        Some(Control { target_duration_s, part_target_ms })
    }

    /// How far the stream goes.
    #[must_use]
    pub fn reach(self) -> Reach {
        Reach {
            sequence: self.window.head().map_or(0, |head| head.next_sequence),
            parts: self.open.map_or(0, OpenSegment::next_part),
        }
    }

    /// The media sequence number of the first segment whose parts are still listed: those before
    /// it end three target durations before the end of the playlist, or more.
    #[must_use]
    pub fn parts_from(self) -> u64 {
        let next = self.reach().sequence;
        if self.window.has_ended() {
            return next;
        }
        let target_ms = i64::from(self.window.target_duration_s().unwrap_or(0)) * 1_000;
        let mut behind_ms = self.open.map_or(0, |open| {
            let end = open.parts.last().map_or(open.start, |part| part.end);
            boundary_ms(end).saturating_sub(boundary_ms(open.start)).max(0)
        });
        let mut from = next;
        for segment in self.window.segments().rev() {
            if behind_ms >= PARTS_TARGETS * target_ms {
                break;
            }
            from = segment.sequence;
            behind_ms = behind_ms.saturating_add(segment.length_ms);
        }
        from
    }

    /// Appends the parts of a segment that is whole, if it is one of those whose parts are listed.
    /// They stand before its `EXTINF`, behind the tags that apply to its first sample.
    pub fn render_parts(self, text: &mut String, segment: &ListedSegment, rendition: &RenditionId) {
        let Some(record) = record_of(segment, rendition) else { return };
        let is_listed = !segment.gap
            && segment.sequence >= self.parts_from()
            && segment.parts.len() == record.part_bytes.len();
        if is_listed {
            let place = Place {
                epoch: segment.epoch,
                sequence: segment.sequence,
                container: record.container,
                start: segment.start,
            };
            let target_ms = self.window.head().and_then(|head| head.part_target_ms);
            place.render(text, &segment.parts, is_sound(record), target_ms);
        }
    }

    /// Appends what follows the last whole segment of `rendition`: the parts of the one that is
    /// being made, what comes next, and how far the other renditions go.
    pub fn render_end(self, text: &mut String, rendition: &RenditionId) {
        let Some(container) = self.container(rendition) else { return };
        if self.window.has_ended() || !self.has_parts(rendition) {
            return;
        }
        let making = self.open.and_then(|open| {
            open.renditions.iter().find(|one| one.rendition == *rendition).map(|one| (open, one))
        });
        let known = self.init(rendition);
        if let Some((open, making)) = making {
            // What a player reads first is hinted until there is a part that needs it.
            let map = making.init.map(|number| Map { epoch: open.epoch, number });
            let is_first_of_page = open.sequence.is_multiple_of(PAGE_SEGMENTS);
            let map = map.filter(|map| is_first_of_page || known != Some(*map));
            if open.parts.is_empty() {
                if let Some(Map { epoch, number }) = map.filter(|map| known != Some(*map)) {
                    let uri = format!("{epoch}/{}", ObjectName::Init { number });
                    line(text, format_args!("#EXT-X-PRELOAD-HINT:TYPE=MAP,URI=\"{uri}\""));
                }
            } else {
                self.render_open(text, open, making, map);
            }
        }
        self.render_hint(text, container);
        self.render_reports(text, rendition, container);
    }

    fn render_open(
        self,
        text: &mut String,
        open: &OpenSegment,
        making: &OpenRendition,
        map: Option<Map>,
    ) {
        let OpenSegment { discontinuity, calendar_ms, .. } = *open;
        Opening { discontinuity, map, is_gap: false, calendar_ms }.render(text);
        let place = Place {
            epoch: open.epoch,
            sequence: open.sequence,
            container: making.container,
            start: open.start,
        };
        place.render(text, &open.parts, making.is_sound, Some(open.part_target_ms));
    }

    /// The next part: of the segment that is being made, or the first of the next one. While
    /// nobody publishes that is the first part of the next owner.
    fn render_hint(self, text: &mut String, container: Container) {
        let (epoch, Reach { sequence, parts: part }) = self.next_part();
        let name = ObjectName::Part { sequence, part, container };
        line(text, format_args!("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"{epoch}/{name}\""));
    }

    /// The part that is hinted: the epoch that makes it, and its place. Where the newest
    /// part seems to be the last of its segment, it is the first of the next one.
    #[must_use]
    pub fn next_part(self) -> (u64, Reach) {
        let epoch = self.window.epoch();
        if let Some(open) = self.open.filter(|open| open.seems_whole) {
            return (epoch, Reach { sequence: open.sequence.saturating_add(1), parts: 0 });
        }
        let owner = match self.window.head().map(|head| head.state) {
            Some(State::Interrupted) => epoch.saturating_add(1),
            Some(State::Live | State::Ended) | None => epoch,
        };
        (owner, self.reach())
    }

    fn render_reports(self, text: &mut String, rendition: &RenditionId, container: Container) {
        for other in self.renditions(container).into_iter().filter(|other| *other != rendition) {
            let is_open = self.open.is_some_and(|open| {
                !open.parts.is_empty() && open.renditions.iter().any(|one| one.rendition == *other)
            });
            let Reach { sequence, parts } = self.reach();
            let newest = self.window.segments().next_back();
            let last = newest.and_then(|newest| Some((newest, record_of(newest, other)?)));
            let (msn, parts) = match last {
                _ if is_open => (sequence, usize::try_from(parts).unwrap_or(usize::MAX)),
                Some((newest, record)) => (newest.sequence, record.part_bytes.len()),
                None => (sequence.saturating_sub(1), 0),
            };
            let query = self.query;
            let report = format!("URI=\"../{other}/index.m3u8{query}\",LAST-MSN={msn}");
            match parts.checked_sub(1) {
                Some(part) => {
                    line(text, format_args!("#EXT-X-RENDITION-REPORT:{report},LAST-PART={part}"))
                }
                None => line(text, format_args!("#EXT-X-RENDITION-REPORT:{report}")),
            }
        }
    }

    /// Whether segments of `rendition` are offered in parts.
    fn has_parts(self, rendition: &RenditionId) -> bool {
        let is_open = |open: &OpenSegment| {
            open.renditions.iter().any(|making| making.rendition == *rendition)
        };
        self.open.is_some_and(is_open)
            || self.records(rendition).any(|(_, record)| !record.part_bytes.is_empty())
    }

    /// The format of `rendition`: it has one only.
    #[must_use]
    pub fn container(self, rendition: &RenditionId) -> Option<Container> {
        self.records(rendition).next().map(|(_, record)| record.container)
    }

    /// What the newest segment of `rendition` is read with.
    fn init(self, rendition: &RenditionId) -> Option<Map> {
        let mut records = self.records(rendition);
        records.find_map(|(segment, record)| {
            Some(Map { epoch: segment.epoch, number: record.init?.number })
        })
    }

    /// The segments of `rendition`, the newest first.
    fn records(
        self,
        rendition: &RenditionId,
    ) -> impl Iterator<Item = (&'a ListedSegment, &'a SegmentRecord)> {
        let segments = self.window.segments().rev();
        segments.filter_map(move |segment| Some((segment, record_of(segment, rendition)?)))
    }

    /// The renditions in one format, as they are since the last break.
    fn renditions(self, container: Container) -> Vec<&'a RenditionId> {
        let newest = self.window.segments().next_back();
        let making = self.open.into_iter().flat_map(|open| &open.renditions);
        let making = making.filter(|one| one.container == container).map(|one| &one.rendition);
        let listed = newest.into_iter().flat_map(|newest| &newest.renditions);
        let listed = listed.filter(|one| one.container == container).map(|one| &one.rendition);
        let mut renditions: Vec<&RenditionId> = Vec::new();
        for rendition in listed.chain(making) {
            if !renditions.contains(&rendition) {
                renditions.push(rendition);
            }
        }
        renditions
    }
}

/// Where the parts of a segment are, and where it begins.
struct Place {
    epoch: u64,
    sequence: u64,
    container: Container,
    start: i64,
}

impl Place {
    fn render(
        &self,
        text: &mut String,
        parts: &[PartRecord],
        is_sound: bool,
        target_ms: Option<u32>,
    ) {
        let mut start_ms = boundary_ms(self.start);
        for (part, record) in (0..).zip(parts) {
            let end_ms = boundary_ms(record.end);
            let mut length_ms = end_ms.saturating_sub(start_ms).max(0);
            // Its ends are rounded as those of segments are, so that lengths add up. No part may
            // be longer than the target, not even by that.
            if target_ms.is_some_and(|target_ms| length_ms == i64::from(target_ms) + 1) {
                length_ms -= 1;
            }
            start_ms = end_ms;
            let Self { epoch, sequence, container, .. } = *self;
            let name = ObjectName::Part { sequence, part, container };
            let independent = if record.independent || is_sound { ",INDEPENDENT=YES" } else { "" };
            let duration = Seconds(length_ms);
            line(
                text,
                format_args!("#EXT-X-PART:DURATION={duration},URI=\"{epoch}/{name}\"{independent}"),
            );
        }
    }
}

/// Whether a segment that is being made is the one behind the last of the window, and belongs to
/// what is listed there.
#[must_use]
pub fn is_next(window: &Window, open: &OpenSegment) -> bool {
    !window.has_ended()
        && window
            .head()
            .is_some_and(|head| head.state == State::Live && head.next_sequence == open.sequence)
        && window.epoch() == open.epoch
        && window.segments().len() > 0
}

fn is_sound(record: &SegmentRecord) -> bool {
    let is_sound = |track: &TrackRecord| match track.medium {
        Medium::Audio { .. } => true,
        Medium::Video { .. } => false,
    };
    !record.tracks.is_empty() && record.tracks.iter().all(is_sound)
}

/// Milliseconds, written as seconds.
struct Seconds(i64);

impl std::fmt::Display for Seconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:03}", self.0.div_euclid(1_000), self.0.rem_euclid(1_000))
    }
}
