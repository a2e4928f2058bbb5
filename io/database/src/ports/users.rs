//! Users.

use accounts::{OrganisationId, User, UserId};
use async_trait::async_trait;

use crate::{DatabaseError, Page};

/// Keeps users.
#[async_trait]
pub trait Users {
    /// Keeps a new one.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Taken`] when somebody has the address; [`DatabaseError::Missing`] when
    /// there is no such organisation.
    async fn create_user(&self, new: &User) -> Result<(), DatabaseError>;

    /// The one with this id.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    async fn user(&self, id: &UserId) -> Result<Option<User>, DatabaseError>;

    /// The one with this address, in lower case.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    async fn user_by_email(&self, email: &str) -> Result<Option<User>, DatabaseError>;

    /// Those of an organisation in the order of their ids.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    async fn users(
        &self,
        organisation: &OrganisationId,
        page: &Page,
    ) -> Result<Vec<User>, DatabaseError>;

    /// Changes one to what is given, if its version is still the given one. The answer has the next
    /// version. The organisation never changes, and whether the user is verified changes with
    /// verifications alone. An organisation that has an active owner keeps one, whoever else
    /// changes or deletes another at that moment.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Changed`] when it was changed or deleted since; [`DatabaseError::Taken`];
    /// [`DatabaseError::LastOwner`].
    async fn update_user(&self, changed: &User) -> Result<User, DatabaseError>;

    /// Deletes one with its sessions, tickets, devices, API keys and verifications; its streams are
    /// the organisation's then, its stream keys are revoked. `false` when there is none.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::LastOwner`] for an organisation's only active owner; others when it may
    /// not have been deleted.
    async fn delete_user(&self, id: &UserId, now_ms: i64) -> Result<bool, DatabaseError>;
}
