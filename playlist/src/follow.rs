//! Follows one stream's journal.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use hls::{render_media, render_multivariant};
use journal::{Journal, JournalError, Position, Stored};
use origin::Document;
use timeline::{Container, RenditionId, Skip, State, StreamName, Window, WindowPolicy};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tracing::warn;

use crate::open::Live;
use crate::page;

/// How long a journal that failed is left alone before it is read again.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// The shortest segments that are reckoned with when a window is read back, in milliseconds: a
/// stream of shorter ones starts with a shorter window.
const SEGMENT_MS_MIN: i64 = 500;
/// Entries that are looked through for a window, however many of them are not segments: a journal
/// keeps at least about as many.
const ENTRIES_MAX: usize = 4_096;
/// Entries that are not segments and may stand among those of a window.
const OTHER_ENTRIES: usize = 64;

/// A stream as its journal tells it.
#[derive(Debug)]
pub(crate) struct Follower {
    pub(crate) name: StreamName,
    window: RwLock<Window>,
    /// What the owner announces of the segment that is being made.
    pub(crate) live: Live,
    /// Grows with each entry that is folded and with what is announced; waiters wake then.
    version: watch::Sender<u64>,
    pages: Mutex<BTreeMap<Page, (u64, Document)>>,
    pub(crate) last_used: Mutex<Instant>,
}

/// A playlist of a stream.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Page {
    /// The list of variants, in the preferred container or in this one.
    Multivariant(Option<Container>),
    /// The segments of a rendition, in an update that leaves out what is old or not.
    Media(RenditionId, Option<Skip>),
}

/// What a stream is doing, as far as a reader must know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Now {
    /// The ownership that writes.
    pub(crate) epoch: u64,
    /// The number that the next segment gets.
    pub(crate) next_sequence: u64,
    /// Whether a next segment is being made.
    pub(crate) is_live: bool,
    /// `EXT-X-TARGETDURATION`, in seconds.
    pub(crate) target_duration_s: Option<u32>,
}

impl Follower {
    /// Reads the stream's window; `None` when the stream has no journal.
    pub(crate) async fn open(
        journal: &Arc<dyn Journal>,
        name: &StreamName,
        policy: WindowPolicy,
    ) -> Result<Option<(Arc<Self>, Position)>, JournalError> {
        let Some((window, newest)) = read_window(journal.as_ref(), name, policy).await? else {
            return Ok(None);
        };
        let live = Live::new(newest.iter().map(|stored| &*stored.entry));
        let Some(position) = newest.last().map(|stored| stored.position) else { return Ok(None) };
        let follower = Self {
            name: name.clone(),
            window: RwLock::new(window),
            live,
            version: watch::Sender::new(0),
            pages: Mutex::default(),
            last_used: Mutex::new(Instant::now()),
        };
        Ok(Some((Arc::new(follower), position)))
    }

    /// Goes on with what the journal gets after `position`, for as long as it is polled.
    pub(crate) async fn follow(self: Arc<Self>, journal: Arc<dyn Journal>, from: Position) {
        let mut position = from;
        loop {
            let failed = match journal.tail(&self.name, position).await {
                Err(error) => error,
                Ok(mut tail) => loop {
                    match tail.next().await {
                        Err(error) => break error,
                        Ok(stored) => {
                            position = stored.position;
                            let mut window = self.write_window();
                            window.apply(&stored.entry);
                            self.live.settle(&window, &stored.entry);
                            drop(window);
                            self.wake();
                        }
                    }
                },
            };
            warn!(stream.name = %self.name, error = %failed, "the journal of `{}` is read again in a second: {failed}", self.name);
            sleep(RETRY_AFTER).await;
        }
    }

    /// A playlist; `None` while there is nothing to list or the broadcast ended before `oldest_ms`
    /// (milliseconds since the Unix epoch).
    pub(crate) fn page(&self, which: &Page, oldest_ms: i64) -> Option<Document> {
        // The version is read before the window: a page is never kept under a version that is
        // newer than what it shows.
        let version = *self.version.borrow();
        let window = self.window.read().unwrap_or_else(PoisonError::into_inner);
        if window.has_ended() && window.latest_at_ms() < oldest_ms {
            return None;
        }
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((rendered, page)) = pages.get(which)
            && *rendered == version
        {
            return Some(page.clone());
        }
        let text = match which {
            Page::Multivariant(container) => render_multivariant(&window, *container)?,
            Page::Media(rendition, skip) => {
                render_media(&window, self.live.listed().as_deref(), rendition, *skip)?
            }
        };
        let page = page::document(text, window.target_duration_s()?);
        pages.insert(which.clone(), (version, page.clone()));
        Some(page)
    }

    /// What the stream is doing.
    pub(crate) fn now(&self) -> Now {
        let window = self.window.read().unwrap_or_else(PoisonError::into_inner);
        Now {
            epoch: window.epoch(),
            next_sequence: window.head().map_or(0, |head| head.next_sequence),
            is_live: window.head().is_some_and(|head| head.state == State::Live),
            target_duration_s: window.target_duration_s(),
        }
    }

    /// Whether the stream has listed a segment of `rendition`.
    pub(crate) fn has(&self, rendition: &RenditionId) -> bool {
        let window = self.window.read().unwrap_or_else(PoisonError::into_inner);
        window.segments().any(|s| s.renditions.iter().any(|r| r.rendition == *rendition))
    }

    /// Whether anything is listed.
    pub(crate) fn is_empty(&self) -> bool {
        self.window.read().unwrap_or_else(PoisonError::into_inner).segments().len() == 0
    }

    /// Wakes whenever the journal goes on.
    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    /// Wakes who waits.
    pub(crate) fn wake(&self) {
        self.version.send_modify(|version| *version += 1);
    }

    pub(crate) fn read_window(&self) -> RwLockReadGuard<'_, Window> {
        self.window.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_window(&self) -> RwLockWriteGuard<'_, Window> {
        self.window.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The window of a stream as its journal's newest entries show it, and these entries.
pub(crate) async fn read_window(
    journal: &dyn Journal,
    name: &StreamName,
    policy: WindowPolicy,
) -> Result<Option<(Window, Vec<Stored>)>, JournalError> {
    let segments = policy.length_ms / SEGMENT_MS_MIN;
    let mut count = usize::try_from(segments).unwrap_or(usize::MAX).saturating_add(OTHER_ENTRIES);
    loop {
        let entries = journal.read_newest(name, count).await?;
        if entries.is_empty() {
            return Ok(None);
        }
        let mut window = Window::new(policy);
        entries.iter().for_each(|stored| window.apply(&stored.entry));
        // An encoder that came and went many times leaves many entries that are not segments.
        if window.is_full() || entries.len() < count || count >= ENTRIES_MAX {
            return Ok(Some((window, entries)));
        }
        count = count.saturating_mul(4);
    }
}
