//! Media playlists.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// A media playlist.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct MediaPlaylist {
    /// `EXT-X-VERSION`, if it is there.
    pub version: Option<u64>,
    /// `EXT-X-TARGETDURATION`, if it is there.
    pub target_duration: Option<Duration>,
    /// `EXT-X-MEDIA-SEQUENCE`, or 0.
    pub media_sequence: u64,
    /// `EXT-X-DISCONTINUITY-SEQUENCE`, or 0.
    pub discontinuity_sequence: u64,
    /// `EXT-X-PLAYLIST-TYPE`.
    pub playlist_type: Option<PlaylistType>,
    /// `EXT-X-INDEPENDENT-SEGMENTS`.
    pub is_independent: bool,
    /// `EXT-X-I-FRAMES-ONLY`.
    pub is_i_frames_only: bool,
    /// `EXT-X-ENDLIST`.
    pub has_ended: bool,
    /// `EXT-X-SERVER-CONTROL`.
    pub server_control: Option<ServerControl>,
    /// `PART-TARGET` of `EXT-X-PART-INF`.
    pub part_target: Option<Duration>,
    /// `EXT-X-START`.
    pub start: Option<Start>,
    /// `EXT-X-SKIP`: a delta update.
    pub skip: Option<Skip>,
    /// What is listed, oldest first. Where segments are skipped, the first one that is listed has
    /// the number behind those that are.
    pub segments: Vec<Segment>,
    /// Parts behind the last segment: those of the segment that is being made.
    pub parts: Vec<Part>,
    /// `EXT-X-PRELOAD-HINT`.
    pub hints: Vec<Hint>,
    /// `EXT-X-RENDITION-REPORT`.
    pub reports: Vec<RenditionReport>,
    /// `EXT-X-DATERANGE`.
    pub date_ranges: Vec<DateRange>,
}

/// `EXT-X-PLAYLIST-TYPE`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum PlaylistType {
    /// It only grows.
    Event,
    /// It does not change.
    Vod,
}

/// A segment, with all that holds for it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Segment {
    /// Its media sequence number.
    pub sequence: u64,
    /// Its discontinuity sequence number: breaks up to and with its own.
    pub discontinuity_sequence: u64,
    /// The line of its URI, counted from 1.
    pub line: usize,
    /// Its URI, as it is written.
    pub uri: String,
    /// `EXTINF`.
    pub duration: Duration,
    /// `EXT-X-BYTERANGE`, with its start worked out.
    pub byte_range: Option<ByteRange>,
    /// Whether `EXT-X-DISCONTINUITY` stands before it.
    pub has_discontinuity: bool,
    /// `EXT-X-GAP`.
    pub is_gap: bool,
    /// `EXT-X-PROGRAM-DATE-TIME` that stands before it: as it is written, and in nanoseconds since
    /// the Unix epoch, if it can be read.
    pub date: Option<(String, Option<i128>)>,
    /// `EXT-X-MAP` that holds for it, and for many: it is kept once.
    pub map: Option<Arc<Map>>,
    /// `EXT-X-KEY` that holds for it, but `METHOD=NONE`.
    pub key: Option<Arc<Key>>,
    /// The same key as others understand it: further `EXT-X-KEY` with another `KEYFORMAT`.
    pub further_keys: Vec<Arc<Key>>,
    /// `EXT-X-BITRATE` that holds for it, in kilobits a second.
    pub bit_rate_kbps: Option<u64>,
    /// Its parts, if they are listed.
    pub parts: Vec<Part>,
}

/// Bytes of a resource.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ByteRange {
    /// How many.
    pub length: u64,
    /// From where on.
    pub start: u64,
}

/// `EXT-X-MAP`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Map {
    /// `URI`.
    pub uri: String,
    /// `BYTERANGE`.
    pub byte_range: Option<ByteRange>,
}

/// `EXT-X-KEY`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Key {
    /// `METHOD`.
    pub method: String,
    /// `URI`.
    pub uri: Option<String>,
    /// `IV`, as it is written.
    pub iv: Option<String>,
    /// `KEYFORMAT`; without it, it is `identity`.
    pub format: Option<String>,
    /// `KEYFORMATVERSIONS`.
    pub format_versions: Option<String>,
}

/// `EXT-X-PART`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Part {
    /// The line that it is in, counted from 1.
    pub line: usize,
    /// `URI`.
    pub uri: String,
    /// `DURATION`.
    pub duration: Duration,
    /// `INDEPENDENT=YES`.
    pub is_independent: bool,
    /// `BYTERANGE`, with its start worked out.
    pub byte_range: Option<ByteRange>,
    /// `GAP=YES`.
    pub is_gap: bool,
}

/// `EXT-X-SERVER-CONTROL`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ServerControl {
    /// `CAN-BLOCK-RELOAD=YES`.
    pub can_block_reload: bool,
    /// `CAN-SKIP-UNTIL`.
    pub can_skip_until: Option<Duration>,
    /// `CAN-SKIP-DATERANGES=YES`.
    pub can_skip_date_ranges: bool,
    /// `HOLD-BACK`.
    pub hold_back: Option<Duration>,
    /// `PART-HOLD-BACK`.
    pub part_hold_back: Option<Duration>,
}

/// `EXT-X-SKIP`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Skip {
    /// `SKIPPED-SEGMENTS`.
    pub segments: u64,
    /// `RECENTLY-REMOVED-DATERANGES`, if it is there: then date ranges are skipped, too.
    pub removed_date_ranges: Option<Vec<String>>,
    /// How many of the listed segments come before the first `EXT-X-MAP`: they have what held for
    /// the last one that is skipped.
    pub before_map: usize,
    /// How many of the listed segments come before the first `EXT-X-KEY`.
    pub before_key: usize,
    /// How many of the listed segments come before the first `EXT-X-BITRATE`.
    pub before_bit_rate: usize,
}

/// `EXT-X-START`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Start {
    /// `TIME-OFFSET`, without its sign.
    pub offset: Duration,
    /// Whether it is negative: it counts from the end.
    pub is_from_end: bool,
    /// `PRECISE=YES`.
    pub is_precise: bool,
}

/// `EXT-X-PRELOAD-HINT`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hint {
    /// `TYPE`.
    pub kind: HintKind,
    /// `URI`.
    pub uri: String,
    /// `BYTERANGE-START`, or 0.
    pub start: u64,
    /// `BYTERANGE-LENGTH`.
    pub length: Option<u64>,
}

/// What an `EXT-X-PRELOAD-HINT` is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HintKind {
    /// `PART`.
    Part,
    /// `MAP`.
    Map,
    /// Something else.
    Other,
}

/// `EXT-X-RENDITION-REPORT`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RenditionReport {
    /// `URI`.
    pub uri: String,
    /// `LAST-MSN`.
    pub last_sequence: Option<u64>,
    /// `LAST-PART`.
    pub last_part: Option<u64>,
}

/// `EXT-X-DATERANGE`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DateRange {
    /// The line that it is in, counted from 1.
    pub line: usize,
    /// `ID`.
    pub id: String,
    /// All of its attributes, as they are written but without quotes.
    pub attributes: BTreeMap<String, String>,
}
