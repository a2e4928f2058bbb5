//! FLV: the payloads of RTMP's audio and video messages, and files of them.
//!
//! Adobe Flash Video File Format Specification, version 10.1, annex E; Enhanced RTMP version 2
//! (veovera).

mod demux;
mod file;
mod header;

pub use demux::{Demuxer, Event, Skipped};
pub use file::{FileError, FileReader, TAG_BYTES_MAX, Tag};
pub use header::Unsupported;

/// What a tag carries; the numbers are also RTMP's message types.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum TagKind {
    /// Type 8.
    Audio,
    /// Type 9.
    Video,
    /// Type 18: AMF0 values, such as `onMetaData`.
    Script,
}
