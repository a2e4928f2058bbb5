//! Playlists, each version by itself.

use hls::read::Document;
use url::Url;

use crate::options::Options;

/// One version of a playlist.
#[derive(Clone, Copy, Debug)]
pub struct PlaylistEvidence<'a> {
    /// Where it came from.
    pub url: &'a Url,
    /// Its text, unpacked.
    pub text: &'a [u8],
    /// What was read of it.
    pub document: &'a Document,
    /// Whether it is what the exam was started with.
    pub is_entry: bool,
    /// When it came: milliseconds since the Unix epoch.
    pub at_unix_ms: i64,
    /// What is expected.
    pub options: &'a Options,
}
