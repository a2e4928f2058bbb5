//! Low latency (draft-pantos-hls-rfc8216bis): parts, requests that wait, hints, updates, reports.
//!
//! That something waits needs no waiting here: when a part is there is known, so that the answer
//! is made as of then, and comes then.

mod cut_fmp4;
mod cut_ts;
#[cfg(test)]
mod tests;

use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use http::header::CACHE_CONTROL;

use super::answer::{self, missing};
use super::render::date;
use super::view::FRAME;
use super::{Answer, Moment, Origin, Settings, Target, View};
use crate::origin::settings::Course;
use crate::presentation::{Presentation, Rendition};

/// How an origin serves with low latency.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LowLatency {
    /// `PART-TARGET`.
    pub part_target: Duration,
    /// `CAN-SKIP-UNTIL`.
    pub skip_until: Duration,
    /// How many target durations before the end of a playlist parts are listed.
    pub lists_for: u64,
    /// Whether a request for a part waits for it.
    pub waits_for_parts: bool,
    /// The parts of each segment of each rendition.
    pub parts: Vec<Vec<Vec<Part>>>,
}

/// A part of a segment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Part {
    /// When it begins, in its segment.
    pub begins: Duration,
    /// How long it plays.
    pub duration: Duration,
    /// Whether it has a picture that decoding can start with.
    pub is_independent: bool,
    /// Its bytes.
    pub bytes: Bytes,
}

/// How far a rendition goes: the segment that is being made, and how many of its parts are there.
type Edge = (usize, usize);

/// How many target durations the answers to requests that waited may be cached for.
const CACHED_FOR: u64 = 6;

impl LowLatency {
    /// Cuts the segments of a presentation into parts. Segments of fragmented MP4 become what
    /// their parts are together.
    ///
    /// # Errors
    ///
    /// When a segment is none that can be cut.
    pub fn cut(presentation: &mut Presentation, part_target: Duration) -> Result<Self> {
        let mut parts = Vec::new();
        let mut target_duration = 0;
        for rendition in &mut presentation.renditions {
            target_duration = target_duration.max(rendition.target_duration);
            rendition.version = rendition.version.max(9);
            let mut of_rendition = Vec::new();
            for (place, segment) in rendition.segments.iter_mut().enumerate() {
                let (bytes, duration) = (&segment.bytes, segment.duration);
                of_rendition.push(match &segment.map {
                    None => cut_ts::cut(bytes, duration, part_target)?,
                    Some(map) => {
                        let init = rendition.inits.get(map).context("an init section")?;
                        let cut = cut_fmp4::cut(bytes, init, place, duration, part_target)?;
                        segment.bytes = cut.iter().flat_map(|part| part.bytes.clone()).collect();
                        cut
                    }
                });
            }
            parts.push(of_rendition);
        }
        presentation.say_bit_rates();
        let skip_until = Duration::from_secs(6 * target_duration);
        Ok(Self { part_target, skip_until, lists_for: 3, waits_for_parts: true, parts })
    }

    fn part(&self, rendition: usize, place: usize, index: usize) -> Option<&Part> {
        self.parts.get(rendition)?.get(place)?.get(index)
    }

    fn count(&self, rendition: usize, place: usize) -> usize {
        let parts = self.parts.get(rendition).and_then(|parts| parts.get(place));
        parts.map_or(0, Vec::len)
    }
}

/// What a request for a media playlist asks for beside the playlist.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Directives {
    segment: Option<usize>,
    part: Option<usize>,
    skips: bool,
    is_wrong: bool,
}

impl Directives {
    fn of(moment: &Moment) -> Self {
        let mut directives = Self::default();
        for (name, value) in moment.request.url.query_pairs() {
            let number = value.parse().ok();
            match &*name {
                "_HLS_msn" => directives.segment = number,
                "_HLS_part" => directives.part = number,
                "_HLS_skip" => directives.skips = matches!(&*value, "YES" | "v2"),
                _ => continue,
            }
            directives.is_wrong |= name != "_HLS_skip" && number.is_none();
        }
        directives.is_wrong |= directives.part.is_some() && directives.segment.is_none();
        directives
    }
}

