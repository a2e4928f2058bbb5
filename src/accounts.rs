//! Commands about accounts: they work on the database itself, beside a server or without one.

mod devices;
mod keys;
mod orgs;
mod streams;
mod table;
mod tokens;
mod trust;
mod users;

use std::sync::Arc;
use std::time::Duration;

use accounts::{OrganisationId, User, UserId};
use anyhow::{Context, bail};
use auth_service::{Actor, Service};
use journal::{Durability, Journal, SqliteJournal};
use parts::Hub;
use playlist::Playlist;
use runtime::unix_ms;
use serde_json::Value;
use store::{LiveFirst, LiveMemory};
use timeline::StreamName;

use self::table::Table;
use crate::announce::print;
use crate::cli::{Command, Common, Kept};
use crate::config::{Config, load};
use crate::data_dir::Ports;
use crate::wire::{Accounts, Addresses, Remover, Stores, open_store};

/// Whoever runs commands can read the files anyway.
const ACTOR: &Actor = &Actor::Local;

/// Runs a command about accounts.
pub(crate) fn run(command: Command) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("start the runtime")?;
    runtime.block_on(async {
        match command {
            Command::Stream(command) => streams::run(*command).await,
            Command::Template(command) => orgs::template(command).await,
            Command::Key(command) => keys::run(command).await,
            Command::Token(command) => tokens::run(command).await,
            Command::Trust(command) => trust::run(command).await,
            Command::User(command) => users::run(command).await,
            Command::Device(command) => devices::run(command).await,
            Command::Org(command) => orgs::run(command).await,
            Command::ApiKey(command) => orgs::api_key(command).await,
            Command::Up(_)
            | Command::Recording(_)
            | Command::Clip(_)
            | Command::Janitor(_)
            | Command::Check(_)
            | Command::Doctor(_)
            | Command::Config
            | Command::Completions { .. } => bail!("this command is not about accounts"),
        }
    })
}

/// The accounts of a server, and how answers are printed.
struct Desk {
    config: Config,
    service: Service,
    accounts: Accounts,
    json: bool,
}

impl Desk {
    async fn open(kept: &Kept) -> anyhow::Result<Self> {
        Self::of(&kept.common, kept.json).await
    }

    async fn of(common: &Common, json: bool) -> anyhow::Result<Self> {
        let config = load(common, Vec::new(), false)?;
        if config.database.file().is_some_and(|file| !file.exists()) {
            bail!(
                "there is nothing in {}: start the server once with `weir up`, or name its folder \
                 with --data",
                config.data.display()
            );
        }
        let accounts = Accounts::open(&config).await?;
        let Stores { store, evidence } = open_store(&config.store).await?;
        let journal = SqliteJournal::open(&config.journal, Durability::default()).await;
        let journal: Arc<dyn Journal> = Arc::new(journal.context("open the journal")?);
        let objects =
            LiveFirst { memory: Arc::new(LiveMemory::new(0)), spool: None, store, elsewhere: None };
        let parts = Arc::new(Hub::default());
        let playlist = Playlist::new(config.playlist, journal, Arc::new(objects), parts);
        let remover = Arc::new(Remover(Arc::clone(playlist.recordings())));
        // Where a server that runs is, or else where one would be.
        let addresses = match Ports::of_server(&config.data) {
            Ok(Ports { http, rtmp, .. }) => Addresses { http, rtmp },
            Err(_) => Addresses { http: config.http, rtmp: config.rtmp },
        };
        let service = accounts.service(&config, addresses, evidence, remover)?;
        Ok(Self { config, service, accounts, json })
    }

    /// Prints JSON, or in words.
    fn show(&self, json: &Value, in_words: impl FnOnce() -> String) -> anyhow::Result<()> {
        if self.json {
            return print(&format!("{}\n", serde_json::to_string_pretty(json)?));
        }
        print(&in_words())
    }

    /// Prints JSON, or a table.
    fn list(&self, json: &[Value], table: &Table) -> anyhow::Result<()> {
        self.show(&Value::from(json.to_vec()), || table.to_string())
    }

    /// The organisation that is meant; without a word the only one there is.
    async fn organisation(&self, named: Option<&str>) -> anyhow::Result<OrganisationId> {
        let all = self.service.organisations(ACTOR).await?;
        let names = || all.iter().map(|it| it.name.as_str()).collect::<Vec<_>>().join(", ");
        match named {
            Some(named) => {
                let mut found = all.iter().filter(|it| it.name == named || it.id.as_str() == named);
                let found = found.next().map(|it| it.id.clone());
                found.with_context(|| format!("there is no organisation {named}, only {}", names()))
            }
            None => match all.as_slice() {
                [only] => Ok(only.id.clone()),
                [] => bail!("there is no organisation: make one with `weir org create`"),
                _ => bail!("say which organisation with --org: {}", names()),
            },
        }
    }

    /// The user that is meant, by address or id.
    async fn user(&self, named: &str) -> anyhow::Result<User> {
        let nobody = || format!("there is no user {named}; see `weir user list`");
        let found = match named.parse::<UserId>() {
            Ok(id) => self.accounts.database.user(&id).await?,
            Err(_) => self.accounts.database.user_by_email(&named.to_lowercase()).await?,
        };
        found.with_context(nobody)
    }

    /// `main` is a stream of the first application, `live/main` names its own.
    fn stream(&self, text: &str) -> anyhow::Result<StreamName> {
        let name = match (text.contains('/'), self.config.apps.first()) {
            (false, Some(app)) => StreamName::new(app, text),
            (true, _) | (_, None) => StreamName::parse(text),
        };
        name.with_context(|| format!("{text:?} is no stream's name"))
    }
}

/// A moment, as people read it.
fn date(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms)
        .map_or_else(|_| ms.to_string(), |date| format!("{date:.0}"))
}

/// Whether something is good, for a table.
fn state(revoked_at_ms: Option<i64>, expires_at_ms: Option<i64>) -> String {
    match (revoked_at_ms, expires_at_ms) {
        (Some(at_ms), _) => format!("revoked {}", date(at_ms)),
        (None, Some(at_ms)) if at_ms <= unix_ms() => format!("ended {}", date(at_ms)),
        (None, Some(at_ms)) => format!("until {}", date(at_ms)),
        (None, None) => "good".to_owned(),
    }
}

/// A moment from now, in milliseconds since the Unix epoch.
fn later_ms(after: Duration) -> i64 {
    unix_ms().saturating_add(i64::try_from(after.as_millis()).unwrap_or(i64::MAX))
}
