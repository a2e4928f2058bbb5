//! Index pages: 256 segments of a rendition as a media playlist that is complete in itself.
//!
//! Its segments' lines are those of every other playlist that lists them, so a long playlist is
//! made of pages without touching them. What else must be known of them stands in a comment, so
//! that no player minds. A page does not change: it is written when all of its segments are in the
//! store or lost.

use std::collections::BTreeSet;
use std::ops::Range;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use timeline::{Container, DateRange, ListedSegment, PAGE_SEGMENTS, RenditionId, SegmentRecord};

use crate::media::{line, record_of};
use crate::{
    Block, ENDLIST, Header, Measured, PlaylistKind, breaks_before, container_of, in_order, version,
};

/// The form of pages that this code writes, and the newest that it reads.
const PAGE_VERSION: u32 = 1;
/// What the comment begins with: the last line before the segments.
const COMMENT: &str = "#WEIR-PAGE:";
const DATE: &str = "#EXT-X-PROGRAM-DATE-TIME:";
const MAP: &str = "#EXT-X-MAP:";
const GAP: &str = "#EXT-X-GAP\n";
const BREAK: &str = "#EXT-X-DISCONTINUITY\n";

/// An index page.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Page {
    text: Bytes,
    record: PageRecord,
    /// Where the lines of each segment end in the text; the first ones begin at `body`.
    ends: Box<[u32]>,
    body: u32,
}

/// What a page says of itself beyond what a playlist can.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PageRecord {
    /// The form of the page, `PAGE_VERSION` or older.
    pub version: u32,
    /// Its number: it begins with the media sequence number `number` × [`PAGE_SEGMENTS`].
    pub number: u64,
    /// When its first segment begins, in milliseconds since the Unix epoch.
    pub start_ms: i64,
    /// When its last segment ends.
    pub end_ms: i64,
    /// The largest `EXT-X-TARGETDURATION` of its segments, in seconds.
    pub target_duration_s: u32,
    /// Breaks before the first segment, without its own.
    pub breaks_before: u64,
    /// Breaks before and in it.
    pub breaks: u64,
    /// The segments with which decoding cannot start.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependent: Vec<u64>,
    /// Whether a segment is missing.
    pub has_gap: bool,
    /// Bytes of its segments.
    pub bytes: u64,
    /// How long the segments that are there are together, in milliseconds.
    pub length_ms: u64,
    /// The largest bit rate of a run of segments.
    pub peak: u64,
    /// What a multivariant playlist says of the rendition: the newest segment's record.
    pub record: SegmentRecord,
    /// All renditions that the stream had meanwhile.
    pub renditions: Vec<RenditionId>,
    /// Captions that were seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub captions: Vec<String>,
    /// What had been said by its last segment of stretches of time that had not ended before its
    /// first one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub date_ranges: Vec<DateRange>,
}

/// Why bytes are no page.
#[derive(Debug, Error)]
pub enum PageError {
    /// The comment is missing or malformed.
    #[error("the page says nothing of itself")]
    NoComment,
    /// The comment cannot be read.
    #[error("what the page says of itself cannot be read: {0}")]
    Comment(#[from] serde_json::Error),
    /// A newer version wrote it.
    #[error("the page has version {0}; this program reads up to {PAGE_VERSION}")]
    TooNew(u32),
    /// It does not list as many segments as a page does.
    #[error("the page lists {0} segments, not {PAGE_SEGMENTS}")]
    Count(usize),
}

impl Page {
    /// The page of `segments`, which are all of one page, in `rendition`; `None` where none of
    /// them is in it or they are not a page's. `date_ranges` is what had been said of stretches of
    /// time by the last of them; what was over before the first one is left out.
    #[must_use]
    pub fn render(
        segments: &[&ListedSegment],
        rendition: &RenditionId,
        date_ranges: &[DateRange],
    ) -> Option<Self> {
        let (first, last) = (segments.first()?, segments.last()?);
        let number = first.sequence / PAGE_SEGMENTS;
        let is_page = u64::try_from(segments.len()) == Ok(PAGE_SEGMENTS)
            && first.sequence == number.checked_mul(PAGE_SEGMENTS)?
            && last.sequence.checked_sub(first.sequence)? == PAGE_SEGMENTS - 1;
        let container = container_of(segments.iter().copied(), rendition).filter(|_| is_page)?;
        let blocks = || segments.iter().map(|s| Block::new(s, rendition, container));
        let end_ms = last.calendar_ms.saturating_add(last.length_ms);
        let date_ranges = date_ranges.iter().filter(|range| !range.is_before(first.calendar_ms));
        let Measured { bytes, length_ms, peak } = Measured::of(segments.iter().copied(), rendition);
        let records = || segments.iter().filter_map(|s| record_of(s, rendition));
        let all = segments.iter().flat_map(|segment| &segment.renditions);
        let renditions: BTreeSet<_> = all.map(|record| record.rendition.clone()).collect();
        let captions: BTreeSet<_> = records().flat_map(|r| r.captions.iter().cloned()).collect();
        let record = PageRecord {
            version: PAGE_VERSION,
            number,
            start_ms: first.calendar_ms,
            end_ms,
            target_duration_s: segments.iter().map(|s| s.target_duration_s).max()?,
            breaks_before: breaks_before(first),
            breaks: last.discontinuity_sequence,
            dependent: segments.iter().filter(|s| !s.independent).map(|s| s.sequence).collect(),
            has_gap: blocks().any(|block| block.is_gap()),
            bytes,
            length_ms,
            peak,
            record: SegmentRecord { part_bytes: Vec::new(), ..records().next_back()?.clone() },
            renditions: renditions.into_iter().collect(),
            captions: captions.into_iter().collect(),
            date_ranges: in_order(date_ranges.cloned()),
        };
        let mut text = record.header(container)?;
        blocks().for_each(|block| block.render(&mut text));
        text.push_str(ENDLIST);
        Self::index(text.into(), record).ok()
    }

