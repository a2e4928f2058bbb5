//! Progressive MP4.

mod column;
mod header;
mod index;
mod layout;
mod runs;
mod segment;
mod tables;

pub use index::{
    ENTRIES_MAX, ExportError, Index, LANES_MAX, Options, Place, SAMPLES_MAX, SEGMENTS_MAX,
    TRACKS_MAX,
};
pub use layout::{Layout, PayloadError, Piece, Pieces};
pub use segment::{ENTRY_BYTES_MAX, Segment, SegmentError, Span};
