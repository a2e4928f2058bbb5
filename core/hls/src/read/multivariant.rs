//! Multivariant playlists.

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
}

/// `EXT-X-MEDIA`.
#[derive(Clone, PartialEq, Eq, Debug)]
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
    /// `AUTOSELECT=YES`.
    pub is_autoselect: bool,
    /// `FORCED=YES`.
    pub is_forced: bool,
    /// `INSTREAM-ID`.
    pub instream_id: Option<String>,
    /// `CHANNELS`.
    pub channels: Option<String>,
}

/// `TYPE` of `EXT-X-MEDIA`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
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
    Unknown,
}
