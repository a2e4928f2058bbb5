//! Finished segments on their way to the store.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use timeline::ObjectKey;
use tracing::warn;

use crate::StoreError;
use crate::files::{Files, blocking};

/// A folder with the segments that the store does not have yet, each as a whole file at its key's
/// path. What is in it outlives the process, so a segment may be listed once it is here.
///
/// The file reaches the disk itself when the [`crate::Uploader`] takes it: after a power cut the
/// newest files may be missing or short, which whoever lists them must look at.
///
/// One process at a time uses a spool.
#[derive(Clone, Debug)]
pub struct Spool {
    files: Arc<Files>,
}

/// A whole file in the spool.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SpoolFile {
    /// The object that it is to become.
    pub key: ObjectKey,
    /// Where it is.
    pub path: PathBuf,
    /// Its length.
    pub bytes: u64,
}

impl Spool {
    /// Opens the spool in the folder `root`, which is made if it is not there. It should be on the
    /// file system of a store that is a folder, so that adopting a file is a rename.
    ///
    /// # Errors
    ///
    /// When the folder cannot be made or read.
    pub async fn open(root: &Path) -> Result<Self, StoreError> {
        let (path, root) = (root.display().to_string(), root.to_owned());
        let open = move || Files::open(&root, Duration::ZERO);
        let files = blocking("open the spool", path, open).await.map_err(StoreError::provide)?;
        Ok(Self { files: Arc::new(files) })
    }

    /// Writes a segment and returns the file, which is whole once it has its name.
    ///
    /// # Errors
    ///
    /// When there is no such file, [`StoreError::Full`] if that is for want of space.
    pub async fn write(&self, key: &ObjectKey, bytes: Bytes) -> Result<PathBuf, StoreError> {
        let (files, path, key) = (Arc::clone(&self.files), key.path(), key.clone());
        let write = move || files.write(&key, &bytes, false);
        blocking("spool", path, write).await.map_err(StoreError::provide)
    }

    /// The segment, if it is still here.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`] when it is not here (any more).
    pub async fn get(&self, key: &ObjectKey) -> Result<Bytes, StoreError> {
        let file = self.files.path(key);
        let read = move || std::fs::read(file);
        blocking("read the spooled", key.path(), read).await.map(Bytes::from)
    }

    /// Some of the segment's bytes; what lies beyond its end is left out.
    ///
    /// # Errors
    ///
    /// As [`Self::get`].
    pub async fn get_range(&self, key: &ObjectKey, range: Range<u64>) -> Result<Bytes, StoreError> {
        let (files, path, key) = (Arc::clone(&self.files), key.path(), key.clone());
        let read = move || files.read_range(&key, range);
        blocking("read the spooled", path, read).await.map(Bytes::from)
    }

    /// How many bytes the segment has.
    ///
    /// # Errors
    ///
    /// As [`Self::get`].
    pub async fn length(&self, key: &ObjectKey) -> Result<u64, StoreError> {
        let file = self.files.path(key);
        let look = move || std::fs::metadata(file).map(|metadata| metadata.len());
        blocking("look at the spooled", key.path(), look).await
    }

    /// Whether the segment is here.
    ///
    /// # Errors
    ///
    /// When that is not known.
    pub async fn contains(&self, key: &ObjectKey) -> Result<bool, StoreError> {
        let file = self.files.path(key);
        blocking("look for the spooled", key.path(), move || file.try_exists()).await
    }

