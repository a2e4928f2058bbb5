//! Stream keys: what publishers show.

#[cfg(test)]
mod tests;

use accounts::{DeviceId, DeviceKind, KeyId, Permission, StreamKeyRecord, StreamObject, UserId};
use database::StreamKey;
use ipnet::IpNet;
use timeline::StreamName;
use token::Revoked;

use crate::revocation::REVOKED_KEY_KEPT;
use crate::secrets::random;
use crate::streams::line;
use crate::{Actor, Service, ServiceError};

/// Keys of one stream that are not revoked: one for each encoder of a large crew, and those that
/// are exchanged.
const KEYS_MAX: usize = 100;
/// Subnets that one key is bound to: the venues of a tour.
const ADDRESSES_MAX: usize = 64;
/// Longest label, in characters.
const LABEL_CHARACTERS_MAX: usize = 100;
/// Longest time that an exchanged key stays good: who has not changed an encoder in a month has
/// forgotten it.
const GRACE_MS_MAX: i64 = 30 * 24 * 60 * 60 * 1_000;

/// What somebody wants a stream key to be.
#[derive(Clone, Debug)]
pub struct NewStreamKey {
    /// The stream that it publishes.
    pub stream: StreamName,
    /// What people call it; may be empty.
    pub label: String,
    /// Who publishes with it; none given means the stream's owner.
    pub user: Option<UserId>,
    /// The one encoder that may use it.
    pub device: Option<DeviceId>,
    /// Where it may be used; empty means anywhere.
    pub addresses: Vec<IpNet>,
    /// When it ends, in milliseconds since the Unix epoch.
    pub expires_at_ms: Option<i64>,
}

impl NewStreamKey {
    /// A key of a stream that anybody may use who has it, anywhere and for ever.
    #[must_use]
    pub const fn of(stream: StreamName) -> Self {
        Self {
            stream,
            label: String::new(),
            user: None,
            device: None,
            addresses: Vec::new(),
            expires_at_ms: None,
        }
    }
}

impl Service {
    /// Makes a key for a stream.
    ///
    /// # Errors
    ///
    /// When the actor may not change the stream, or the key could never be used.
    pub async fn create_stream_key(
        &self,
        actor: &Actor,
        new: NewStreamKey,
    ) -> Result<(StreamKeyRecord, StreamKey), ServiceError> {
        let stream = self.managed_stream(actor, &new.stream).await?;
        if stream.retired_at_ms.is_some() {
            return Err(ServiceError::Conflict(
                "the stream is deleted and only its recordings are kept: make it again".to_owned(),
            ));
        }
        line("label", &new.label, LABEL_CHARACTERS_MAX)?;
        if new.addresses.len() > ADDRESSES_MAX {
            return Err(ServiceError::Invalid(format!(
                "a key can be bound to {ADDRESSES_MAX} addresses and subnets at most"
            )));
        }
        let now_ms = self.now_ms();
        if new.expires_at_ms.is_some_and(|at_ms| at_ms <= now_ms) {
            return Err(ServiceError::Invalid("the key would have ended already".to_owned()));
        }
        let user = self.publisher_of_new(actor, &stream, &new).await?;
        let keys = self.database.stream_keys(&new.stream).await?;
        let good = |key: &&StreamKeyRecord| {
            key.revoked_at_ms.is_none() && key.expires_at_ms.is_none_or(|at_ms| at_ms > now_ms)
        };
        if keys.iter().filter(good).count() >= KEYS_MAX {
            return Err(ServiceError::Conflict(format!(
                "the stream has {KEYS_MAX} keys, which is all that it may have: revoke some"
            )));
        }
        let record = StreamKeyRecord {
            id: KeyId::new(now_ms, random()?),
            stream: new.stream,
            organisation: stream.organisation,
            label: new.label,
            user,
            device: new.device,
            addresses: new.addresses,
            created_at_ms: now_ms,
            expires_at_ms: new.expires_at_ms,
            last_used_ms: None,
            revoked_at_ms: None,
        };
        let key = self.database.create_stream_key(&record).await?;
        Ok((record, key))
    }

    /// A stream's keys, the oldest first, those that are not good any more as well; none is shown.
    ///
    /// # Errors
    ///
    /// When the actor may not see the stream.
    pub async fn stream_keys(
        &self,
        actor: &Actor,
        stream: &StreamName,
    ) -> Result<Vec<StreamKeyRecord>, ServiceError> {
        self.stream(actor, stream).await?;
        Ok(self.database.stream_keys(stream).await?)
    }

