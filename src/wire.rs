//! Puts the parts together: which port has which implementation is known here and nowhere else.

use std::sync::Arc;

use anyhow::Context;
use async_trait::async_trait;
use authz::{BoxError, Everybody, KeyAuthority, OpenAuthority, PublishAuthority, StreamKeys};
use database::{Database, DatabaseUrl, SqlDatabase};
use edge::Edge;
use ingest::{Ingest, Node, Parts};
use journal::{Durability, Journal, SqliteJournal};
use parts::Hub;
use peer::{Anywhere, Port, PortSettings, Remote, RemoteLimits};
use playlist::{Janitor, JanitorMetrics, Playlist, RecordingsControl};
use runtime::{Admin, Condition, Metrics, Readiness, TlsAcceptor, load_tls};
use std::time::Duration;
use store::{
    Elsewhere, FolderStore, LiveFirst, LiveMemory, ObjectStore, Spool, Uploader, UploaderSettings,
};
use timeline::StreamName;
use tracing::warn;

use crate::config::{Config, Peers, Store, Tls};
use crate::streams::is_good;

/// How long a peer that does not read its answers is waited for.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// Every role of one process: bound, and ready to run.
pub(crate) struct Roles {
    pub(crate) ingest: Ingest,
    pub(crate) port: Option<Port>,
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
    let url = DatabaseUrl::Sqlite(config.database.clone());
    let database = SqlDatabase::open(&url, None).await.context("open the database")?;
    let database: Arc<dyn Database> = Arc::new(database);

    let here = LiveFirst {
        memory: Arc::clone(&memory),
        spool: Some(Arc::clone(&spool)),
        store: Arc::clone(&store),
        elsewhere: None,
    };
    let hub = Hub::default();
    let Between { port, origin_url, anywhere } = between_nodes(config, &hub, &here)?;
    let node = Node::new(
        ingest::Settings {
            node: config.node.clone(),
            origin_url,
            limits: rtmp::Limits::default(),
            write_timeout: WRITE_TIMEOUT,
            publishers_max: config.publishers_max,
            name_taken: config.name_taken,
            stream: config.stream,
        },
        Parts {
            authority: authority(config, &database),
            settings: Arc::new(config.stream),
            journal: Arc::clone(&journal),
            memory,
            hub,
            spool,
            uploader: uploader.clone(),
            store: Arc::clone(&store),
        },
        ingest::Metrics::new(&metrics),
    );
    node.recover().await.context("finish what was begun before the last stop")?;
    let rtmps = config.rtmps.as_ref().map(open_tls).transpose()?;
    let ingest = Ingest::bind(node, config.publishers, config.rtmp, rtmps)?;

    let elsewhere = Arc::clone(&anywhere) as Arc<dyn Elsewhere>;
    let objects = Arc::new(LiveFirst { elsewhere: Some(elsewhere), ..here });
    let playlist = Playlist::new(config.playlist, Arc::clone(&journal), objects, anywhere);
    let playlist = Arc::new(playlist);
    let recordings = Arc::clone(playlist.recordings());
    let janitor = Janitor::new(Arc::clone(&recordings), Some(JanitorMetrics::new(&metrics)));
    let edge = Edge::bind(
        edge::Config {
            listen: config.http,
            connections: config.viewers,
            ..edge::Config::default()
        },
        Arc::clone(&playlist) as Arc<dyn origin::Origin>,
        Arc::new(Everybody::default()),
        None,
        &metrics,
        None,
    )?;
    let control = Arc::new(RecordingsControl::new(recordings));
    let admin = Admin::bind(config.admin, readiness, metrics)?.with_control(control);
    Ok(Roles { ingest, port, playlist, janitor, edge, admin, uploader, database, conditions })
}

/// What connects this node with others.
struct Between {
    /// Where they read what is made here.
    port: Option<Port>,
    /// The port's URL.
    origin_url: Option<String>,
    /// What is made here and there.
    anywhere: Arc<Anywhere>,
}

fn between_nodes(config: &Config, hub: &Hub, here: &LiveFirst) -> anyhow::Result<Between> {
    let secret = &config.cluster_secret;
    let bind = |peers: &Peers| {
        let listen = peers.listen;
        if secret.is_none() && !listen.ip().is_loopback() {
            warn!(
                "whoever reaches {listen} can read all streams: set cluster.secret, or keep \
                 ingest.listen_peers in a private network"
            );
        }
        let settings = PortSettings { listen, secret: secret.clone() };
        let port = Port::bind(settings, hub.clone(), Arc::new(here.clone()))?;
        let url = peers.url.clone().unwrap_or_else(|| format!("http://{}", port.local_addr()));
        anyhow::Ok((port, url))
    };
    let (port, origin_url) = config.peers.as_ref().map(bind).transpose()?.unzip();
    let remote = Remote::new(secret.clone(), RemoteLimits::default());
    let anywhere = Arc::new(Anywhere::new(hub.clone(), origin_url.as_deref(), remote));
    Ok(Between { port, origin_url, anywhere })
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
        let found = self.0.publish_key(key).await?;
        Ok(found.filter(|found| is_good(&found.key)).map(|found| found.key.stream))
    }
}
