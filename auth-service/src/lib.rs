//! Users, devices, keys and tokens: who there is, and how they come to what they may do.
//!
//! Floor 4. What the command line, the viewers' pages and the REST API do with accounts is here,
//! once, in [`Service`]; they differ in who asks ([`Actor`]).

mod access;
mod actor;
mod api_keys;
mod attempts;
mod background;
mod clock;
mod database;
mod error;
mod limits;
mod links;
mod mail;
mod organisations;
mod passwords;
mod revocations;
mod secrets;
mod service;
mod sessions;
mod settings;
mod streams;
mod texts;
mod tickets;
mod users;

pub use actor::Actor;
pub use api_keys::NewApiKey;
pub use clock::Clock;
pub use database::Database;
pub use error::ServiceError;
pub use links::{FirstOwner, Holder, Invitation};
pub use mail::{Letter, MailError, MailFolder, Mailer, Smtp, SmtpError};
pub use service::{Parts, Service};
pub use sessions::{Caller, SignedIn};
pub use settings::Settings;
pub use streams::{OptionsCheck, Recordings, StreamRemover};
pub use users::{NewUser, UserChange};
