//! What the edge is told, checked.

use std::net::{Ipv6Addr, SocketAddr};

use runtime::{ConnectionLimits, HttpLimits};

/// The edge's configuration.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Config {
    /// Where viewers come in. By default port 8080 of all addresses.
    pub listen: SocketAddr,
    /// How many viewers may be connected.
    pub connections: ConnectionLimits,
    /// What one of them may make us hold, and for how long.
    pub http: HttpLimits,
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
        }
    }
}
