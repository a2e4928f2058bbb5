//! Streams as objects: made, changed, listed, deleted.

mod change;
mod checks;
mod ports;
mod templates;
#[cfg(test)]
mod tests;
mod unlock;

use accounts::{
    Access, Notice, OrganisationId, Permission, Scope, StreamObject, StreamPolicy, UserId,
};
use database::{Page, StreamFilter};
use runtime::Secret;
use serde_json::{Map, Value};
use timeline::StreamName;
use token::Revoked;

pub use change::StreamChange;
pub(crate) use checks::{line, merged};
pub use ports::{OptionsCheck, Recordings, StreamRemover};
pub use templates::{NewTemplate, TemplateChange};

use crate::revocation::REVOKED_KEY_KEPT;
use crate::{Actor, Service, ServiceError};

/// What somebody wants a stream to be.
#[derive(Clone, Debug)]
pub struct NewStream {
    /// Its name.
    pub name: StreamName,
    /// Whose it will be.
    pub organisation: OrganisationId,
    /// The user that it will belong to. Who may make streams of one's own only is it anyway.
    pub owner: Option<UserId>,
    /// What viewers read; may be empty.
    pub title: String,
    /// The template that its options start from.
    pub template: Option<String>,
    /// What differs from the template.
    pub options: Map<String, Value>,
    /// Who may publish and watch; none given means what the template says.
    pub policy: Option<StreamPolicy>,
    /// The password, for [`Access::Password`].
    pub password: Option<Secret>,
}

impl NewStream {
    /// A stream like any other: public, with the server's options.
    #[must_use]
    pub fn named(name: StreamName, organisation: OrganisationId) -> Self {
        Self {
            name,
            organisation,
            owner: None,
            title: String::new(),
            template: None,
            options: Map::new(),
            policy: None,
            password: None,
        }
    }
}

impl Service {
    /// Makes a stream. It has no key yet. One that was deleted with its recordings kept is made
    /// again by those who could change it: the recordings are watched by the new policy then.
    ///
    /// # Errors
    ///
    /// When something of it cannot be, or somebody has the name.
    pub async fn create_stream(
        &self,
        actor: &Actor,
        new: NewStream,
    ) -> Result<StreamObject, ServiceError> {
        let owner = self.owner_of_new(actor, &new).await?;
        self.options.check_app(new.name.app()).map_err(ServiceError::Invalid)?;
        checks::title(&new.title)?;
        checks::options(&new.options)?;
        let template = self.template_of(&new.organisation, new.template.as_deref()).await?;
        let all = merged(template.as_ref(), &new.options);
        self.options.check(&all).map_err(ServiceError::Invalid)?;
        let usual = template.map(|template| template.policy).unwrap_or_default();
        let policy = new.policy.unwrap_or_else(|| usual.clone());
        checks::policy(&policy)?;
        checks::may_demand(actor, &new.organisation, &usual, &policy)?;
        if policy.access == Access::Password && new.password.is_none() {
            return Err(ServiceError::Invalid("this stream needs a password".to_owned()));
        }
        let password = match &new.password {
            Some(password) => Some(self.hashed_stream_password(password).await?),
            None => None,
        };
        let before = self.retired_of_new(actor, &new.name, &new.organisation).await?;
        let stream = StreamObject {
            name: new.name,
            organisation: new.organisation,
            owner,
            title: new.title,
            template: new.template,
            options: new.options,
            policy,
            password,
            retired_at_ms: None,
            created_at_ms: self.now_ms(),
            version: 1,
        };
        let stream = self.database.create_stream(&stream).await?;
        if before.is_some_and(|before| before.policy.access == Access::Password) {
            self.end_unlocked(&stream).await?;
        }
        self.tell(&Notice::StreamChanged { stream: stream.name.clone() }).await?;
        Ok(stream)
    }

    /// A stream that the actor may see.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotFound`] when there is none for this actor.
    pub async fn stream(
        &self,
        actor: &Actor,
        name: &StreamName,
    ) -> Result<StreamObject, ServiceError> {
        let stream = self.database.stream(name).await?.ok_or(ServiceError::NotFound)?;
        let organisation = &stream.organisation;
        if actor.sees(Scope::StreamsRead, organisation).is_ok() {
            return Ok(stream);
        }
        let is_own = stream.owner.is_some() && stream.owner.as_ref() == actor.user();
        if is_own && actor.needs(Permission::ManageOwnStreams, organisation).is_ok() {
            Ok(stream)
        } else {
            Err(ServiceError::NotFound)
        }
    }

