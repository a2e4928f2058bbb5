//! Trusted keys and revocations.

use accounts::{OrganisationId, TrustedKey, TrustedKeyId};
use async_trait::async_trait;
use token::Revocation;

use super::SqlDatabase;
use crate::cells::{Cells, json};
use crate::engine::{Row, sql};
use crate::{DatabaseError, Trust};

const KEY: &str = "a trusted key";
const REVOCATION: &str = "a revocation";

#[async_trait]
impl Trust for SqlDatabase {
    async fn create_trusted_key(&self, new: &TrustedKey) -> Result<(), DatabaseError> {
        let organisation = new.organisation.as_ref();
        let made = sql("INSERT INTO trusted_keys \
             (id, organisation, name, kind, material, created_at_ms, expires_at_ms, revoked_at_ms) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(new.id.as_str())
        .bind(organisation.map(OrganisationId::as_str))
        .bind(new.name.as_str())
        .bind(json(&new.kind)?)
        .bind(self.seal.close(&place(&new.id, organisation), &new.material)?)
        .bind(new.created_at_ms)
        .bind(new.expires_at_ms)
        .bind(new.revoked_at_ms);
        match self.engine.run(made).await {
            Ok(_) => Ok(()),
            Err(error) => {
                let missing = Some("organisation");
                Err(DatabaseError::of("keep a trusted key", error, Some(KEY), missing))
            }
        }
    }

    async fn trusted_keys(
        &self,
        organisation: Option<&OrganisationId>,
    ) -> Result<Vec<TrustedKey>, DatabaseError> {
        let some = sql("SELECT id, organisation, name, kind, material, created_at_ms, \
             expires_at_ms, revoked_at_ms FROM trusted_keys \
             WHERE $1 IS NULL OR organisation = $1 ORDER BY created_at_ms, id")
        .bind(organisation.map(OrganisationId::as_str));
        let rows = self.engine.all(some).await.map_err(unread)?;
        rows.iter().map(|row| self.trusted_key(row)).collect()
    }

    async fn end_trusted_key(
        &self,
        id: &TrustedKeyId,
        expires_at_ms: Option<i64>,
        revoked_at_ms: Option<i64>,
    ) -> Result<bool, DatabaseError> {
        let end = sql("UPDATE trusted_keys SET revoked_at_ms = $3, expires_at_ms = CASE \
             WHEN $2 IS NULL OR expires_at_ms < $2 THEN expires_at_ms ELSE $2 END \
             WHERE id = $1 AND revoked_at_ms IS NULL AND ($3 IS NOT NULL \
             OR ($2 IS NOT NULL AND (expires_at_ms IS NULL OR expires_at_ms >= $2)))")
        .bind(id.as_str())
        .bind(expires_at_ms)
        .bind(revoked_at_ms);
        match self.engine.run(end).await {
            Ok(ended) => Ok(ended > 0),
            Err(error) => Err(DatabaseError::unavailable("end a trusted key", error)),
        }
    }

    async fn add_revocation(&self, new: &Revocation) -> Result<(), DatabaseError> {
        let made = sql("INSERT INTO revocations (organisation, revoked, at_ms, until_ms) \
             VALUES ($1, $2, $3, $4)")
        .bind(new.organisation.as_deref())
        .bind(json(&new.revoked)?)
        .bind(new.at_ms)
        .bind(new.until_ms);
        match self.engine.run(made).await {
            Ok(_) => Ok(()),
            Err(error) => Err(DatabaseError::unavailable("keep a revocation", error)),
        }
    }

    async fn revocations(&self, now_ms: i64) -> Result<Vec<Revocation>, DatabaseError> {
        let some = sql("SELECT organisation, revoked, at_ms, until_ms FROM revocations \
             WHERE until_ms > $1 ORDER BY at_ms");
        let rows = self.engine.all(some.bind(now_ms)).await;
        let rows = rows.map_err(|error| DatabaseError::unavailable("read revocations", error))?;
        rows.iter().map(revocation).collect()
    }

    async fn forget_revocations(&self, now_ms: i64) -> Result<u64, DatabaseError> {
        let forget = sql("DELETE FROM revocations WHERE until_ms <= $1").bind(now_ms);
        let forgotten = self.engine.run(forget).await;
        forgotten.map_err(|error| DatabaseError::unavailable("forget revocations", error))
    }
}

impl SqlDatabase {
    fn trusted_key(&self, row: &Row) -> Result<TrustedKey, DatabaseError> {
        let mut cells = Cells::of(row, KEY);
        let id = cells.parse()?;
        let organisation = cells.parse_some()?;
        let (name, kind) = (cells.next()?, cells.json()?);
        let sealed: Vec<u8> = cells.next()?;
        let material = self.seal.open(&place(&id, organisation.as_ref()), &sealed);
        let material = material.ok_or_else(|| {
            cells.unreadable(format!("{id} was sealed with another root secret, or changed"))
        })?;
        Ok(TrustedKey {
            id,
            organisation,
            name,
            kind,
            material,
            created_at_ms: cells.next()?,
            expires_at_ms: cells.next()?,
            revoked_at_ms: cells.next()?,
        })
    }
}

/// Where a secret is kept: it opens as the key of this organisation alone.
fn place(id: &TrustedKeyId, organisation: Option<&OrganisationId>) -> String {
    format!("{id} {}", organisation.map_or("-", OrganisationId::as_str))
}

fn revocation(row: &Row) -> Result<Revocation, DatabaseError> {
    let mut cells = Cells::of(row, REVOCATION);
    Ok(Revocation {
        organisation: cells.next()?,
        revoked: cells.json()?,
        at_ms: cells.next()?,
        until_ms: cells.next()?,
    })
}

fn unread(error: sqlx::Error) -> DatabaseError {
    DatabaseError::unavailable("read trusted keys", error)
}
