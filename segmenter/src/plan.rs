//! Which renditions a publication has.

use std::collections::BTreeMap;

use container::{fmp4, ts};
use media::{Codec, Track, TrackId, TrackKind};
use thiserror::Error;
use timeline::{Container, RenditionId};

use crate::segmenter::Announced;

/// The containers that a stream is offered in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Packaging {
    /// MPEG-TS.
    Ts,
    /// Fragmented MPEG-4.
    Fmp4,
    /// Both, each as a set of renditions of its own; MPEG-TS is preferred.
    Both,
    /// MPEG-TS where every player takes it, for H.264 with AAC, MP3 or AC-3; fragmented MPEG-4 for
    /// everything else.
    #[default]
    Auto,
}

/// Whether viewers are told of parts of a segment before it is whole (RFC 8216bis, 4.4.4.9).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum LowLatency {
    /// Never.
    #[default]
    Off,
    /// In every container.
    On,
    /// In fragmented MPEG-4, where every player that knows parts expects them, and not in MPEG-TS.
    Auto,
}

impl LowLatency {
    /// Whether renditions in `container` have parts.
    pub(crate) const fn includes(self, container: Container) -> bool {
        match (self, container) {
            (Self::On, _) | (Self::Auto, Container::Fmp4) => true,
            (Self::Off, _) | (Self::Auto, Container::Ts) => false,
        }
    }
}

/// One rendition: what is in it and in which container.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Plan {
    pub(crate) id: RenditionId,
    pub(crate) container: Container,
    pub(crate) tracks: Vec<TrackId>,
    /// Whether it is sound that can be chosen instead of the variants' own.
    pub(crate) is_alternative: bool,
}

/// A track that no rendition can carry.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("{codec} cannot be offered as {}: {}", containers(*packaging), remedy(*packaging))]
pub struct UnsupportedTrack {
    /// How it is coded.
    pub codec: Codec,
    /// What the stream is to be offered as.
    pub packaging: Packaging,
}

impl Packaging {
    /// Whether a rendition can be made of the track.
    ///
    /// # Errors
    ///
    /// When none can.
    pub(crate) fn check(self, track: &Track) -> Result<(), UnsupportedTrack> {
        let can = match self {
            Self::Ts => can_carry(Container::Ts, track),
            Self::Fmp4 => can_carry(Container::Fmp4, track),
            Self::Both | Self::Auto => {
                can_carry(Container::Fmp4, track) || can_carry(Container::Ts, track)
            }
        };
        let unsupported = UnsupportedTrack { codec: track.codec.codec(), packaging: self };
        if can { Ok(()) } else { Err(unsupported) }
    }

    /// The containers that carry all of the tracks, the preferred one first. A stream is never
    /// offered in one that would leave something out.
    fn containers(self, tracks: &BTreeMap<TrackId, Announced>) -> Vec<Container> {
        let tracks = || tracks.values().map(|known| &known.track);
        let has_hevc = tracks().any(|track| track.codec.codec() == Codec::Hevc);
        let wanted: &[Container] = match self {
            Self::Ts => &[Container::Ts],
            Self::Fmp4 => &[Container::Fmp4],
            // Players refuse H.265 in MPEG-TS: it is offered only where nothing else is wanted.
            Self::Both if has_hevc => &[Container::Fmp4],
            Self::Both => &[Container::Ts, Container::Fmp4],
            Self::Auto if tracks().all(is_usual) => &[Container::Ts, Container::Fmp4],
            Self::Auto => &[Container::Fmp4],
        };
        let can = wanted.iter().filter(|c| tracks().all(|track| can_carry(**c, track)));
        let count = if self == Self::Both { 2 } else { 1 };
        can.take(count).copied().collect()
    }

    /// The renditions of a publication with these tracks, variants before their alternatives.
    /// Every video track is a variant with the first sound in it; further sounds are alternatives.
    pub(crate) fn plan(self, tracks: &BTreeMap<TrackId, Announced>) -> Vec<Plan> {
        let of = |kind| tracks.keys().copied().filter(move |id| id.kind == kind);
        let (first, further) = {
            let mut sounds = of(TrackKind::Audio);
            (sounds.next(), sounds.collect::<Vec<_>>())
        };
        let mut plans = Vec::new();
        for container in self.containers(tracks) {
            let base = base_name(container);
            let mut add = |name: String, tracks: Vec<TrackId>, is_alternative| {
                // The names are made of what names are made of.
                if let Ok(id) = RenditionId::parse(&name) {
                    plans.push(Plan { id, container, tracks, is_alternative });
                }
            };
            for (at, video) in of(TrackKind::Video).enumerate() {
                let name = match at {
                    0 => base.to_owned(),
                    _ => format!("{base}-v{}", video.number),
                };
                add(name, [Some(video), first].into_iter().flatten().collect(), false);
            }
            if of(TrackKind::Video).next().is_none() {
                add(base.to_owned(), first.into_iter().collect(), false);
            }
            for sound in &further {
                add(format!("{base}-a{}", sound.number), vec![*sound], true);
            }
        }
        plans
    }
}

/// The name of a container's first rendition.
const fn base_name(container: Container) -> &'static str {
    match container {
        Container::Ts => "ts",
        Container::Fmp4 => "fmp4",
    }
}

fn can_carry(container: Container, track: &Track) -> bool {
    let track = std::slice::from_ref(track);
    match container {
        Container::Ts => ts::Muxer::new(track).is_ok(),
        Container::Fmp4 => fmp4::Muxer::new(track).is_ok(),
    }
}

/// Whether every player takes the track in MPEG-TS.
const fn is_usual(track: &Track) -> bool {
    match track.codec.codec() {
        Codec::Avc | Codec::Aac | Codec::Mp3 | Codec::Ac3 => true,
        Codec::Hevc | Codec::Av1 | Codec::Vp9 | Codec::Opus | Codec::Flac | Codec::Eac3 => false,
    }
}

const fn containers(packaging: Packaging) -> &'static str {
    match packaging {
        Packaging::Ts => "MPEG-TS",
        Packaging::Fmp4 => "fMP4",
        Packaging::Both | Packaging::Auto => "MPEG-TS or fMP4",
    }
}

const fn remedy(packaging: Packaging) -> &'static str {
    match packaging {
        Packaging::Ts => "set the encoder to H.264 and AAC, or stream.packaging to auto",
        Packaging::Fmp4 | Packaging::Both | Packaging::Auto => "set the encoder to H.264 and AAC",
    }
}
