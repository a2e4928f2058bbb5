//! The reader's side of a journal: what a playlist lists now.

use std::collections::{BTreeMap, VecDeque};

use crate::{
    Body, DateRange, Entry, Head, InitRecord, PAGE_SEGMENTS, PartRecord, RenditionId, SegmentEntry,
    SegmentRecord, State, boundary_ms,
};

/// A stream's newest segments, folded from its journal. Folding may start at any entry: from then
/// on, two windows with one policy that saw the same entries list the same, but for segments that
/// the later starter has not read.
///
/// A window made by [`Window::with_tail`] also keeps the segments before its first one that are in
/// no index page yet: [`Window::tail`] shows all of them.
#[derive(Clone, Debug)]
pub struct Window {
    policy: WindowPolicy,
    /// Whether segments are kept until they are in index pages.
    keeps_tail: bool,
    segments: VecDeque<ListedSegment>,
    /// How many of the segments, the oldest ones, are kept and not listed.
    unlisted: usize,
    /// What each rendition was read with last in this page of segments.
    inits: BTreeMap<RenditionId, (u64, InitRecord)>,
    /// The same before the oldest kept segment.
    gone_inits: BTreeMap<RenditionId, (u64, InitRecord)>,
    /// In the order of their first entries.
    date_ranges: VecDeque<ToldRange>,
    head: Option<Head>,
    /// What is listed belongs to a broadcast that is over.
    has_ended: bool,
    length_ms: i64,
    epoch: u64,
    latest_at_ms: i64,
}

/// A stretch of time that is told of, or was a while ago.
#[derive(Clone, Debug)]
struct ToldRange {
    range: DateRange,
    /// When something was said of it last, in milliseconds since the Unix epoch.
    at_ms: i64,
}

/// How much a window lists.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WindowPolicy {
    /// How long the listed segments are together, in milliseconds, at least. A segment leaves when
    /// the others are that long without it.
    pub length_ms: i64,
}

/// A segment as a playlist lists it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListedSegment {
    /// The media sequence number.
    pub sequence: u64,
    /// The ownership that it was made in.
    pub epoch: u64,
    /// `EXTINF`, in milliseconds.
    pub length_ms: i64,
    /// Where it begins on its epoch's timeline, in 90 kHz ticks.
    pub start: i64,
    /// `EXT-X-PROGRAM-DATE-TIME`, in milliseconds since the Unix epoch.
    pub calendar_ms: i64,
    /// Whether `EXT-X-DISCONTINUITY` stands before it: always so where a broadcast begins that is
    /// not the stream's first, so that a segment looks the same in every list that it is in.
    pub discontinuity: bool,
    /// Breaks of the timeline up to and with this segment.
    pub discontinuity_sequence: u64,
    /// Whether decoding can start with it.
    pub independent: bool,
    /// Whether its bytes are lost (`EXT-X-GAP`).
    pub gap: bool,
    /// `EXT-X-TARGETDURATION` of its broadcast, in seconds.
    pub target_duration_s: u32,
    /// The parts that it was listed in.
    pub parts: Vec<PartRecord>,
    /// The segment in each rendition.
    pub renditions: Vec<SegmentRecord>,
    /// The renditions that are to be read with something else than before: `EXT-X-MAP` stands
    /// before the segment. That is so at the first segment of a page, too.
    pub new_inits: Vec<RenditionId>,
}

/// Segments that a tail keeps at most while no page can be written: nine hours of two seconds. It
/// takes 1 KB or so for one of them.
const TAIL_SEGMENTS_MAX: usize = 16_384;

/// Target durations at the end that a tail keeps, in pages or not: updates of a playlist tell of
/// six.
const TAIL_TARGET_DURATIONS: i64 = 8;

/// Date ranges that a window lists at most: an hour of cues a minute apart. The oldest goes first.
const DATE_RANGES_MAX: usize = 64;

/// How long a date range is remembered after its end has left a list, in milliseconds: updates tell
/// of it for six target durations, which are up to ten seconds each.
const GONE_MS: i64 = 120_000;

