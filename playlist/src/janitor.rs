//! Lets go of segments whose time is over, and of what was left behind.
//!
//! First it says in the stream's journal up to which segment it will delete. Of all janitors one
//! gets this through, and the owner of the stream and the makers of recordings read it. Then it
//! reads what recordings need, and deletes the rest: pages first, since a page is to name nothing
//! that is not there (but for one that a recording needs a part of). What it does not get done it
//! finds again: the journal says what is over, and the store what is still there.

mod expiry;
mod freed;
#[cfg(test)]
mod own_tests;
mod sweep;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use journal::{AppendError, Journal, Position, Stored};
use runtime::{Drain, unix_ms};
use timeline::{Ledger, PAGE_SEGMENTS, State, StreamName};
use tokio::time::{MissedTickBehavior, interval};
use tracing::{info, warn};

use crate::archive::{ArchiveError, Recordings};

pub use self::freed::{Freed, JanitorMetrics};

/// How often the janitor looks.
const EVERY: Duration = Duration::from_secs(30);
/// How often everything that a stream has is looked through for what was left behind.
const SURVEY_EVERY_MS: i64 = 24 * 3_600 * 1_000;
/// Which part of the retention is to be over before an entry in the journal says so: every such
/// entry takes the place of one that tells of a segment.
const STEPS: i64 = 16;
/// How often it is looked meanwhile.
const LOOKS_A_STEP: i64 = 4;
/// Entries that are read at a time.
const ENTRIES: usize = 64;

/// Deletes what ended longer ago than the retention, is not listed, and no recording needs.
#[derive(Debug)]
pub struct Janitor {
    recordings: Arc<Recordings>,
    metrics: Option<JanitorMetrics>,
    /// Forgotten at a restart: looking again does no harm.
    streams: BTreeMap<StreamName, Known>,
}

/// What the janitor knows of a stream.
#[derive(Clone, Copy, Default, Debug)]
struct Known {
    /// Everything before this entry is about segments that are over.
    over: Position,
    /// When it is looked next whether more are, in milliseconds since the Unix epoch.
    next_ms: i64,
    /// The journal was trimmed up to here.
    trimmed: Position,
    /// Segments with lower numbers were looked for in the store and deleted.
    swept_before: Option<u64>,
    /// Whether a recording was deleted here since.
    is_released: bool,
    /// When that was, in milliseconds since the Unix epoch.
    swept_ms: i64,
}

impl Janitor {
    /// A janitor of all streams.
    #[must_use]
    pub const fn new(recordings: Arc<Recordings>, metrics: Option<JanitorMetrics>) -> Self {
        Self { recordings, metrics, streams: BTreeMap::new() }
    }

