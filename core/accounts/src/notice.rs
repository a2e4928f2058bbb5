//! What the control bus carries.

use serde::{Deserialize, Serialize};
use timeline::StreamName;
use token::Revocation;

use crate::OrganisationId;

/// Something that every node is to know at once. A node that missed some reads everything anew; one
/// that does not know a kind ignores it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "notice")]
pub enum Notice {
    /// Tokens, keys, devices or users lost their rights.
    Revoked {
        /// What was revoked.
        revocation: Revocation,
    },
    /// A stream was made, changed or deleted: its options and its policy are read anew.
    StreamChanged {
        /// Its name.
        stream: StreamName,
    },
    /// Trusted keys changed.
    KeysChanged,
    /// A template changed: the options of the organisation's streams are read anew.
    TemplateChanged {
        /// Whose it is.
        organisation: OrganisationId,
    },
    /// A kind that this version does not know.
    #[serde(other)]
    Unknown,
}
