//! Users, as those who run an organisation change them.

#[cfg(test)]
mod tests;

use std::time::Duration;

use accounts::{OrganisationId, Permission, Role, Scope, Status, User, UserId, Verified};
use database::{DatabaseError, Page};
use runtime::Secret;
use token::Revoked;

use crate::organisations::local;
use crate::secrets::random;
use crate::texts::{email, named};
use crate::{Actor, Service, ServiceError, passwords};

/// Longest name of a user, in characters.
pub(crate) const NAME_CHARACTERS_MAX: usize = 100;
/// Most users in one answer.
const PAGE_MAX: u32 = 1_000;
/// How often a change is tried again that somebody else was faster with: sign-ins change users too.
const TRIES_MAX: u32 = 20;
/// How long tokens of a user may be left: signed ones end within a year.
const TOKENS_LEFT: Duration = Duration::from_secs(366 * 24 * 60 * 60);
/// How long a node may not hear that what a user publishes ends: it reads everything anew within a
/// minute. Who may come back is not kept out longer.
const PUBLISHED_LEFT: Duration = Duration::from_secs(5 * 60);

/// A user to be.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// The address.
    pub email: String,
    /// What others see.
    pub name: String,
    /// The part in the organisation.
    pub role: Role,
}

/// What to change of a user; what is not given stays.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct UserChange {
    /// Another name.
    pub name: Option<String>,
    /// Another address, which is not proved then.
    pub email: Option<String>,
    /// Another part.
    pub role: Option<Role>,
    /// Whether the user may do nothing any more, or again.
    pub is_disabled: Option<bool>,
    /// Another limit of devices, or the server's.
    pub devices_max: Option<Option<u32>>,
    /// Another limit of streams, or the server's.
    pub streams_max: Option<Option<u32>>,
    /// The version that the change is about; the newest where none is given.
    pub version: Option<i64>,
}

impl Service {
    /// Makes a user with a password, without a letter: the command line alone may.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Conflict`] when somebody has the address.
    pub async fn create_user(
        &self,
        actor: &Actor,
        organisation: &OrganisationId,
        new: &NewUser,
        password: &Secret,
    ) -> Result<User, ServiceError> {
        local(actor)?;
        let mut user = self.new_user(organisation, new)?;
        passwords::judge(password, &user.email)?;
        user.password = Some(self.passwords.hash(password).await?);
        user.status = Status::Active;
        self.database.create_user(&user).await?;
        Ok(user)
    }

    /// A user, for those who see all users, and for that user.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotFound`] for another organisation's.
    pub async fn user(&self, actor: &Actor, id: &UserId) -> Result<User, ServiceError> {
        let user = self.found_user(actor, id).await?;
        if actor.user() != Some(id) {
            actor.sees(Scope::UsersRead, &user.organisation)?;
        }
        Ok(user)
    }

    /// The users of an organisation in the order of their ids, a thousand at most.
    ///
    /// # Errors
    ///
    /// When the actor does not see them.
    pub async fn users(
        &self,
        actor: &Actor,
        organisation: &OrganisationId,
        page: &Page,
    ) -> Result<Vec<User>, ServiceError> {
        actor.sees(Scope::UsersRead, organisation)?;
        let page = Page { after: page.after.clone(), limit: page.limit.min(PAGE_MAX) };
        Ok(self.database.users(organisation, &page).await?)
    }

    /// Changes a user. Who is disabled is signed out, and what that user publishes ends.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Conflict`] for the last owner, for an address that somebody has, and when
    /// `version` is not the newest.
    pub async fn update_user(
        &self,
        actor: &Actor,
        id: &UserId,
        change: &UserChange,
    ) -> Result<User, ServiceError> {
        let _owners = self.owners.lock().await;
        let before = self.managed_user(actor, id).await?;
        if let Some(role) = change.role {
            actor.needs(managing(role), &before.organisation)?;
        }
        let mut changed = before.clone();
        changed.version = change.version.unwrap_or(before.version);
        apply(change, &mut changed)?;
        if is_owner(&before) && !is_owner(&changed) {
            self.another_owner(&before).await?;
        }
        let changed = self.database.update_user(&changed).await?;
        if changed.email != before.email {
            self.void_links(&changed).await?;
        }
        // Also of one who is disabled already: last time may have gone wrong half-way.
        if changed.status == Status::Disabled && change.is_disabled == Some(true) {
            // Tokens have the version that the user had: those of one who comes back are good.
            let version = u64::try_from(changed.version).unwrap_or(u64::MAX);
            let viewer = changed.id.to_string();
            let tokens = Revoked::Viewer { viewer, version };
            self.revoke(Some(&changed.organisation), tokens, TOKENS_LEFT).await?;
            self.shut_out(&changed, PUBLISHED_LEFT).await?;
        }
        Ok(changed)
    }

    /// Deletes a user, and the documents that the user handed in. The streams are the
    /// organisation's then; what is live ends.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Conflict`] for the last owner.
    pub async fn delete_user(&self, actor: &Actor, id: &UserId) -> Result<(), ServiceError> {
        let _owners = self.owners.lock().await;
        let user = self.managed_user(actor, id).await?;
        if is_owner(&user) {
            self.another_owner(&user).await?;
        }
        // Revoked first: should the rest fail, the user is there still and can be deleted again.
        self.shut_out(&user, TOKENS_LEFT).await?;
        // Read before they go with the user, and forgotten when it is sure that the user went.
        let organisation = &user.organisation;
        let verifications = self.database.verifications(organisation, Some(id), false).await?;
        self.database.delete_user(id, self.now_ms()).await?;
        for verification in &verifications {
            self.forget_documents(verification).await;
        }
        Ok(())
    }