    /// Streams of an organisation in the order of their names: all, or those of the actor's own;
    /// if asked for, with those that are retired.
    ///
    /// # Errors
    ///
    /// When the actor may see none.
    pub async fn streams(
        &self,
        actor: &Actor,
        organisation: &OrganisationId,
        with_retired: bool,
        page: &Page,
    ) -> Result<Vec<StreamObject>, ServiceError> {
        let owner = match actor.sees(Scope::StreamsRead, organisation) {
            Ok(()) => None,
            Err(error) => {
                actor.needs(Permission::ManageOwnStreams, organisation)?;
                Some(actor.user().ok_or(error)?.clone())
            }
        };
        let filter = StreamFilter { organisation: Some(organisation.clone()), owner, with_retired };
        Ok(self.database.streams(&filter, page).await?)
    }

    /// Deletes a stream with its keys, closes whoever publishes it, and keeps or deletes what was
    /// recorded. A stream whose recordings are kept is retired: who may watch them is decided as
    /// before, and no other organisation gets the name, until it is deleted with its recordings.
    /// When it fails half-way, the stream is still there without good keys: to repeat it goes on.
    ///
    /// # Errors
    ///
    /// When it may still be there.
    pub async fn delete_stream(
        &self,
        actor: &Actor,
        name: &StreamName,
        recordings: Recordings,
    ) -> Result<(), ServiceError> {
        let stream = self.managed_stream(actor, name).await?;
        if stream.retired_at_ms.is_some() && recordings == Recordings::Keep {
            return Err(ServiceError::NotFound);
        }
        for key in self.database.stream_keys(name).await? {
            self.database.revoke_stream_key(&key.id, self.now_ms()).await?;
            let revoked = Revoked::Key { id: key.id.to_string() };
            self.revoke(Some(&stream.organisation), revoked, REVOKED_KEY_KEPT).await?;
        }
        let removed = self.remover.remove(name, recordings).await;
        removed.map_err(ServiceError::Unavailable)?;
        match recordings {
            Recordings::Keep => self.database.retire_stream(name, self.now_ms()).await?,
            Recordings::Delete => self.database.delete_stream(name).await?,
        };
        self.tell(&Notice::StreamChanged { stream: name.clone() }).await
    }

    /// A stream that the actor may change.
    pub(crate) async fn managed_stream(
        &self,
        actor: &Actor,
        name: &StreamName,
    ) -> Result<StreamObject, ServiceError> {
        let stream = self.stream(actor, name).await?;
        let leave = (Permission::ManageStreams, Permission::ManageOwnStreams);
        Self::needs_all_or_own(actor, &stream.organisation, stream.owner.as_ref(), leave)?;
        Ok(stream)
    }

    /// The retired stream that a new one takes the place of. Who may not change it finds its name
    /// taken: its recordings are another's.
    async fn retired_of_new(
        &self,
        actor: &Actor,
        name: &StreamName,
        organisation: &OrganisationId,
    ) -> Result<Option<StreamObject>, ServiceError> {
        let found = self.database.stream(name).await?;
        let Some(retired) = found.filter(|it| it.retired_at_ms.is_some()) else { return Ok(None) };
        let may =
            &retired.organisation == organisation && self.managed_stream(actor, name).await.is_ok();
        if may {
            Ok(Some(retired))
        } else {
            Err(ServiceError::Conflict("a stream of this name is there already".to_owned()))
        }
    }

    /// The user that a new stream belongs to, if the actor may make one for that user.
    async fn owner_of_new(
        &self,
        actor: &Actor,
        new: &NewStream,
    ) -> Result<Option<UserId>, ServiceError> {
        if actor.needs(Permission::ManageStreams, &new.organisation).is_ok() {
            self.user_of(&new.organisation, new.owner.as_ref()).await?;
            return Ok(new.owner.clone());
        }
        let owner = new.owner.as_ref().or_else(|| actor.user());
        let leave = (Permission::ManageStreams, Permission::ManageOwnStreams);
        Self::needs_all_or_own(actor, &new.organisation, owner, leave)?;
        Ok(owner.cloned())
    }

    /// Makes sure that a user who is named is one of the organisation's.
    pub(crate) async fn user_of(
        &self,
        organisation: &OrganisationId,
        user: Option<&UserId>,
    ) -> Result<(), ServiceError> {
        let Some(id) = user else { return Ok(()) };
        let found = self.database.user(id).await?;
        match found.filter(|user| &user.organisation == organisation) {
            Some(_) => Ok(()),
            None => Err(ServiceError::Invalid("there is no such user".to_owned())),
        }
    }
}
