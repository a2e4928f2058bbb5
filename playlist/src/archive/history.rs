//! What a stream's journal and index pages say of its segments.

use std::sync::Arc;

use hls::{Page, PageError};
use journal::{Journal, JournalError, Position};
use store::{ObjectStore, StoreError};
use timeline::{
    Entry, ListedSegment, ObjectKey, PAGE_SEGMENTS, PageKey, RenditionId, StreamName, Window,
    WindowPolicy,
};

use super::ArchiveError;

/// Entries that are read at a time.
const ENTRIES: usize = 512;

/// What the journal still has of a stream: at least what is in no index page.
#[derive(Clone, Debug)]
pub(crate) struct Recent {
    pub(crate) window: Window,
    /// The newest entry that was read.
    pub(crate) newest: Arc<Entry>,
}

/// Reads a stream's journal, up to an entry and with it; `None` where there is nothing.
pub(crate) async fn recent(
    journal: &dyn Journal,
    stream: &StreamName,
    until: Option<Position>,
) -> Result<Option<Recent>, JournalError> {
    // Nothing slides out: what is in pages leaves, as far as broadcasts are over.
    let mut window = Window::with_tail(WindowPolicy { length_ms: i64::MAX });
    let (mut position, mut newest) = (Position::START, None);
    loop {
        let entries = journal.read_after(stream, position, ENTRIES).await?;
        for stored in &entries {
            if until.is_some_and(|until| stored.position > until) {
                break;
            }
            position = stored.position;
            window.apply(&stored.entry);
            newest = Some(Arc::clone(&stored.entry));
        }
        let is_over = until.is_some_and(|until| position >= until) || entries.len() < ENTRIES;
        if is_over {
            return Ok(newest.map(|newest| Recent { window, newest }));
        }
    }
}

impl Recent {
    /// Segments with this number and higher ones are not in index pages.
    pub(crate) fn paged_before(&self) -> u64 {
        self.newest.head.paged_before
    }

    /// The segments of these numbers that are in no index page.
    pub(crate) fn tail(
        &self,
        first: u64,
        last: u64,
    ) -> impl DoubleEndedIterator<Item = &ListedSegment> {
        let first = first.max(self.paged_before());
        self.window.tail().filter(move |it| (first..=last).contains(&it.sequence))
    }

    /// Every rendition that the journal still tells of, the newest segment's first.
    pub(crate) fn renditions(&self) -> Vec<RenditionId> {
        let mut found: Vec<RenditionId> = Vec::new();
        for record in self.window.tail().rev().flat_map(|segment| &segment.renditions) {
            if !found.contains(&record.rendition) {
                found.push(record.rendition.clone());
            }
        }
        found
    }
}

/// An index page; `None` where there is none.
pub(crate) async fn page(
    store: &dyn ObjectStore,
    stream: &StreamName,
    rendition: &RenditionId,
    number: u64,
) -> Result<Option<Page>, ArchiveError> {
    let key = PageKey { stream: stream.clone(), rendition: rendition.clone(), number };
    let text = match store.get(&ObjectKey::Page(key)).await {
        Ok(text) => text,
        Err(StoreError::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let parsed: Result<Page, PageError> = Page::parse(text);
    Ok(Some(parsed?))
}

/// An index page of the first of some renditions that has it.
pub(crate) async fn any_page(
    store: &dyn ObjectStore,
    stream: &StreamName,
    renditions: &[RenditionId],
    number: u64,
) -> Result<Option<Page>, ArchiveError> {
    for rendition in renditions {
        if let Some(page) = page(store, stream, rendition, number).await? {
            return Ok(Some(page));
        }
    }
    Ok(None)
}

/// The number of the page that a segment is in.
pub(crate) const fn page_of(sequence: u64) -> u64 {
    sequence / PAGE_SEGMENTS
}

/// A segment's number, if the entry lists one.
pub(crate) fn segment_of(entry: &Entry) -> Option<u64> {
    entry.segment().map(|segment| segment.sequence)
}