    /// The key itself, for whoever may change the stream.
    ///
    /// # Errors
    ///
    /// When there is none for this actor.
    pub async fn reveal_stream_key(
        &self,
        actor: &Actor,
        id: &KeyId,
    ) -> Result<StreamKey, ServiceError> {
        let key = self.managed_key(actor, id).await?;
        if key.revoked_at_ms.is_some() {
            return Err(ServiceError::Conflict("this key was revoked".to_owned()));
        }
        Ok(self.database.reveal_stream_key(id))
    }

    /// Makes a new key in place of one, which stays good for `grace_ms` so that an encoder can be
    /// told in time. Without any grace it is revoked, and closed if it is live.
    ///
    /// # Errors
    ///
    /// When the old key may still be the only one.
    pub async fn rotate_stream_key(
        &self,
        actor: &Actor,
        id: &KeyId,
        grace_ms: i64,
    ) -> Result<(StreamKeyRecord, StreamKey), ServiceError> {
        if !(0..=GRACE_MS_MAX).contains(&grace_ms) {
            return Err(ServiceError::Invalid(
                "an exchanged key can stay good for 30 days at most".to_owned(),
            ));
        }
        let old = self.managed_key(actor, id).await?;
        if old.revoked_at_ms.is_some() {
            return Err(ServiceError::Conflict("this key was revoked".to_owned()));
        }
        let now_ms = self.now_ms();
        if old.expires_at_ms.is_some_and(|at_ms| at_ms <= now_ms) {
            return Err(ServiceError::Conflict("this key has ended: make a new one".to_owned()));
        }
        let new = KeyId::new(now_ms, random()?);
        let ends_ms = now_ms.saturating_add(grace_ms);
        let made = self.database.rotate_stream_key(id, &new, now_ms, ends_ms).await?;
        if grace_ms == 0 {
            self.revoke_key(&old).await?;
        }
        Ok(made)
    }

    /// Revokes a key at once: whoever is live with it is closed.
    ///
    /// # Errors
    ///
    /// When it may still be good.
    pub async fn revoke_stream_key(&self, actor: &Actor, id: &KeyId) -> Result<(), ServiceError> {
        let key = self.managed_key(actor, id).await?;
        self.revoke_key(&key).await
    }

    /// Revokes a key in the database, then everywhere. A key that is revoked already is told of
    /// again: somebody may not have heard.
    pub(crate) async fn revoke_key(&self, key: &StreamKeyRecord) -> Result<(), ServiceError> {
        self.database.revoke_stream_key(&key.id, self.now_ms()).await?;
        let revoked = Revoked::Key { id: key.id.to_string() };
        self.revoke(Some(&key.organisation), revoked, REVOKED_KEY_KEPT).await
    }

    /// A key of a stream that the actor may change.
    async fn managed_key(
        &self,
        actor: &Actor,
        id: &KeyId,
    ) -> Result<StreamKeyRecord, ServiceError> {
        let key = self.database.stream_key_record(id).await?.ok_or(ServiceError::NotFound)?;
        self.managed_stream(actor, &key.stream).await?;
        Ok(key)
    }

    /// Who publishes with a new key: users and devices are of the stream's organisation, and who
    /// may change streams of one's own only gives keys to nobody else.
    async fn publisher_of_new(
        &self,
        actor: &Actor,
        stream: &StreamObject,
        new: &NewStreamKey,
    ) -> Result<Option<UserId>, ServiceError> {
        let mut user = new.user.clone();
        if let Some(id) = &new.device {
            let found = self.database.device(id).await?;
            let found = found.filter(|device| device.organisation == stream.organisation);
            let missing = || ServiceError::Invalid("there is no such device".to_owned());
            let device = found.ok_or_else(missing)?;
            if device.kind != DeviceKind::Encoder || device.revoked_at_ms.is_some() {
                return Err(ServiceError::Invalid("this device cannot publish".to_owned()));
            }
            if user.as_ref().is_some_and(|user| *user != device.user) {
                return Err(ServiceError::Invalid("the device is another user's".to_owned()));
            }
            user = Some(device.user);
        }
        self.user_of(&stream.organisation, user.as_ref()).await?;
        let is_other = user.is_some() && user.as_ref() != actor.user();
        if is_other {
            actor.needs(Permission::ManageStreams, &stream.organisation)?;
        }
        // Whose it is stays with the key: it ends with that user, and is nobody else's when the
        // stream is.
        Ok(user.or_else(|| stream.owner.clone()))
    }
}
