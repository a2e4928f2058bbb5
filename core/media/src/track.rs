//! A track of a publication, and how its units are coded.

use std::fmt;

use crate::aac::AacConfig;
use crate::avc::AvcConfig;

/// One elementary stream of a publication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track {
    /// Which track this is; unique within the publication.
    pub id: TrackId,
    /// How its units are coded.
    pub codec: CodecConfig,
}

/// Names a track within its publication. Video and audio tracks are numbered apart, as Enhanced
/// RTMP numbers them; plain RTMP has only number 0 of each.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrackId {
    /// Video or audio.
    pub kind: TrackKind,
    /// The number that the publisher gave the track among those of its kind.
    pub number: u8,
}

/// What a track carries.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum TrackKind {
    /// Coded pictures.
    Video,
    /// Coded sound.
    Audio,
}

/// What a decoder must know before it sees the first unit of a track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodecConfig {
    /// H.264.
    Avc(AvcConfig),
    /// AAC.
    Aac(AacConfig),
}

impl TrackId {
    /// The video track of a publication that has one.
    pub const VIDEO: Self = Self { kind: TrackKind::Video, number: 0 };
    /// The audio track of a publication that has one.
    pub const AUDIO: Self = Self { kind: TrackKind::Audio, number: 0 };
}

impl CodecConfig {
    /// The track's entry in the `CODECS` attribute of a multivariant playlist (RFC 6381).
    #[must_use]
    pub fn rfc6381(&self) -> String {
        match self {
            Self::Avc(avc) => avc.rfc6381(),
            Self::Aac(aac) => aac.rfc6381(),
        }
    }
}

impl fmt::Debug for TrackId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            TrackKind::Video => 'v',
            TrackKind::Audio => 'a',
        };
        write!(f, "{kind}{}", self.number)
    }
}
