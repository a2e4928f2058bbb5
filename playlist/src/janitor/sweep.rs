//! Looks through what the store has of a stream, and deletes what nothing needs.

use std::collections::{BTreeMap, BTreeSet};

use journal::Position;
use store::Found;
use timeline::{
    Entry, MediaKey, ObjectKey, ObjectName, PAGE_SEGMENTS, Recording, RecordingKey, RenditionId,
    StreamName,
};
use tokio::time::Instant;
use tracing::info;

use super::{ENTRIES, Freed};
use crate::archive::{ArchiveError, Recordings, segment_of};

/// How long something that nothing lists may be on its way, in milliseconds: an upload is tried
/// again after a restart, and a restart may take a night.
const ORPHAN_MS: i64 = 24 * 3_600 * 1_000;
/// How often the log says how far it is.
const PROGRESS_EVERY: std::time::Duration = std::time::Duration::from_secs(30);

/// A look through a stream's objects.
pub(super) struct Sweep<'a> {
    recordings: &'a Recordings,
    name: &'a StreamName,
    newest: &'a Entry,
    /// The time of segments with lower numbers is over.
    before: u64,
    now_ms: i64,
    records: Vec<Recording>,
}

/// What is to become of an object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fate {
    Stays,
    /// Its time is over.
    Over,
    /// Nothing lists it.
    Orphan,
    /// It depends on what else is there.
    Later,
}

/// Initialisation sections, and where segments are that may need them.
#[derive(Default)]
struct Inits {
    found: Vec<(MediaKey, u64)>,
    needed: BTreeSet<(RenditionId, u64)>,
}

impl<'a> Sweep<'a> {
    /// Reads what recordings need: after the journal says what is over, and before anything goes.
    pub(super) async fn new(
        recordings: &'a Recordings,
        name: &'a StreamName,
        newest: &'a Entry,
        before: u64,
        now_ms: i64,
    ) -> Result<Self, ArchiveError> {
        let records = recordings.all(name).await?;
        Ok(Self { recordings, name, newest, before, now_ms, records })
    }

    /// Deletes, if it `may`, what nothing needs: pages, then segments, then what they were read
    /// with.
    pub(super) async fn run(&self, may: bool) -> Result<Freed, ArchiveError> {
        let mut freed = Freed::default();
        let mut progress = Instant::now();
        self.pages(may, &mut freed).await?;
        let mut inits = Inits { needed: self.listed_inits().await?, ..Inits::default() };
        let mut survey = self.recordings.objects.store.survey(self.name);
        while let Some(portion) = survey.recv().await {
            for found in portion? {
                let fate = self.fate(&found);
                if let ObjectKey::Media(key) = &found.key {
                    inits.take(key, found.bytes, fate);
                }
                if matches!(fate, Fate::Over | Fate::Orphan) {
                    self.delete(&found.key, found.bytes, fate, may, &mut freed).await?;
                }
            }
            if progress.elapsed() >= PROGRESS_EVERY {
                progress = Instant::now();
                let name = self.name;
                info!(stream.name = %name, objects = freed.objects, "still looking through `{name}`: {freed} so far");
            }
        }
        for (key, bytes) in inits.unneeded(self.newest.epoch) {
            let key = ObjectKey::Media(key);
            self.delete(&key, bytes, Fate::Over, may, &mut freed).await?;
        }
        Ok(freed)
    }

    /// The ownerships whose initialisation sections are needed by segments that the journal tells
    /// of. They may still be on their way to the store, after what they are read with.
    async fn listed_inits(&self) -> Result<BTreeSet<(RenditionId, u64)>, ArchiveError> {
        let (mut needed, mut position) = (BTreeSet::new(), Position::START);
        loop {
            let journal = self.recordings.journal.as_ref();
            let entries = journal.read_after(self.name, position, ENTRIES).await?;
            for stored in &entries {
                position = stored.position;
                let Some(sequence) = segment_of(&stored.entry) else { continue };
                if self.stretch(sequence, sequence) == Fate::Stays {
                    let inits = stored.entry.inits(self.name).map(|(key, _)| key);
                    needed.extend(inits.filter_map(|key| match key {
                        ObjectKey::Media(key) => Some((key.rendition, key.epoch)),
                        ObjectKey::Page(_) | ObjectKey::Recording(_) => None,
                    }));
                }
            }
            if entries.len() < ENTRIES {
                return Ok(needed);
            }
        }
    }

