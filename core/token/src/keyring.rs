//! The keys that are trusted, and what they have signed.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::cloud_front::Shown;
use crate::{
    Credential, Facts, Key, KeyKind, Presented, Refusal, Scheme, SchemeSet, TOKEN_BYTES_MAX,
    Verified, akamai, alibaba, cloud_front, jwt, path_token,
};

/// Keys that are tried for one token that does not say which has signed it, or whose name several
/// have: an organisation exchanges keys two at a time, and uses a few issuers.
pub const KEYS_TRIED_MAX: usize = 8;

/// All keys that are trusted.
#[derive(Clone, Debug, Default)]
pub struct Keyring {
    /// By what tokens call them.
    by_name: BTreeMap<Box<str>, Vec<Arc<Key>>>,
    /// By scheme and organisation; the server's own under the empty name.
    by_scheme: BTreeMap<Scheme, BTreeMap<Box<str>, Vec<Arc<Key>>>>,
}

impl Keyring {
    /// Takes the keys. Their order is the order in which they are tried.
    #[must_use]
    pub fn new(keys: impl IntoIterator<Item = Key>) -> Self {
        let mut keyring = Self::default();
        for key in keys.into_iter().map(Arc::new) {
            let organisation = key.organisation.as_deref().unwrap_or_default();
            let of_scheme = keyring.by_scheme.entry(key.kind.scheme()).or_default();
            of_scheme.entry(organisation.into()).or_default().push(Arc::clone(&key));
            keyring.by_name.entry(key.name().into()).or_default().push(key);
        }
        keyring
    }

    /// Schemes that some key is trusted for.
    #[must_use]
    pub fn schemes(&self) -> SchemeSet {
        self.by_scheme.keys().copied().collect()
    }

    /// Whether tokens may name a key so: one that is not known here may be new at its issuer.
    #[must_use]
    pub fn knows(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// Verifies what a request shows: its signature, what it says, and whether it is good now. Keys
    /// of `organisation` and the server's own are asked; without one, all are.
    ///
    /// # Errors
    ///
    /// Why it is not good, whatever it may open.
    pub fn verify(
        &self,
        presented: &Presented<'_>,
        organisation: Option<&str>,
        facts: &Facts<'_>,
    ) -> Result<Verified, Refusal> {
        let verified = self.signed(presented, organisation, facts.now_s)?;
        verified.is_good(facts.now_s)?;
        Ok(verified)
    }

    /// As [`verify`](Self::verify), whether it is good now or not.
    pub(crate) fn signed(
        &self,
        presented: &Presented<'_>,
        organisation: Option<&str>,
        now_s: i64,
    ) -> Result<Verified, Refusal> {
        let trusted = Trusted { keyring: self, organisation, now_s };
        match &presented.credential {
            None => Err(Refusal::Malformed("nothing was shown")),
            Some(Credential::Token(text)) if text.len() > TOKEN_BYTES_MAX => {
                Err(Refusal::Malformed("it is too long"))
            }
            Some(Credential::Token(text)) if path_token::is_one(text) => {
                path_token::verify(text, &trusted)
            }
            Some(Credential::Token(text)) => jwt::verify(text, &trusted),
            Some(Credential::Alibaba { variant, stamp, hash }) => {
                alibaba::verify(*variant, stamp, hash, presented.path, &trusted)
            }
            Some(Credential::Akamai(text)) => akamai::verify(text, presented.path, &trusted),
            Some(Credential::CloudFront { policy, signature, key_pair, is_sha256 }) => {
                let is_sha256 = *is_sha256;
                cloud_front::verify(&Shown { policy, signature, key_pair, is_sha256 }, &trusted)
            }
        }
    }
}

/// The keys that count for one question.
pub(crate) struct Trusted<'k> {
    keyring: &'k Keyring,
    organisation: Option<&'k str>,
    now_s: i64,
}

impl<'k> Trusted<'k> {
    /// Those of a scheme that tokens call so.
    pub(crate) fn named(&self, name: &str, scheme: Scheme) -> Vec<&'k Arc<Key>> {
        let named = self.keyring.by_name.get(name).into_iter().flatten();
        self.first(named.filter(|key| key.kind.scheme() == scheme && self.counts(key)))
    }

    /// Those of a scheme that `fits` is true of.
    pub(crate) fn of(&self, scheme: Scheme, fits: impl Fn(&Key) -> bool) -> Vec<&'k Arc<Key>> {
        let Some(of_scheme) = self.keyring.by_scheme.get(&scheme) else { return Vec::new() };
        let good = |key: &&Arc<Key>| key.is_good(self.now_s) && fits(key);
        match self.organisation {
            None => self.first(of_scheme.values().flatten().filter(good)),
            Some(organisation) => {
                let theirs = of_scheme.get(organisation).into_iter().flatten();
                let ours = of_scheme.get("").into_iter().flatten();
                self.first(theirs.chain(ours).filter(good))
            }
        }
    }

    fn counts(&self, key: &Key) -> bool {
        let is_theirs = match (&key.organisation, self.organisation) {
            (Some(own), Some(asked)) => **own == *asked,
            (None, _) | (_, None) => true,
        };
        is_theirs && key.is_good(self.now_s)
    }

    fn first(&self, keys: impl Iterator<Item = &'k Arc<Key>>) -> Vec<&'k Arc<Key>> {
        keys.take(KEYS_TRIED_MAX).collect()
    }
}

/// The verifiers of JSON web tokens among keys, with what their tokens must say.
pub(crate) fn of_jwt(key: &Key) -> Option<(&crate::Verifier, Option<&str>, Option<&str>)> {
    match &key.kind {
        KeyKind::Jwt { verifier, issuer, audience } => {
            Some((verifier, issuer.as_deref(), audience.as_deref()))
        }
        KeyKind::Path(_)
        | KeyKind::Alibaba { .. }
        | KeyKind::Akamai(_)
        | KeyKind::CloudFront { .. } => None,
    }
}
