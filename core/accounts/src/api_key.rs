//! Keys of programs.

use serde::{Deserialize, Serialize};

use crate::{ApiKeyId, OrganisationId, Role, UserId};

/// A key that a program shows to the API. The key itself is stored nowhere.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ApiKey {
    /// The id.
    pub id: ApiKeyId,
    /// Where it may do something.
    pub organisation: OrganisationId,
    /// Who made it; it can do nothing that this user cannot.
    pub user: Option<UserId>,
    /// What people call it.
    pub name: String,
    /// How the key begins, so that people know which one it is.
    pub prefix: String,
    /// The key's keyed hash.
    pub hash: String,
    /// The most that it may do.
    pub role: Role,
    /// What of that it is kept to; empty means all.
    pub scopes: Vec<Scope>,
    /// Since when, in milliseconds since the Unix epoch.
    pub created_at_ms: i64,
    /// When it ends, in milliseconds since the Unix epoch.
    pub expires_at_ms: Option<i64>,
    /// When it was used last, in milliseconds since the Unix epoch.
    pub last_used_ms: Option<i64>,
    /// When it was revoked, in milliseconds since the Unix epoch.
    pub revoked_at_ms: Option<i64>,
}

/// A part of the API.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Read streams, recordings and what they do.
    StreamsRead,
    /// Change streams, templates and stream keys.
    StreamsWrite,
    /// Read users, devices and verifications.
    UsersRead,
    /// Change users, devices and verifications.
    UsersWrite,
    /// Sign play tokens.
    TokensSign,
    /// Revocations and trusted keys.
    KeysWrite,
}