    /// Reads what [`Self::render`] wrote.
    ///
    /// # Errors
    ///
    /// When it is no page that this version can use.
    pub fn parse(text: Bytes) -> Result<Self, PageError> {
        let header = std::str::from_utf8(&text).map_err(|_| PageError::NoComment)?;
        let comment = header.lines().take_while(|line| line.starts_with('#'));
        let comment = comment.filter_map(|line| line.strip_prefix(COMMENT)).next();
        let record: PageRecord = serde_json::from_str(comment.ok_or(PageError::NoComment)?)?;
        if record.version > PAGE_VERSION {
            return Err(PageError::TooNew(record.version));
        }
        Self::index(text, record)
    }

    fn index(text: Bytes, record: PageRecord) -> Result<Self, PageError> {
        let all = std::str::from_utf8(&text).map_err(|_| PageError::NoComment)?;
        let (mut at, mut body, mut ends) = (0_usize, None, Vec::with_capacity(256));
        for line in all.split_inclusive('\n') {
            at += line.len();
            let end = u32::try_from(at).map_err(|_| PageError::NoComment)?;
            if line.starts_with(COMMENT) {
                body = body.or(Some(end));
            } else if !line.starts_with('#') && body.is_some() {
                ends.push(end);
            }
        }
        let body = body.ok_or(PageError::NoComment)?;
        if u64::try_from(ends.len()) != Ok(PAGE_SEGMENTS) {
            return Err(PageError::Count(ends.len()));
        }
        Ok(Self { text, record, ends: ends.into(), body })
    }

    /// What it says of itself.
    #[must_use]
    pub const fn record(&self) -> &PageRecord {
        &self.record
    }

    /// All of it, as the store has it.
    #[must_use]
    pub const fn text(&self) -> &Bytes {
        &self.text
    }

    /// The media sequence number of its first segment.
    #[must_use]
    pub const fn first(&self) -> u64 {
        self.record.number.saturating_mul(PAGE_SEGMENTS)
    }

    /// The media sequence number behind its last segment.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.first().saturating_add(PAGE_SEGMENTS)
    }

    /// The lines of the segments in `sequences`; of those that are not in the page, none.
    #[must_use]
    pub fn lines(&self, sequences: Range<u64>) -> Bytes {
        let (from, to) = (self.offset(sequences.start), self.offset(sequences.end));
        if from < to { self.text.slice(from..to) } else { Bytes::new() }
    }

    /// Whether one of the segments in `sequences` has no bytes.
    #[must_use]
    pub fn has_gap(&self, sequences: Range<u64>) -> bool {
        self.record.has_gap && self.text_of(sequences).contains(GAP)
    }

    /// Whether decoding can start with each of the segments in `sequences`.
    #[must_use]
    pub fn is_independent(&self, sequences: Range<u64>) -> bool {
        !self.record.dependent.iter().any(|sequence| sequences.contains(sequence))
    }

    /// When the segment begins, in milliseconds since the Unix epoch.
    #[must_use]
    pub fn calendar_ms(&self, sequence: u64) -> Option<i64> {
        let lines = self.text_of(sequence..sequence.checked_add(1)?);
        let date = lines.lines().find_map(|line| line.strip_prefix(DATE))?;
        date.parse::<Timestamp>().ok().map(Timestamp::as_millisecond)
    }

    /// The first segment that ends after `ms` (milliseconds since the Unix epoch): `None` when none
    /// of the page does.
    #[must_use]
    pub fn first_after(&self, ms: i64) -> Option<u64> {
        if self.record.end_ms <= ms {
            return None;
        }
        // The last one that begins at or before that moment. Where it has ended by then, the
        // stream stood still, and the one behind it is the first that ends later.
        let before = self.partition(|start| start <= ms);
        let candidate = before.saturating_sub(1).max(self.first());
        let is_over = self.calendar_end_ms(candidate).is_some_and(|end| end <= ms);
        Some(candidate.saturating_add(u64::from(is_over)))
    }

