//! What the edge is told, checked.

use std::net::{Ipv6Addr, SocketAddr};

use http::HeaderName;
use ipnet::IpNet;
use runtime::{ConnectionLimits, HttpLimits};

/// The edge's configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    /// Where viewers come in. By default port 8080 of all addresses.
    pub listen: SocketAddr,
    /// How many viewers may be connected.
    pub connections: ConnectionLimits,
    /// What one of them may make us hold, and for how long.
    pub http: HttpLimits,
    /// Balancers and caches in front, whose word about a viewer is taken: for the address, the last
    /// in `X-Forwarded-For` that is none of them.
    pub trusted_proxies: Vec<IpNet>,
    /// The header in which a trusted proxy says a viewer's country, as ISO 3166-1 alpha-2.
    pub country_header: Option<HeaderName>,
    /// Bytes of segments that are kept for those who ask next. By default 128 MiB: half a minute
    /// of 30 Mbit/s, and live viewers ask for nothing older.
    pub kept_bytes_max: u64,
}

/// Where viewers come in unless told otherwise: a port that needs no root and that people try
/// first.
pub const HTTP_PORT: u16 = 8_080;

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: (Ipv6Addr::UNSPECIFIED, HTTP_PORT).into(),
            // A viewer holds one or two connections, a household or an office a few dozen.
            connections: ConnectionLimits::default(),
            http: HttpLimits::default(),
            trusted_proxies: Vec::new(),
            country_header: None,
            kept_bytes_max: 128 << 20,
        }
    }
}
