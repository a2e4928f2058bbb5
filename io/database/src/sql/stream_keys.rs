//! Stream keys.

use accounts::{DeviceId, KeyId, StreamKeyRecord, UserId};
use async_trait::async_trait;
use timeline::StreamName;

use super::SqlDatabase;
use super::devices::{DEVICE_CELLS, device, device_cells};
use super::streams::{stream, stream_cells};
use super::users::{USER_CELLS, user, user_cells};
use crate::cells::{Cells, json};
use crate::engine::{Sql, sql};
use crate::{DatabaseError, PublishKey, StreamKey, StreamKeys};

const WHAT: &str = "a stream key";
/// What a key refers to.
const PARTS: &str = "stream, user or device";

/// The cells of a key.
macro_rules! key_cells {
    () => {
        "stream_keys.id, stream_keys.stream, stream_keys.organisation, stream_keys.label, \
         stream_keys.user_id, stream_keys.device_id, stream_keys.addresses, \
         stream_keys.created_at_ms, stream_keys.expires_at_ms, stream_keys.last_used_ms, \
         stream_keys.revoked_at_ms"
    };
}

/// The key of a hash with its stream, user and device: each is one look-up in an index.
pub(super) const PUBLISH_KEY: &str = concat!(
    "SELECT ",
    key_cells!(),
    ", ",
    stream_cells!(),
    ", ",
    user_cells!(),
    ", ",
    device_cells!(),
    " FROM stream_keys JOIN streams ON streams.name = stream_keys.stream \
     LEFT JOIN users ON users.id = coalesce(stream_keys.user_id, streams.owner) \
     LEFT JOIN devices ON devices.id = stream_keys.device_id WHERE stream_keys.hash = $1"
);

#[async_trait]
impl StreamKeys for SqlDatabase {
    async fn create_stream_key(&self, new: &StreamKeyRecord) -> Result<StreamKey, DatabaseError> {
        let key = self.root.key(&new.id);
        match self.engine.run(self.insert(new, &key)?).await {
            Ok(_) => Ok(key),
            Err(error) => {
                Err(DatabaseError::of("make a stream key", error, Some(WHAT), Some(PARTS)))
            }
        }
    }

    async fn stream_keys(
        &self,
        stream: &StreamName,
    ) -> Result<Vec<StreamKeyRecord>, DatabaseError> {
        let all = sql(concat!(
            "SELECT ",
            key_cells!(),
            " FROM stream_keys WHERE stream = $1 ORDER BY created_at_ms, id"
        ));
        let rows = self.engine.all(all.bind(stream.as_str())).await.map_err(unread)?;
        rows.iter().map(|row| record(&mut Cells::of(row, WHAT))).collect()
    }

    async fn stream_key_record(
        &self,
        id: &KeyId,
    ) -> Result<Option<StreamKeyRecord>, DatabaseError> {
        let found = sql(concat!("SELECT ", key_cells!(), " FROM stream_keys WHERE id = $1"));
        let row = self.engine.first(found.bind(id.as_str())).await.map_err(unread)?;
        row.map(|row| record(&mut Cells::of(&row, WHAT))).transpose()
    }

    fn reveal_stream_key(&self, id: &KeyId) -> StreamKey {
        self.root.key(id)
    }

    async fn publish_key(&self, text: &str) -> Result<Option<PublishKey>, DatabaseError> {
        let found = sql(PUBLISH_KEY).bind(self.root.hash(text));
        let Some(row) = self.engine.first(found).await.map_err(unread)? else { return Ok(None) };
        let mut cells = Cells::of(&row, WHAT);
        Ok(Some(PublishKey {
            key: record(&mut cells)?,
            stream: stream(&mut cells)?,
            user: cells.joined(USER_CELLS, user)?,
            device: cells.joined(DEVICE_CELLS, device)?,
        }))
    }