    /// The number behind the last segment that begins before `ms`; the first one's if none does.
    #[must_use]
    pub fn end_before(&self, ms: i64) -> u64 {
        self.partition(|start| start < ms)
    }

    /// `EXT-X-DISCONTINUITY-SEQUENCE` of a playlist that begins with this segment of the page.
    #[must_use]
    pub fn breaks_before(&self, sequence: u64) -> u64 {
        let before = self.text_of(self.first()..sequence);
        let tags = before.matches(BREAK).count();
        self.record.breaks_before.saturating_add(u64::try_from(tags).unwrap_or(0))
    }

    /// What [`crate::map_before`] says of a segment of the page.
    #[must_use]
    pub fn map_before(&self, sequence: u64) -> &str {
        let is_map = |line: &&str| line.starts_with(MAP);
        if self.text_of(sequence..sequence.saturating_add(1)).lines().any(|line| is_map(&line)) {
            return "";
        }
        let before = self.text_of(self.first()..sequence);
        before.split_inclusive('\n').rfind(is_map).unwrap_or_default()
    }

    /// The page of a rendition of which the stream had nothing then: the same segments, all of them
    /// gaps, so that all renditions count alike. `like` is the record of the rendition.
    #[must_use]
    pub fn without_media(&self, like: &SegmentRecord) -> Option<Self> {
        let mut record = self.record.clone();
        (record.record, record.has_gap) = (like.clone(), true);
        (record.bytes, record.length_ms, record.peak) = (0, 0, 0);
        let ending = format!(".{}", self.record.record.container.extension());
        let mut text = record.header(like.container)?;
        for line in self.text_of(self.first()..self.end()).split_inclusive('\n') {
            if line.starts_with(MAP) || line == GAP {
                continue;
            }
            if line.starts_with(DATE) {
                text.push_str(GAP);
            }
            match line.trim_end().strip_suffix(&ending) {
                Some(stem) if !line.starts_with('#') => {
                    text.push_str(stem);
                    text.push('.');
                    text.push_str(like.container.extension());
                    text.push('\n');
                }
                Some(_) | None => text.push_str(line),
            }
        }
        text.push_str(ENDLIST);
        Self::index(text.into(), record).ok()
    }

    /// When the segment ends, in milliseconds since the Unix epoch.
    #[must_use]
    pub fn calendar_end_ms(&self, sequence: u64) -> Option<i64> {
        let lines = self.text_of(sequence..sequence.checked_add(1)?);
        let length = lines.lines().find_map(|line| line.strip_prefix("#EXTINF:"))?;
        let (seconds, millis) = length.trim_end_matches(',').split_once('.')?;
        let (seconds, millis) = (seconds.parse::<i64>().ok()?, millis.parse::<i64>().ok()?);
        let length_ms = seconds.checked_mul(1_000)?.checked_add(millis)?;
        self.calendar_ms(sequence)?.checked_add(length_ms)
    }

    /// The number of the first segment whose beginning is not as `is_before` says; dates grow.
    fn partition(&self, is_before: impl Fn(i64) -> bool) -> u64 {
        let (mut low, mut high) = (self.first(), self.end());
        while low < high {
            let middle = low + (high - low) / 2;
            if self.calendar_ms(middle).is_some_and(&is_before) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    fn text_of(&self, sequences: Range<u64>) -> &str {
        let (from, to) = (self.offset(sequences.start), self.offset(sequences.end));
        let bytes = self.text.get(from..to).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }

    /// Where the lines of a segment begin; those beyond the last one where its lines end.
    fn offset(&self, sequence: u64) -> usize {
        let at = sequence.saturating_sub(self.first()).min(PAGE_SEGMENTS);
        let before = usize::try_from(at).ok().and_then(|at| at.checked_sub(1));
        let end = before.map_or(Some(&self.body), |before| self.ends.get(before));
        end.and_then(|end| usize::try_from(*end).ok()).unwrap_or(self.text.len())
    }
}

impl PageRecord {
    /// What was measured of the page.
    #[must_use]
    pub const fn measured(&self) -> Measured {
        Measured { bytes: self.bytes, length_ms: self.length_ms, peak: self.peak }
    }

    fn header(&self, container: Container) -> Option<String> {
        let header = Header {
            version: version(container, self.has_gap),
            is_independent: self.dependent.is_empty(),
            target_duration_s: self.target_duration_s,
            media_sequence: self.number.checked_mul(PAGE_SEGMENTS)?,
            discontinuity_sequence: self.breaks_before,
            kind: Some(PlaylistKind::Vod),
            control: "",
            date_ranges: &self.date_ranges,
            skip: "",
            map: "",
        };
        let mut text = String::with_capacity(32 * 1_024);
        header.render(&mut text);
        line(&mut text, format_args!("{COMMENT}{}", serde_json::to_string(self).ok()?));
        Some(text)
    }
}

#[cfg(test)]
mod tests;
