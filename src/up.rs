//! `weir up`: every role in one process.

use std::sync::Arc;
use std::time::Duration;

use accounts::Access;
use anyhow::{Context, bail};
use runtime::{Drain, Signals, drain, init_logging};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use timeline::StreamName;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::{info, warn};

use crate::announce::{Key, Welcome, welcome};
use crate::cli::Up;
use crate::config::{Config, load};
use crate::data_dir::{DataDir, Ports};
use crate::demo::Demo;
use crate::first::Stream;
use crate::wire::{Roles, wire};

/// The stream that a first start makes.
const FIRST_STREAM: &str = "main";
/// The stream that `--demo` pushes to.
const DEMO_STREAM: &str = "demo";

/// How long a stopping process sends segments to the store. What is left is sent at the next start.
const UPLOAD_GRACE: Duration = Duration::from_secs(10);

/// Runs until a signal, then drains.
pub(crate) fn run(up: &Up) -> anyhow::Result<()> {
    let config = load(&up.common, flags(up), up.open)?;
    init_logging(&config.log_filter, config.log_format).context("start the log")?;
    raise_descriptor_limit();
    let data = DataDir::open(&config.data)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(up, &config, &data))
}

/// Lets the process open as many descriptors as the system allows it. Shells give 1,024, which is
/// fewer than the connections that are taken: silent ones could lock publishers out.
fn raise_descriptor_limit() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        warn!(%error, "this process may open few descriptors, and so take few connections: {error}");
    }
}

fn flags(up: &Up) -> Vec<(&'static str, String)> {
    let addresses =
        [("ingest.listen", up.rtmp), ("edge.listen", up.http), ("admin.listen", up.admin)];
    addresses.into_iter().filter_map(|(key, value)| Some((key, value?.to_string()))).collect()
}

async fn serve(up: &Up, config: &Config, data: &DataDir) -> anyhow::Result<()> {
    let mut signals = Signals::listen().context("listen for signals")?;
    let roles = wire(config).await?;
    let accounts = roles.accounts.clone();
    accounts.prepare_signing_keys().await.context("make the keys that tokens are signed with")?;
    let setup = accounts.first_start().await.context("make the first owner's link")?;
    let access = config.auth.access;
    let first = Stream::open(&accounts, &first_name(config, FIRST_STREAM)?, access).await?;
    let ports = Ports {
        rtmp: roles.ingest.rtmp_addr(),
        rtmps: roles.ingest.rtmps_addr(),
        peers: roles.port.as_ref().map(peer::Port::local_addr),
        http: roles.edge.local_addr(),
        admin: roles.admin.local_addr(),
    };
    data.write_ports(&ports)?;
    let (stop, drain) = drain();
    let mut tasks = JoinSet::new();
    if up.demo {
        let name = first_name(config, DEMO_STREAM)?;
        let stream = Stream::open(&accounts, &name, Access::Public).await?;
        let demo = Demo::new(ports.rtmp, &stream, config.is_open);
        tasks.spawn(demo.run(drain.clone()));
    }
    start(roles, &drain, &mut tasks);
    welcome(&Welcome {
        rtmp: ports.rtmp,
        rtmps: ports.rtmps,
        http: ports.http,
        admin: ports.admin,
        app: first.name.app(),
        stream: first.name.stream(),
        key: match (config.is_open, first.is_new) {
            (true, _) => Key::Open,
            (false, true) => Key::New(first.key.reveal()),
            (false, false) => Key::Known(key_command(config, first.name.stream())),
        },
        setup: setup.as_ref().filter(|_| !config.is_open).map(runtime::Secret::reveal),
        demo: up.demo.then_some(DEMO_STREAM),
        data: &config.data,
    })?;
    let signal = tokio::select! {
        signal = signals.next() => signal,
        ended = tasks.join_next() => bail!("a role has ended although nobody asked it to: {ended:?}"),
    };
    info!(%signal, "stopping: publishers are closed with everything that they sent ({signal})");
    stop.start();
    tokio::select! {
        () = async { while tasks.join_next().await.is_some() {} } => info!("stopped"),
        again = signals.next() => warn!("stopping at once ({again})"),
    }
    Ok(())
}

/// The command that shows a stream's key, as it can be typed in this folder.
fn key_command(config: &Config, stream: &str) -> String {
    let program = std::env::current_exe().unwrap_or_else(|_| "weir".into());
    let program = program.display();
    format!("{program} stream key {stream} --data {}", config.data.display())
}

fn first_name(config: &Config, stream: &str) -> anyhow::Result<StreamName> {
    let app = config.apps.first().context("ingest.apps: name at least one application")?;
    Ok(StreamName::new(app, stream)?)
}

/// Starts every role. The uploader goes last: it sends what the others finish, and until then other
/// nodes read it here.
fn start(roles: Roles, drain: &Drain, tasks: &mut JoinSet<()>) {
    let Roles { ingest, port, playlist, janitor, edge, admin, uploader, .. } = roles;
    let Roles { accounts, gate, touches, listener, conditions, .. } = roles;
    let publishing = drain.clone();
    let (all_sent, serving_nodes) = runtime::drain();
    tasks.spawn(async move {
        ingest.run(publishing).await;
        let left = uploader.drain(Instant::now() + UPLOAD_GRACE).await;
        if left > 0 {
            warn!(
                segments = left,
                "{left} segments are still in the spool; the next start sends them"
            );
        }
        all_sent.start();
    });
    if let Some(port) = port {
        tasks.spawn(port.run(serving_nodes));
    }
    tasks.spawn(Arc::clone(&playlist).run(drain.clone()));
    tasks.spawn(Arc::clone(playlist.recordings()).run(drain.clone()));
    tasks.spawn(janitor.run(drain.clone()));
    tasks.spawn(edge.run(drain.clone()));
    tasks.spawn(admin.run(drain.clone()));
    tasks.spawn(listener.run(drain.clone()));
    if let Some(gate) = gate {
        let mut draining = drain.clone();
        tasks.spawn(async move { gate.run(draining.started()).await });
    }
    if let Some(touches) = touches {
        tasks.spawn(touches.run(drain.clone()));
    }
    let mut ending = drain.clone();
    tasks.spawn(async move {
        ending.started().await;
        accounts.finish().await;
    });
    let mut stopping = drain.clone();
    tasks.spawn(async move {
        conditions.iter().for_each(runtime::Condition::holds);
        stopping.started().await;
        conditions.iter().for_each(|condition| condition.fails("it is stopping"));
    });
}
