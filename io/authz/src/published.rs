//! Keys that issuers publish at a URL (RFC 7517), as they were fetched last.
//!
//! Each URL is fetched again and again, and when a token names a key that is not known: issuers
//! sign with a new key at once. What was fetched holds on for a day if the issuer is away.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use accounts::{TrustedKey, TrustedKind};
use bytes::Bytes;
use http::header::ACCEPT;
use http::{Request, Uri};
use http_body_util::Full;
use thiserror::Error;
use token::{JWKS_BYTES_MAX, Jwks, JwksError, Key};
use tracing::{info, warn};

use crate::flights::{Flights, landed};
use crate::outbound::{Allowance, Outbound, parse_url};
use crate::{OutboundError, UrlError};

/// How often a URL is fetched again.
const EVERY: Duration = Duration::from_secs(300);
/// How soon it is fetched again at the earliest, whatever tokens name.
const EARLIEST: Duration = Duration::from_secs(30);
/// How long keys hold that cannot be fetched again.
const KEPT: Duration = Duration::from_secs(86_400);
/// How long a fetch may take.
const TIME_MAX: Duration = Duration::from_secs(5);
/// Fetches under way.
const FETCHES_MAX: usize = 64;
/// URLs that are fetched: an organisation has one or two.
const URLS_MAX: usize = 1_024;

/// Keys that are published. Clones share them. Times are since any one moment.
#[derive(Clone)]
pub(crate) struct Published {
    /// Made when it is needed: most servers fetch no keys, and certificates are many to read.
    outbound: Arc<OnceLock<Result<Outbound, OutboundError>>>,
    sources: Arc<Mutex<BTreeMap<Arc<str>, Source>>>,
    fetches: Flights<()>,
    version: Arc<AtomicU64>,
}

/// What is known of a URL.
#[derive(Default)]
struct Source {
    tried_at: Option<Duration>,
    fetched: Option<Fetched>,
}

struct Fetched {
    at: Duration,
    text: Bytes,
    keys: Arc<Jwks>,
}

