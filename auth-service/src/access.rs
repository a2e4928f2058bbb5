//! Access tokens of those who signed in: JSON web tokens (RFC 7519) by the server's own Ed25519
//! key, which nothing but this module takes for one.
//!
//! A token says which session it is of. The session and its user are looked up at each use, so what
//! ends there ends at once; what else it says is for others who read it.

#[cfg(test)]
pub(crate) mod tests;

use accounts::{OrganisationId, Role, SessionId, Status, TrustedKey, TrustedKind, User, UserId};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use runtime::Secret;
use serde::{Deserialize, Serialize};
use serde_json::json;
use token::Algorithm;

use crate::limits::Limit;
use crate::{Actor, Caller, Service, ServiceError};

/// Whom access tokens are for: no other token says so, and none that says so opens a stream.
const AUDIENCE: &str = "weir-api";
/// Longest access token: ours have some 500 bytes.
const BYTES_MAX: usize = 2_048;

/// What an access token says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccessClaims {
    aud: String,
    sub: UserId,
    org: OrganisationId,
    role: Role,
    ses: SessionId,
    iat: i64,
    exp: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: Algorithm,
    typ: String,
    kid: String,
}

impl AccessClaims {
    /// What is said of a user in a session. The times are set when it is signed.
    pub(crate) fn new(user: &User, session: &SessionId) -> Self {
        Self {
            aud: AUDIENCE.to_owned(),
            sub: user.id.clone(),
            org: user.organisation.clone(),
            role: user.role,
            ses: session.clone(),
            iat: 0,
            exp: 0,
        }
    }
}

impl Service {
    /// Who somebody is that shows this `Authorization`: `Bearer` and an access token or an API key.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Unauthorized`] when it is not good.
    pub async fn actor(
        &self,
        authorization: &Secret,
        caller: &Caller,
    ) -> Result<Actor, ServiceError> {
        let (scheme, shown) = authorization.reveal().split_once(' ').ok_or_else(nobody)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(nobody());
        }
        let shown = shown.trim_start_matches(' ');
        if shown.starts_with(crate::api_keys::PREFIX) {
            self.limits.check_address(Limit::Credential, caller.address)?;
            return self.program(shown).await;
        }
        let claims = self.read_access(shown).await?;
        let session = self.database.session(&claims.ses).await?.ok_or_else(nobody)?;
        let user = self.database.user(&session.user).await?.ok_or_else(nobody)?;
        if !self.is_open(&session) || user.status != Status::Active || user.id != claims.sub {
            return Err(nobody());
        }
        let User { organisation, id, role, .. } = user;
        Ok(Actor::User { organisation, user: id, role })
    }

    /// The public half of the server's own keys that are good, as others fetch it (RFC 7517, 5;
    /// RFC 8037, 2). A new key is here as soon as it signs.
    ///
    /// # Errors
    ///
    /// When the keys cannot be read.
    pub async fn jwks(&self) -> Result<String, ServiceError> {
        let mut keys = Vec::new();
        for key in self.own_keys().await? {
            let x = URL_SAFE_NO_PAD.encode(pair(&key)?.public_key());
            let (kid, alg) = (key.id.as_str(), Algorithm::EdDSA);
            keys.push(json!({
                "kty": "OKP", "crv": "Ed25519", "alg": alg, "use": "sig", "kid": kid, "x": x,
            }));
        }
        Ok(json!({ "keys": keys }).to_string())
    }

    /// Signs an access token from now on.
    pub(crate) async fn sign_access(&self, claims: &AccessClaims) -> Result<Secret, ServiceError> {
        let key = self.signing_key().await?;
        let iat = self.now_ms().div_euclid(1_000);
        let life_s = i64::try_from(self.settings.access_token.as_secs()).unwrap_or(0);
        let claims = AccessClaims { iat, exp: iat.saturating_add(life_s), ..claims.clone() };
        let header =
            Header { alg: Algorithm::EdDSA, typ: "JWT".to_owned(), kid: key.id.to_string() };
        let encode = |bytes: Vec<u8>| URL_SAFE_NO_PAD.encode(bytes);
        let header = encode(serde_json::to_vec(&header).map_err(unavailable)?);
        let payload = encode(serde_json::to_vec(&claims).map_err(unavailable)?);
        let text = format!("{header}.{payload}");
        let signature = pair(&key)?.sign(text.as_bytes());
        Ok(Secret::new(format!("{text}.{}", encode(signature.as_ref().to_vec()))))
    }

    /// What an access token says, if it is one and good.
    async fn read_access(&self, shown: &str) -> Result<AccessClaims, ServiceError> {
        if shown.len() > BYTES_MAX {
            return Err(nobody());
        }
        let (text, signature) = shown.rsplit_once('.').ok_or_else(nobody)?;
        let (header, payload) = text.split_once('.').ok_or_else(nobody)?;
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| nobody());
        let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| nobody())?;
        let keys = self.own_keys().await?;
        let key = keys.iter().find(|key| key.id.as_str() == header.kid).ok_or_else(nobody)?;
        let is_ours = header.alg == Algorithm::EdDSA && header.typ == "JWT";
        let public = pair(key)?.public_key().as_ref().to_vec();
        let verified =
            UnparsedPublicKey::new(&ED25519, public).verify(text.as_bytes(), &decode(signature)?);
        if !is_ours || verified.is_err() {
            return Err(nobody());
        }
        let claims: AccessClaims =
            serde_json::from_slice(&decode(payload)?).map_err(|_| nobody())?;
        let now_s = self.now_ms().div_euclid(1_000);
        let is_good = claims.aud == AUDIENCE && now_s < claims.exp;
        if is_good { Ok(claims) } else { Err(nobody()) }
    }

    /// The newest of the server's own keys that sign.
    async fn signing_key(&self) -> Result<TrustedKey, ServiceError> {
        let mut keys = self.own_keys().await?;
        keys.retain(|key| key.expires_at_ms.is_none());
        keys.pop().ok_or_else(|| unavailable(NoKey))
    }

    /// The server's own Ed25519 keys that are good, the oldest first.
    async fn own_keys(&self) -> Result<Vec<TrustedKey>, ServiceError> {
        let (mut keys, now_ms) = (self.database.trusted_keys(None).await?, self.now_ms());
        keys.retain(|key| {
            let ed25519 = matches!(
                key.kind,
                TrustedKind::Jwt { algorithm: Algorithm::EdDSA, signs: true, .. }
            );
            let is_over = key.expires_at_ms.is_some_and(|end_ms| end_ms <= now_ms);
            ed25519 && key.organisation.is_none() && key.revoked_at_ms.is_none() && !is_over
        });
        Ok(keys)
    }
}

/// There is no key to sign with.
#[derive(Debug, thiserror::Error)]
#[error("the server has no key of its own to sign with")]
struct NoKey;

fn pair(key: &TrustedKey) -> Result<Ed25519KeyPair, ServiceError> {
    Ed25519KeyPair::from_pkcs8(&key.material).map_err(unavailable)
}

fn unavailable(error: impl std::error::Error + Send + Sync + 'static) -> ServiceError {
    ServiceError::Unavailable(Box::new(error))
}

/// The same for all that is not good: which part it was helps a thief alone.
pub(crate) fn nobody() -> ServiceError {
    ServiceError::Unauthorized("sign in first: this token or key is not good".to_owned())
}
