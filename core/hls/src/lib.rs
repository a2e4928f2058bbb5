//! HTTP Live Streaming playlists: what a stream's window looks like as text.
//!
//! Floor 2: pure. RFC 8216 where the draft (draft-pantos-hls-rfc8216bis) says nothing else.

mod bandwidth;
mod date_range;
pub mod fuzz;
mod media;
mod multivariant;
pub mod read;

pub use bandwidth::Bandwidth;
pub use media::render_media;
pub use multivariant::render_multivariant;

/// The media type of playlists (RFC 8216, 4).
pub const CONTENT_TYPE: &str = "application/vnd.apple.mpegurl";

#[cfg(test)]
mod tests;
