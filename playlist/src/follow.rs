//! Follows one stream's journal, and lists it.

mod journal;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use ::journal::{Journal, JournalError, Position};
use hls::container_of;
use origin::{Document, OriginError};
use timeline::{Container, PAGE_SEGMENTS, RenditionId, Skip, State, StreamName, View, Window};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::Settings;
use crate::book::Kept;
use crate::listing::{Sources, Span, whole_pages};
use crate::open::Live;
use crate::pages::{Leaf, Library, Wanted};
pub(crate) use crate::read_back::read_window;
use crate::read_back::{ReadBack, read_back};
use crate::settings::Own;
use crate::turns::{Making, Turns};
use crate::view::Stretch;

/// Playlists that are kept of one stream until the journal goes on.
const DOCUMENTS_MAX: usize = 64;
/// How often a playlist is tried that the journal overtakes while pages are read for it.
const ATTEMPTS: u32 = 8;

/// A stream as its journal tells it.
#[derive(Debug)]
pub(crate) struct Follower {
    pub(crate) name: StreamName,
    settings: Mutex<Settings>,
    /// What the settings are to be as soon as the window is that long.
    wanted: watch::Sender<Settings>,
    /// Somebody says that they have changed.
    changed: Notify,
    /// See [`Own::shown_first`].
    pub(crate) shown_first: Arc<AtomicU64>,
    pub(crate) library: Arc<Library>,
    window: RwLock<Window>,
    /// What the owner announces of the segment that is being made.
    pub(crate) live: Live,
    /// Grows with each entry that is folded and with what is announced; waiters wake then.
    version: watch::Sender<u64>,
    /// The number of entries that have been folded.
    folded: AtomicU64,
    documents: Mutex<BTreeMap<Shown, (u64, Document)>>,
    kept: Mutex<BTreeMap<RenditionId, Kept>>,
    /// The page in which a stretch of time was found last, and when it begins and ends.
    memo: Mutex<Option<(u64, i64, i64)>>,
    /// Held while a version is made, so that it is made once.
    turns: Turns<Making>,
    pub(crate) last_used: Mutex<Instant>,
}

