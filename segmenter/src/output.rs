//! What comes out of a segmenter.

use bytes::Bytes;
use timeline::{DateRange, NewSegment};

use crate::Init;

/// What comes out.
#[derive(Clone, Debug)]
pub enum Output {
    /// What must be read before the segments that follow.
    Init(Init),
    /// A finished segment.
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
