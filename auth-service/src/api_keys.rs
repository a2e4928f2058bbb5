//! Keys of programs.

#[cfg(test)]
mod tests;

use accounts::{ApiKey, ApiKeyId, OrganisationId, Permission, Role, Scope, Status};
use runtime::Secret;

use crate::access::nobody;
use crate::secrets::{is_secret, new_secret, random};
use crate::texts::named;
use crate::{Actor, Service, ServiceError};

/// What API keys start with, so that people and scanners know one when they see it.
pub(crate) const PREFIX: &str = "weir_api_";
/// Characters of a key that are kept and shown: the prefix, and three that tell keys apart.
const SHOWN_CHARACTERS: usize = 12;
/// What the hash of an API key is for.
const PURPOSE: &str = "api-key";
/// Longest name of a key, in characters.
const NAME_CHARACTERS_MAX: usize = 100;
/// Most keys of an organisation that are good: a program has one or two.
const KEYS_MAX: usize = 1_000;
/// How exact it is known when a key was used: each note is a write.
const TOUCHED_EACH_MS: i64 = 60_000;

/// An API key to be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewApiKey {
    /// What people call it.
    pub name: String,
    /// The most that it may do.
    pub role: Role,
    /// What of that it is kept to; empty means all.
    pub scopes: Vec<Scope>,
    /// When it ends, in milliseconds since the Unix epoch.
    pub expires_at_ms: Option<i64>,
}

impl Service {
    /// Makes a key for programs, which may no more than its maker. Programs make none: a key that
    /// is lost would leave others behind.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Forbidden`] for more than the actor may.
    pub async fn create_api_key(
        &self,
        actor: &Actor,
        organisation: &OrganisationId,
        new: &NewApiKey,
    ) -> Result<(ApiKey, Secret), ServiceError> {
        match actor {
            Actor::Local => {}
            Actor::User { organisation: own, .. } if own != organisation => {
                return Err(ServiceError::NotFound);
            }
            Actor::User { role, .. } if new.role.is_within(*role) => {}
            Actor::Program { organisation: own, .. } if own != organisation => {
                return Err(ServiceError::NotFound);
            }
            Actor::User { .. } | Actor::Program { .. } => {
                return Err(ServiceError::Forbidden { permission: Permission::ManageKeys });
            }
        }
        let now_ms = self.now_ms();
        if new.expires_at_ms.is_some_and(|end_ms| end_ms <= now_ms) {
            return Err(ServiceError::Invalid("the key would have ended already".to_owned()));
        }
        let keys = self.database.api_keys(organisation).await?;
        if keys.iter().filter(|key| is_good(key, now_ms)).count() >= KEYS_MAX {
            let full = format!("there are {KEYS_MAX} API keys already, which is all that may be");
            return Err(ServiceError::Conflict(full));
        }
        let secret = new_secret(PREFIX)?;
        let mut scopes = new.scopes.clone();
        scopes.sort_unstable();
        scopes.dedup();
        let key = ApiKey {
            id: ApiKeyId::new(now_ms, random()?),
            organisation: organisation.clone(),
            user: actor.user().cloned(),
            name: named("a key's name", &new.name, NAME_CHARACTERS_MAX)?,
            prefix: secret.reveal().chars().take(SHOWN_CHARACTERS).collect(),
            hash: self.database.keyed_hash(PURPOSE, secret.reveal()),
            role: new.role,
            scopes,
            created_at_ms: now_ms,
            expires_at_ms: new.expires_at_ms,
            last_used_ms: None,
            revoked_at_ms: None,
        };
        self.database.create_api_key(&key).await?;
        Ok((key, secret))
    }

    /// The keys of an organisation, the oldest first: all, or those that the actor made.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotFound`] for another organisation's.
    pub async fn api_keys(
        &self,
        actor: &Actor,
        organisation: &OrganisationId,
    ) -> Result<Vec<ApiKey>, ServiceError> {
        let sees_all = match actor.needs(Permission::ManageKeys, organisation) {
            Ok(()) => true,
            Err(ServiceError::Forbidden { .. }) => false,
            Err(error) => return Err(error),
        };
        let mut keys = self.database.api_keys(organisation).await?;
        keys.retain(|key| {
            sees_all || (actor.user().is_some() && key.user.as_ref() == actor.user())
        });
        Ok(keys)
    }

    /// Revokes a key: one's own, or any for those who manage keys.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotFound`] when the actor sees no such key that is good.
    pub async fn revoke_api_key(
        &self,
        actor: &Actor,
        organisation: &OrganisationId,
        id: &ApiKeyId,
    ) -> Result<(), ServiceError> {
        let seen = self.api_keys(actor, organisation).await?;
        if !seen.iter().any(|key| key.id == *id) {
            return Err(ServiceError::NotFound);
        }
        match self.database.revoke_api_key(organisation, id, self.now_ms()).await? {
            true => Ok(()),
            false => Err(ServiceError::NotFound),
        }
    }

    /// The program that shows a key.
    pub(crate) async fn program(&self, shown: &str) -> Result<Actor, ServiceError> {
        if !is_secret(shown, PREFIX) {
            return Err(nobody());
        }
        let (hash, now_ms) = (self.database.keyed_hash(PURPOSE, shown), self.now_ms());
        let key = self.database.api_key_by_hash(&hash).await?.ok_or_else(nobody)?;
        if !is_good(&key, now_ms) {
            return Err(nobody());
        }
        let role = match &key.user {
            None => key.role,
            Some(id) => {
                let maker = self.database.user(id).await?.ok_or_else(nobody)?;
                if maker.status != Status::Active {
                    return Err(nobody());
                }
                common(key.role, maker.role).ok_or_else(nobody)?
            }
        };
        if key.last_used_ms.is_none_or(|last_ms| now_ms - last_ms >= TOUCHED_EACH_MS) {
            self.database.touch_api_key(&key.id, now_ms).await?;
        }
        let ApiKey { organisation, user, scopes, .. } = key;
        Ok(Actor::Program { organisation, user, role, scopes })
    }
}

/// What a key may of which its maker may do all, since it was made.
fn common(key: Role, maker: Role) -> Option<Role> {
    if key.is_within(maker) {
        Some(key)
    } else if maker.is_within(key) {
        Some(maker)
    } else {
        None
    }
}

fn is_good(key: &ApiKey, now_ms: i64) -> bool {
    key.revoked_at_ms.is_none() && key.expires_at_ms.is_none_or(|end_ms| end_ms > now_ms)
}
