//! Writes index pages: 256 segments at a time, as playlists, into the store.
//!
//! A page is written when every one of its segments is in the store or lost, so that it is true for
//! ever. That is not the publisher's business: a store that is slow or away holds up pages and
//! nothing else. Whoever owns the stream next writes the pages that its predecessor did not: they
//! follow from the journal, so they have the same bytes.

#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use hls::{Page, PageError};
use journal::{Journal, JournalError, Stored};
use runtime::unix_ms;
use store::StoreError;
use thiserror::Error;
use timeline::{
    Body, DateRange, Entry, Head, Ledger, ListedSegment, PAGE_SEGMENTS, PageKey, RenditionId,
    StreamName, Window, WindowPolicy,
};
use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep};
use tracing::{debug, warn};

use crate::node::Node;

/// How long a segment that is on its way to the store, or a store that fails, is left alone before
/// it is looked at again.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(2);
/// How long a segment may be nowhere until it is called lost: the node that made it may start
/// again and send it.
const LOST_AFTER: Duration = Duration::from_secs(600);
/// Entries that are read at first: a page, and what else stands between its segments.
const ENTRIES: usize = 512;

/// The task that writes the pages of a publication. It ends with its handle.
#[derive(Debug)]
pub(crate) struct Pages {
    head: watch::Sender<Head>,
    found: mpsc::Receiver<Found>,
    task: AbortHandle,
}

/// What the writer, who appends, is to say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Found {
    /// The pages of this number are in the store.
    Paged(u64),
    /// The bytes of this segment are nowhere.
    Lost(u64),
}

