//! Makes a record of a stretch of segments.

use std::collections::{BTreeMap, BTreeSet};

use hls::{
    Block, Header, Measured, Page, breaks_before, container_of, in_order, map_before,
    newest_records,
};
use store::ObjectStore;
use timeline::{
    DateRange, ListedSegment, PAGE_SEGMENTS, RECORDING_VERSION, RecordedRendition, Recording,
    RecordingId, RecordingKind, RenditionId, SegmentRecord,
};

use super::history::{any_page, page, page_of};
use super::{ArchiveError, Recent};

/// A stretch that is to get a record.
#[derive(Clone, Debug)]
pub(super) struct Stretch {
    pub(super) id: RecordingId,
    pub(super) kind: RecordingKind,
    pub(super) first: u64,
    pub(super) last: u64,
    /// The exact edges, where they are not the segments'.
    pub(super) edges_ms: Option<(i64, i64)>,
    pub(super) created_ms: i64,
}

/// What is summed up over a rendition's pages.
struct Paged {
    measured: Measured,
    captions: BTreeSet<String>,
    /// Of the newest page.
    record: Option<SegmentRecord>,
    breaks_before: Option<u64>,
    target_duration_s: u32,
    is_independent: bool,
}

impl Stretch {
    /// The record; `None` where nothing of the stretch is in a rendition that is known.
    ///
    /// `others` are renditions that the stretch may have beside those that the journal tells of.
    pub(super) async fn record(
        &self,
        recent: &Recent,
        others: &[RenditionId],
        store: &dyn ObjectStore,
    ) -> Result<Option<Recording>, ArchiveError> {
        let paged_before = recent.paged_before();
        let tail: Vec<_> = recent.tail(self.first, self.last).collect();
        let mut known = recent.renditions();
        known.extend(others.iter().filter(|it| !known.contains(it)).cloned().collect::<Vec<_>>());
        // What the newest segments are offered in, as a live playlist lists it.
        let newest: Vec<RenditionId> = match &*tail {
            [] => Vec::new(),
            tail => {
                let records = newest_records(tail.iter().copied());
                records.iter().map(|record| record.rendition.clone()).collect()
            }
        };
        let mut ranges = Ranges::default();
        let mut renditions = Vec::new();
        let (mut target_duration_s, mut is_independent) = (0, true);
        for rendition in known.iter().filter(|it| newest.is_empty() || newest.contains(it)) {
            let paged = self.pages(recent, rendition, &mut ranges, store).await?;
            target_duration_s = target_duration_s.max(paged.target_duration_s);
            is_independent &= paged.is_independent;
            renditions.extend(self.rendition(recent, &tail, rendition, paged));
        }
        renditions.sort_by_key(|it| newest.iter().position(|id| *id == it.record.rendition));
        let Some(segments) = self.segment_edges(recent, &known, store).await? else {
            return Ok(None);
        };
        if renditions.is_empty() {
            return Ok(None);
        }
        let edges = self.edges_ms.unwrap_or(segments);
        recent.window.tail_date_ranges().for_each(|range| ranges.take(range));
        let said = ranges.lines(segments);
        for rendition in &mut renditions {
            rendition.tail.insert_str(0, &said);
        }
        let of_tail = tail.iter().map(|it| it.target_duration_s).max();
        Ok(Some(Recording {
            version: RECORDING_VERSION,
            id: self.id.clone(),
            kind: self.kind,
            first: self.first,
            last: self.last,
            start_ms: edges.0,
            end_ms: edges.1,
            created_ms: self.created_ms,
            target_duration_s: of_tail.unwrap_or(1).max(target_duration_s),
            is_independent: is_independent && tail.iter().all(|it| it.independent),
            paged_before: paged_before.clamp(self.first, self.last.saturating_add(1)),
            renditions,
            deleted_ms: None,
        }))
    }

    /// The numbers of the pages that the stretch begins in, is in, and ends in.
    fn page_numbers(&self, recent: &Recent) -> std::ops::Range<u64> {
        let end = recent.paged_before().min(self.last.saturating_add(1));
        page_of(self.first)..end.div_ceil(PAGE_SEGMENTS).max(page_of(self.first))
    }

