//! Objects as files below one folder, each at its key's path.

#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use timeline::{ObjectKey, StreamName};
use tokio::task::spawn_blocking;

use crate::StoreError;

/// Where files are written before they are whole. No application's name starts with a dot.
const INCOMING: &str = ".incoming";
/// The folder of a stream's recordings, beside those of its renditions.
const RECORDINGS: &str = "recordings";
/// How often folders are made again that somebody else removes at the same moment.
const FOLDER_ATTEMPTS: u32 = 16;
/// Folders below folders that are looked into: one more than a key has parts.
pub(crate) const DEPTH_MAX: u32 = 6;

/// A folder of whole files. A file is written elsewhere in the folder first and renamed when it is
/// whole, so nobody ever reads half of one. Everything here blocks.
#[derive(Debug)]
pub(crate) struct Files {
    root: PathBuf,
    /// Tells files in `.incoming` apart.
    next: AtomicU64,
    /// Held while folders come or go, so that none is removed between its making and its use.
    folders: Mutex<()>,
}

/// A file that is an object.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) key: ObjectKey,
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
    pub(crate) modified: SystemTime,
}

/// What is below a folder.
#[derive(Default, Debug)]
pub(crate) struct Listing {
    pub(crate) found: Vec<Found>,
    /// Paths that are no object's.
    pub(crate) strange: Vec<PathBuf>,
    /// Folders without a file when they were looked into, inner ones first.
    pub(crate) empty: Vec<PathBuf>,
}

/// Runs what blocks where that holds nobody up.
pub(crate) async fn blocking<T: Send + 'static>(
    operation: &'static str,
    path: String,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, StoreError> {
    match spawn_blocking(work).await {
        Ok(result) => result.map_err(|error| StoreError::io(operation, path, error)),
        Err(error) => Err(StoreError::Unavailable { operation, path, source: error.into() }),
    }
}

impl Files {
    /// Makes the folder, and removes half-written files in it that are at least `age` old.
    pub(crate) fn open(root: &Path, age: Duration) -> io::Result<Self> {
        let incoming = root.join(INCOMING);
        fs::create_dir_all(&incoming)?;
        for entry in fs::read_dir(&incoming)? {
            let entry = entry?;
            let modified = entry.metadata().and_then(|metadata| metadata.modified());
            let is_old = modified.is_ok_and(|at| at.elapsed().is_ok_and(|past| past >= age));
            if is_old || age.is_zero() {
                fs::remove_file(entry.path())?;
            }
        }
        // Names of another process that writes here at the same time are mostly different ones.
        let next = u64::from(std::process::id()) << 32;
        Ok(Self { root: root.to_owned(), next: AtomicU64::new(next), folders: Mutex::new(()) })
    }

    /// The folder.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Where an object's file is, whether or not it exists.
    pub(crate) fn path(&self, key: &ObjectKey) -> PathBuf {
        self.root.join(key.path())
    }

    /// Where the records of a stream's recordings are (see [`timeline::RecordingKey`]).
    pub(crate) fn recordings(&self, stream: &StreamName) -> PathBuf {
        self.root.join(stream.as_str()).join(RECORDINGS)
    }

    /// Writes a whole object, `durably` so that a power cut cannot empty it.
    pub(crate) fn write(
        &self,
        key: &ObjectKey,
        bytes: &[u8],
        durably: bool,
    ) -> io::Result<PathBuf> {
        let target = self.path(key);
        self.bring_in(&target, |mut file| {
            file.write_all(bytes)?;
            if durably { file.sync_data() } else { Ok(()) }
        })?;
        Ok(target)
    }

    /// Writes a whole file that nobody but this program's user may read.
    pub(crate) fn write_private(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        self.bring_in(&self.root.join(path), |mut file| {
            #[cfg(unix)]
            file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
            file.write_all(bytes)?;
            file.sync_data()
        })
    }

