//! What the program prints for people. Logs go to standard error, this to standard output.

use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;

/// What somebody who has just started the program needs.
pub(crate) struct Welcome<'a> {
    pub(crate) rtmp: SocketAddr,
    pub(crate) rtmps: Option<SocketAddr>,
    pub(crate) http: SocketAddr,
    pub(crate) admin: SocketAddr,
    pub(crate) app: &'a str,
    pub(crate) stream: &'a str,
    /// The stream's key, on first start only.
    pub(crate) key: Key<'a>,
    /// The link that makes somebody the owner, as long as nobody is.
    pub(crate) setup: Option<&'a str>,
    pub(crate) demo: Option<&'a str>,
    pub(crate) data: &'a Path,
}

/// What is said of the stream key.
pub(crate) enum Key<'a> {
    /// It has just been made.
    New(&'a str),
    /// It was shown before, and is shown again by this command.
    Known(String),
    /// None is needed: any name will do.
    Open,
}

/// Prints a text.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // Whoever reads has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// Prints why the program ends, with the causes.
pub(crate) fn error(error: &anyhow::Error) {
    // Without a standard error there is nobody to tell.
    let _ = writeln!(io::stderr(), "weir: {error:#}");
}

/// Prints what a streamer pastes into OBS.
pub(crate) fn welcome(welcome: &Welcome<'_>) -> anyhow::Result<()> {
    let Welcome { app, stream, .. } = welcome;
    let mut lines = vec![format!("Weir {} is ready.", env!("CARGO_PKG_VERSION")), String::new()];
    lines.push("Push from OBS: Settings, Stream, Service \"Custom...\"".into());
    lines.push(format!("  Server      rtmp://{}/{app}", reachable(welcome.rtmp)));
    if let Some(rtmps) = welcome.rtmps {
        lines.push(format!("  or          rtmps://{}/{app}", reachable(rtmps)));
    }
    lines.push(match &welcome.key {
        Key::New(key) => format!("  Stream key  {key}"),
        Key::Known(command) => format!("  Stream key  is shown by: {command}"),
        Key::Open => "  Stream key  any name (no keys are asked for: --open)".into(),
    });
    lines.push(String::new());
    let http = reachable(welcome.http);
    lines.push(format!("Watch       http://{http}/watch/{app}/{stream}"));
    if let Some(demo) = welcome.demo {
        lines.push(format!("Demo        http://{http}/watch/{app}/{demo}"));
    }
    if let Some(setup) = welcome.setup {
        lines.push(format!("Own it      {setup}"));
    }
    lines.push(format!("Data        {}", welcome.data.display()));
    lines.push(format!("Health      http://{}/ready", welcome.admin));
    lines.push(String::new());
    print(&format!("{}\n", lines.join("\n")))
}

/// An address that a person can type on another machine, if others can reach it.
pub(crate) fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = if listen.ip().is_unspecified() { own_address() } else { listen.ip() };
    SocketAddr::new(ip, listen.port())
}

/// The address by which this machine would speak to others. Nothing is sent for it: connecting a
/// UDP socket only asks for a route, here to an address that is reserved for documentation.
fn own_address() -> IpAddr {
    let route = || {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9))?;
        socket.local_addr()
    };
    route().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |address| address.ip())
}
