//! Trusted keys, and revocations.

use accounts::{OrganisationId, TrustedKey, TrustedKeyId};
use async_trait::async_trait;
use token::Revocation;

use crate::DatabaseError;

/// Keeps trusted keys, with their secrets sealed, and revocations.
#[async_trait]
pub trait Trust {
    /// Keeps a new key.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Missing`] when there is no such organisation.
    async fn create_trusted_key(&self, new: &TrustedKey) -> Result<(), DatabaseError>;

    /// The keys of an organisation or, without one, of all and the server's own, the oldest first.
    ///
    /// # Errors
    ///
    /// When the database cannot be read, or a secret was sealed with another root secret.
    async fn trusted_keys(
        &self,
        organisation: Option<&OrganisationId>,
    ) -> Result<Vec<TrustedKey>, DatabaseError>;

    /// Lets a key end at a moment, or revokes it. `false` when there is none, or it ends before.
    ///
    /// # Errors
    ///
    /// When it may still be good.
    async fn end_trusted_key(
        &self,
        id: &TrustedKeyId,
        expires_at_ms: Option<i64>,
        revoked_at_ms: Option<i64>,
    ) -> Result<bool, DatabaseError>;

    /// Keeps a revocation.
    ///
    /// # Errors
    ///
    /// When it may not be kept.
    async fn add_revocation(&self, new: &Revocation) -> Result<(), DatabaseError>;

    /// The revocations that something is left for, the oldest first.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    async fn revocations(&self, now_ms: i64) -> Result<Vec<Revocation>, DatabaseError>;

    /// Forgets revocations that nothing is left for.
    ///
    /// # Errors
    ///
    /// When they may still be there.
    async fn forget_revocations(&self, now_ms: i64) -> Result<u64, DatabaseError>;
}