impl Origin {
    /// Answers a request for a media playlist.
    pub(super) fn low_latency_playlist(
        &self,
        rendition: usize,
        moment: &Moment,
        low_latency: &LowLatency,
    ) -> Answer {
        let directives = Directives::of(moment);
        let Some(listed) = self.presentation.renditions.get(rendition) else { return missing() };
        let end = self.window(listed, moment.at).1;
        // Ahead of the last segment by more than two.
        let is_far = directives.segment.is_some_and(|segment| segment > end + 1);
        let has_ended = self.has_ended(listed, moment.at);
        if !has_ended && (directives.is_wrong || is_far) {
            return answer::bad();
        }
        let asked = directives.segment.filter(|_| !has_ended).map(|segment| {
            let parts = low_latency.count(rendition, segment);
            match directives.part {
                // One that a segment does not have is the first of the next.
                Some(part) if part >= parts => (segment + 1, 0),
                Some(part) => (segment, part),
                None => (segment, parts.saturating_sub(1)),
            }
        });
        let waits = low_latency.waits_for_parts || directives.part.is_none();
        let waits_until = asked
            .filter(|_| waits)
            .map(|asked| self.there_at(listed, rendition, asked, low_latency));
        let at = waits_until.map_or(moment.at, |until| until.max(moment.at));
        let then = Moment { at, ..moment.clone() };
        let mut view = self.view(rendition, at);
        self.show_parts(&mut view, rendition, at, low_latency);
        (self.settings.twist.view)(&mut view, &then);
        if directives.skips && !view.has_ended {
            skip(&mut view, low_latency.skip_until);
        }
        let mut answer = self.playlist(&then, view.render(self.suffix()));
        answer.after += at - moment.at;
        if asked.is_some() {
            let age = CACHED_FOR * listed.target_duration;
            answer.set(CACHE_CONTROL, &format!("public, max-age={age}"));
        }
        answer
    }

    /// Answers a request for a part. The next one is waited for.
    pub(super) fn part(
        &self,
        (rendition, place, index): (usize, usize, usize),
        moment: &Moment,
    ) -> Answer {
        let (Some(low_latency), Some(listed)) =
            (&self.settings.low_latency, self.presentation.renditions.get(rendition))
        else {
            return missing();
        };
        let Some(part) = low_latency.part(rendition, place, index) else { return missing() };
        let edge = self.edge(listed, rendition, moment.at, low_latency);
        let is_gone = place < edge.0 && !self.is_there(rendition, place, moment.at);
        let next = self.next(edge, rendition, low_latency);
        if is_gone || (place, index) > next {
            return missing();
        }
        let is_mp4 = listed.segments.get(place).is_some_and(|segment| segment.map.is_some());
        let kind = if is_mp4 { "video/mp4" } else { "video/mp2t" };
        let mut answer = answer::object(moment, &part.bytes, kind, self.settings.manners);
        let there_at = self.there_at(listed, rendition, (place, index), low_latency);
        answer.after += there_at.saturating_sub(moment.at);
        answer
    }

    /// A part by its URI: `12.3.m4s` is part 3 of `12.m4s`.
    pub(super) fn named_part(&self, rendition: usize, uri: &str) -> Option<Target> {
        let low_latency = self.settings.low_latency.as_ref()?;
        let (stem, kind) = uri.rsplit_once('.')?;
        let (stem, index) = stem.rsplit_once('.')?;
        let (segment, index) = (format!("{stem}.{kind}"), index.parse().ok()?);
        let listed = self.presentation.renditions.get(rendition)?;
        let place = listed.segments.iter().position(|one| one.uri == segment)?;
        low_latency.part(rendition, place, index)?;
        Some(Target::Part(rendition, place, index))
    }

    /// How far a rendition goes at a time.
    fn edge(&self, listed: &Rendition, rendition: usize, at: Duration, low: &LowLatency) -> Edge {
        let end = self.window(listed, at).1;
        let is_there = |index: &usize| self.there_at(listed, rendition, (end, *index), low) <= at;
        (end, (0..low.count(rendition, end)).take_while(is_there).count())
    }

    /// The part behind an edge.
    fn next(&self, (place, parts): Edge, rendition: usize, low_latency: &LowLatency) -> Edge {
        if parts >= low_latency.count(rendition, place) { (place + 1, 0) } else { (place, parts) }
    }

    /// When a part is there; when the publisher ends, if it never is.
    fn there_at(
        &self,
        listed: &Rendition,
        rendition: usize,
        (place, index): Edge,
        low_latency: &LowLatency,
    ) -> Duration {
        let segment = listed.segments.get(place);
        let part = low_latency.part(rendition, place, index);
        let ends = segment.zip(part).map(|(segment, part)| {
            (segment.begins + part.begins + part.duration).saturating_sub(self.lead() + FRAME)
        });
        let last = match self.settings.course {
            Course::Vod => Some(Duration::ZERO),
            Course::Live { ends_at, .. } => ends_at,
        };
        let all = listed.segments.last().map(|last| last.begins + last.duration);
        let all = all.unwrap_or_default().saturating_sub(self.lead() + FRAME);
        ends.unwrap_or(all).min(last.unwrap_or(Duration::MAX))
    }

