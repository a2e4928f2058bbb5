//! Trusted keys, as tokens are verified with them.

use std::collections::BTreeSet;
use std::sync::Arc;

use accounts::{OrganisationId, TrustedKey, TrustedKeyId, TrustedKind};
use token::{Key, KeyError, KeyKind, Keyring, PathSigner, SchemeSet};

use crate::published::{self, Published};

/// Trusted keys that verify nothing, with what is wrong with them.
pub type BadKeys = Vec<(TrustedKeyId, KeyError)>;

/// A keyring of trusted keys, and those that are none. Keys that somebody publishes at a URL are
/// not in it: they are somewhere else.
#[must_use]
pub fn keyring(trusted: &[TrustedKey]) -> (Keyring, BadKeys) {
    let (keys, bad) = keys(trusted);
    (Keyring::new(keys), bad)
}

/// What a gate trusts.
#[derive(Debug, Default)]
pub(crate) struct Trust {
    pub(crate) keyring: Keyring,
    pub(crate) schemes: SchemeSet,
    /// What path tokens are made with: the newest key of the server's own.
    pub(crate) minter: Option<PathSigner>,
    ids: BTreeSet<Arc<str>>,
    /// The version of the keys that others publish.
    pub(crate) published: u64,
    /// Where they are, and for whom.
    sets: Vec<(Option<OrganisationId>, Box<str>)>,
    /// Counts the changes: what was verified before one is verified again.
    pub(crate) generation: u64,
}

impl Trust {
    /// Trusts `trusted`, and what was published for some of them.
    pub(crate) fn new(
        trusted: &[TrustedKey],
        others: &Published,
        generation: u64,
    ) -> (Self, BadKeys) {
        // What changes after this is asked for is read again.
        let published = others.version();
        let (mut keys, mut bad) = keys(trusted);
        keys.extend(others.keys(trusted));
        let ids = keys.iter().map(|key| Arc::clone(&key.id)).collect();
        let ours = trusted.iter().rev().filter(|key| is_good(key));
        let ours = ours.filter(|key| key.organisation.is_none() && key.kind == TrustedKind::Path);
        let minter = ours.map(|key| (key, PathSigner::new(key.id.as_str(), &key.material))).next();
        let minter = minter.and_then(|(key, minter)| match minter {
            Ok(minter) => Some(minter),
            Err(error) => {
                bad.push((key.id.clone(), error));
                None
            }
        });
        let keyring = Keyring::new(keys);
        let schemes = keyring.schemes();
        let sets = trusted
            .iter()
            .filter_map(|key| Some((key.organisation.clone(), published::url(key)?.into())));
        let sets = sets.collect();
        (Self { keyring, schemes, minter, ids, published, sets, generation }, bad)
    }

    /// Where keys for an organisation's streams are published.
    pub(crate) fn sets(&self, organisation: &OrganisationId) -> Vec<&str> {
        let counts =
            |own: &Option<OrganisationId>| own.as_ref().is_none_or(|own| own == organisation);
        self.sets.iter().filter(|(own, _)| counts(own)).map(|(_, url)| &**url).collect()
    }

    /// Whether a key of that id is trusted.
    pub(crate) fn has(&self, id: &str) -> bool {
        self.ids.contains(id)
    }
}

/// What verifies, and what does not.
fn keys(trusted: &[TrustedKey]) -> (Vec<Key>, BadKeys) {
    let (mut keys, mut bad) = (Vec::new(), Vec::new());
    for key in trusted.iter().filter(|key| is_good(key)) {
        match kind(key) {
            Ok(Some((kid, kind))) => keys.push(of(key, kid, kind)),
            Ok(None) => {}
            Err(error) => bad.push((key.id.clone(), error)),
        }
    }
    (keys, bad)
}

/// Whether a key was not revoked. When it ends is seen whenever it is used.
const fn is_good(key: &TrustedKey) -> bool {
    key.revoked_at_ms.is_none()
}

fn of(trusted: &TrustedKey, kid: Option<&str>, kind: KeyKind) -> Key {
    let organisation = trusted.organisation.as_ref();
    Key {
        id: trusted.id.as_str().into(),
        kid: kid.map(Arc::from),
        organisation: organisation.map(|organisation| organisation.as_str().into()),
        kind,
        not_after_s: trusted.expires_at_ms.map(|end_ms| end_ms.div_euclid(1_000)),
    }
}

fn kind(key: &TrustedKey) -> Result<Option<(Option<&str>, KeyKind)>, KeyError> {
    let material = &key.material;
    let kind = match &key.kind {
        TrustedKind::Jwt { algorithm, kid, issuer, audience, .. } => {
            let kind = KeyKind::jwt(*algorithm, material, issuer.clone(), audience.clone())?;
            return Ok(Some((kid.as_deref(), kind)));
        }
        TrustedKind::Jwks { .. } => return Ok(None),
        TrustedKind::Path => KeyKind::path(material)?,
        TrustedKind::Alibaba { variant, validity_s, .. } => {
            KeyKind::alibaba(*variant, material, *validity_s)?
        }
        TrustedKind::Akamai => KeyKind::akamai(material)?,
        TrustedKind::CloudFront { key_pair } => KeyKind::cloud_front(key_pair, material)?,
    };
    Ok(Some((None, kind)))
}
