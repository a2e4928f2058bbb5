//! What a publisher may send that is not handled, and how to tell the streamer.

use std::fmt;

/// What a publisher sends that is not handled. Its `Display` is for a sentence to the streamer:
/// "… sends video codec 2 (Sorenson H.263)".
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Unsupported {
    /// A plain tag's `CodecID`.
    VideoCodec(u8),
    /// A plain tag's `SoundFormat`.
    SoundFormat(u8),
    /// An enhanced video tag's FourCC.
    VideoFourCc([u8; 4]),
    /// An enhanced audio tag's FourCC.
    AudioFourCc([u8; 4]),
    /// An enhanced video tag's packet type.
    VideoPacketType(u8),
    /// An enhanced audio tag's packet type.
    AudioPacketType(u8),
    /// An enhanced tag's way to put several tracks into one message.
    MultitrackType(u8),
    /// One more track than is taken: the number that the publisher gives it.
    Track(u8),
}

impl Unsupported {
    /// Whether this is about how media is coded: then nothing else of that kind may be coming.
    #[must_use]
    pub const fn is_codec(self) -> bool {
        match self {
            Self::VideoCodec(_)
            | Self::SoundFormat(_)
            | Self::VideoFourCc(_)
            | Self::AudioFourCc(_) => true,
            Self::VideoPacketType(_)
            | Self::AudioPacketType(_)
            | Self::MultitrackType(_)
            | Self::Track(_) => false,
        }
    }
}

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::VideoCodec(codec) => {
                write!(f, "video codec {codec} ({})", video_codec_name(codec))
            }
            Self::SoundFormat(format) => {
                write!(f, "sound format {format} ({})", sound_format_name(format))
            }
            Self::VideoFourCc(four_cc) => write!(f, "video codec {}", four_cc.escape_ascii()),
            Self::AudioFourCc(four_cc) => write!(f, "audio codec {}", four_cc.escape_ascii()),
            Self::VideoPacketType(5) => write!(f, "video packet type 5 (MPEG-2 TS sequence start)"),
            Self::VideoPacketType(kind) => write!(f, "video packet type {kind} (unknown)"),
            Self::AudioPacketType(kind) => write!(f, "audio packet type {kind} (unknown)"),
            Self::MultitrackType(kind) => write!(f, "multitrack type {kind} (unknown)"),
            Self::Track(number) => {
                write!(
                    f,
                    "track {number}, more tracks than the {} that are taken",
                    super::TRACKS_MAX
                )
            }
        }
    }
}

const fn video_codec_name(codec: u8) -> &'static str {
    match codec {
        1 => "JPEG",
        2 => "Sorenson H.263",
        3 | 6 => "Screen video",
        4 => "VP6",
        5 => "VP6 with alpha",
        12 => "H.265 without Enhanced RTMP",
        13 => "AV1 without Enhanced RTMP",
        _ => "unknown",
    }
}

const fn sound_format_name(format: u8) -> &'static str {
    match format {
        0 | 3 => "PCM",
        1 => "ADPCM",
        4..=6 => "Nellymoser",
        7 => "G.711 A-law",
        8 => "G.711 mu-law",
        11 => "Speex",
        13 => "Opus without Enhanced RTMP",
        _ => "unknown",
    }
}
