//! The segment that is being made, as low-latency viewers are told of it.

use serde::{Deserialize, Serialize};

use crate::{Container, MediaKey, ObjectName, PartRecord, RenditionId, StreamName};

/// A segment that is not whole yet, and its parts so far (RFC 8216bis, 4.4.4.9). It is announced
/// anew with each part and is not stored: when it is whole, the journal tells of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OpenSegment {
    /// The ownership that makes it.
    pub epoch: u64,
    /// The media sequence number that it will have.
    pub sequence: u64,
    /// Where it begins on the epoch's timeline, in 90 kHz ticks.
    pub start: i64,
    /// When it begins on the calendar, in milliseconds since the Unix epoch.
    pub calendar_ms: i64,
    /// Whether `EXT-X-DISCONTINUITY` stands before it.
    #[serde(default)]
    pub discontinuity: bool,
    /// `PART-TARGET`, in milliseconds.
    pub part_target_ms: u32,
    /// Its finished parts.
    pub parts: Vec<PartRecord>,
    /// Whether the newest of them is taken to be its last: the next part is the first of the next
    /// segment then.
    #[serde(default)]
    pub seems_whole: bool,
    /// The renditions that are offered in parts.
    pub renditions: Vec<OpenRendition>,
}

/// A rendition of a segment that is being made.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OpenRendition {
    /// The rendition.
    pub rendition: RenditionId,
    /// Its format.
    pub container: Container,
    /// The number of the initialisation section that it is read with, where the format wants one.
    #[serde(default)]
    pub init: Option<u32>,
    /// Whether all of it is sound, so that decoding can start with any part.
    #[serde(default)]
    pub is_sound: bool,
    /// The lengths of its finished parts, in bytes.
    pub part_bytes: Vec<u64>,
}

impl OpenSegment {
    /// The key of a part of the segment, finished or not, in one of its renditions.
    #[must_use]
    pub fn part_key(&self, stream: &StreamName, rendition: &OpenRendition, part: u32) -> MediaKey {
        let container = rendition.container;
        MediaKey {
            stream: stream.clone(),
            rendition: rendition.rendition.clone(),
            epoch: self.epoch,
            object: ObjectName::Part { sequence: self.sequence, part, container },
        }
    }

    /// The number that the next part gets.
    #[must_use]
    pub fn next_part(&self) -> u32 {
        u32::try_from(self.parts.len()).unwrap_or(u32::MAX)
    }
}
