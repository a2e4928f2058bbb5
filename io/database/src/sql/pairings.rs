//! Pairings of devices (RFC 8628).

use accounts::{Pairing, PairingState};

use super::SqlDatabase;
use crate::DatabaseError;
use crate::cells::{Cells, json, word};
use crate::engine::{Lock, Row, Transaction, sql};

const WHAT: &str = "a pairing";
/// How long a pairing is remembered after its end, so that its device learns that it ended.
const REMEMBERED_MS: i64 = 24 * 60 * 60 * 1_000;

/// The cells of a pairing.
macro_rules! pairing_cells {
    () => {
        "device_code_hash, user_code, kind, name, model, state, created_at_ms, expires_at_ms, \
         polled_at_ms, interval_s, version"
    };
}

impl SqlDatabase {
    pub(super) async fn insert_pairing(
        &self,
        new: &Pairing,
        waiting_max: u32,
    ) -> Result<(), DatabaseError> {
        const OPERATION: &str = "make a pairing";
        let failed = |error| DatabaseError::unavailable(OPERATION, error);
        let mut transaction = self.engine.begin().await.map_err(failed)?;
        transaction.lock(Lock::Pairings).await.map_err(failed)?;
        let forget = sql("DELETE FROM pairings WHERE expires_at_ms < $1");
        let forget = forget.bind(new.created_at_ms.saturating_sub(REMEMBERED_MS));
        transaction.run(forget).await.map_err(failed)?;
        let same = sql("SELECT count(*) FROM pairings WHERE user_code = $1 AND expires_at_ms > $2")
            .bind(new.user_code.as_str())
            .bind(new.created_at_ms);
        if count(&mut transaction, same).await? > 0 {
            return Err(DatabaseError::Taken { what: WHAT });
        }
        let waiting = sql("SELECT count(*) FROM pairings WHERE is_waiting = 1 AND \
             expires_at_ms > $1")
        .bind(new.created_at_ms);
        if count(&mut transaction, waiting).await? >= i64::from(waiting_max) {
            return Err(DatabaseError::Full { what: "devices that wait", limit: waiting_max });
        }
        let made = sql("INSERT INTO pairings \
             (device_code_hash, user_code, kind, name, model, state, is_waiting, created_at_ms, \
             expires_at_ms, polled_at_ms, interval_s, version) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)")
        .bind(new.device_code_hash.as_str())
        .bind(new.user_code.as_str())
        .bind(word(&new.kind)?)
        .bind(new.name.as_str())
        .bind(new.model.as_str())
        .bind(json(&new.state)?)
        .bind(new.state == PairingState::Waiting)
        .bind(new.created_at_ms)
        .bind(new.expires_at_ms)
        .bind(new.polled_at_ms)
        .bind(new.interval_s)
        .bind(new.version);
        let made = transaction.run(made).await;
        made.map_err(|error| DatabaseError::of(OPERATION, error, Some(WHAT), None))?;
        transaction.commit().await.map_err(failed)
    }

    pub(super) async fn read_pairing_of_device(
        &self,
        code_hash: &str,
    ) -> Result<Option<Pairing>, DatabaseError> {
        let found =
            sql(concat!("SELECT ", pairing_cells!(), " FROM pairings WHERE device_code_hash = $1"));
        let row = self.engine.first(found.bind(code_hash)).await.map_err(unread)?;
        row.as_ref().map(pairing).transpose()
    }

    pub(super) async fn read_pairing_of_user(
        &self,
        user_code: &str,
        now_ms: i64,
    ) -> Result<Option<Pairing>, DatabaseError> {
        let found = sql(concat!(
            "SELECT ",
            pairing_cells!(),
            " FROM pairings WHERE user_code = $1 AND expires_at_ms > $2 \
             ORDER BY created_at_ms DESC"
        ));
        let row = self.engine.first(found.bind(user_code).bind(now_ms)).await.map_err(unread)?;
        row.as_ref().map(pairing).transpose()
    }

    pub(super) async fn change_pairing(&self, changed: &Pairing) -> Result<Pairing, DatabaseError> {
        let update = sql(concat!(
            "UPDATE pairings SET state = $3, is_waiting = $4, expires_at_ms = $5, \
             polled_at_ms = $6, interval_s = $7, version = version + 1 \
             WHERE device_code_hash = $1 AND version = $2 RETURNING ",
            pairing_cells!()
        ))
        .bind(changed.device_code_hash.as_str())
        .bind(changed.version)
        .bind(json(&changed.state)?)
        .bind(changed.state == PairingState::Waiting)
        .bind(changed.expires_at_ms)
        .bind(changed.polled_at_ms)
        .bind(changed.interval_s);
        let row = self.engine.first(update).await;
        let row = row.map_err(|error| DatabaseError::unavailable("change a pairing", error))?;
        pairing(&row.ok_or(DatabaseError::Changed { what: WHAT })?)
    }
}

async fn count(
    transaction: &mut Transaction,
    count: crate::engine::Sql,
) -> Result<i64, DatabaseError> {
    let row = transaction.first(count).await.map_err(unread)?;
    row.map_or(Ok(0), |row| Cells::of(&row, WHAT).next())
}

fn pairing(row: &Row) -> Result<Pairing, DatabaseError> {
    let mut cells = Cells::of(row, WHAT);
    Ok(Pairing {
        device_code_hash: cells.next()?,
        user_code: cells.next()?,
        kind: cells.word()?,
        name: cells.next()?,
        model: cells.next()?,
        state: cells.json()?,
        created_at_ms: cells.next()?,
        expires_at_ms: cells.next()?,
        polled_at_ms: cells.next()?,
        interval_s: cells.count()?,
        version: cells.next()?,
    })
}

fn unread(error: sqlx::Error) -> DatabaseError {
    DatabaseError::unavailable("read pairings", error)
}
