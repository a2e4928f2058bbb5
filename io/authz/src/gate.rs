//! Who may watch, by what the directory says.
//!
//! Keys, revocations and policies are held in memory, so a token is verified where it is used, also
//! while the database is away. A token is verified once; what is left for each request is whether
//! it is still good, opens this stream, may be used here, and was not revoked.

mod decide;
mod known;
#[cfg(test)]
mod tests;

use std::fmt;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use accounts::{Notice, OrganisationId, TrustedKey};
use arc_swap::ArcSwapOption;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

use self::known::Tokens;
use crate::policies::Policies;
use crate::published::Published;
use crate::revoked::Revoked;
use crate::sessions::Sessions;
use crate::trust::Trust;
use crate::{BoxError, Directory, Hook, Pass};

/// How often keys and revocations are read again. Changes are told by the bus; this is for what it
/// loses.
const RELOAD: Duration = Duration::from_secs(30);
/// How soon a read that failed is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// How long a read may take.
const READ_TIME_MAX: Duration = Duration::from_secs(10);
/// Viewers' sessions are counted in as many places, so that cores do not wait for each other.
const SHARDS: usize = 16;

/// Decides who may watch by the policies, keys and revocations of a [`Directory`].
pub struct Gate {
    directory: Arc<dyn Directory>,
    hook: Option<Hook>,
    policies: Policies,
    /// Nothing before it was read once: no token is good then.
    trust: ArcSwapOption<Trust>,
    /// What `trust` was made of.
    keys: tokio::sync::Mutex<Vec<TrustedKey>>,
    published: Published,
    revoked: Revoked,
    /// Whether revocations were read once: no token is good before.
    knows_revoked: AtomicBool,
    tokens: Tokens,
    sessions: [Mutex<Sessions>; SHARDS],
    passes: Passes,
    changed: Notify,
    started: Instant,
}

/// Passes of viewers who show no token.
struct Passes {
    listed: Arc<Pass>,
    unlisted: Arc<Pass>,
}

impl Gate {
    /// Lets in whom `directory` lets in, and `hook` where a policy asks it. No token is good before
    /// [`run`](Self::run) has read the keys.
    #[must_use]
    pub fn new(directory: Arc<dyn Directory>, hook: Option<Hook>) -> Self {
        let unlisted = Pass { unlisted: true, ..Pass::default() };
        Self {
            policies: Policies::new(Arc::clone(&directory)),
            directory,
            hook,
            trust: ArcSwapOption::empty(),
            keys: tokio::sync::Mutex::default(),
            published: Published::new(),
            revoked: Revoked::default(),
            knows_revoked: AtomicBool::new(false),
            tokens: Tokens::new(),
            sessions: std::array::from_fn(|_| Mutex::new(Sessions::new())),
            passes: Passes { listed: Arc::default(), unlisted: Arc::new(unlisted) },
            changed: Notify::new(),
            started: Instant::now(),
        }
    }

    /// Takes what the bus tells. It holds from now on; keys are read as soon as [`run`](Self::run)
    /// comes to it.
    pub fn notice(&self, notice: &Notice) {
        match notice {
            Notice::Revoked { revocation } => {
                self.revoked.add(revocation, self.started.elapsed());
            }
            Notice::StreamChanged { stream } => self.policies.forget(stream),
            Notice::KeysChanged => self.changed.notify_one(),
            // A template's policy is for streams that are made later.
            Notice::TemplateChanged { .. } | Notice::Unknown => {}
        }
    }

    /// The bus may have told something that did not come: everything is read anew.
    pub fn missed(&self) {
        self.policies.sweep();
        self.changed.notify_one();
    }

    /// Keeps keys and revocations as the directory has them, until `stopped`.
    pub async fn run(&self, stopped: impl Future<Output = ()>) {
        let mut stopped = pin!(stopped);
        let mut failing = false;
        loop {
            let reload = async {
                let reloaded = self.reload().await;
                if let Err(error) = &reloaded
                    && !failing
                {
                    warn!(%error, "keys and revocations cannot be read; what was read last holds");
                }
                if reloaded.is_ok() && failing {
                    info!("keys and revocations are read again");
                }
                failing = reloaded.is_err();
                let wait = if failing { RETRY } else { RELOAD };
                tokio::select! {
                    () = sleep(wait) => {}
                    () = self.changed.notified() => {}
                }
            };
            tokio::select! {
                () = &mut stopped => return,
                () = reload => {}
            }
        }
    }

    /// Reads keys and revocations.
    ///
    /// # Errors
    ///
    /// When one of them cannot be read: what was read of it last holds on.
    pub async fn reload(&self) -> Result<(), BoxError> {
        let (revocations, keys) = tokio::join!(self.reload_revocations(), self.reload_keys());
        revocations.and(keys)
    }

    async fn reload_revocations(&self) -> Result<(), BoxError> {
        let read = timeout(READ_TIME_MAX, self.directory.revocations()).await??;
        self.revoked.replace(&read, self.started.elapsed());
        self.knows_revoked.store(true, Ordering::Release);
        Ok(())
    }

    async fn reload_keys(&self) -> Result<(), BoxError> {
        let read = timeout(READ_TIME_MAX, self.directory.trusted_keys()).await??;
        let mut keys = self.keys.lock().await;
        if *keys != read {
            *keys = read;
            self.trust_anew(&keys);
        }
        let now = keys.clone();
        drop(keys);
        // Whoever publishes keys may take a while to answer.
        self.published.refresh(&now, self.started.elapsed()).await;
        self.take_published().await;
        Ok(())
    }

    /// Looks whether somebody publishes new keys for an organisation.
    async fn look_for_more(&self, trust: &Trust, organisation: &OrganisationId) -> bool {
        let sets = trust.sets(organisation);
        if sets.is_empty() {
            return false;
        }
        self.published.look_for_more(&sets, self.started.elapsed()).await;
        self.take_published().await;
        self.trust.load().as_ref().is_some_and(|now| now.generation != trust.generation)
    }

    /// Trusts what was published since.
    async fn take_published(&self) {
        let keys = self.keys.lock().await;
        let version = self.published.version();
        if self.trust.load().as_ref().is_none_or(|trust| trust.published != version) {
            self.trust_anew(&keys);
        }
    }

    /// Trusts `keys`, which whoever calls has locked.
    fn trust_anew(&self, keys: &[TrustedKey]) {
        let generation = self.trust.load().as_ref().map_or(0, |trust| trust.generation + 1);
        let (trust, bad) = Trust::new(keys, &self.published, generation);
        for (id, error) in bad {
            warn!(key = %id, %error, "a trusted key verifies nothing");
        }
        self.trust.store(Some(Arc::new(trust)));
        self.tokens.forget();
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { policies, revoked, hook, .. } = self;
        write!(f, "Gate({policies:?} {revoked:?} {hook:?})")
    }
}
