//! What a stream's journal consists of.
//!
//! Entries are JSON, so that a person can read a journal and a later version can add fields. A
//! reader ignores fields and kinds that it does not know; [`ENTRY_VERSION`] changes only when an
//! old reader must not go on.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use crate::{Container, ObjectKey, RenditionId, StreamName};

/// The version of entries that this code writes, and the newest that it reads.
pub const ENTRY_VERSION: u32 = 1;

/// One entry of a stream's journal. Entries are appended by the stream's owner, and never change.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// The form of the entry, [`ENTRY_VERSION`] or older.
    pub version: u32,
    /// The ownership under which the entry was appended. Grows by one with each claim.
    pub epoch: u64,
    /// When the entry was made, in milliseconds since the Unix epoch, by its node's clock.
    pub at_ms: i64,
    /// The state of the stream after this entry, so that the newest entry alone tells where to go
    /// on.
    pub head: Head,
    /// What happened.
    pub body: Body,
}

/// The running state of a stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Head {
    /// Whether somebody publishes.
    pub state: State,
    /// The media sequence number that the next segment gets.
    pub next_sequence: u64,
    /// Breaks of the timeline so far.
    pub discontinuity_sequence: u64,
    /// `EXT-X-TARGETDURATION`, in seconds, once a first segment has fixed it.
    pub target_duration_s: Option<u32>,
    /// Whether the next segment begins a broadcast: there was none yet, or the last one is over.
    pub begins_broadcast: bool,
    /// Where the last segment ended on the calendar, in milliseconds since the Unix epoch.
    pub calendar_end_ms: Option<i64>,
}

/// Whether a stream has a publisher.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Somebody owns the stream and publishes.
    Live,
    /// The publisher is gone and may come back.
    Interrupted,
    /// The broadcast is over. The next publisher begins a new one.
    Ended,
}

/// What happened to a stream.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Body {
    /// A node took the stream.
    Opened {
        /// The node's name.
        node: String,
        /// Where the node's memory can be read from, when other nodes can.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        origin_url: Option<String>,
    },
    /// A segment of every rendition: all are cut on one grid and appear together or not at all.
    Segment(SegmentEntry),
    /// Segments that were listed and whose bytes are lost (`EXT-X-GAP`).
    Gap {
        /// Media sequence number of the first lost segment.
        first: u64,
        /// Media sequence number of the last lost segment.
        last: u64,
    },
    /// The publisher is gone; the stream waits for it to come back.
    Interrupted {
        /// Why, in words for an operator.
        reason: String,
        /// How long the stream waits before it is over, in milliseconds.
        wait_ms: u64,
    },
    /// The broadcast is over (`EXT-X-ENDLIST`).
    Ended {
        /// Why, in words for an operator.
        reason: String,
    },
    /// A kind of entry that a newer version writes.
    #[serde(other)]
    Unknown,
}

/// One segment of every rendition of a stream.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SegmentEntry {
    /// The media sequence number (RFC 8216, 6.2.1).
    pub sequence: u64,
    /// Where the segment begins on its epoch's timeline, in 90 kHz ticks of presentation time.
    pub start: i64,
    /// Where it ends, which is where the next one begins if no discontinuity is between them.
    pub end: i64,
    /// When it begins on the calendar (`EXT-X-PROGRAM-DATE-TIME`), in milliseconds since the Unix
    /// epoch.
    pub calendar_ms: i64,
    /// Whether the timeline or the coding breaks before the segment (`EXT-X-DISCONTINUITY`).
    #[serde(default, skip_serializing_if = "is_false")]
    pub discontinuity: bool,
    /// Whether every track of every rendition can be decoded from the segment's start.
    pub independent: bool,
    /// The segment in each rendition that this version knows the form of.
    #[serde(deserialize_with = "known")]
    pub renditions: Vec<SegmentRecord>,
}

/// A segment in one rendition.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SegmentRecord {
    /// The rendition.
    pub rendition: RenditionId,
    /// The segment's format.
    pub container: Container,
    /// Its length in bytes.
    pub bytes: u64,
    /// The digest of its bytes, by which a viewer can verify a copy from anybody.
    pub sha256: Sha256,
    /// What is in it.
    pub tracks: Vec<TrackRecord>,
}

/// What a playlist says of one track.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TrackRecord {
    /// The track's format as the `CODECS` attribute names it (RFC 6381).
    pub codec: String,
    /// What the track carries.
    #[serde(flatten)]
    pub medium: Medium,
}

/// What a track carries, and its shape.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "medium", rename_all = "snake_case")]
pub enum Medium {
    /// Pictures.
    Video {
        /// Width in pixels, after cropping.
        width: u32,
        /// Height in pixels, after cropping.
        height: u32,
        /// Pictures in 1,000 seconds; 0 when it is not known.
        frame_rate_milli: u32,
    },
    /// Sound.
    Audio {
        /// Samples a second that a decoder puts out.
        sample_rate: u32,
        /// Channels.
        channels: u32,
    },
}

/// A SHA-256 digest (FIPS 180-4). Written in hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha256(pub [u8; 32]);

