//! What people administer: organisations, users, devices, credentials, streams, stream keys, trust.
//!
//! Floor 3. An implementation of [`Database`] passes [`conformance::all`].

mod cells;
pub mod conformance;
mod engine;
mod error;
mod key;
pub mod ports;
mod seal;
mod sql;
mod url;

use std::fmt::Debug;

pub use error::{BoxError, DatabaseError};
pub use key::StreamKey;
pub use ports::{
    Credentials, Devices, Organisations, Page, PublishKey, Rotated, StreamFilter, StreamKeys,
    Streams, Trust, Users, Verifications,
};
pub use sql::SqlDatabase;
pub use url::{DatabaseUrl, PostgresUrl, UrlError};

/// Keeps what people administer, subject by subject.
///
/// Nothing checks here who asks: `auth-service` does. But whatever is made belongs to one
/// organisation, and nothing ever refers to something of another one.
pub trait Database:
    Organisations
    + Users
    + Credentials
    + Devices
    + Verifications
    + Streams
    + StreamKeys
    + Trust
    + Debug
    + Send
    + Sync
    + 'static
{
    /// What a secret is recognised by, in hex. It needs the root secret to be made, and is another
    /// one for each purpose.
    fn keyed_hash(&self, purpose: &'static str, text: &str) -> String;
}

fn random<const N: usize>() -> Result<[u8; N], DatabaseError> {
    let mut bytes = [0; N];
    let filled = getrandom::fill(&mut bytes);
    filled.map_err(|error| DatabaseError::unavailable("draw random bytes", error))?;
    Ok(bytes)
}
