//! Takes rights away, everywhere and at once.

use std::time::Duration;

use accounts::{Notice, OrganisationId};
use token::{Revocation, Revoked};

use crate::{Service, ServiceError};

impl Service {
    /// Keeps that something is revoked, then tells every node. `for_at_most` is how long anything
    /// is left that it could be about.
    ///
    /// # Errors
    ///
    /// When it may not be revoked everywhere; doing it again is harmless.
    pub(crate) async fn revoke(
        &self,
        organisation: Option<&OrganisationId>,
        revoked: Revoked,
        for_at_most: Duration,
    ) -> Result<(), ServiceError> {
        let revocation = Revocation {
            organisation: organisation.map(ToString::to_string),
            revoked,
            at_ms: self.now_ms(),
            until_ms: self.in_ms(for_at_most),
        };
        self.database.add_revocation(&revocation).await?;
        self.tell(&Notice::Revoked { revocation }).await
    }

    /// Tells every node of a change that the database has already.
    ///
    /// # Errors
    ///
    /// When some may not hear of it before they read everything anew.
    pub(crate) async fn tell(&self, notice: &Notice) -> Result<(), ServiceError> {
        let told = self.bus.publish(notice).await;
        told.map_err(|error| ServiceError::Unavailable(Box::new(error)))
    }
}