/// Target durations that a live playlist is never shorter than (RFC 8216, 6.2.2).
const TARGET_DURATIONS_MIN: i64 = 3;

impl Window {
    /// An empty window.
    #[must_use]
    pub const fn new(policy: WindowPolicy) -> Self {
        Self {
            policy,
            keeps_tail: false,
            segments: VecDeque::new(),
            unlisted: 0,
            inits: BTreeMap::new(),
            gone_inits: BTreeMap::new(),
            date_ranges: VecDeque::new(),
            head: None,
            has_ended: false,
            length_ms: 0,
            epoch: 0,
            latest_at_ms: i64::MIN,
        }
    }

    /// An empty window that keeps what is in no index page yet.
    #[must_use]
    pub fn with_tail(policy: WindowPolicy) -> Self {
        Self { keeps_tail: true, ..Self::new(policy) }
    }

    /// Takes in the journal's next entry.
    pub fn apply(&mut self, entry: &Entry) {
        match &entry.body {
            Body::Segment(segment) => self.take_segment(entry, segment),
            Body::Gap { first, last } => {
                let lost = *first..=*last;
                let listed = self.segments.iter_mut();
                listed.filter(|s| lost.contains(&s.sequence)).for_each(|s| s.gap = true);
            }
            Body::Ended { .. } => self.has_ended = true,
            Body::DateRange(range) => self.take_date_range(range, entry.at_ms),
            Body::Opened { .. }
            | Body::Interrupted { .. }
            | Body::Paged { .. }
            | Body::Expired { .. }
            | Body::Unknown => {}
        }
        // A new owner of an ended stream has nothing to show yet; until it has, what is listed is
        // still the broadcast that is over.
        self.head = Some(entry.head);
        self.epoch = entry.epoch;
        // What is only noted of what happened before is no sign of life.
        if !matches!(entry.body, Body::Paged { .. } | Body::Expired { .. }) {
            self.latest_at_ms = entry.at_ms;
        }
        self.slide();
    }

    fn take_segment(&mut self, entry: &Entry, segment: &SegmentEntry) {
        if self.has_ended {
            self.unlisted = self.segments.len();
            self.end_date_ranges();
            self.length_ms = 0;
            self.has_ended = false;
        }
        let length_ms = boundary_ms(segment.end).saturating_sub(boundary_ms(segment.start)).max(0);
        self.length_ms = self.length_ms.saturating_add(length_ms);
        // The ledger counts the break before a later broadcast and gives it no tag.
        let begins_later = entry.head.broadcast_first == segment.sequence && segment.sequence > 0;
        let new_inits = self.take_inits(entry.epoch, segment);
        self.segments.push_back(ListedSegment {
            sequence: segment.sequence,
            epoch: entry.epoch,
            length_ms,
            start: segment.start,
            calendar_ms: segment.calendar_ms,
            discontinuity: segment.discontinuity || begins_later,
            discontinuity_sequence: entry.head.discontinuity_sequence,
            independent: segment.independent,
            gap: false,
            target_duration_s: entry.head.target_duration_s.unwrap_or(1),
            parts: segment.parts.clone(),
            renditions: segment.renditions.clone(),
            new_inits,
        });
    }

    /// What is still open when a broadcast ends, ends with it. Nobody is told of it any more but
    /// those who watch what was.
    fn end_date_ranges(&mut self) {
        if !self.keeps_tail {
            return self.date_ranges.clear();
        }
        let Some(end_ms) = self.head.and_then(|head| head.calendar_end_ms) else { return };
        for ToldRange { range, .. } in &mut self.date_ranges {
            let duration_ms = u64::try_from(end_ms.saturating_sub(range.start_ms)).unwrap_or(0);
            range.duration_ms.get_or_insert(duration_ms);
        }
    }

    /// Takes over what was said before the first entry that is applied and is still running then.
    pub fn remember(&mut self, ranges: impl IntoIterator<Item = DateRange>) {
        ranges.into_iter().for_each(|range| self.take_date_range(&range, i64::MIN));
    }

