//! Users.

use accounts::{OrganisationId, Role, Status, User, UserId};
use async_trait::async_trait;

use super::SqlDatabase;
use crate::cells::{Cells, json, word};
use crate::engine::{Lock, Row, Sql, Transaction, sql};
use crate::{DatabaseError, Page, Users};

const WHAT: &str = "a user";

/// The cells of a user.
macro_rules! user_cells {
    () => {
        "users.id, users.organisation, users.email, users.name, users.role, users.status, \
         users.password, users.email_verified_at_ms, users.verified, users.failed_logins, \
         users.locked_until_ms, users.devices_max, users.streams_max, users.created_at_ms, \
         users.version"
    };
}
pub(super) use user_cells;

/// How many cells a user has.
pub(super) const USER_CELLS: usize = 15;

#[async_trait]
impl Users for SqlDatabase {
    async fn create_user(&self, new: &User) -> Result<(), DatabaseError> {
        let made = sql("INSERT INTO users \
             (id, organisation, email, name, role, status, password, email_verified_at_ms, \
             verified, failed_logins, locked_until_ms, devices_max, streams_max, created_at_ms, \
             version) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)")
        .bind(new.id.as_str())
        .bind(new.organisation.as_str())
        .bind(new.email.as_str())
        .bind(new.name.as_str())
        .bind(new.role.name())
        .bind(word(&new.status)?)
        .bind(new.password.as_deref())
        .bind(new.email_verified_at_ms)
        .bind(json(&new.verified)?)
        .bind(new.failed_logins)
        .bind(new.locked_until_ms)
        .bind(new.devices_max)
        .bind(new.streams_max)
        .bind(new.created_at_ms)
        .bind(new.version);
        match self.engine.run(made).await {
            Ok(_) => Ok(()),
            Err(error) => {
                let missing = Some("organisation");
                Err(DatabaseError::of("make a user", error, Some(WHAT), missing))
            }
        }
    }

    async fn user(&self, id: &UserId) -> Result<Option<User>, DatabaseError> {
        let found = sql(concat!("SELECT ", user_cells!(), " FROM users WHERE id = $1"));
        let row = self.engine.first(found.bind(id.as_str())).await.map_err(unread)?;
        row.map(|row| user(&mut Cells::of(&row, WHAT))).transpose()
    }

    async fn user_by_email(&self, email: &str) -> Result<Option<User>, DatabaseError> {
        let found = sql(concat!("SELECT ", user_cells!(), " FROM users WHERE email = $1"));
        let row = self.engine.first(found.bind(email)).await.map_err(unread)?;
        row.map(|row| user(&mut Cells::of(&row, WHAT))).transpose()
    }

    async fn users(
        &self,
        organisation: &OrganisationId,
        page: &Page,
    ) -> Result<Vec<User>, DatabaseError> {
        let some = sql(concat!(
            "SELECT ",
            user_cells!(),
            " FROM users WHERE organisation = $1 AND id > $2 ORDER BY id LIMIT $3"
        ))
        .bind(organisation.as_str())
        .bind(page.after.as_deref().unwrap_or_default())
        .bind(page.limit);
        let rows = self.engine.all(some).await.map_err(unread)?;
        rows.iter().map(|row| user(&mut Cells::of(row, WHAT))).collect()
    }

    async fn update_user(&self, changed: &User) -> Result<User, DatabaseError> {
        let update = sql(concat!(
            "UPDATE users SET email = $4, name = $5, role = $6, status = $7, \
             password = $8, email_verified_at_ms = $9, failed_logins = $10, \
             locked_until_ms = $11, devices_max = $12, streams_max = $13, version = version + 1 \
             WHERE id = $1 AND organisation = $2 AND version = $3 RETURNING ",
            user_cells!()
        ))
        .bind(changed.id.as_str())
        .bind(changed.organisation.as_str())
        .bind(changed.version)
        .bind(changed.email.as_str())
        .bind(changed.name.as_str())
        .bind(changed.role.name())
        .bind(word(&changed.status)?)
        .bind(changed.password.as_deref())
        .bind(changed.email_verified_at_ms)
        .bind(changed.failed_logins)
        .bind(changed.locked_until_ms)
        .bind(changed.devices_max)
        .bind(changed.streams_max);
        let row = if is_owner(changed) || !self.was_owner(changed).await? {
            self.engine.first(update).await
        } else {
            self.take_owner(changed, update).await?
        };
        let row =
            row.map_err(|error| DatabaseError::of("change a user", error, Some(WHAT), None))?;
        let row = row.ok_or(DatabaseError::Changed { what: WHAT })?;
        user(&mut Cells::of(&row, WHAT))
    }

