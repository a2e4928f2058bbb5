//! What a server makes when it starts: keys to sign with, an organisation, a stream to push to.

use accounts::{Access, StreamKeyRecord, StreamObject, StreamPolicy};
use anyhow::Context;
use auth_service::{Actor, NewStream, NewStreamKey, Service, ServiceError};
use database::StreamKey;
use runtime::unix_ms;
use timeline::StreamName;

/// A stream with its key.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) name: StreamName,
    pub(crate) key: StreamKey,
    /// Whether it has just been made.
    pub(crate) is_new: bool,
}

impl Stream {
    /// The stream of this name, made for the oldest organisation if there is none.
    pub(crate) async fn open(
        service: &Service,
        name: &StreamName,
        access: Access,
    ) -> anyhow::Result<Self> {
        let is_new = match service.stream(&Actor::Local, name).await {
            Ok(retired) if retired.retired_at_ms.is_some() => again(service, retired).await?,
            Ok(_) => false,
            Err(ServiceError::NotFound) => make(service, name, access).await?,
            Err(error) => return Err(error).context("look for a stream"),
        };
        // A stream without one: whoever made it did not come to its key.
        let key = match good_key(service, name).await? {
            Some(key) => key,
            None => {
                let new = NewStreamKey::of(name.clone());
                let made = service.create_stream_key(&Actor::Local, new).await;
                made.context("make a stream's key")?.1
            }
        };
        Ok(Self { name: name.clone(), key, is_new })
    }
}

/// Makes a stream. `false` when somebody was faster.
async fn make(service: &Service, name: &StreamName, access: Access) -> anyhow::Result<bool> {
    let all = service.organisations(&Actor::Local).await.context("read the organisations")?;
    let oldest = all.into_iter().next().context("there is no organisation to own a stream")?;
    let policy = Some(StreamPolicy { access, ..StreamPolicy::default() });
    let new = NewStream { policy, ..NewStream::named(name.clone(), oldest.id) };
    keep(service, new).await
}

/// Makes a stream again that was deleted with its recordings kept, so that no more people may watch
/// these than before. `false` when somebody was faster.
async fn again(service: &Service, retired: StreamObject) -> anyhow::Result<bool> {
    let mut policy = retired.policy;
    if policy.access == Access::Password {
        // Nobody says a new password here.
        policy.access = Access::Private;
    }
    let StreamObject { name, organisation, owner, title, template, options, .. } = retired;
    let policy = Some(policy);
    let new = NewStream {
        owner,
        title,
        template,
        options,
        policy,
        ..NewStream::named(name, organisation)
    };
    keep(service, new).await
}

async fn keep(service: &Service, new: NewStream) -> anyhow::Result<bool> {
    match service.create_stream(&Actor::Local, new).await {
        Ok(_) => Ok(true),
        Err(ServiceError::Conflict(_)) => Ok(false),
        Err(error) => Err(error).context("make a stream"),
    }
}

/// The newest key of a stream that is good now, for whoever pushes it: a device has its own.
pub(crate) async fn good_key(
    service: &Service,
    name: &StreamName,
) -> anyhow::Result<Option<StreamKey>> {
    let keys = service.stream_keys(&Actor::Local, name).await.context("read a stream's keys")?;
    let is_for_all = |key: &&StreamKeyRecord| is_good(key) && key.device.is_none();
    let Some(good) = keys.iter().rfind(is_for_all) else { return Ok(None) };
    Ok(Some(service.reveal_stream_key(&Actor::Local, &good.id).await?))
}

/// Whether a key is neither revoked nor over.
pub(crate) fn is_good(key: &StreamKeyRecord) -> bool {
    key.revoked_at_ms.is_none() && key.expires_at_ms.is_none_or(|end_ms| end_ms > unix_ms())
}
