//! The first bytes of an audio or video payload: E.4.2.1 and E.4.3.1 for the plain form, "Enhanced
//! Video" and "Enhanced Audio" for the form with a FourCC.
//!
//! Both forms end up as one [`Header`], so that what follows does not ask which one it was.

#[cfg(test)]
mod tests;

use std::fmt;

use media::Codec;

/// What a payload's first bytes say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Header {
    pub(super) packet: Packet,
    /// Where the rest starts; never beyond the payload's end.
    pub(super) body_at: usize,
}

/// What the rest of a payload is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Packet {
    /// What the decoder must know first.
    SequenceStart(Codec),
    /// One coded unit, shown `composition_ms` after it is decoded.
    Coded { codec: Codec, composition_ms: i32 },
    /// The track is over.
    SequenceEnd,
    /// Something that is no media: a seek command, HDR metadata.
    Other,
    /// Something that is not handled.
    Unsupported(Unsupported),
}

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
}

/// `FrameType` of a tag that is a command to the player (E.4.3.1).
const COMMAND_FRAME: u8 = 5;
/// `CodecID` of H.264.
const CODEC_AVC: u8 = 7;
/// `SoundFormat` of AAC.
const FORMAT_AAC: u8 = 10;
/// `SoundFormat` that says that the tag is an enhanced one.
const FORMAT_ENHANCED: u8 = 9;

impl Header {
    /// Reads a video payload's header, or `None` if it ends early or has a packet type that does
    /// not exist.
    pub(super) fn video(payload: &[u8]) -> Option<Self> {
        let (&[first], rest) = payload.split_first_chunk()?;
        if first & 0x80 != 0 {
            return Self::enhanced_video(first, rest);
        }
        let (frame_type, codec) = (first >> 4, first & 0x0f);
        if frame_type == COMMAND_FRAME {
            return Some(Self { packet: Packet::Other, body_at: 1 });
        }
        if codec != CODEC_AVC {
            return Some(Self::unsupported(Unsupported::VideoCodec(codec)));
        }
        let (&[packet_type, composition @ ..], _) = rest.split_first_chunk::<4>()?;
        let packet = match packet_type {
            0 => Packet::SequenceStart(Codec::Avc),
            1 => Packet::Coded { codec: Codec::Avc, composition_ms: signed24(composition) },
            2 => Packet::SequenceEnd,
            _ => return None,
        };
        Some(Self { packet, body_at: 5 })
    }

    /// Reads an audio payload's header, or `None` if it ends early or has a packet type that does
    /// not exist.
    pub(super) fn audio(payload: &[u8]) -> Option<Self> {
        let (&[first], rest) = payload.split_first_chunk()?;
        match first >> 4 {
            FORMAT_ENHANCED => Self::enhanced_audio(first, rest),
            FORMAT_AAC => {
                let (&[packet_type], _) = rest.split_first_chunk()?;
                let packet = match packet_type {
                    0 => Packet::SequenceStart(Codec::Aac),
                    1 => Packet::Coded { codec: Codec::Aac, composition_ms: 0 },
                    _ => return None,
                };
                Some(Self { packet, body_at: 2 })
            }
            format => Some(Self::unsupported(Unsupported::SoundFormat(format))),
        }
    }

    fn enhanced_video(first: u8, rest: &[u8]) -> Option<Self> {
        let (frame_type, packet_type) = (first >> 4 & 0x07, first & 0x0f);
        // Metadata ignores the frame type, so it is asked for first.
        if packet_type == 4 || frame_type == COMMAND_FRAME {
            return Some(Self { packet: Packet::Other, body_at: 1 });
        }
        if packet_type > 3 {
            return Some(Self::unsupported(Unsupported::VideoPacketType(packet_type)));
        }
        let (&four_cc, rest) = rest.split_first_chunk::<4>()?;
        let codec = match &four_cc {
            b"avc1" => Codec::Avc,
            _ => return Some(Self::unsupported(Unsupported::VideoFourCc(four_cc))),
        };
        match packet_type {
            0 => Some(Self { packet: Packet::SequenceStart(codec), body_at: 5 }),
            1 => {
                let (&composition, _) = rest.split_first_chunk()?;
                let composition_ms = signed24(composition);
                Some(Self { packet: Packet::Coded { codec, composition_ms }, body_at: 8 })
            }
            2 => Some(Self { packet: Packet::SequenceEnd, body_at: 5 }),
            _ => Some(Self { packet: Packet::Coded { codec, composition_ms: 0 }, body_at: 5 }),
        }
    }

    fn enhanced_audio(first: u8, rest: &[u8]) -> Option<Self> {
        let packet_type = first & 0x0f;
        if packet_type > 4 {
            return Some(Self::unsupported(Unsupported::AudioPacketType(packet_type)));
        }
        let (&four_cc, _) = rest.split_first_chunk::<4>()?;
        let codec = match &four_cc {
            b"mp4a" => Codec::Aac,
            _ => return Some(Self::unsupported(Unsupported::AudioFourCc(four_cc))),
        };
        let packet = match packet_type {
            0 => Packet::SequenceStart(codec),
            1 => Packet::Coded { codec, composition_ms: 0 },
            2 => Packet::SequenceEnd,
            4 => Packet::Other, // MultichannelConfig: AAC says the same itself.
            _ => return None,
        };
        Some(Self { packet, body_at: 5 })
    }

    const fn unsupported(what: Unsupported) -> Self {
        Self { packet: Packet::Unsupported(what), body_at: 0 }
    }
}

/// A `SI24`.
const fn signed24([high, middle, low]: [u8; 3]) -> i32 {
    i32::from_be_bytes([high, middle, low, 0]) >> 8
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
            Self::VideoPacketType(kind) => {
                write!(f, "video packet type {kind} ({})", video_packet_name(kind))
            }
            Self::AudioPacketType(kind) => {
                write!(f, "audio packet type {kind} ({})", audio_packet_name(kind))
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
        2 | 14 => "MP3",
        4..=6 => "Nellymoser",
        7 => "G.711 A-law",
        8 => "G.711 mu-law",
        11 => "Speex",
        13 => "Opus without Enhanced RTMP",
        _ => "unknown",
    }
}

const fn video_packet_name(kind: u8) -> &'static str {
    match kind {
        5 => "MPEG-2 TS sequence start",
        6 => "multitrack",
        7 => "ModEx",
        _ => "unknown",
    }
}

const fn audio_packet_name(kind: u8) -> &'static str {
    match kind {
        5 => "multitrack",
        7 => "ModEx",
        _ => "unknown",
    }
}
