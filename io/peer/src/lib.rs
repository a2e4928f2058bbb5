//! Between nodes: what one is making, read by another over HTTP.
//!
//! A node that takes streams opens a [`Port`], where the nodes that serve viewers follow the
//! segment that is being made, and read parts and segments that are in no store yet. They do so
//! through [`Anywhere`], which asks this process or, as a [`Remote`], another one.
//!
//! `GET /v1/open/{app}/{stream}` is answered with the open segment as a line of JSON, or with
//! `null` where there is none, and with a new line at each change; an empty one comes every
//! [`KEEP_ALIVE`]. `GET /v1/objects/{path}` is answered with a segment, an initialisation section
//! or a part, a part as it is made.
//!
//! Floor 4, since it stands on the runtime, on the store and on parts: whoever only makes or reads
//! parts needs no HTTP. No other role knows it; they know `parts::PartSource` and
//! `store::Elsewhere`.

mod anywhere;
mod framing;
mod lines;
mod port;
mod remote;
mod secret;

use std::time::Duration;

pub use anywhere::Anywhere;
pub use port::{Port, PortSettings};
pub use remote::{Remote, RemoteLimits};
pub use secret::{ClusterSecret, SecretError};

/// How often a node says that it is still there, where it has nothing else to say.
pub const KEEP_ALIVE: Duration = Duration::from_secs(2);

/// The longest time for which a port holds a request for a part that has not begun. The next part
/// begins within a part's length, or when the encoder's hiccup is over; a segment's at most.
pub const HOLD_MAX: Duration = Duration::from_secs(20);

/// Where the open segment of a stream is told, before the stream's name.
const OPEN: &str = "/v1/open/";
/// Where objects are, before their paths.
const OBJECTS: &str = "/v1/objects/";
