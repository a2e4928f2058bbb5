//! Organisations.

use crate::OrganisationId;

/// Who owns streams and has users. Nothing of one is visible to another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Organisation {
    /// Its id.
    pub id: OrganisationId,
    /// What people call it; no other organisation has the same name.
    pub name: String,
    /// Since when, in milliseconds since the Unix epoch.
    pub created_at_ms: i64,
    /// Counts its changes, from 1.
    pub version: i64,
}
