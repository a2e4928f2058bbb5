//! Who asks.

use accounts::{OrganisationId, Permission, Role, Scope, UserId};

use crate::ServiceError;

/// Who asks for something. Every function of the service takes one, and nothing is found or changed
/// that is not the actor's organisation's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Actor {
    /// Somebody at the machine itself, who can read its files anyway: the command line. May act for
    /// every organisation.
    Local,
    /// A user who signed in.
    User {
        /// The organisation.
        organisation: OrganisationId,
        /// The user.
        user: UserId,
        /// What the user may.
        role: Role,
    },
    /// A program with an API key.
    Program {
        /// The organisation.
        organisation: OrganisationId,
        /// Who made the key.
        user: Option<UserId>,
        /// The most that it may.
        role: Role,
        /// What of that it is kept to; empty means all.
        scopes: Vec<Scope>,
    },
}

impl Actor {
    /// The user who asks, or who made the key that asks.
    #[must_use]
    pub const fn user(&self) -> Option<&UserId> {
        match self {
            Self::Local => None,
            Self::User { user, .. } => Some(user),
            Self::Program { user, .. } => user.as_ref(),
        }
    }

    /// The one organisation that the actor sees; the command line sees all.
    #[must_use]
    pub const fn organisation(&self) -> Option<&OrganisationId> {
        match self {
            Self::Local => None,
            Self::User { organisation, .. } | Self::Program { organisation, .. } => {
                Some(organisation)
            }
        }
    }

    /// Whether the actor has `permission` in `organisation`. A program that is kept to scopes needs
    /// the one that the permission belongs to as well, for [`Permission::SeeAll`] both that read.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotFound`] for another organisation's, which is not even said to be there;
    /// [`ServiceError::Forbidden`] for what the role or the key does not allow.
    pub fn needs(
        &self,
        permission: Permission,
        organisation: &OrganisationId,
    ) -> Result<(), ServiceError> {
        self.needs_within(permission, organisation, scopes_of(permission))
    }

    /// Whether the actor sees all of one kind in `organisation`: of streams, or of users.
    ///
    /// # Errors
    ///
    /// As [`Self::needs`] says.
    pub fn sees(&self, scope: Scope, organisation: &OrganisationId) -> Result<(), ServiceError> {
        self.needs_within(Permission::SeeAll, organisation, &[scope])
    }

    fn needs_within(
        &self,
        permission: Permission,
        organisation: &OrganisationId,
        needed: &[Scope],
    ) -> Result<(), ServiceError> {
        let (own, role, scopes) = match self {
            Self::Local => return Ok(()),
            Self::User { organisation, role, .. } => (organisation, role, &[][..]),
            Self::Program { organisation, role, scopes, .. } => {
                (organisation, role, scopes.as_slice())
            }
        };
        if own != organisation {
            return Err(ServiceError::NotFound);
        }
        let is_within = scopes.is_empty() || needed.iter().all(|scope| has(scopes, *scope));
        if role.may(permission) && is_within {
            Ok(())
        } else {
            Err(ServiceError::Forbidden { permission })
        }
    }
}

/// Whether a key with these scopes has one: who may change something may read it.
fn has(scopes: &[Scope], scope: Scope) -> bool {
    let wider = match scope {
        Scope::StreamsRead => Some(Scope::StreamsWrite),
        Scope::UsersRead => Some(Scope::UsersWrite),
        Scope::StreamsWrite | Scope::UsersWrite | Scope::TokensSign | Scope::KeysWrite => None,
    };
    scopes.contains(&scope) || wider.is_some_and(|wider| scopes.contains(&wider))
}

/// The scopes that a permission is part of.
const fn scopes_of(permission: Permission) -> &'static [Scope] {
    match permission {
        Permission::SeeAll => &[Scope::StreamsRead, Scope::UsersRead],
        Permission::Watch => &[Scope::StreamsRead],
        Permission::ManageStreams | Permission::ManageOwnStreams => &[Scope::StreamsWrite],
        Permission::ManageUsers
        | Permission::ManageOwners
        | Permission::ManageDevices
        | Permission::ManageOwnDevices
        | Permission::ReviewVerifications => &[Scope::UsersWrite],
        Permission::ManageKeys => &[Scope::KeysWrite],
        Permission::SignTokens => &[Scope::TokensSign],
    }
}

#[cfg(test)]
mod tests {
    use accounts::Role;

    use super::*;

    fn program(scopes: &[Scope]) -> Actor {
        let organisation = OrganisationId::new(1, [1; 10]);
        Actor::Program { organisation, user: None, role: Role::Operator, scopes: scopes.to_vec() }
    }

    #[track_caller]
    fn check(scopes: &[Scope], permission: Permission, expected: bool) {
        let own = OrganisationId::new(1, [1; 10]);
        let other = OrganisationId::new(1, [2; 10]);
        let actor = program(scopes);
        assert_eq!(actor.needs(permission, &own).is_ok(), expected, "{scopes:?} {permission:?}");
        let elsewhere = actor.needs(permission, &other);
        assert!(matches!(elsewhere, Err(ServiceError::NotFound)), "{scopes:?} {permission:?}");
    }

    #[test]
    fn a_program_is_kept_to_its_scopes_and_its_role() {
        check(&[], Permission::SeeAll, true);
        check(&[], Permission::ManageStreams, true);
        check(&[], Permission::ManageOwners, false);
        check(&[Scope::StreamsRead], Permission::Watch, true);
        check(&[Scope::StreamsRead], Permission::SeeAll, false);
        check(&[Scope::StreamsRead, Scope::UsersRead], Permission::SeeAll, true);
        check(&[Scope::StreamsWrite, Scope::UsersWrite], Permission::SeeAll, true);
        check(&[Scope::StreamsRead], Permission::ManageOwnStreams, false);
        check(&[Scope::StreamsWrite], Permission::ManageStreams, true);
        check(&[Scope::StreamsWrite], Permission::ManageUsers, false);
        check(&[Scope::UsersWrite], Permission::ManageUsers, true);
        check(&[Scope::UsersWrite], Permission::ManageOwners, false);
        check(&[Scope::UsersWrite], Permission::ReviewVerifications, true);
        check(&[Scope::UsersWrite], Permission::ManageKeys, false);
        check(&[Scope::KeysWrite], Permission::ManageKeys, true);
        check(&[Scope::KeysWrite], Permission::SignTokens, false);
        check(&[Scope::TokensSign], Permission::SignTokens, true);
    }

    #[test]
    fn one_kind_is_seen_with_the_scope_of_it() {
        let own = OrganisationId::new(1, [1; 10]);
        assert!(program(&[Scope::StreamsRead]).sees(Scope::StreamsRead, &own).is_ok());
        assert!(program(&[Scope::StreamsWrite]).sees(Scope::StreamsRead, &own).is_ok());
        assert!(program(&[Scope::StreamsRead]).sees(Scope::UsersRead, &own).is_err());
        assert!(program(&[]).sees(Scope::UsersRead, &own).is_ok());
    }
}
