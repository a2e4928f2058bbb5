//! What a node does before it takes publishers: it finishes what the process before it began.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use journal::{AppendError, JournalError, Position, Stored};
use runtime::unix_ms;
use sha2::Digest;
use store::{SpoolFile, StoreError};
use thiserror::Error;
use timeline::{
    Body, Ledger, ObjectKey, ObjectName, Sha256, State, StreamName, Window, WindowPolicy,
};
use tokio::time::Instant;
use tracing::{info, warn};

use crate::StreamSettings;
use crate::node::Node;

/// Entries that are read at a time.
const ENTRIES: usize = 4_096;
/// Streams that have been silent for this long are not looked at again, in milliseconds.
const CHECKED_MS: i64 = 3_600_000;

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

/// What a stream's journal lists.
#[derive(Debug, Default)]
struct Listed {
    digests: BTreeMap<ObjectKey, Sha256>,
    /// The epoch and media sequence number of the first segment that the journal still has.
    oldest: Option<(u64, u64)>,
}

/// What a journal says of an object.
enum Known {
    /// It is listed, with this digest.
    Listed(Sha256),
    /// It is older than everything that the journal still has.
    TooOld,
    /// It was written and never listed.
    Never,
}

impl Listed {
    fn look_up(&self, key: &ObjectKey) -> Known {
        let is_older = |(epoch, oldest): (u64, u64)| match key {
            ObjectKey::Media(key) => match key.object {
                ObjectName::Segment { sequence, .. } | ObjectName::Part { sequence, .. } => {
                    sequence < oldest
                }
                ObjectName::Init { .. } => key.epoch < epoch,
            },
            // They go to the store without a stay in the spool.
            ObjectKey::Page(_) | ObjectKey::Recording(_) => false,
        };
        match self.digests.get(key) {
            Some(digest) => Known::Listed(*digest),
            None if self.oldest.is_some_and(is_older) => Known::TooOld,
            None => Known::Never,
        }
    }
}

