//! The role's sockets.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use runtime::{Accepted, Acceptor, BindError, ConnectionLimits, Connections, Drain, TlsAcceptor};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::debug;

use crate::connection::serve;
use crate::node::Node;

/// How long a TLS handshake may take, as long as an RTMP handshake.
const TLS_HANDSHAKE_MAX: Duration = Duration::from_secs(5);

/// The ingest role: bound, then run, then drained.
pub struct Ingest {
    node: Arc<Node>,
    rtmp: Acceptor,
    rtmps: Option<(Acceptor, TlsAcceptor)>,
}

impl Ingest {
    /// Listens for RTMP on `rtmp`, and for RTMPS where an address and a certificate are given. The
    /// limits hold for both together.
    ///
    /// # Errors
    ///
    /// When an address cannot be had.
    pub fn bind(
        node: Arc<Node>,
        limits: ConnectionLimits,
        rtmp: SocketAddr,
        rtmps: Option<(SocketAddr, TlsAcceptor)>,
    ) -> Result<Self, BindError> {
        let connections = Connections::new(limits);
        let plain = Acceptor::bind("RTMP", rtmp, connections.clone())?;
        let rtmps = match rtmps {
            None => None,
            Some((address, tls)) => Some((Acceptor::bind("RTMPS", address, connections)?, tls)),
        };
        Ok(Self { node, rtmp: plain, rtmps })
    }

    /// Where RTMP is taken.
    #[must_use]
    pub const fn rtmp_addr(&self) -> SocketAddr {
        self.rtmp.local_addr()
    }

    /// Where RTMPS is taken.
    #[must_use]
    pub fn rtmps_addr(&self) -> Option<SocketAddr> {
        self.rtmps.as_ref().map(|(acceptor, _)| acceptor.local_addr())
    }

    /// Takes publishers until the process drains; then each is closed with everything that it
    /// sent, and what they sent is sent to the store.
    pub async fn run(self, drain: Drain) {
        let Self { node, mut rtmp, mut rtmps } = self;
        let waits = Arc::clone(&node);
        let waiting = tokio::spawn({
            let drain = drain.clone();
            async move { waits.waits.run(drain).await }
        });
        let mut connections = JoinSet::new();
        let mut stop = drain.clone();
        loop {
            tokio::select! {
                () = stop.started() => break,
                Some(_ended) = connections.join_next() => {}
                Accepted { socket, peer, permit } = rtmp.accept() => {
                    let serving = serve(Arc::clone(&node), socket, peer, drain.clone());
                    connections.spawn(async move {
                        serving.await;
                        drop(permit);
                    });
                }
                (accepted, tls) = accept_tls(&mut rtmps) => {
                    let (node, drain) = (Arc::clone(&node), drain.clone());
                    connections.spawn(serve_tls(node, accepted, tls, drain));
                }
            }
        }
        while connections.join_next().await.is_some() {}
        // It has seen the drain as well.
        let _ = waiting.await;
    }
}

/// The next connection to RTMPS; never one where there is none.
async fn accept_tls(rtmps: &mut Option<(Acceptor, TlsAcceptor)>) -> (Accepted, TlsAcceptor) {
    match rtmps {
        Some((acceptor, tls)) => (acceptor.accept().await, tls.clone()),
        None => std::future::pending().await,
    }
}

async fn serve_tls(node: Arc<Node>, accepted: Accepted, tls: TlsAcceptor, drain: Drain) {
    let Accepted { socket, peer, permit } = accepted;
    match timeout(TLS_HANDSHAKE_MAX, tls.accept(socket)).await {
        Ok(Ok(socket)) => serve(node, socket, peer, drain).await,
        Ok(Err(error)) => debug!(peer.addr = %peer, %error, "no TLS with {peer}: {error}"),
        Err(_) => debug!(peer.addr = %peer, "no TLS handshake with {peer} in time"),
    }
    drop(permit);
}
