//! What a stream is made of: tracks, their codecs, and access units with exact times.
//!
//! Floor 0: pure. Containers (`container`) read and write these types, the segmenter moves them.

pub mod aac;
pub mod ac3;
mod access_unit;
pub mod av1;
pub mod avc;
pub mod bits;
pub mod captions;
mod codec;
mod fields;
pub mod flac;
mod format;
pub mod fuzz;
pub mod hevc;
mod inspect;
pub mod mp3;
pub mod opus;
pub mod parameter_sets;
pub mod scte35;
#[cfg(test)]
mod testing;
mod timestamp;
mod track;
pub mod vp9;
mod vui;

pub use access_unit::AccessUnit;
pub use captions::Captions;
pub use codec::{Codec, CodecConfig, ConfigError};
pub use format::{AudioFormat, Colour, ContentLight, Light, MasteringDisplay, VideoFormat};
pub use inspect::{Inspected, UnitError};
pub use timestamp::{Rounding, Timescale, Timestamp};
pub use track::{Track, TrackId, TrackKind};