    async fn delete_user(&self, id: &UserId, now_ms: i64) -> Result<bool, DatabaseError> {
        let failed = |error| DatabaseError::unavailable("delete a user", error);
        let mut transaction = self.engine.begin().await.map_err(failed)?;
        transaction.lock(Lock::Owners).await.map_err(failed)?;
        let Some(organisation) = keep(&mut transaction, id).await.map_err(failed)? else {
            return Ok(false);
        };
        if is_last_owner(&mut transaction, id).await? {
            return Err(DatabaseError::LastOwner);
        }
        for text in [
            "UPDATE stream_keys SET revoked_at_ms = coalesce(revoked_at_ms, $3), user_id = NULL \
             WHERE organisation = $1 AND user_id = $2",
            "UPDATE stream_keys SET revoked_at_ms = coalesce(revoked_at_ms, $3), device_id = NULL \
             WHERE organisation = $1 AND device_id IN \
             (SELECT id FROM devices WHERE organisation = $1 AND user_id = $2)",
        ] {
            let revoke = sql(text).bind(organisation.as_str()).bind(id.as_str()).bind(now_ms);
            transaction.run(revoke).await.map_err(failed)?;
        }
        let leave = sql("UPDATE streams SET owner = NULL, version = version + 1 \
             WHERE organisation = $1 AND owner = $2");
        let leave = leave.bind(organisation.as_str()).bind(id.as_str());
        transaction.run(leave).await.map_err(failed)?;
        let delete = sql("DELETE FROM users WHERE id = $1").bind(id.as_str());
        transaction.run(delete).await.map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        Ok(true)
    }
}

impl SqlDatabase {
    /// Whether a user is an active owner as long as nobody changes its version.
    async fn was_owner(&self, changed: &User) -> Result<bool, DatabaseError> {
        let before = self.user(&changed.id).await?;
        Ok(before.is_some_and(|before| before.version == changed.version && is_owner(&before)))
    }

    /// Makes an active owner something else if there is another one. One such change is made at a
    /// time: two that see each other's owner would leave none.
    async fn take_owner(
        &self,
        changed: &User,
        update: Sql,
    ) -> Result<Result<Option<Row>, sqlx::Error>, DatabaseError> {
        let failed = |error| DatabaseError::unavailable("change an owner", error);
        let mut transaction = self.engine.begin().await.map_err(failed)?;
        transaction.lock(Lock::Owners).await.map_err(failed)?;
        if is_last_owner(&mut transaction, &changed.id).await? {
            return Err(DatabaseError::LastOwner);
        }
        let row = transaction.first(update).await;
        if row.is_ok() {
            transaction.commit().await.map_err(failed)?;
        }
        Ok(row)
    }
}

/// Whether somebody is an owner who can sign in.
fn is_owner(user: &User) -> bool {
    user.role == Role::Owner && user.status == Status::Active
}

/// Whether a user is the only active owner of its organisation.
async fn is_last_owner(transaction: &mut Transaction, id: &UserId) -> Result<bool, DatabaseError> {
    let last = sql("SELECT users.id FROM users WHERE id = $1 AND role = $2 AND status = $3 \
         AND NOT EXISTS (SELECT 1 FROM users AS others WHERE others.id <> users.id \
         AND others.organisation = users.organisation \
         AND others.role = $2 AND others.status = $3)");
    let last = last.bind(id.as_str()).bind(Role::Owner.name()).bind(word(&Status::Active)?);
    Ok(transaction.first(last).await.map_err(unread)?.is_some())
}

/// Keeps others from changing a user until the transaction ends, and says whose it is. What is read
/// after it is what was there when the last of those others ended.
pub(super) async fn keep(
    transaction: &mut Transaction,
    id: &UserId,
) -> Result<Option<String>, sqlx::Error> {
    let keep = sql("UPDATE users SET version = version WHERE id = $1 RETURNING organisation");
    let row = transaction.first(keep.bind(id.as_str())).await?;
    row.map(|row| row.get(0)).transpose()
}

/// Reads the cells of [`user_cells`].
pub(super) fn user(cells: &mut Cells<'_>) -> Result<User, DatabaseError> {
    Ok(User {
        id: cells.parse()?,
        organisation: cells.parse()?,
        email: cells.next()?,
        name: cells.next()?,
        role: cells.word()?,
        status: cells.word()?,
        password: cells.next()?,
        email_verified_at_ms: cells.next()?,
        verified: cells.json()?,
        failed_logins: cells.count()?,
        locked_until_ms: cells.next()?,
        devices_max: cells.some_count()?,
        streams_max: cells.some_count()?,
        created_at_ms: cells.next()?,
        version: cells.next()?,
    })
}

fn unread(error: sqlx::Error) -> DatabaseError {
    DatabaseError::unavailable("read users", error)
}
