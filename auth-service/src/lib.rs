//! Users, devices, keys and tokens: who there is, and how they come to what they may do.
//!
//! Floor 4. What the command line, the viewers' pages and the REST API do with accounts is here,
//! once, in [`Service`]; they differ in who asks ([`Actor`]).

mod actor;
mod attempts;
mod clock;
mod database;
mod error;
mod limits;
mod mail;
mod passwords;
mod revocations;
mod secrets;
mod service;
mod settings;
mod streams;

pub use actor::Actor;
pub use clock::Clock;
pub use database::Database;
pub use error::ServiceError;
pub use mail::{Letter, MailError, Mailer};
pub use service::{Parts, Service};
pub use settings::Settings;
pub use streams::{OptionsCheck, Recordings, StreamRemover};
