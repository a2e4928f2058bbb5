//! Play tokens, and the keys that this server signs with.

mod members;
mod signing;
#[cfg(test)]
mod tests;
mod trusted;

use accounts::{OrganisationId, Permission, Scope};
use runtime::Secret;
use timeline::StreamName;
use token::{Claims, Pattern, Rules, TOKEN_BYTES_MAX};

pub use trusted::NewTrustedKey;

use crate::revocation::NAME_CHARACTERS_MAX;
use crate::secrets::random;
use crate::streams::line;
use crate::{Actor, Service, ServiceError};

/// The longest that a token is signed for, in seconds: a season. A year is what revocations are
/// kept for.
const LIFETIME_S_MAX: i64 = 366 * 24 * 60 * 60;
/// Streams and patterns that one token names: more make it too long for a URL.
const STREAMS_MAX: usize = 16;
/// Entries of a rule of one token, for the same reason.
const RULES_MAX: usize = 32;

/// What somebody wants a token to say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewPlayToken {
    /// Whose streams it opens.
    pub organisation: OrganisationId,
    /// Which of them.
    pub streams: Vec<Pattern>,
    /// How it is written.
    pub form: TokenForm,
    /// Its own name, by which it can be revoked; none given means one that is made up.
    pub id: Option<String>,
    /// Who watches.
    pub viewer: Option<String>,
    /// How often the viewer's tokens were revoked before.
    pub version: u64,
    /// How long it is good, in seconds; none given means what the server is told.
    pub lifetime_s: Option<i64>,
    /// From when on it is good, in seconds since the Unix epoch.
    pub not_before_s: Option<i64>,
    /// Where it may be used.
    pub rules: Rules,
    /// Players that may use it at one time.
    pub sessions_max: Option<u32>,
    /// The tallest picture, in pixels.
    pub height_max: Option<u32>,
    /// The highest rate, in bits per second.
    pub bitrate_max: Option<u64>,
    /// Whether it opens private streams as well.
    pub is_member: bool,
}

/// How a token is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenForm {
    /// As a JSON web token, which other programs can read and verify by our JWKS.
    #[default]
    Jwt,
    /// As our own path token, which is short.
    Path,
}

/// A token that was signed.
#[derive(Clone, Debug)]
pub struct SignedToken {
    /// The token.
    pub token: Secret,
    /// Its own name, by which it can be revoked.
    pub id: String,
    /// When it ends, in seconds since the Unix epoch.
    pub expires_at_s: i64,
    /// Seconds until then.
    pub expires_in_s: i64,
}

impl NewPlayToken {
    /// A token for streams of an organisation that anybody may use who has it.
    #[must_use]
    pub fn of(organisation: OrganisationId, streams: Vec<Pattern>) -> Self {
        Self {
            organisation,
            streams,
            form: TokenForm::default(),
            id: None,
            viewer: None,
            version: 0,
            lifetime_s: None,
            not_before_s: None,
            rules: Rules::default(),
            sessions_max: None,
            height_max: None,
            bitrate_max: None,
            is_member: false,
        }
    }
}

