//! A service with two organisations, for tests.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use accounts::{Notice, OrganisationId, Role, User};
use async_trait::async_trait;
use database::{DatabaseUrl, SqlDatabase};
use journal::{Bus, JournalError, Notices};
use runtime::Secret;
use serde_json::{Map, Value};
use store::PrivateMemory;
use tempfile::TempDir;
use timeline::StreamName;

use crate::{
    Actor, Caller, Clock, Letter, MailError, Mailer, NewUser, OptionsCheck, Parts, Recordings,
    Service, Settings, StreamRemover,
};

/// Everybody's password, unless a test says another.
pub(crate) const PASSWORD: &str = "correct horse battery";
/// When tests begin.
pub(crate) const START_MS: i64 = 1_700_000_000_000;

/// A service, what it is made of, and what left it.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) service: Service,
    pub(crate) clock: Clock,
    pub(crate) letters: Arc<Postbox>,
    pub(crate) told: Arc<Told>,
    /// Two organisations, `a` and `b`, that know nothing of one another.
    pub(crate) a: OrganisationId,
    pub(crate) b: OrganisationId,
    _folder: TempDir,
}

impl Bench {
    /// A service with a clock that stands, keys to sign with, and two organisations.
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("weir.db").display());
        let database = SqlDatabase::open(&DatabaseUrl::parse(&url).unwrap(), None).await.unwrap();
        let clock = Clock::standing_at(START_MS);
        let (letters, told) = (Arc::<Postbox>::default(), Arc::<Told>::default());
        let service = Service::new(Parts {
            database: Arc::new(database),
            bus: Arc::clone(&told) as _,
            mailer: Arc::clone(&letters) as _,
            evidence: Arc::<PrivateMemory>::default(),
            options: Arc::new(Nothing),
            remover: Arc::new(Nothing),
            settings: Settings { password_memory_kib: 64, ..Settings::default() },
            clock: clock.clone(),
        });
        service.prepare_signing_keys().await.unwrap();
        let a = service.create_organisation(&Actor::Local, "a").await.unwrap().id;
        // Ids of one moment are in no order.
        clock.advance(Duration::from_millis(1));
        let b = service.create_organisation(&Actor::Local, "b").await.unwrap().id;
        Self { service, clock, letters, told, a, b, _folder: folder }
    }

    /// A user of an organisation with [`PASSWORD`]; the address is `<name>@<a or b>.example`.
    pub(crate) async fn user(&self, of: &OrganisationId, name: &str, role: Role) -> User {
        let domain = if *of == self.a { "a" } else { "b" };
        let email = format!("{name}@{domain}.example");
        let new = NewUser { email, name: name.to_owned(), role };
        let password = Secret::new(PASSWORD);
        self.service.create_user(&Actor::Local, of, &new, &password).await.unwrap()
    }

    /// A new user of an organisation, as who asks.
    pub(crate) async fn actor(&self, of: &OrganisationId, name: &str, role: Role) -> Actor {
        as_actor(&self.user(of, name, role).await)
    }
}

/// A user who signed in.
pub(crate) fn as_actor(user: &User) -> Actor {
    let User { organisation, id, role, .. } = user.clone();
    Actor::User { organisation, user: id, role }
}

/// Somebody at an address.
pub(crate) fn from(address: &str) -> Caller {
    Caller { address: Some(address.parse().unwrap()), agent: "Browser 1.0".to_owned() }
}

/// Keeps letters.
#[derive(Debug, Default)]
pub(crate) struct Postbox(Mutex<Vec<Letter>>);

impl Postbox {
    /// The letters that came since it was emptied last.
    pub(crate) fn empty(&self) -> Vec<Letter> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }

    /// The secret of the link in the one letter that came.
    pub(crate) fn secret(&self) -> Secret {
        let [letter] = self.empty().try_into().unwrap();
        let link = letter.body.lines().find(|line| line.starts_with("http")).unwrap();
        secret_of(link)
    }
}

/// What a link has behind its number sign.
pub(crate) fn secret_of(link: &str) -> Secret {
    Secret::new(link.split_once('#').unwrap().1)
}

#[async_trait]
impl Mailer for Postbox {
    async fn send(&self, letter: &Letter) -> Result<(), MailError> {
        self.0.lock().unwrap().push(letter.clone());
        Ok(())
    }
}

/// Keeps what every node was told.
#[derive(Debug, Default)]
pub(crate) struct Told(Mutex<Vec<Notice>>);

impl Told {
    /// What was told since it was asked last.
    pub(crate) fn since(&self) -> Vec<Notice> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

#[async_trait]
impl Bus for Told {
    async fn publish(&self, notice: &Notice) -> Result<(), JournalError> {
        self.0.lock().unwrap().push(notice.clone());
        Ok(())
    }

    async fn listen(&self) -> Result<Box<dyn Notices>, JournalError> {
        unreachable!("the service tells, and does not listen")
    }
}

/// Takes any option, and removes nothing.
#[derive(Debug)]
struct Nothing;

impl OptionsCheck for Nothing {
    fn check_app(&self, _: &str) -> Result<(), String> {
        Ok(())
    }

    fn check(&self, _: &Map<String, Value>) -> Result<(), String> {
        Ok(())
    }
}

#[async_trait]
impl StreamRemover for Nothing {
    async fn remove(
        &self,
        _: &StreamName,
        _: Recordings,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        Ok(())
    }
}
