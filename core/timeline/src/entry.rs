//! What a stream's journal consists of.
//!
//! Entries are JSON, so that a person can read a journal and a later version can add fields. A
//! reader ignores fields and kinds that it does not know; [`ENTRY_VERSION`] changes only when an
//! old reader must not go on.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    DateRange, MediaKey, ObjectKey, ObjectName, SegmentEntry, SegmentRecord, Sha256, StreamName,
};

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
    /// `PART-TARGET`, in milliseconds, once a first segment with parts has fixed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part_target_ms: Option<u32>,
    /// Where the last segment ended on its epoch's timeline, in 90 kHz ticks.
    #[serde(default)]
    pub timeline_end: i64,
    /// The media sequence number that the broadcast began with.
    #[serde(default)]
    pub broadcast_first: u64,
    /// Segments with lower numbers are in index pages in the store.
    #[serde(default)]
    pub paged_before: u64,
    /// Segments with lower numbers may be gone: their time is over.
    #[serde(default)]
    pub kept_from: u64,
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
    /// Something about a stretch of time that viewers are told (`EXT-X-DATERANGE`).
    DateRange(DateRange),
    /// The index pages of this number are in the store, one for each rendition that has segments
    /// in them.
    Paged {
        /// The pages' number.
        number: u64,
    },
    /// The time of segments is over: nobody is told of them any more, and they may go. Any node
    /// says so, whoever owns the stream.
    Expired {
        /// Segments with lower media sequence numbers are meant.
        before: u64,
    },
    /// A kind of entry that a newer version writes.
    #[serde(other)]
    Unknown,
}

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
    /// The segment that the entry lists, if it lists one.
    #[must_use]
    pub const fn segment(&self) -> Option<&SegmentEntry> {
        match &self.body {
            Body::Segment(segment) => Some(segment),
            Body::Opened { .. }
            | Body::Gap { .. }
            | Body::Interrupted { .. }
            | Body::Ended { .. }
            | Body::DateRange(_)
            | Body::Paged { .. }
            | Body::Expired { .. }
            | Body::Unknown => None,
        }
    }

    /// The keys of the segments that the entry lists, in the order of its renditions.
    #[must_use]
    pub fn segment_keys(&self, stream: &StreamName) -> Vec<ObjectKey> {
        self.segments(stream).map(|(key, _)| key).collect()
    }

    /// Every object that a viewer of the entry's segments needs, with its digest: the segments, and
    /// what must be read before them.
    #[must_use]
    pub fn objects(&self, stream: &StreamName) -> Vec<(ObjectKey, Sha256)> {
        self.segments(stream).chain(self.inits(stream)).collect()
    }

    /// The initialisation sections that the entry's segments need, with their digests.
    pub fn inits(&self, stream: &StreamName) -> impl Iterator<Item = (ObjectKey, Sha256)> {
        self.records().filter_map(|(_, record)| {
            let init = record.init?;
            let object = ObjectName::Init { number: init.number };
            let rendition = record.rendition.clone();
            let key = MediaKey { stream: stream.clone(), rendition, epoch: self.epoch, object };
            Some((key.into(), init.sha256))
        })
    }

    fn segments(&self, stream: &StreamName) -> impl Iterator<Item = (ObjectKey, Sha256)> {
        self.records().map(|(segment, record)| {
            let key = ObjectKey::segment(
                stream.clone(),
                record.rendition.clone(),
                self.epoch,
                segment.sequence,
                record.container,
            );
            (key, record.sha256)
        })
    }

    fn records(&self) -> impl Iterator<Item = (&SegmentEntry, &SegmentRecord)> {
        self.segment().into_iter().flat_map(|s| s.renditions.iter().map(move |record| (s, record)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Container, InitRecord, Medium, RenditionId, TrackRecord, VideoRange};

    fn entry() -> Entry {
        let record = SegmentRecord {
            rendition: RenditionId::parse("ts").unwrap(),
            container: Container::Ts,
            bytes: 188,
            sha256: Sha256([0xab; 32]),
            part_bytes: Vec::new(),
            tracks: vec![
                TrackRecord {
                    codec: "avc1.64001f".into(),
                    medium: Medium::Video {
                        width: 1280,
                        height: 720,
                        frame_rate_milli: 29_970,
                        range: VideoRange::Sdr,
                    },
                },
                TrackRecord {
                    codec: "mp4a.40.2".into(),
                    medium: Medium::Audio { sample_rate: 48_000, channels: 2 },
                },
            ],
            init: None,
            is_alternative: false,
            captions: Vec::new(),
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
                part_target_ms: None,
                timeline_end: 0,
                broadcast_first: 0,
                paged_before: 0,
                kept_from: 0,
            },
            body: Body::Segment(SegmentEntry {
                sequence: 7,
                start: 0,
                end: 180_000,
                calendar_ms: 1_700_000_000_000,
                discontinuity: false,
                independent: true,
                parts: Vec::new(),
                renditions: vec![record],
            }),
        }
    }

    #[test]
    fn an_entry_reads_back_what_it_writes() {
        let bytes = entry().encode().unwrap();
        assert_eq!(Entry::decode(&bytes).unwrap(), entry());
        assert!(bytes.len() < 780, "an entry takes {} bytes", bytes.len());
    }

    #[test]
    fn what_must_be_read_before_a_segment_is_one_of_its_objects() {
        let mut entry = entry();
        let Body::Segment(segment) = &mut entry.body else { panic!() };
        let init = InitRecord { number: 3, bytes: 700, sha256: Sha256([1; 32]) };
        segment.renditions[0].container = Container::Fmp4;
        segment.renditions[0].init = Some(init);
        let stream = StreamName::parse("live/cam").unwrap();
        let objects: Vec<_> =
            entry.objects(&stream).into_iter().map(|(key, _)| key.path()).collect();
        assert_eq!(objects, ["live/cam/ts/2/7.m4s", "live/cam/ts/2/init-3.mp4"]);
        assert_eq!(Entry::decode(&entry.encode().unwrap()).unwrap(), entry);
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
