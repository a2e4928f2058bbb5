//! Puts the parts together: which port has which implementation is known here and nowhere else.

use std::sync::Arc;

use anyhow::Context;
use async_trait::async_trait;
use authz::{BoxError, KeyAuthority, OpenAuthority, PublishAuthority, StreamKeys};
use database::{Database, SqliteDatabase};
use edge::Edge;
use ingest::{Ingest, Node, Parts};
use journal::{Durability, Journal, SqliteJournal};
use parts::Hub;
use playlist::{Janitor, Playlist};
use runtime::{Admin, Condition, HttpLimits, Metrics, Readiness, TlsAcceptor, load_tls};
use std::time::Duration;
use store::{FolderStore, LiveFirst, LiveMemory, ObjectStore, Spool, Uploader, UploaderSettings};
use timeline::StreamName;

use crate::config::{Config, Store, Tls};

/// How long a peer that does not read its answers is waited for.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// Every role of one process: bound, and ready to run.
pub(crate) struct Roles {
    pub(crate) ingest: Ingest,
    pub(crate) playlist: Arc<Playlist>,
    pub(crate) janitor: Janitor,
    pub(crate) edge: Edge,
    pub(crate) admin: Admin,
    pub(crate) uploader: Uploader,
    pub(crate) database: Arc<dyn Database>,
    /// What readiness waits for.
    pub(crate) conditions: Vec<Condition>,
}

/// Opens the parts, finishes what the process before this one began, and binds every role.
pub(crate) async fn wire(config: &Config) -> anyhow::Result<Roles> {
    let metrics = Metrics::default();
    let readiness = Readiness::default();
    let conditions = vec![readiness.condition("ingest"), readiness.condition("edge")];

    let store = open_store(&config.store).await?;
    let spool = Spool::open(&config.data.join("spool")).await.context("open the spool")?;
    let spool = Arc::new(spool);
    let memory = Arc::new(LiveMemory::new(config.memory_bytes_max));
    let uploader = Uploader::start(Arc::clone(&store), UploaderSettings::default());
    let journal = SqliteJournal::open(&config.journal, Durability::default()).await;
    let journal: Arc<dyn Journal> = Arc::new(journal.context("open the journal")?);
    let database = SqliteDatabase::open(&config.database).await.context("open the database")?;
    let database: Arc<dyn Database> = Arc::new(database);

    let node = Node::new(
        ingest::Settings {
            node: config.node.clone(),
            limits: rtmp::Limits::default(),
            write_timeout: WRITE_TIMEOUT,
            publishers_max: config.publishers_max,
            name_taken: config.name_taken,
            stream: config.stream,
        },
        Parts {
            authority: authority(config, &database),
            journal: Arc::clone(&journal),
            memory: Arc::clone(&memory),
            hub: Hub::default(),
            spool: Arc::clone(&spool),
            uploader: uploader.clone(),
            store: Arc::clone(&store),
        },
        ingest::Metrics::new(&metrics),
    );
    node.recover().await.context("finish what was begun before the last stop")?;
    let rtmps = config.rtmps.as_ref().map(open_tls).transpose()?;
    let ingest = Ingest::bind(node, config.publishers, config.rtmp, rtmps)?;

    let objects = LiveFirst { memory, spool: Some(spool), store: Arc::clone(&store), elsewhere: None };
    let playlist =
        Arc::new(Playlist::new(config.playlist, Arc::clone(&journal), Arc::new(objects)));
    let janitor = Janitor::new(config.playlist, journal, store);
    let edge = Edge::bind(
        edge::Config {
            listen: config.http,
            connections: config.viewers,
            http: HttpLimits::default(),
        },
        Arc::clone(&playlist) as Arc<dyn origin::Origin>,
        &metrics,
        None,
    )?;
    let admin = Admin::bind(config.admin, readiness, metrics)?;
    Ok(Roles { ingest, playlist, janitor, edge, admin, uploader, database, conditions })
}

async fn open_store(store: &Store) -> anyhow::Result<Arc<dyn ObjectStore>> {
    match store {
        Store::Folder(folder) => {
            let store = FolderStore::open(folder).await.context("open the object store")?;
            Ok(Arc::new(store))
        }
    }
}

fn open_tls(tls: &Tls) -> anyhow::Result<(std::net::SocketAddr, TlsAcceptor)> {
    Ok((tls.listen, load_tls(&tls.certificate, &tls.private_key, &[])?))
}

fn authority(config: &Config, database: &Arc<dyn Database>) -> Arc<dyn PublishAuthority> {
    let apps = config.apps.clone();
    if config.is_open {
        return Arc::new(OpenAuthority::new(apps));
    }
    Arc::new(KeyAuthority::new(Arc::new(Keys(Arc::clone(database))), apps))
}

/// The database as the authority sees it.
#[derive(Debug)]
struct Keys(Arc<dyn Database>);

#[async_trait]
impl StreamKeys for Keys {
    async fn stream_of_key(&self, key: &str) -> Result<Option<StreamName>, BoxError> {
        Ok(self.0.stream_of_key(key).await?)
    }
}
