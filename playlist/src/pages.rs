//! Index pages in memory.
//!
//! They are read when a playlist lists them, and kept for all that do: a page is the same in every
//! view and version. How much memory they take is bounded; the one that was not looked at for the
//! longest time goes first.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hls::{Page, PageError};
use origin::OriginError;
use store::{ObjectStore, StoreError};
use thiserror::Error;
use timeline::{ObjectKey, PageKey, RenditionId, SegmentRecord, StreamName};
use tokio::task::JoinSet;

use crate::follow::Follower;
use crate::packed::Chunk;
use crate::service::unavailable;

/// Pages that are read from the store at the same time for one playlist: with 20 ms for each of
/// them, 14 days of segments of two seconds (1,182 pages) are read in under a second.
const PARALLEL: usize = 32;
/// Bytes of pages that are kept: nine renditions of 14 days.
const BYTES_MAX: usize = 256 << 20;

/// A page, and its segments as a piece of playlists.
#[derive(Debug)]
pub(crate) struct Leaf {
    pub(crate) page: Page,
    /// The lines of all its segments.
    pub(crate) chunk: Chunk,
}

/// Keeps pages of all streams.
#[derive(Debug)]
pub(crate) struct Library {
    store: Arc<dyn ObjectStore>,
    shelf: Mutex<Shelf>,
}

#[derive(Debug, Default)]
struct Shelf {
    leaves: BTreeMap<ObjectKey, (u64, Arc<Leaf>)>,
    /// By when each was looked at last.
    order: BTreeMap<u64, ObjectKey>,
    looks: u64,
    bytes: usize,
}

/// A rendition, and what is known of others, to find what it was before it was there.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) stream: StreamName,
    pub(crate) rendition: RenditionId,
    /// A record of it. Where it had nothing, what others had then is listed as gaps.
    pub(crate) like: Option<SegmentRecord>,
    pub(crate) others: Vec<RenditionId>,
}

/// Why a page cannot be had for now.
#[derive(Debug, Error)]
enum ReadError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{key}: {error}")]
    Page { key: ObjectKey, error: PageError },
    #[error("the reading of a page was given up")]
    GivenUp,
}

impl Leaf {
    fn new(page: Page) -> Self {
        let chunk = Chunk::new(page.lines(page.first()..page.end()));
        Self { page, chunk }
    }

    fn bytes(&self) -> usize {
        // The packed form is about an eighth of the text.
        self.page.text().len().saturating_mul(9) / 8
    }
}

