//! Fetching from a folder: a stream that was made there, or saved.

#[cfg(test)]
mod tests;

use std::fs;
use std::io::{self, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{CONTENT_RANGE, RANGE};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Version};
use thiserror::Error;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio::time::{Instant, timeout};
use url::Url;

use super::{REPLY_BYTES_MAX, Reply, Request, Transport, TransportError};

/// Fetches files of one folder, and nothing outside of it, wherever links lead.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
}

/// What a path names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Entry {
    /// A playlist.
    Playlist(Url),
    /// Something else: a segment, most likely.
    Segment(Url),
}

/// Why there is nothing to examine.
#[derive(Debug, Error)]
pub enum FolderError {
    /// It is not there, or not for us to read.
    #[error("cannot read {}", .path.display())]
    Unreadable {
        /// What was named.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is nothing to begin with.
    #[error("there is no playlist (*.m3u8) in {}", .0.display())]
    NoPlaylist(PathBuf),
    /// It is not clear what to begin with.
    #[error(
        "there are {count} playlists in {}, and none is index.m3u8 or master.m3u8: name one",
        .path.display()
    )]
    ManyPlaylists {
        /// The folder.
        path: PathBuf,
        /// How many.
        count: usize,
    },
}

/// What a stream begins with, the likeliest first. ffmpeg and packagers write the second.
const ENTRIES: [&str; 2] = ["index.m3u8", "master.m3u8"];

impl Folder {
    /// Finds what `path` names: a playlist, a segment, or a folder with one playlist, of which
    /// those named `index.m3u8` and `master.m3u8` come first. What it lists may be in the folder
    /// that it is in, and below.
    ///
    /// # Errors
    ///
    /// When there is nothing to begin with.
    pub fn open(path: &Path) -> Result<(Self, Entry), FolderError> {
        let unreadable = |source| FolderError::Unreadable { path: path.to_owned(), source };
        let real = path.canonicalize().map_err(unreadable)?;
        let nothing = || FolderError::NoPlaylist(path.to_owned());
        if real.is_dir() {
            let mut playlists = playlists_in(&real).map_err(unreadable)?;
            let first = ENTRIES.iter().find_map(|name| {
                playlists.iter().position(|path| path.file_name() == Some(name.as_ref()))
            });
            let entry = match (first, playlists.len()) {
                (Some(first), _) => playlists.swap_remove(first),
                (None, 0 | 1) => playlists.pop().ok_or_else(nothing)?,
                (None, count) => {
                    return Err(FolderError::ManyPlaylists { path: path.to_owned(), count });
                }
            };
            let url = Url::from_file_path(entry).map_err(|()| nothing())?;
            return Ok((Self { root: real }, Entry::Playlist(url)));
        }
        let url = Url::from_file_path(&real).map_err(|()| nothing())?;
        let entry = if is_playlist(&real).map_err(unreadable)? {
            Entry::Playlist(url)
        } else {
            Entry::Segment(url)
        };
        let root = real.parent().map_or_else(|| real.clone(), Path::to_owned);
        Ok((Self { root }, entry))
    }

    async fn read(&self, request: &Request) -> Result<Piece, TransportError> {
        if request.method != Method::GET && request.method != Method::HEAD {
            return Ok(Piece::nothing(StatusCode::METHOD_NOT_ALLOWED));
        }
        let elsewhere = || TransportError::Url("it is outside of the folder".to_owned());
        if request.url.scheme() != "file" {
            return Err(elsewhere());
        }
        let path = request.url.to_file_path().map_err(|()| elsewhere())?;
        let path = match tokio::fs::canonicalize(path).await {
            Ok(path) if path.starts_with(&self.root) => path,
            Ok(_) => return Err(elsewhere()),
            Err(error) => return absent(&error),
        };
        // A pipe or a device would never end.
        let length = match tokio::fs::metadata(&path).await {
            Ok(metadata) if metadata.is_file() => metadata.len(),
            Ok(_) => return Ok(Piece::nothing(StatusCode::NOT_FOUND)),
            Err(error) => return absent(&error),
        };
        let file = match tokio::fs::File::open(&path).await {
            Ok(file) => file,
            Err(error) => return absent(&error),
        };
        Piece::read(file, length, request.headers.get(RANGE).and_then(asked)).await
    }
}

