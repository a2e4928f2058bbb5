//! Organisations.

#[cfg(test)]
mod tests;

use std::time::Duration;

use accounts::{Organisation, OrganisationId, Permission};
use token::Revoked;

use crate::secrets::random;
use crate::texts::named;
use crate::{Actor, Service, ServiceError};

/// Longest name of an organisation, in characters: a line on a page.
const NAME_CHARACTERS_MAX: usize = 64;
/// How long tokens may be left of an organisation that was deleted: signed ones end within a year.
const TOKENS_LEFT: Duration = Duration::from_secs(366 * 24 * 60 * 60);

impl Service {
    /// Makes an organisation, which the command line alone may.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Conflict`] when another one has its name.
    pub async fn create_organisation(
        &self,
        actor: &Actor,
        name: &str,
    ) -> Result<Organisation, ServiceError> {
        local(actor)?;
        let now_ms = self.now_ms();
        let made = Organisation {
            id: OrganisationId::new(now_ms, random()?),
            name: named("an organisation's name", name, NAME_CHARACTERS_MAX)?,
            created_at_ms: now_ms,
            version: 1,
        };
        self.database.create_organisation(&made).await?;
        Ok(made)
    }

    /// The organisations that the actor sees: its own, or all.
    ///
    /// # Errors
    ///
    /// When they cannot be read.
    pub async fn organisations(&self, actor: &Actor) -> Result<Vec<Organisation>, ServiceError> {
        match actor.organisation() {
            None => Ok(self.database.organisations().await?),
            Some(own) => Ok(vec![self.organisation(actor, own).await?]),
        }
    }

    /// An organisation, for those who belong to it.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotFound`] for another one.
    pub async fn organisation(
        &self,
        actor: &Actor,
        id: &OrganisationId,
    ) -> Result<Organisation, ServiceError> {
        if actor.organisation().is_some_and(|own| own != id) {
            return Err(ServiceError::NotFound);
        }
        self.database.organisation(id).await?.ok_or(ServiceError::NotFound)
    }

    /// Gives an organisation another name.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Conflict`] when another one has it, or `version` is not the newest.
    pub async fn rename_organisation(
        &self,
        actor: &Actor,
        id: &OrganisationId,
        name: &str,
        version: Option<i64>,
    ) -> Result<Organisation, ServiceError> {
        actor.needs(Permission::ManageOwners, id)?;
        let name = named("an organisation's name", name, NAME_CHARACTERS_MAX)?;
        let mut changed = self.organisation(actor, id).await?;
        changed.version = version.unwrap_or(changed.version);
        changed.name = name;
        Ok(self.database.update_organisation(&changed).await?)
    }

    /// Deletes an organisation that has no streams, with all who belong to it. Tokens that were
    /// signed for it are void.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Conflict`] while it has streams.
    pub async fn delete_organisation(
        &self,
        actor: &Actor,
        id: &OrganisationId,
    ) -> Result<(), ServiceError> {
        actor.needs(Permission::ManageOwners, id)?;
        if !self.database.delete_organisation(id).await? {
            return Err(ServiceError::NotFound);
        }
        // A token of this very second was issued before it as well.
        let issued_s = self.now_ms().div_euclid(1_000).saturating_add(1);
        self.revoke(Some(id), Revoked::Before { issued_s }, TOKENS_LEFT).await
    }
}

/// What is the command line's alone.
pub(crate) fn local(actor: &Actor) -> Result<(), ServiceError> {
    match actor {
        Actor::Local => Ok(()),
        Actor::User { .. } | Actor::Program { .. } => {
            Err(ServiceError::Forbidden { permission: Permission::ManageOwners })
        }
    }
}
