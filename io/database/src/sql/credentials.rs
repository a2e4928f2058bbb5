//! Sessions, tickets and API keys.

use accounts::{ApiKey, ApiKeyId, OrganisationId, Session, SessionId, Ticket, TicketKind, UserId};
use async_trait::async_trait;

use super::SqlDatabase;
use super::users::keep;
use crate::cells::{Cells, json, word};
use crate::engine::{Row, sql};
use crate::{Credentials, DatabaseError, Rotated};

const SESSION: &str = "a session";
const TICKET: &str = "a ticket";
const API_KEY: &str = "an API key";
/// How long a user's sessions are remembered after their end, for people who ask what was there.
const REMEMBERED_MS: i64 = 30 * 24 * 60 * 60 * 1_000;

/// The cells of a session.
macro_rules! session_cells {
    () => {
        "id, user_id, refresh_hash, created_at_ms, refreshed_at_ms, expires_at_ms, \
         revoked_at_ms, address, agent"
    };
}

/// The cells of a ticket.
macro_rules! ticket_cells {
    () => {
        "id, hash, kind, organisation, user_id, created_at_ms, expires_at_ms, used_at_ms"
    };
}

/// The cells of an API key.
macro_rules! api_key_cells {
    () => {
        "id, organisation, user_id, name, prefix, hash, role, scopes, created_at_ms, \
         expires_at_ms, last_used_ms, revoked_at_ms"
    };
}

#[async_trait]
impl Credentials for SqlDatabase {
    async fn create_session(&self, new: &Session) -> Result<(), DatabaseError> {
        const OPERATION: &str = "make a session";
        let failed = |error| DatabaseError::unavailable(OPERATION, error);
        let forget = sql("DELETE FROM sessions WHERE user_id = $1 \
             AND (expires_at_ms < $2 OR revoked_at_ms < $2)")
        .bind(new.user.as_str())
        .bind(new.created_at_ms.saturating_sub(REMEMBERED_MS));
        self.engine.run(forget).await.map_err(failed)?;
        let made = sql("INSERT INTO sessions \
             (id, user_id, refresh_hash, created_at_ms, refreshed_at_ms, expires_at_ms, \
             revoked_at_ms, address, agent) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)")
        .bind(new.id.as_str())
        .bind(new.user.as_str())
        .bind(new.refresh_hash.as_str())
        .bind(new.created_at_ms)
        .bind(new.refreshed_at_ms)
        .bind(new.expires_at_ms)
        .bind(new.revoked_at_ms)
        .bind(new.address.as_deref())
        .bind(new.agent.as_str());
        let made = self.engine.run(made).await.map(|_| ());
        made.map_err(|error| DatabaseError::of(OPERATION, error, Some(SESSION), Some("user")))
    }

    async fn session(&self, id: &SessionId) -> Result<Option<Session>, DatabaseError> {
        let found = sql(concat!("SELECT ", session_cells!(), " FROM sessions WHERE id = $1"));
        let row = self.engine.first(found.bind(id.as_str())).await.map_err(unread)?;
        row.as_ref().map(session).transpose()
    }

    async fn sessions(&self, user: &UserId, now_ms: i64) -> Result<Vec<Session>, DatabaseError> {
        let some = sql(concat!(
            "SELECT ",
            session_cells!(),
            " FROM sessions WHERE user_id = $1 AND expires_at_ms > $2 AND revoked_at_ms IS NULL \
             ORDER BY created_at_ms DESC, id DESC"
        ));
        let rows = self.engine.all(some.bind(user.as_str()).bind(now_ms)).await;
        rows.map_err(unread)?.iter().map(session).collect()
    }

    async fn rotate_session(
        &self,
        changed: &Session,
        shown_hash: &str,
    ) -> Result<Rotated, DatabaseError> {
        let rotate = sql("UPDATE sessions SET refresh_hash = $4, refreshed_at_ms = $5, \
             expires_at_ms = $6, address = $7, agent = $8 \
             WHERE id = $1 AND user_id = $2 AND refresh_hash = $3 AND revoked_at_ms IS NULL")
        .bind(changed.id.as_str())
        .bind(changed.user.as_str())
        .bind(shown_hash)
        .bind(changed.refresh_hash.as_str())
        .bind(changed.refreshed_at_ms)
        .bind(changed.expires_at_ms)
        .bind(changed.address.as_deref())
        .bind(changed.agent.as_str());
        match self.engine.run(rotate).await {
            Ok(0) => Ok(Rotated::NotCurrent),
            Ok(_) => Ok(Rotated::Done),
            Err(error) => Err(DatabaseError::unavailable("exchange a refresh token", error)),
        }
    }