/// Why pages cannot be written for now.
#[derive(Debug, Error)]
enum PagingError {
    #[error("read the journal: {0}")]
    Journal(#[from] JournalError),
    #[error("write to the store: {0}")]
    Store(#[from] StoreError),
    #[error("read the page before: {0}")]
    Page(#[from] PageError),
}

/// How far a page is.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Progress {
    /// It is in the store, or nobody can ever write it.
    Done(u64),
    /// A segment is on its way to the store.
    Waits,
    /// These segments are nowhere.
    Missing(Vec<u64>),
}

/// Segments that were seen in the store, where they stay: a store that answers now and then is
/// asked for each of them once.
#[derive(Default, Debug)]
struct InStore(BTreeSet<u64>);

impl InStore {
    fn has(&self, sequence: u64) -> bool {
        self.0.contains(&sequence)
    }

    /// Segments of earlier pages are not asked for any more.
    fn add(&mut self, sequence: u64) {
        self.0.retain(|known| known / PAGE_SEGMENTS == sequence / PAGE_SEGMENTS);
        self.0.insert(sequence);
    }
}

/// The number of the page that is to be written next, if all of its segments are listed.
fn due(head: &Head) -> Option<u64> {
    let end = head.paged_before.checked_add(PAGE_SEGMENTS)?;
    (head.next_sequence >= end).then_some(head.paged_before / PAGE_SEGMENTS)
}

impl Pages {
    /// Begins to write the pages of a stream whose journal is at `head`.
    pub(crate) fn start(node: &Arc<Node>, stream: &StreamName, head: Head) -> Self {
        let (head, heads) = watch::channel(head);
        let (say, found) = mpsc::channel(1);
        let task = tokio::spawn(run(Arc::clone(node), stream.clone(), heads, say)).abort_handle();
        Self { head, found, task }
    }

    /// Tells how far the journal is now.
    pub(crate) fn go_on(&self, head: Head) {
        self.head.send_replace(head);
    }

    /// What is to be said next. No word is lost when the wait is given up.
    pub(crate) async fn found(&mut self) -> Found {
        match self.found.recv().await {
            Some(found) => found,
            // The task has panicked, which the runtime has reported: there are no pages for now.
            None => std::future::pending().await,
        }
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Writes the pages of a stream as they are due, for as long as the publication is there.
async fn run(
    node: Arc<Node>,
    stream: StreamName,
    mut head: watch::Receiver<Head>,
    found: mpsc::Sender<Found>,
) {
    // Since when a page has segments that are nowhere.
    let mut missing: Option<(u64, Instant)> = None;
    let mut known = InStore::default();
    loop {
        let Ok(now) = head.wait_for(|head| due(head).is_some()).await.map(|head| *head) else {
            return;
        };
        let Some(number) = due(&now) else { continue };
        match node.write_page(&stream, &now, &mut known).await {
            Ok(Progress::Done(number)) => {
                if found.send(Found::Paged(number)).await.is_err() {
                    return;
                }
                // The writer says it as soon as it can. Until then there is nothing to do.
                if head.wait_for(|head| due(head) != Some(number)).await.is_err() {
                    return;
                }
                continue;
            }
            Ok(Progress::Waits) => {}
            Ok(Progress::Missing(sequences)) => {
                let since = missing.filter(|(it, _)| *it == number).map(|(_, since)| since);
                let since = since.unwrap_or_else(Instant::now);
                missing = Some((number, since));
                if since.elapsed() >= LOST_AFTER {
                    missing = None;
                    for sequence in sequences {
                        if found.send(Found::Lost(sequence)).await.is_err() {
                            return;
                        }
                    }
                }
            }
            Err(error) => {
                // Whoever waited for the store as well is to have its time once it answers.
                missing = None;
                warn!(stream.name = %stream, page = number, %error, "page {number} of `{stream}` is written later: {error}");
            }
        }
        sleep(LOOK_AGAIN_AFTER).await;
    }
}

impl Node {
    /// Writes the pages that a process before this one did not, as far as their segments have
    /// reached the store, and says so in the journal.
    pub(crate) async fn recover_pages(&self, stream: &StreamName, newest: Stored) -> Stored {
        let mut newest = newest;
        while let Some(number) = due(&newest.entry.head) {
            let mut known = InStore::default();
            let number = match self.write_page(stream, &newest.entry.head, &mut known).await {
                Ok(Progress::Done(number)) => number,
                // Whoever owns the stream next goes on.
                Ok(Progress::Waits | Progress::Missing(_)) => break,
                Err(error) => {
                    warn!(stream.name = %stream, page = number, %error, "page {number} of `{stream}` is left to the next publication: {error}");
                    break;
                }
            };
            let entry = Ledger::resume(&newest.entry).paged(number, unix_ms());
            match self.parts.journal.append(stream, newest.position, &entry).await {
                // What happened last is still what it was, but for the pages.
                Ok(position) => {
                    let entry = Entry { head: entry.head, ..(*newest.entry).clone() };
                    newest = Stored { position, entry: entry.into() };
                }
                Err(error) => {
                    warn!(stream.name = %stream, %error, "the pages of `{stream}` are left to the next publication: {error}");
                    break;
                }
            }
        }
        newest
    }

    /// Writes the page of every rendition, if their segments are where they stay.
    async fn write_page(
        &self,
        stream: &StreamName,
        head: &Head,
        known: &mut InStore,
    ) -> Result<Progress, PagingError> {
        let number = head.paged_before / PAGE_SEGMENTS;
        // A page of what has expired would name nothing that is there.
        let expired = head.kept_from / PAGE_SEGMENTS;
        if let Some(last) = expired.checked_sub(1).filter(|last| *last >= number) {
            return Ok(Progress::Done(last));
        }
        let journal = self.parts.journal.as_ref();
        let entries = match read_page(journal, stream, number).await? {
            Read::Whole(entries) => entries,
            Read::Trimmed(before) => return Ok(Progress::Done(before)),
        };
        let mut window = Window::with_tail(WindowPolicy { length_ms: i64::MAX });
        entries.iter().for_each(|entry| window.apply(entry));
        let is_lost = |sequence| window.segment(sequence).is_none_or(|segment| segment.gap);
        let mut missing = Vec::new();
        for entry in &entries {
            let Body::Segment(segment) = &entry.body else { continue };
            // What has expired may have gone; nobody is told of it.
            let sequence = segment.sequence;
            if is_lost(sequence) || sequence < head.kept_from || known.has(sequence) {
                continue;
            }
            let mut is_there = true;
            for (key, _) in entry.objects(stream) {
                if self.parts.spool.contains(&key).await? {
                    return Ok(Progress::Waits);
                }
                is_there = is_there && self.parts.store.contains(&key).await?;
            }
            if is_there {
                known.add(sequence);
            } else {
                missing.push(sequence);
            }
        }
        if !missing.is_empty() {
            return Ok(Progress::Missing(missing));
        }
        let segments: Vec<_> = window.tail().collect();
        let mut renditions: Vec<RenditionId> = Vec::new();
        for record in segments.iter().flat_map(|segment| &segment.renditions) {
            if !renditions.contains(&record.rendition) {
                renditions.push(record.rendition.clone());
            }
        }
        let date_ranges = self.date_ranges(stream, number, &renditions, &entries).await?;
        self.put_pages(stream, &segments, &renditions, &date_ranges).await?;
        debug!(stream.name = %stream, page = number, "page {number} of `{stream}` is in the store");
        Ok(Progress::Done(number))
    }

    async fn put_pages(
        &self,
        stream: &StreamName,
        segments: &[&ListedSegment],
        renditions: &[RenditionId],
        date_ranges: &[DateRange],
    ) -> Result<(), PagingError> {
        for rendition in renditions {
            let Some(page) = Page::render(segments, rendition, date_ranges) else { continue };
            let number = page.record().number;
            let key = PageKey { stream: stream.clone(), rendition: rendition.clone(), number };
            self.parts.store.put(&key.into(), page.text().clone()).await?;
        }
        Ok(())
    }

    /// What had been said of stretches of time by the end of the page: in it, and before it as far
    /// as the page before knows.
    async fn date_ranges(
        &self,
        stream: &StreamName,
        number: u64,
        renditions: &[RenditionId],
        entries: &[Arc<Entry>],
    ) -> Result<Vec<DateRange>, PagingError> {
        let mut window = Window::with_tail(WindowPolicy { length_ms: i64::MAX });
        for rendition in renditions {
            let Some(number) = number.checked_sub(1) else { break };
            let key = PageKey { stream: stream.clone(), rendition: rendition.clone(), number };
            match self.parts.store.get(&key.into()).await {
                Ok(text) => {
                    window.remember(Page::parse(text)?.record().date_ranges.iter().cloned());
                    break;
                }
                Err(StoreError::NotFound { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let last = entries.iter().rposition(|entry| matches!(entry.body, Body::Segment(_)));
        let until_last = entries.get(..=last.unwrap_or(0)).unwrap_or_default();
        until_last.iter().for_each(|entry| window.apply(entry));
        Ok(window.tail_date_ranges().cloned().collect())
    }
}

/// What the journal has of a page.
#[derive(Debug)]
enum Read {
    /// Everything: from behind the segment before the page up to its last one, and what segments
    /// of it are lost.
    Whole(Vec<Arc<Entry>>),
    /// Its beginning is gone. So are the pages up to this one.
    Trimmed(u64),
}

async fn read_page(
    journal: &dyn Journal,
    stream: &StreamName,
    number: u64,
) -> Result<Read, JournalError> {
    let first = number.saturating_mul(PAGE_SEGMENTS);
    let page = first..first.saturating_add(PAGE_SEGMENTS);
    let mut count = ENTRIES;
    let entries = loop {
        let entries = journal.read_newest(stream, count).await?;
        let is_read = entries.iter().find_map(|stored| sequence(&stored.entry));
        // One before the page, so that what is said between both is in it.
        if is_read.is_some_and(|oldest| oldest < first) || entries.len() < count {
            break entries;
        }
        count = count.saturating_mul(2);
    };
    let oldest = entries.iter().find_map(|stored| sequence(&stored.entry)).unwrap_or(page.end);
    if oldest > first {
        return Ok(Read::Trimmed(oldest.saturating_sub(1) / PAGE_SEGMENTS));
    }
    let (mut next, mut read) = (oldest, Vec::new());
    for stored in entries {
        let is_in_page = match stored.entry.body {
            Body::Segment(ref segment) => {
                next = segment.sequence.saturating_add(1);
                page.contains(&segment.sequence)
            }
            Body::Gap { .. } => true,
            Body::Opened { .. }
            | Body::Interrupted { .. }
            | Body::Ended { .. }
            | Body::DateRange(_)
            | Body::Paged { .. }
            | Body::Expired { .. }
            | Body::Unknown => page.contains(&next),
        };
        if is_in_page {
            read.push(stored.entry);
        }
    }
    Ok(Read::Whole(read))
}

fn sequence(entry: &Entry) -> Option<u64> {
    entry.segment().map(|segment| segment.sequence)
}
