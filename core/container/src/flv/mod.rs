//! FLV: the payloads of RTMP's audio and video messages, and files of them.
//!
//! Adobe Flash Video File Format Specification, version 10.1, annex E; Enhanced RTMP version 2
//! (veovera).

mod bit_rates;
mod demux;
mod file;
mod header;
mod light;
mod parameter_sets;
mod unsupported;

pub use demux::{Demuxer, Event, Skipped, TRACKS_MAX};
pub use file::{FileError, FileReader, TAG_BYTES_MAX, Tag};
pub use unsupported::Unsupported;

/// The codecs of pictures that are understood, as a server advertises them.
pub const VIDEO_FOUR_CCS: &[&str] = &["avc1", "hvc1", "av01", "vp09"];
/// The codecs of sound that are understood, as a server advertises them.
pub const AUDIO_FOUR_CCS: &[&str] = &["mp4a", "Opus", "fLaC", "ac-3", "ec-3", ".mp3"];

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
