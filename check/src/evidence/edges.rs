//! Two edges that serve the same stream.

use bytes::Bytes;
use hls::read::MediaPlaylist;

/// What two edges say of one rendition at about the same time.
#[derive(Clone, Copy, Debug)]
pub struct EdgesEvidence<'a> {
    /// What the first one lists.
    pub here: &'a MediaPlaylist,
    /// What the other one lists.
    pub there: &'a MediaPlaylist,
    /// One segment that both list, from each of them, if both gave it.
    pub bodies: Option<Bodies<'a>>,
}

/// One segment from two edges.
#[derive(Clone, Copy, Debug)]
pub struct Bodies<'a> {
    /// Its media sequence number.
    pub sequence: u64,
    /// From the first one.
    pub here: &'a Bytes,
    /// From the other one.
    pub there: &'a Bytes,
}