/// A playlist of a stream.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Shown {
    /// The list of variants, in the preferred container or in this one.
    Multivariant(Option<Container>, View, Stretch),
    /// The segments of a rendition, in an update that leaves out what is old or not.
    Media(RenditionId, Stretch, Option<Skip>),
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
    /// Reads the stream's tail; `None` when the stream has no journal.
    pub(crate) async fn open(
        journal: &Arc<dyn Journal>,
        name: &StreamName,
        own: impl Into<Own>,
        library: &Arc<Library>,
    ) -> Result<Option<(Arc<Self>, Position)>, JournalError> {
        let Own { settings, shown_first } = own.into();
        let read = read_back(journal.as_ref(), name, settings.window, library).await?;
        let Some(ReadBack { window, entries, position }) = read else { return Ok(None) };
        let follower = Self {
            name: name.clone(),
            settings: Mutex::new(settings),
            wanted: watch::Sender::new(settings),
            changed: Notify::new(),
            shown_first,
            library: Arc::clone(library),
            window: RwLock::new(window),
            live: Live::new(entries.iter().map(|entry| &**entry)),
            version: watch::Sender::new(0),
            folded: AtomicU64::new(0),
            documents: Mutex::default(),
            kept: Mutex::default(),
            memo: Mutex::default(),
            turns: Turns::default(),
            last_used: Mutex::new(Instant::now()),
        };
        Ok(Some((Arc::new(follower), position)))
    }

    /// A playlist that is made once for all who ask for it; `None` while there is nothing to list
    /// or the broadcast ended before `oldest_ms` (milliseconds since the Unix epoch).
    pub(crate) async fn document(
        &self,
        which: &Shown,
        oldest_ms: i64,
    ) -> Result<Option<Document>, OriginError> {
        {
            let window = self.read_window();
            if window.has_ended() && window.latest_at_ms() < oldest_ms {
                return Ok(None);
            }
        }
        if let Some(document) = self.made(which) {
            return Ok(Some(document));
        }
        let _turn = self.turns.take(which.making()).await;
        if let Some(document) = self.made(which) {
            return Ok(Some(document));
        }
        // The version is read before the window: a playlist is never kept under a version that is
        // newer than what it shows.
        let version = self.version_of(which);
        let document = match which {
            Shown::Multivariant(container, view, stretch) => {
                self.variants(*container, *view, *stretch).await?
            }
            Shown::Media(rendition, stretch, skip) => {
                self.listing(rendition, *stretch, *skip).await?
            }
        };
        let mut documents = lock(&self.documents);
        if documents.len() >= DOCUMENTS_MAX {
            documents.retain(|which, (made, _)| *made == self.version_of(which));
        }
        if documents.len() >= DOCUMENTS_MAX {
            documents.clear();
        }
        documents.extend(document.clone().map(|document| (which.clone(), (version, document))));
        Ok(document)
    }

    /// What changes when a playlist may: parts change no list of variants.
    fn version_of(&self, which: &Shown) -> u64 {
        match which {
            Shown::Multivariant(..) => self.folded.load(Ordering::Acquire),
            Shown::Media(..) => *self.version.borrow(),
        }
    }

    fn made(&self, which: &Shown) -> Option<Document> {
        let version = self.version_of(which);
        let documents = lock(&self.documents);
        let (made, document) = documents.get(which)?;
        (*made == version).then(|| document.clone())
    }

    /// The media playlist of a stretch, in an update that leaves out what is old or not; `None`
    /// where the stream has nothing of the rendition.
    async fn listing(
        &self,
        rendition: &RenditionId,
        stretch: Stretch,
        skip: Option<Skip>,
    ) -> Result<Option<Document>, OriginError> {
        // Anybody may ask for any name: nothing is read for one that the stream does not have.
        if matches!(stretch, Stretch::Last(_)) && !self.has(rendition) {
            return Ok(None);
        }
        let query = self.settings().query(stretch);
        let wanted = self.wanted_by_name(rendition.clone());
        for _ in 0..ATTEMPTS {
            let Some(mut span) = self.span(&wanted, stretch).await? else { return Ok(None) };
            let (leaves, first) = self.leaves(&wanted, &span).await?;
            span.first = first;
            let window = self.read_window();
            let of_page = || leaves.values().next().map(|leaf| leaf.page.record());
            let container = container_of(window.tail(), rendition)
                .or_else(|| of_page().map(|page| page.record.container));
            let Some(container) = container.filter(|_| span.first < span.end) else {
                return Ok(None);
            };
            let sources = Sources { window: &window, rendition, container, leaves: &leaves };
            let open = self.live.listed();
            let extras = sources.extras(&span, open.as_deref(), skip, &query);
            let mut kept = lock(&self.kept);
            let kept = kept.entry(rendition.clone()).or_default();
            if let Some(document) = sources.compose(&span, &extras, kept) {
                return Ok(Some(document));
            }
        }
        Ok(None)
    }

    /// The pages that a span needs, and its first segment: behind those that nobody has any more.
    async fn leaves(
        &self,
        wanted: &Arc<Wanted>,
        span: &Span,
    ) -> Result<(BTreeMap<u64, Arc<Leaf>>, u64), OriginError> {
        let (pages, edges) = {
            let window = self.read_window();
            let paged_before = window.head().map_or(0, |head| head.paged_before);
            let live_first = window.segments().next().map_or(u64::MAX, |it| it.sequence);
            let whole = whole_pages(span, paged_before);
            let is_kept = lock(&self.kept)
                .get(&wanted.rendition)
                .is_some_and(|kept| whole.is_empty() || kept.has_book(&whole));
            let pages = if is_kept { whole.end..whole.end } else { whole };
            let mut edges = Vec::new();
            // What every node has in its window is not asked of pages.
            if span.first < live_first {
                let partial = [span.first, span.end].map(|sequence| sequence / PAGE_SEGMENTS);
                let is_paged = |number: &u64| (number + 1) * PAGE_SEGMENTS <= paged_before;
                edges.extend(partial.into_iter().filter(|it| is_paged(it) && !pages.contains(it)));
            }
            (pages, edges)
        };
        let mut first = span.first;
        let mut found = BTreeMap::new();
        for (number, leaf) in pages.clone().zip(self.library.leaves(wanted, pages).await?) {
            match leaf {
                Some(leaf) => drop(found.insert(number, leaf)),
                None => first = number.saturating_add(1).saturating_mul(PAGE_SEGMENTS),
            }
        }
        for number in edges {
            match self.library.leaf(wanted, number).await? {
                Some(leaf) => drop(found.insert(number, leaf)),
                None if number == span.first / PAGE_SEGMENTS => {
                    first = first.max(number.saturating_add(1).saturating_mul(PAGE_SEGMENTS));
                }
                None => {}
            }
        }
        Ok((found, first))
    }

    /// The page in which `ms` was found before.
    pub(crate) fn memo(&self, ms: i64) -> Option<u64> {
        let memo = *lock(&self.memo);
        memo.filter(|(_, start_ms, end_ms)| (*start_ms..*end_ms).contains(&ms)).map(|it| it.0)
    }

    pub(crate) fn memorize(&self, number: u64, start_ms: i64, end_ms: i64) {
        *lock(&self.memo) = Some((number, start_ms, end_ms));
    }

    /// What the stream is served with.
    pub(crate) fn settings(&self) -> Settings {
        *lock(&self.settings)
    }

    /// The stream is to be served with other settings, or with those that it has.
    pub(crate) fn want(&self, settings: Settings) {
        self.wanted.send_if_modified(|wanted| std::mem::replace(wanted, settings) != settings);
    }

    /// Somebody says that the settings have changed.
    pub(crate) fn settings_changed(&self) {
        self.changed.notify_one();
    }

    /// Waits until somebody says so.
    pub(crate) async fn settings_change(&self) {
        self.changed.notified().await;
    }

    /// What the stream is doing.
    pub(crate) fn now(&self) -> Now {
        let window = self.read_window();
        Now {
            epoch: window.epoch(),
            next_sequence: window.head().map_or(0, |head| head.next_sequence),
            is_live: window.head().is_some_and(|head| head.state == State::Live),
            target_duration_s: window.target_duration_s(),
        }
    }

    /// Whether the stream has listed a segment of `rendition`.
    pub(crate) fn has(&self, rendition: &RenditionId) -> bool {
        let window = self.read_window();
        window.tail().any(|s| s.renditions.iter().any(|r| r.rendition == *rendition))
    }

    /// Whether a stretch with this end (milliseconds since the Unix epoch) gets no more segments.
    pub(crate) fn has_come_to(&self, end_ms: i64) -> bool {
        let window = self.read_window();
        let newest = window.tail().next_back();
        newest.is_some_and(|it| it.calendar_ms.saturating_add(it.length_ms) >= end_ms)
    }

    /// Whether anything is listed.
    pub(crate) fn is_empty(&self) -> bool {
        self.read_window().segments().len() == 0
    }

    /// Wakes whenever the journal goes on.
    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    /// Wakes who waits.
    pub(crate) fn wake(&self) {
        self.version.send_modify(|version| *version += 1);
    }

    /// The stream's newest segments.
    pub(crate) fn read_window(&self) -> RwLockReadGuard<'_, Window> {
        self.window.read().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
