//! `weir stream …`: streams and their keys.

use std::sync::Arc;

use std::time::{SystemTime, UNIX_EPOCH};

use accounts::{KeyId, Organisation, OrganisationId, StreamKeyRecord, StreamObject, StreamPolicy};
use anyhow::{Context, bail};
use database::{
    Database, DatabaseError, DatabaseUrl, Page, SqlDatabase, StreamFilter, StreamKey,
};
use timeline::StreamName;

use crate::announce::print;
use crate::cli::{self, Common};
use crate::config::{Config, Sources};

/// The organisation that streams belong to unless they are made for another one.
const ORGANISATION: &str = "default";

/// A stream with its key.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) name: StreamName,
    pub(crate) key: StreamKey,
    /// Whether it has just been made.
    pub(crate) is_new: bool,
}

impl Stream {
    /// The stream of this name, made if there is none.
    pub(crate) async fn open(
        database: &Arc<dyn Database>,
        name: &StreamName,
    ) -> anyhow::Result<Self> {
        let organisation = organisation(database).await.context("make the first organisation")?;
        let new = StreamObject {
            name: name.clone(),
            organisation: organisation.clone(),
            owner: None,
            title: String::new(),
            template: None,
            options: serde_json::Map::new(),
            policy: StreamPolicy::default(),
            password: None,
            created_at_ms: now_ms(),
            version: 1,
        };
        let is_new = match database.create_stream(&new).await {
            Ok(()) => true,
            Err(DatabaseError::Taken { .. }) => false,
            Err(error) => return Err(error).context("make a stream"),
        };
        // A stream without one: the process that made it did not come to its key.
        let key = match good_key(database, name).await? {
            Some(key) => key,
            None => make_key(database, name).await.context("make a stream's key")?,
        };
        Ok(Self { name: name.clone(), key, is_new })
    }
}

/// The organisation of streams that are made here, made if there is none.
async fn organisation(database: &Arc<dyn Database>) -> anyhow::Result<OrganisationId> {
    let new = Organisation {
        id: OrganisationId::new(now_ms(), random()?),
        name: ORGANISATION.to_owned(),
        created_at_ms: now_ms(),
        version: 1,
    };
    match database.create_organisation(&new).await {
        Ok(()) => return Ok(new.id),
        Err(DatabaseError::Taken { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let all = database.organisations().await?;
    let found = all.into_iter().find(|organisation| organisation.name == ORGANISATION);
    found.map(|organisation| organisation.id).context("the organisation `default` is gone")
}

/// The newest key of a stream that is good now.
async fn good_key(
    database: &Arc<dyn Database>,
    name: &StreamName,
) -> anyhow::Result<Option<StreamKey>> {
    let keys = database.stream_keys(name).await.context("read a stream's keys")?;
    let good = keys.iter().rfind(|key| is_good(key));
    Ok(good.map(|key| database.reveal_stream_key(&key.id)))
}

async fn make_key(database: &Arc<dyn Database>, name: &StreamName) -> anyhow::Result<StreamKey> {
    let stream = database.stream(name).await?.with_context(|| format!("there is no {name}"))?;
    let record = StreamKeyRecord {
        id: KeyId::new(now_ms(), random()?),
        stream: stream.name,
        organisation: stream.organisation,
        label: String::new(),
        user: None,
        device: None,
        addresses: Vec::new(),
        created_at_ms: now_ms(),
        expires_at_ms: None,
        last_used_ms: None,
        revoked_at_ms: None,
    };
    Ok(database.create_stream_key(&record).await?)
}

/// Whether a key is neither revoked nor over.
pub(crate) fn is_good(key: &StreamKeyRecord) -> bool {
    key.revoked_at_ms.is_none() && key.expires_at_ms.is_none_or(|end| end > now_ms())
}

fn random() -> anyhow::Result<[u8; 10]> {
    let mut bytes = [0; 10];
    getrandom::fill(&mut bytes).context("draw random bytes")?;
    Ok(bytes)
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Reads and checks the configuration of this start.
pub(crate) fn configuration(
    common: &Common,
    mut flags: Vec<(&'static str, String)>,
    is_open: bool,
) -> anyhow::Result<Config> {
    let file = match &common.config {
        None => None,
        Some(path) => {
            let text = std::fs::read_to_string(path);
            Some((path.clone(), text.with_context(|| format!("read {}", path.display()))?))
        }
    };
    if let Some(data) = &common.data {
        flags.push(("data", data.display().to_string()));
    }
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let sources =
        Sources { file, environment: environment.collect(), set: common.set.clone(), flags };
    Ok(Config::check(sources.read()?, is_open)?)
}

/// Runs a `weir stream` command. A server may be running on the same database.
pub(crate) fn run(command: cli::Stream) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match command {
            cli::Stream::Create(name) => create(&name).await,
            cli::Stream::Key(name) => key(&name).await,
            cli::Stream::List(common) => list(&common).await,
        }
    })
}

async fn create(name: &cli::Name) -> anyhow::Result<()> {
    let config = configuration(&name.common, Vec::new(), false)?;
    let wanted = stream_name(&config, &name.name)?;
    if !config.apps.iter().any(|app| app == wanted.app()) {
        bail!(
            "streams are pushed to {}, not to {}: choose one of these, or add it to ingest.apps",
            config.apps.join(", "),
            wanted.app()
        );
    }
    let stream = Stream::open(&open(&config).await?, &wanted).await?;
    if !stream.is_new {
        bail!("the stream {} is there already; see: weir stream key {}", stream.name, name.name);
    }
    print(&format!("Stream      {}\nStream key  {}\n", stream.name, stream.key.reveal()))
}

async fn key(name: &cli::Name) -> anyhow::Result<()> {
    let config = configuration(&name.common, Vec::new(), false)?;
    let stream = stream_name(&config, &name.name)?;
    match good_key(&open(&config).await?, &stream).await? {
        Some(key) => print(&format!("{}\n", key.reveal())),
        None => {
            bail!("there is no stream {stream}; make it with: weir stream create {}", name.name)
        }
    }
}

async fn list(common: &Common) -> anyhow::Result<()> {
    let config = configuration(common, Vec::new(), false)?;
    let streams = open(&config).await?.streams(&StreamFilter::default(), &Page::ALL).await?;
    let names: String = streams.iter().map(|stream| format!("{}\n", stream.name)).collect();
    print(&names)
}

async fn open(config: &Config) -> anyhow::Result<Arc<dyn Database>> {
    if !config.database.exists() {
        bail!(
            "there is nothing in {}: start the server once with `weir up`, or name its folder \
             with --data",
            config.data.display()
        );
    }
    let url = DatabaseUrl::Sqlite(config.database.clone());
    Ok(Arc::new(SqlDatabase::open(&url, None).await?))
}

/// `main` is a stream of the first application, `live/main` names its own.
fn stream_name(config: &Config, text: &str) -> anyhow::Result<StreamName> {
    let name = match (text.contains('/'), config.apps.first()) {
        (false, Some(app)) => StreamName::new(app, text),
        (true, _) | (_, None) => StreamName::parse(text),
    };
    name.with_context(|| format!("{text:?} is no stream's name"))
}