    async fn pages(
        &self,
        recent: &Recent,
        rendition: &RenditionId,
        ranges: &mut Ranges,
        store: &dyn ObjectStore,
    ) -> Result<Paged, ArchiveError> {
        let mut sum = Paged {
            measured: Measured::default(),
            captions: BTreeSet::new(),
            record: None,
            breaks_before: None,
            target_duration_s: 0,
            is_independent: true,
        };
        let numbers =
            if self.first < recent.paged_before() { self.page_numbers(recent) } else { 0..0 };
        for number in numbers {
            let Some(page) = page(store, self.id.stream(), rendition, number).await? else {
                continue;
            };
            let record = page.record();
            sum.measured = sum.measured.with(record.measured());
            sum.captions.extend(record.captions.iter().cloned());
            sum.target_duration_s = sum.target_duration_s.max(record.target_duration_s);
            sum.is_independent &= page.is_independent(self.first..u64::MAX);
            sum.record = Some(record.record.clone());
            record.date_ranges.iter().for_each(|range| ranges.take(range));
            if page.first() <= self.first {
                sum.breaks_before = Some(page.breaks_before(self.first));
            }
        }
        Ok(sum)
    }

    fn rendition(
        &self,
        recent: &Recent,
        tail: &[&ListedSegment],
        rendition: &RenditionId,
        paged: Paged,
    ) -> Option<RecordedRendition> {
        let of_tail = tail.iter().rev().find_map(|segment| {
            segment.renditions.iter().find(|record| record.rendition == *rendition)
        });
        let mut record = of_tail.cloned().or(paged.record)?;
        let seen = tail.iter().flat_map(|segment| &segment.renditions);
        let seen = seen.filter(|it| it.rendition == *rendition).flat_map(|it| &it.captions);
        let captions: BTreeSet<_> = seen.cloned().chain(paged.captions).collect();
        record.captions = captions.into_iter().collect();
        record.part_bytes = Vec::new();
        let measured = paged.measured.with(Measured::of(tail.iter().copied(), rendition));
        let bandwidth = measured.bandwidth()?;
        let container = container_of(tail.iter().copied(), rendition).unwrap_or(record.container);
        let mut text = String::new();
        if let Some(first) = tail.first() {
            text.push_str(&map_before(&recent.window, first.sequence, rendition));
        }
        tail.iter().for_each(|it| Block::new(it, rendition, container).render(&mut text));
        let breaks = paged.breaks_before.or_else(|| tail.first().map(|it| breaks_before(it)));
        Some(RecordedRendition {
            record,
            peak_bandwidth: bandwidth.peak,
            average_bandwidth: bandwidth.average,
            discontinuity_sequence: breaks.unwrap_or(0),
            tail: text,
        })
    }

    /// When the first segment begins and the last one ends.
    async fn segment_edges(
        &self,
        recent: &Recent,
        renditions: &[RenditionId],
        store: &dyn ObjectStore,
    ) -> Result<Option<(i64, i64)>, ArchiveError> {
        let start = span(recent, renditions, store, self.id.stream(), self.first).await?;
        let end = span(recent, renditions, store, self.id.stream(), self.last).await?;
        Ok(start.zip(end).map(|(start, end)| (start.0, end.1)))
    }
}

/// When a segment begins and ends on the calendar, in milliseconds since the Unix epoch.
pub(super) async fn span(
    recent: &Recent,
    renditions: &[RenditionId],
    store: &dyn ObjectStore,
    stream: &timeline::StreamName,
    sequence: u64,
) -> Result<Option<(i64, i64)>, ArchiveError> {
    if let Some(segment) = recent.window.segment(sequence) {
        let end = segment.calendar_ms.saturating_add(segment.length_ms);
        return Ok(Some((segment.calendar_ms, end)));
    }
    let page = any_page(store, stream, renditions, page_of(sequence)).await?;
    Ok(page.and_then(|page: Page| {
        Some((page.calendar_ms(sequence)?, page.calendar_end_ms(sequence)?))
    }))
}

/// What is said of stretches of time, by what it is called.
#[derive(Default)]
struct Ranges(BTreeMap<String, DateRange>);

impl Ranges {
    fn take(&mut self, range: &DateRange) {
        match self.0.get_mut(&range.id) {
            Some(known) => known.add(range),
            None => drop(self.0.insert(range.id.clone(), range.clone())),
        }
    }

    /// The lines of what is said of some of the time.
    fn lines(self, (start_ms, end_ms): (i64, i64)) -> String {
        let is_within = |it: &DateRange| it.start_ms < end_ms && !it.is_before(start_ms);
        let date_ranges = in_order(self.0.into_values().filter(is_within));
        let header = Header {
            version: 1,
            is_independent: false,
            target_duration_s: 1,
            media_sequence: 0,
            discontinuity_sequence: 0,
            kind: None,
            control: "",
            date_ranges: &date_ranges,
            skip: "",
            map: "",
        };
        let mut text = String::new();
        header.render(&mut text);
        let said = text.split_inclusive('\n').filter(|line| line.starts_with(DATE_RANGE));
        said.collect()
    }
}

/// What a line begins with that says something of a stretch of time.
pub(crate) const DATE_RANGE: &str = "#EXT-X-DATERANGE:";
