//! What a user of an organisation may do there. Nobody may do anything in another one.

use serde::{Deserialize, Serialize};

/// A user's part in an organisation, the mightiest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Everything, and the only ones who change owners.
    Owner,
    /// Runs the service: users, devices, streams, keys, reviews. Not the owners.
    Operator,
    /// Has streams, keys and devices of its own.
    Streamer,
    /// Watches what is private to the organisation, on players of its own.
    Viewer,
    /// Sees what operators see, and changes nothing.
    ReadOnly,
}

/// Something that needs leave. Each names the widest of what it allows: "own" permissions are for
/// objects that belong to the user who asks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Permission {
    /// See streams, users, devices and keys (never a secret) of the organisation.
    SeeAll,
    /// Watch what is private to the organisation.
    Watch,
    /// Change users below owner, and invite them.
    ManageUsers,
    /// Change owners, and the organisation itself.
    ManageOwners,
    /// Change every stream, template, stream key and recording.
    ManageStreams,
    /// Make and change streams of one's own, with their keys.
    ManageOwnStreams,
    /// Change every device.
    ManageDevices,
    /// Pair, name and revoke devices of one's own.
    ManageOwnDevices,
    /// Say who is verified.
    ReviewVerifications,
    /// Trusted keys, revocations, API keys of others.
    ManageKeys,
    /// Sign play tokens for every stream of the organisation.
    SignTokens,
}

impl Permission {
    /// All permissions.
    pub const ALL: [Self; 11] = [
        Self::SeeAll,
        Self::Watch,
        Self::ManageUsers,
        Self::ManageOwners,
        Self::ManageStreams,
        Self::ManageOwnStreams,
        Self::ManageDevices,
        Self::ManageOwnDevices,
        Self::ReviewVerifications,
        Self::ManageKeys,
        Self::SignTokens,
    ];
}

impl Role {
    /// All roles, the mightiest first.
    pub const ALL: [Self; 5] =
        [Self::Owner, Self::Operator, Self::Streamer, Self::Viewer, Self::ReadOnly];

    /// Its name, as commands and records have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Operator => "operator",
            Self::Streamer => "streamer",
            Self::Viewer => "viewer",
            Self::ReadOnly => "read-only",
        }
    }

    /// The role of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// Whether the role has a permission.
    #[must_use]
    pub const fn may(self, permission: Permission) -> bool {
        use Permission as P;
        match self {
            Self::Owner => true,
            Self::Operator => !matches!(permission, P::ManageOwners),
            Self::Streamer => {
                matches!(permission, P::Watch | P::ManageOwnStreams | P::ManageOwnDevices)
            }
            Self::Viewer => matches!(permission, P::Watch | P::ManageOwnDevices),
            Self::ReadOnly => matches!(permission, P::SeeAll | P::Watch),
        }
    }

    /// Whether `other` may do all that this role may. The order of roles does not say that: a
    /// streamer does not see what a read-only one sees.
    #[must_use]
    pub fn is_within(self, other: Self) -> bool {
        let mut allowed = Permission::ALL.into_iter().filter(|permission| self.may(*permission));
        allowed.all(|permission| other.may(permission))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_back_and_only_owners_change_owners() {
        for role in Role::ALL {
            assert_eq!(Role::parse(role.name()), Some(role));
            assert_eq!(role.may(Permission::ManageOwners), role == Role::Owner);
            let json = format!("\"{}\"", role.name());
            assert_eq!(serde_json::to_string(&role).unwrap(), json);
        }
        assert_eq!(Role::parse("Owner"), None);
    }

    #[test]
    fn a_role_is_within_another_that_may_all_the_same() {
        use Role::{Operator, Owner, ReadOnly, Streamer, Viewer};
        for role in Role::ALL {
            assert!(role.is_within(role) && role.is_within(Owner), "{role:?}");
            assert_eq!(role.is_within(Operator), role != Owner, "{role:?}");
            assert_eq!(role.is_within(Streamer), matches!(role, Streamer | Viewer), "{role:?}");
            assert_eq!(role.is_within(Viewer), role == Viewer, "{role:?}");
            assert_eq!(role.is_within(ReadOnly), role == ReadOnly, "{role:?}");
        }
    }
}
