//! What a node does before it takes publishers: it finishes what the process before it began.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use journal::{AppendError, JournalError, Stored};
use runtime::unix_ms;
use store::StoreError;
use thiserror::Error;
use timeline::{Body, Ledger, ObjectName, State, StreamName};
use tokio::time::Instant;
use tracing::{info, warn};

use crate::node::Node;

/// Newest entries in which a segment that was on its way to the store can be listed: what a node
/// appends while its store is away.
const ENTRIES: usize = 4_096;
/// Newest segments whose bytes are looked for: what a power cut can take from a disk that had
/// acknowledged them.
const CHECKED_SEGMENTS: usize = 64;

/// Why a node cannot start.
#[derive(Debug, Error)]
pub enum RecoverError {
    /// The journal cannot be read or written.
    #[error("read the journal: {0}")]
    Journal(#[from] JournalError),
    /// The journal cannot be written.
    #[error("append to the journal: {0}")]
    Append(#[from] AppendError),
    /// The spool or the store cannot be read.
    #[error("read the spool: {0}")]
    Spool(#[from] StoreError),
}

impl Node {
    /// Uploads what the spool holds, names lost segments as gaps, and lets streams that this node
    /// owned wait for their publishers. The journal must be this node's alone.
    ///
    /// # Errors
    ///
    /// When the journal or the spool cannot be read.
    pub async fn recover(self: &Arc<Self>) -> Result<(), RecoverError> {
        let streams = self.parts.journal.streams().await?;
        self.recover_spool().await?;
        for (stream, newest) in streams {
            let newest = self.name_gaps(&stream, newest).await?;
            self.wait_for_publisher(&stream, newest).await?;
        }
        Ok(())
    }

    /// Sends what was listed on its way, and deletes what never was.
    async fn recover_spool(&self) -> Result<(), RecoverError> {
        let files = self.parts.spool.recover().await?;
        let streams: BTreeSet<_> = files.iter().map(|file| file.key.stream.clone()).collect();
        let mut listed = BTreeSet::new();
        for stream in streams {
            for stored in self.parts.journal.read_newest(&stream, ENTRIES).await? {
                listed.extend(stored.entry.object_keys(&stream));
            }
        }
        let (mut sent, mut deleted) = (0_u64, 0_u64);
        for file in files {
            if listed.contains(&file.key) {
                self.parts.uploader.submit(file.key, file.path);
                sent += 1;
            } else if tokio::fs::remove_file(&file.path).await.is_ok() {
                deleted += 1;
            }
        }
        if sent + deleted > 0 {
            info!(
                segments.sent = sent,
                segments.unlisted = deleted,
                "found {sent} segments on their way to the store, and {deleted} that were never listed"
            );
        }
        Ok(())
    }

    /// Says which of the newest segments are nowhere (`EXT-X-GAP`).
    async fn name_gaps(&self, stream: &StreamName, newest: Stored) -> Result<Stored, RecoverError> {
        if newest.entry.head.state == State::Ended {
            return Ok(newest);
        }
        let mut lost = Vec::new();
        let mut known = BTreeSet::new();
        for stored in self.parts.journal.read_newest(stream, CHECKED_SEGMENTS).await? {
            if let Body::Gap { first, last } = stored.entry.body {
                known.extend(first..=last);
            }
            for key in stored.entry.object_keys(stream) {
                let ObjectName::Segment { sequence, .. } = key.object;
                let is_there = self.parts.spool.contains(&key).await?
                    || self.parts.store.contains(&key).await?;
                if !is_there {
                    lost.push(sequence);
                }
            }
        }
        lost.retain(|sequence| !known.contains(sequence));
        let mut newest = newest;
        for sequence in lost {
            warn!(stream.name = %stream, segment.sequence = sequence, "segment {sequence} of `{stream}` is lost: its bytes are nowhere");
            let gap = Ledger::resume(&newest.entry).gap(sequence, sequence, unix_ms());
            let position = self.parts.journal.append(stream, newest.position, &gap).await?;
            newest = Stored { position, entry: gap.into() };
        }
        Ok(newest)
    }

    async fn wait_for_publisher(
        &self,
        stream: &StreamName,
        newest: Stored,
    ) -> Result<(), RecoverError> {
        let mut ledger = Ledger::resume(&newest.entry);
        let now_ms = unix_ms();
        match newest.entry.head.state {
            State::Ended => {}
            State::Interrupted => {
                let wait_ms = match newest.entry.body {
                    Body::Interrupted { wait_ms, .. } => wait_ms,
                    Body::Opened { .. }
                    | Body::Segment(_)
                    | Body::Gap { .. }
                    | Body::Ended { .. }
                    | Body::Unknown => self.reconnect_window_ms(),
                };
                let waited_ms = now_ms.saturating_sub(newest.entry.at_ms).max(0).unsigned_abs();
                let rest = Duration::from_millis(wait_ms.saturating_sub(waited_ms));
                let until = Instant::now() + rest;
                self.waits.add(stream.clone(), ledger, newest.position, until);
            }
            State::Live => {
                let wait_ms = self.reconnect_window_ms();
                let entry = ledger.interrupted("the node stopped", wait_ms, now_ms);
                let appended = self.parts.journal.append(stream, newest.position, &entry).await?;
                let until = Instant::now() + self.settings.stream.reconnect_window;
                self.waits.add(stream.clone(), ledger, appended, until);
            }
        }
        Ok(())
    }

    fn reconnect_window_ms(&self) -> u64 {
        let window = self.settings.stream.reconnect_window;
        u64::try_from(window.as_millis()).unwrap_or(u64::MAX)
    }
}
