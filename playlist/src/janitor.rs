//! Deletes segments whose time is over.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use journal::{Journal, JournalError, Position};
use runtime::{Drain, unix_ms};
use store::{ObjectStore, StoreError};
use thiserror::Error;
use timeline::{Body, Entry, ObjectKey, RenditionId, StreamName, Window};
use tokio::time::{MissedTickBehavior, interval};
use tracing::{debug, warn};

use crate::Settings;
use crate::follow::read_window;

/// How often the janitor looks.
const EVERY: Duration = Duration::from_secs(30);
/// Entries that are read at a time.
const PAGE: usize = 512;

/// Deletes what ended longer ago than the retention and is not listed, oldest first, and then the
/// journal's entries of it.
#[derive(Debug)]
pub struct Janitor {
    settings: Settings,
    journal: Arc<dyn Journal>,
    store: Arc<dyn ObjectStore>,
    /// Up to where each stream has been cleared. Forgotten at a restart: deleting again does no
    /// harm.
    cleared: BTreeMap<StreamName, Position>,
    /// What the last deleted segments had to be read with: the next ones may need it as well.
    inits: BTreeMap<StreamName, Vec<ObjectKey>>,
}

#[derive(Debug, Error)]
enum CleaningError {
    #[error("read the journal: {0}")]
    Journal(#[from] JournalError),
    #[error("delete an object: {0}")]
    Store(#[from] StoreError),
}

impl Janitor {
    /// A janitor of everything in `journal` and `store`.
    #[must_use]
    pub fn new(settings: Settings, journal: Arc<dyn Journal>, store: Arc<dyn ObjectStore>) -> Self {
        let (cleared, inits) = (BTreeMap::new(), BTreeMap::new());
        Self { settings, journal, store, cleared, inits }
    }

    /// Looks every half a minute until the process drains.
    pub async fn run(mut self, mut drain: Drain) {
        let mut tick = interval(EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = drain.started() => break,
                _ = tick.tick() => self.clean(unix_ms()).await,
            }
        }
    }

    /// Looks once. What fails is tried again the next time.
    pub async fn clean(&mut self, now_ms: i64) {
        let streams = match self.journal.streams().await {
            Ok(streams) => streams,
            Err(error) => {
                warn!(%error, "expired segments are kept for now: cannot list the streams: {error}");
                return;
            }
        };
        for (name, newest) in streams {
            if self.cleared.get(&name) == Some(&newest.position) {
                continue;
            }
            if let Err(error) = self.clean_stream(&name, now_ms).await {
                warn!(stream.name = %name, %error, "expired segments of `{name}` are kept for now: {error}");
            }
        }
    }

    async fn clean_stream(&mut self, name: &StreamName, now_ms: i64) -> Result<(), CleaningError> {
        let journal = Arc::clone(&self.journal);
        let oldest_ms = now_ms.saturating_sub(self.settings.retention_ms);
        let window = read_window(journal.as_ref(), name, self.settings.window).await?;
        // What is listed stays, however old: a stream that waits for its encoder keeps its window,
        // and one that has ended is listed for the retention, and then read for a while.
        let is_listed = |window: &Window| {
            let served_ms = self.settings.window.length_ms.saturating_add(window.latest_at_ms());
            !window.has_ended() || served_ms >= oldest_ms
        };
        let listed = window
            .filter(|(window, _)| is_listed(window))
            .and_then(|(window, _)| Some(window.segments().next()?.sequence));
        let mut cleared = self.cleared.get(name).copied().unwrap_or(Position::START);
        let mut deleted = 0_u64;
        'pages: loop {
            let page = journal.read_after(name, cleared, PAGE).await?;
            for stored in &page {
                if !is_over(&stored.entry, oldest_ms, listed) {
                    break 'pages;
                }
                for key in stored.entry.segment_keys(name) {
                    self.store.delete(&key).await?;
                    deleted += 1;
                }
                let needed: Vec<_> = stored.entry.inits(name).map(|(key, _)| key).collect();
                self.keep_inits(name, needed).await?;
                cleared = stored.position;
                self.cleared.insert(name.clone(), cleared);
            }
            if page.len() < PAGE {
                // Nothing is left that could need them.
                for key in self.inits.remove(name).unwrap_or_default() {
                    self.store.delete(&key).await?;
                }
                break;
            }
        }
        if deleted > 0 {
            journal.trim(name, cleared).await?;
            debug!(stream.name = %name, objects = deleted, "deleted {deleted} expired segments of `{name}`");
        }
        Ok(())
    }

    /// Deletes what earlier segments of a stream had to be read with and later ones have no use
    /// for: one that is `needed` takes the place of the one before in its rendition. A rendition
    /// that has nothing for a while goes on with its own.
    async fn keep_inits(
        &mut self,
        name: &StreamName,
        needed: Vec<ObjectKey>,
    ) -> Result<(), CleaningError> {
        if needed.is_empty() {
            return Ok(());
        }
        let kept = self.inits.entry(name.clone()).or_default();
        for key in needed.into_iter().filter(|key| !kept.contains(key)).collect::<Vec<_>>() {
            while let Some(at) = kept.iter().position(|old| rendition(old) == rendition(&key)) {
                let old = kept.swap_remove(at);
                self.store.delete(&old).await?;
            }
            kept.push(key);
        }
        Ok(())
    }
}

fn rendition(key: &ObjectKey) -> Option<&RenditionId> {
    match key {
        ObjectKey::Media(key) => Some(&key.rendition),
        ObjectKey::Page(_) | ObjectKey::Recording(_) => None,
    }
}

/// Whether the entry and what it names may go.
fn is_over(entry: &Entry, oldest_ms: i64, listed: Option<u64>) -> bool {
    match &entry.body {
        Body::Segment(segment) => {
            entry.at_ms < oldest_ms && listed.is_none_or(|first| segment.sequence < first)
        }
        Body::Opened { .. }
        | Body::Gap { .. }
        | Body::Interrupted { .. }
        | Body::Ended { .. }
        | Body::DateRange(_)
        | Body::Paged { .. }
        | Body::Expired { .. }
        | Body::Unknown => entry.at_ms < oldest_ms,
    }
}
