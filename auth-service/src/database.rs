//! The database that the service needs.

use std::fmt::Debug;

use database::ports::{
    Credentials, Devices, Organisations, StreamKeys, Streams, Trust, Users, Verifications,
};

/// Keeps all that is administered.
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
    /// What a secret is recognised by: it needs the root secret, and says nothing of the text.
    fn keyed_hash(&self, purpose: &'static str, text: &str) -> String;
}

impl Database for database::SqlDatabase {
    fn keyed_hash(&self, purpose: &'static str, text: &str) -> String {
        database::Database::keyed_hash(self, purpose, text)
    }
}
