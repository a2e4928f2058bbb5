//! Organisations.

use accounts::{Organisation, OrganisationId};
use async_trait::async_trait;

use super::SqlDatabase;
use crate::cells::Cells;
use crate::engine::{Row, sql};
use crate::{DatabaseError, Organisations};

const WHAT: &str = "an organisation";

#[async_trait]
impl Organisations for SqlDatabase {
    async fn create_organisation(&self, new: &Organisation) -> Result<(), DatabaseError> {
        let made = sql("INSERT INTO organisations (id, name, created_at_ms, version) \
             VALUES ($1, $2, $3, $4)")
        .bind(new.id.as_str())
        .bind(new.name.as_str())
        .bind(new.created_at_ms)
        .bind(new.version);
        match self.engine.run(made).await {
            Ok(_) => Ok(()),
            Err(error) => Err(DatabaseError::of("make an organisation", error, Some(WHAT), None)),
        }
    }

    async fn organisation(
        &self,
        id: &OrganisationId,
    ) -> Result<Option<Organisation>, DatabaseError> {
        let found = sql("SELECT id, name, created_at_ms, version FROM organisations \
             WHERE id = $1")
        .bind(id.as_str());
        let row = self.engine.first(found).await.map_err(unread)?;
        row.as_ref().map(read).transpose()
    }

    async fn organisations(&self) -> Result<Vec<Organisation>, DatabaseError> {
        let all = sql("SELECT id, name, created_at_ms, version FROM organisations \
             ORDER BY created_at_ms, id");
        self.engine.all(all).await.map_err(unread)?.iter().map(read).collect()
    }

    async fn update_organisation(
        &self,
        changed: &Organisation,
    ) -> Result<Organisation, DatabaseError> {
        let update = sql("UPDATE organisations SET name = $3, version = version + 1 \
             WHERE id = $1 AND version = $2 RETURNING id, name, created_at_ms, version")
        .bind(changed.id.as_str())
        .bind(changed.version)
        .bind(changed.name.as_str());
        let row = self.engine.first(update).await.map_err(|error| {
            DatabaseError::of("change an organisation", error, Some(WHAT), None)
        })?;
        read(&row.ok_or(DatabaseError::Changed { what: WHAT })?)
    }

    async fn delete_organisation(&self, id: &OrganisationId) -> Result<bool, DatabaseError> {
        let delete = sql("DELETE FROM organisations WHERE id = $1").bind(id.as_str());
        let deleted = self.engine.run(delete).await.map_err(|error| {
            DatabaseError::of_use("delete an organisation", error, "its streams")
        })?;
        Ok(deleted > 0)
    }
}

fn read(row: &Row) -> Result<Organisation, DatabaseError> {
    let mut cells = Cells::of(row, WHAT);
    Ok(Organisation {
        id: cells.parse()?,
        name: cells.next()?,
        created_at_ms: cells.next()?,
        version: cells.next()?,
    })
}

fn unread(error: sqlx::Error) -> DatabaseError {
    DatabaseError::unavailable("read organisations", error)
}