    /// The renditions that are read with something else than their segment before in this page.
    fn take_inits(&mut self, epoch: u64, segment: &SegmentEntry) -> Vec<RenditionId> {
        if segment.sequence.is_multiple_of(PAGE_SEGMENTS) {
            self.inits.clear();
        }
        let mut changed = Vec::new();
        for record in &segment.renditions {
            let Some(init) = record.init else { continue };
            let now = (epoch, init);
            if self.inits.get(&record.rendition) != Some(&now) {
                self.inits.insert(record.rendition.clone(), now);
                changed.push(record.rendition.clone());
            }
        }
        changed
    }

    /// The listed segments, oldest first.
    pub fn segments(&self) -> impl DoubleEndedIterator<Item = &ListedSegment> + ExactSizeIterator {
        self.segments.range(self.unlisted.min(self.segments.len())..)
    }

    /// The segments that are kept, listed or not, oldest first. They may be of several broadcasts.
    pub fn tail(&self) -> impl DoubleEndedIterator<Item = &ListedSegment> + ExactSizeIterator {
        self.segments.iter()
    }

    /// The kept segment of this number.
    #[must_use]
    pub fn segment(&self, sequence: u64) -> Option<&ListedSegment> {
        let oldest = self.segments.front()?.sequence;
        let at = usize::try_from(sequence.checked_sub(oldest)?).ok()?;
        self.segments.get(at).filter(|segment| segment.sequence == sequence)
    }

    /// What a rendition was read with before the kept segment of this number, since the page of
    /// both began; and the ownership that it was made in.
    #[must_use]
    pub fn init_before(&self, sequence: u64, rendition: &RenditionId) -> Option<(u64, InitRecord)> {
        let page = sequence - sequence % PAGE_SEGMENTS;
        let oldest = self.segments.front()?.sequence;
        let gone = self.gone_inits.get(rendition).filter(|_| oldest > page).copied();
        let kept = (page.max(oldest)..sequence).rev().find_map(|before| {
            let segment = self.segment(before).filter(|it| it.new_inits.contains(rendition))?;
            segment.init(rendition)
        });
        kept.or(gone)
    }

    /// The stream's state after the newest entry, or `None` before the first.
    #[must_use]
    pub const fn head(&self) -> Option<&Head> {
        self.head.as_ref()
    }

