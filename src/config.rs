//! What the program is told: one TOML file, the environment, and flags.
//!
//! Later sources override earlier ones: defaults, the file, `WEIR_…` variables, `--set`, flags.
//! What is written ([`Raw`]) becomes what holds ([`Config`]) in one place, which names the key and
//! the remedy of everything that is wrong.

mod auth;
mod checked;
mod duration;
mod hidden;
mod load;
mod options;
mod peers;
mod raw;
mod reference;
mod sources;
mod stream;

pub(crate) use auth::Mail;
pub(crate) use checked::{Config, Store, Tls};
pub(crate) use duration::Span;
pub(crate) use load::load;
pub(crate) use options::Options;
pub(crate) use peers::Peers;
pub(crate) use raw::Raw;
pub(crate) use reference::reference;
pub(crate) use sources::{ConfigError, Sources};
