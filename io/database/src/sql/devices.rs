//! Devices.

use accounts::{Device, DeviceId, OrganisationId, Pairing, UserId};
use async_trait::async_trait;

use super::SqlDatabase;
use super::users::keep;
use crate::cells::{Cells, word};
use crate::engine::sql;
use crate::{DatabaseError, Devices, Page};

const WHAT: &str = "a device";

/// The cells of a device.
macro_rules! device_cells {
    () => {
        "devices.id, devices.organisation, devices.user_id, devices.kind, devices.name, \
         devices.model, devices.address, devices.last_seen_ms, devices.created_at_ms, \
         devices.revoked_at_ms, devices.version"
    };
}
pub(super) use device_cells;

/// How many cells a device has.
pub(super) const DEVICE_CELLS: usize = 11;

#[async_trait]
impl Devices for SqlDatabase {
    async fn create_device(&self, new: &Device, devices_max: u32) -> Result<(), DatabaseError> {
        const OPERATION: &str = "make a device";
        let failed = |error| DatabaseError::unavailable(OPERATION, error);
        let mut transaction = self.engine.begin().await.map_err(failed)?;
        let organisation = keep(&mut transaction, &new.user).await.map_err(failed)?;
        if organisation.as_deref() != Some(new.organisation.as_str()) {
            return Err(DatabaseError::Missing { what: "user" });
        }
        let count = sql("SELECT count(*) FROM devices \
             WHERE organisation = $1 AND user_id = $2 AND revoked_at_ms IS NULL")
        .bind(new.organisation.as_str())
        .bind(new.user.as_str());
        let row = transaction.first(count).await.map_err(failed)?;
        let count: i64 = row.map_or(Ok(0), |row| Cells::of(&row, WHAT).next())?;
        if count >= i64::from(devices_max) {
            return Err(DatabaseError::Full { what: "devices", limit: devices_max });
        }
        let made = sql("INSERT INTO devices \
             (id, organisation, user_id, kind, name, model, address, last_seen_ms, \
             created_at_ms, revoked_at_ms, version) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)")
        .bind(new.id.as_str())
        .bind(new.organisation.as_str())
        .bind(new.user.as_str())
        .bind(word(&new.kind)?)
        .bind(new.name.as_str())
        .bind(new.model.as_str())
        .bind(new.address.as_deref())
        .bind(new.last_seen_ms)
        .bind(new.created_at_ms)
        .bind(new.revoked_at_ms)
        .bind(new.version);
        let made = transaction.run(made).await;
        made.map_err(|error| DatabaseError::of(OPERATION, error, Some(WHAT), Some("user")))?;
        transaction.commit().await.map_err(failed)
    }

    async fn device(&self, id: &DeviceId) -> Result<Option<Device>, DatabaseError> {
        let found = sql(concat!("SELECT ", device_cells!(), " FROM devices WHERE id = $1"));
        let row = self.engine.first(found.bind(id.as_str())).await.map_err(unread)?;
        row.map(|row| device(&mut Cells::of(&row, WHAT))).transpose()
    }

    async fn devices(
        &self,
        organisation: &OrganisationId,
        user: Option<&UserId>,
        page: &Page,
    ) -> Result<Vec<Device>, DatabaseError> {
        let some = sql(concat!(
            "SELECT ",
            device_cells!(),
            " FROM devices WHERE organisation = $1 AND ($2 IS NULL OR user_id = $2) \
             AND id > $3 ORDER BY id LIMIT $4"
        ))
        .bind(organisation.as_str())
        .bind(user.map(UserId::as_str))
        .bind(page.after.as_deref().unwrap_or_default())
        .bind(page.limit);
        let rows = self.engine.all(some).await.map_err(unread)?;
        rows.iter().map(|row| device(&mut Cells::of(row, WHAT))).collect()
    }

    async fn update_device(&self, changed: &Device) -> Result<Device, DatabaseError> {
        let failed = |error| DatabaseError::unavailable("change a device", error);
        let mut transaction = self.engine.begin().await.map_err(failed)?;
        let update = sql(concat!(
            "UPDATE devices SET name = $5, model = $6, \
             revoked_at_ms = coalesce(revoked_at_ms, $7), version = version + 1 \
             WHERE id = $1 AND organisation = $2 AND user_id = $3 AND version = $4 \
             RETURNING ",
            device_cells!()
        ))
        .bind(changed.id.as_str())
        .bind(changed.organisation.as_str())
        .bind(changed.user.as_str())
        .bind(changed.version)
        .bind(changed.name.as_str())
        .bind(changed.model.as_str())
        .bind(changed.revoked_at_ms);
        let row = transaction.first(update).await.map_err(failed)?;
        let row = row.ok_or(DatabaseError::Changed { what: WHAT })?;
        let changed = device(&mut Cells::of(&row, WHAT))?;
        if let Some(revoked_at_ms) = changed.revoked_at_ms {
            let revoke = sql("UPDATE stream_keys SET revoked_at_ms = $3 \
                 WHERE organisation = $1 AND device_id = $2 AND revoked_at_ms IS NULL")
            .bind(changed.organisation.as_str())
            .bind(changed.id.as_str())
            .bind(revoked_at_ms);
            transaction.run(revoke).await.map_err(failed)?;
        }
        transaction.commit().await.map_err(failed)?;
        Ok(changed)
    }

    async fn touch_device(
        &self,
        id: &DeviceId,
        address: &str,
        now_ms: i64,
    ) -> Result<(), DatabaseError> {
        let touch = sql("UPDATE devices SET address = $2, last_seen_ms = $3 \
             WHERE id = $1 AND (last_seen_ms IS NULL OR last_seen_ms < $3)");
        match self.engine.run(touch.bind(id.as_str()).bind(address).bind(now_ms)).await {
            Ok(_) => Ok(()),
            Err(error) => Err(DatabaseError::unavailable("note that a device was seen", error)),
        }
    }

    async fn create_pairing(&self, new: &Pairing, waiting_max: u32) -> Result<(), DatabaseError> {
        self.insert_pairing(new, waiting_max).await
    }

    async fn pairing_of_device(&self, code_hash: &str) -> Result<Option<Pairing>, DatabaseError> {
        self.read_pairing_of_device(code_hash).await
    }

    async fn pairing_of_user(
        &self,
        user_code: &str,
        now_ms: i64,
    ) -> Result<Option<Pairing>, DatabaseError> {
        self.read_pairing_of_user(user_code, now_ms).await
    }

    async fn update_pairing(&self, changed: &Pairing) -> Result<Pairing, DatabaseError> {
        self.change_pairing(changed).await
    }
}

/// Reads the cells of [`device_cells`].
pub(super) fn device(cells: &mut Cells<'_>) -> Result<Device, DatabaseError> {
    Ok(Device {
        id: cells.parse()?,
        organisation: cells.parse()?,
        user: cells.parse()?,
        kind: cells.word()?,
        name: cells.next()?,
        model: cells.next()?,
        address: cells.next()?,
        last_seen_ms: cells.next()?,
        created_at_ms: cells.next()?,
        revoked_at_ms: cells.next()?,
        version: cells.next()?,
    })
}

fn unread(error: sqlx::Error) -> DatabaseError {
    DatabaseError::unavailable("read devices", error)
}
