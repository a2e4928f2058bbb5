//! Changing a stream.

use accounts::{Access, Notice, Permission, StreamObject, StreamPolicy, UserId};
use runtime::Secret;
use serde_json::{Map, Value};
use timeline::StreamName;
use token::Revoked;

use super::checks;
use super::unlock::viewer_of_password;
use crate::{Actor, Service, ServiceError};

/// What is changed of a stream; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct StreamChange {
    /// The version that it is a change of; none given means whichever there is.
    pub version: Option<i64>,
    /// Another owner, or none.
    pub owner: Option<Option<UserId>>,
    /// Another title.
    pub title: Option<String>,
    /// Another template, or none.
    pub template: Option<Option<String>>,
    /// Other options, all of them.
    pub options: Option<Map<String, Value>>,
    /// Another policy.
    pub policy: Option<StreamPolicy>,
    /// Another password, or none.
    pub password: Option<Option<Secret>>,
}

impl Service {
    /// Changes a stream. Tokens that were given for its password end with the password.
    ///
    /// # Errors
    ///
    /// When something of it cannot be, or somebody else changed it.
    pub async fn change_stream(
        &self,
        actor: &Actor,
        name: &StreamName,
        change: StreamChange,
    ) -> Result<StreamObject, ServiceError> {
        let before = self.managed_stream(actor, name).await?;
        if change.version.is_some_and(|version| version != before.version) {
            return Err(ServiceError::Conflict(
                "the stream was changed by somebody else".to_owned(),
            ));
        }
        let ends_tokens = change.password.is_some()
            || change.policy.as_ref().is_some_and(|policy| policy.access != Access::Password);
        let ends_tokens = ends_tokens && before.policy.access == Access::Password;
        let after = self.changed(actor, &before, change).await?;
        let after = self.database.update_stream(&after).await?;
        if ends_tokens {
            self.end_unlocked(&after).await?;
        }
        self.tell(&Notice::StreamChanged { stream: name.clone() }).await?;
        Ok(after)
    }

    /// Ends the tokens that were given for a stream's password before it was as it is now.
    pub(super) async fn end_unlocked(&self, stream: &StreamObject) -> Result<(), ServiceError> {
        let viewer = viewer_of_password(&stream.name);
        let version = u64::try_from(stream.version).unwrap_or(u64::MAX);
        let revoked = Revoked::Viewer { viewer, version };
        self.revoke(Some(&stream.organisation), revoked, self.settings.unlocked).await
    }

    async fn changed(
        &self,
        actor: &Actor,
        before: &StreamObject,
        change: StreamChange,
    ) -> Result<StreamObject, ServiceError> {
        let mut after = before.clone();
        let organisation = &before.organisation;
        if let Some(owner) = change.owner {
            if owner != before.owner {
                actor.needs(Permission::ManageStreams, organisation)?;
            }
            self.user_of(organisation, owner.as_ref()).await?;
            after.owner = owner;
        }
        if let Some(title) = change.title {
            checks::title(&title)?;
            after.title = title;
        }
        if change.template.is_some() || change.options.is_some() {
            after.template = change.template.unwrap_or(after.template);
            after.options = change.options.unwrap_or(after.options);
            checks::options(&after.options)?;
            let template = self.template_of(organisation, after.template.as_deref()).await?;
            let all = checks::merged(template.as_ref(), &after.options);
            self.options.check(&all).map_err(ServiceError::Invalid)?;
        }
        if let Some(policy) = change.policy {
            checks::policy(&policy)?;
            checks::may_demand(actor, organisation, &before.policy, &policy)?;
            after.policy = policy;
        }
        if let Some(password) = change.password {
            after.password = match password {
                Some(password) => Some(self.hashed_stream_password(&password).await?),
                None => None,
            };
        }
        if after.policy.access == Access::Password && after.password.is_none() {
            return Err(ServiceError::Invalid("this stream needs a password".to_owned()));
        }
        Ok(after)
    }
}
