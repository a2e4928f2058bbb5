//! Playlists, each by itself and against what was there before.

use std::sync::Arc;
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

/// What a live media playlist said so far.
#[derive(Debug, Default)]
pub struct Watch {
    before: Option<Arc<MediaPlaylist>>,
    after: Arc<MediaPlaylist>,
}

impl Watch {
    /// Nothing was said yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in what it says now, `at` counted from the start of the exam.
    pub fn take(
        &mut self,
        playlist: Arc<MediaPlaylist>,
        at: Duration,
        _at_unix_ms: i64,
    ) -> UpdateEvidence<'_> {
        self.before = Some(std::mem::replace(&mut self.after, playlist));
        UpdateEvidence { before: self.before.as_deref(), after: &self.after, at }
    }
}
