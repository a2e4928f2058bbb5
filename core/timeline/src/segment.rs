//! What the journal says of a segment.

use serde::{Deserialize, Deserializer, Serialize};

use crate::{Container, RenditionId, Sha256};

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
    /// The parts that it was listed in before it was whole, in low latency (RFC 8216bis, 4.4.4.9).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<PartRecord>,
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
    /// The lengths of its parts in bytes: as many as the segment has parts, or none where the
    /// rendition is not offered in parts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub part_bytes: Vec<u64>,
    /// What is in it.
    pub tracks: Vec<TrackRecord>,
    /// What a player must read before it (`EXT-X-MAP`), where the format wants that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init: Option<InitRecord>,
    /// Whether the rendition is sound that can be chosen instead of the variants' own
    /// (`EXT-X-MEDIA`), rather than a variant.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_alternative: bool,
    /// The captions seen in its pictures (`INSTREAM-ID`): CC1 to CC4, SERVICE1 to SERVICE63.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub captions: Vec<String>,
}

/// A part of a segment, the same in every rendition that has parts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PartRecord {
    /// Where it ends on the epoch's timeline, in 90 kHz ticks. It begins where the part before it
    /// ends, the first one with the segment.
    pub end: i64,
    /// Whether decoding can start with it (`INDEPENDENT`).
    #[serde(default, skip_serializing_if = "is_false")]
    pub independent: bool,
}

/// The initialisation of a run of segments (RFC 8216, 4.3.2.5).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct InitRecord {
    /// Its number in its rendition and epoch: every change of a codec's parameters has a new one.
    pub number: u32,
    /// Its length in bytes.
    pub bytes: u64,
    /// The digest of its bytes.
    pub sha256: Sha256,
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
        /// How bright they can get.
        #[serde(default, skip_serializing_if = "VideoRange::is_sdr")]
        range: VideoRange,
    },
    /// Sound.
    Audio {
        /// Samples a second that a decoder puts out.
        sample_rate: u32,
        /// Channels.
        channels: u32,
    },
}

/// What the brightness of pictures means (`VIDEO-RANGE`, RFC 8216bis, 4.4.6.2).
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VideoRange {
    /// The usual.
    #[default]
    Sdr,
    /// Hybrid log-gamma.
    Hlg,
    /// Perceptual quantisation (SMPTE ST 2084).
    Pq,
}

impl VideoRange {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
    fn is_sdr(&self) -> bool {
        *self == Self::Sdr
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
