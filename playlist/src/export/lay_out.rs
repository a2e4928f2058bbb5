//! The first pass: a look at every segment.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use container::fmp4::{Outline, Reader};
use container::mp4::{ExportError, Index, Options, Segment, SegmentError, Span};
use origin::OriginError;
use store::{LiveFirst, StoreError};
use thiserror::Error;
use timeline::{ObjectKey, Recording, RecordingId, TICKS_PER_SECOND};
use tokio::task::{JoinHandle, spawn_blocking};

use super::files::File;
use super::segments::{Listed, chosen};
use crate::archive::Recordings;
use crate::vod::unavailable_box;

/// Segments that are read ahead.
const AHEAD: usize = 4;
/// Bytes of a segment of fragments that are read at a time in search of its headers: the header of
/// a segment of two seconds has under two kilobytes for each track.
const HEADER_BYTES: usize = 16 * 1_024;
/// 90 kHz ticks in a millisecond.
const TICKS_PER_MS: i64 = TICKS_PER_SECOND / 1_000;

/// Why a segment cannot be had.
#[derive(Debug, Error)]
pub(super) enum LookError {
    /// It is not there, or the store does not say.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It is not what a file can be made of.
    #[error("{0}: {1}")]
    Segment(ObjectKey, SegmentError),
    /// Its table was not finished.
    #[error("a look at a segment broke: {0}")]
    Broke(#[from] tokio::task::JoinError),
}

impl Recordings {
    /// Lays out the file of a recording.
    pub(super) async fn lay_out(&self, record: &Arc<Recording>) -> Result<File, OriginError> {
        let lanes = chosen(record);
        let mut listed: Vec<VecDeque<Listed>> = Vec::new();
        for lane in lanes {
            listed.push(self.listed(record, lane).await?.into());
        }
        let no_export = |reason: String| OriginError::NoExport { id: record.id.clone(), reason };
        let main = listed.first().ok_or_else(|| no_export("it has no pictures or sound".into()))?;
        let mut index = Index::new(options(record, main));
        let mut keys: Vec<Vec<Option<ObjectKey>>> = Vec::new();
        let mut looks = Looks::new(Arc::clone(&self.objects), listed);
        while let Some((segment, look)) = looks.next().await {
            let tables = look.map_err(|error| refuse(&record.id, error))?;
            // A segment that has nothing takes no time.
            let Some(start) = tables.iter().find_map(Segment::span).map(|span| span.start) else {
                continue;
            };
            let length = segment.length_ms.saturating_mul(TICKS_PER_MS);
            let span = Span { start, end: start.saturating_add(length) };
            index.add(span, &tables).map_err(|error| no_export(in_words(error)))?;
            keys.push(segment.keys);
        }
        let layout = spawn_blocking(move || index.finish()).await;
        let layout = layout.map_err(|error| unavailable_box(error.into()))?;
        let layout = layout.map_err(|error| no_export(in_words(error)))?;
        let sending = Arc::clone(&self.exports.sending);
        Ok(File::new(record, layout, keys, Arc::clone(&self.objects), sending))
    }
}

fn refuse(id: &RecordingId, error: LookError) -> OriginError {
    match error {
        LookError::Segment(..) => {
            OriginError::NoExport { id: id.clone(), reason: error.to_string() }
        }
        LookError::Store(_) | LookError::Broke(_) => unavailable_box(error.into()),
    }
}

/// The exact edges, in ticks of the file's time, where they are not those of the segments. What is
/// lost takes no time in the file.
pub(super) fn options(record: &Recording, main: &VecDeque<Listed>) -> Options {
    let (mut at_ms, mut start, mut end) = (0_i64, None, None);
    for segment in main.iter().filter(|it| it.key.is_some()) {
        let end_ms = segment.calendar_ms.saturating_add(segment.length_ms);
        let within = |edge_ms: i64| {
            let after_ms = edge_ms.saturating_sub(segment.calendar_ms);
            at_ms.saturating_add(after_ms).saturating_mul(TICKS_PER_MS)
        };
        if segment.calendar_ms < record.start_ms && record.start_ms < end_ms {
            start = Some(within(record.start_ms));
        }
        if segment.calendar_ms < record.end_ms && record.end_ms < end_ms {
            end = Some(within(record.end_ms));
        }
        at_ms = at_ms.saturating_add(segment.length_ms);
    }
    let created = u64::try_from(record.created_ms.div_euclid(1_000)).ok();
    Options { created, start, end }
}

/// Why there is no file, as a sentence for people.
fn in_words(error: ExportError) -> String {
    match error {
        ExportError::TooMany { what, limit } => {
            format!("a file has at most {limit} {what}; make clips of it")
        }
        ExportError::Time => "its times cannot be those of one file".to_owned(),
        ExportError::Empty => "nothing is left of it".to_owned(),
    }
}

/// A segment that is looked at, in all lanes.
pub(super) struct Looked {
    keys: Vec<Option<ObjectKey>>,
    length_ms: i64,
}

/// Looks at segments in their order, some ahead.
struct Looks {
    objects: Arc<LiveFirst>,
    listed: Vec<VecDeque<Listed>>,
    ahead: VecDeque<(Looked, Look)>,
    /// Initialisation sections that were read.
    inits: Inits,
}

type Look = JoinHandle<Result<Vec<Segment>, LookError>>;
type Inits = Arc<tokio::sync::Mutex<BTreeMap<ObjectKey, Arc<Reader>>>>;

impl Looks {
    fn new(objects: Arc<LiveFirst>, listed: Vec<VecDeque<Listed>>) -> Self {
        Self { objects, listed, ahead: VecDeque::new(), inits: Inits::default() }
    }

