//! `weir stream …`: streams and their keys.

use std::sync::Arc;

use anyhow::{Context, bail};
use database::{Created, Database, SqliteDatabase, StreamKey};
use timeline::StreamName;

use crate::announce::print;
use crate::cli::{self, Common};
use crate::config::{Config, Sources};

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
        let created = database.create_stream(name).await.context("make a stream")?;
        let is_new = created == Created::New;
        let key = database.stream_key(name).await.context("read a stream's key")?;
        let key = key.with_context(|| format!("the stream {name} has no key"))?;
        Ok(Self { name: name.clone(), key, is_new })
    }
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
    match open(&config).await?.stream_key(&stream).await? {
        Some(key) => print(&format!("{}\n", key.reveal())),
        None => {
            bail!("there is no stream {stream}; make it with: weir stream create {}", name.name)
        }
    }
}

async fn list(common: &Common) -> anyhow::Result<()> {
    let config = configuration(common, Vec::new(), false)?;
    let streams = open(&config).await?.streams().await?;
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
    Ok(Arc::new(SqliteDatabase::open(&config.database).await?))
}

/// `main` is a stream of the first application, `live/main` names its own.
fn stream_name(config: &Config, text: &str) -> anyhow::Result<StreamName> {
    let name = match (text.contains('/'), config.apps.first()) {
        (false, Some(app)) => StreamName::new(app, text),
        (true, _) | (_, None) => StreamName::parse(text),
    };
    name.with_context(|| format!("{text:?} is no stream's name"))
}
