//! Makes a recording of every broadcast that has ended.
//!
//! Whether one is to be made is read in the journal, and its name and contents follow from it. So a
//! crash is made good at the next start, and two nodes that do it at once write the same.

use jiff::Timestamp;
use journal::{Position, Stored};
use timeline::{Body, Entry, NameError, RecordingId, RecordingKind, State, StreamName};
use tracing::{info, warn};

use super::made::Stretch;
use super::{ArchiveError, Recordings, recent};
use crate::Settings;

/// Entries that are read at a time.
const ENTRIES: usize = 512;
/// Characters of a date: `2026-11-21`.
const DATE_CHARACTERS: usize = 10;

/// A broadcast that is over.
struct Broadcast {
    first: u64,
    last: u64,
    /// When its end was appended, in milliseconds since the Unix epoch.
    ended_ms: i64,
    position: Position,
}

impl Recordings {
    /// Makes the recordings of a stream's broadcasts that are over and have none yet, as far as the
    /// journal still tells of them up to `newest`.
    pub(crate) async fn record(
        &self,
        stream: &StreamName,
        newest: &Stored,
    ) -> Result<(), ArchiveError> {
        let mut position = self.recorded(stream);
        if position >= newest.position {
            return Ok(());
        }
        // What is not known now is known later.
        if !self.known_settings.said(stream).await.is_some_and(|settings| settings.record) {
            return Ok(());
        }
        loop {
            let entries = self.journal.read_after(stream, position, ENTRIES).await?;
            for stored in &entries {
                if let Some(broadcast) = Broadcast::of(stored) {
                    self.record_one(stream, &broadcast, &newest.entry).await?;
                }
                position = stored.position;
                self.set_recorded(stream, position);
            }
            if entries.len() < ENTRIES {
                return Ok(());
            }
        }
    }

    async fn record_one(
        &self,
        stream: &StreamName,
        broadcast: &Broadcast,
        newest: &Entry,
    ) -> Result<(), ArchiveError> {
        let Broadcast { first, last, ended_ms, position } = *broadcast;
        if newest.head.kept_from > first {
            // It was not to be recorded then, and a part of it has gone.
            return Ok(());
        }
        let Some(recent) = recent(self.journal.as_ref(), stream, Some(position)).await? else {
            return Ok(());
        };
        let known = recent.renditions();
        let store = self.objects.store.as_ref();
        let Some((start_ms, _)) = super::made::span(&recent, &known, store, stream, first).await?
        else {
            warn!(stream.name = %stream, first, last, "segments {first} to {last} of `{stream}` are not recorded: what they were is not known any more");
            return Ok(());
        };
        let id = name(stream, start_ms, first)?;
        let kind = RecordingKind::Broadcast;
        let stretch = Stretch { id, kind, first, last, edges_ms: None, created_ms: ended_ms };
        let Some(record) = stretch.record(&recent, &[], store).await? else { return Ok(()) };
        match self.write(&record).await {
            Ok(true) => {
                info!(stream.name = %stream, recording = %record.id, "recorded {}", record.id);
                Ok(())
            }
            Ok(false) => Ok(()),
            Err(ArchiveError::Taken(id)) => {
                warn!(stream.name = %stream, recording = %id, "segments {first} to {last} of `{stream}` are not recorded: {id} is another recording");
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Whether the stream has a broadcast that will be recorded once it is over, and the number of
    /// its first segment.
    pub(crate) fn will_record_from(settings: &Settings, newest: &Entry) -> Option<u64> {
        let head = &newest.head;
        let is_on = head.state != State::Ended && !head.begins_broadcast;
        (settings.record && is_on).then_some(head.broadcast_first)
    }
}

impl Broadcast {
    /// The one that an entry ends, if it had a segment.
    fn of(stored: &Stored) -> Option<Self> {
        let entry = &stored.entry;
        let is_end = matches!(entry.body, Body::Ended { .. });
        let first = entry.head.broadcast_first;
        let last = entry.head.next_sequence.checked_sub(1).filter(|last| *last >= first);
        let last = last.filter(|_| is_end)?;
        Some(Self { first, last, ended_ms: entry.at_ms, position: stored.position })
    }
}

/// The name of a broadcast's recording: the day on which it began and the number of its first
/// segment, which no other has.
fn name(stream: &StreamName, start_ms: i64, first: u64) -> Result<RecordingId, NameError> {
    let date = Timestamp::from_millisecond(start_ms).map(|date| date.to_string());
    let date = date.as_deref().unwrap_or_default();
    let day = date.get(..DATE_CHARACTERS).unwrap_or("undated");
    RecordingId::new(stream.clone(), &format!("{day}.{first}"))
}

/// Whether a name has the form of those.
pub(super) fn is_of_a_broadcast(name: &str) -> bool {
    let (day, number) = name.split_once('.').unwrap_or((name, ""));
    let is_day = day.len() == DATE_CHARACTERS
        && day.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    is_day && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
}