/// Why bytes are no entry that this version can use.
#[derive(Debug, Error)]
pub enum EntryError {
    /// The bytes are not an entry.
    #[error("a journal entry cannot be read: {0}")]
    Malformed(#[from] serde_json::Error),
    /// A newer version wrote the entry and says that older ones must not go on.
    #[error("a journal entry has version {version}; this program reads up to {ENTRY_VERSION}")]
    TooNew {
        /// The entry's version.
        version: u32,
    },
}

impl Entry {
    /// The entry as the journal stores it.
    ///
    /// # Errors
    ///
    /// Never for the types of this module; the serializer's interface allows for one.
    pub fn encode(&self) -> Result<Vec<u8>, EntryError> {
        Ok(serde_json::to_vec(self)?)
    }

    /// Reads what [`Self::encode`] wrote, in this or another version.
    ///
    /// # Errors
    ///
    /// When the bytes are not an entry, or from a version that this one must not interpret.
    pub fn decode(bytes: &[u8]) -> Result<Self, EntryError> {
        let entry: Self = serde_json::from_slice(bytes)?;
        if entry.version > ENTRY_VERSION {
            return Err(EntryError::TooNew { version: entry.version });
        }
        Ok(entry)
    }
}

impl Entry {
    /// The keys of the objects that the entry lists, in the order of its renditions.
    #[must_use]
    pub fn object_keys(&self, stream: &StreamName) -> Vec<ObjectKey> {
        let Body::Segment(segment) = &self.body else { return Vec::new() };
        let key = |record: &SegmentRecord| {
            ObjectKey::segment(
                stream.clone(),
                record.rendition.clone(),
                self.epoch,
                segment.sequence,
                record.container,
            )
        };
        segment.renditions.iter().map(key).collect()
    }
}

impl Sha256 {
    fn parse(text: &str) -> Option<Self> {
        let mut digest = [0; 32];
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if pairs.len() != digest.len() || !rest.is_empty() {
            return None;
        }
        for (byte, [high, low]) in digest.iter_mut().zip(pairs) {
            let (high, low) = (char::from(*high).to_digit(16)?, char::from(*low).to_digit(16)?);
            *byte = u8::try_from(high * 16 + low).ok()?;
        }
        Some(Self(digest))
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Sha256 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Sha256 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not 64 hexadecimal digits"))
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
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// Leaves out what only a newer version understands, as a rendition in another container.
fn known<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Maybe<T> {
        Known(T),
        Unknown(serde::de::IgnoredAny),
    }
    let all = Vec::<Maybe<T>>::deserialize(deserializer)?;
    let known = all.into_iter().filter_map(|maybe| match maybe {
        Maybe::Known(value) => Some(value),
        Maybe::Unknown(_) => None,
    });
    Ok(known.collect())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        let record = SegmentRecord {
            rendition: RenditionId::parse("ts").unwrap(),
            container: Container::Ts,
            bytes: 188,
            sha256: Sha256([0xab; 32]),
            tracks: vec![
                TrackRecord {
                    codec: "avc1.64001f".into(),
                    medium: Medium::Video { width: 1280, height: 720, frame_rate_milli: 29_970 },
                },
                TrackRecord {
                    codec: "mp4a.40.2".into(),
                    medium: Medium::Audio { sample_rate: 48_000, channels: 2 },
                },
            ],
        };
        Entry {
            version: ENTRY_VERSION,
            epoch: 2,
            at_ms: 1_700_000_002_000,
            head: Head {
                state: State::Live,
                next_sequence: 8,
                discontinuity_sequence: 1,
                target_duration_s: Some(2),
                begins_broadcast: false,
                calendar_end_ms: Some(1_700_000_002_000),
            },
            body: Body::Segment(SegmentEntry {
                sequence: 7,
                start: 0,
                end: 180_000,
                calendar_ms: 1_700_000_000_000,
                discontinuity: false,
                independent: true,
                renditions: vec![record],
            }),
        }
    }

    #[test]
    fn an_entry_reads_back_what_it_writes() {
        let bytes = entry().encode().unwrap();
        assert_eq!(Entry::decode(&bytes).unwrap(), entry());
        assert!(bytes.len() < 700, "an entry takes {} bytes", bytes.len());
    }

    #[test]
    fn what_a_later_version_adds_is_ignored() {
        let text = String::from_utf8(entry().encode().unwrap()).unwrap();
        let text = text.replacen("\"sequence\"", "\"leg\":\"b\",\"sequence\"", 1);
        assert_eq!(Entry::decode(text.as_bytes()).unwrap(), entry());
        let other = text.replacen("\"container\":\"ts\"", "\"container\":\"hologram\"", 1);
        let Body::Segment(segment) = Entry::decode(other.as_bytes()).unwrap().body else {
            panic!("{other}")
        };
        assert_eq!((segment.sequence, segment.renditions), (7, Vec::new()));
        let text = text.replacen("\"kind\":\"segment\"", "\"kind\":\"hologram\"", 1);
        assert_eq!(Entry::decode(text.as_bytes()).unwrap().body, Body::Unknown);
    }

    #[test]
    fn an_entry_that_must_not_be_guessed_at_is_refused() {
        let newer = Entry { version: ENTRY_VERSION + 1, ..entry() }.encode().unwrap();
        assert!(matches!(Entry::decode(&newer), Err(EntryError::TooNew { version: 2 })));
        assert!(matches!(Entry::decode(b"{}"), Err(EntryError::Malformed(_))));
        assert!(matches!(Entry::decode(b"\xff\0"), Err(EntryError::Malformed(_))));
    }
}