    /// Whether the listed broadcast is over (`EXT-X-ENDLIST`).
    #[must_use]
    pub const fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Whether somebody publishes at the moment.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.head.is_some_and(|head| head.state == State::Live)
    }

    /// The ownership that the newest entry was made in.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// When something happened last, in milliseconds since the Unix epoch: when the newest entry
    /// was made that does not only tell where segments are, or that they go.
    #[must_use]
    pub const fn latest_at_ms(&self) -> i64 {
        self.latest_at_ms
    }

    /// Whether the window lists as much as its policy says, so that older entries cannot add to it.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.length_ms >= self.kept_ms()
    }

    /// `EXT-X-TARGETDURATION`, in seconds; `None` before the first segment.
    #[must_use]
    pub fn target_duration_s(&self) -> Option<u32> {
        self.head.and_then(|head| head.target_duration_s)
    }

    /// What is said of stretches of time that have not ended before the first listed segment.
    pub fn date_ranges(&self) -> impl Iterator<Item = &DateRange> {
        self.date_ranges_since(i64::MIN)
    }

    /// Those of them of which something was said at `at_ms` or later.
    pub fn date_ranges_since(&self, at_ms: i64) -> impl Iterator<Item = &DateRange> {
        let oldest_ms = start_ms(self.segments().next());
        let told = self.date_ranges.iter().filter(move |told| told.at_ms >= at_ms);
        told.map(|told| &told.range).filter(move |range| !range.is_before(oldest_ms))
    }

    /// What is said of stretches of time that have not ended before the first kept segment, in the
    /// order in which it was said.
    pub fn tail_date_ranges(&self) -> impl Iterator<Item = &DateRange> {
        let oldest_ms = start_ms(self.segments.front());
        let told = self.date_ranges.iter().map(|told| &told.range);
        told.filter(move |range| !range.is_before(oldest_ms))
    }

    /// The stretches of time that ended before `oldest_ms`, where the first segment of a list
    /// begins, and not so long before that a player has long been told that they are gone.
    pub fn gone_date_ranges(&self, oldest_ms: i64) -> impl Iterator<Item = &DateRange> {
        let told = self.date_ranges.iter().map(|told| &told.range);
        told.filter(move |range| range.is_before(oldest_ms))
    }

    fn take_date_range(&mut self, range: &DateRange, at_ms: i64) {
        if let Some(known) = self.date_ranges.iter_mut().find(|told| told.range.id == range.id) {
            known.range.add(range);
            known.at_ms = at_ms;
            return;
        }
        if self.date_ranges.len() >= DATE_RANGES_MAX {
            self.date_ranges.pop_front();
        }
        self.date_ranges.push_back(ToldRange { range: range.clone(), at_ms });
    }

    /// Lets go of what is older than the policy's length, and of no more.
    fn slide(&mut self) {
        let kept_ms = self.kept_ms();
        while let Some(oldest) = self.segments.get(self.unlisted) {
            let rest_ms = self.length_ms.saturating_sub(oldest.length_ms);
            if rest_ms < kept_ms {
                break;
            }
            self.length_ms = rest_ms;
            self.unlisted += 1;
        }
        let paged_before = self.head.filter(|_| self.keeps_tail).map(|head| head.paged_before);
        let target_ms = i64::from(self.target_duration_s().unwrap_or(0)).saturating_mul(1_000);
        let tail_ms = TAIL_TARGET_DURATIONS.saturating_mul(target_ms);
        let end_ms = self.head.and_then(|head| head.calendar_end_ms).unwrap_or(i64::MAX);
        let tail_from_ms = end_ms.saturating_sub(tail_ms);
        while self.unlisted > 0 {
            let is_in_a_page = |oldest: &ListedSegment| {
                paged_before.is_none_or(|before| {
                    oldest.sequence < before && oldest.calendar_ms < tail_from_ms
                })
            };
            let is_full = self.segments.len() > TAIL_SEGMENTS_MAX;
            if !is_full && !self.segments.front().is_some_and(is_in_a_page) {
                break;
            }
            if let Some(gone) = self.segments.pop_front() {
                gone.change(&mut self.gone_inits);
            }
            self.unlisted -= 1;
        }
        let gone_ms = start_ms(self.segments.front()).saturating_sub(GONE_MS);
        self.date_ranges.retain(|told| !told.range.is_before(gone_ms));
    }

    fn kept_ms(&self) -> i64 {
        let target_ms = i64::from(self.target_duration_s().unwrap_or(0)).saturating_mul(1_000);
        self.policy.length_ms.max(TARGET_DURATIONS_MIN.saturating_mul(target_ms))
    }
}

/// When a list begins on the calendar.
fn start_ms(first: Option<&ListedSegment>) -> i64 {
    first.map_or(i64::MIN, |segment| segment.calendar_ms)
}

impl ListedSegment {
    fn init(&self, rendition: &RenditionId) -> Option<(u64, InitRecord)> {
        let mut records = self.renditions.iter();
        Some((self.epoch, records.find(|record| record.rendition == *rendition)?.init?))
    }

    /// Brings what renditions are read with from before the segment to behind it.
    fn change(&self, inits: &mut BTreeMap<RenditionId, (u64, InitRecord)>) {
        if self.sequence.is_multiple_of(PAGE_SEGMENTS) {
            inits.clear();
        }
        let changed = self.new_inits.iter();
        inits.extend(changed.filter_map(|id| Some((id.clone(), self.init(id)?))));
    }
}

#[cfg(test)]
mod tests;
