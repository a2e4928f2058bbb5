//! A media playlist put together of pieces: pages, chunks of what is not in pages yet, and what is
//! new. Only the header and what is new are rendered for a version; all else was rendered once.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use hls::{
    Block, ENDLIST, Header, Measured, Page, PlaylistKind, breaks_before, in_order, map_before,
    version,
};
use origin::{CacheControl, Document};
use sha2::{Digest, Sha256};
use timeline::{Container, DateRange, PAGE_SEGMENTS, RenditionId, Window};

use crate::book::{Book, DateRanges, Flags, Kept, Lines};
use crate::packed::{Chunk, Joined};
use crate::page::etag;
use crate::pages::Leaf;

/// Segments in a chunk: lines that are rendered and packed once before they are in a page.
pub(crate) const CHUNK_SEGMENTS: u64 = 16;
/// Target durations at the end of a playlist in which lines may still change: parts are listed in
/// it, and go (RFC 8216bis, 4.4.4.9).
const CHANGING_TARGET_DURATIONS: i64 = 3;

/// Which segments a playlist lists.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Span {
    pub(crate) first: u64,
    /// The number behind the last segment.
    pub(crate) end: u64,
    pub(crate) kind: Option<PlaylistKind>,
    /// Whether nothing will be added.
    pub(crate) is_closed: bool,
    /// `EXT-X-TARGETDURATION`, in seconds; without it the largest of the segments' own.
    pub(crate) target_duration_s: Option<u32>,
}

/// What low latency and delta updates add to a playlist.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Extras {
    /// The `EXT-X-VERSION` that it needs.
    pub(crate) version: u32,
    /// Lines of the header.
    pub(crate) control: String,
    /// Lines between the opening and the closing of whole segments, by their numbers. They must
    /// be among the newest, see [`Sources::changing_from`].
    pub(crate) parts: BTreeMap<u64, String>,
    /// Lines behind the last segment.
    pub(crate) after: String,
    /// What a delta update leaves out.
    pub(crate) skip: Option<Skipped>,
}

/// What a delta update leaves out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Skipped {
    /// The first segment that is not left out.
    pub(crate) until: u64,
    /// The line that stands for those before it.
    pub(crate) line: String,
    /// Date ranges of which nothing was said since then are left out as well, in milliseconds
    /// since the Unix epoch.
    pub(crate) date_ranges_since_ms: Option<i64>,
}

/// A piece of a playlist.
enum Item {
    /// Lines that are rendered anew.
    Text(String),
    /// Lines that were rendered before.
    Lines(Arc<Lines>),
    /// Pages.
    Book(Arc<Book>),
}

/// Where lines come from.
pub(crate) struct Sources<'a> {
    pub(crate) window: &'a Window,
    pub(crate) rendition: &'a RenditionId,
    pub(crate) container: Container,
    /// The pages that the span touches, as far as they were needed.
    pub(crate) leaves: &'a BTreeMap<u64, Arc<Leaf>>,
}

/// The pages that lie in the span as a whole.
pub(crate) fn whole_pages(span: &Span, paged_before: u64) -> Range<u64> {
    let start = span.first.div_ceil(PAGE_SEGMENTS);
    let end = span.end.min(paged_before) / PAGE_SEGMENTS;
    start..end.max(start)
}

