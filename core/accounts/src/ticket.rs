//! One-time links.

use serde::{Deserialize, Serialize};

use crate::{OrganisationId, TicketId, UserId};

/// A secret that is good once: it goes out in a letter or on a terminal, and comes back in a link.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ticket {
    /// The id.
    pub id: TicketId,
    /// The keyed hash of the secret.
    pub hash: String,
    /// What it is good for.
    pub kind: TicketKind,
    /// Where.
    pub organisation: OrganisationId,
    /// For whom.
    pub user: UserId,
    /// Since when, in milliseconds since the Unix epoch.
    pub created_at_ms: i64,
    /// When it ends, in milliseconds since the Unix epoch.
    pub expires_at_ms: i64,
    /// When it was used, in milliseconds since the Unix epoch.
    pub used_at_ms: Option<i64>,
}

/// What a ticket is good for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TicketKind {
    /// The first owner's password.
    Setup,
    /// A new user's password.
    Invitation,
    /// Proof of an e-mail address.
    VerifyEmail,
    /// Another password.
    ResetPassword,
}
