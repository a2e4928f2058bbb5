//! Multivariant playlists.

use std::collections::BTreeMap;

use super::{Key, Start};

/// A multivariant playlist.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct MultivariantPlaylist {
    /// `EXT-X-VERSION`, if it is there.
    pub version: Option<u64>,
    /// `EXT-X-INDEPENDENT-SEGMENTS`.
    pub is_independent: bool,
    /// `EXT-X-STREAM-INF`, in their order.
    pub variants: Vec<Variant>,
    /// `EXT-X-I-FRAME-STREAM-INF`, in their order.
    pub i_frame_variants: Vec<Variant>,
    /// `EXT-X-MEDIA`, in their order.
    pub alternatives: Vec<Alternative>,
    /// `EXT-X-START`.
    pub start: Option<Start>,
    /// `EXT-X-SESSION-DATA`, in their order.
    pub session_data: Vec<SessionData>,
    /// `EXT-X-SESSION-KEY`, in their order.
    pub session_keys: Vec<Key>,
    /// `EXT-X-CONTENT-STEERING`.
    pub steering: Option<Steering>,
    /// `EXT-X-DEFINE`: the variables that media playlists may import.
    pub variables: BTreeMap<String, String>,
}

/// `EXT-X-STREAM-INF` or `EXT-X-I-FRAME-STREAM-INF`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Variant {
    /// The line that it is in, counted from 1.
    pub line: usize,
    /// The URI of its media playlist, as it is written.
    pub uri: String,
    /// `BANDWIDTH` in bits a second, if it is a whole number.
    pub bandwidth: Option<u64>,
    /// `AVERAGE-BANDWIDTH` in bits a second.
    pub average_bandwidth: Option<u64>,
    /// `CODECS`.
    pub codecs: Option<String>,
    /// `SUPPLEMENTAL-CODECS`.
    pub supplemental_codecs: Option<String>,
    /// `RESOLUTION`: width and height.
    pub resolution: Option<(u64, u64)>,
    /// `FRAME-RATE` in thousandths of a picture a second.
    pub frame_rate_milli: Option<u64>,
    /// `VIDEO-RANGE`.
    pub video_range: Option<String>,
    /// `AUDIO`.
    pub audio: Option<String>,
    /// `VIDEO`.
    pub video: Option<String>,
    /// `SUBTITLES`.
    pub subtitles: Option<String>,
    /// `CLOSED-CAPTIONS`; `NONE` as it is written.
    pub closed_captions: Option<String>,
    /// `HDCP-LEVEL`.
    pub hdcp_level: Option<String>,
    /// `SCORE` in thousandths.
    pub score_milli: Option<u64>,
    /// `STABLE-VARIANT-ID`.
    pub stable_id: Option<String>,
    /// `PATHWAY-ID`.
    pub pathway: Option<String>,
    /// `REQ-VIDEO-LAYOUT`.
    pub video_layout: Option<String>,
}

/// `EXT-X-MEDIA`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Alternative {
    /// The line that it is in, counted from 1.
    pub line: usize,
    /// `TYPE`.
    pub kind: AlternativeKind,
    /// `GROUP-ID`.
    pub group: String,
    /// `NAME`.
    pub name: String,
    /// `URI`, as it is written.
    pub uri: Option<String>,
    /// `LANGUAGE`.
    pub language: Option<String>,
    /// `DEFAULT=YES`.
    pub is_default: bool,
    /// `AUTOSELECT`, if it is there.
    pub autoselect: Option<bool>,
    /// `FORCED=YES`.
    pub is_forced: bool,
    /// `INSTREAM-ID`.
    pub instream_id: Option<String>,
    /// `CHANNELS`.
    pub channels: Option<String>,
    /// `ASSOC-LANGUAGE`.
    pub associated_language: Option<String>,
    /// `CHARACTERISTICS`.
    pub characteristics: Option<String>,
    /// `STABLE-RENDITION-ID`.
    pub stable_id: Option<String>,
}

/// `EXT-X-SESSION-DATA`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SessionData {
    /// The line that it is in, counted from 1.
    pub line: usize,
    /// `DATA-ID`.
    pub id: String,
    /// `VALUE`.
    pub value: Option<String>,
    /// `URI`, as it is written.
    pub uri: Option<String>,
    /// `LANGUAGE`.
    pub language: Option<String>,
}

/// `EXT-X-CONTENT-STEERING`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Steering {
    /// `SERVER-URI`, as it is written.
    pub uri: String,
    /// `PATHWAY-ID`.
    pub pathway: Option<String>,
}

/// `TYPE` of `EXT-X-MEDIA`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum AlternativeKind {
    /// `AUDIO`.
    Audio,
    /// `VIDEO`.
    Video,
    /// `SUBTITLES`.
    Subtitles,
    /// `CLOSED-CAPTIONS`.
    ClosedCaptions,
    /// None of these.
    #[default]
    Unknown,
}