impl Sources<'_> {
    /// The first of the segments whose lines may still change.
    pub(crate) fn changing_from(&self, span: &Span) -> u64 {
        let target_s = self.window.target_duration_s().unwrap_or(1);
        let changing_ms = CHANGING_TARGET_DURATIONS.saturating_mul(i64::from(target_s) * 1_000);
        newest(self.window, span.end, changing_ms)
    }

    /// The whole playlist; `None` where lines are wanted that neither the window nor the pages
    /// have.
    pub(crate) fn compose(
        &self,
        span: &Span,
        extras: &Extras,
        kept: &mut Kept,
    ) -> Option<Document> {
        let paged_before = self.window.head()?.paged_before;
        let pages = whole_pages(span, paged_before);
        let book = if pages.is_empty() { None } else { Some(kept.book(pages, self.leaves)?) };
        let (items, flags) = self.items(span, extras, book.as_ref(), kept)?;
        let mut text = self.header(span, extras, book.as_deref(), flags)?;
        let mut pieces = Joined::default();
        let mut digest = Sha256::new();
        for item in items {
            match item {
                Item::Text(lines) => text.push_str(&lines),
                Item::Lines(lines) => {
                    put(&mut pieces, &mut digest, &mut text);
                    pieces.push(&lines.chunk);
                    digest.update(lines.chunk.checksum().to_be_bytes());
                }
                Item::Book(book) => {
                    put(&mut pieces, &mut digest, &mut text);
                    pieces.push_all(&book.bundle);
                    digest.update(book.bundle.checksum().to_be_bytes());
                }
            }
        }
        text.push_str(&extras.after);
        if span.is_closed {
            text.push_str(ENDLIST);
        }
        put(&mut pieces, &mut digest, &mut text);
        let (body, gzip) = pieces.finish();
        let target_duration_s =
            span.target_duration_s.or_else(|| self.window.target_duration_s())?;
        Some(Document {
            body: body.into(),
            gzip,
            content_type: hls::CONTENT_TYPE,
            cache_control: CacheControl::Seconds((target_duration_s / 2).max(1)),
            etag: etag(&digest.finalize()),
        })
    }

    /// What the playlist is made of behind its header, and what that must say of all of it, listed
    /// or skipped.
    fn items(
        &self,
        span: &Span,
        extras: &Extras,
        book: Option<&Arc<Book>>,
        kept: &mut Kept,
    ) -> Option<(Vec<Item>, Flags)> {
        let listed = extras.skip.as_ref().map_or(span.first, |skip| skip.until.max(span.first));
        let paged = book.map_or(span.end..span.end, |book| book.segments());
        let frozen = if span.is_closed { span.end } else { self.changing_from(span) };
        let frozen = extras.parts.keys().next().map_or(frozen, |parts| frozen.min(*parts));
        let (mut items, mut flags) = (Vec::new(), Flags::default());
        let mut at = span.first;
        while at < span.end {
            if let Some(book) = book.filter(|_| at == paged.start) {
                flags.add(book.flags);
                at = paged.end;
                if listed <= paged.start {
                    items.push(Item::Book(Arc::clone(book)));
                } else if listed < at {
                    items.push(Item::Text(self.lines_over_pages(listed..at, extras)?));
                }
                continue;
            }
            let next = (at - at % CHUNK_SEGMENTS).saturating_add(CHUNK_SEGMENTS).min(span.end);
            let is_chunk = at.is_multiple_of(CHUNK_SEGMENTS) && next - at == CHUNK_SEGMENTS;
            if is_chunk && next <= frozen {
                let lines =
                    kept.lines(at, || Some((self.lines(at..next, extras)?, self.flags(at..next))))?;
                flags.add(lines.flags);
                if listed <= at {
                    items.push(Item::Lines(lines));
                } else if listed < next {
                    items.push(Item::Text(self.lines(listed..next, extras)?));
                }
            } else {
                flags.add(self.flags(at..next));
                if listed < next {
                    items.push(Item::Text(self.lines(at.max(listed)..next, extras)?));
                }
            }
            at = next;
        }
        Some((items, flags))
    }

    fn header(
        &self,
        span: &Span,
        extras: &Extras,
        book: Option<&Book>,
        flags: Flags,
    ) -> Option<String> {
        let largest = || {
            let paged = book.map_or(span.end..span.end, Book::segments);
            let loose = (span.first..paged.start).chain(paged.end..span.end);
            let loose = loose.filter_map(|sequence| self.target_duration_s(sequence));
            loose.chain(book.map(|book| book.target_duration_s)).max()
        };
        let skip = extras.skip.as_ref();
        let date_ranges = match skip.and_then(|skip| skip.date_ranges_since_ms) {
            Some(since_ms) => in_order(self.window.date_ranges_since(since_ms).cloned()),
            None => self.date_ranges(span, book),
        };
        let is_cut = skip.is_some_and(|skip| skip.until > span.first);
        let map = if is_cut { String::new() } else { self.map_before(span.first) };
        let header = Header {
            version: version(self.container, flags.has_gap).max(extras.version),
            is_independent: !flags.is_dependent,
            target_duration_s: span.target_duration_s.or_else(largest)?,
            media_sequence: span.first,
            discontinuity_sequence: self.breaks_before(span.first)?,
            kind: span.kind,
            control: &extras.control,
            date_ranges: &date_ranges,
            skip: skip.map_or("", |skip| &skip.line),
            map: &map,
        };
        let mut text = String::with_capacity(4_096);
        header.render(&mut text);
        Some(text)
    }

    fn flags(&self, sequences: Range<u64>) -> Flags {
        let mut flags = Flags::default();
        for sequence in sequences {
            flags.has_gap |= self.has_gap(sequence);
            flags.is_dependent |= !self.is_independent(sequence);
        }
        flags
    }

    /// The lines of segments of several pages.
    fn lines_over_pages(&self, sequences: Range<u64>, extras: &Extras) -> Option<String> {
        let (mut text, mut at) = (String::new(), sequences.start);
        while at < sequences.end {
            let next = (at - at % PAGE_SEGMENTS).saturating_add(PAGE_SEGMENTS).min(sequences.end);
            text.push_str(&self.lines(at..next, extras)?);
            at = next;
        }
        Some(text)
    }

    /// What is said of stretches of time that overlap the span.
    fn date_ranges(&self, span: &Span, book: Option<&Book>) -> Vec<DateRange> {
        let mut ranges = DateRanges::default();
        ranges.add(self.page_of(span.first).map_or(&[][..], |page| &page.record().date_ranges));
        ranges.add(book.map_or(&[][..], |book| &book.date_ranges));
        ranges.add(self.page_of(span.end).map_or(&[][..], |page| &page.record().date_ranges));
        ranges.add(self.window.tail_date_ranges());
        let first_ms = self.calendar_ms(span.first).unwrap_or(i64::MIN);
        let last = span.end.checked_sub(1).filter(|_| span.is_closed);
        let last_ms = last.and_then(|last| self.calendar_end_ms(last)).unwrap_or(i64::MAX);
        let mut ranges = ranges.newest();
        ranges.retain(|range| !range.is_before(first_ms) && range.start_ms <= last_ms);
        ranges
    }

    /// The lines of some segments, all of them in one page of sequence numbers.
    fn lines(&self, sequences: Range<u64>, extras: &Extras) -> Option<String> {
        if self.window.segment(sequences.start).is_none() {
            let page = self.page_of(sequences.start)?;
            return String::from_utf8(page.lines(sequences).to_vec()).ok();
        }
        let mut text = String::with_capacity(2_048);
        for sequence in sequences {
            let segment = self.window.segment(sequence)?;
            let block = Block::new(segment, self.rendition, self.container);
            block.open(&mut text);
            text.push_str(extras.parts.get(&sequence).map_or("", String::as_str));
            block.close(&mut text);
        }
        Some(text)
    }

    fn page_of(&self, sequence: u64) -> Option<&Page> {
        self.leaves.get(&(sequence / PAGE_SEGMENTS)).map(|leaf| &leaf.page)
    }

    fn has_gap(&self, sequence: u64) -> bool {
        match self.window.segment(sequence) {
            Some(segment) => Block::new(segment, self.rendition, self.container).is_gap(),
            None => self.page_of(sequence).is_some_and(|page| page.has_gap(sequence..sequence + 1)),
        }
    }

    fn is_independent(&self, sequence: u64) -> bool {
        match self.window.segment(sequence) {
            Some(segment) => segment.independent,
            None => self
                .page_of(sequence)
                .is_none_or(|page| page.is_independent(sequence..sequence + 1)),
        }
    }

    fn target_duration_s(&self, sequence: u64) -> Option<u32> {
        // The page's own is that of all its broadcasts, whoever asks.
        let page = self.page_of(sequence).map(|page| page.record().target_duration_s);
        page.or_else(|| Some(self.window.segment(sequence)?.target_duration_s))
    }

    pub(crate) fn calendar_ms(&self, sequence: u64) -> Option<i64> {
        let listed = self.window.segment(sequence).map(|segment| segment.calendar_ms);
        listed.or_else(|| self.page_of(sequence)?.calendar_ms(sequence))
    }

    fn calendar_end_ms(&self, sequence: u64) -> Option<i64> {
        let listed = self.window.segment(sequence).map(|s| s.calendar_ms + s.length_ms);
        listed.or_else(|| self.page_of(sequence)?.calendar_end_ms(sequence))
    }

    fn breaks_before(&self, sequence: u64) -> Option<u64> {
        let listed = self.window.segment(sequence).map(breaks_before);
        listed.or_else(|| Some(self.page_of(sequence)?.breaks_before(sequence)))
    }

    fn map_before(&self, sequence: u64) -> String {
        match self.window.segment(sequence) {
            Some(_) => map_before(self.window, sequence, self.rendition),
            None => self.page_of(sequence).map_or("", |page| page.map_before(sequence)).to_owned(),
        }
    }
}

/// The first of the newest kept segments before `end` that last `length_ms` together, at least.
pub(crate) fn newest(window: &Window, end: u64, length_ms: i64) -> u64 {
    let (mut first, mut sum_ms) = (end, 0_i64);
    while sum_ms < length_ms {
        let Some(before) = first.checked_sub(1).and_then(|before| window.segment(before)) else {
            break;
        };
        (first, sum_ms) = (before.sequence, sum_ms.saturating_add(before.length_ms));
    }
    first
}

/// What is measured of a rendition over pages and the segments from `from` on.
pub(crate) fn measured<'a>(
    pages: impl IntoIterator<Item = &'a Page>,
    window: &Window,
    from: u64,
    rendition: &RenditionId,
) -> Measured {
    let loose = window.tail().filter(|segment| segment.sequence >= from);
    pages
        .into_iter()
        .map(|page| page.record().measured())
        .fold(Measured::of(loose, rendition), Measured::with)
}

/// Makes what was rendered a piece.
fn put(pieces: &mut Joined, digest: &mut Sha256, text: &mut String) {
    let chunk = Chunk::from(std::mem::take(text));
    digest.update(chunk.text());
    pieces.push(&chunk);
}
