//! Streams and templates.

use accounts::{OrganisationId, StreamObject, Template};
use async_trait::async_trait;
use timeline::StreamName;

use super::SqlDatabase;
use crate::cells::{Cells, json};
use crate::engine::{Row, sql};
use crate::{DatabaseError, Page, StreamFilter, Streams};

const STREAM: &str = "a stream";
const TEMPLATE: &str = "a template";
/// What a stream refers to.
const PARTS: &str = "organisation, owner or template";

/// The cells of a stream.
macro_rules! stream_cells {
    () => {
        "streams.name, streams.organisation, streams.owner, streams.title, streams.template, \
         streams.options, streams.policy, streams.password, streams.retired_at_ms, \
         streams.created_at_ms, streams.version"
    };
}
pub(super) use stream_cells;

/// The cells of a template.
macro_rules! template_cells {
    () => {
        "organisation, name, options, policy, created_at_ms, version"
    };
}

#[async_trait]
impl Streams for SqlDatabase {
    async fn create_stream(&self, new: &StreamObject) -> Result<StreamObject, DatabaseError> {
        let made = sql(concat!(
            "INSERT INTO streams \
             (name, organisation, owner, title, template, options, policy, password, \
             retired_at_ms, created_at_ms, version) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
             ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, title = excluded.title, \
             template = excluded.template, options = excluded.options, \
             policy = excluded.policy, password = excluded.password, \
             retired_at_ms = excluded.retired_at_ms, \
             created_at_ms = excluded.created_at_ms, version = streams.version + 1 \
             WHERE streams.retired_at_ms IS NOT NULL \
             AND streams.organisation = excluded.organisation RETURNING ",
            stream_cells!()
        ))
        .bind(new.name.as_str())
        .bind(new.organisation.as_str())
        .bind(new.owner.as_ref().map(accounts::UserId::as_str))
        .bind(new.title.as_str())
        .bind(new.template.as_deref())
        .bind(json(&new.options)?)
        .bind(json(&new.policy)?)
        .bind(new.password.as_deref())
        .bind(new.retired_at_ms)
        .bind(new.created_at_ms)
        .bind(new.version);
        let row = self.engine.first(made).await.map_err(|error| {
            DatabaseError::of("make a stream", error, Some(STREAM), Some(PARTS))
        })?;
        let row = row.ok_or(DatabaseError::Taken { what: STREAM })?;
        stream(&mut Cells::of(&row, STREAM))
    }

    async fn stream(&self, name: &StreamName) -> Result<Option<StreamObject>, DatabaseError> {
        let found = sql(concat!("SELECT ", stream_cells!(), " FROM streams WHERE name = $1"));
        let row = self.engine.first(found.bind(name.as_str())).await.map_err(unread)?;
        row.map(|row| stream(&mut Cells::of(&row, STREAM))).transpose()
    }

    async fn streams(
        &self,
        filter: &StreamFilter,
        page: &Page,
    ) -> Result<Vec<StreamObject>, DatabaseError> {
        let some = sql(concat!(
            "SELECT ",
            stream_cells!(),
            " FROM streams WHERE name > $1 AND ($2 IS NULL OR organisation = $2) \
             AND ($3 IS NULL OR owner = $3) AND ($5 = 1 OR retired_at_ms IS NULL) \
             ORDER BY name LIMIT $4"
        ))
        .bind(page.after.as_deref().unwrap_or_default())
        .bind(filter.organisation.as_ref().map(OrganisationId::as_str))
        .bind(filter.owner.as_ref().map(accounts::UserId::as_str))
        .bind(page.limit)
        .bind(i64::from(filter.with_retired));
        let rows = self.engine.all(some).await.map_err(unread)?;
        rows.iter().map(|row| stream(&mut Cells::of(row, STREAM))).collect()
    }

    async fn update_stream(&self, changed: &StreamObject) -> Result<StreamObject, DatabaseError> {
        let update = sql(concat!(
            "UPDATE streams SET owner = $4, title = $5, template = $6, options = $7, \
             policy = $8, password = $9, version = version + 1 \
             WHERE name = $1 AND organisation = $2 AND version = $3 RETURNING ",
            stream_cells!()
        ))
        .bind(changed.name.as_str())
        .bind(changed.organisation.as_str())
        .bind(changed.version)
        .bind(changed.owner.as_ref().map(accounts::UserId::as_str))
        .bind(changed.title.as_str())
        .bind(changed.template.as_deref())
        .bind(json(&changed.options)?)
        .bind(json(&changed.policy)?)
        .bind(changed.password.as_deref());
        let row = self
            .engine
            .first(update)
            .await
            .map_err(|error| DatabaseError::of("change a stream", error, None, Some(PARTS)))?;
        let row = row.ok_or(DatabaseError::Changed { what: STREAM })?;
        stream(&mut Cells::of(&row, STREAM))
    }

