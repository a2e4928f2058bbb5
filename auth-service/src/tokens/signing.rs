//! The server's own keys: made at the first start, exchanged with an overlap.

use accounts::{Notice, TrustedKey, TrustedKeyId, TrustedKind};
use aws_lc_rs::signature::Ed25519KeyPair;
use token::{Algorithm, Claims, JwtSigner, KeyError, PathError, PathSigner};

use super::TokenForm;
use crate::directory::is_good;
use crate::secrets::random;
use crate::{Actor, Service, ServiceError};

/// How long a key verifies that signs no more, unless it is told otherwise: what is usually signed
/// for an evening and a day has ended by then.
const OVERLAP_MS: i64 = 48 * 60 * 60 * 1_000;

impl Service {
    /// Makes the server's own keys, if it has none that sign. Two processes that start at one
    /// moment may both make some, which is harmless: the newest signs, and all verify.
    ///
    /// # Errors
    ///
    /// When there may be none.
    pub async fn prepare_signing_keys(&self) -> Result<(), ServiceError> {
        let keys = self.own_signing_keys().await?;
        let mut made = false;
        for form in [TokenForm::Jwt, TokenForm::Path] {
            if newest(&keys, form).is_none() {
                self.make_signing_key(form).await?;
                made = true;
            }
        }
        if made { self.tell(&Notice::KeysChanged).await } else { Ok(()) }
    }

    /// Makes new keys to sign with. The ones before them verify for a while (48 hours unless it is
    /// told otherwise), so that nobody who watches notices. For the command line.
    ///
    /// # Errors
    ///
    /// When the old ones may still sign.
    pub async fn rotate_signing_keys(
        &self,
        actor: &Actor,
        overlap_ms: Option<i64>,
    ) -> Result<(), ServiceError> {
        if *actor != Actor::Local {
            return Err(ServiceError::NotFound);
        }
        let overlap_ms = overlap_ms.unwrap_or(OVERLAP_MS);
        if overlap_ms < 0 {
            return Err(ServiceError::Invalid("an overlap is no negative time".to_owned()));
        }
        let before = self.own_signing_keys().await?;
        for form in [TokenForm::Jwt, TokenForm::Path] {
            self.make_signing_key(form).await?;
        }
        let ends_ms = self.now_ms().saturating_add(overlap_ms);
        for key in before {
            if key.expires_at_ms.is_none_or(|at_ms| at_ms > ends_ms) {
                self.database.end_trusted_key(&key.id, Some(ends_ms), None).await?;
            }
        }
        self.tell(&Notice::KeysChanged).await
    }

    /// A token's text, by the newest key of its form.
    pub(super) async fn signed_text(
        &self,
        claims: &Claims,
        form: TokenForm,
    ) -> Result<String, ServiceError> {
        let keys = self.own_signing_keys().await?;
        let Some(key) = newest(&keys, form) else {
            return Err(ServiceError::Unavailable("the server has no key to sign with".into()));
        };
        let kid = key.id.as_str();
        match form {
            TokenForm::Jwt => JwtSigner::new(Algorithm::EdDSA, kid, &key.material)
                .and_then(|signer| signer.sign(claims))
                .map_err(unavailable),
            TokenForm::Path => PathSigner::new(kid, &key.material)
                .map_err(unavailable)?
                .mint(claims)
                .map_err(|error: PathError| ServiceError::Invalid(error.to_string())),
        }
    }

    /// The server's own keys that are good, the oldest first.
    async fn own_signing_keys(&self) -> Result<Vec<TrustedKey>, ServiceError> {
        let (mut keys, now_ms) = (self.database.trusted_keys(None).await?, self.now_ms());
        keys.retain(|key| key.organisation.is_none() && is_good(key, now_ms));
        Ok(keys)
    }

    async fn make_signing_key(&self, form: TokenForm) -> Result<(), ServiceError> {
        let (kind, name, material) = match form {
            TokenForm::Jwt => {
                let kind = TrustedKind::Jwt {
                    algorithm: Algorithm::EdDSA,
                    signs: true,
                    kid: None,
                    issuer: None,
                    audience: None,
                };
                (kind, "this server's, for JSON web tokens", ed25519()?)
            }
            TokenForm::Path => {
                (TrustedKind::Path, "this server's, for path tokens", random::<32>()?.to_vec())
            }
        };
        let now_ms = self.now_ms();
        let key = TrustedKey {
            id: TrustedKeyId::new(now_ms, random()?),
            organisation: None,
            name: name.to_owned(),
            kind,
            material,
            created_at_ms: now_ms,
            expires_at_ms: None,
            revoked_at_ms: None,
        };
        Ok(self.database.create_trusted_key(&key).await?)
    }
}

/// The newest key of a form that signs: one that is to end only verifies.
fn newest(keys: &[TrustedKey], form: TokenForm) -> Option<&TrustedKey> {
    let fits = |key: &&TrustedKey| match (&key.kind, form) {
        (TrustedKind::Jwt { algorithm: Algorithm::EdDSA, signs: true, .. }, TokenForm::Jwt)
        | (TrustedKind::Path, TokenForm::Path) => key.expires_at_ms.is_none(),
        (
            TrustedKind::Jwt { .. }
            | TrustedKind::Jwks { .. }
            | TrustedKind::Path
            | TrustedKind::Alibaba { .. }
            | TrustedKind::Akamai
            | TrustedKind::CloudFront { .. },
            TokenForm::Jwt | TokenForm::Path,
        ) => false,
    };
    keys.iter().rev().find(fits)
}

/// A new Ed25519 key in PKCS #8.
fn ed25519() -> Result<Vec<u8>, ServiceError> {
    let document = Ed25519KeyPair::generate().and_then(|pair| pair.to_pkcs8());
    match document {
        Ok(document) => Ok(document.as_ref().to_vec()),
        Err(error) => Err(ServiceError::Unavailable(Box::new(error))),
    }
}

fn unavailable(error: KeyError) -> ServiceError {
    ServiceError::Unavailable(Box::new(error))
}
