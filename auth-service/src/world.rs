//! Two organisations with everybody who can be in one, for tests.

use std::sync::{Arc, Mutex};

use accounts::{
    Notice, Organisation, OrganisationId, Role, Status, StreamKeyRecord, StreamObject, User,
    UserId, Verified,
};
use async_trait::async_trait;
use database::{DatabaseUrl, Organisations, SqlDatabase, StreamKey, Users};
use journal::{Bus, Heard, MemoryBus, Notices};
use serde_json::{Map, Value};
use store::PrivateMemory;
use timeline::StreamName;

use crate::{
    Actor, Clock, Database, Letter, MailError, Mailer, NewStream, NewStreamKey, OptionsCheck,
    Parts, Recordings, Service, ServiceError, Settings, StreamRemover,
};

/// When the tests begin, in milliseconds since the Unix epoch.
pub(crate) const START_MS: i64 = 1_800_000_000_000;

/// A service with organisations `a` and `b`.
pub(crate) struct World {
    pub(crate) service: Service,
    pub(crate) database: Arc<dyn Database>,
    pub(crate) clock: Clock,
    pub(crate) evidence: Arc<PrivateMemory>,
    pub(crate) remover: Arc<Removals>,
    pub(crate) a: Organised,
    pub(crate) b: Organised,
    notices: tokio::sync::Mutex<Box<dyn Notices>>,
    _folder: tempfile::TempDir,
}

/// An organisation.
pub(crate) struct Organised {
    pub(crate) id: OrganisationId,
    users: Vec<User>,
}

impl World {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::Sqlite(folder.path().join("weir.db"));
        let database = Arc::new(SqlDatabase::open(&url, None).await.unwrap());
        let a = Organised::new(&database, 1).await;
        let b = Organised::new(&database, 2).await;
        let (clock, bus) = (Clock::standing_at(START_MS), MemoryBus::default());
        let notices = bus.listen().await.unwrap();
        let (evidence, remover) = (Arc::<PrivateMemory>::default(), Arc::<Removals>::default());
        let settings = Settings { password_memory_kib: 64, ..Settings::default() };
        let service = Service::new(Parts {
            database: database.clone(),
            bus: Arc::new(bus),
            mailer: Arc::new(NoMailer),
            evidence: evidence.clone(),
            options: Arc::new(Options),
            remover: remover.clone(),
            settings,
            clock: clock.clone(),
        });
        service.prepare_signing_keys().await.unwrap();
        let notices = tokio::sync::Mutex::new(notices);
        let world =
            Self { service, database, clock, evidence, remover, a, b, notices, _folder: folder };
        world.heard().await;
        world
    }

    /// What was told to all nodes since the last question, in short.
    pub(crate) async fn heard(&self) -> Vec<String> {
        let mut notices = self.notices.lock().await;
        let mut heard = Vec::new();
        loop {
            tokio::select! {
                biased;
                next = notices.next() => heard.push(match next {
                    Heard::Notice(Notice::Revoked { revocation }) => {
                        format!("revoked {:?}", revocation.revoked)
                    }
                    Heard::Notice(notice) => format!("{notice:?}"),
                    Heard::Missed => "missed".to_owned(),
                }),
                () = std::future::ready(()) => return heard,
            }
        }
    }

    /// A stream of organisation `a`, or of `b` if its name begins so, made at the machine.
    pub(crate) async fn stream(&self, name: &str, owner: Option<Role>) -> StreamObject {
        let is_b = name.starts_with("live/b");
        let organised = if is_b { &self.b } else { &self.a };
        let owner = owner.map(|role| organised.user(role).id.clone());
        let new = NewStream::named(stream(name), organised.id.clone());
        let new = NewStream { owner, ..new };
        self.service.create_stream(&Actor::Local, new).await.unwrap()
    }

    /// A key of a stream, made at the machine.
    pub(crate) async fn key(&self, name: &str) -> (StreamKeyRecord, StreamKey) {
        let new = NewStreamKey::of(stream(name));
        self.service.create_stream_key(&Actor::Local, new).await.unwrap()
    }

    pub(crate) async fn user(&self, role: Role) -> User {
        self.database.user(&self.a.user(role).id).await.unwrap().unwrap()
    }
}

