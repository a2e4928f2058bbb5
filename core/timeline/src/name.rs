//! Names that are safe in a URL, an object key, a log line and a metric.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

/// Longest application or stream name, in bytes: both fit a file name with room for an extension.
pub const NAME_BYTES_MAX: usize = 64;

/// First path segments that mean something else on a viewer's URL.
const RESERVED: [&str; 9] =
    ["api", "assets", "clip", "cmcd", "health", "t", "thumb", "vod", "watch"];

/// The folder of a stream's recordings, beside those of its renditions.
pub(crate) const RECORDINGS: &str = "recordings";

/// A live stream's name: application and stream, as in `live/cam1`. Only [`StreamName::parse`] and
/// [`StreamName::new`] make one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamName {
    text: Box<str>,
    app_bytes: usize,
}

/// Names a rendition within its stream: lower-case letters, digits and `-`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RenditionId(Box<str>);

/// Why a text is no name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum NameError {
    /// There is nothing between the slashes.
    #[error("a name is empty")]
    Empty,
    /// The name is longer than file systems and logs can bear.
    #[error("a name has {length} bytes; at most {limit} are allowed")]
    TooLong {
        /// Bytes that were given.
        length: usize,
        /// Bytes that are allowed.
        limit: usize,
    },
    /// The name has a character that could mean something else in a path, a URL or a log.
    #[error("a name may have letters, digits, '-', '_' and '.', not {0:?}")]
    Character(char),
    /// A name starts with a letter or a digit, so that none is hidden, or `..`.
    #[error("a name starts with a letter or a digit, not {0:?}")]
    FirstCharacter(char),
    /// A stream is named by exactly two parts.
    #[error("a stream is named app/stream; this has {0} parts")]
    Parts(usize),
    /// A recording is named by exactly three parts.
    #[error("a recording is named app~stream~name; this has {0} parts")]
    RecordingParts(usize),
    /// The name is taken by something of the server's own.
    #[error("this name is reserved for the server's own use")]
    Reserved,
}

impl StreamName {
    /// Reads `app/stream`.
    ///
    /// # Errors
    ///
    /// When the text is not two safe names.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        match text.split_once('/') {
            Some((app, stream)) if !stream.contains('/') => Self::new(app, stream),
            Some(_) | None => Err(NameError::Parts(text.split('/').count())),
        }
    }

    /// Joins an application's and a stream's name.
    ///
    /// # Errors
    ///
    /// When one of them is not a safe name.
    pub fn new(app: &str, stream: &str) -> Result<Self, NameError> {
        check(app)?;
        check(stream)?;
        if RESERVED.contains(&app) {
            return Err(NameError::Reserved);
        }
        Ok(Self { text: format!("{app}/{stream}").into(), app_bytes: app.len() })
    }

    /// The application: `live` of `live/cam1`.
    #[must_use]
    pub fn app(&self) -> &str {
        self.text.get(..self.app_bytes).unwrap_or_default()
    }

    /// The stream within its application: `cam1` of `live/cam1`.
    #[must_use]
    pub fn stream(&self) -> &str {
        self.text.get(self.app_bytes.saturating_add(1)..).unwrap_or_default()
    }

    /// The whole name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl RenditionId {
    /// Reads a rendition's name.
    ///
    /// # Errors
    ///
    /// When it is empty, too long, or has other characters than lower-case letters, digits and `-`.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        check(text)?;
        if text == RECORDINGS {
            return Err(NameError::Reserved);
        }
        let odd = text.chars().find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '-'));
        odd.map_or_else(|| Ok(Self(text.into())), |character| Err(NameError::Character(character)))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Serialize for StreamName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for StreamName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

impl Serialize for RenditionId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for RenditionId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

pub(crate) fn check(name: &str) -> Result<(), NameError> {
    if name.len() > NAME_BYTES_MAX {
        return Err(NameError::TooLong { length: name.len(), limit: NAME_BYTES_MAX });
    }
    let odd = name.chars().find(|c| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.'));
    if let Some(character) = odd {
        return Err(NameError::Character(character));
    }
    match name.chars().next() {
        None => Err(NameError::Empty),
        Some(first) if !first.is_ascii_alphanumeric() => Err(NameError::FirstCharacter(first)),
        Some(_) => Ok(()),
    }
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for RenditionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RenditionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(text: &str, expected: NameError) {
        assert_eq!(StreamName::parse(text), Err(expected), "{text:?}");
    }

    #[test]
    fn a_stream_is_named_by_its_application_and_its_own_name() {
        let name = StreamName::parse("live/cam-1.hd_x").unwrap();
        assert_eq!(
            (name.app(), name.stream(), name.as_str()),
            ("live", "cam-1.hd_x", "live/cam-1.hd_x")
        );
    }

    #[test]
    fn a_name_that_could_leave_its_folder_is_refused() {
        refused("../etc", NameError::FirstCharacter('.'));
        refused("live/..", NameError::FirstCharacter('.'));
        refused("live/a/b/c", NameError::Parts(4));
        refused("live", NameError::Parts(1));
        refused("live/", NameError::Empty);
        refused("/live", NameError::Empty);
        refused("live/a\0b", NameError::Character('\0'));
        refused("live/ä", NameError::Character('ä'));
        refused("live/a%2fb", NameError::Character('%'));
        refused("live/a?b", NameError::Character('?'));
        refused("live/-a", NameError::FirstCharacter('-'));
        refused("watch/a", NameError::Reserved);
        let long = "x".repeat(65_536);
        refused(&format!("live/{long}"), NameError::TooLong { length: 65_536, limit: 64 });
    }

    #[test]
    fn a_rendition_is_lower_case() {
        assert_eq!(RenditionId::parse("ts-v1").unwrap().as_str(), "ts-v1");
        assert_eq!(RenditionId::parse("Ts"), Err(NameError::Character('T')));
        assert_eq!(RenditionId::parse("index.m3u8"), Err(NameError::Character('.')));
    }
}
