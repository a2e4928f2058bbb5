//! The push side: takes RTMP connections, cuts what they send, and lists it.
//!
//! One task owns a connection and everything up to the finished segment (`connection`); another
//! one per publication makes segments durable and lists them in order (`writer`), while the first
//! announces their parts (`announcer`). A protocol
//! calls [`Publisher`]; it implements nothing.

mod announcer;
mod connection;
mod cues;
mod disconnect;
mod hang_up;
mod health;
mod mended;
mod metrics;
mod node;
mod pages;
mod publisher;
mod recover;
mod registry;
mod rehearsal;
mod revoked;
mod server;
mod server_clock;
mod settings;
#[cfg(test)]
mod tests;
mod waits;
mod writer;

pub use disconnect::{Disconnect, Refusal};
pub use metrics::Metrics;
pub use node::{Node, Parts};
pub use publisher::{End, Publisher};
pub use rehearsal::{Rehearsal, Stage, Target};
pub use revoked::Revoked;
pub use server::Ingest;
pub use settings::{NameTaken, Settings, SettingsSource, StreamSettings};
