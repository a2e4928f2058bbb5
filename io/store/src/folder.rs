//! Objects in a folder.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use async_trait::async_trait;
use bytes::Bytes;
use timeline::{ObjectKey, RecordingKey, StreamName};
use tokio::task::spawn_blocking;

use crate::files::{self, DEPTH_MAX, Files, blocking};
use crate::survey::{FOUND_MAX, channel};
use crate::{Found, ObjectStore, PrivateName, PrivateStore, StoreError, Survey};

/// How old a half-written file must be before it counts as left behind by a process that is gone.
const LEFTOVER_AGE: Duration = Duration::from_secs(3_600);

/// Keeps each object as a file at its key's path below one folder, which any web server could
/// serve. What `put` wrote outlives a power cut; an adopted file does if its bytes had reached the
/// disk before (see [`crate::UploaderSettings::sync`]).
#[derive(Clone, Debug)]
pub struct FolderStore {
    files: Arc<Files>,
}

impl FolderStore {
    /// Opens the store in the folder `root`, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// When the folder cannot be made or read.
    pub async fn open(root: &Path) -> Result<Self, StoreError> {
        let (path, root) = (root.display().to_string(), root.to_owned());
        let open = move || Files::open(&root, LEFTOVER_AGE);
        // What is missing here is no object but a folder, which somebody must provide.
        let files = blocking("open the store", path, open).await.map_err(StoreError::provide)?;
        Ok(Self { files: Arc::new(files) })
    }

    async fn run<T: Send + 'static>(
        &self,
        operation: &'static str,
        key: &ObjectKey,
        work: impl FnOnce(&Files, &ObjectKey) -> std::io::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (files, key) = (Arc::clone(&self.files), key.clone());
        blocking(operation, key.path(), move || work(&files, &key)).await
    }
}

#[async_trait]
impl ObjectStore for FolderStore {
    async fn put(&self, key: &ObjectKey, bytes: Bytes) -> Result<(), StoreError> {
        let put = move |files: &Files, key: &ObjectKey| files.write(key, &bytes, true);
        self.run("put", key, put).await.map(drop)
    }

    async fn put_new(&self, key: &ObjectKey, bytes: Bytes) -> Result<bool, StoreError> {
        let put = move |files: &Files, key: &ObjectKey| files.write_new(key, &bytes);
        self.run("put", key, put).await
    }

    async fn get(&self, key: &ObjectKey) -> Result<Bytes, StoreError> {
        let get = |files: &Files, key: &ObjectKey| std::fs::read(files.path(key));
        self.run("get", key, get).await.map(Bytes::from)
    }

    async fn get_range(&self, key: &ObjectKey, range: Range<u64>) -> Result<Bytes, StoreError> {
        let get = move |files: &Files, key: &ObjectKey| files.read_range(key, range);
        self.run("get", key, get).await.map(Bytes::from)
    }

    async fn length(&self, key: &ObjectKey) -> Result<u64, StoreError> {
        let look = |files: &Files, key: &ObjectKey| std::fs::metadata(files.path(key));
        self.run("look at", key, look).await.map(|metadata| metadata.len())
    }

    async fn delete(&self, key: &ObjectKey) -> Result<(), StoreError> {
        self.run("delete", key, Files::remove).await
    }

    async fn adopt(&self, key: &ObjectKey, file: &Path) -> Result<(), StoreError> {
        let file = file.to_owned();
        let adopt = move |files: &Files, key: &ObjectKey| files.take(key, &file);
        self.run("adopt", key, adopt).await
    }

    async fn contains(&self, key: &ObjectKey) -> Result<bool, StoreError> {
        let contains = |files: &Files, key: &ObjectKey| files.path(key).try_exists();
        self.run("look for", key, contains).await
    }

    async fn list(&self, stream: &StreamName) -> Result<Vec<ObjectKey>, StoreError> {
        let (files, name) = (Arc::clone(&self.files), stream.clone());
        let list = move || files.list(Some(&name));
        let listing = blocking("list", stream.to_string(), list).await?;
        let mut keys: Vec<_> = listing.found.into_iter().map(|found| found.key).collect();
        keys.sort_unstable();
        Ok(keys)
    }

    async fn records(&self, stream: &StreamName) -> Result<Vec<RecordingKey>, StoreError> {
        let (files, folder) = (Arc::clone(&self.files), self.files.recordings(stream));
        let list = move || {
            let mut keys = Vec::new();
            files.survey(&folder, DEPTH_MAX, &mut |found| {
                if let ObjectKey::Recording(key) = found.key {
                    keys.push(key);
                }
                true
            })?;
            keys.sort_unstable();
            Ok(keys)
        };
        blocking("list the recordings of", stream.to_string(), list).await
    }

