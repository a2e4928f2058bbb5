//! Stream keys, and whom a publication belongs to.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use timeline::StreamName;

use crate::{DeviceId, KeyId, OrganisationId, UserId};

/// What is kept of a stream key. The key itself follows from its id and the root secret.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StreamKeyRecord {
    /// The id.
    pub id: KeyId,
    /// The stream that it publishes.
    pub stream: StreamName,
    /// Whose the stream is.
    pub organisation: OrganisationId,
    /// What people call it; may be empty.
    pub label: String,
    /// Who publishes with it.
    pub user: Option<UserId>,
    /// The one encoder that may use it.
    pub device: Option<DeviceId>,
    /// Where it may be used; empty means anywhere.
    pub addresses: Vec<IpNet>,
    /// Since when, in milliseconds since the Unix epoch.
    pub created_at_ms: i64,
    /// When it ends, in milliseconds since the Unix epoch.
    pub expires_at_ms: Option<i64>,
    /// When it was used last, in milliseconds since the Unix epoch.
    pub last_used_ms: Option<i64>,
    /// When it was revoked, in milliseconds since the Unix epoch.
    pub revoked_at_ms: Option<i64>,
}

/// Whom a publication belongs to: what it ends with when that is revoked.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Subject {
    /// The stream's organisation.
    pub organisation: Option<OrganisationId>,
    /// The user who publishes.
    pub user: Option<UserId>,
    /// The encoder.
    pub device: Option<DeviceId>,
    /// The stream key, or the trusted key that signed the URL.
    pub key: Option<String>,
}
