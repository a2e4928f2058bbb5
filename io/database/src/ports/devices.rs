//! Devices, pairings, and verifications of users.

use accounts::{Device, DeviceId, OrganisationId, Pairing, UserId, Verification, VerificationId};
use async_trait::async_trait;

use crate::{DatabaseError, Page};

/// Keeps devices and pairings.
#[async_trait]
pub trait Devices {
    /// Keeps a new device, if its user has fewer than `devices_max` that are not revoked.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Full`] when the user has as many; [`DatabaseError::Missing`] when there is
    /// no such user.
    async fn create_device(&self, new: &Device, devices_max: u32) -> Result<(), DatabaseError>;

    /// The one with this id.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    async fn device(&self, id: &DeviceId) -> Result<Option<Device>, DatabaseError>;

    /// Those of an organisation, or of one user of it, in the order of their ids.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    async fn devices(
        &self,
        organisation: &OrganisationId,
        user: Option<&UserId>,
        page: &Page,
    ) -> Result<Vec<Device>, DatabaseError>;

    /// Changes one to what is given, if its version is still the given one. The answer has the next
    /// version. When it is revoked by it, so are its stream keys. What it is for and whose it is
    /// never changes, nor when and where it was seen.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Changed`] when it was changed or deleted since.
    async fn update_device(&self, changed: &Device) -> Result<Device, DatabaseError>;

    /// Keeps when and from where a device was seen.
    ///
    /// # Errors
    ///
    /// When that was not kept.
    async fn touch_device(
        &self,
        id: &DeviceId,
        address: &str,
        now_ms: i64,
    ) -> Result<(), DatabaseError>;

    /// Keeps a new pairing, and forgets those that ended more than a day before it.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Taken`] when another one that has not ended has the same user code;
    /// [`DatabaseError::Full`] when `waiting_max` wait already.
    async fn create_pairing(&self, new: &Pairing, waiting_max: u32) -> Result<(), DatabaseError>;

    /// The one that a device asks for.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    async fn pairing_of_device(&self, code_hash: &str) -> Result<Option<Pairing>, DatabaseError>;

    /// The one that a user means, until its end, whether somebody has answered it or not.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    async fn pairing_of_user(
        &self,
        user_code: &str,
        now_ms: i64,
    ) -> Result<Option<Pairing>, DatabaseError>;

    /// Changes one to what is given, if its version is still the given one. Its codes and what the
    /// device says of itself never change.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Changed`] when it was changed or deleted since.
    async fn update_pairing(&self, changed: &Pairing) -> Result<Pairing, DatabaseError>;
}

/// Keeps verifications.
#[async_trait]
pub trait Verifications {
    /// Keeps a new verification, and makes its status the user's.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Missing`] when there is no such user.
    async fn create_verification(&self, new: &Verification) -> Result<(), DatabaseError>;

    /// The one with this id.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    async fn verification(
        &self,
        id: &VerificationId,
    ) -> Result<Option<Verification>, DatabaseError>;

    /// Those of an organisation, or of one user of it, the newest first; with `pending` only those
    /// that wait for an operator.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    async fn verifications(
        &self,
        organisation: &OrganisationId,
        user: Option<&UserId>,
        pending: bool,
    ) -> Result<Vec<Verification>, DatabaseError>;

    /// Changes one to what is given, if its version is still the given one, and makes its status
    /// the user's if it is the user's newest.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Changed`] when it was changed or deleted since.
    async fn update_verification(
        &self,
        changed: &Verification,
    ) -> Result<Verification, DatabaseError>;
}
