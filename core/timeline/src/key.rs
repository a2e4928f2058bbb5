//! Names of objects: what is stored once and never changes.

#[cfg(test)]
mod tests;

use std::fmt;

use thiserror::Error;

use crate::name::RECORDINGS;
use crate::{NameError, RecordingId, RenditionId, StreamName};

/// How long an object may be cached: for ever, since a key is never used twice.
pub const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// What stands before the number of an initialisation section.
const INIT: &str = "init-";
/// What stands before the number of an index page, and its ending.
const PAGE: &str = "page-";
const PAGE_ENDING: &str = ".m3u8";
/// The ending of a recording's record.
const RECORDING_ENDING: &str = ".json";

/// The key of an immutable object. It owns the object's path, type and cache lifetime.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectKey {
    /// What viewers decode.
    Media(MediaKey),
    /// A stretch of a rendition's history, as a playlist.
    Page(PageKey),
    /// What is kept of a stream under a name.
    Recording(RecordingKey),
}

/// The key of media. The epoch in it makes "immutable" true, whoever owns the stream next.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MediaKey {
    /// The stream that the object belongs to.
    pub stream: StreamName,
    /// The rendition of the stream.
    pub rendition: RenditionId,
    /// The ownership during which the object was made.
    pub epoch: u64,
    /// What it is.
    pub object: ObjectName,
}

/// The key of an index page: [`PAGE_SEGMENTS`] segments of a rendition as a media playlist. It
/// lies where the rendition's live playlist is served, so the same relative URIs hold in both.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PageKey {
    /// The stream.
    pub stream: StreamName,
    /// The rendition of the stream.
    pub rendition: RenditionId,
    /// Its number: it begins with the media sequence number `number` × [`PAGE_SEGMENTS`].
    pub number: u64,
}

/// The key of a recording's record. What changes of a recording is a new version of the record:
/// the one with the highest number holds.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordingKey {
    /// The recording.
    pub id: RecordingId,
    /// The version's number, from 1.
    pub version: u32,
}

/// Segments in an index page.
pub const PAGE_SEGMENTS: u64 = 256;

/// What an object is, within its rendition and epoch.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ObjectName {
    /// A media segment (RFC 8216, 3).
    Segment {
        /// Its media sequence number.
        sequence: u64,
        /// Its format.
        container: Container,
    },
    /// A part of a segment (RFC 8216bis, 4.4.4.9). All parts of a segment, one after another, are
    /// the segment.
    Part {
        /// The media sequence number of its segment.
        sequence: u64,
        /// Its number in the segment, from 0.
        part: u32,
        /// Its format.
        container: Container,
    },
    /// What a player reads before the segments that name it (RFC 8216, 3.3).
    Init {
        /// Its number in its rendition and epoch.
        number: u32,
    },
}

/// The format of segments.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Container {
    /// MPEG-2 transport stream (RFC 8216, 3.2).
    Ts,
    /// Fragmented MPEG-4 (RFC 8216, 3.3).
    Fmp4,
}

/// Why a path names no object.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum KeyError {
    /// A part of the path is not a name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The path does not have the form of an object's.
    #[error("an object's path is app/stream/rendition/epoch/file")]
    Form,
}

impl ObjectKey {
    /// The key of a segment.
    #[must_use]
    pub const fn segment(
        stream: StreamName,
        rendition: RenditionId,
        epoch: u64,
        sequence: u64,
        container: Container,
    ) -> Self {
        let object = ObjectName::Segment { sequence, container };
        Self::Media(MediaKey { stream, rendition, epoch, object })
    }

    /// Reads what [`Self::path`] wrote.
    ///
    /// # Errors
    ///
    /// When the path is not exactly what `path` would write for some key.
    pub fn parse(path: &str) -> Result<Self, KeyError> {
        let mut parts = path.split('/');
        let mut part = || parts.next().ok_or(KeyError::Form);
        let stream = StreamName::new(part()?, part()?)?;
        let (folder, file) = (part()?, part()?);
        let key = match parts.next() {
            Some(record) if folder == RECORDINGS => {
                let version = record.strip_suffix(RECORDING_ENDING).ok_or(KeyError::Form)?;
                let version = small(version)?;
                Self::Recording(RecordingKey { id: RecordingId::new(stream, file)?, version })
            }
            Some(object) => {
                let (rendition, epoch) = (RenditionId::parse(folder)?, number(file)?);
                let object = ObjectName::parse(object)?;
                Self::Media(MediaKey { stream, rendition, epoch, object })
            }
            None => {
                let stem = file.strip_suffix(PAGE_ENDING).ok_or(KeyError::Form)?;
                let number = number(stem.strip_prefix(PAGE).ok_or(KeyError::Form)?)?;
                let rendition = RenditionId::parse(folder)?;
                Self::Page(PageKey { stream, rendition, number })
            }
        };
        if parts.next().is_some() { Err(KeyError::Form) } else { Ok(key) }
    }

