//! Playlists, each by itself and against what was there before.

use std::time::Duration;

use hls::read::{Document, MediaPlaylist};
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

/// One time that a live media playlist was asked for.
#[derive(Clone, Copy, Debug)]
pub struct UpdateEvidence<'a> {
    /// What it said the last time.
    pub before: Option<&'a MediaPlaylist>,
    /// What it says now.
    pub after: &'a MediaPlaylist,
    /// When it came, counted from the start of the exam.
    pub at: Duration,
}