    /// Makes `file` the object. Repeating it is a success.
    pub(crate) fn take(&self, key: &ObjectKey, file: &Path) -> io::Result<()> {
        let target = self.path(key);
        match self.rename_into(file, &target) {
            Err(error) if error.kind() == ErrorKind::CrossesDevices => self.copy(file, &target),
            Err(error) if error.kind() == ErrorKind::NotFound && target.try_exists()? => Ok(()),
            other => other,
        }
    }

    /// Takes a file over from another file system.
    pub(crate) fn copy(&self, file: &Path, target: &Path) -> io::Result<()> {
        self.bring_in(target, |mut copy| {
            io::copy(&mut File::open(file)?, &mut copy)?;
            copy.sync_data()
        })?;
        ignore_missing(fs::remove_file(file))
    }

    /// Writes a whole object unless there is one.
    pub(crate) fn write_new(&self, key: &ObjectKey, bytes: &[u8]) -> io::Result<bool> {
        let target = self.path(key);
        let (temporary, mut file) = self.incoming()?;
        let written = file.write_all(bytes).and_then(|()| file.sync_data());
        let made = written.and_then(|()| self.link_into(&temporary, &target));
        let _ = fs::remove_file(&temporary);
        match made {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            other => other.map(|()| true),
        }
    }

    /// A second name for a file, which must not be taken, and the folders on the way.
    fn link_into(&self, from: &Path, to: &Path) -> io::Result<()> {
        let _held = self.hold_folders();
        let mut made = Ok(());
        for _ in 0..FOLDER_ATTEMPTS {
            if let Some(folder) = to.parent() {
                fs::create_dir_all(folder)?;
            }
            made = fs::hard_link(from, to);
            // Another process may have removed the folder.
            if !matches!(&made, Err(error) if error.kind() == ErrorKind::NotFound) {
                break;
            }
        }
        made
    }

    /// Some bytes of an object's file.
    pub(crate) fn read_range(&self, key: &ObjectKey, range: Range<u64>) -> io::Result<Vec<u8>> {
        let mut file = File::open(self.path(key))?;
        let end = range.end.min(file.metadata()?.len());
        let length = end.saturating_sub(range.start);
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
        if length > 0 {
            file.seek(SeekFrom::Start(range.start))?;
            file.take(length).read_to_end(&mut bytes)?;
        }
        Ok(bytes)
    }

