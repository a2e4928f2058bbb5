//! Organisations.

use accounts::{Organisation, OrganisationId};
use async_trait::async_trait;

use crate::DatabaseError;

/// Keeps organisations.
#[async_trait]
pub trait Organisations {
    /// Keeps a new one.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Taken`] when another one has its name.
    async fn create_organisation(&self, new: &Organisation) -> Result<(), DatabaseError>;

    /// The one with this id.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    async fn organisation(
        &self,
        id: &OrganisationId,
    ) -> Result<Option<Organisation>, DatabaseError>;

    /// All of them, the oldest first.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    async fn organisations(&self) -> Result<Vec<Organisation>, DatabaseError>;

    /// Changes one to what is given, if its version is still the given one. The answer has the next
    /// version.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Changed`] when it was changed or deleted since; [`DatabaseError::Taken`].
    async fn update_organisation(
        &self,
        changed: &Organisation,
    ) -> Result<Organisation, DatabaseError>;

    /// Deletes one with its users, devices, keys and templates. `false` when there is none.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::InUse`] while it has streams.
    async fn delete_organisation(&self, id: &OrganisationId) -> Result<bool, DatabaseError>;
}
