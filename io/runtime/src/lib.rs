//! What every role that listens needs of the world: sockets, HTTP, TLS, limits, drain, telemetry,
//! the admin port.
//!
//! Floor 3. A role is bound ([`Acceptor::bind`]: the port is known), then run, then drained
//! ([`Drain`]): it stops taking work and finishes what is open.

mod accept;
mod admin;
mod clock;
mod drain;
mod http;
mod listener;
mod logging;
mod metrics;
mod readiness;
mod secret;
mod seldom;
mod shutdown;
mod tls;

pub use accept::{Accepted, Acceptor, ConnectionLimits, Connections, Permit, Refused};
pub use admin::{Admin, Asked, Control, Told};
pub use clock::unix_ms;
pub use drain::{Drain, DrainHandle, drain};
pub use http::{BodyError, HttpLimits, HttpService, serve_http};
pub use listener::{BindError, bind_tcp};
pub use logging::{LogError, LogFormat, init_logging};
pub use metrics::Metrics;
pub use readiness::{Condition, Readiness};
pub use secret::Secret;
pub use seldom::Seldom;
pub use shutdown::{Signal, Signals};
pub use tls::{TlsError, load_tls};
pub use tokio_rustls::TlsAcceptor;
