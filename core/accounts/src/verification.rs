//! User verification: does an operator know who publishes?

use serde::{Deserialize, Serialize};

use crate::{OrganisationId, UserId, VerificationId};

/// How far a user's verification is.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "status")]
pub enum Verified {
    /// Nobody has asked for it.
    #[default]
    Unverified,
    /// Evidence is there, and an operator has yet to look at it.
    Pending,
    /// An operator knows who it is.
    Verified,
    /// An operator said no.
    Rejected {
        /// Why, as the user is told.
        reason: String,
    },
}

/// One attempt of a user to be verified.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verification {
    /// The id.
    pub id: VerificationId,
    /// The user's organisation.
    pub organisation: OrganisationId,
    /// Who wants to be verified.
    pub user: UserId,
    /// How far it is; never [`Verified::Unverified`].
    pub verified: Verified,
    /// What was handed in; the bytes are in the object store.
    pub evidence: Vec<Evidence>,
    /// When, in milliseconds since the Unix epoch.
    pub submitted_at_ms: i64,
    /// When it was decided, in milliseconds since the Unix epoch.
    pub decided_at_ms: Option<i64>,
    /// Who decided: a user's id, or `local` for the command line.
    pub decided_by: Option<String>,
    /// Counts its changes, from 1.
    pub version: i64,
}

/// A document that proves something.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Evidence {
    /// The file's name as it was handed in, for people.
    pub name: String,
    /// Its media type.
    pub content_type: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of its bytes, in hex: nobody can exchange it later.
    pub sha256: String,
}
