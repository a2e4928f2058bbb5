//! What stands before the segments of a media playlist (RFC 8216, 4.3.3).

use timeline::{Container, DateRange};

use crate::date_range;
use crate::media::line;

/// The last line of a playlist to which nothing is added (RFC 8216, 4.3.3.4).
pub const ENDLIST: &str = "#EXT-X-ENDLIST\n";

/// The lines before the first segment. A media playlist is a header, the [`crate::Block`]s of its
/// segments or pages of them, what low latency adds behind the last one, and [`ENDLIST`] or not.
#[derive(Clone, Debug)]
pub struct Header<'a> {
    /// The lowest `EXT-X-VERSION` that what else is in the playlist needs; see [`version`].
    pub version: u32,
    /// Whether decoding can start with every listed segment (`EXT-X-INDEPENDENT-SEGMENTS`).
    pub is_independent: bool,
    /// `EXT-X-TARGETDURATION`, in seconds.
    pub target_duration_s: u32,
    /// `EXT-X-MEDIA-SEQUENCE`: the number of the first segment, listed or skipped.
    pub media_sequence: u64,
    /// `EXT-X-DISCONTINUITY-SEQUENCE`: breaks before the first segment, without its own.
    pub discontinuity_sequence: u64,
    /// `EXT-X-PLAYLIST-TYPE`, where the playlist promises something.
    pub kind: Option<PlaylistKind>,
    /// What low latency says of the whole playlist: whole lines, `EXT-X-SERVER-CONTROL` and
    /// `EXT-X-PART-INF`.
    pub control: &'a str,
    /// What is said of stretches of time. All of it stands here and not between the segments, so
    /// that the lines of those never change.
    pub date_ranges: &'a [DateRange],
    /// The line that stands for the segments that a delta update leaves out (`EXT-X-SKIP`), or
    /// nothing.
    pub skip: &'a str,
    /// What the first segment is read with, where its own lines do not say it: a whole line.
    pub map: &'a str,
}

/// What a playlist promises (`EXT-X-PLAYLIST-TYPE`, RFC 8216, 4.3.3.5).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PlaylistKind {
    /// It only grows.
    Event,
    /// It does not change.
    Vod,
}

/// The `EXT-X-VERSION` that segments need: decimal EXTINF version 3, EXT-X-MAP version 6,
/// EXT-X-GAP version 8 (RFC 8216bis, 8).
#[must_use]
pub const fn version(container: Container, has_gap: bool) -> u32 {
    match container {
        _ if has_gap => 8,
        Container::Fmp4 => 6,
        Container::Ts => 3,
    }
}

impl Header<'_> {
    /// Appends the lines.
    pub fn render(&self, text: &mut String) {
        text.push_str("#EXTM3U\n");
        line(text, format_args!("#EXT-X-VERSION:{}", self.version));
        if self.is_independent {
            text.push_str("#EXT-X-INDEPENDENT-SEGMENTS\n");
        }
        line(text, format_args!("#EXT-X-TARGETDURATION:{}", self.target_duration_s));
        line(text, format_args!("#EXT-X-MEDIA-SEQUENCE:{}", self.media_sequence));
        let breaks = self.discontinuity_sequence;
        line(text, format_args!("#EXT-X-DISCONTINUITY-SEQUENCE:{breaks}"));
        match self.kind {
            None => {}
            // Players would begin at its end, which is live, with all of it behind them (RFC
            // 8216bis, 6.3.3).
            Some(PlaylistKind::Event) => {
                text.push_str("#EXT-X-PLAYLIST-TYPE:EVENT\n#EXT-X-START:TIME-OFFSET=0\n");
            }
            Some(PlaylistKind::Vod) => text.push_str("#EXT-X-PLAYLIST-TYPE:VOD\n"),
        }
        text.push_str(self.control);
        self.date_ranges.iter().for_each(|range| date_range::render(text, range));
        text.push_str(self.skip);
        text.push_str(self.map);
    }
}