impl Library {
    pub(crate) fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self { store, shelf: Mutex::default() }
    }

    /// Keeps a page that was made here, as the store has it.
    pub(crate) fn keep(&self, key: PageKey, page: Page) {
        let leaf = Arc::new(Leaf::new(page));
        self.lock().add(key.into(), leaf);
    }

    /// The pages of these numbers, in order. What nobody has any more is `None`.
    pub(crate) async fn leaves(
        self: &Arc<Self>,
        wanted: &Arc<Wanted>,
        numbers: Range<u64>,
    ) -> Result<Vec<Option<Arc<Leaf>>>, OriginError> {
        let mut found = BTreeMap::new();
        let mut missing = Vec::new();
        {
            let mut shelf = self.lock();
            for number in numbers.clone() {
                match shelf.look_up(&wanted.key(&wanted.rendition, number)) {
                    Some(leaf) => drop(found.insert(number, leaf)),
                    None => missing.push(number),
                }
            }
        }
        let mut reads = JoinSet::new();
        for number in missing {
            if reads.len() >= PARALLEL {
                take(&mut found, reads.join_next().await)?;
            }
            let (library, wanted) = (Arc::clone(self), Arc::clone(wanted));
            reads.spawn(async move { (number, library.read(&wanted, number).await) });
        }
        while !reads.is_empty() {
            take(&mut found, reads.join_next().await)?;
        }
        Ok(numbers.map(|number| found.get(&number).cloned()).collect())
    }

    /// One page.
    pub(crate) async fn leaf(
        self: &Arc<Self>,
        wanted: &Arc<Wanted>,
        number: u64,
    ) -> Result<Option<Arc<Leaf>>, OriginError> {
        let key = wanted.key(&wanted.rendition, number);
        if let Some(leaf) = self.lock().look_up(&key) {
            return Ok(Some(leaf));
        }
        self.read(wanted, number).await.map_err(|error| unavailable("the object store", error))
    }

    async fn read(&self, wanted: &Wanted, number: u64) -> Result<Option<Arc<Leaf>>, ReadError> {
        let own = wanted.key(&wanted.rendition, number);
        let mut found = self.read_key(&own).await?;
        if let (None, Some(like)) = (&found, &wanted.like) {
            for other in wanted.others.iter().filter(|id| **id != wanted.rendition) {
                if let Some(page) = self.read_key(&wanted.key(other, number)).await? {
                    found = page.without_media(like);
                    break;
                }
            }
        }
        let Some(page) = found else { return Ok(None) };
        let leaf = Arc::new(Leaf::new(page));
        leaf.chunk.pack();
        self.lock().add(own, Arc::clone(&leaf));
        Ok(Some(leaf))
    }

    async fn read_key(&self, key: &ObjectKey) -> Result<Option<Page>, ReadError> {
        match self.store.get(key).await {
            Ok(text) => Page::parse(text)
                .map(Some)
                .map_err(|error| ReadError::Page { key: key.clone(), error }),
            Err(StoreError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Read = (u64, Result<Option<Arc<Leaf>>, ReadError>);

fn take(
    found: &mut BTreeMap<u64, Arc<Leaf>>,
    read: Option<Result<Read, tokio::task::JoinError>>,
) -> Result<(), OriginError> {
    let read = match read {
        None => return Ok(()),
        Some(Err(_)) => Err(ReadError::GivenUp),
        Some(Ok((number, read))) => read.map(|leaf| (number, leaf)),
    };
    let (number, leaf) = read.map_err(|error| unavailable("the object store", error))?;
    found.extend(leaf.map(|leaf| (number, leaf)));
    Ok(())
}

impl Follower {
    /// The newest record of the rendition that the stream prefers.
    pub(crate) fn newest_record(&self) -> Option<SegmentRecord> {
        let window = self.read_window();
        let mut newest = window.tail().rev();
        newest.find_map(|segment| segment.renditions.first().cloned())
    }

    pub(crate) fn wanted(&self, record: &SegmentRecord) -> Arc<Wanted> {
        let like = Some(record.clone());
        Arc::new(Wanted { like, ..self.known(record.rendition.clone()) })
    }

    pub(crate) fn wanted_by_name(&self, rendition: RenditionId) -> Arc<Wanted> {
        let like = {
            let window = self.read_window();
            let mut records = window.tail().rev().flat_map(|segment| &segment.renditions);
            records.find(|record| record.rendition == rendition).cloned()
        };
        Arc::new(Wanted { like, ..self.known(rendition) })
    }

    fn known(&self, rendition: RenditionId) -> Wanted {
        let window = self.read_window();
        let newest = window.tail().next_back();
        let others = newest.iter().flat_map(|segment| &segment.renditions);
        let others = others.map(|record| record.rendition.clone()).collect();
        Wanted { stream: self.name.clone(), rendition, like: None, others }
    }
}

impl Wanted {
    fn key(&self, rendition: &RenditionId, number: u64) -> ObjectKey {
        PageKey { stream: self.stream.clone(), rendition: rendition.clone(), number }.into()
    }
}

impl Shelf {
    fn look_up(&mut self, key: &ObjectKey) -> Option<Arc<Leaf>> {
        let (looked, leaf) = self.leaves.get_mut(key)?;
        self.looks += 1;
        let key = self.order.remove(looked)?;
        *looked = self.looks;
        self.order.insert(self.looks, key);
        Some(Arc::clone(leaf))
    }

    fn add(&mut self, key: ObjectKey, leaf: Arc<Leaf>) {
        self.looks += 1;
        self.bytes = self.bytes.saturating_add(leaf.bytes());
        self.order.insert(self.looks, key.clone());
        if let Some((looked, before)) = self.leaves.insert(key, (self.looks, leaf)) {
            self.order.remove(&looked);
            self.bytes = self.bytes.saturating_sub(before.bytes());
        }
        while self.bytes > BYTES_MAX {
            let Some((_, oldest)) = self.order.pop_first() else { break };
            if let Some((_, gone)) = self.leaves.remove(&oldest) {
                self.bytes = self.bytes.saturating_sub(gone.bytes());
            }
        }
    }
}