/// Whether the file has all of its bytes: after a power cut it may be shorter than was written.
async fn is_whole(file: &Path, digest: Sha256) -> std::io::Result<bool> {
    let bytes = tokio::fs::read(file).await?;
    Ok(sha2::Sha256::digest(&bytes).as_slice() == digest.0)
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
            let newest = self.recover_pages(&stream, newest).await;
            self.wait_for_publisher(&stream, newest).await?;
        }
        Ok(())
    }

    /// Sends what was listed on its way, and deletes what never was or is not whole.
    async fn recover_spool(&self) -> Result<(), RecoverError> {
        let files = self.parts.spool.recover().await?;
        let streams: BTreeSet<_> = files.iter().map(|file| file.key.stream().clone()).collect();
        let mut listed = BTreeMap::new();
        for stream in streams {
            listed.insert(stream.clone(), self.listed(&stream).await?);
        }
        let (mut sent, mut deleted) = (0_u64, 0_u64);
        for SpoolFile { key, path, .. } in files {
            let is_sent = match listed.get(key.stream()).map(|listed| listed.look_up(&key)) {
                Some(Known::Listed(digest)) => match is_whole(&path, digest).await {
                    Ok(is_whole) => is_whole,
                    // It may be all that there is: a disk that does not answer now may do so later.
                    Err(error) => {
                        let file = path.display();
                        warn!(object.key = %key, file = %file, %error, "{file} stays in the spool: {error}");
                        continue;
                    }
                },
                // The journal no longer says what it was, so it must have said so once.
                Some(Known::TooOld) => true,
                Some(Known::Never) | None => false,
            };
            if is_sent {
                self.parts.uploader.submit(key, path);
                sent += 1;
            } else if tokio::fs::remove_file(&path).await.is_ok() {
                deleted += 1;
            }
        }
        if sent + deleted > 0 {
            info!(
                segments.sent = sent,
                segments.deleted = deleted,
                "found {sent} segments on their way to the store, and {deleted} that were never \
                 listed or are not whole"
            );
        }
        Ok(())
    }

    /// Everything that the stream's journal still lists.
    async fn listed(&self, stream: &StreamName) -> Result<Listed, RecoverError> {
        let mut listed = Listed::default();
        let mut position = Position::START;
        loop {
            let page = self.parts.journal.read_after(stream, position, ENTRIES).await?;
            for stored in &page {
                position = stored.position;
                let Body::Segment(segment) = &stored.entry.body else { continue };
                listed.oldest.get_or_insert((stored.entry.epoch, segment.sequence));
                listed.digests.extend(stored.entry.objects(stream));
            }
            if page.len() < ENTRIES {
                return Ok(listed);
            }
        }
    }

    /// Says which of the listed segments are nowhere (`EXT-X-GAP`).
    async fn name_gaps(&self, stream: &StreamName, newest: Stored) -> Result<Stored, RecoverError> {
        // What has been on a disk for an hour is not lost with the power.
        if newest.entry.at_ms < unix_ms().saturating_sub(CHECKED_MS) {
            return Ok(newest);
        }
        let settings = self.stream_settings(stream).await;
        let length_ms = i64::try_from(settings.memory_window.as_millis());
        let policy = WindowPolicy { length_ms: length_ms.unwrap_or(i64::MAX) };
        let mut window = Window::new(policy);
        let mut keys = BTreeMap::new();
        for stored in self.parts.journal.read_newest(stream, ENTRIES).await? {
            window.apply(&stored.entry);
            if let Body::Segment(segment) = &stored.entry.body {
                keys.insert(segment.sequence, stored.entry.objects(stream));
            }
        }
        let mut lost: Vec<RangeInclusive<u64>> = Vec::new();
        // What has expired may have gone.
        let kept_from = newest.entry.head.kept_from;
        let kept = window.segments().filter(|it| !it.gap && it.sequence >= kept_from);
        for sequence in kept.map(|it| it.sequence) {
            let mut is_there = true;
            for (key, _) in keys.get(&sequence).into_iter().flatten() {
                is_there &= self.parts.spool.contains(key).await? || self.is_stored(key).await;
            }
            match lost.last_mut() {
                _ if is_there => {}
                Some(run) if run.end().checked_add(1) == Some(sequence) => {
                    *run = *run.start()..=sequence;
                }
                Some(_) | None => lost.push(sequence..=sequence),
            }
        }
        let mut newest = newest;
        for run in lost {
            let (first, last) = run.into_inner();
            warn!(stream.name = %stream, first, last, "segments {first} to {last} of `{stream}` are lost: their bytes are nowhere");
            let gap = Ledger::resume(&newest.entry).gap(first, last, unix_ms());
            let position = self.parts.journal.append(stream, newest.position, &gap).await?;
            newest = Stored { position, entry: gap.into() };
        }
        Ok(newest)
    }

    /// What the store does not say is not lost: whoever writes the index page asks again.
    async fn is_stored(&self, key: &ObjectKey) -> bool {
        self.parts.store.contains(key).await.unwrap_or_else(|error| {
            warn!(object.key = %key, %error, "{key} is taken to be in the store: {error}");
            true
        })
    }

    async fn wait_for_publisher(
        &self,
        stream: &StreamName,
        newest: Stored,
    ) -> Result<(), RecoverError> {
        let mut ledger = Ledger::resume(&newest.entry);
        let now_ms = unix_ms();
        let window = self.stream_settings(stream).await.reconnect_window;
        let window_ms = u64::try_from(window.as_millis()).unwrap_or(u64::MAX);
        match newest.entry.head.state {
            State::Ended => {}
            State::Interrupted => {
                let wait_ms = match newest.entry.body {
                    Body::Interrupted { wait_ms, .. } => wait_ms,
                    Body::Opened { .. }
                    | Body::Segment(_)
                    | Body::Gap { .. }
                    | Body::Ended { .. }
                    | Body::DateRange(_)
                    | Body::Paged { .. }
                    | Body::Expired { .. }
                    | Body::Unknown => window_ms,
                };
                let waited_ms = now_ms.saturating_sub(newest.entry.at_ms).max(0).unsigned_abs();
                let rest = Duration::from_millis(wait_ms.saturating_sub(waited_ms));
                let until = Instant::now() + rest;
                self.waits.add(stream.clone(), ledger, newest.position, until);
            }
            State::Live => {
                let entry = ledger.interrupted("the node stopped", window_ms, now_ms);
                let appended = self.parts.journal.append(stream, newest.position, &entry).await?;
                let until = Instant::now() + window;
                self.waits.add(stream.clone(), ledger, appended, until);
            }
        }
        Ok(())
    }

    /// What a stream gets, or the node's own settings where that cannot be found out: what a
    /// process before this one left is finished all the same.
    async fn stream_settings(&self, stream: &StreamName) -> StreamSettings {
        match self.parts.settings.settings(stream).await {
            Ok(settings) => settings,
            Err(error) => {
                warn!(stream.name = %stream, %error, "`{stream}` is finished with the settings of this node, its own cannot be read: {error}");
                self.settings.stream
            }
        }
    }
}
