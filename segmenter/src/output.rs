//! What comes out of a segmenter.

use bytes::Bytes;
use timeline::{Container, DateRange, NewSegment, PartRecord, RenditionId};

use crate::Init;

/// What comes out.
#[derive(Clone, Debug)]
pub enum Output {
    /// What must be read before the segments that follow.
    Init(Init),
    /// More of the part that is being made, in MPEG-TS. Fragmented MPEG-4 parts come whole.
    PartBytes(PartBytes),
    /// A finished part of the segment that is being made.
    Part(Part),
    /// A finished segment. Its parts, if it has any, have come out before.
    Segment(Segment),
    /// Something about a stretch of time.
    DateRange(DateRange),
}

/// A finished segment in every rendition.
#[derive(Clone, Debug)]
pub struct Segment {
    /// What the journal says of it.
    pub new: NewSegment,
    /// Its bytes, in the order of `new.renditions`.
    pub bodies: Vec<Bytes>,
}

/// A finished part of a segment that is not whole yet, in every rendition that has parts.
#[derive(Clone, Debug)]
pub struct Part {
    /// Where its segment begins on the timeline, in 90 kHz ticks.
    pub segment_start: i64,
    /// When its segment begins on the calendar, in milliseconds since the Unix epoch.
    pub calendar_ms: i64,
    /// Whether the timeline breaks before its segment.
    pub discontinuity: bool,
    /// The part target, in milliseconds.
    pub part_target_ms: u32,
    /// Its number in the segment, from 0.
    pub number: u32,
    /// What playlists say of it.
    pub record: PartRecord,
    /// Whether it is the last of its segment, or is expected to be.
    pub is_last: bool,
    /// When the last unit in it arrived, in milliseconds since the Unix epoch.
    pub arrived_ms: i64,
    /// Its bytes.
    pub bodies: Vec<PartBody>,
}

/// What has been written of a part that is not finished, in one rendition.
#[derive(Clone, Debug)]
pub struct PartBytes {
    /// The part's number in the segment, from 0.
    pub number: u32,
    /// The rendition.
    pub rendition: RenditionId,
    /// Its format.
    pub container: Container,
    /// The bytes behind those that have come out before.
    pub bytes: Bytes,
}

/// A part in one rendition.
#[derive(Clone, Debug)]
pub struct PartBody {
    /// The rendition.
    pub rendition: RenditionId,
    /// Its format.
    pub container: Container,
    /// The number of the initialisation section that it is read with, where the format wants one.
    pub init: Option<u32>,
    /// Whether all of the rendition is sound.
    pub is_sound: bool,
    /// The bytes.
    pub body: Bytes,
}
