//! Taking rights away: of tokens, viewers, and everything before a moment.

#[cfg(test)]
mod tests;

use std::time::Duration;

use accounts::{OrganisationId, Permission};
use token::Revoked;

use crate::streams::line;
use crate::{Actor, Service, ServiceError};

/// How long it is kept that a stream key, a device or a user was revoked. The database has that for
/// ever in the key, device or user itself; this is for nodes that have them live, or tokens of
/// them, and did not hear of it: none is away that long.
pub(crate) const REVOKED_KEY_KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How long it is kept that tokens were revoked: longer than anybody signs one for.
const REVOKED_TOKEN_KEPT: Duration = Duration::from_secs(400 * 24 * 60 * 60);
/// Longest name of a token or viewer, in characters.
pub(crate) const NAME_CHARACTERS_MAX: usize = 256;

/// What of viewers' tokens is revoked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RevokedTokens {
    /// One, by its id (`jti`).
    Token(String),
    /// A viewer's with a lower version than this.
    Viewer(String, u64),
    /// All that were issued before a moment, in seconds since the Unix epoch.
    Before(i64),
}

impl Service {
    /// Revokes tokens of an organisation's streams. Without an organisation those of all, which
    /// only the command line may.
    ///
    /// # Errors
    ///
    /// When they may still be good.
    pub async fn revoke_tokens(
        &self,
        actor: &Actor,
        organisation: Option<&OrganisationId>,
        tokens: RevokedTokens,
    ) -> Result<(), ServiceError> {
        match organisation {
            Some(organisation) => actor.needs(Permission::ManageKeys, organisation)?,
            None if *actor == Actor::Local => {}
            None => return Err(ServiceError::Forbidden { permission: Permission::ManageKeys }),
        }
        let revoked = match tokens {
            RevokedTokens::Token(id) => Revoked::Token { id: name("token", id)? },
            RevokedTokens::Viewer(viewer, version) => {
                Revoked::Viewer { viewer: name("viewer", viewer)?, version }
            }
            RevokedTokens::Before(issued_s) => {
                // Tokens that are yet to be made would be void as well.
                let latest_s = self.now_ms().div_euclid(1_000).saturating_add(1);
                Revoked::Before { issued_s: issued_s.min(latest_s) }
            }
        };
        self.revoke(organisation, revoked, REVOKED_TOKEN_KEPT).await
    }
}

fn name(what: &str, text: String) -> Result<String, ServiceError> {
    if text.is_empty() {
        return Err(ServiceError::Invalid(format!("which {what}?")));
    }
    line(what, &text, NAME_CHARACTERS_MAX)?;
    Ok(text)
}
