//! What people administer: streams and their keys.
//!
//! Floor 3. An implementation of [`Database`] passes [`conformance::all`].

pub mod conformance;
mod error;
mod key;
pub mod ports;
mod sqlite;

use std::fmt::Debug;

use async_trait::async_trait;
use timeline::StreamName;

pub use error::{BoxError, DatabaseError};
pub use key::StreamKey;
pub use ports::{Page, PublishKey, Rotated, StreamFilter};
pub use sqlite::SqliteDatabase;

/// Keeps streams and their keys.
///
/// A key is not stored. It follows from the database's root secret and the key's random id, so it
/// can be shown again; what is stored to recognise it is a hash that needs the root secret too.
#[async_trait]
pub trait Database: Debug + Send + Sync + 'static {
    /// Registers a stream and makes its key, if it is not registered yet.
    ///
    /// # Errors
    ///
    /// When it may not have been registered.
    async fn create_stream(&self, name: &StreamName) -> Result<Created, DatabaseError>;

    /// All registered streams in the order of their names.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    async fn streams(&self) -> Result<Vec<RegisteredStream>, DatabaseError>;

    /// The stream's valid key, or `None` if it is not registered.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    async fn stream_key(&self, name: &StreamName) -> Result<Option<StreamKey>, DatabaseError>;

    /// Makes a new key for the stream and revokes the one before it. `None` if the stream is not
    /// registered.
    ///
    /// # Errors
    ///
    /// When the old key may still be the valid one.
    async fn rotate_stream_key(
        &self,
        name: &StreamName,
    ) -> Result<Option<StreamKey>, DatabaseError>;

    /// The stream that a text is the valid key of. The text is looked up by its keyed hash, so the
    /// time that takes tells nothing of how much of a key was right.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    async fn stream_of_key(&self, text: &str) -> Result<Option<StreamName>, DatabaseError>;

    /// Whether a text is the stream's valid key.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    async fn key_matches(&self, name: &StreamName, text: &str) -> Result<bool, DatabaseError> {
        Ok(self.stream_of_key(text).await?.as_ref() == Some(name))
    }
}

/// Whether a stream is new.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Created {
    /// It was registered just now, with a first key.
    New,
    /// It had been registered before, and nothing changed.
    Exists,
}

/// A stream that somebody registered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RegisteredStream {
    /// Its name.
    pub name: StreamName,
    /// When that was, in milliseconds since the Unix epoch.
    pub created_at_ms: i64,
}
