//! Names of objects: what is stored once and never changes.

use std::fmt;

use thiserror::Error;

use crate::{NameError, RenditionId, StreamName};

/// How long an object may be cached: for ever, since a key is never used twice.
pub const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// What stands before the number of an initialisation section.
const INIT: &str = "init-";

/// The key of an immutable object. It owns the object's path, type and cache lifetime; the epoch
/// in it makes "immutable" true, whoever owns the stream next.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey {
    /// The stream that the object belongs to.
    pub stream: StreamName,
    /// The rendition of the stream.
    pub rendition: RenditionId,
    /// The ownership during which the object was made.
    pub epoch: u64,
    /// What it is.
    pub object: ObjectName,
}

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
        Self { stream, rendition, epoch, object: ObjectName::Segment { sequence, container } }
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
        let rendition = RenditionId::parse(part()?)?;
        let epoch = number(part()?)?;
        let object = ObjectName::parse(part()?)?;
        match parts.next() {
            Some(_) => Err(KeyError::Form),
            None => Ok(Self { stream, rendition, epoch, object }),
        }
    }

    /// The object's path below the root of a store or a server, without a leading slash.
    #[must_use]
    pub fn path(&self) -> String {
        self.to_string()
    }

    /// The media type that the object is served with.
    #[must_use]
    pub const fn content_type(&self) -> &'static str {
        match self.object {
            ObjectName::Segment { container, .. } => container.content_type(),
            ObjectName::Init { .. } => Container::Fmp4.content_type(),
        }
    }

    /// The `Cache-Control` that the object is served with.
    #[must_use]
    pub const fn cache_control(&self) -> &'static str {
        match self.object {
            ObjectName::Segment { .. } | ObjectName::Init { .. } => IMMUTABLE,
        }
    }
}

impl ObjectName {
    fn parse(file: &str) -> Result<Self, KeyError> {
        let (stem, extension) = file.rsplit_once('.').ok_or(KeyError::Form)?;
        let container = match extension {
            "ts" => Container::Ts,
            "m4s" => Container::Fmp4,
            "mp4" => {
                let number = number(stem.strip_prefix(INIT).ok_or(KeyError::Form)?)?;
                let number = u32::try_from(number).map_err(|_| KeyError::Form)?;
                return Ok(Self::Init { number });
            }
            _ => return Err(KeyError::Form),
        };
        Ok(Self::Segment { sequence: number(stem)?, container })
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

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stream, rendition, epoch, object } = self;
        write!(f, "{stream}/{rendition}/{epoch}/{object}")
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Segment { sequence, container } => {
                write!(f, "{sequence}.{}", container.extension())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back_what_it_writes() {
        let path = "live/cam1/ts/3/17.ts";
        let key = ObjectKey::parse(path).unwrap();
        assert_eq!(key.object, ObjectName::Segment { sequence: 17, container: Container::Ts });
        assert_eq!((key.path().as_str(), key.epoch), (path, 3));
        assert_eq!((key.content_type(), key.cache_control()), ("video/mp2t", IMMUTABLE));
    }

    #[test]
    fn each_kind_of_object_has_its_form() {
        let check = |path: &str, object| {
            let key = ObjectKey::parse(path).unwrap();
            assert_eq!((key.path().as_str(), key.object), (path, object));
            assert_eq!((key.content_type(), key.cache_control()), ("video/mp4", IMMUTABLE));
        };
        let container = Container::Fmp4;
        check("live/cam1/fmp4/3/17.m4s", ObjectName::Segment { sequence: 17, container });
        check("live/cam1/fmp4/3/init-0.mp4", ObjectName::Init { number: 0 });
    }

    #[test]
    fn an_object_has_one_path_only() {
        for path in [
            "live/cam1/ts/03/17.ts",
            "live/cam1/ts/3/+17.ts",
            "live/cam1/ts/3/017.ts",
            "live/cam1/ts/3/17.TS",
            "live/cam1/ts/3/17.mp4",
            "live/cam1/ts/3/init-01.mp4",
            "live/cam1/ts/3/init-4294967296.mp4",
            "live/cam1/ts/3/init-1.m4s",
            "live/cam1/ts/3/.ts",
            "live/cam1/ts/3/17",
            "live/cam1/ts/3/17.ts/",
            "live/cam1/ts/3/17.ts/x",
            "/live/cam1/ts/3/17.ts",
            "live/cam1//3/17.ts",
            "live/cam1/../3/17.ts",
            "live/cam1/ts/99999999999999999999/17.ts",
            "",
        ] {
            assert!(ObjectKey::parse(path).is_err(), "{path:?}");
        }
    }
}
