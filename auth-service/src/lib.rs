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
mod devices;
mod directory;
mod error;
mod http;
mod limits;
mod links;
mod mail;
#[cfg(test)]
mod matrix;
mod mistakes;
mod organisations;
mod pairing;
mod passwords;
mod publish;
mod revocation;
mod revocations;
mod secrets;
mod service;
mod sessions;
mod settings;
mod stream_keys;
mod streams;
#[cfg(test)]
mod testing;
mod texts;
mod tickets;
mod tokens;
mod users;
mod verification;
#[cfg(test)]
mod world;

pub use actor::Actor;
pub use api_keys::NewApiKey;
pub use clock::Clock;
pub use database::Database;
pub use devices::{NewDevice, RegisteredDevice};
pub use directory::StoredDirectory;
pub use error::ServiceError;
pub use http::Api;
pub use links::{FirstOwner, Holder, Invitation};
pub use mail::{Letter, MailError, MailFolder, Mailer, Smtp, SmtpError};
pub use pairing::{DeviceAuthorization, Granted, NotGranted, PairingChoice, PairingRequest};
pub use publish::{PublishSettings, Publishing, Touches};
pub use revocation::RevokedTokens;
pub use service::{Parts, Service};
pub use sessions::{Caller, SignedIn};
pub use settings::Settings;
pub use stream_keys::NewStreamKey;
pub use streams::{
    NewStream, NewTemplate, OptionsCheck, Recordings, StreamChange, StreamRemover, TemplateChange,
};
pub use tokens::{NewPlayToken, NewTrustedKey, SignedToken, TokenForm};
pub use users::{NewUser, UserChange};
pub use verification::{Document, Verdict};