    /// Adds to a view what a low-latency playlist has.
    fn show_parts(&self, view: &mut View, rendition: usize, at: Duration, low: &LowLatency) {
        let Some(listed) = self.presentation.renditions.get(rendition) else { return };
        view.header.push(format!("#EXT-X-PART-INF:PART-TARGET={}", seconds(low.part_target)));
        view.header.push(format!(
            "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL={},PART-HOLD-BACK={}",
            seconds(low.skip_until),
            seconds(low.part_target * 3)
        ));
        if view.has_ended {
            return;
        }
        let (place, parts) = self.edge(listed, rendition, at, low);
        let making = low.parts.get(rendition).and_then(|all| all.get(place));
        let making: Vec<_> = making.iter().flat_map(|all| all.iter().take(parts)).collect();
        let mut behind: Duration = making.iter().map(|part| part.duration).sum();
        for shown in view.segments.iter_mut().rev() {
            if behind > Duration::from_secs(low.lists_for * view.target_duration) {
                break;
            }
            let whole = low.parts.get(rendition).and_then(|all| all.get(shown.place));
            let lines = whole.iter().flat_map(|all| all.iter().enumerate());
            shown.tags.extend(lines.map(|(at, part)| self.line(part, &shown.uri, at)));
            behind += shown.duration;
        }
        let Some(segment) = listed.segments.get(place) else { return };
        if parts > 0 {
            view.trailer.extend(segment.has_discontinuity.then(|| DISCONTINUITY.to_owned()));
            let begins = date(self.date_unix_ns(segment.begins));
            view.trailer.push(format!("#EXT-X-PROGRAM-DATE-TIME:{begins}"));
        }
        let lines = making.iter().enumerate();
        view.trailer.extend(lines.map(|(at, part)| self.line(part, &segment.uri, at)));
        let (place, index) = self.next((place, parts), rendition, low);
        if let Some(segment) = listed.segments.get(place) {
            let uri = part_uri(&segment.uri, index);
            let suffix = self.suffix();
            view.trailer.push(format!("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"{uri}{suffix}\""));
        }
        view.trailer.extend(self.reports(rendition, at, low));
    }

    fn line(&self, part: &Part, segment: &str, index: usize) -> String {
        let (uri, suffix) = (part_uri(segment, index), self.suffix());
        let independent = if part.is_independent { ",INDEPENDENT=YES" } else { "" };
        let duration = seconds(part.duration);
        format!("#EXT-X-PART:DURATION={duration},URI=\"{uri}{suffix}\"{independent}")
    }

    /// How far the other renditions go.
    fn reports(&self, rendition: usize, at: Duration, low: &LowLatency) -> Vec<String> {
        let all = self.presentation.renditions.iter().enumerate();
        let others = all.filter(|(number, _)| *number != rendition);
        let report = |(number, other): (usize, &Rendition)| {
            let last = match self.edge(other, number, at, low) {
                (place, 0) => {
                    let before = place.saturating_sub(1);
                    (before, low.count(number, before).saturating_sub(1))
                }
                (place, parts) => (place, parts - 1),
            };
            format!(
                "#EXT-X-RENDITION-REPORT:URI=\"../{}{}\",LAST-MSN={},LAST-PART={}",
                other.path(),
                self.suffix(),
                last.0,
                last.1
            )
        };
        others.map(report).collect()
    }
}

const DISCONTINUITY: &str = "#EXT-X-DISCONTINUITY";

/// `12.m4s` has the part `12.3.m4s`.
fn part_uri(segment: &str, index: usize) -> String {
    match segment.rsplit_once('.') {
        Some((stem, kind)) => format!("{stem}.{index}.{kind}"),
        None => format!("{segment}.{index}"),
    }
}

/// Leaves out what is before the skip boundary.
fn skip(view: &mut View, skip_until: Duration) {
    let mut behind = Duration::ZERO;
    let is_kept = |duration: Duration| {
        let is_within = behind < skip_until;
        behind += duration;
        is_within
    };
    let durations = view.segments.iter().rev().map(|shown| shown.duration);
    let kept = durations.map(is_kept).filter(|is_kept| *is_kept).count();
    let skipped = view.segments.len() - kept;
    if skipped > 0 {
        view.segments.drain(..skipped);
        view.header.push(format!("#EXT-X-SKIP:SKIPPED-SEGMENTS={skipped}"));
    }
}

fn seconds(duration: Duration) -> String {
    format!("{}.{:06}", duration.as_secs(), duration.subsec_micros())
}

impl Settings {
    /// Live with low latency: a window of which an update can skip something.
    #[must_use]
    pub const fn live_for_updates() -> Self {
        Self::of(Course::Live { window: 12, made: 14, ends_at: None })
    }
}