    async fn rotate_stream_key(
        &self,
        old: &KeyId,
        new: &KeyId,
        now_ms: i64,
        old_ends_ms: i64,
    ) -> Result<(StreamKeyRecord, StreamKey), DatabaseError> {
        const OPERATION: &str = "replace a stream key";
        let failed = |error| DatabaseError::unavailable(OPERATION, error);
        let mut transaction = self.engine.begin().await.map_err(failed)?;
        let found = sql(concat!("SELECT ", key_cells!(), " FROM stream_keys WHERE id = $1"));
        let row = transaction.first(found.bind(old.as_str())).await.map_err(failed)?;
        let Some(row) = row else { return Err(DatabaseError::Missing { what: "stream key" }) };
        let record = StreamKeyRecord {
            id: new.clone(),
            created_at_ms: now_ms,
            expires_at_ms: None,
            last_used_ms: None,
            revoked_at_ms: None,
            ..record(&mut Cells::of(&row, WHAT))?
        };
        let end = sql("UPDATE stream_keys SET expires_at_ms = $2 \
             WHERE id = $1 AND (expires_at_ms IS NULL OR expires_at_ms > $2)");
        transaction.run(end.bind(old.as_str()).bind(old_ends_ms)).await.map_err(failed)?;
        let key = self.root.key(new);
        let made = transaction.run(self.insert(&record, &key)?).await;
        made.map_err(|error| DatabaseError::of(OPERATION, error, Some(WHAT), Some(PARTS)))?;
        transaction.commit().await.map_err(failed)?;
        Ok((record, key))
    }

    async fn revoke_stream_key(&self, id: &KeyId, now_ms: i64) -> Result<bool, DatabaseError> {
        let revoke = sql("UPDATE stream_keys SET revoked_at_ms = $2 \
             WHERE id = $1 AND revoked_at_ms IS NULL");
        match self.engine.run(revoke.bind(id.as_str()).bind(now_ms)).await {
            Ok(revoked) => Ok(revoked > 0),
            Err(error) => Err(DatabaseError::unavailable("revoke a stream key", error)),
        }
    }

    async fn touch_stream_key(&self, id: &KeyId, now_ms: i64) -> Result<(), DatabaseError> {
        let touch = sql("UPDATE stream_keys SET last_used_ms = $2 \
             WHERE id = $1 AND (last_used_ms IS NULL OR last_used_ms < $2)");
        match self.engine.run(touch.bind(id.as_str()).bind(now_ms)).await {
            Ok(_) => Ok(()),
            Err(error) => Err(DatabaseError::unavailable("note that a key was used", error)),
        }
    }
}

impl SqlDatabase {
    /// Keeps a key, which follows from the record's id.
    fn insert(&self, new: &StreamKeyRecord, key: &StreamKey) -> Result<Sql, DatabaseError> {
        Ok(sql("INSERT INTO stream_keys \
             (id, stream, organisation, hash, label, user_id, device_id, addresses, \
             created_at_ms, expires_at_ms, last_used_ms, revoked_at_ms) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)")
        .bind(new.id.as_str())
        .bind(new.stream.as_str())
        .bind(new.organisation.as_str())
        .bind(self.root.hash(key.reveal()))
        .bind(new.label.as_str())
        .bind(new.user.as_ref().map(UserId::as_str))
        .bind(new.device.as_ref().map(DeviceId::as_str))
        .bind(json(&new.addresses)?)
        .bind(new.created_at_ms)
        .bind(new.expires_at_ms)
        .bind(new.last_used_ms)
        .bind(new.revoked_at_ms))
    }
}

/// Reads the cells of [`key_cells`].
fn record(cells: &mut Cells<'_>) -> Result<StreamKeyRecord, DatabaseError> {
    Ok(StreamKeyRecord {
        id: cells.parse()?,
        stream: cells.stream_name()?,
        organisation: cells.parse()?,
        label: cells.next()?,
        user: cells.parse_some()?,
        device: cells.parse_some()?,
        addresses: cells.json()?,
        created_at_ms: cells.next()?,
        expires_at_ms: cells.next()?,
        last_used_ms: cells.next()?,
        revoked_at_ms: cells.next()?,
    })
}

fn unread(error: sqlx::Error) -> DatabaseError {
    DatabaseError::unavailable("read stream keys", error)
}