    /// Tells of everything of one stream, until `tell` says that this is enough.
    pub(crate) fn survey(
        &self,
        folder: &Path,
        depth: u32,
        tell: &mut dyn FnMut(Found) -> bool,
    ) -> io::Result<bool> {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(true),
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            let (path, file_type) = (entry.path(), entry.file_type()?);
            if file_type.is_dir() {
                if depth > 0 && !self.survey(&path, depth - 1, tell)? {
                    return Ok(false);
                }
                continue;
            }
            let below = path.strip_prefix(&self.root).ok().and_then(Path::to_str);
            let Some(key) = below.and_then(|below| ObjectKey::parse(below).ok()) else { continue };
            let metadata = match entry.metadata() {
                Ok(metadata) => metadata,
                // It went while we looked.
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            let modified = metadata.modified()?;
            if !tell(Found { key, path, bytes: metadata.len(), modified }) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Removes an object's file, and the folders that are empty without it.
    pub(crate) fn remove(&self, key: &ObjectKey) -> io::Result<()> {
        self.remove_file(&self.path(key))
    }

    /// Removes a file, and the folders that are empty without it.
    pub(crate) fn remove_file(&self, path: &Path) -> io::Result<()> {
        ignore_missing(fs::remove_file(path))?;
        let _held = self.hold_folders();
        let folders = path.ancestors().skip(1).take_while(|folder| *folder != self.root);
        // The first one that is in use, or gone, ends it.
        for folder in folders {
            if fs::remove_dir(folder).is_err() {
                break;
            }
        }
        Ok(())
    }

    /// Everything below the folder, or of one stream.
    pub(crate) fn list(&self, stream: Option<&StreamName>) -> io::Result<Listing> {
        let mut listing = Listing::default();
        let folder = stream.map_or_else(|| self.root.clone(), |name| self.root.join(name.as_str()));
        self.look_into(&folder, DEPTH_MAX, &mut listing)?;
        Ok(listing)
    }

    /// Whether anything was seen in `folder`.
    fn look_into(&self, folder: &Path, depth: u32, listing: &mut Listing) -> io::Result<bool> {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        let mut is_used = false;
        for entry in entries {
            let entry = entry?;
            let (path, file_type) = (entry.path(), entry.file_type()?);
            if path.file_name().is_some_and(|name| name == INCOMING) {
                continue;
            }
            if file_type.is_dir() && depth > 0 {
                if self.look_into(&path, depth - 1, listing)? {
                    is_used = true;
                } else {
                    listing.empty.push(path);
                }
                continue;
            }
            is_used = true;
            let below = path.strip_prefix(&self.root).ok().and_then(Path::to_str);
            let key = below.and_then(|below| ObjectKey::parse(below).ok());
            match (key, entry.metadata()) {
                (Some(key), Ok(metadata)) if file_type.is_file() => {
                    let modified = metadata.modified()?;
                    listing.found.push(Found { key, path, bytes: metadata.len(), modified });
                }
                // It went while we looked.
                (Some(_), Err(error)) if error.kind() == ErrorKind::NotFound => {}
                (_, Err(error)) => return Err(error),
                (_, Ok(_)) => listing.strange.push(path),
            }
        }
        Ok(is_used)
    }

    /// A file to write to that nobody else has: in containers, processes of several nodes have the
    /// same number, and one that was killed has left its files.
    fn incoming(&self) -> io::Result<(PathBuf, File)> {
        loop {
            let number = self.next.fetch_add(1, Relaxed);
            let path = self.root.join(INCOMING).join(format!("{number:x}"));
            match File::create_new(&path) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                made => return made.map(|file| (path, file)),
            }
        }
    }

    /// Has a file written aside, and brings it in when it is whole.
    fn bring_in(
        &self,
        target: &Path,
        write: impl FnOnce(File) -> io::Result<()>,
    ) -> io::Result<()> {
        let (temporary, file) = self.incoming()?;
        let written = write(file).and_then(|()| self.rename_into(&temporary, target));
        if written.is_err() {
            // The first error is the one to tell.
            let _ = fs::remove_file(&temporary);
        }
        written
    }

    /// Renames, and makes the folders on the way. Another process may remove them meanwhile.
    fn rename_into(&self, from: &Path, to: &Path) -> io::Result<()> {
        let missing = |error: &io::Error| error.kind() == ErrorKind::NotFound;
        match fs::rename(from, to) {
            Err(error) if missing(&error) && from.try_exists()? => {}
            other => return other,
        }
        let Some(folder) = to.parent() else { return fs::rename(from, to) };
        let _held = self.hold_folders();
        for _ in 1..FOLDER_ATTEMPTS {
            match fs::create_dir_all(folder) {
                Ok(()) => remove_empty_siblings(folder),
                // Both are what a folder looks like that went just now; a file in its place as
                // well, which the renaming tells.
                Err(error) if missing(&error) || error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
            match fs::rename(from, to) {
                Err(error) if missing(&error) && from.try_exists()? => {}
                other => return other,
            }
        }
        fs::rename(from, to)
    }

    fn hold_folders(&self) -> MutexGuard<'_, ()> {
        self.folders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Removes folders beside `folder` whose files all have gone elsewhere.
fn remove_empty_siblings(folder: &Path) {
    let entries = folder.parent().and_then(|parent| fs::read_dir(parent).ok());
    let siblings = entries.into_iter().flatten().flatten().map(|entry| entry.path());
    for sibling in siblings.filter(|sibling| sibling != folder) {
        // One that is in use, or a file, stays.
        let _ = fs::remove_dir(sibling);
    }
}

fn ignore_missing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
