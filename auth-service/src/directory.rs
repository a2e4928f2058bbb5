//! What those who decide about viewers and publishers read: the database behind their port.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use accounts::TrustedKey;
use async_trait::async_trait;
use authz::{BoxError, Directory, StreamAccess};
use serde_json::{Map, Value};
use timeline::StreamName;
use token::Revocation;

use crate::streams::merged;
use crate::{Clock, Database};

/// Knows streams, trusted keys and revocations from the database.
#[derive(Clone, Debug)]
pub struct StoredDirectory {
    database: Arc<dyn Database>,
    clock: Clock,
}

impl StoredDirectory {
    /// Reads `database`.
    #[must_use]
    pub const fn new(database: Arc<dyn Database>, clock: Clock) -> Self {
        Self { database, clock }
    }

    /// A stream's options as they hold, its template's among them; `None` if there is no such
    /// stream.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub async fn options(&self, name: &StreamName) -> Result<Option<Map<String, Value>>, BoxError> {
        let Some(stream) = self.database.stream(name).await? else { return Ok(None) };
        let template = match &stream.template {
            Some(template) => self.database.template(&stream.organisation, template).await?,
            None => None,
        };
        Ok(Some(merged(template.as_ref(), &stream.options)))
    }
}

#[async_trait]
impl Directory for StoredDirectory {
    async fn access(&self, stream: &StreamName) -> Result<Option<StreamAccess>, BoxError> {
        let found = self.database.stream(stream).await?;
        Ok(found.map(|stream| StreamAccess {
            organisation: stream.organisation,
            policy: stream.policy,
        }))
    }

    async fn trusted_keys(&self) -> Result<Vec<TrustedKey>, BoxError> {
        let mut keys = self.database.trusted_keys(None).await?;
        let now_ms = self.clock.now_ms();
        keys.retain(|key| is_good(key, now_ms));
        Ok(keys)
    }

    async fn revocations(&self) -> Result<Vec<Revocation>, BoxError> {
        Ok(self.database.revocations(self.clock.now_ms()).await?)
    }
}

/// Whether a key verifies anything now.
pub(crate) fn is_good(key: &TrustedKey, now_ms: i64) -> bool {
    key.revoked_at_ms.is_none() && key.expires_at_ms.is_none_or(|at_ms| at_ms > now_ms)
}
