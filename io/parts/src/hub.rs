//! The channel within one process.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use timeline::{MediaKey, ObjectName, OpenSegment, StreamName};
use tokio::sync::watch;

use crate::part::{Making, Reading, Refusal};
use crate::{OpenWatch, PartError, PartFlow, PartSource};

/// Streams that are looked at before those that nobody needs are let go of. Viewers may ask for
/// any name, and one that is only watched leaves no trace of when its watchers went.
const SWEEP_MIN: usize = 64;

/// Keeps the segments that are being made on this node. Clones share it.
///
/// A publication announces its open segment, grows and completes the parts of it, forgets them
/// when the segment is whole, and closes last of all. One publication of a stream follows another.
#[derive(Clone, Debug, Default)]
pub struct Hub {
    streams: Arc<Mutex<Streams>>,
}

#[derive(Debug, Default)]
struct Streams {
    slots: HashMap<StreamName, Slot>,
    /// How many streams there are when they are looked through next.
    sweep_at: usize,
}

#[derive(Debug)]
struct Slot {
    open: watch::Sender<Option<Arc<OpenSegment>>>,
    /// The parts of the open segment and of the segment before it, by their keys, and the next
    /// parts that somebody waits for.
    parts: HashMap<MediaKey, Making>,
}

impl Default for Slot {
    fn default() -> Self {
        Self { open: watch::Sender::new(None), parts: HashMap::new() }
    }
}

impl Hub {
    /// Adds bytes to a part that is being made, or begins it.
    pub fn grow(&self, key: &MediaKey, bytes: Bytes) {
        self.part(key).grow(bytes);
    }

    /// Says that a part is whole: all its bytes, in one piece. Do so before a segment with this
    /// part is announced.
    pub fn complete(&self, key: &MediaKey, bytes: Bytes) {
        self.part(key).complete(bytes);
    }

    /// Announces the segment that is being made. Who waits for a part that will not come now, since
    /// the segment before ended without it, is told so; parts of segments before that one go.
    pub fn announce(&self, stream: &StreamName, open: OpenSegment) {
        let mut streams = self.lock();
        let slot = streams.slots.entry(stream.clone()).or_default();
        slot.parts.retain(|key, part| {
            let stays = is_recent(&open, key) && (part.is_begun() || is_next(&open, key));
            if !stays {
                part.refuse(Refusal::NotFound);
            }
            stays
        });
        slot.open.send_replace(Some(Arc::new(open)));
    }

    /// Lets go of parts: their segment is whole and can be read instead. Who reads one of them
    /// reads it to its end.
    pub fn forget(&self, keys: impl IntoIterator<Item = MediaKey>) {
        let mut streams = self.lock();
        for key in keys {
            if let Some(slot) = streams.slots.get_mut(&key.stream) {
                slot.parts.remove(&key);
            }
        }
    }

    /// Says that nothing is being made any more: the publication is over.
    pub fn close(&self, stream: &StreamName) {
        let mut streams = self.lock();
        let Some(slot) = streams.slots.get_mut(stream) else { return };
        slot.open.send_replace(None);
        slot.parts.drain().for_each(|(_, part)| part.give_up());
        if !slot.is_used() {
            streams.slots.remove(stream);
        }
    }

    fn part(&self, key: &MediaKey) -> Making {
        let mut streams = self.lock();
        let slot = streams.slots.entry(key.stream.clone()).or_default();
        slot.parts.entry(key.clone()).or_default().clone()
    }

    /// A reader of a part that is there, or of the next one. It is one before the lock is given
    /// back, so it sees the part also if that is begun, whole and forgotten at the next moment.
    fn reading(&self, key: &MediaKey) -> Option<Reading> {
        let mut streams = self.lock();
        let slot = streams.slots.get_mut(&key.stream)?;
        if let Some(part) = slot.parts.get(key) {
            return Some(part.read(key));
        }
        let is_next = slot.open.borrow().as_ref().is_some_and(|open| is_next(open, key));
        is_next.then(|| slot.parts.entry(key.clone()).or_default().read(key))
    }

    fn lock(&self) -> MutexGuard<'_, Streams> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Streams {
    /// Lets go of streams that nobody makes or watches, each time that there are twice as many as
    /// after the last time.
    fn sweep(&mut self) {
        if self.slots.len() >= self.sweep_at.max(SWEEP_MIN) {
            self.slots.retain(|_, slot| slot.is_used());
            self.sweep_at = self.slots.len().saturating_mul(2);
        }
    }
}

impl Slot {
    fn is_used(&self) -> bool {
        !self.parts.is_empty() || self.open.receiver_count() > 0 || self.open.borrow().is_some()
    }
}

/// Whether a part is of the open segment, of the one before, or of one to come.
fn is_recent(open: &OpenSegment, key: &MediaKey) -> bool {
    let ObjectName::Part { sequence, .. } = key.object else { return false };
    key.epoch > open.epoch || key.epoch == open.epoch && sequence.saturating_add(1) >= open.sequence
}

/// Whether `key` is what is made next: one more part of the open segment, or, if the segment ends
/// here, the first part of the one after it.
fn is_next(open: &OpenSegment, key: &MediaKey) -> bool {
    let ObjectName::Part { sequence, part, container } = key.object else { return false };
    let of_open = sequence == open.sequence && part == open.next_part();
    let of_next = sequence == open.sequence.saturating_add(1) && part == 0;
    let mut renditions = open.renditions.iter();
    key.epoch == open.epoch
        && (of_open || of_next)
        && renditions.any(|one| one.rendition == key.rendition && one.container == container)
}

#[async_trait]
impl PartSource for Hub {
    async fn follow(
        &self,
        stream: &StreamName,
        _origin_url: Option<&str>,
    ) -> Result<OpenWatch, PartError> {
        let mut streams = self.lock();
        streams.sweep();
        Ok(streams.slots.entry(stream.clone()).or_default().open.subscribe())
    }

    async fn read(&self, key: &MediaKey, _origin_url: Option<&str>) -> Result<PartFlow, PartError> {
        let reading = self.reading(key).ok_or_else(|| PartError::NotFound(key.clone()))?;
        reading.flow().await
    }
}
