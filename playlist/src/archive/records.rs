//! Records in the store.

use bytes::Bytes;
use store::StoreError;
use timeline::{ObjectKey, RECORDING_VERSION, Recording, RecordingId, RecordingKey, StreamName};

use super::{ArchiveError, Recordings};

/// How often records are looked for again that went between two looks.
const LOOKS: u32 = 3;

impl Recordings {
    /// The newest version of a record.
    pub(crate) async fn read(&self, id: &RecordingId) -> Result<Option<Recording>, ArchiveError> {
        for _ in 0..LOOKS {
            let keys = self.objects.store.records(id.stream()).await?;
            let Some(newest) = keys.into_iter().rfind(|key| key.id == *id) else {
                return Ok(None);
            };
            if let Some(record) = self.get(&newest).await? {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }

    /// The newest versions of all of a stream's records, also of those that were deleted.
    ///
    /// # Errors
    ///
    /// When they are not known, all of them.
    pub async fn all(&self, stream: &StreamName) -> Result<Vec<Recording>, ArchiveError> {
        let keys = self.objects.store.records(stream).await?;
        let mut records = Vec::new();
        for (at, key) in keys.iter().enumerate() {
            if keys.get(at + 1).is_some_and(|next| next.id == key.id) {
                continue;
            }
            // A newer version has taken its place since.
            let record = match self.get(key).await? {
                Some(record) => Some(record),
                None => self.read(&key.id).await?,
            };
            records.extend(record);
        }
        Ok(records)
    }

    async fn get(&self, key: &RecordingKey) -> Result<Option<Recording>, ArchiveError> {
        let unusable = |problem| ArchiveError::Record { id: key.id.clone(), problem };
        match self.objects.store.get(&ObjectKey::Recording(key.clone())).await {
            Err(StoreError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
            Ok(bytes) => {
                let record: Recording =
                    serde_json::from_slice(&bytes).map_err(|error| unusable(error.to_string()))?;
                if record.version > RECORDING_VERSION || record.id != key.id {
                    return Err(unusable(format!("version {} of {}", record.version, record.id)));
                }
                Ok(Some(record))
            }
        }
    }

    /// Writes the first version of a record, and makes sure that nothing of it went meanwhile.
    /// `false` when the very same one was there already.
    pub(crate) async fn write(&self, record: &Recording) -> Result<bool, ArchiveError> {
        let key = RecordingKey { id: record.id.clone(), version: 1 };
        if self.objects.store.records(record.id.stream()).await?.iter().any(|it| it.id == key.id) {
            return self.is_same(record).await;
        }
        let object = ObjectKey::Recording(key);
        if !self.objects.store.put_new(&object, encode(record)?).await? {
            return self.is_same(record).await;
        }
        if self.is_kept(record).await? {
            self.forget(&record.id);
            return Ok(true);
        }
        self.objects.store.delete(&object).await?;
        Err(ArchiveError::TooLate(record.id.clone()))
    }

    /// `false` where the record that is there, or was, is this one.
    async fn is_same(&self, record: &Recording) -> Result<bool, ArchiveError> {
        let there = self.read(&record.id).await?;
        let is_same = |it: &Recording| {
            (it.kind, it.first, it.last) == (record.kind, record.first, record.last)
                && (it.start_ms, it.end_ms) == (record.start_ms, record.end_ms)
        };
        match there {
            Some(there) if is_same(&there) => Ok(false),
            Some(_) | None => Err(ArchiveError::Taken(record.id.clone())),
        }
    }

    /// Whether the janitor lets none of the record's segments go: it reads the records after it
    /// has said in the journal up to where it will delete.
    async fn is_kept(&self, record: &Recording) -> Result<bool, ArchiveError> {
        let stream = record.id.stream();
        let Some(newest) = self.journal.newest(stream).await? else { return Ok(false) };
        let kept_from = newest.entry.head.kept_from;
        if kept_from <= record.first {
            return Ok(true);
        }
        // What another record needs is there still, and stays.
        let mut others = self.all(stream).await?;
        others.retain(|it| it.id != record.id && it.deleted_ms.is_none());
        others.sort_by_key(|it| it.first);
        let mut kept_before = record.first;
        for other in others {
            if other.first <= kept_before {
                kept_before = kept_before.max(other.last.saturating_add(1));
            }
        }
        Ok(kept_before >= kept_from || kept_before > record.last)
    }

    pub(super) async fn mark_deleted(
        &self,
        id: &RecordingId,
        now_ms: i64,
    ) -> Result<bool, ArchiveError> {
        for _ in 0..LOOKS {
            let keys = self.objects.store.records(id.stream()).await?;
            let Some(newest) = keys.into_iter().rfind(|key| key.id == *id) else { break };
            let Some(mut record) = self.get(&newest).await? else { continue };
            if record.deleted_ms.is_some() {
                return Ok(false);
            }
            record.deleted_ms = Some(now_ms);
            // What is left says that there was one.
            record.renditions.clear();
            let key = RecordingKey { id: id.clone(), version: newest.version.saturating_add(1) };
            if self.objects.store.put_new(&ObjectKey::Recording(key), encode(&record)?).await? {
                return Ok(true);
            }
        }
        Err(ArchiveError::Unknown(id.clone()))
    }
}

fn encode(record: &Recording) -> Result<Bytes, ArchiveError> {
    serde_json::to_vec(record)
        .map(Bytes::from)
        .map_err(|error| ArchiveError::Record { id: record.id.clone(), problem: error.to_string() })
}
