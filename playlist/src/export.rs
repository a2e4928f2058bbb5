//! Recordings as MP4 files, made while they are read.
//!
//! The file's layout is worked out from all segments once, which takes a look at each of them; then
//! any range of the file is made of the segments that it touches. Layouts of files that were asked
//! for lately are kept, since players and downloads ask for one range after another.

mod files;
mod lay_out;
mod segments;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use origin::{Body, CacheControl, Document, OriginError};
use timeline::{Recording, RecordingId};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use self::files::File;
use crate::archive::Recordings;
use crate::vod::unavailable_box;

/// Files that are laid out at a time: each reads all of its segments as fast as the store gives
/// them, and live viewers come first.
const LAYING_OUT_MAX: usize = 2;
/// How long whoever wants one more waits for its turn.
const TURN_WITHIN: Duration = Duration::from_secs(20);
/// Ranges that are sent at a time, with two megabytes each on their way.
const SENDING_MAX: usize = 32;
/// Bytes of layouts that are kept: one of an hour takes about three megabytes.
const KEPT_BYTES_MAX: usize = 128 * 1_024 * 1_024;
/// Seconds that a file may be cached for, as playlists of recordings.
const CACHED_S: u32 = 300;

/// Files that are made.
#[derive(Debug)]
pub(crate) struct Exports {
    laying_out: Semaphore,
    sending: Arc<Semaphore>,
    /// Oldest first.
    kept: Mutex<VecDeque<(RecordingId, Arc<File>)>>,
    /// Held while a file is laid out, so that nobody else does the same.
    turns: Mutex<BTreeMap<RecordingId, Arc<tokio::sync::Mutex<()>>>>,
}

impl Default for Exports {
    fn default() -> Self {
        Self {
            laying_out: Semaphore::new(LAYING_OUT_MAX),
            sending: Arc::new(Semaphore::new(SENDING_MAX)),
            kept: Mutex::default(),
            turns: Mutex::default(),
        }
    }
}

impl Recordings {
    /// A recording as one file.
    pub(crate) async fn export(&self, id: &RecordingId) -> Result<Document, OriginError> {
        let record = self.watchable(id).await?;
        let file = match self.exports.get(id) {
            Some(file) => file,
            None => self.lay_out_in_turn(&record).await?,
        };
        Ok(Document {
            etag: file.etag().into(),
            body: Body::Made(file),
            gzip: None,
            content_type: "video/mp4",
            cache_control: CacheControl::Seconds(CACHED_S),
        })
    }

    async fn lay_out_in_turn(&self, record: &Arc<Recording>) -> Result<Arc<File>, OriginError> {
        let id = &record.id;
        let turn = self.exports.turn(id);
        let busy = |_| unavailable_box("too many recordings are made into files".into());
        let held = timeout(TURN_WITHIN, turn.lock()).await.map_err(busy)?;
        if let Some(file) = self.exports.get(id) {
            return Ok(file);
        }
        let place = timeout(TURN_WITHIN, self.exports.laying_out.acquire()).await.map_err(busy)?;
        let file = Arc::new(self.lay_out(record).await?);
        drop(place);
        self.exports.put(id, &file);
        drop(held);
        Ok(file)
    }
}

impl Exports {
    fn get(&self, id: &RecordingId) -> Option<Arc<File>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|it| it.0 == *id).map(|it| Arc::clone(&it.1))
    }

    fn put(&self, id: &RecordingId, file: &Arc<File>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_back((id.clone(), Arc::clone(file)));
        while kept.iter().map(|it| it.1.memory()).sum::<usize>() > KEPT_BYTES_MAX {
            if kept.pop_front().is_none() {
                break;
            }
        }
    }

    fn turn(&self, id: &RecordingId) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody else has those that are here only.
        turns.retain(|_, turn| Arc::strong_count(turn) > 1);
        Arc::clone(turns.entry(id.clone()).or_default())
    }
}
