//! Where the bytes of streams are: the object store, and what stands before it.
//!
//! Floor 3. A finished segment is kept in [`LiveMemory`] and as a file in the [`Spool`]; the
//! [`Uploader`] takes the file to the [`ObjectStore`], which with a [`FolderStore`] is a rename.
//! [`LiveFirst`] reads in the same order. An implementation of [`ObjectStore`] passes
//! [`conformance::all`].

pub mod conformance;
mod error;
mod files;
mod flaky;
mod folder;
mod layered;
mod live_memory;
mod memory_store;
mod private;
mod spool;
mod survey;
mod uploader;

use std::fmt::Debug;
use std::ops::Range;
use std::path::Path;

use async_trait::async_trait;
use bytes::Bytes;
use timeline::{ObjectKey, RecordingKey, StreamName};

pub use error::{BoxError, StoreError};
pub use flaky::FlakyStore;
pub use folder::FolderStore;
pub use layered::{Elsewhere, LiveFirst};
pub use live_memory::LiveMemory;
pub use memory_store::MemoryStore;
pub use private::{PrivateMemory, PrivateName, PrivateStore, private_conformance};
pub use spool::{Spool, SpoolFile};
pub use survey::{Found, Survey};
pub use uploader::{Uploader, UploaderSettings, UploaderStatus};

/// Keeps immutable objects.
///
/// An object is written once and never changes: a key belongs to one sequence of bytes for ever.
/// So writing it again with the same bytes is harmless, and a caller that does not know whether a
/// write succeeded may always repeat it. No implementation retries by itself: that is the
/// [`Uploader`]'s task.
#[async_trait]
pub trait ObjectStore: Debug + Send + Sync + 'static {
    /// Stores `bytes`. Once this returns, every later `get` sees all of them; before that, none.
    ///
    /// # Errors
    ///
    /// When the object may not have been stored.
    async fn put(&self, key: &ObjectKey, bytes: Bytes) -> Result<(), StoreError>;

    /// Stores `bytes` if there is no such object yet, and says whether it did: of all who try, one
    /// is told so. For objects whose name people choose. Whoever does not hear the answer may find
    /// its own bytes there.
    ///
    /// # Errors
    ///
    /// When that is not known.
    async fn put_new(&self, key: &ObjectKey, bytes: Bytes) -> Result<bool, StoreError>;

    /// The whole object.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`] when it is not there; others when that is not known.
    async fn get(&self, key: &ObjectKey) -> Result<Bytes, StoreError>;

    /// Some of the object's bytes; what lies beyond its end is left out.
    ///
    /// # Errors
    ///
    /// As [`Self::get`].
    async fn get_range(&self, key: &ObjectKey, range: Range<u64>) -> Result<Bytes, StoreError>;

    /// How many bytes the object has.
    ///
    /// # Errors
    ///
    /// As [`Self::get`].
    async fn length(&self, key: &ObjectKey) -> Result<u64, StoreError>;

    /// Deletes the object. To delete what is not there is a success.
    ///
    /// # Errors
    ///
    /// When the object may still be there.
    async fn delete(&self, key: &ObjectKey) -> Result<(), StoreError>;

    /// Takes over a finished file: its bytes become the object, and the file goes. A store that is
    /// a folder on the same file system renames it, so no byte is written twice. At every moment
    /// either the file or the object can be read.
    ///
    /// # Errors
    ///
    /// When the object may not have been stored; then the file is still there.
    /// [`StoreError::NotFound`] when there is no file; if the object is there, somebody else, or an
    /// earlier attempt, took it.
    async fn adopt(&self, key: &ObjectKey, file: &Path) -> Result<(), StoreError> {
        let failed = |error| StoreError::io("read the file of", key.path(), error);
        let bytes = tokio::fs::read(file).await.map_err(failed)?;
        self.put(key, bytes.into()).await?;
        // The object is there. A file that stays is found at the next start, and goes then.
        if let Err(error) = tokio::fs::remove_file(file).await {
            let path = key.path();
            tracing::warn!(object.key = path, %error, "`{path}` is stored, but its file stays: {error}");
        }
        Ok(())
    }

    /// Whether the object is there.
    ///
    /// # Errors
    ///
    /// When that is not known.
    async fn contains(&self, key: &ObjectKey) -> Result<bool, StoreError>;

    /// The keys of all objects of a stream, in the order of [`ObjectKey`].
    ///
    /// # Errors
    ///
    /// When the answer would not be complete.
    async fn list(&self, stream: &StreamName) -> Result<Vec<ObjectKey>, StoreError>;

    /// The records of a stream's recordings, all versions, in the order of their keys. They are
    /// found without a look at anything else that the stream has.
    ///
    /// # Errors
    ///
    /// When the answer would not be complete.
    async fn records(&self, stream: &StreamName) -> Result<Vec<RecordingKey>, StoreError>;

    /// All objects of a stream with their sizes and times, some at a time and in any order: what
    /// comes or goes meanwhile may be among them or not. Call it within a Tokio runtime.
    fn survey(&self, stream: &StreamName) -> Survey;
}
