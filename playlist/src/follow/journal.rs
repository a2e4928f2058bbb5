//! A follower's side of the journal, and of settings that change.

use std::convert::Infallible;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use hls::Page;
use journal::{Journal, JournalError, Position};
use timeline::{Body, Entry, PAGE_SEGMENTS, PageKey};
use tokio::sync::watch;
use tokio::time::sleep;
use tracing::warn;

use super::{Follower, lock};
use crate::Settings;
use crate::read_back::{ReadBack, read_back};

/// How long a journal that failed is left alone before it is read again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

impl Follower {
    /// Goes on with what the journal gets after `position`, and with what settings become, for as
    /// long as it is polled.
    pub(crate) async fn follow(self: Arc<Self>, journal: Arc<dyn Journal>, from: Position) {
        let (mut position, mut wanted) = (from, self.wanted.subscribe());
        loop {
            let Err(failed) = self.follow_on(journal.as_ref(), &mut position, &mut wanted).await;
            warn!(stream.name = %self.name, error = %failed, "the journal of `{}` is read again in a second: {failed}", self.name);
            sleep(RETRY_AFTER).await;
        }
    }

    async fn follow_on(
        &self,
        journal: &dyn Journal,
        position: &mut Position,
        wanted: &mut watch::Receiver<Settings>,
    ) -> Result<Infallible, JournalError> {
        loop {
            let settings = *wanted.borrow_and_update();
            *position = self.adopt(journal, settings, *position).await?;
            let mut tail = journal.tail(&self.name, *position).await?;
            loop {
                let stored = tokio::select! {
                    stored = tail.next() => stored?,
                    Ok(()) = wanted.changed() => break,
                };
                if self.has_missed(&stored.entry) {
                    let newest = self.begin_anew(journal, self.settings()).await?;
                    *position = newest.unwrap_or(stored.position);
                    break;
                }
                *position = stored.position;
                self.apply(&stored.entry);
            }
        }
    }

    /// Serves by these settings from now on. What is listed is read again where the live window is
    /// another one. Returns up to where the journal was read.
    async fn adopt(
        &self,
        journal: &dyn Journal,
        settings: Settings,
        position: Position,
    ) -> Result<Position, JournalError> {
        let before = self.settings();
        if before == settings {
            return Ok(position);
        }
        if before.window != settings.window {
            return Ok(self.begin_anew(journal, settings).await?.unwrap_or(position));
        }
        *lock(&self.settings) = settings;
        self.folded.fetch_add(1, Ordering::Release);
        self.wake();
        Ok(position)
    }

    /// Whether entries before this one were trimmed before they were read here: no journal keeps
    /// what is in pages for a node that it could not reach for hours.
    fn has_missed(&self, entry: &Entry) -> bool {
        let Body::Segment(segment) = &entry.body else { return false };
        self.read_window().head().is_some_and(|head| segment.sequence > head.next_sequence)
    }

    /// Reads the stream as if it had not been followed before.
    async fn begin_anew(
        &self,
        journal: &dyn Journal,
        settings: Settings,
    ) -> Result<Option<Position>, JournalError> {
        let read = read_back(journal, &self.name, settings.window, &self.library).await?;
        let Some(ReadBack { window: read, entries, position }) = read else { return Ok(None) };
        let mut window = self.window.write().unwrap_or_else(PoisonError::into_inner);
        *window = read;
        *lock(&self.settings) = settings;
        lock(&self.kept).clear();
        entries.iter().for_each(|entry| self.live.settle(&window, entry));
        drop(window);
        self.folded.fetch_add(1, Ordering::Release);
        self.wake();
        Ok(Some(position))
    }

    pub(crate) fn apply(&self, entry: &Entry) {
        if let Body::Paged { number } = &entry.body {
            self.make_pages(*number);
        }
        let mut window = self.window.write().unwrap_or_else(PoisonError::into_inner);
        window.apply(entry);
        // Whoever renders holds the window: nobody keeps lines of before behind this.
        if let Body::Gap { first, last } = &entry.body {
            lock(&self.kept).values_mut().for_each(|kept| kept.lose(*first, *last));
        }
        self.live.settle(&window, entry);
        drop(window);
        self.folded.fetch_add(1, Ordering::Release);
        self.wake();
    }

    /// Makes the pages that are listed here of the tail: it is what they were made of.
    fn make_pages(&self, number: u64) {
        let window = self.read_window();
        let first = number.saturating_mul(PAGE_SEGMENTS);
        let page = first..first.saturating_add(PAGE_SEGMENTS);
        let segments: Vec<_> = page.filter_map(|sequence| window.segment(sequence)).collect();
        let date_ranges: Vec<_> = window.tail_date_ranges().cloned().collect();
        for rendition in lock(&self.kept).keys() {
            if let Some(page) = Page::render(&segments, rendition, &date_ranges) {
                let (stream, rendition) = (self.name.clone(), rendition.clone());
                self.library.keep(PageKey { stream, rendition, number }, page);
            }
        }
    }
}