/// What is answered: a file, or what a range asks for of it.
struct Piece {
    status: StatusCode,
    range: Option<String>,
    body: Bytes,
}

impl Piece {
    const fn nothing(status: StatusCode) -> Self {
        Self { status, range: None, body: Bytes::new() }
    }

    /// Reads what is asked for and no more: all segments of a day may be in one file.
    async fn read(
        mut file: tokio::fs::File,
        length: u64,
        asked: Option<(u64, u64)>,
    ) -> Result<Self, TransportError> {
        let (first, end) = match asked {
            None => (0, u64::MAX),
            Some((first, last)) => (first, last.saturating_add(1).min(length)),
        };
        if first >= end {
            let range = Some(format!("bytes */{length}"));
            return Ok(Self { range, ..Self::nothing(StatusCode::RANGE_NOT_SATISFIABLE) });
        }
        let limit = REPLY_BYTES_MAX;
        let one_more = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
        let expected = end.min(length).saturating_sub(first);
        if expected >= one_more {
            return Err(TransportError::TooLong { limit });
        }
        let mut bytes = Vec::with_capacity(usize::try_from(expected).unwrap_or(0));
        file.seek(SeekFrom::Start(first)).await.map_err(|error| broken(&error))?;
        let mut wanted = file.take((end - first).min(one_more));
        wanted.read_to_end(&mut bytes).await.map_err(|error| broken(&error))?;
        // It may have grown.
        if bytes.len() > limit {
            return Err(TransportError::TooLong { limit });
        }
        let range = asked.map(|_| format!("bytes {first}-{}/{length}", end - 1));
        let status = if range.is_some() { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
        Ok(Self { status, range, body: bytes.into() })
    }
}

#[async_trait]
impl Transport for Folder {
    async fn send(&self, request: &Request) -> Result<Reply, TransportError> {
        let started = Instant::now();
        let read = timeout(request.within, self.read(request)).await;
        let read = read.map_err(|_| TransportError::TimedOut(request.within))??;
        let Piece { status, range, body } = read;
        let mut headers = HeaderMap::new();
        if let Some(range) = range.and_then(|range| HeaderValue::try_from(range).ok()) {
            headers.insert(CONTENT_RANGE, range);
        }
        Ok(Reply {
            status,
            version: Version::default(),
            headers,
            body: if request.method == Method::HEAD { Bytes::new() } else { body },
            url: request.url.clone(),
            first_byte: Duration::ZERO,
            took: started.elapsed(),
            is_reused: None,
        })
    }

    fn is_http(&self) -> bool {
        false
    }
}

/// What `Range` asks for, as a player does for `EXT-X-BYTERANGE`: `bytes=first-last`. Anything else
/// is answered with the whole.
fn asked(range: &HeaderValue) -> Option<(u64, u64)> {
    let (first, last) = range.to_str().ok()?.strip_prefix("bytes=")?.split_once('-')?;
    Some((first.parse().ok()?, last.parse().ok()?))
}

fn playlists_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut playlists = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "m3u8") {
            playlists.push(path);
        }
    }
    playlists.sort();
    Ok(playlists)
}

/// By its name, or by how it begins.
fn is_playlist(path: &Path) -> io::Result<bool> {
    if path.extension().is_some_and(|extension| extension == "m3u8" || extension == "m3u") {
        return Ok(true);
    }
    let mut start = [0; 7];
    let mut file = fs::File::open(path)?;
    Ok(io::Read::read(&mut file, &mut start)? == start.len() && &start == b"#EXTM3U")
}

/// What is not there is an answer; what cannot be read is none.
fn absent(error: &io::Error) -> Result<Piece, TransportError> {
    let kind = error.kind();
    if kind == io::ErrorKind::NotFound || kind == io::ErrorKind::NotADirectory {
        Ok(Piece::nothing(StatusCode::NOT_FOUND))
    } else if kind == io::ErrorKind::PermissionDenied {
        Ok(Piece::nothing(StatusCode::FORBIDDEN))
    } else {
        Err(broken(error))
    }
}

fn broken(error: &io::Error) -> TransportError {
    TransportError::Broken(error.kind().to_string())
}
