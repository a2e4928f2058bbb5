//! Progressive MP4 (ISO/IEC 14496-12; section numbers are those of the 2015 edition) made of HLS
//! segments, of a recording or a clip, any length, without ever holding the media.
//!
//! The file has its header in front (`ftyp`, `moov`, `mdat`), so that it plays while it is loaded,
//! and one chunk for each track of each segment, in their order. It is made in two passes.
//!
//! 1. An [`Index`] is told of every segment: [`Segment::transport`] reads a transport stream,
//!    [`Segment::fragments`] only the headers of fragmented MP4, of which [`fmp4::Outline`] says
//!    where they are. What stays are tables. [`Index::finish`] makes a [`Layout`] of them: the
//!    whole header, and how long the file is.
//! 2. [`Layout::pieces`] says for any range of the file what is there: bytes of the header, ranges
//!    of segments to be copied as they are, and ranges of what [`Layout::payload`] makes of a
//!    transport stream. Only the segments that the range touches are read again, each on its own.
//!    The objects of a store never change; if one does, [`Layout::payload`] tells and nothing
//!    shifts. Of ranges to be copied the caller sees whether they are there.
//!
//! The same segments and [`Options`] make the same file, to the byte, wherever and whenever: ranges
//! of it can come from several nodes, as long as they run the same version.
//!
//! ```
//! use bytes::Bytes;
//! use container::fmp4::{Outline, Reader};
//! use container::mp4::{Index, Options, Piece, Segment, Span};
//!
//! /// A range of the file, of segments that begin and end at some times: transport streams, or
//! /// fragments with an initialization section.
//! fn read(
//!     segments: &[(Span, Option<Bytes>, Bytes)],
//!     options: Options,
//!     range: std::ops::Range<u64>,
//! ) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
//!     let mut index = Index::new(options);
//!     for (span, init, bytes) in segments {
//!         let segment = match init {
//!             Some(init) => Segment::fragments(&Reader::open(init)?, &Outline::of(bytes)?)?,
//!             None => Segment::transport(bytes)?,
//!         };
//!         index.add(*span, &[segment])?;
//!     }
//!     let layout = index.finish()?;
//!     // Content-Length is `layout.length()`.
//!     let mut body = Vec::new();
//!     for piece in layout.pieces(range) {
//!         match piece {
//!             Piece::Bytes(bytes) => body.extend(bytes),
//!             Piece::Copy { place, range } => {
//!                 let (_, _, bytes) = &segments[usize::try_from(place.segment)?];
//!                 body.extend(&bytes[usize::try_from(range.start)?..usize::try_from(range.end)?]);
//!             }
//!             Piece::Payload { place, range } => {
//!                 let (_, _, bytes) = &segments[usize::try_from(place.segment)?];
//!                 body.extend(layout.payload(place, bytes)?.slice(range));
//!             }
//!         }
//!     }
//!     Ok(body)
//! }
//! ```
//!
//! # Times
//!
//! Each segment begins where the one before ended, whatever their own timelines say: a
//! discontinuity, and a segment that is lost, close up. Samples of all tracks keep their distance
//! to the start of their segment, and so sound and pictures theirs to each other. Where samples
//! overlap or leave a hole, the one before is cut short or lasts longer; sound that is less than a
//! millisecond off follows without either.
//!
//! Media begin with the first sample, and an edit list says what of them is shown: so pictures that
//! are reordered are shown from 0 on, tracks that begin later do, and the edges of a clip may be
//! anywhere ([`Options`]).
//!
//! # Other parameters
//!
//! An encoder that comes back with other parameters makes another sample entry; one that goes back
//! to what it had before does not. Sound keeps the ticks of the track. From the first
//! change on, the parameter sets of H.264 and H.265 also stand in front of each picture that
//! decoding can start with, which `avc1` and `hvc1` do not foresee: Chromium decodes the whole file
//! with the first entry, and fails without them.
//!
//! # What is left out
//!
//! Tracks of captions and metadata, second pictures, and samples ahead of the first picture that
//! decoding can start with. Captions in the pictures stay. In transport streams pictures begin
//! where H.264 has an IDR picture, or H.265 a picture of random access; an H.265 picture that comes
//! before such a one in time and refers to what is not there is not taken out. Priming samples of
//! sound stay, as in [`fmp4`].
//!
//! # Memory
//!
//! 4 bytes for a sample of sound, and for a picture 4 to 20, mostly 12 to 17 (see `column.rs`): an
//! hour of 30 pictures a second with AAC is 2.5 MB, ten hours are 25. [`SAMPLES_MAX`] has room for
//! a day of 60 pictures a second with two tracks of sound.
//!
//! [`fmp4`]: crate::fmp4
//! [`fmp4::Outline`]: crate::fmp4::Outline

mod column;
mod header;
mod index;
mod layout;
mod pieces;
mod plan;
mod runs;
mod segment;
mod tables;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use index::{
    ENTRIES_MAX, ExportError, Index, LANES_MAX, Options, Place, SAMPLES_MAX, SEGMENTS_MAX,
    TRACKS_MAX,
};
pub use layout::{Layout, PayloadError};
pub use pieces::{Piece, Pieces};
pub use segment::{ENTRY_BYTES_MAX, Segment, SegmentError, Span};