    async fn revoke_sessions(
        &self,
        user: &UserId,
        only: Option<&SessionId>,
        except: Option<&SessionId>,
        now_ms: i64,
    ) -> Result<u64, DatabaseError> {
        let revoke = sql("UPDATE sessions SET revoked_at_ms = $4 WHERE user_id = $1 \
             AND ($2 IS NULL OR id = $2) AND ($3 IS NULL OR id <> $3) \
             AND revoked_at_ms IS NULL AND expires_at_ms > $4")
        .bind(user.as_str())
        .bind(only.map(SessionId::as_str))
        .bind(except.map(SessionId::as_str))
        .bind(now_ms);
        let revoked = self.engine.run(revoke).await;
        revoked.map_err(|error| DatabaseError::unavailable("end sessions", error))
    }

    async fn create_ticket(&self, new: &Ticket) -> Result<(), DatabaseError> {
        const OPERATION: &str = "make a ticket";
        let failed = |error| DatabaseError::unavailable(OPERATION, error);
        let mut transaction = self.engine.begin().await.map_err(failed)?;
        let organisation = keep(&mut transaction, &new.user).await.map_err(failed)?;
        if organisation.as_deref() != Some(new.organisation.as_str()) {
            return Err(DatabaseError::Missing { what: "user" });
        }
        let void = sql("DELETE FROM tickets \
             WHERE organisation = $1 AND user_id = $2 AND kind = $3")
        .bind(new.organisation.as_str())
        .bind(new.user.as_str())
        .bind(word(&new.kind)?);
        transaction.run(void).await.map_err(failed)?;
        let made = sql("INSERT INTO tickets \
             (id, hash, kind, organisation, user_id, created_at_ms, expires_at_ms, used_at_ms) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(new.id.as_str())
        .bind(new.hash.as_str())
        .bind(word(&new.kind)?)
        .bind(new.organisation.as_str())
        .bind(new.user.as_str())
        .bind(new.created_at_ms)
        .bind(new.expires_at_ms)
        .bind(new.used_at_ms);
        let made = transaction.run(made).await;
        made.map_err(|error| DatabaseError::of(OPERATION, error, Some(TICKET), Some("user")))?;
        transaction.commit().await.map_err(failed)
    }

    async fn ticket(
        &self,
        hash: &str,
        kind: TicketKind,
        now_ms: i64,
    ) -> Result<Option<Ticket>, DatabaseError> {
        let found = sql(concat!(
            "SELECT ",
            ticket_cells!(),
            " FROM tickets WHERE hash = $1 AND kind = $2 AND expires_at_ms > $3 \
             AND used_at_ms IS NULL"
        ));
        let found = found.bind(hash).bind(word(&kind)?).bind(now_ms);
        let row = self.engine.first(found).await.map_err(unread)?;
        row.as_ref().map(ticket).transpose()
    }

    async fn use_ticket(
        &self,
        hash: &str,
        kind: TicketKind,
        now_ms: i64,
    ) -> Result<Option<Ticket>, DatabaseError> {
        let used = sql(concat!(
            "UPDATE tickets SET used_at_ms = $3 WHERE hash = $1 AND kind = $2 \
             AND expires_at_ms > $3 AND used_at_ms IS NULL RETURNING ",
            ticket_cells!()
        ));
        let row = self.engine.first(used.bind(hash).bind(word(&kind)?).bind(now_ms)).await;
        let row = row.map_err(|error| DatabaseError::unavailable("use a ticket", error))?;
        row.as_ref().map(ticket).transpose()
    }

    async fn create_api_key(&self, new: &ApiKey) -> Result<(), DatabaseError> {
        let made = sql("INSERT INTO api_keys \
             (id, organisation, user_id, name, prefix, hash, role, scopes, created_at_ms, \
             expires_at_ms, last_used_ms, revoked_at_ms) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)")
        .bind(new.id.as_str())
        .bind(new.organisation.as_str())
        .bind(new.user.as_ref().map(UserId::as_str))
        .bind(new.name.as_str())
        .bind(new.prefix.as_str())
        .bind(new.hash.as_str())
        .bind(new.role.name())
        .bind(json(&new.scopes)?)
        .bind(new.created_at_ms)
        .bind(new.expires_at_ms)
        .bind(new.last_used_ms)
        .bind(new.revoked_at_ms);
        match self.engine.run(made).await {
            Ok(_) => Ok(()),
            Err(error) => {
                let missing = Some("organisation or user");
                Err(DatabaseError::of("make an API key", error, Some(API_KEY), missing))
            }
        }
    }

    async fn api_key_by_hash(&self, hash: &str) -> Result<Option<ApiKey>, DatabaseError> {
        let found = sql(concat!("SELECT ", api_key_cells!(), " FROM api_keys WHERE hash = $1"));
        let row = self.engine.first(found.bind(hash)).await.map_err(unread)?;
        row.as_ref().map(api_key).transpose()
    }

    async fn api_keys(&self, organisation: &OrganisationId) -> Result<Vec<ApiKey>, DatabaseError> {
        let all = sql(concat!(
            "SELECT ",
            api_key_cells!(),
            " FROM api_keys WHERE organisation = $1 ORDER BY created_at_ms, id"
        ));
        let rows = self.engine.all(all.bind(organisation.as_str())).await.map_err(unread)?;
        rows.iter().map(api_key).collect()
    }

    async fn revoke_api_key(
        &self,
        organisation: &OrganisationId,
        id: &ApiKeyId,
        now_ms: i64,
    ) -> Result<bool, DatabaseError> {
        let revoke = sql("UPDATE api_keys SET revoked_at_ms = $3 \
             WHERE organisation = $1 AND id = $2 AND revoked_at_ms IS NULL \
             AND (expires_at_ms IS NULL OR expires_at_ms > $3)")
        .bind(organisation.as_str())
        .bind(id.as_str())
        .bind(now_ms);
        match self.engine.run(revoke).await {
            Ok(revoked) => Ok(revoked > 0),
            Err(error) => Err(DatabaseError::unavailable("revoke an API key", error)),
        }
    }

    async fn touch_api_key(&self, id: &ApiKeyId, now_ms: i64) -> Result<(), DatabaseError> {
        let touch = sql("UPDATE api_keys SET last_used_ms = $2 \
             WHERE id = $1 AND (last_used_ms IS NULL OR last_used_ms < $2)");
        match self.engine.run(touch.bind(id.as_str()).bind(now_ms)).await {
            Ok(_) => Ok(()),
            Err(error) => Err(DatabaseError::unavailable("note that an API key was used", error)),
        }
    }
}

fn session(row: &Row) -> Result<Session, DatabaseError> {
    let mut cells = Cells::of(row, SESSION);
    Ok(Session {
        id: cells.parse()?,
        user: cells.parse()?,
        refresh_hash: cells.next()?,
        created_at_ms: cells.next()?,
        refreshed_at_ms: cells.next()?,
        expires_at_ms: cells.next()?,
        revoked_at_ms: cells.next()?,
        address: cells.next()?,
        agent: cells.next()?,
    })
}

fn ticket(row: &Row) -> Result<Ticket, DatabaseError> {
    let mut cells = Cells::of(row, TICKET);
    Ok(Ticket {
        id: cells.parse()?,
        hash: cells.next()?,
        kind: cells.word()?,
        organisation: cells.parse()?,
        user: cells.parse()?,
        created_at_ms: cells.next()?,
        expires_at_ms: cells.next()?,
        used_at_ms: cells.next()?,
    })
}

fn api_key(row: &Row) -> Result<ApiKey, DatabaseError> {
    let mut cells = Cells::of(row, API_KEY);
    Ok(ApiKey {
        id: cells.parse()?,
        organisation: cells.parse()?,
        user: cells.parse_some()?,
        name: cells.next()?,
        prefix: cells.next()?,
        hash: cells.next()?,
        role: cells.word()?,
        scopes: cells.json()?,
        created_at_ms: cells.next()?,
        expires_at_ms: cells.next()?,
        last_used_ms: cells.next()?,
        revoked_at_ms: cells.next()?,
    })
}

fn unread(error: sqlx::Error) -> DatabaseError {
    DatabaseError::unavailable("read what users sign in with", error)
}