    async fn next(&mut self) -> Option<(Looked, Result<Vec<Segment>, LookError>)> {
        while self.ahead.len() < AHEAD
            && let Some(next) = self.begin()
        {
            self.ahead.push_back(next);
        }
        let (looked, look) = self.ahead.pop_front()?;
        let tables = look.await.unwrap_or_else(|error| Err(error.into()));
        Some((looked, tables))
    }

    /// Begins with the next segment that is there.
    fn begin(&mut self) -> Option<(Looked, Look)> {
        loop {
            let lanes: Vec<_> = self.listed.iter_mut().map(VecDeque::pop_front).collect();
            let main = lanes.first()?.as_ref()?;
            if main.key.is_none() {
                continue;
            }
            let length_ms = main.length_ms;
            let keys = lanes.iter().map(|lane| lane.as_ref()?.key.clone()).collect();
            let (objects, inits) = (Arc::clone(&self.objects), Arc::clone(&self.inits));
            let look = tokio::spawn(async move {
                let mut tables = Vec::with_capacity(lanes.len());
                for lane in lanes {
                    let table = match lane.and_then(|it| Some((it.key?, it.init))) {
                        Some((key, init)) => look_at(&objects, &inits, key, init).await?,
                        None => Segment::default(),
                    };
                    tables.push(table);
                }
                Ok(tables)
            });
            return Some((Looked { keys, length_ms }, look));
        }
    }
}

impl Drop for Looks {
    /// Nobody waits any more.
    fn drop(&mut self) {
        self.ahead.iter().for_each(|(_, look)| look.abort());
    }
}

async fn look_at(
    objects: &LiveFirst,
    inits: &Inits,
    key: ObjectKey,
    init: Option<ObjectKey>,
) -> Result<Segment, LookError> {
    let Some(init) = init else {
        let bytes = objects.get(&key).await?;
        let table = spawn_blocking(move || Segment::transport(&bytes)).await?;
        return table.map_err(|error| LookError::Segment(key, error));
    };
    let reader = {
        let mut inits = inits.lock().await;
        match inits.get(&init) {
            Some(reader) => Arc::clone(reader),
            None => {
                let section = objects.get(&init).await?;
                let reader = Reader::open(&section);
                let failed = |error| LookError::Segment(init.clone(), SegmentError::Read(error));
                let reader = Arc::new(reader.map_err(failed)?);
                inits.insert(init.clone(), Arc::clone(&reader));
                reader
            }
        }
    };
    let failed = |error| LookError::Segment(key.clone(), SegmentError::Read(error));
    let length = usize::try_from(objects.length(&key).await?).unwrap_or(usize::MAX);
    let mut outline = Outline::new(length);
    while let Some(wanted) = outline.wanted() {
        let start = u64::try_from(wanted.start).unwrap_or(u64::MAX);
        let bytes = wanted.end.saturating_sub(wanted.start).max(HEADER_BYTES);
        let end = start.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        let bytes: Bytes = objects.get_range(&key, start..end).await?;
        if bytes.is_empty() {
            let source = "it is shorter than it was".into();
            let (operation, path) = ("read", key.path());
            return Err(StoreError::Unavailable { operation, path, source }.into());
        }
        outline.push(&bytes).map_err(failed)?;
    }
    let table = spawn_blocking(move || Segment::fragments(&reader, &outline)).await?;
    table.map_err(|error| LookError::Segment(key, error))
}
