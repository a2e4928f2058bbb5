//! What is kept of a stream under a name: recordings of whole broadcasts, and clips.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::name::check;
use crate::{NameError, RenditionId, SegmentRecord, StreamName};

/// The version of records that this code writes, and the newest that it reads.
pub const RECORDING_VERSION: u32 = 1;

/// What stands between the parts of a recording's name: no name has it, and a URL need not
/// escape it (RFC 3986, 2.3).
const SEPARATOR: char = '~';

/// Names a recording or a clip: `live~cam~2026-11-21.1`. Only [`RecordingId::parse`] and
/// [`RecordingId::new`] make one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordingId {
    stream: StreamName,
    name: Box<str>,
}

/// A named stretch of a stream. Its segments are the stream's own: none is copied, and none of them
/// goes while a record names it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Recording {
    /// The form of the record, [`RECORDING_VERSION`] or older.
    pub version: u32,
    /// Its name.
    pub id: RecordingId,
    /// How it came about.
    pub kind: RecordingKind,
    /// Media sequence number of its first segment.
    pub first: u64,
    /// Media sequence number of its last segment.
    pub last: u64,
    /// Where it begins on the calendar, in milliseconds since the Unix epoch: for a clip the exact
    /// edge that was asked for, which may be in the first segment.
    pub start_ms: i64,
    /// Where it ends on the calendar, as for `start_ms`.
    pub end_ms: i64,
    /// When the record was made, in milliseconds since the Unix epoch.
    pub created_ms: i64,
    /// `EXT-X-TARGETDURATION`, in seconds.
    pub target_duration_s: u32,
    /// Whether decoding can start with every segment (`EXT-X-INDEPENDENT-SEGMENTS`).
    #[serde(default)]
    pub is_independent: bool,
    /// Segments up to this number, without it, are in the stream's index pages; the rest is in
    /// `tail`.
    pub paged_before: u64,
    /// What it can be watched in.
    pub renditions: Vec<RecordedRendition>,
    /// When it was deleted, in milliseconds since the Unix epoch: then nothing keeps its segments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_ms: Option<i64>,
}

/// How a recording came about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordingKind {
    /// A whole broadcast.
    Broadcast,
    /// A stretch that somebody asked for.
    Clip,
}

/// A rendition of a recording.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RecordedRendition {
    /// What a multivariant playlist says of it: the newest segment's record.
    pub record: SegmentRecord,
    /// The largest bit rate of a run of about a target duration, in bits per second.
    pub peak_bandwidth: u64,
    /// The bit rate of all segments together, in bits per second.
    pub average_bandwidth: u64,
    /// Breaks of the timeline before the first segment.
    pub discontinuity_sequence: u64,
    /// The lines of a media playlist for the segments that are in no index page; and ahead of them
    /// what is said of stretches of time, and what the first of them is read with.
    pub tail: String,
}

impl RecordingId {
    /// Names a recording of a stream.
    ///
    /// # Errors
    ///
    /// When `name` is not a safe name.
    pub fn new(stream: StreamName, name: &str) -> Result<Self, NameError> {
        check(name)?;
        Ok(Self { stream, name: name.into() })
    }

    /// Reads `app~stream~name`.
    ///
    /// # Errors
    ///
    /// When the text is not three safe names.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let mut parts = text.split(SEPARATOR);
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(app), Some(stream), Some(name), None) => {
                Self::new(StreamName::new(app, stream)?, name)
            }
            _ => Err(NameError::RecordingParts(text.split(SEPARATOR).count())),
        }
    }

    /// The stream that it is of.
    #[must_use]
    pub const fn stream(&self) -> &StreamName {
        &self.stream
    }

    /// Its name among those of its stream.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Recording {
    /// Whether the recording needs the segments from `first` to `last`, or one of them.
    #[must_use]
    pub const fn needs(&self, first: u64, last: u64) -> bool {
        self.deleted_ms.is_none() && self.first <= last && first <= self.last
    }

    /// Its record of a rendition.
    #[must_use]
    pub fn rendition(&self, id: &RenditionId) -> Option<&RecordedRendition> {
        self.renditions.iter().find(|it| it.record.rendition == *id)
    }
}

impl Serialize for RecordingId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RecordingId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for RecordingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (app, stream) = (self.stream.app(), self.stream.stream());
        write!(f, "{app}{SEPARATOR}{stream}{SEPARATOR}{}", self.name)
    }
}

impl fmt::Debug for RecordingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_is_named_by_its_stream_and_a_name() {
        let id = RecordingId::parse("live~cam~final-1.2").unwrap();
        assert_eq!((id.stream().as_str(), id.name()), ("live/cam", "final-1.2"));
        assert_eq!(id.to_string(), "live~cam~final-1.2");
        for text in ["", "live~cam", "live~cam~", "live~cam~a~b", "live/cam~a", "api~cam~a"] {
            assert!(RecordingId::parse(text).is_err(), "{text}");
        }
    }
}
