//! Pieces of playlists that are kept from version to version: chunks, and pages in a row.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use hls::in_order;
use timeline::{DateRange, PAGE_SEGMENTS};

use crate::listing::CHUNK_SEGMENTS;
use crate::packed::{Bundle, Chunk, Joined};
use crate::pages::Leaf;

/// Date ranges in a header at most: the newest ones.
const DATE_RANGES_MAX: usize = 64;
/// Books that are kept: a few windows of one rendition.
const BOOKS_MAX: usize = 8;
/// Chunks that are kept: those of 64 pages.
const CHUNKS_MAX: usize = 1_024;

/// What a header says of segments.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Flags {
    /// Whether one of them has no bytes.
    pub(crate) has_gap: bool,
    /// Whether decoding cannot start with one of them.
    pub(crate) is_dependent: bool,
}

impl Flags {
    pub(crate) const fn add(&mut self, other: Self) {
        self.has_gap |= other.has_gap;
        self.is_dependent |= other.is_dependent;
    }
}

/// The lines of a chunk of segments, and what a header says of them.
#[derive(Debug)]
pub(crate) struct Lines {
    pub(crate) chunk: Chunk,
    pub(crate) flags: Flags,
}

/// Whole pages in a row, as one piece.
#[derive(Debug)]
pub(crate) struct Book {
    numbers: Range<u64>,
    pub(crate) bundle: Bundle,
    pub(crate) flags: Flags,
    pub(crate) target_duration_s: u32,
    pub(crate) date_ranges: Vec<DateRange>,
}

/// What a rendition keeps from version to version.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// Chunks by their first segment.
    chunks: BTreeMap<u64, Arc<Lines>>,
    /// Books, the one that was looked into last at the end.
    books: Vec<Arc<Book>>,
}

impl Kept {
    /// Forgets what was said of segments that are lost now.
    pub(crate) fn lose(&mut self, first: u64, last: u64) {
        let first = first - first % CHUNK_SEGMENTS;
        self.chunks.retain(|chunk, _| *chunk < first || *chunk > last);
    }

    /// The chunk that begins with this segment, rendered if it was not before.
    pub(crate) fn lines(
        &mut self,
        first: u64,
        render: impl FnOnce() -> Option<(String, Flags)>,
    ) -> Option<Arc<Lines>> {
        if let Some(lines) = self.chunks.get(&first) {
            return Some(Arc::clone(lines));
        }
        let (text, flags) = render()?;
        let lines = Arc::new(Lines { chunk: Chunk::from(text), flags });
        while self.chunks.len() >= CHUNKS_MAX {
            self.chunks.pop_first();
        }
        self.chunks.insert(first, Arc::clone(&lines));
        Some(lines)
    }

    pub(crate) fn book(
        &mut self,
        numbers: Range<u64>,
        leaves: &BTreeMap<u64, Arc<Leaf>>,
    ) -> Option<Arc<Book>> {
        let place = self.books.iter().position(|book| book.numbers == numbers);
        let book = match place {
            Some(place) => self.books.remove(place),
            None => Arc::new(Book::bind(numbers, leaves)?),
        };
        if self.books.len() >= BOOKS_MAX {
            self.books.remove(0);
        }
        self.books.push(Arc::clone(&book));
        Some(book)
    }

    /// Whether the pages of these numbers are at hand as one piece.
    pub(crate) fn has_book(&self, numbers: &Range<u64>) -> bool {
        self.books.iter().any(|book| book.numbers == *numbers)
    }
}

impl Book {
    fn bind(numbers: Range<u64>, leaves: &BTreeMap<u64, Arc<Leaf>>) -> Option<Self> {
        let mut joined = Joined::default();
        let (mut flags, mut target_duration_s) = (Flags::default(), 0);
        let mut date_ranges = DateRanges::default();
        for number in numbers.clone() {
            let leaf = leaves.get(&number)?;
            let record = leaf.page.record();
            joined.push(&leaf.chunk);
            let is_dependent = !record.dependent.is_empty();
            flags.add(Flags { has_gap: record.has_gap, is_dependent });
            target_duration_s = target_duration_s.max(record.target_duration_s);
            date_ranges.add(&record.date_ranges);
        }
        let (bundle, date_ranges) = (joined.bundle(), date_ranges.newest());
        Some(Self { numbers, bundle, flags, target_duration_s, date_ranges })
    }

    pub(crate) fn segments(&self) -> Range<u64> {
        let start = self.numbers.start.saturating_mul(PAGE_SEGMENTS);
        start..self.numbers.end.saturating_mul(PAGE_SEGMENTS)
    }
}

/// Date ranges by their names, each with all that was said of it.
#[derive(Debug, Default)]
pub(crate) struct DateRanges(BTreeMap<String, DateRange>);

impl DateRanges {
    pub(crate) fn add<'a>(&mut self, ranges: impl IntoIterator<Item = &'a DateRange>) {
        for range in ranges {
            match self.0.get_mut(&range.id) {
                Some(known) => known.add(range),
                None => drop(self.0.insert(range.id.clone(), range.clone())),
            }
        }
    }

    pub(crate) fn newest(self) -> Vec<DateRange> {
        let mut ranges = in_order(self.0.into_values());
        let surplus = ranges.len().saturating_sub(DATE_RANGES_MAX);
        ranges.drain(..surplus);
        ranges
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_looked_into_for_the_longest_time_goes_first() {
        let mut kept = Kept::default();
        let mut look = |number| kept.book(number..number, &BTreeMap::new()).is_some();
        assert!((0..8).all(&mut look));
        // The live window, which begins before all that others ask for.
        assert!(look(0) && look(8) && look(9));
        let has = |number: u64| kept.has_book(&(number..number));
        let there: Vec<_> = (0..10).filter(|number| has(*number)).collect();
        assert_eq!(there, [0, 3, 4, 5, 6, 7, 8, 9]);
    }
}
