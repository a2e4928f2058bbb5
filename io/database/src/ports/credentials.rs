//! What users and programs show: sessions, tickets, API keys.

use accounts::{ApiKey, ApiKeyId, OrganisationId, Session, SessionId, Ticket, TicketKind, UserId};
use async_trait::async_trait;

use crate::DatabaseError;

/// What became of an exchange of refresh tokens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rotated {
    /// The new token is the good one.
    Done,
    /// Another one than the good one was shown: nothing changed.
    NotCurrent,
}

/// Keeps sessions, tickets and API keys. Secrets are known by their keyed hashes alone.
#[async_trait]
pub trait Credentials {
    /// Keeps a new session, and forgets those of the user that ended more than 30 days before it.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Missing`] when there is no such user.
    async fn create_session(&self, new: &Session) -> Result<(), DatabaseError>;

    /// The session with this id, whether it is good or not.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    async fn session(&self, id: &SessionId) -> Result<Option<Session>, DatabaseError>;

    /// A user's sessions that are neither ended nor revoked, the newest first.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    async fn sessions(&self, user: &UserId, now_ms: i64) -> Result<Vec<Session>, DatabaseError>;

    /// Exchanges a session's refresh token: `changed` has the new hash and times, `shown_hash` is
    /// the one that it replaces. Of two exchanges at the same time one is done.
    ///
    /// # Errors
    ///
    /// When it may not have been exchanged.
    async fn rotate_session(
        &self,
        changed: &Session,
        shown_hash: &str,
    ) -> Result<Rotated, DatabaseError>;

    /// Ends one session of a user or, without an id, all but `except`. How many that were.
    ///
    /// # Errors
    ///
    /// When they may still be good.
    async fn revoke_sessions(
        &self,
        user: &UserId,
        only: Option<&SessionId>,
        except: Option<&SessionId>,
        now_ms: i64,
    ) -> Result<u64, DatabaseError>;

    /// Keeps a new ticket. Those of the same kind for the same user are void from then on.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Missing`] when there is no such user.
    async fn create_ticket(&self, new: &Ticket) -> Result<(), DatabaseError>;

    /// The good ticket with this hash, without using it.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    async fn ticket(
        &self,
        hash: &str,
        kind: TicketKind,
        now_ms: i64,
    ) -> Result<Option<Ticket>, DatabaseError>;

    /// Uses a good ticket: of two at the same time one gets it.
    ///
    /// # Errors
    ///
    /// When it may or may not have been used.
    async fn use_ticket(
        &self,
        hash: &str,
        kind: TicketKind,
        now_ms: i64,
    ) -> Result<Option<Ticket>, DatabaseError>;

    /// Keeps a new API key.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Missing`] when there is no such organisation or user.
    async fn create_api_key(&self, new: &ApiKey) -> Result<(), DatabaseError>;

    /// The API key with this keyed hash, whether it is good or not.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    async fn api_key_by_hash(&self, hash: &str) -> Result<Option<ApiKey>, DatabaseError>;

    /// An organisation's API keys, the oldest first.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    async fn api_keys(&self, organisation: &OrganisationId) -> Result<Vec<ApiKey>, DatabaseError>;

    /// Revokes an API key of an organisation. `false` when there is none that was good.
    ///
    /// # Errors
    ///
    /// When it may still be good.
    async fn revoke_api_key(
        &self,
        organisation: &OrganisationId,
        id: &ApiKeyId,
        now_ms: i64,
    ) -> Result<bool, DatabaseError>;

    /// Keeps when an API key was used.
    ///
    /// # Errors
    ///
    /// When that was not kept.
    async fn touch_api_key(&self, id: &ApiKeyId, now_ms: i64) -> Result<(), DatabaseError>;
}