    fn survey(&self, stream: &StreamName) -> Survey {
        let (sender, survey) = channel();
        let (files, stream) = (Arc::clone(&self.files), stream.clone());
        spawn_blocking(move || {
            let (folder, mut portion) = (files.root().join(stream.as_str()), Vec::new());
            let told = files.survey(&folder, DEPTH_MAX, &mut |found| {
                portion.push(Found::from(found));
                let is_full = portion.len() >= FOUND_MAX;
                !is_full || sender.blocking_send(Ok(std::mem::take(&mut portion))).is_ok()
            });
            let last = told.map(|_| portion);
            let last = last.map_err(|error| StoreError::io("survey", stream.to_string(), error));
            // Whoever does not listen any more knows enough.
            let _ = sender.blocking_send(last);
        });
        survey
    }
}

#[async_trait]
impl PrivateStore for FolderStore {
    async fn put_private(&self, name: &PrivateName, bytes: Bytes) -> Result<(), StoreError> {
        let (files, path) = (Arc::clone(&self.files), name.path());
        blocking("put", name.path(), move || files.write_private(&path, &bytes)).await
    }

    async fn get_private(&self, name: &PrivateName) -> Result<Bytes, StoreError> {
        let path = self.files.root().join(name.path());
        blocking("get", name.path(), move || std::fs::read(path)).await.map(Bytes::from)
    }

    async fn delete_private(&self, name: &PrivateName) -> Result<(), StoreError> {
        let (files, path) = (Arc::clone(&self.files), self.files.root().join(name.path()));
        blocking("delete", name.path(), move || files.remove_file(&path)).await
    }
}

impl From<files::Found> for Found {
    fn from(found: files::Found) -> Self {
        let since = found.modified.duration_since(UNIX_EPOCH).unwrap_or_default();
        let modified_ms = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
        Self { key: found.key, bytes: found.bytes, modified_ms }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(path: &str) -> ObjectKey {
        ObjectKey::parse(path).unwrap()
    }

    #[tokio::test]
    async fn conforms() {
        let folder = tempfile::tempdir().unwrap();
        let store = FolderStore::open(&folder.path().join("data/objects")).await.unwrap();
        crate::conformance::all(&store).await;
    }

    #[tokio::test]
    async fn an_object_is_a_file_at_its_path_and_the_folders_go_with_the_last_one() {
        let folder = tempfile::tempdir().unwrap();
        let store = FolderStore::open(folder.path()).await.unwrap();
        let (first, second) = (key("live/cam/ts/1/0.ts"), key("live/cam/ts/2/1.ts"));
        store.put(&first, Bytes::from_static(b"a")).await.unwrap();
        store.put(&second, Bytes::from_static(b"b")).await.unwrap();
        assert_eq!(std::fs::read(folder.path().join("live/cam/ts/2/1.ts")).unwrap(), b"b");
        store.delete(&second).await.unwrap();
        assert!(!folder.path().join("live/cam/ts/2").exists());
        assert!(folder.path().join("live/cam/ts/1").exists());
        store.delete(&first).await.unwrap();
        assert!(!folder.path().join("live").exists());
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_file_is_adopted_without_writing_its_bytes_again() {
        use std::os::unix::fs::MetadataExt;
        let folder = tempfile::tempdir().unwrap();
        let store = FolderStore::open(&folder.path().join("objects")).await.unwrap();
        let (file, key) = (folder.path().join("spooled"), key("live/cam/ts/1/0.ts"));
        std::fs::write(&file, b"bytes").unwrap();
        let before = std::fs::metadata(&file).unwrap().ino();
        store.adopt(&key, &file).await.unwrap();
        let adopted = folder.path().join("objects/live/cam/ts/1/0.ts");
        assert_eq!(std::fs::metadata(adopted).unwrap().ino(), before);
        // Whoever did not hear the answer repeats it.
        store.adopt(&key, &file).await.unwrap();
        assert_eq!(store.get(&key).await.unwrap(), "bytes");
    }

    #[tokio::test]
    async fn files_of_others_are_not_listed() {
        let folder = tempfile::tempdir().unwrap();
        let store = FolderStore::open(folder.path()).await.unwrap();
        let key = key("live/cam/ts/1/0.ts");
        store.put(&key, Bytes::from_static(b"a")).await.unwrap();
        for path in ["live/cam/notes.txt", "live/cam/ts/1/00.ts", "live/cam/ts/1/0.ts~"] {
            std::fs::write(folder.path().join(path), b"").unwrap();
        }
        assert_eq!(store.list(key.stream()).await.unwrap(), [key]);
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_made_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, b"").unwrap();
        let error = FolderStore::open(&file.join("objects")).await.unwrap_err();
        assert!(matches!(error, StoreError::Refused { .. }), "{error}");
    }
}