    /// Gives the actor another name.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Invalid`] for what is no name.
    pub async fn rename_self(&self, actor: &Actor, name: &str) -> Result<User, ServiceError> {
        let name = named("a name", name, NAME_CHARACTERS_MAX)?;
        let Actor::User { user: id, .. } = actor else {
            return Err(ServiceError::NotFound);
        };
        self.found_user(actor, id).await?;
        let renamed = self.alter_user(id, |user| {
            user.name.clone_from(&name);
            Ok(())
        });
        renamed.await
    }

    /// Ends all sessions of a user, of oneself or of somebody whom the actor may change. How many
    /// that were.
    ///
    /// # Errors
    ///
    /// When they may still be good.
    pub async fn sign_out_user(&self, actor: &Actor, id: &UserId) -> Result<u64, ServiceError> {
        if actor.user() == Some(id) {
            self.found_user(actor, id).await?;
        } else {
            self.managed_user(actor, id).await?;
        }
        Ok(self.database.revoke_sessions(id, None, None, self.now_ms()).await?)
    }

    /// A user of the actor's organisation.
    pub(crate) async fn found_user(
        &self,
        actor: &Actor,
        id: &UserId,
    ) -> Result<User, ServiceError> {
        let user = self.database.user(id).await?.ok_or(ServiceError::NotFound)?;
        match actor.organisation() {
            Some(own) if *own != user.organisation => Err(ServiceError::NotFound),
            Some(_) | None => Ok(user),
        }
    }

    /// A user whom the actor may change: owners are changed by owners.
    pub(crate) async fn managed_user(
        &self,
        actor: &Actor,
        id: &UserId,
    ) -> Result<User, ServiceError> {
        let user = self.found_user(actor, id).await?;
        actor.needs(managing(user.role), &user.organisation)?;
        Ok(user)
    }

    /// A user who was asked to come; nothing is kept yet.
    pub(crate) fn new_user(
        &self,
        organisation: &OrganisationId,
        new: &NewUser,
    ) -> Result<User, ServiceError> {
        let now_ms = self.now_ms();
        Ok(User {
            id: UserId::new(now_ms, random()?),
            organisation: organisation.clone(),
            email: email(&new.email)?,
            name: named("a name", &new.name, NAME_CHARACTERS_MAX)?,
            role: new.role,
            status: Status::Invited,
            password: None,
            email_verified_at_ms: None,
            verified: Verified::Unverified,
            failed_logins: 0,
            locked_until_ms: None,
            devices_max: None,
            streams_max: None,
            created_at_ms: now_ms,
            version: 1,
        })
    }

    /// Changes a user, as it is when nobody else changes it at that moment. The change says why
    /// not, or is done.
    pub(crate) async fn alter_user(
        &self,
        id: &UserId,
        change: impl Fn(&mut User) -> Result<(), ServiceError> + Send + Sync,
    ) -> Result<User, ServiceError> {
        let mut tries = 1;
        loop {
            let mut user = self.database.user(id).await?.ok_or(ServiceError::NotFound)?;
            change(&mut user)?;
            match self.database.update_user(&user).await {
                Ok(user) => return Ok(user),
                Err(DatabaseError::Changed { .. }) if tries < TRIES_MAX => tries += 1,
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Takes from a user all that is out already: sessions, tokens, and what is live.
    async fn shut_out(&self, user: &User, for_at_most: Duration) -> Result<(), ServiceError> {
        self.database.revoke_sessions(&user.id, None, None, self.now_ms()).await?;
        let revoked = Revoked::User { id: user.id.to_string() };
        self.revoke(Some(&user.organisation), revoked, for_at_most).await
    }

    /// Whether somebody else is owner and can sign in. `self.owners` is held meanwhile.
    async fn another_owner(&self, but: &User) -> Result<(), ServiceError> {
        let mut page = Page { after: None, limit: PAGE_MAX };
        loop {
            let users = self.database.users(&but.organisation, &page).await?;
            if users.iter().any(|user| user.id != but.id && is_owner(user)) {
                return Ok(());
            }
            let Some(last) = users.last() else {
                let last = "the last owner of an organisation stays its owner";
                return Err(ServiceError::Conflict(last.to_owned()));
            };
            page.after = Some(last.id.to_string());
        }
    }
}

/// What is needed to change, or to make, somebody of this role.
pub(crate) const fn managing(role: Role) -> Permission {
    match role {
        Role::Owner => Permission::ManageOwners,
        Role::Operator | Role::Streamer | Role::Viewer | Role::ReadOnly => Permission::ManageUsers,
    }
}

fn is_owner(user: &User) -> bool {
    user.role == Role::Owner && user.status == Status::Active
}

fn apply(change: &UserChange, user: &mut User) -> Result<(), ServiceError> {
    if let Some(name) = &change.name {
        user.name = named("a name", name, NAME_CHARACTERS_MAX)?;
    }
    if let Some(address) = &change.email {
        let address = email(address)?;
        if address != user.email {
            user.email = address;
            user.email_verified_at_ms = None;
        }
    }
    user.role = change.role.unwrap_or(user.role);
    user.status = match change.is_disabled {
        Some(true) => Status::Disabled,
        Some(false) if user.password.is_none() => Status::Invited,
        Some(false) => Status::Active,
        None => user.status,
    };
    user.devices_max = change.devices_max.unwrap_or(user.devices_max);
    user.streams_max = change.streams_max.unwrap_or(user.streams_max);
    Ok(())
}
