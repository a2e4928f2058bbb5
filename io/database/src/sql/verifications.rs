//! Verifications of users.

use accounts::{OrganisationId, UserId, Verification, VerificationId, Verified};
use async_trait::async_trait;

use super::SqlDatabase;
use super::users::keep;
use crate::cells::{Cells, json};
use crate::engine::{Row, sql};
use crate::{DatabaseError, Verifications};

const WHAT: &str = "a verification";

/// The cells of a verification.
macro_rules! verification_cells {
    () => {
        "id, organisation, user_id, verified, evidence, submitted_at_ms, decided_at_ms, \
         decided_by, version"
    };
}

#[async_trait]
impl Verifications for SqlDatabase {
    async fn create_verification(&self, new: &Verification) -> Result<(), DatabaseError> {
        const OPERATION: &str = "make a verification";
        let failed = |error| DatabaseError::unavailable(OPERATION, error);
        let mut transaction = self.engine.begin().await.map_err(failed)?;
        let organisation = keep(&mut transaction, &new.user).await.map_err(failed)?;
        if organisation.as_deref() != Some(new.organisation.as_str()) {
            return Err(DatabaseError::Missing { what: "user" });
        }
        let made = sql("INSERT INTO verifications \
             (id, organisation, user_id, verified, is_pending, evidence, submitted_at_ms, \
             decided_at_ms, decided_by, version) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)")
        .bind(new.id.as_str())
        .bind(new.organisation.as_str())
        .bind(new.user.as_str())
        .bind(json(&new.verified)?)
        .bind(new.verified == Verified::Pending)
        .bind(json(&new.evidence)?)
        .bind(new.submitted_at_ms)
        .bind(new.decided_at_ms)
        .bind(new.decided_by.as_deref())
        .bind(new.version);
        let made = transaction.run(made).await;
        made.map_err(|error| DatabaseError::of(OPERATION, error, Some(WHAT), Some("user")))?;
        let tell = sql("UPDATE users SET verified = $2 WHERE id = $1");
        let tell = tell.bind(new.user.as_str()).bind(json(&new.verified)?);
        transaction.run(tell).await.map_err(failed)?;
        transaction.commit().await.map_err(failed)
    }

    async fn verification(
        &self,
        id: &VerificationId,
    ) -> Result<Option<Verification>, DatabaseError> {
        let found =
            sql(concat!("SELECT ", verification_cells!(), " FROM verifications WHERE id = $1"));
        let row = self.engine.first(found.bind(id.as_str())).await.map_err(unread)?;
        row.as_ref().map(verification).transpose()
    }

    async fn verifications(
        &self,
        organisation: &OrganisationId,
        user: Option<&UserId>,
        pending: bool,
    ) -> Result<Vec<Verification>, DatabaseError> {
        let some = sql(concat!(
            "SELECT ",
            verification_cells!(),
            " FROM verifications WHERE organisation = $1 AND ($2 IS NULL OR user_id = $2) \
             AND is_pending >= $3 ORDER BY submitted_at_ms DESC, id DESC"
        ))
        .bind(organisation.as_str())
        .bind(user.map(UserId::as_str))
        .bind(pending);
        let rows = self.engine.all(some).await.map_err(unread)?;
        rows.iter().map(verification).collect()
    }

    async fn update_verification(
        &self,
        changed: &Verification,
    ) -> Result<Verification, DatabaseError> {
        let failed = |error| DatabaseError::unavailable("change a verification", error);
        let mut transaction = self.engine.begin().await.map_err(failed)?;
        keep(&mut transaction, &changed.user).await.map_err(failed)?;
        let update = sql(concat!(
            "UPDATE verifications SET verified = $5, is_pending = $6, \
             evidence = $7, decided_at_ms = $8, decided_by = $9, version = version + 1 \
             WHERE id = $1 AND organisation = $2 AND user_id = $3 AND version = $4 RETURNING ",
            verification_cells!()
        ))
        .bind(changed.id.as_str())
        .bind(changed.organisation.as_str())
        .bind(changed.user.as_str())
        .bind(changed.version)
        .bind(json(&changed.verified)?)
        .bind(changed.verified == Verified::Pending)
        .bind(json(&changed.evidence)?)
        .bind(changed.decided_at_ms)
        .bind(changed.decided_by.as_deref());
        let row = transaction.first(update).await.map_err(failed)?;
        let changed = verification(&row.ok_or(DatabaseError::Changed { what: WHAT })?)?;
        let tell = sql("UPDATE users SET verified = $3 WHERE id = $2 AND $1 = \
             (SELECT v.id FROM verifications v WHERE v.organisation = users.organisation \
             AND v.user_id = users.id ORDER BY v.submitted_at_ms DESC, v.id DESC LIMIT 1)")
        .bind(changed.id.as_str())
        .bind(changed.user.as_str())
        .bind(json(&changed.verified)?);
        transaction.run(tell).await.map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        Ok(changed)
    }
}

fn verification(row: &Row) -> Result<Verification, DatabaseError> {
    let mut cells = Cells::of(row, WHAT);
    Ok(Verification {
        id: cells.parse()?,
        organisation: cells.parse()?,
        user: cells.parse()?,
        verified: cells.json()?,
        evidence: cells.json()?,
        submitted_at_ms: cells.next()?,
        decided_at_ms: cells.next()?,
        decided_by: cells.next()?,
        version: cells.next()?,
    })
}

fn unread(error: sqlx::Error) -> DatabaseError {
    DatabaseError::unavailable("read verifications", error)
}