    /// Looks every half a minute until the process drains.
    pub async fn run(mut self, mut drain: Drain) {
        let mut tick = interval(EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = drain.started() => return,
                _ = tick.tick() => {}
            }
            // What is begun is finished by the next process.
            tokio::select! {
                () = drain.started() => return,
                freed = self.clean(unix_ms()) => self.count(freed),
            }
        }
    }

    fn count(&self, freed: Freed) {
        if let Some(metrics) = &self.metrics {
            metrics.count(freed);
        }
    }

    /// Looks once. What fails is tried again the next time.
    pub async fn clean(&mut self, now_ms: i64) -> Freed {
        let mut all = Freed::default();
        let streams = match self.recordings.journal.streams().await {
            Ok(streams) => streams,
            Err(error) => {
                warn!(%error, "expired segments are kept for now: cannot list the streams: {error}");
                return all;
            }
        };
        for (name, newest) in streams {
            match self.clean_stream(&name, newest, now_ms).await {
                Ok(freed) => {
                    if freed.objects > 0 {
                        info!(stream.name = %name, objects = freed.objects, bytes = freed.bytes, "deleted {freed} of `{name}`");
                    }
                    all.add(freed);
                }
                Err(error) => {
                    warn!(stream.name = %name, %error, "expired segments of `{name}` are kept for now: {error}");
                }
            }
        }
        all
    }

    /// What would go now, of one stream or of all: nothing is changed.
    ///
    /// # Errors
    ///
    /// When the journal or the store cannot be read.
    pub async fn plan(
        recordings: &Recordings,
        stream: Option<&StreamName>,
        now_ms: i64,
    ) -> Result<Vec<(StreamName, Freed)>, ArchiveError> {
        let mut plan = Vec::new();
        for (name, newest) in recordings.journal.streams().await? {
            if stream.is_some_and(|wanted| *wanted != name) {
                continue;
            }
            let mut over = Position::START;
            let kept_from = newest.entry.head.kept_from;
            let Some(settings) = recordings.known_settings.keep(&name).await else { continue };
            let before =
                expiry::over_before(recordings, &settings, &name, &newest, &mut over, now_ms)
                    .await?;
            let before = before.unwrap_or(kept_from).max(kept_from);
            let sweep = sweep::Sweep::new(recordings, &name, &newest.entry, before, now_ms).await?;
            let freed = sweep.run(false).await?;
            plan.push((name, freed));
        }
        Ok(plan)
    }

    async fn clean_stream(
        &mut self,
        name: &StreamName,
        mut newest: Stored,
        now_ms: i64,
    ) -> Result<Freed, ArchiveError> {
        let recordings = Arc::clone(&self.recordings);
        let journal = recordings.journal.as_ref();
        // Of a stream of which it is not known how long it is kept, all is kept.
        let Some(settings) = recordings.known_settings.keep(name).await else {
            return Ok(Freed::default());
        };
        // No broadcast that is over may lose a segment before it has its record.
        recordings.record(name, &newest).await?;
        let known = self.streams.entry(name.clone()).or_default();
        let mut over = None;
        if now_ms >= known.next_ms {
            let from = &mut known.over;
            over = expiry::over_before(&recordings, &settings, name, &newest, from, now_ms).await?;
            // Pages are read for it, and what comes of it is told in steps.
            let rest_ms = settings.retention_ms / STEPS / LOOKS_A_STEP;
            known.next_ms = now_ms.saturating_add(rest_ms);
        }
        if let Some(before) = over {
            let entry = Ledger::expired(&newest.entry, before, now_ms);
            match journal.append(name, newest.position, &entry).await {
                Ok(position) => newest = Stored { position, entry: entry.into() },
                // Somebody else went on meanwhile. There is time.
                Err(AppendError::Stale { .. }) => {
                    known.next_ms = now_ms;
                    return Ok(Freed::default());
                }
                Err(error @ AppendError::Unavailable { .. }) => return Err(error.into()),
            }
        }
        known.is_released |= recordings.take_released(name);
        let freed = sweep(&recordings, name, &newest, known, now_ms).await?;
        trim(journal, name, &newest, known).await?;
        Ok(freed)
    }
}

/// Looks through what the store has of a stream, if there may be something to delete.
async fn sweep(
    recordings: &Recordings,
    name: &StreamName,
    newest: &Stored,
    known: &mut Known,
    now_ms: i64,
) -> Result<Freed, ArchiveError> {
    let before = newest.entry.head.kept_from;
    let is_swept = known.swept_before == Some(before)
        && !known.is_released
        && now_ms.saturating_sub(known.swept_ms) < SURVEY_EVERY_MS;
    if is_swept {
        return Ok(Freed::default());
    }
    let sweep = sweep::Sweep::new(recordings, name, &newest.entry, before, now_ms).await?;
    let freed = sweep.run(true).await?;
    (known.swept_before, known.is_released, known.swept_ms) = (Some(before), false, now_ms);
    Ok(freed)
}

/// Removes the journal's entries about segments that are over or in index pages, but for the
/// newest ones, which the journal keeps.
async fn trim(
    journal: &dyn Journal,
    name: &StreamName,
    newest: &Stored,
    known: &mut Known,
) -> Result<(), ArchiveError> {
    let head = &newest.entry.head;
    // A stream that waits may be told anew what it had.
    if head.state == State::Interrupted {
        return Ok(());
    }
    // A page that is not written yet needs all that was said of it.
    let bound = head.paged_before.max(head.kept_from - head.kept_from % PAGE_SEGMENTS);
    let before = known.trimmed;
    known.trimmed = expiry::skip(journal, name, known.trimmed, |stored| {
        crate::archive::segment_of(&stored.entry).is_none_or(|sequence| sequence < bound)
    })
    .await?;
    if known.trimmed > before {
        journal.trim(name, known.trimmed).await?;
    }
    Ok(())
}
