//! The service, and what it is made of.

use std::sync::Arc;
use std::time::Duration;

use accounts::OrganisationId;
use accounts::Permission;
use journal::Bus;
use moka::sync::Cache;
use store::PrivateStore;
use tokio::sync::Mutex;

use crate::attempts::Strangers;
use crate::background::Background;
use crate::limits::Limits;
use crate::mistakes::Mistaken;
use crate::passwords::Passwords;
use crate::{Actor, Clock, Database, Mailer, OptionsCheck, ServiceError, Settings, StreamRemover};

/// Passwords of streams that are remembered: one for each stream that is begun these days.
const UNLOCKED_MAX: u64 = 4_096;

/// Changes accounts, and says who somebody is. Each method takes the [`Actor`] who asks first, and
/// does nothing outside the actor's organisation.
///
/// Its methods are in files by subject.
#[derive(Clone, Debug)]
pub struct Service {
    pub(crate) database: Arc<dyn Database>,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) mailer: Arc<dyn Mailer>,
    pub(crate) evidence: Arc<dyn PrivateStore>,
    pub(crate) options: Arc<dyn OptionsCheck>,
    pub(crate) remover: Arc<dyn StreamRemover>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) clock: Clock,
    pub(crate) limits: Limits,
    pub(crate) passwords: Passwords,
    pub(crate) strangers: Strangers,
    pub(crate) background: Background,
    pub(crate) mistakes: Arc<Mistaken>,
    /// Passwords of streams that were right lately, by their keyed hash.
    pub(crate) unlocked: Cache<String, ()>,
    /// Held while it is looked whether another owner is left.
    pub(crate) owners: Arc<Mutex<()>>,
}

/// What a [`Service`] is made of.
#[derive(Clone, Debug)]
pub struct Parts {
    /// Where accounts are kept.
    pub database: Arc<dyn Database>,
    /// What tells every node of changes.
    pub bus: Arc<dyn Bus>,
    /// What sends letters.
    pub mailer: Arc<dyn Mailer>,
    /// Where evidence of users is kept.
    pub evidence: Arc<dyn PrivateStore>,
    /// What knows the options that streams may have.
    pub options: Arc<dyn OptionsCheck>,
    /// What removes the rest of a deleted stream.
    pub remover: Arc<dyn StreamRemover>,
    /// What it is told once.
    pub settings: Settings,
    /// What time it is.
    pub clock: Clock,
}

impl Service {
    /// A service of these parts. Clones of it are the same one.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let Parts { database, bus, mailer, evidence, options, remover, settings, clock } = parts;
        Self {
            database,
            bus,
            mailer,
            evidence,
            options,
            remover,
            limits: Limits::new(&clock),
            passwords: Passwords::new(settings.password_memory_kib),
            strangers: Strangers::default(),
            background: Background::default(),
            mistakes: Arc::default(),
            unlocked: Cache::new(UNLOCKED_MAX),
            owners: Arc::new(Mutex::new(())),
            settings: Arc::new(settings),
            clock,
        }
    }

    /// What it was told at the start.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Waits for the letters that are underway: before the server ends.
    pub async fn finish(&self) {
        self.background.finish().await;
    }

    /// Now, in milliseconds since the Unix epoch.
    pub(crate) fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    /// A moment from now, in milliseconds since the Unix epoch.
    pub(crate) fn in_ms(&self, after: Duration) -> i64 {
        let after_ms = i64::try_from(after.as_millis()).unwrap_or(i64::MAX);
        self.now_ms().saturating_add(after_ms)
    }

    /// Whether `actor` has `all`, or `own` and is the one whom `owner` names.
    ///
    /// # Errors
    ///
    /// As [`Actor::needs`] says of `all`.
    pub(crate) fn needs_all_or_own(
        actor: &Actor,
        organisation: &OrganisationId,
        owner: Option<&accounts::UserId>,
        (all, own): (Permission, Permission),
    ) -> Result<(), ServiceError> {
        match actor.needs(all, organisation) {
            Ok(()) => Ok(()),
            Err(error) if actor.user().is_none() || actor.user() != owner => Err(error),
            Err(_) => actor.needs(own, organisation),
        }
    }
}
