//! Fragmented MP4 (ISO/IEC 14496-12; section numbers are those of the 2015 edition) as HLS (RFC
//! 8216, 3.3) and CMAF (ISO/IEC 23000-19) want it.
//!
//! [`Muxer`] writes an initialization section and fragments, [`Reader`] reads them back.
//!
//! There are no edit lists. Decode times start where the publication's times are, audio and video
//! on one timeline, and composition offsets are signed: so a presentation time is the sum of the
//! two, and sound and pictures start together whichever segment a player starts with. An edit list
//! would shift one track against the other only in players that honour it, and in live streams few
//! do. For the same reason the priming samples of Opus are not cut off by one: they are sound that
//! a decoder needs and nobody hears, a few milliseconds that only the first segment of all has.
//! Their number stands in `dOps`.

pub(crate) mod boxes;
mod mux;
mod read;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use boxes::FourCc;
pub use mux::{
    EVENT_BYTES_MAX, EVENTS_MAX, Event, EventScheme, FRAGMENT_BYTES_MAX, FRAGMENT_SAMPLES_MAX,
    MuxError, Muxer, TRACKS_MAX, UnsupportedTracks,
};
pub(crate) use mux::{put_audio, put_visual};
pub use read::{
    Fault, Fragment, HEADER_BYTES_MAX, MessageBox, Outline, ReadError, Reader, SEGMENT_BOXES_MAX,
    SEGMENT_SAMPLES_MAX, Sample, SampleEntry, Segment, TRACK_BOXES_MAX, TrackFragment, TrackInfo,
};
