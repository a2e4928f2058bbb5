//! Users.

use serde::{Deserialize, Serialize};

use crate::{OrganisationId, Role, UserId, Verified};

/// Somebody who belongs to an organisation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct User {
    /// The id.
    pub id: UserId,
    /// Where the user belongs.
    pub organisation: OrganisationId,
    /// The address that the user signs in with, in lower case; no other user has the same one.
    pub email: String,
    /// What others see.
    pub name: String,
    /// The part in the organisation.
    pub role: Role,
    /// Whether the user may do anything at all.
    pub status: Status,
    /// The password's hash, in PHC form. Without one the user cannot sign in by password.
    pub password: Option<String>,
    /// When the address was proved, in milliseconds since the Unix epoch.
    pub email_verified_at_ms: Option<i64>,
    /// Whether an operator knows who this is. Kept with the newest verification.
    pub verified: Verified,
    /// Failed sign-ins since the last good one.
    pub failed_logins: u32,
    /// Until when nobody can sign in, in milliseconds since the Unix epoch.
    pub locked_until_ms: Option<i64>,
    /// Devices that the user may have; none given means the server's default.
    pub devices_max: Option<u32>,
    /// Streams that the user may publish at one time; none given means the server's default.
    pub streams_max: Option<u32>,
    /// Since when, in milliseconds since the Unix epoch.
    pub created_at_ms: i64,
    /// Counts its changes, from 1.
    pub version: i64,
}

/// Whether a user may do anything.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Was asked to come, and has not been here yet.
    Invited,
    /// May do what the role may.
    Active,
    /// May do nothing; everything of the user is kept.
    Disabled,
}
