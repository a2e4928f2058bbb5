//! Playlists as others write them: what they say, and what is wrong with how they say it.
//!
//! RFC 8216, and draft-pantos-hls-rfc8216bis where that adds to it. Reading never fails: what
//! cannot be understood is a [`Fault`] with the line that it is in, and reading goes on.

mod attributes;
mod delta;
mod media;
mod media_tags;
mod multivariant;
mod notes;
mod reader;
mod segments;
mod values;
mod variables;
mod variants;

pub use delta::{DeltaError, apply_delta};
pub use media::{
    ByteRange, DateRange, Hint, HintKind, Key, Map, MediaPlaylist, Part, PlaylistType,
    RenditionReport, Segment, ServerControl, Skip, Start,
};
pub use multivariant::{
    Alternative, AlternativeKind, MultivariantPlaylist, SessionData, Steering, Variant,
};
pub use reader::{read, read_with};
pub use variables::Given;

/// What was read of a playlist.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Document {
    /// What it is.
    pub playlist: Playlist,
    /// What is wrong with how it is written.
    pub faults: Vec<Fault>,
    /// Tags that are not known, by line.
    pub unknown_tags: Vec<(usize, String)>,
}

/// What a playlist is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Playlist {
    /// It lists segments.
    Media(MediaPlaylist),
    /// It lists other playlists.
    Multivariant(MultivariantPlaylist),
    /// It is no playlist: its first line is not `#EXTM3U`.
    None,
}

/// Something that is wrong with how a playlist is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// The line that it is in, counted from 1.
    pub line: usize,
    /// What kind of fault it is.
    pub kind: FaultKind,
    /// What is wrong, in one sentence without a full stop.
    pub what: String,
}

/// What kind of fault it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum FaultKind {
    /// The first line is not `#EXTM3U`.
    Header,
    /// It is not UTF-8, begins with a byte order mark, or has control characters.
    Encoding,
    /// Tags of media and of multivariant playlists are mixed.
    Mixed,
    /// A tag is malformed: its value, its place, a required attribute.
    Syntax,
    /// An attribute list is malformed.
    Attribute,
    /// `EXT-X-VERSION` is there twice, or too low for what is used.
    Version,
    /// `EXT-X-TARGETDURATION` is missing, there twice, or no whole number.
    TargetDuration,
    /// A sequence number comes behind the first segment.
    Order,
    /// It is longer than what is read.
    Limit,
}

#[cfg(test)]
mod tests;
