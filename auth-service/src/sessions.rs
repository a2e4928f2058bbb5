//! Sessions: who signed in, and the tokens that show it.
//!
//! A refresh token is good once (RFC 9700, 4.14.2): each use exchanges it. One that was exchanged
//! and comes again was stolen, or its thief was faster; the session ends for both.

#[cfg(test)]
mod tests;

use std::net::IpAddr;

use accounts::{Session, SessionId, Status, User, UserId};
use database::Rotated;
use runtime::Secret;

use crate::access::AccessClaims;
use crate::attempts::Attempts;
use crate::limits::Limit;
use crate::links::activate;
use crate::secrets::{SECRET_CHARACTERS, is_same, is_secret, new_secret, random};
use crate::{Actor, Service, ServiceError, texts};

/// What refresh tokens start with, so that people and scanners know one when they see it.
const PREFIX: &str = "weir_rt_";
/// What the hash of a refresh token's secret is for.
const PURPOSE: &str = "refresh-token";
/// What the mark of a secret that we made is for.
const MADE: &str = "refresh-token-made";
/// Digits of that mark, of four bits each: nobody guesses it over a network.
const MARK_DIGITS: usize = 16;
/// Longest that is kept of what a program says it is, in characters.
const AGENT_CHARACTERS_MAX: usize = 200;

/// Where a request comes from.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Caller {
    /// The address, behind all trusted proxies.
    pub address: Option<IpAddr>,
    /// What the browser or program says it is.
    pub agent: String,
}

/// What somebody gets who signed in.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// For `Authorization: Bearer`.
    pub access: Secret,
    /// Seconds until it ends.
    pub expires_in_s: u64,
    /// For the next [`Service::refresh`], which alone it is good for.
    pub refresh: Secret,
    /// Who signed in.
    pub user: User,
}

impl Service {
    /// Signs a user in by password. It takes as long for an address that nobody has.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Unauthorized`] for a wrong address or password, which are not told apart;
    /// [`ServiceError::TooMany`] for an account that is locked.
    pub async fn sign_in(
        &self,
        address: &str,
        password: &Secret,
        caller: &Caller,
    ) -> Result<SignedIn, ServiceError> {
        self.limits.check_address(Limit::SignIn, caller.address)?;
        let email = texts::email(address).map_err(|_| wrong())?;
        self.limits.check(Limit::Account, &email)?;
        let found = self.database.user_by_email(&email).await?;
        let Some(user) = found else {
            let locked = self.strangers.begin(&email, self.now_ms());
            locked.map_err(|retry_after_s| ServiceError::TooMany { retry_after_s })?;
            self.passwords.matches(password, None).await?;
            return Err(wrong());
        };
        let user = self.count_attempt(&user.id).await?;
        let is_right = self.passwords.matches(password, user.password.as_deref()).await?;
        if !is_right {
            tracing::info!(user.id = %user.id, "a sign-in failed: the password is wrong");
            return Err(wrong());
        }
        let user = self.forget_attempts(&user).await?;
        self.open_session(&user, caller).await
    }

    /// Exchanges a refresh token for another one and a new access token.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Unauthorized`] when it is not good; it ends the session when it was used
    /// before.
    pub async fn refresh(&self, shown: &Secret, caller: &Caller) -> Result<SignedIn, ServiceError> {
        self.limits.check_address(Limit::Credential, caller.address)?;
        let (session, secret) = self.shown_session(shown).await?;
        let user = self.database.user(&session.user).await?.ok_or_else(over)?;
        if user.status != Status::Active {
            return Err(over());
        }
        let next = self.refresh_secret()?;
        let now_ms = self.now_ms();
        let changed = Session {
            refresh_hash: self.database.keyed_hash(PURPOSE, next.reveal()),
            refreshed_at_ms: now_ms,
            expires_at_ms: self.in_ms(self.settings.session),
            address: caller.address.map(|address| address.to_string()),
            agent: agent(caller),
            ..session
        };
        let hash = self.database.keyed_hash(PURPOSE, secret.reveal());
        match self.database.rotate_session(&changed, &hash).await? {
            Rotated::Done => self.signed_in(&user, &changed.id, &next).await,
            Rotated::NotCurrent => {
                let (user, session) = (&user.id, &changed.id);
                self.database.revoke_sessions(user, Some(session), None, now_ms).await?;
                tracing::warn!(
                    user.id = %user, session.id = %session,
                    "a refresh token was used twice: its session was ended",
                );
                Err(over())
            }
        }
    }