    /// A page names segments: it goes before any of them does.
    async fn pages(&self, may: bool, freed: &mut Freed) -> Result<(), ArchiveError> {
        let mut survey = self.recordings.objects.store.survey(self.name);
        while let Some(portion) = survey.recv().await {
            let pages = portion?.into_iter().filter(|it| matches!(it.key, ObjectKey::Page(_)));
            for found in pages {
                if self.fate(&found) == Fate::Over {
                    self.delete(&found.key, found.bytes, Fate::Over, may, freed).await?;
                }
            }
        }
        Ok(())
    }

    async fn delete(
        &self,
        key: &ObjectKey,
        bytes: u64,
        fate: Fate,
        may: bool,
        freed: &mut Freed,
    ) -> Result<(), ArchiveError> {
        let is_orphan = fate == Fate::Orphan;
        if may {
            self.recordings.objects.store.delete(key).await?;
        }
        let is_segment =
            matches!(key, ObjectKey::Media(MediaKey { object: ObjectName::Segment { .. }, .. }));
        let is_page = matches!(key, ObjectKey::Page(_));
        freed.add(Freed {
            objects: 1,
            bytes,
            segments: u64::from(is_segment && !is_orphan),
            pages: u64::from(is_page && !is_orphan),
            orphans: u64::from(is_orphan),
        });
        Ok(())
    }

    fn fate(&self, found: &Found) -> Fate {
        let is_old = found.modified_ms < self.now_ms.saturating_sub(ORPHAN_MS);
        match &found.key {
            ObjectKey::Page(key) => {
                let first = key.number.saturating_mul(PAGE_SEGMENTS);
                self.stretch(first, first.saturating_add(PAGE_SEGMENTS - 1))
            }
            ObjectKey::Recording(key) => self.record(key),
            ObjectKey::Media(key) => match key.object {
                ObjectName::Init { .. } => Fate::Later,
                ObjectName::Segment { sequence, .. } => {
                    // What an entry was never appended for: its epoch is over, or its number was
                    // given to nobody in a day.
                    let is_unlisted = sequence >= self.newest.head.next_sequence;
                    if is_unlisted && is_old {
                        Fate::Orphan
                    } else {
                        self.stretch(sequence, sequence)
                    }
                }
                // Parts are for the moment; the segment has all of them.
                ObjectName::Part { .. } if is_old => Fate::Orphan,
                ObjectName::Part { sequence, .. } => self.stretch(sequence, sequence),
            },
        }
    }

    /// What becomes of something that is about these segments.
    fn stretch(&self, first: u64, last: u64) -> Fate {
        let is_over = last < self.before;
        let is_needed = || self.records.iter().any(|record| record.needs(first, last));
        if is_over && !is_needed() { Fate::Over } else { Fate::Stays }
    }

    /// Of a recording that was deleted the last version stays, which says so.
    fn record(&self, key: &RecordingKey) -> Fate {
        let is_deleted = |it: &&Recording| it.id == key.id && it.deleted_ms.is_some();
        let is_first = key.version == 1;
        let is_over = is_first && self.records.iter().any(|record| is_deleted(&record));
        if is_over { Fate::Over } else { Fate::Stays }
    }
}

impl Inits {
    fn take(&mut self, key: &MediaKey, bytes: u64, fate: Fate) {
        match fate {
            Fate::Later => self.found.push((key.clone(), bytes)),
            Fate::Stays => drop(self.needed.insert((key.rendition.clone(), key.epoch))),
            Fate::Over | Fate::Orphan => {}
        }
    }

    /// Those of ownerships that are over and have no segment left.
    fn unneeded(self, epoch: u64) -> Vec<(MediaKey, u64)> {
        let Self { found, needed } = self;
        let mut by_owner: BTreeMap<(RenditionId, u64), Vec<(MediaKey, u64)>> = BTreeMap::new();
        for (key, bytes) in found.into_iter().filter(|(key, _)| key.epoch < epoch) {
            by_owner.entry((key.rendition.clone(), key.epoch)).or_default().push((key, bytes));
        }
        let unneeded = by_owner.into_iter().filter(|(owner, _)| !needed.contains(owner));
        unneeded.flat_map(|(_, inits)| inits).collect()
    }
}