impl Organised {
    async fn new(database: &SqlDatabase, number: u8) -> Self {
        let id = OrganisationId::new(START_MS, [number; 10]);
        let name = format!("Organisation {number}");
        let organisation =
            Organisation { id: id.clone(), name, created_at_ms: START_MS, version: 1 };
        database.create_organisation(&organisation).await.unwrap();
        let mut users = Vec::new();
        for (at, role) in Role::ALL.into_iter().enumerate() {
            let user = User {
                id: UserId::new(START_MS, [number * 16 + u8::try_from(at).unwrap(); 10]),
                organisation: id.clone(),
                email: format!("{}@{number}.example", role.name()),
                name: role.name().to_owned(),
                role,
                status: Status::Active,
                password: None,
                email_verified_at_ms: None,
                verified: Verified::Unverified,
                failed_logins: 0,
                locked_until_ms: None,
                devices_max: None,
                streams_max: None,
                created_at_ms: START_MS,
                version: 1,
            };
            database.create_user(&user).await.unwrap();
            users.push(user);
        }
        Self { id, users }
    }

    pub(crate) fn user(&self, role: Role) -> &User {
        self.users.iter().find(|user| user.role == role).unwrap()
    }

    /// Somebody of it who signed in.
    pub(crate) fn actor(&self, role: Role) -> Actor {
        let user = self.user(role).id.clone();
        Actor::User { organisation: self.id.clone(), user, role }
    }
}

pub(crate) fn stream(name: &str) -> StreamName {
    StreamName::parse(name).unwrap()
}

/// `{"window": 5}` and the like.
pub(crate) fn options(json: &str) -> Map<String, Value> {
    serde_json::from_str(json).unwrap()
}

/// What came of something, in a word or its sentence.
pub(crate) fn outcome<T>(result: Result<T, ServiceError>) -> String {
    match result {
        Ok(_) => "done".to_owned(),
        Err(ServiceError::NotFound) => "not found".to_owned(),
        Err(ServiceError::Forbidden { .. }) => "forbidden".to_owned(),
        Err(ServiceError::Unavailable(error)) => format!("unavailable: {error}"),
        Err(error) => error.to_string(),
    }
}

/// Streams are pushed to `live`, and have a `window` of at most 100 that is not larger than `dvr`.
#[derive(Debug)]
struct Options;

impl OptionsCheck for Options {
    fn check_app(&self, app: &str) -> Result<(), String> {
        if app == "live" { Ok(()) } else { Err("streams are pushed to live".to_owned()) }
    }

    fn check(&self, options: &Map<String, Value>) -> Result<(), String> {
        let number = |key: &str| options.get(key).and_then(Value::as_u64);
        if let Some(key) = options.keys().find(|key| !["window", "dvr"].contains(&key.as_str())) {
            return Err(format!("there is no option {key}"));
        }
        match (number("window"), number("dvr")) {
            (Some(101..), _) => Err("window: 100 at most".to_owned()),
            (Some(window), Some(dvr)) if window > dvr => {
                Err("window: not more than dvr".to_owned())
            }
            _ => Ok(()),
        }
    }
}

/// What was to be removed; while it is away, nothing is.
#[derive(Debug, Default)]
pub(crate) struct Removals {
    pub(crate) removed: Mutex<Vec<(StreamName, Recordings)>>,
    pub(crate) is_away: Mutex<bool>,
}

#[async_trait]
impl StreamRemover for Removals {
    async fn remove(
        &self,
        stream: &StreamName,
        recordings: Recordings,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        if *self.is_away.lock().unwrap() {
            return Err("the playlist role is away".into());
        }
        self.removed.lock().unwrap().push((stream.clone(), recordings));
        Ok(())
    }
}

#[derive(Debug)]
struct NoMailer;

#[async_trait]
impl Mailer for NoMailer {
    async fn send(&self, _: &Letter) -> Result<(), MailError> {
        Ok(())
    }
}
