//! A track of a publication, and how its units are coded.

use std::fmt;

use crate::{CodecConfig, Light};

/// One elementary stream of a publication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track {
    /// Which track this is; unique within the publication.
    pub id: TrackId,
    /// How its units are coded.
    pub codec: CodecConfig,
    /// What the publisher says of the light in its pictures.
    pub light: Option<Light>,
    /// Bits a second that the publisher says its encoder is set to.
    pub bit_rate: Option<u32>,
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

impl Track {
    /// A track of which nothing else is known.
    #[must_use]
    pub const fn new(id: TrackId, codec: CodecConfig) -> Self {
        Self { id, codec, light: None, bit_rate: None }
    }
}

impl TrackId {
    /// The video track of a publication that has one.
    pub const VIDEO: Self = Self { kind: TrackKind::Video, number: 0 };
    /// The audio track of a publication that has one.
    pub const AUDIO: Self = Self { kind: TrackKind::Audio, number: 0 };
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
