//! What is kept of streams under names: recordings and clips, and what becomes of the rest.
//!
//! A record in the store names a stretch of a stream's segments. None of them is copied: they stay
//! where they are, since the janitor lets nothing go that a record needs. That a record and the end
//! of its segments' time do not miss each other is settled by the journal: the janitor first says
//! in it what it will delete, and then reads the records; whoever makes a record writes it first,
//! and then reads in the journal whether it came too late.

#[cfg(test)]
pub(crate) mod bench;
mod clip;
mod delete;
mod error;
mod history;
mod made;
mod recorder;
mod records;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use journal::{Journal, Position};
use runtime::{Drain, unix_ms};
use store::LiveFirst;
use timeline::{Recording, RecordingId, RenditionId, StreamName};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tracing::warn;

use crate::export::Exports;
use crate::settings::KnownSettings;
use crate::vod::Kept;

pub use self::clip::{ClipRequest, Clipped, Source};
pub use self::error::{ArchiveError, ClipError};
pub(crate) use self::history::{Recent, any_page, page, page_of, recent, segment_of};
pub(crate) use self::made::DATE_RANGE;

/// Recordings and clips.
#[derive(Debug)]
pub struct Recordings {
    pub(crate) known_settings: Arc<KnownSettings>,
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) objects: Arc<LiveFirst>,
    /// Records that were read lately.
    known: Mutex<Known>,
    /// Up to where each stream's journal was looked through for broadcasts that are over.
    recorded: Mutex<BTreeMap<StreamName, Position>>,
    /// Streams of which a recording was deleted, so that something may go.
    released: Mutex<BTreeSet<StreamName>>,
    pub(crate) kept: Kept,
    pub(crate) exports: Exports,
}

/// When records were read, and what they were.
type Known = BTreeMap<RecordingId, (Instant, Option<Arc<Recording>>)>;

/// How often ended broadcasts are looked for.
const EVERY: Duration = Duration::from_secs(2);
/// How long a record is believed that was read: what another node deletes is served for so long.
const BELIEVED: Duration = Duration::from_secs(5);
/// Records that are kept in memory.
const KNOWN_MAX: usize = 1_024;

impl Recordings {
    /// Those of everything in `journal` and `objects`.
    pub(crate) fn new(
        known_settings: Arc<KnownSettings>,
        journal: Arc<dyn Journal>,
        objects: Arc<LiveFirst>,
    ) -> Self {
        let (known, recorded, released) = (Mutex::default(), Mutex::default(), Mutex::default());
        let (kept, exports) = (Kept::default(), Exports::default());
        Self { known_settings, journal, objects, known, recorded, released, kept, exports }
    }

    /// Makes recordings of the broadcasts that end, until the process drains.
    pub async fn run(self: Arc<Self>, mut drain: Drain) {
        let mut tick = interval(EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = drain.started() => break,
                _ = tick.tick() => self.record_all().await,
            }
        }
    }

    /// Makes the recordings that are missing. What fails is tried again the next time.
    async fn record_all(&self) {
        let streams = match self.journal.streams().await {
            Ok(streams) => streams,
            Err(error) => {
                warn!(%error, "recordings are made later: cannot list the streams: {error}");
                return;
            }
        };
        for (name, newest) in streams {
            if let Err(error) = self.record(&name, &newest).await {
                warn!(stream.name = %name, %error, "recordings of `{name}` are made later: {error}");
            }
        }
    }

    /// The record of a recording as it is now; `None` where there never was one. It may be
    /// deleted.
    ///
    /// # Errors
    ///
    /// When that is not known.
    pub async fn look_up(&self, id: &RecordingId) -> Result<Option<Arc<Recording>>, ArchiveError> {
        let now = Instant::now();
        if let Some((read, record)) = self.known().get(id)
            && now.duration_since(*read) < BELIEVED
        {
            return Ok(record.clone());
        }
        let record = self.read(id).await?.map(Arc::new);
        let mut known = self.known();
        if known.len() >= KNOWN_MAX {
            known.retain(|_, (read, _)| now.duration_since(*read) < BELIEVED);
        }
        if known.len() < KNOWN_MAX {
            known.insert(id.clone(), (now, record.clone()));
        }
        Ok(record)
    }

    /// Deletes a recording: it is not served any more, and nothing keeps its segments. `false` when
    /// it was deleted before.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::Unknown`] when there never was one; others when it may still be there.
    pub async fn delete(&self, id: &RecordingId) -> Result<bool, ArchiveError> {
        let deleted = self.mark_deleted(id, unix_ms()).await;
        self.forget(id);
        let mut released = self.released.lock().unwrap_or_else(PoisonError::into_inner);
        released.insert(id.stream().clone());
        deleted
    }

    /// Forgets what was read of a record.
    pub(crate) fn forget(&self, id: &RecordingId) {
        self.known().remove(id);
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a recording of the stream was deleted since this was asked last.
    pub(crate) fn take_released(&self, stream: &StreamName) -> bool {
        self.released.lock().unwrap_or_else(PoisonError::into_inner).remove(stream)
    }

    /// The renditions that a stream's journal still tells of.
    pub(crate) async fn renditions(
        &self,
        stream: &StreamName,
    ) -> Result<Vec<RenditionId>, ArchiveError> {
        let recent = recent(self.journal.as_ref(), stream, None).await?;
        Ok(recent.map(|recent| recent.renditions()).unwrap_or_default())
    }

    fn recorded(&self, stream: &StreamName) -> Position {
        let recorded = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        recorded.get(stream).copied().unwrap_or(Position::START)
    }

    fn set_recorded(&self, stream: &StreamName, position: Position) {
        let mut recorded = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        recorded.insert(stream.clone(), position);
    }
}
