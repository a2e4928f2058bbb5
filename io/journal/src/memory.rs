//! A journal for tests of others.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use timeline::{Entry, StreamName};

use crate::tail::{Followed, ReadAfter};
use crate::{AppendError, Journal, JournalError, KEPT_ENTRIES_MIN, Position, Stored, Tail};

/// Keeps entries in memory until it is dropped. Clones are the same journal.
///
/// Positions are numbers over all streams, so those of one stream have steps between them, as in
/// a journal that many nodes share.
#[derive(Clone, Default, Debug)]
pub struct MemoryJournal {
    logs: Arc<Logs>,
}

#[derive(Default, Debug)]
struct Logs {
    streams: Mutex<Streams>,
    followed: Followed,
}

#[derive(Default, Debug)]
struct Streams {
    /// None of them is empty.
    logs: BTreeMap<StreamName, BTreeMap<Position, Arc<Entry>>>,
    newest: u64,
}

impl Logs {
    fn lock(&self) -> MutexGuard<'_, Streams> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn stored((position, entry): (&Position, &Arc<Entry>)) -> Stored {
    Stored { position: *position, entry: Arc::clone(entry) }
}

#[async_trait]
impl Journal for MemoryJournal {
    async fn append(
        &self,
        stream: &StreamName,
        expected: Position,
        entry: &Entry,
    ) -> Result<Position, AppendError> {
        let mut streams = self.logs.lock();
        let newest = streams.logs.get(stream).and_then(|log| log.last_key_value());
        let newest = newest.map_or(Position::START, |(position, _)| *position);
        if newest != expected {
            return Err(AppendError::Stale { newest });
        }
        streams.newest += 1;
        let (position, entry) = (Position::from_number(streams.newest), Arc::new(entry.clone()));
        let log = streams.logs.entry(stream.clone()).or_default();
        log.insert(position, Arc::clone(&entry));
        self.logs.followed.tell(stream, expected, Stored { position, entry });
        Ok(position)
    }

    async fn read_newest(
        &self,
        stream: &StreamName,
        count: usize,
    ) -> Result<Vec<Stored>, JournalError> {
        let streams = self.logs.lock();
        let log = streams.logs.get(stream).into_iter().flatten();
        let mut newest: Vec<_> = log.rev().take(count).map(stored).collect();
        newest.reverse();
        Ok(newest)
    }

    async fn read_after(
        &self,
        stream: &StreamName,
        after: Position,
        limit: usize,
    ) -> Result<Vec<Stored>, JournalError> {
        self.logs.read_after(stream, after, limit).await
    }

    async fn tail(&self, stream: &StreamName, after: Position) -> Result<Tail, JournalError> {
        Ok(self.logs.followed.tail(Arc::clone(&self.logs) as _, stream, after))
    }

    async fn streams(&self) -> Result<Vec<(StreamName, Stored)>, JournalError> {
        let streams = self.logs.lock();
        let newest = |(name, log): (&StreamName, &BTreeMap<_, _>)| {
            Some((name.clone(), stored(log.last_key_value()?)))
        };
        Ok(streams.logs.iter().filter_map(newest).collect())
    }

    async fn trim(&self, stream: &StreamName, before: Position) -> Result<u64, JournalError> {
        let mut streams = self.logs.lock();
        let Some(log) = streams.logs.get_mut(stream) else { return Ok(0) };
        let mut removed = 0;
        while log.len() > KEPT_ENTRIES_MIN
            && let Some(oldest) = log.first_entry()
            && *oldest.key() < before
        {
            oldest.remove();
            removed += 1;
        }
        Ok(removed)
    }
}

#[async_trait]
impl ReadAfter for Logs {
    async fn read_after(
        &self,
        stream: &StreamName,
        after: Position,
        limit: usize,
    ) -> Result<Vec<Stored>, JournalError> {
        let streams = self.lock();
        let log = streams.logs.get(stream).into_iter().flat_map(|log| {
            log.range((std::ops::Bound::Excluded(after), std::ops::Bound::Unbounded))
        });
        Ok(log.take(limit).map(stored).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn conforms() {
        crate::conformance::all(Arc::new(MemoryJournal::default())).await;
    }
}
