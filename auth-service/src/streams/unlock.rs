//! A stream's password, and the token that it gives.

use std::net::IpAddr;

use accounts::Access;
use runtime::Secret;
use timeline::StreamName;
use token::{Claims, Pattern};

use crate::mistakes::home_of;
use crate::tokens::{SignedToken, TokenForm, token_id};
use crate::{Service, ServiceError};

/// Fewest characters of a stream's password, which many know: with wrong ones limited, eight are
/// not guessed during a broadcast.
const CHARACTERS_MIN: usize = 8;
/// Most characters: as in passwords of people.
const CHARACTERS_MAX: usize = 256;

impl Service {
    /// Exchanges a stream's password for a token that opens this stream alone. Whoever has a wrong
    /// one is not told whether there is such a stream, or whether it has a password.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Unauthorized`] for a wrong password, [`ServiceError::TooMany`] for too many.
    pub async fn unlock(
        &self,
        name: &StreamName,
        password: &Secret,
        address: IpAddr,
    ) -> Result<SignedToken, ServiceError> {
        let (home, now_ms) = (home_of(address), self.now_ms());
        let wait = self.mistakes.passwords.wait_s(&home, now_ms);
        let wait = wait.max(self.mistakes.stream_passwords.wait_s(name, now_ms));
        if let Some(retry_after_s) = wait {
            return Err(ServiceError::TooMany { retry_after_s });
        }
        let found = self.database.stream(name).await?;
        let found = found.filter(|stream| stream.policy.access == Access::Password);
        let hash = found.as_ref().and_then(|stream| stream.password.as_deref());
        // A show begins for everybody at one moment: a password is reckoned once, not for each.
        let known = hash.map(|hash| {
            let known = format!("{hash} {}", password.reveal());
            self.database.keyed_hash("stream-password", &known)
        });
        let is_known = known.as_ref().is_some_and(|known| self.unlocked.contains_key(known));
        let is_right = is_known || self.passwords.matches(password, hash).await?;
        let (true, Some(stream), Some(known)) = (is_right, found, known) else {
            self.mistakes.passwords.failed(home, now_ms);
            self.mistakes.stream_passwords.failed(name.clone(), now_ms);
            return Err(ServiceError::Unauthorized("the password is wrong".to_owned()));
        };
        self.unlocked.insert(known, ());
        let pattern = Pattern::parse(name.as_str());
        let pattern = pattern.map_err(|error| ServiceError::Invalid(error.to_string()))?;
        let now_s = now_ms.div_euclid(1_000);
        let lifetime_s = i64::try_from(self.settings.unlocked.as_secs()).unwrap_or(i64::MAX);
        let claims = Claims {
            id: Some(token_id()?),
            viewer: Some(viewer_of_password(name)),
            version: u64::try_from(stream.version).unwrap_or(0),
            organisation: Some(stream.organisation.to_string()),
            streams: vec![pattern],
            issued_at_s: Some(now_s),
            expires_at_s: now_s.saturating_add(lifetime_s),
            ..Claims::default()
        };
        self.sign(claims, TokenForm::Path).await
    }

    /// The hash of a new password for a stream.
    pub(super) async fn hashed_stream_password(
        &self,
        password: &Secret,
    ) -> Result<String, ServiceError> {
        let count = password.reveal().chars().count();
        if !(CHARACTERS_MIN..=CHARACTERS_MAX).contains(&count) {
            return Err(ServiceError::Invalid(format!(
                "a stream's password has {CHARACTERS_MIN} to {CHARACTERS_MAX} characters"
            )));
        }
        self.passwords.hash(password).await
    }
}

/// Whom tokens for a stream's password are of. With another password their version is too low.
pub(super) fn viewer_of_password(name: &StreamName) -> String {
    format!("password:{name}")
}
