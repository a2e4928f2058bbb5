//! Segments and initialization sections, taken apart.

mod kind;
mod packed;
#[cfg(test)]
mod tests;
mod times;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hls::read::Segment;
use media::{CodecConfig, TrackKind};

use self::kind::Guess;
pub use self::times::Times;
use super::ts::{self, TsSegment};
use super::{Fmp4Segment, InitEvidence, fmp4};

/// One segment, taken apart.
#[derive(Clone, Debug)]
pub struct SegmentEvidence {
    /// How it is listed.
    pub listed: Segment,
    /// `EXT-X-TARGETDURATION` of its playlist.
    pub target_duration: Option<Duration>,
    /// Whether its playlist says that every segment can be decoded by itself.
    pub claims_independence: bool,
    /// What it consists of.
    pub media: SegmentMedia,
    /// Its bytes.
    pub bytes: Bytes,
}

/// A segment and the one that is listed before it.
#[derive(Clone, Copy, Debug)]
pub struct BorderEvidence<'a> {
    /// The earlier one.
    pub before: &'a SegmentEvidence,
    /// The later one; its media sequence number is the next.
    pub after: &'a SegmentEvidence,
}

impl SegmentEvidence {
    /// When its sound begins, in ticks of 90 kHz, if it is packed audio that says so.
    #[must_use]
    pub fn packed_timestamp(&self) -> Option<u64> {
        packed::timestamp(&self.bytes)
    }
}

impl SegmentMedia {
    /// Takes a segment apart. `uri` is how it is listed, `init` what is read before it, and
    /// `before` the segment before it, so that times that wrap go on.
    #[must_use]
    pub fn read(
        bytes: &Bytes,
        uri: &str,
        init: Option<&InitEvidence>,
        before: Option<&Self>,
    ) -> Self {
        match Guess::of(bytes, uri, init) {
            Guess::Ts => ts::read(bytes, before),
            Guess::Fmp4 => fmp4::read(bytes, init, before),
            Guess::PackedAudio => {
                Self { kind: SegmentKind::PackedAudio, tracks: packed::read(bytes, before) }
            }
            Guess::WebVtt => Self { kind: SegmentKind::WebVtt, tracks: Vec::new() },
            Guess::Unknown => Self::unknown(),
        }
    }

    /// A segment that cannot be looked into: it is none that is known, or it is encrypted.
    #[must_use]
    pub const fn unknown() -> Self {
        Self { kind: SegmentKind::Unknown, tracks: Vec::new() }
    }
}

/// What a segment consists of.
#[derive(Clone, Debug)]
pub struct SegmentMedia {
    /// What it is, and what only segments of this kind have.
    pub kind: SegmentKind,
    /// Its tracks.
    pub tracks: Vec<TrackMedia>,
}

/// What a segment is.
#[derive(Clone, Debug)]
pub enum SegmentKind {
    /// An MPEG transport stream.
    Ts(Box<TsSegment>),
    /// Fragmented MP4.
    Fmp4(Box<Fmp4Segment>),
    /// Elementary sound behind an ID3 tag (RFC 8216, 3.4).
    PackedAudio,
    /// WebVTT (RFC 8216, 3.5).
    WebVtt,
    /// None of these.
    Unknown,
}

/// One track of a segment.
#[derive(Clone, Debug)]
pub struct TrackMedia {
    /// PID or `track_ID`.
    pub id: u32,
    /// Pictures or sound.
    pub kind: TrackKind,
    /// What its decoder must know, if that could be read: what holds at the first unit.
    pub config: Option<Arc<CodecConfig>>,
    /// Configurations that take its place within the segment: from which unit on, and what.
    pub changes: Vec<(usize, Arc<CodecConfig>)>,
    /// Its access units in decoding order. Sound in MPEG-TS counts frame by frame, with times
    /// counted on from those of the PES packet.
    pub units: Vec<Unit>,
}

/// One access unit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unit {
    /// When it is decoded.
    pub dts_ns: i64,
    /// When it is shown or heard.
    pub pts_ns: i64,
    /// How long it lasts, if the container or its codec says.
    pub length_ns: Option<i64>,
    /// Whether decoding can start with it, by its own bytes: an IDR picture or the like.
    pub is_key: bool,
    /// How many bytes it has.
    pub bytes: u32,
}