    async fn retire_stream(&self, name: &StreamName, now_ms: i64) -> Result<bool, DatabaseError> {
        let failed = |error| DatabaseError::unavailable("retire a stream", error);
        let mut transaction = self.engine.begin().await.map_err(failed)?;
        let retire = sql("UPDATE streams SET retired_at_ms = $2, version = version + 1 \
             WHERE name = $1 AND retired_at_ms IS NULL RETURNING name");
        let retire = retire.bind(name.as_str()).bind(now_ms);
        if transaction.first(retire).await.map_err(failed)?.is_none() {
            return Ok(false);
        }
        let delete = sql("DELETE FROM stream_keys WHERE stream = $1").bind(name.as_str());
        transaction.run(delete).await.map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        Ok(true)
    }

    async fn delete_stream(&self, name: &StreamName) -> Result<bool, DatabaseError> {
        let delete = sql("DELETE FROM streams WHERE name = $1").bind(name.as_str());
        match self.engine.run(delete).await {
            Ok(deleted) => Ok(deleted > 0),
            Err(error) => Err(DatabaseError::unavailable("delete a stream", error)),
        }
    }

    async fn create_template(&self, new: &Template) -> Result<(), DatabaseError> {
        let made = sql("INSERT INTO templates \
             (organisation, name, options, policy, created_at_ms, version) \
             VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(new.organisation.as_str())
        .bind(new.name.as_str())
        .bind(json(&new.options)?)
        .bind(json(&new.policy)?)
        .bind(new.created_at_ms)
        .bind(new.version);
        match self.engine.run(made).await {
            Ok(_) => Ok(()),
            Err(error) => {
                let missing = Some("organisation");
                Err(DatabaseError::of("make a template", error, Some(TEMPLATE), missing))
            }
        }
    }

    async fn template(
        &self,
        organisation: &OrganisationId,
        name: &str,
    ) -> Result<Option<Template>, DatabaseError> {
        let found = sql(concat!(
            "SELECT ",
            template_cells!(),
            " FROM templates WHERE organisation = $1 AND name = $2"
        ));
        let found = found.bind(organisation.as_str()).bind(name);
        let row = self.engine.first(found).await.map_err(unread)?;
        row.as_ref().map(template).transpose()
    }

    async fn templates(
        &self,
        organisation: &OrganisationId,
    ) -> Result<Vec<Template>, DatabaseError> {
        let all = sql(concat!(
            "SELECT ",
            template_cells!(),
            " FROM templates WHERE organisation = $1 ORDER BY name"
        ));
        let rows = self.engine.all(all.bind(organisation.as_str())).await.map_err(unread)?;
        rows.iter().map(template).collect()
    }

    async fn update_template(&self, changed: &Template) -> Result<Template, DatabaseError> {
        let update = sql(concat!(
            "UPDATE templates SET options = $4, policy = $5, version = version + 1 \
             WHERE organisation = $1 AND name = $2 AND version = $3 RETURNING ",
            template_cells!()
        ))
        .bind(changed.organisation.as_str())
        .bind(changed.name.as_str())
        .bind(changed.version)
        .bind(json(&changed.options)?)
        .bind(json(&changed.policy)?);
        let row = self.engine.first(update).await;
        let row = row.map_err(|error| DatabaseError::unavailable("change a template", error))?;
        template(&row.ok_or(DatabaseError::Changed { what: TEMPLATE })?)
    }

    async fn delete_template(
        &self,
        organisation: &OrganisationId,
        name: &str,
    ) -> Result<bool, DatabaseError> {
        let delete = sql("DELETE FROM templates WHERE organisation = $1 AND name = $2");
        match self.engine.run(delete.bind(organisation.as_str()).bind(name)).await {
            Ok(deleted) => Ok(deleted > 0),
            Err(error) => Err(DatabaseError::of_use("delete a template", error, "streams")),
        }
    }
}

/// Reads the cells of [`stream_cells`].
pub(super) fn stream(cells: &mut Cells<'_>) -> Result<StreamObject, DatabaseError> {
    Ok(StreamObject {
        name: cells.stream_name()?,
        organisation: cells.parse()?,
        owner: cells.parse_some()?,
        title: cells.next()?,
        template: cells.next()?,
        options: cells.json()?,
        policy: cells.json()?,
        password: cells.next()?,
        retired_at_ms: cells.next()?,
        created_at_ms: cells.next()?,
        version: cells.next()?,
    })
}

fn template(row: &Row) -> Result<Template, DatabaseError> {
    let mut cells = Cells::of(row, TEMPLATE);
    Ok(Template {
        organisation: cells.parse()?,
        name: cells.next()?,
        options: cells.json()?,
        policy: cells.json()?,
        created_at_ms: cells.next()?,
        version: cells.next()?,
    })
}

fn unread(error: sqlx::Error) -> DatabaseError {
    DatabaseError::unavailable("read streams", error)
}
