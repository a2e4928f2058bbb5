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
    /// Whether the actor has `permission` in `organisation`.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotFound`] for another organisation's, which is not even said to be there;
    /// [`ServiceError::Forbidden`] for what the role does not allow.
    pub fn needs(
        &self,
        permission: Permission,
        organisation: &OrganisationId,
    ) -> Result<(), ServiceError> {
        let (own, role) = match self {
            Self::Local => return Ok(()),
            Self::User { organisation, role, .. } | Self::Program { organisation, role, .. } => {
                (organisation, role)
            }
        };
        if own != organisation {
            return Err(ServiceError::NotFound);
        }
        if role.may(permission) { Ok(()) } else { Err(ServiceError::Forbidden { permission }) }
    }
}
