//! Streams, templates, and stream keys.

use accounts::{Device, KeyId, OrganisationId, StreamKeyRecord, StreamObject, Template, User};
use async_trait::async_trait;
use timeline::StreamName;

use crate::{DatabaseError, Page, StreamKey};

/// Which streams are listed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct StreamFilter {
    /// Of this organisation; none given means of all.
    pub organisation: Option<OrganisationId>,
    /// Of this user.
    pub owner: Option<accounts::UserId>,
    /// Those that are retired as well.
    pub with_retired: bool,
}

/// A stream key with all that decides whether it may publish now. One look-up gives it.
#[derive(Clone, PartialEq, Debug)]
pub struct PublishKey {
    /// The key, whether it is good or not.
    pub key: StreamKeyRecord,
    /// Its stream.
    pub stream: StreamObject,
    /// Who publishes: the key's user or, without one, the stream's owner.
    pub user: Option<User>,
    /// The encoder that the key is bound to.
    pub device: Option<Device>,
}

/// Keeps streams and templates.
#[async_trait]
pub trait Streams {
    /// Keeps a new stream, or one of the same organisation that is retired as it is given: its
    /// version goes on then. The answer is what is kept.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Taken`] when there is one of that name, in whatever organisation;
    /// [`DatabaseError::Missing`] when the organisation, owner or template is not there.
    async fn create_stream(&self, new: &StreamObject) -> Result<StreamObject, DatabaseError>;

    /// The one of this name.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    async fn stream(&self, name: &StreamName) -> Result<Option<StreamObject>, DatabaseError>;

    /// Streams in the order of their names.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    async fn streams(
        &self,
        filter: &StreamFilter,
        page: &Page,
    ) -> Result<Vec<StreamObject>, DatabaseError>;

    /// Changes one to what is given, if its version is still the given one. The answer has the next
    /// version. The organisation never changes, nor whether it is retired.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Changed`] when it was changed or deleted since; [`DatabaseError::Missing`]
    /// when the owner or template is not there.
    async fn update_stream(&self, changed: &StreamObject) -> Result<StreamObject, DatabaseError>;

    /// Retires one, and deletes its keys. `false` when there is none that is not retired yet.
    ///
    /// # Errors
    ///
    /// When it may still be there as it was.
    async fn retire_stream(&self, name: &StreamName, now_ms: i64) -> Result<bool, DatabaseError>;

    /// Deletes one with its keys. Its recordings are not the database's. `false` when there is
    /// none.
    ///
    /// # Errors
    ///
    /// When it may still be there.
    async fn delete_stream(&self, name: &StreamName) -> Result<bool, DatabaseError>;

    /// Keeps a new template.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Taken`] when the organisation has one of that name.
    async fn create_template(&self, new: &Template) -> Result<(), DatabaseError>;

    /// An organisation's template.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    async fn template(
        &self,
        organisation: &OrganisationId,
        name: &str,
    ) -> Result<Option<Template>, DatabaseError>;

    /// An organisation's templates in the order of their names.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    async fn templates(
        &self,
        organisation: &OrganisationId,
    ) -> Result<Vec<Template>, DatabaseError>;

    /// Changes one to what is given, if its version is still the given one.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Changed`] when it was changed or deleted since.
    async fn update_template(&self, changed: &Template) -> Result<Template, DatabaseError>;

    /// Deletes one. `false` when there is none.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::InUse`] while streams have it.
    async fn delete_template(
        &self,
        organisation: &OrganisationId,
        name: &str,
    ) -> Result<bool, DatabaseError>;
}

/// Keeps stream keys. A key is not stored: it follows from the root secret and the key's random id,
/// so it can be shown again; what is stored to recognise it is a hash that needs the root secret
/// too.
#[async_trait]
pub trait StreamKeys {
    /// Keeps a new key, and gives it.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Missing`] when the stream, user or device is not there.
    async fn create_stream_key(&self, new: &StreamKeyRecord) -> Result<StreamKey, DatabaseError>;

    /// A stream's keys, the oldest first, those that are not good any more as well.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    async fn stream_keys(&self, stream: &StreamName)
    -> Result<Vec<StreamKeyRecord>, DatabaseError>;

    /// What is kept of one key.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    async fn stream_key_record(&self, id: &KeyId)
    -> Result<Option<StreamKeyRecord>, DatabaseError>;

    /// The key itself, of an id that was kept.
    fn reveal_stream_key(&self, id: &KeyId) -> StreamKey;

    /// The key that a text is, with all that decides about it. The text is looked up by its keyed
    /// hash, so the time that takes tells nothing of how much of a key was right.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    async fn publish_key(&self, text: &str) -> Result<Option<PublishKey>, DatabaseError>;

    /// Makes a new key in place of one: it has the same label, user, device and addresses, and the
    /// one before it ends at `old_ends_ms`, unless it ended before.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Missing`] when there is no such key.
    async fn rotate_stream_key(
        &self,
        old: &KeyId,
        new: &KeyId,
        now_ms: i64,
        old_ends_ms: i64,
    ) -> Result<(StreamKeyRecord, StreamKey), DatabaseError>;

    /// Revokes a key. `false` when there is none that was not revoked.
    ///
    /// # Errors
    ///
    /// When it may still be good.
    async fn revoke_stream_key(&self, id: &KeyId, now_ms: i64) -> Result<bool, DatabaseError>;

    /// Keeps when a key was used.
    ///
    /// # Errors
    ///
    /// When that was not kept.
    async fn touch_stream_key(&self, id: &KeyId, now_ms: i64) -> Result<(), DatabaseError>;
}
