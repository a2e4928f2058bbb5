//! Who may watch: what an edge asks for every request.

use std::fmt::Debug;
use std::sync::Arc;

use accounts::{OrganisationId, StreamPolicy};
use async_trait::async_trait;
use timeline::StreamName;
use token::{Facts, Revocation};

use crate::BoxError;

/// What an edge reads of a request before it asks.
#[derive(Clone, Copy)]
pub struct PlayRequest<'r> {
    /// The path as it came.
    pub path: &'r str,
    /// What stands after the question mark.
    pub query: &'r str,
    /// The `Authorization` header.
    pub authorization: Option<&'r str>,
    /// The `Cookie` header.
    pub cookie: Option<&'r str>,
    /// Where it comes from, and when.
    pub facts: Facts<'r>,
    /// What the player says it is: with the address it tells one session from another.
    pub agent: Option<&'r str>,
}

/// A request whose token was taken off.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stripped<'r> {
    /// The path without a token: what is asked for, and the same for all viewers.
    pub path: &'r str,
    /// The query without a token.
    pub query: String,
}

/// What may be done with a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Play {
    /// It is served.
    Allowed(Arc<Pass>),
    /// It is answered with this path and query, which carry the token in the one form that is
    /// served from.
    Moved(String),
}

/// What a viewer who was let in may have.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Pass {
    /// The tallest picture, in pixels.
    pub height_max: Option<u32>,
    /// The highest rate, in bits per second.
    pub bitrate_max: Option<u64>,
    /// Who it is, for counting.
    pub viewer: Option<String>,
    /// Whether no list and no search engine may have it.
    pub unlisted: bool,
}

/// Why a viewer is refused, in words for the page; `explain` of a token says more.
#[derive(Debug, thiserror::Error)]
pub enum PlayRefusal {
    /// There is no such stream.
    #[error("there is no such stream")]
    NoStream,
    /// A token is needed, and none was shown.
    #[error("this stream needs a token")]
    NoToken,
    /// The stream's password is needed, or a token.
    #[error("this stream needs a password")]
    NoPassword,
    /// The token is not good, here and now.
    #[error("{0}")]
    Denied(#[from] token::Refusal),
    /// The viewer may not, whatever the token says.
    #[error("{0}")]
    Forbidden(String),
    /// The viewer watches on as many players as the token allows.
    #[error("this token is used by {limit} players already, which is all that it allows")]
    TooManySessions {
        /// How many are allowed.
        limit: u32,
    },
    /// Nobody can say for now whether the viewer may.
    #[error("the server cannot say for now who may watch this stream")]
    Unavailable {
        /// The cause, for the log only.
        #[source]
        source: BoxError,
    },
}

/// Decides who may watch.
#[async_trait]
pub trait PlayAuthority: Debug + Send + Sync + 'static {
    /// Takes a token off a request's path and query, in whatever form it came. Nothing is verified.
    fn strip<'r>(&self, request: &PlayRequest<'r>) -> Stripped<'r>;

    /// Whether `request` may have something of `stream`. Without a policy that can be read, nobody
    /// may.
    ///
    /// # Errors
    ///
    /// When the viewer may not, or when that cannot be found out for now.
    async fn decide(
        &self,
        request: &PlayRequest<'_>,
        stream: &StreamName,
    ) -> Result<Play, PlayRefusal>;
}

/// Knows streams, trusted keys and revocations: where decisions come from.
#[async_trait]
pub trait Directory: Debug + Send + Sync + 'static {
    /// What decides about the viewers of a stream; `None` if there is no such stream.
    ///
    /// # Errors
    ///
    /// When that cannot be found out for now.
    async fn access(&self, stream: &StreamName) -> Result<Option<StreamAccess>, BoxError>;

    /// All trusted keys that are good now.
    ///
    /// # Errors
    ///
    /// When that cannot be found out for now.
    async fn trusted_keys(&self) -> Result<Vec<accounts::TrustedKey>, BoxError>;

    /// All revocations that something is left for.
    ///
    /// # Errors
    ///
    /// When that cannot be found out for now.
    async fn revocations(&self) -> Result<Vec<Revocation>, BoxError>;
}

/// What decides about the viewers of a stream.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StreamAccess {
    /// Whose it is.
    pub organisation: OrganisationId,
    /// Who may watch.
    pub policy: StreamPolicy,
}
