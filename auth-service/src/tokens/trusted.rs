//! Keys of others that are trusted: an organisation's, for its own streams.

use accounts::{Notice, OrganisationId, Permission, TrustedKey, TrustedKeyId, TrustedKind};
use runtime::Secret;
use token::{KeyKind, Revoked};

use crate::revocation::REVOKED_KEY_KEPT;
use crate::secrets::random;
use crate::streams::line;
use crate::{Actor, Service, ServiceError};

/// Keys of one organisation that are good: several kinds, two at a time, and those of partners.
const KEYS_MAX: usize = 64;
/// Longest name, in characters.
const NAME_CHARACTERS_MAX: usize = 100;
/// Largest key, in bytes: a private RSA key in PEM has a third of it.
const MATERIAL_BYTES_MAX: usize = 16 * 1_024;
/// Longest URL of keys, in bytes.
const URL_BYTES_MAX: usize = 1_024;
/// How long after its time stamp a signed address may be good at most: a year.
const VALIDITY_S_MAX: u32 = 366 * 24 * 60 * 60;

/// What somebody wants to be trusted.
#[derive(Clone, Debug)]
pub struct NewTrustedKey {
    /// Whose streams it opens.
    pub organisation: OrganisationId,
    /// What people call it.
    pub name: String,
    /// What it verifies.
    pub kind: TrustedKind,
    /// The secret, or the key in PEM; nothing for keys at a URL.
    pub material: Secret,
    /// When it ends, in milliseconds since the Unix epoch.
    pub expires_at_ms: Option<i64>,
}

impl Service {
    /// Trusts a key, from now on and for this organisation alone.
    ///
    /// # Errors
    ///
    /// When it could verify nothing, or the actor may not.
    pub async fn trust_key(
        &self,
        actor: &Actor,
        new: NewTrustedKey,
    ) -> Result<TrustedKey, ServiceError> {
        actor.needs(Permission::ManageKeys, &new.organisation)?;
        line("name", &new.name, NAME_CHARACTERS_MAX)?;
        let now_ms = self.now_ms();
        if new.expires_at_ms.is_some_and(|at_ms| at_ms <= now_ms) {
            return Err(ServiceError::Invalid("the key would have ended already".to_owned()));
        }
        let bytes = new.material.reveal().len();
        if bytes > MATERIAL_BYTES_MAX {
            return Err(ServiceError::Invalid(format!(
                "a key of {bytes} bytes is too long: {MATERIAL_BYTES_MAX} may be"
            )));
        }
        check(actor, &new.kind, new.material.reveal().as_bytes())?;
        let keys = self.database.trusted_keys(Some(&new.organisation)).await?;
        let good = keys.iter().filter(|key| crate::directory::is_good(key, now_ms));
        if good.count() >= KEYS_MAX {
            return Err(ServiceError::Conflict(format!(
                "{KEYS_MAX} keys are trusted, which is all that may be: revoke some"
            )));
        }
        let key = TrustedKey {
            id: TrustedKeyId::new(now_ms, random()?),
            organisation: Some(new.organisation),
            name: new.name,
            kind: new.kind,
            material: new.material.reveal().as_bytes().to_vec(),
            created_at_ms: now_ms,
            expires_at_ms: new.expires_at_ms,
            revoked_at_ms: None,
        };
        self.database.create_trusted_key(&key).await?;
        self.tell(&Notice::KeysChanged).await?;
        Ok(key)
    }

    /// The keys that an organisation trusts, the oldest first, without their secrets.
    ///
    /// # Errors
    ///
    /// When the actor may not see them.
    pub async fn trusted_keys(
        &self,
        actor: &Actor,
        organisation: &OrganisationId,
    ) -> Result<Vec<TrustedKey>, ServiceError> {
        if actor.needs(Permission::SeeAll, organisation).is_err() {
            actor.needs(Permission::ManageKeys, organisation)?;
        }
        let mut keys = self.database.trusted_keys(Some(organisation)).await?;
        keys.iter_mut().for_each(|key| key.material.clear());
        Ok(keys)
    }

    /// Trusts a key no more, at once.
    ///
    /// # Errors
    ///
    /// When it may still be good.
    pub async fn revoke_trusted_key(
        &self,
        actor: &Actor,
        organisation: &OrganisationId,
        id: &TrustedKeyId,
    ) -> Result<(), ServiceError> {
        actor.needs(Permission::ManageKeys, organisation)?;
        let keys = self.database.trusted_keys(Some(organisation)).await?;
        let own = keys.iter().find(|key| key.id == *id);
        let own = own.filter(|key| key.organisation.as_ref() == Some(organisation));
        if own.is_none() {
            return Err(ServiceError::NotFound);
        }
        self.database.end_trusted_key(id, None, Some(self.now_ms())).await?;
        let revoked = Revoked::Key { id: id.to_string() };
        self.revoke(Some(organisation), revoked, REVOKED_KEY_KEPT).await?;
        self.tell(&Notice::KeysChanged).await
    }
}

/// Whether a key could verify anything.
fn check(actor: &Actor, kind: &TrustedKind, material: &[u8]) -> Result<(), ServiceError> {
    let made = match kind {
        // Whoever may trust a key here could otherwise have this server sign with it.
        TrustedKind::Jwt { signs: true, .. } => {
            return invalid("only the server's own keys sign".to_owned());
        }
        TrustedKind::Jwt { algorithm, issuer, audience, .. } => {
            KeyKind::jwt(*algorithm, material, issuer.clone(), audience.clone())
        }
        TrustedKind::Jwks { url, .. } => return check_url(actor, url),
        TrustedKind::Path => KeyKind::path(material),
        TrustedKind::Alibaba { validity_s, .. } if *validity_s > VALIDITY_S_MAX => {
            return invalid(format!("a URL can be good for {VALIDITY_S_MAX} seconds at most"));
        }
        TrustedKind::Alibaba { variant, validity_s, .. } => {
            KeyKind::alibaba(*variant, material, *validity_s)
        }
        TrustedKind::Akamai => KeyKind::akamai(material),
        TrustedKind::CloudFront { key_pair } => KeyKind::cloud_front(key_pair, material),
    };
    made.map(drop).map_err(|error| ServiceError::Invalid(error.to_string()))
}

/// Keys are fetched over TLS. Plain addresses on this machine, where others than its operators
/// have no business, are for the command line.
fn check_url(actor: &Actor, url: &str) -> Result<(), ServiceError> {
    const LOCAL: [&str; 3] = ["http://127.0.0.1", "http://[::1]", "http://localhost"];
    let is_local = *actor == Actor::Local && LOCAL.iter().any(|local| url.starts_with(local));
    if url.len() > URL_BYTES_MAX || !(url.starts_with("https://") || is_local) {
        return invalid("keys are fetched from a URL that begins with https://".to_owned());
    }
    Ok(())
}

fn invalid<T>(sentence: String) -> Result<T, ServiceError> {
    Err(ServiceError::Invalid(sentence))
}
