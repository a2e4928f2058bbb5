//! Sessions of users.

use crate::{SessionId, UserId};

/// A user who signed in, on one device.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Session {
    /// The id, which the refresh token begins with.
    pub id: SessionId,
    /// Who signed in.
    pub user: UserId,
    /// The keyed hash of the one refresh token that is good. Each use exchanges it; an older one
    /// that comes again was stolen, or its thief was faster: the session ends.
    pub refresh_hash: String,
    /// Since when, in milliseconds since the Unix epoch.
    pub created_at_ms: i64,
    /// When the refresh token was exchanged last, in milliseconds since the Unix epoch.
    pub refreshed_at_ms: i64,
    /// When it ends if it is not refreshed, in milliseconds since the Unix epoch.
    pub expires_at_ms: i64,
    /// When it was ended, in milliseconds since the Unix epoch.
    pub revoked_at_ms: Option<i64>,
    /// The address that it came from last.
    pub address: Option<String>,
    /// What the browser or program says it is.
    pub agent: String,
}