/// Why keys are not there.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
enum FetchError {
    #[error(transparent)]
    Url(#[from] UrlError),
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    #[error(transparent)]
    Jwks(#[from] JwksError),
}

impl Published {
    pub(crate) fn new() -> Self {
        Self {
            outbound: Arc::default(),
            sources: Arc::default(),
            fetches: Flights::new(FETCHES_MAX),
            version: Arc::default(),
        }
    }

    /// Counts the changes of keys.
    pub(crate) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// The keys of all trusted keys that are a URL.
    pub(crate) fn keys(&self, trusted: &[TrustedKey]) -> Vec<Key> {
        let sources = self.sources();
        let mut keys = Vec::new();
        for key in trusted.iter().filter(|key| key.revoked_at_ms.is_none()) {
            let TrustedKind::Jwks { url, issuer, audience } = &key.kind else { continue };
            let source = sources.get(url.as_str());
            let Some(fetched) = source.and_then(|source| source.fetched.as_ref()) else { continue };
            let id = key.id.as_str().into();
            let organisation = key.organisation.as_ref().map(|own| own.as_str().into());
            let (issuer, audience) = (issuer.as_deref(), audience.as_deref());
            let not_after_s = key.expires_at_ms.map(|end_ms| end_ms.div_euclid(1_000));
            let theirs = fetched.keys.keys(&id, organisation.as_ref(), issuer, audience);
            keys.extend(theirs.map(|key| Key { not_after_s, ..key }));
        }
        keys
    }

    /// Fetches what is due of the URLs of trusted keys, and forgets other URLs.
    pub(crate) async fn refresh(&self, trusted: &[TrustedKey], now: Duration) {
        let urls: Vec<&str> = trusted.iter().filter_map(url).take(URLS_MAX).collect();
        {
            let mut sources = self.sources();
            sources.retain(|url, _| urls.contains(&&**url));
            for source in sources.values_mut() {
                let is_old = |fetched: &mut Fetched| now >= fetched.at + KEPT;
                if source.fetched.take_if(is_old).is_some() {
                    self.version.fetch_add(1, Ordering::AcqRel);
                }
            }
        }
        self.fetch(&urls, EVERY, now).await;
    }

    /// Fetches URLs because a token names a key that is not known: an issuer may have a new one.
    pub(crate) async fn look_for_more(&self, urls: &[&str], now: Duration) {
        self.fetch(urls, EARLIEST, now).await;
    }

    /// Fetches those that were not tried for so long, and waits for those that are under way.
    async fn fetch(&self, urls: &[&str], age_max: Duration, now: Duration) {
        let mut fetches = Vec::new();
        for url in urls {
            let url: Arc<str> = (*url).into();
            let fetch = if self.is_due(&url, age_max, now) {
                let asked = self.fetches.join(&url, || {
                    self.sources().entry(Arc::clone(&url)).or_default().tried_at = Some(now);
                    let (this, url) = (self.clone(), Arc::clone(&url));
                    Ok::<_, std::convert::Infallible>(
                        async move { this.fetch_now(&url, now).await },
                    )
                });
                // Those beyond the limit are due the next time.
                asked.ok()
            } else {
                self.fetches.under_way(&url)
            };
            fetches.extend(fetch);
        }
        for fetch in fetches {
            landed(fetch).await;
        }
    }

    fn is_due(&self, url: &str, age_max: Duration, now: Duration) -> bool {
        let sources = self.sources();
        let Some(source) = sources.get(url) else { return true };
        let age_max = if source.fetched.is_some() { age_max } else { EARLIEST };
        source.tried_at.is_none_or(|tried_at| now >= tried_at + age_max)
    }

    async fn fetch_now(&self, url: &Arc<str>, now: Duration) {
        let host = parse_url(url).ok().and_then(|url| url.host().map(str::to_owned));
        let fetched = self.get(url).await;
        let mut sources = self.sources();
        let Some(source) = sources.get_mut(url) else { return };
        match fetched {
            Ok((text, keys)) => {
                let known = source.fetched.as_ref().map(|fetched| &fetched.text);
                if known != Some(&text) {
                    info!(host, keys = keys.len(), "an issuer's keys were fetched");
                    self.version.fetch_add(1, Ordering::AcqRel);
                }
                source.fetched = Some(Fetched { at: now, text, keys: Arc::new(keys) });
            }
            Err(error) => warn!(host, %error, "an issuer's keys cannot be fetched"),
        }
    }

    async fn get(&self, url: &str) -> Result<(Bytes, Jwks), FetchError> {
        let url = trusted_url(url)?;
        let request = Request::get(url).header(ACCEPT, "application/json").body(Full::default());
        let request = request.map_err(|error| OutboundError::Network(error.to_string()))?;
        let allowance = Allowance { time_max: TIME_MAX, bytes_max: JWKS_BYTES_MAX };
        let outbound = self.outbound.get_or_init(|| Outbound::new(None)).clone()?;
        let text = outbound.send(request, allowance).await?;
        let keys = Jwks::parse(&text)?;
        Ok((text, keys))
    }

    fn sources(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, Source>> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Published {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Published({} URLs)", self.sources().len())
    }
}

/// Where the keys of a trusted key are.
pub(crate) fn url(key: &TrustedKey) -> Option<&str> {
    match &key.kind {
        TrustedKind::Jwks { url, .. } if key.revoked_at_ms.is_none() => Some(url),
        TrustedKind::Jwks { .. }
        | TrustedKind::Jwt { .. }
        | TrustedKind::Path
        | TrustedKind::Alibaba { .. }
        | TrustedKind::Akamai
        | TrustedKind::CloudFront { .. } => None,
    }
}

/// Reads a URL whose answer is believed: https, or this machine itself.
fn trusted_url(text: &str) -> Result<Uri, UrlError> {
    let url = parse_url(text)?;
    let host = url.host().unwrap_or_default();
    let is_here = matches!(host, "127.0.0.1" | "[::1]" | "localhost");
    if url.scheme_str() == Some("https") || is_here { Ok(url) } else { Err(UrlError::Plain) }
}

/// Whether keys can be fetched from there: by https, or from this machine itself.
///
/// # Errors
///
/// Why they cannot.
pub fn check_jwks_url(url: &str) -> Result<(), UrlError> {
    trusted_url(url).map(drop)
}

#[cfg(test)]
mod tests;