    /// The object's path below the root of a store or a server, without a leading slash.
    #[must_use]
    pub fn path(&self) -> String {
        self.to_string()
    }

    /// The stream that the object belongs to.
    #[must_use]
    pub const fn stream(&self) -> &StreamName {
        match self {
            Self::Media(key) => &key.stream,
            Self::Page(key) => &key.stream,
            Self::Recording(key) => key.id.stream(),
        }
    }

    /// The media type that the object is served with.
    #[must_use]
    pub const fn content_type(&self) -> &'static str {
        match self {
            Self::Media(key) => match key.object {
                ObjectName::Segment { container, .. } | ObjectName::Part { container, .. } => {
                    container.content_type()
                }
                ObjectName::Init { .. } => Container::Fmp4.content_type(),
            },
            Self::Page(_) => "application/vnd.apple.mpegurl",
            Self::Recording(_) => "application/json",
        }
    }

    /// The `Cache-Control` that the object is served with.
    #[must_use]
    pub const fn cache_control(&self) -> &'static str {
        match self {
            Self::Media(_) | Self::Page(_) | Self::Recording(_) => IMMUTABLE,
        }
    }
}

impl MediaKey {
    /// The key of a part of a segment, or `None` where this is no segment's.
    #[must_use]
    pub fn part(&self, part: u32) -> Option<Self> {
        let ObjectName::Segment { sequence, container } = self.object else { return None };
        Some(Self { object: ObjectName::Part { sequence, part, container }, ..self.clone() })
    }
}

impl ObjectName {
    fn parse(file: &str) -> Result<Self, KeyError> {
        let (stem, extension) = file.rsplit_once('.').ok_or(KeyError::Form)?;
        let container = match extension {
            "ts" => Container::Ts,
            "m4s" => Container::Fmp4,
            "mp4" => {
                let number = small(stem.strip_prefix(INIT).ok_or(KeyError::Form)?)?;
                return Ok(Self::Init { number });
            }
            _ => return Err(KeyError::Form),
        };
        match stem.split_once('.') {
            None => Ok(Self::Segment { sequence: number(stem)?, container }),
            Some((sequence, part)) => {
                let (sequence, part) = (number(sequence)?, small(part)?);
                Ok(Self::Part { sequence, part, container })
            }
        }
    }
}

impl Container {
    /// The ending of a segment's file name.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Ts => "ts",
            Self::Fmp4 => "m4s",
        }
    }

    /// The media type of a segment.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Ts => "video/mp2t",
            Self::Fmp4 => "video/mp4",
        }
    }
}

/// A number in the one form that we write it in, so that no object has two paths.
fn number(text: &str) -> Result<u64, KeyError> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let canonical = plain && (text == "0" || !text.starts_with('0'));
    if canonical { text.parse().map_err(|_| KeyError::Form) } else { Err(KeyError::Form) }
}

/// A number that fits 32 bits, in its one form.
fn small(text: &str) -> Result<u32, KeyError> {
    u32::try_from(number(text)?).map_err(|_| KeyError::Form)
}

impl From<MediaKey> for ObjectKey {
    fn from(key: MediaKey) -> Self {
        Self::Media(key)
    }
}

impl From<PageKey> for ObjectKey {
    fn from(key: PageKey) -> Self {
        Self::Page(key)
    }
}

impl From<RecordingKey> for ObjectKey {
    fn from(key: RecordingKey) -> Self {
        Self::Recording(key)
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Media(key) => fmt::Display::fmt(key, f),
            Self::Page(PageKey { stream, rendition, number }) => {
                write!(f, "{stream}/{rendition}/{PAGE}{number}{PAGE_ENDING}")
            }
            Self::Recording(RecordingKey { id, version }) => {
                let (stream, name) = (id.stream(), id.name());
                write!(f, "{stream}/{RECORDINGS}/{name}/{version}{RECORDING_ENDING}")
            }
        }
    }
}

impl fmt::Display for MediaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stream, rendition, epoch, object } = self;
        write!(f, "{stream}/{rendition}/{epoch}/{object}")
    }
}

impl fmt::Debug for MediaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Segment { sequence, container } => {
                write!(f, "{sequence}.{}", container.extension())
            }
            Self::Part { sequence, part, container } => {
                write!(f, "{sequence}.{part}.{}", container.extension())
            }
            Self::Init { number } => write!(f, "{INIT}{number}.mp4"),
        }
    }
}

impl fmt::Display for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ts => "MPEG-TS",
            Self::Fmp4 => "fMP4",
        })
    }
}

impl fmt::Debug for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
