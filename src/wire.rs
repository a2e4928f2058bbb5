//! Puts the parts together: which port has which implementation is known here and nowhere else.

mod accounts;
mod notices;
mod options;

use std::sync::Arc;

use anyhow::Context;
use auth_service::{Api, PublishSettings, Publishing, Service, StoredDirectory, Touches};
use authz::{Directory, Everybody, Gate, Hook, OpenAuthority, PlayAuthority, PublishAuthority};
use edge::Edge;
use ingest::{Ingest, Node, Parts};
use journal::{Durability, Journal, SqliteJournal};
use parts::Hub;
use peer::{Anywhere, Port, PortSettings, Remote, RemoteLimits};
use playlist::{Janitor, JanitorMetrics, Playlist, RecordingsControl};
use runtime::{Admin, Condition, Metrics, Readiness, TlsAcceptor, load_tls};
use std::time::Duration;
use store::{
    Elsewhere, FolderStore, LiveFirst, LiveMemory, ObjectStore, PrivateStore, Spool, Uploader,
    UploaderSettings,
};
use tracing::warn;

pub(crate) use self::accounts::{Accounts, Addresses, Remover};
use self::accounts::{LateApi, hook};
use self::notices::Listener;
use self::options::StreamOptions;
use crate::config::{Config, Peers, Store, Tls};

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
    pub(crate) accounts: Service,
    /// Keeps what the gate knows.
    pub(crate) gate: Option<Arc<Gate>>,
    /// Keeps when keys and devices were used.
    pub(crate) touches: Option<Touches>,
    /// Hears what was revoked and changed.
    pub(crate) listener: Listener,
    /// What readiness waits for.
    pub(crate) conditions: Vec<Condition>,
}

/// Opens the parts, finishes what the process before this one began, and binds every role.
pub(crate) async fn wire(config: &Config) -> anyhow::Result<Roles> {
    let metrics = Metrics::default();
    let readiness = Readiness::default();
    let conditions = vec![readiness.condition("ingest"), readiness.condition("edge")];

    let Stores { store, evidence } = open_store(&config.store).await?;
    let spool = Spool::open(&config.data.join("spool")).await.context("open the spool")?;
    let spool = Arc::new(spool);
    let memory = Arc::new(LiveMemory::new(config.memory_bytes_max));
    let uploader = Uploader::start(Arc::clone(&store), UploaderSettings::default());
    let journal = SqliteJournal::open(&config.journal, Durability::default()).await;
    let journal: Arc<dyn Journal> = Arc::new(journal.context("open the journal")?);
    let accounts = Accounts::open(config).await?;
    let clock = accounts.clock.clone();
    let directory = Arc::new(StoredDirectory::new(Arc::clone(&accounts.database), clock));
    let stream_options = Arc::new(StreamOptions::new(config, Arc::clone(&directory)));
    let hook = hook(config)?;

    let here = LiveFirst {
        memory: Arc::clone(&memory),
        spool: Some(Arc::clone(&spool)),
        store: Arc::clone(&store),
        elsewhere: None,
    };
    let hub = Hub::default();
    let Between { port, origin_url, anywhere } = between_nodes(config, &hub, &here)?;
    let (authority, touches) = publishing(config, &accounts, hook.clone());
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
            authority,
            settings: Arc::clone(&stream_options) as Arc<dyn ingest::SettingsSource>,
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
    let ingest = Ingest::bind(Arc::clone(&node), config.publishers, config.rtmp, rtmps)?;

    let elsewhere = Arc::clone(&anywhere) as Arc<dyn Elsewhere>;
    let objects = Arc::new(LiveFirst { elsewhere: Some(elsewhere), ..here });
    let playlist = Arc::new(Playlist::with_settings(
        config.playlist,
        stream_options,
        Arc::clone(&journal),
        objects,
        anywhere,
    ));
    let recordings = Arc::clone(playlist.recordings());
    let janitor = Janitor::new(Arc::clone(&recordings), Some(JanitorMetrics::new(&metrics)));
    let (watching, gate) = watching(config, &directory, hook);
    let api = LateApi::default();
    let edge = Edge::bind(
        edge::Config {
            listen: config.http,
            connections: config.viewers,
            trusted_proxies: config.trusted_proxies.clone(),
            country_header: config.country_header.clone(),
            ..edge::Config::default()
        },
        Arc::clone(&playlist) as Arc<dyn origin::Origin>,
        watching,
        Some(Arc::new(api.clone())),
        &metrics,
        None,
    )?;
    let addresses = Addresses { http: edge.local_addr(), rtmp: ingest.rtmp_addr() };
    let remover = Arc::new(Remover(Arc::clone(&recordings)));
    let service = accounts.service(config, addresses, evidence, remover)?;
    api.set(Api::new(service.clone()));
    let listener = Listener {
        bus: Arc::clone(&accounts.bus),
        directory,
        node,
        gate: gate.clone(),
        playlist: Arc::clone(&playlist),
    };
    let control = Arc::new(RecordingsControl::new(recordings));
    let admin = Admin::bind(config.admin, readiness, metrics)?.with_control(control);
    Ok(Roles {
        ingest,
        port,
        playlist,
        janitor,
        edge,
        admin,
        uploader,
        accounts: service,
        gate,
        touches,
        listener,
        conditions,
    })
}

/// Who decides about publishers.
fn publishing(
    config: &Config,
    accounts: &Accounts,
    hook: Option<Hook>,
) -> (Arc<dyn PublishAuthority>, Option<Touches>) {
    let apps = config.apps.clone();
    if config.is_open {
        return (Arc::new(OpenAuthority::new(apps)), None);
    }
    let settings = PublishSettings { apps, streams_max: config.auth.streams_max, hook };
    let (database, clock) = (Arc::clone(&accounts.database), accounts.clock.clone());
    let (publishing, touches) = Publishing::new(database, clock, settings);
    (Arc::new(publishing), Some(touches))
}

/// Who decides about viewers.
fn watching(
    config: &Config,
    directory: &Arc<StoredDirectory>,
    hook: Option<Hook>,
) -> (Arc<dyn PlayAuthority>, Option<Arc<Gate>>) {
    if config.is_open {
        return (Arc::new(Everybody::default()), None);
    }
    let gate = Arc::new(Gate::new(Arc::clone(directory) as Arc<dyn Directory>, hook));
    (Arc::clone(&gate) as Arc<dyn PlayAuthority>, Some(gate))
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

/// Where segments are, and what no viewer may have.
pub(crate) struct Stores {
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) evidence: Arc<dyn PrivateStore>,
}

pub(crate) async fn open_store(store: &Store) -> anyhow::Result<Stores> {
    match store {
        Store::Folder(folder) => {
            let store = FolderStore::open(folder).await.context("open the object store")?;
            let store = Arc::new(store);
            Ok(Stores { store: Arc::clone(&store) as Arc<dyn ObjectStore>, evidence: store })
        }
    }
}

fn open_tls(tls: &Tls) -> anyhow::Result<(std::net::SocketAddr, TlsAcceptor)> {
    Ok((tls.listen, load_tls(&tls.certificate, &tls.private_key, &[])?))
}