    /// All files, oldest first: at the start, what the process before left. Half-written files
    /// were removed when the spool was opened. Files that are no segments stay, since a newer
    /// version may have written them, and are named in the log.
    ///
    /// # Errors
    ///
    /// When the answer would not be complete.
    pub async fn recover(&self) -> Result<Vec<SpoolFile>, StoreError> {
        let files = Arc::clone(&self.files);
        let path = files.root().display().to_string();
        let list = move || {
            let listing = files.list(None)?;
            for folder in &listing.empty {
                // One that is used again by now stays.
                let _ = std::fs::remove_dir(folder);
            }
            Ok(listing)
        };
        let mut listing = blocking("list the spool", path, list).await?;
        for path in &listing.strange {
            let path = path.display();
            warn!(spool.path = %path, "{path} is no segment and stays in the spool");
        }
        listing.found.sort_by(|a, b| (a.modified, &a.key).cmp(&(b.modified, &b.key)));
        let file = |found: crate::files::Found| SpoolFile {
            key: found.key,
            path: found.path,
            bytes: found.bytes,
        };
        Ok(listing.found.into_iter().map(file).collect())
    }

    /// The length of all files. Counted each time, so it is true whoever takes files away.
    ///
    /// # Errors
    ///
    /// When the spool cannot be read.
    pub async fn bytes(&self) -> Result<u64, StoreError> {
        let files = Arc::clone(&self.files);
        let path = files.root().display().to_string();
        let listing = blocking("list the spool", path, move || files.list(None)).await?;
        Ok(listing.found.iter().map(|found| found.bytes).fold(0, u64::saturating_add))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(path: &str) -> ObjectKey {
        ObjectKey::parse(path).unwrap()
    }

    #[tokio::test]
    async fn a_spooled_segment_is_a_whole_file_at_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(folder.path()).await.unwrap();
        let key = key("live/cam/ts/1/0.ts");
        assert!(!spool.contains(&key).await.unwrap());
        assert!(matches!(spool.get(&key).await, Err(StoreError::NotFound { .. })));
        let file = spool.write(&key, Bytes::from_static(b"bytes")).await.unwrap();
        assert_eq!(file, folder.path().join("live/cam/ts/1/0.ts"));
        assert_eq!(std::fs::read(&file).unwrap(), b"bytes");
        assert!(spool.contains(&key).await.unwrap());
        assert_eq!(spool.get(&key).await.unwrap(), "bytes");
        assert_eq!(spool.bytes().await.unwrap(), 5);
        std::fs::remove_file(file).unwrap();
        assert_eq!(spool.bytes().await.unwrap(), 0);
    }

    #[tokio::test]
    async fn what_a_crash_left_is_found_oldest_first_without_halves() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(folder.path()).await.unwrap();
        let names = ["live/b/ts/1/9.ts", "live/a/ts/1/0.ts", "live/a/ts/1/1.ts"];
        for (age, name) in (0..3).rev().zip(names) {
            let file = spool.write(&key(name), Bytes::from_static(b"bytes")).await.unwrap();
            let modified = std::time::SystemTime::now() - Duration::from_secs(age);
            std::fs::File::open(file).unwrap().set_modified(modified).unwrap();
        }
        drop(spool);
        let (half, strange, empty) = (".incoming/3", "live/a/ts/1/0.m9s", "live/a/ts/2");
        std::fs::write(folder.path().join(half), b"by").unwrap();
        std::fs::write(folder.path().join(strange), b"bytes").unwrap();
        std::fs::create_dir(folder.path().join(empty)).unwrap();

        let spool = Spool::open(folder.path()).await.unwrap();
        let files = spool.recover().await.unwrap();
        let found: Vec<_> = files.iter().map(|file| (file.key.path(), file.bytes)).collect();
        assert_eq!(found, names.map(|name| (name.to_owned(), 5)));
        assert!(files.iter().all(|file| file.path == folder.path().join(file.key.path())));
        assert!(!folder.path().join(half).exists(), "what is half written goes");
        assert!(!folder.path().join(empty).exists(), "what is empty goes");
        assert!(folder.path().join(strange).exists(), "what we do not know stays");
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_full_disk_is_told_apart() {
        let error = std::fs::write("/dev/full", b"bytes").unwrap_err();
        let error = StoreError::io("spool", "live/cam/ts/1/0.ts".to_owned(), error);
        assert!(matches!(error, StoreError::Full { .. }), "{error}");
        assert!(error.is_temporary());
    }
}
