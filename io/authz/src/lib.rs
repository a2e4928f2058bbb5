//! Who may publish which stream, and who may watch it.
//!
//! Floor 3. [`PublishAuthority`] is the port for publishers; `auth-service` asks for a stream key
//! that the database has, [`OpenAuthority`] for nothing. What an encoder sends is taken apart by
//! [`PublishRequest`].
//! [`PlayAuthority`] is the port for viewers; [`Gate`] decides by policies and tokens, which a
//! [`Directory`] knows, [`Everybody`] lets all in. [`Hook`] asks the customer's own endpoint.

mod everybody;
mod flights;
mod gate;
mod hook;
mod open;
mod outbound;
mod play;
mod policies;
mod published;
mod reason;
mod refusal;
mod request;
mod revoked;
mod sessions;
mod sign;
#[cfg(test)]
mod testing;
mod trust;

use std::fmt::Debug;

use accounts::Subject;
use async_trait::async_trait;
use timeline::StreamName;

pub use everybody::Everybody;
pub use gate::Gate;
pub use hook::{
    Hook, HookError, HookSecret, HookSettings, HookSetupError, OnFailure, Question, SecretError,
    Verdict,
};
pub use open::OpenAuthority;
pub use outbound::{OutboundError, UrlError};
pub use play::{
    Directory, Pass, Play, PlayAuthority, PlayRefusal, PlayRequest, StreamAccess, Stripped,
};
pub use published::check_jwks_url;
pub use reason::Reason;
pub use refusal::PublishRefusal;
pub use request::{Credentials, KEY_BYTES_MAX, Parsed, PublishRequest, TEXT_BYTES_MAX};
pub use sign::{SignError, sign};
pub use trust::{BadKeys, keyring};

/// Any cause of an error.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Decides who may publish.
#[async_trait]
pub trait PublishAuthority: Debug + Send + Sync + 'static {
    /// Whether `request` may publish, and which stream.
    ///
    /// # Errors
    ///
    /// When it may not, or when that cannot be found out for now.
    async fn decide(&self, request: &PublishRequest<'_>) -> Result<PublishGrant, PublishRefusal>;
}

/// What a publisher was allowed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PublishGrant {
    /// The stream to publish.
    pub stream: StreamName,
    /// Whom the publication belongs to: it ends when that is revoked.
    pub subject: Subject,
    /// Streams that the subject's user may publish at one time.
    pub streams_max: Option<u32>,
}

impl PublishGrant {
    /// Leave to publish a stream that belongs to nobody in particular.
    #[must_use]
    pub fn of(stream: StreamName) -> Self {
        Self { stream, subject: Subject::default(), streams_max: None }
    }
}
