//! The edge: what viewers meet.
//!
//! Floor 4. It speaks HTTP (RFC 9110, 9112) for an [`Origin`], which knows streams and speaks
//! none, and adds the pages of the console. A request passes `target` (is it for us?), `client`
//! (who asks?), the authority, which takes the token off, `route` (what is named?), the authority
//! again (may this viewer have it?), the `keeper` or the origin, and `document` (which form, which
//! part, or "you have it already"); `site` is the walk through them.

mod body;
mod client;
mod conditional;
mod config;
mod cors;
mod document;
mod keeper;
mod limit;
mod meters;
mod mount;
mod negotiate;
mod page;
mod range;
mod refusal;
mod route;
mod site;
mod target;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;

use authz::PlayAuthority;
use origin::Origin;
use runtime::{
    Acceptor, BindError, Connections, Drain, HttpLimits, Metrics, TlsAcceptor, serve_http,
};

pub use self::config::{Config, HTTP_PORT};
use self::meters::Meters;
pub use self::mount::{CALL_TIME_MAX, Mount};
use self::site::Site;

/// The edge role: bound, then run, then drained.
pub struct Edge {
    acceptor: Acceptor,
    tls: Option<TlsAcceptor>,
    site: Site,
    http: HttpLimits,
}

impl Edge {
    /// Takes the port. `authority` says who may watch, `mount` answers for accounts, if there are
    /// any. With `tls` every connection speaks HTTPS. Call it within a Tokio runtime,
    /// once for one `metrics`.
    ///
    /// # Errors
    ///
    /// When the address cannot be had.
    pub fn bind(
        config: Config,
        origin: Arc<dyn Origin>,
        authority: Arc<dyn PlayAuthority>,
        mount: Option<Arc<dyn Mount>>,
        metrics: &Metrics,
        tls: Option<TlsAcceptor>,
    ) -> Result<Self, BindError> {
        let connections = Connections::new(config.connections);
        let acceptor = Acceptor::bind("the edge", config.listen, connections)?;
        let site = Site::new(origin, authority, mount, &config, Meters::new(metrics));
        let http = config.http;
        Ok(Self { acceptor, tls, site, http })
    }

    /// Where it listens, with the port that it really has.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.acceptor.local_addr()
    }

    /// Serves viewers until the drain starts, then finishes the responses that are open.
    pub async fn run(self, drain: Drain) {
        serve_http(self.acceptor, self.tls, Arc::new(self.site), self.http, drain).await;
    }
}
