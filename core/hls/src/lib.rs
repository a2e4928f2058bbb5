//! HTTP Live Streaming playlists: what a stream's window looks like as text.
//!
//! Floor 2: pure. RFC 8216 where the draft (draft-pantos-hls-rfc8216bis) says nothing else.

mod bandwidth;
mod block;
mod date_range;
mod delta;
pub mod fuzz;
mod header;
mod limit;
mod low_latency;
mod media;
mod multivariant;
mod page;
pub mod read;

pub use bandwidth::{Bandwidth, Measured};
pub use block::{Block, Map, Opening};
pub use delta::Delta;
pub use header::{ENDLIST, Header, PlaylistKind, version};
pub use limit::Limit;
pub use low_latency::{Control, Edge, Reach, is_next};
pub use media::{breaks_before, container_of, in_order, map_before, render_media};
pub use multivariant::{Shown, captions, newest_records, render_multivariant, render_variants};
pub use page::{Page, PageError, PageRecord};

/// The media type of playlists (RFC 8216, 4).
pub const CONTENT_TYPE: &str = "application/vnd.apple.mpegurl";

#[cfg(test)]
pub(crate) mod tests;