impl Service {
    /// Signs a token for streams of the actor's organisation, or of the actor's own.
    ///
    /// # Errors
    ///
    /// When a stream is not the actor's to show, or the token could never be used.
    pub async fn sign_play_token(
        &self,
        actor: &Actor,
        new: NewPlayToken,
    ) -> Result<SignedToken, ServiceError> {
        self.may_sign(actor, &new).await?;
        let count = new.streams.len();
        if count == 0 || count > STREAMS_MAX {
            return invalid(format!("a token opens 1 to {STREAMS_MAX} streams or patterns"));
        }
        let countries = &new.rules.countries;
        let lists = [new.rules.addresses.len(), new.rules.referers.len()];
        let lists = lists.into_iter().chain([countries.allow.len(), countries.deny.len()]);
        if lists.max() > Some(RULES_MAX) {
            return invalid(format!("a token's rule has {RULES_MAX} entries at most"));
        }
        for (what, text) in [("id", &new.id), ("viewer", &new.viewer)] {
            line(what, text.as_deref().unwrap_or("-"), NAME_CHARACTERS_MAX)?;
        }
        let usual_s = i64::try_from(self.settings.play_token.as_secs()).unwrap_or(LIFETIME_S_MAX);
        let lifetime_s = new.lifetime_s.unwrap_or(usual_s);
        if !(1..=LIFETIME_S_MAX).contains(&lifetime_s) {
            return invalid(format!("a token is good for 1 to {LIFETIME_S_MAX} seconds"));
        }
        let now_s = self.now_ms().div_euclid(1_000);
        let begins_s = new.not_before_s.unwrap_or(now_s).max(now_s);
        if begins_s.saturating_sub(now_s) > LIFETIME_S_MAX {
            return invalid("the token would be good in more than a year only".to_owned());
        }
        let claims = Claims {
            id: Some(match new.id {
                Some(id) => id,
                None => token_id()?,
            }),
            viewer: new.viewer,
            version: new.version,
            organisation: Some(new.organisation.to_string()),
            is_member: new.is_member,
            streams: new.streams,
            issued_at_s: Some(now_s),
            not_before_s: new.not_before_s,
            expires_at_s: begins_s.saturating_add(lifetime_s),
            rules: new.rules,
            sessions_max: new.sessions_max,
            height_max: new.height_max,
            bitrate_max: new.bitrate_max,
            ..Claims::default()
        };
        self.sign(claims, new.form).await
    }

    /// Signs what somebody may say.
    pub(crate) async fn sign(
        &self,
        claims: Claims,
        form: TokenForm,
    ) -> Result<SignedToken, ServiceError> {
        let (id, expires_at_s) = (claims.id.clone().unwrap_or_default(), claims.expires_at_s);
        let token = self.signed_text(&claims, form).await?;
        let bytes = token.len();
        if bytes > TOKEN_BYTES_MAX {
            return invalid(format!(
                "the token would have {bytes} bytes; at most {TOKEN_BYTES_MAX} fit into a URL"
            ));
        }
        let expires_in_s = expires_at_s.saturating_sub(self.now_ms().div_euclid(1_000));
        Ok(SignedToken { token: Secret::new(token), id, expires_at_s, expires_in_s })
    }

    /// Who signs for all streams of an organisation may name any; others name their own, one by
    /// one, and make nobody a member.
    async fn may_sign(&self, actor: &Actor, new: &NewPlayToken) -> Result<(), ServiceError> {
        let signs_all = actor.needs(Permission::SignTokens, &new.organisation);
        if let Err(ServiceError::NotFound) = signs_all {
            return Err(ServiceError::NotFound);
        }
        let forbidden = || ServiceError::Forbidden { permission: Permission::SignTokens };
        if signs_all.is_err() && new.is_member {
            return Err(forbidden());
        }
        for pattern in &new.streams {
            if pattern.as_str().ends_with('*') {
                signs_all.as_ref().map_err(|_| forbidden())?;
                continue;
            }
            let nowhere = || ServiceError::Invalid(format!("there is no stream {pattern} here"));
            let name = StreamName::parse(pattern.as_str()).map_err(|_| nowhere())?;
            if signs_all.is_err() {
                if let Actor::Program { scopes, .. } = actor
                    && !scopes.is_empty()
                    && !scopes.contains(&Scope::TokensSign)
                {
                    return Err(forbidden());
                }
                self.managed_stream(actor, &name).await?;
            }
            let found = self.database.stream(&name).await?;
            found.filter(|it| it.organisation == new.organisation).ok_or_else(nowhere)?;
        }
        Ok(())
    }
}

/// A token's own name: 16 digits of 64 random bits.
pub(crate) fn token_id() -> Result<String, ServiceError> {
    Ok(format!("{:016x}", u64::from_be_bytes(random()?)))
}

fn invalid<T>(sentence: String) -> Result<T, ServiceError> {
    Err(ServiceError::Invalid(sentence))
}
