//! Streams as objects: what is made, configured, owned and deleted.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use timeline::StreamName;
use token::Rules;

use crate::{OrganisationId, UserId};

/// A stream that somebody made.
#[derive(Clone, PartialEq, Debug)]
pub struct StreamObject {
    /// Its name, which no other stream has, in whatever organisation.
    pub name: StreamName,
    /// Whose it is.
    pub organisation: OrganisationId,
    /// The user that it belongs to; `None` means the organisation alone.
    pub owner: Option<UserId>,
    /// What viewers read; may be empty.
    pub title: String,
    /// The template of its organisation that its options start from.
    pub template: Option<String>,
    /// What differs from the template: keys of `[stream]` in the configuration, with their values
    /// as they are written there.
    pub options: Map<String, Value>,
    /// Who may publish and watch.
    pub policy: StreamPolicy,
    /// The password's hash, in PHC form, for [`Access::Password`].
    pub password: Option<String>,
    /// When it was deleted with its recordings kept, in milliseconds since the Unix epoch. Nobody
    /// publishes it then; who watches them is decided as before, and the name stays taken.
    pub retired_at_ms: Option<i64>,
    /// Since when, in milliseconds since the Unix epoch.
    pub created_at_ms: i64,
    /// Counts its changes, from 1.
    pub version: i64,
}

/// Options under a name, for streams that are alike.
#[derive(Clone, PartialEq, Debug)]
pub struct Template {
    /// Whose it is.
    pub organisation: OrganisationId,
    /// Its name in the organisation.
    pub name: String,
    /// Keys of `[stream]` in the configuration, with their values as they are written there.
    pub options: Map<String, Value>,
    /// What a new stream of this template gets; later changes do not reach it.
    pub policy: StreamPolicy,
    /// Since when, in milliseconds since the Unix epoch.
    pub created_at_ms: i64,
    /// Counts its changes, from 1.
    pub version: i64,
}

/// Who may publish a stream, and who may watch it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct StreamPolicy {
    /// What a viewer needs.
    pub access: Access,
    /// Where viewers must be and come from, whatever they have.
    pub viewers: Rules,
    /// Whether only verified users may publish it.
    pub verified_publishers: bool,
    /// Whether the customer's own endpoint is asked before a publisher is let in.
    pub ask_publish: bool,
    /// Whether the customer's own endpoint is asked before a viewer is let in.
    pub ask_play: bool,
}

/// What a viewer needs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// Nothing.
    #[default]
    Public,
    /// The address: no list and no search engine has it.
    Unlisted,
    /// A token that names the stream.
    Token,
    /// The stream's password, for which the watch page gets a token; a token does as well.
    Password,
    /// A token of somebody who belongs to the stream's organisation.
    Private,
}

impl Access {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Public, Self::Unlisted, Self::Token, Self::Password, Self::Private];

    /// Its name, as commands and records have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Unlisted => "unlisted",
            Self::Token => "token",
            Self::Password => "password",
            Self::Private => "private",
        }
    }

    /// The access of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|access| access.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_reads_back_and_nothing_unknown_is_taken_for_one() {
        let policy: StreamPolicy =
            serde_json::from_str(r#"{"access":"token","verified-publishers":true}"#).unwrap();
        assert_eq!(policy.access, Access::Token);
        let json = serde_json::to_string(&policy).unwrap();
        assert_eq!(serde_json::from_str::<StreamPolicy>(&json).unwrap(), policy);
        assert!(serde_json::from_str::<StreamPolicy>(r#"{"acces":"token"}"#).is_err());
        assert!(serde_json::from_str::<StreamPolicy>(r#"{"access":"open"}"#).is_err());
        for access in Access::ALL {
            assert_eq!(Access::parse(access.name()), Some(access));
        }
    }
}