    /// Ends the session of a refresh token. One that is not good any more is no error.
    ///
    /// # Errors
    ///
    /// When the session may still be good.
    pub async fn sign_out(&self, shown: &Secret, caller: &Caller) -> Result<(), ServiceError> {
        self.limits.check_address(Limit::Credential, caller.address)?;
        match self.shown_session(shown).await {
            Ok((session, _)) => {
                let (user, now_ms) = (&session.user, self.now_ms());
                self.database.revoke_sessions(user, Some(&session.id), None, now_ms).await?;
                Ok(())
            }
            Err(ServiceError::Unauthorized(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// A user's sessions, the newest first: one's own, or of somebody whom the actor may change.
    ///
    /// # Errors
    ///
    /// When the actor does not see them.
    pub async fn sessions(&self, actor: &Actor, id: &UserId) -> Result<Vec<Session>, ServiceError> {
        self.holder_of_sessions(actor, id).await?;
        Ok(self.database.sessions(id, self.now_ms()).await?)
    }

    /// Ends one session of a user.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotFound`] when the user has none of this id.
    pub async fn end_session(
        &self,
        actor: &Actor,
        id: &UserId,
        session: &SessionId,
    ) -> Result<(), ServiceError> {
        self.holder_of_sessions(actor, id).await?;
        match self.database.revoke_sessions(id, Some(session), None, self.now_ms()).await? {
            0 => Err(ServiceError::NotFound),
            _ => Ok(()),
        }
    }

    /// Gives the actor another password. All sessions end; the answer is a new one.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Unauthorized`] when `old` is wrong, which counts as a failed sign-in.
    pub async fn change_password(
        &self,
        actor: &Actor,
        old: &Secret,
        new: &Secret,
        caller: &Caller,
    ) -> Result<SignedIn, ServiceError> {
        let Actor::User { user: id, .. } = actor else {
            return Err(ServiceError::NotFound);
        };
        let user = self.found_user(actor, id).await?;
        self.limits.check(Limit::Account, &user.email)?;
        let user = self.count_attempt(&user.id).await?;
        if !self.passwords.matches(old, user.password.as_deref()).await? {
            return Err(ServiceError::Unauthorized("the password is wrong".to_owned()));
        }
        self.forget_attempts(&user).await?;
        let hash = self.chosen(new, &user.email).await?;
        let user = self.alter_user(id, |user| activate(user, &hash)).await?;
        self.void_links(&user).await?;
        self.database.revoke_sessions(id, None, None, self.now_ms()).await?;
        self.open_session(&user, caller).await
    }

    /// Gives a user another password, which the command line alone may. All sessions end.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Invalid`] for a password that cannot be used.
    pub async fn set_password(
        &self,
        actor: &Actor,
        id: &UserId,
        password: &Secret,
    ) -> Result<(), ServiceError> {
        crate::organisations::local(actor)?;
        let user = self.found_user(actor, id).await?;
        let hash = self.chosen(password, &user.email).await?;
        let user = self.alter_user(id, |user| activate(user, &hash)).await?;
        self.void_links(&user).await?;
        self.database.revoke_sessions(id, None, None, self.now_ms()).await?;
        Ok(())
    }

    /// Begins a session of a user who proved to be one, in whatever way.
    pub(crate) async fn open_session(
        &self,
        user: &User,
        caller: &Caller,
    ) -> Result<SignedIn, ServiceError> {
        if user.status != Status::Active {
            return Err(ServiceError::Unauthorized("this account is disabled".to_owned()));
        }
        let (now_ms, secret) = (self.now_ms(), self.refresh_secret()?);
        let session = Session {
            id: SessionId::new(now_ms, random()?),
            user: user.id.clone(),
            refresh_hash: self.database.keyed_hash(PURPOSE, secret.reveal()),
            created_at_ms: now_ms,
            refreshed_at_ms: now_ms,
            expires_at_ms: self.in_ms(self.settings.session),
            revoked_at_ms: None,
            address: caller.address.map(|address| address.to_string()),
            agent: agent(caller),
        };
        self.database.create_session(&session).await?;
        self.signed_in(user, &session.id, &secret).await
    }

    /// Whether a session is good at this moment.
    pub(crate) fn is_open(&self, session: &Session) -> bool {
        session.revoked_at_ms.is_none() && session.expires_at_ms > self.now_ms()
    }

    async fn signed_in(
        &self,
        user: &User,
        session: &SessionId,
        secret: &Secret,
    ) -> Result<SignedIn, ServiceError> {
        let access = self.sign_access(&AccessClaims::new(user, session)).await?;
        Ok(SignedIn {
            access,
            expires_in_s: self.settings.access_token.as_secs(),
            refresh: Secret::new(format!("{PREFIX}{session}.{}", secret.reveal())),
            user: user.clone(),
        })
    }

    /// A new secret of a refresh token, with a mark that nobody else can make: so that a text that
    /// somebody made up is not taken for a token that was used before, and ends no session.
    fn refresh_secret(&self) -> Result<Secret, ServiceError> {
        let chance = new_secret("")?;
        let mark = self.mark(chance.reveal());
        Ok(Secret::new(format!("{}{mark}", chance.reveal())))
    }

    fn mark(&self, chance: &str) -> String {
        self.database.keyed_hash(MADE, chance).chars().take(MARK_DIGITS).collect()
    }

    /// The open session that a refresh token is or was of, and the token's secret.
    async fn shown_session(&self, shown: &Secret) -> Result<(Session, Secret), ServiceError> {
        let text = shown.reveal().strip_prefix(PREFIX).ok_or_else(over)?;
        let (id, secret) = text.split_once('.').ok_or_else(over)?;
        let id = SessionId::parse(id).map_err(|_| over())?;
        let (chance, mark) = secret.split_at_checked(SECRET_CHARACTERS).ok_or_else(over)?;
        if !is_secret(chance, "") || !is_same(mark, &self.mark(chance)) {
            return Err(over());
        }
        let session = self.database.session(&id).await?.ok_or_else(over)?;
        if self.is_open(&session) { Ok((session, Secret::new(secret))) } else { Err(over()) }
    }

    async fn holder_of_sessions(&self, actor: &Actor, id: &UserId) -> Result<(), ServiceError> {
        let user = match actor.user() == Some(id) {
            true => self.found_user(actor, id).await,
            false => self.managed_user(actor, id).await,
        };
        user.map(drop)
    }

    /// Counts a try of a password before it is looked at.
    async fn count_attempt(&self, id: &UserId) -> Result<User, ServiceError> {
        let now_ms = self.now_ms();
        let counted = self.alter_user(id, |user| {
            let before =
                Attempts { failures: user.failed_logins, locked_until_ms: user.locked_until_ms };
            let next = before.begin(now_ms);
            let next = next.map_err(|retry_after_s| ServiceError::TooMany { retry_after_s })?;
            user.failed_logins = next.failures;
            user.locked_until_ms = next.locked_until_ms;
            Ok(())
        });
        counted.await
    }

    async fn forget_attempts(&self, user: &User) -> Result<User, ServiceError> {
        let forgotten = self.alter_user(&user.id, |user| {
            user.failed_logins = 0;
            user.locked_until_ms = None;
            Ok(())
        });
        forgotten.await
    }
}

/// What a program says it is, cut to what is worth keeping.
fn agent(caller: &Caller) -> String {
    let printable = caller.agent.chars().filter(|c| !c.is_control());
    printable.take(AGENT_CHARACTERS_MAX).collect()
}

/// The same for a wrong address and a wrong password.
fn wrong() -> ServiceError {
    ServiceError::Unauthorized("the address or the password is wrong".to_owned())
}

/// The same for a session that ended and one that never was.
fn over() -> ServiceError {
    ServiceError::Unauthorized("the session is over; sign in again".to_owned())
}
