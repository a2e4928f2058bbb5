//! Codecs: which there are, and what a decoder must know first.

use std::fmt;

use bytes::Bytes;
use thiserror::Error;

use crate::aac::{AacConfig, AacConfigError};
use crate::ac3::{self, Ac3Config, Ac3ConfigError};
use crate::av1::{Av1Config, Av1ConfigError};
use crate::avc::{AvcConfig, AvcConfigError, NalType};
use crate::flac::{self, FlacConfig, FlacConfigError};
use crate::hevc::{self, HevcConfig, HevcConfigError};
use crate::inspect::{Inspected, UnitError, inspect_nal_units, inspect_sound};
use crate::mp3::{self, Mp3Config, Mp3ConfigError};
use crate::opus::{self, OpusConfig, OpusConfigError};
use crate::vp9::{self, Vp9Config, Vp9ConfigError, Vp9Record};
use crate::{AudioFormat, TrackKind, VideoFormat};

/// A way to code pictures or sound.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Codec {
    /// H.264 (ITU-T H.264).
    Avc,
    /// H.265 (ITU-T H.265).
    Hevc,
    /// AV1.
    Av1,
    /// VP9.
    Vp9,
    /// AAC (ISO/IEC 14496-3).
    Aac,
    /// Opus (RFC 6716).
    Opus,
    /// FLAC (RFC 9639).
    Flac,
    /// AC-3 (ETSI TS 102 366).
    Ac3,
    /// Enhanced AC-3 (ETSI TS 102 366, annex E).
    Eac3,
    /// MPEG-1 and MPEG-2 audio layer III.
    Mp3,
}

/// What a decoder must know before it sees the first unit of a track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodecConfig {
    /// H.264.
    Avc(AvcConfig),
    /// H.265.
    Hevc(HevcConfig),
    /// AV1.
    Av1(Av1Config),
    /// VP9.
    Vp9(Vp9Config),
    /// AAC.
    Aac(AacConfig),
    /// Opus.
    Opus(OpusConfig),
    /// FLAC.
    Flac(FlacConfig),
    /// AC-3 or Enhanced AC-3.
    Ac3(Ac3Config),
    /// MPEG audio layer III.
    Mp3(Mp3Config),
}

/// Why a configuration cannot be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum ConfigError {
    /// That of an H.264 track.
    #[error(transparent)]
    Avc(#[from] AvcConfigError),
    /// That of an H.265 track.
    #[error(transparent)]
    Hevc(#[from] HevcConfigError),
    /// That of an AV1 track.
    #[error(transparent)]
    Av1(Av1ConfigError),
    /// That of a VP9 track.
    #[error(transparent)]
    Vp9(#[from] Vp9ConfigError),
    /// The record is right, but only a key frame says how large the pictures are:
    /// [`CodecConfig::with_unit`].
    #[error("the size of the pictures is known when a key frame comes")]
    NeedsKeyUnit,
    /// That of an AAC track.
    #[error(transparent)]
    Aac(#[from] AacConfigError),
    /// That of an Opus track.
    #[error(transparent)]
    Opus(#[from] OpusConfigError),
    /// That of a FLAC track.
    #[error(transparent)]
    Flac(#[from] FlacConfigError),
    /// That of an AC-3 or Enhanced AC-3 track.
    #[error(transparent)]
    Ac3(#[from] Ac3ConfigError),
    /// That of an MP3 track.
    #[error(transparent)]
    Mp3(#[from] Mp3ConfigError),
    /// There is none ahead of the units: see [`CodecConfig::of_unit`].
    #[error("the configuration of {0} is in its units")]
    InUnits(Codec),
}

impl From<Av1ConfigError> for ConfigError {
    fn from(error: Av1ConfigError) -> Self {
        match error {
            Av1ConfigError::NoSequenceHeader => Self::NeedsKeyUnit,
            Av1ConfigError::Truncated { .. }
            | Av1ConfigError::TooLong { .. }
            | Av1ConfigError::Version(_)
            | Av1ConfigError::Obu(_)
            | Av1ConfigError::SequenceHeader(_) => Self::Av1(error),
        }
    }
}

impl Codec {
    /// Whether it codes pictures or sound.
    #[must_use]
    pub const fn kind(self) -> TrackKind {
        match self {
            Self::Avc | Self::Hevc | Self::Av1 | Self::Vp9 => TrackKind::Video,
            Self::Aac | Self::Opus | Self::Flac | Self::Ac3 | Self::Eac3 | Self::Mp3 => {
                TrackKind::Audio
            }
        }
    }
}

impl CodecConfig {
    /// Parses what a publisher sends ahead of the units of `codec`: the record of the codec's
    /// mapping into the ISO base media file format.
    ///
    /// # Errors
    ///
    /// When it cannot be used; [`ConfigError::NeedsKeyUnit`] when it can, but not before the first
    /// key frame: see [`Self::with_unit`].
    pub fn parse(codec: Codec, record: Bytes) -> Result<Self, ConfigError> {
        Ok(match codec {
            Codec::Avc => Self::Avc(AvcConfig::parse(record)?),
            Codec::Hevc => Self::Hevc(HevcConfig::parse(record)?),
            Codec::Av1 => Self::Av1(Av1Config::parse(record)?),
            Codec::Vp9 => {
                Vp9Record::parse(record)?;
                return Err(ConfigError::NeedsKeyUnit);
            }
            Codec::Aac => Self::Aac(AacConfig::parse(record)?),
            Codec::Opus => Self::Opus(OpusConfig::parse(record)?),
            Codec::Flac => Self::Flac(FlacConfig::parse(record)?),
            Codec::Ac3 | Codec::Eac3 | Codec::Mp3 => return Err(ConfigError::InUnits(codec)),
        })
    }

    /// The configuration that a unit brings itself, for the codecs that have none ahead of their
    /// units; `None` for the others.
    ///
    /// # Errors
    ///
    /// When the unit is not one of the codec.
    pub fn of_unit(codec: Codec, payload: &[u8]) -> Option<Result<Self, ConfigError>> {
        match codec {
            Codec::Avc
            | Codec::Hevc
            | Codec::Av1
            | Codec::Vp9
            | Codec::Aac
            | Codec::Opus
            | Codec::Flac => None,
            Codec::Ac3 | Codec::Eac3 => {
                Some(Ac3Config::of_unit(codec, payload).map(Self::Ac3).map_err(Into::into))
            }
            Codec::Mp3 => Some(Mp3Config::of_frame(payload).map(Self::Mp3).map_err(Into::into)),
        }
    }

    /// What a record that [`Self::parse`] refused with [`ConfigError::NeedsKeyUnit`] makes together
    /// with a unit. `None` until a unit comes that decoding can start with.
    #[must_use]
    pub fn with_unit(codec: Codec, record: &Bytes, payload: &[u8]) -> Option<Self> {
        match codec {
            Codec::Av1 => Av1Config::with_key_unit(record.clone(), payload).map(Self::Av1),
            Codec::Vp9 => {
                let record = Vp9Record::parse(record.clone()).ok()?;
                record.with_key_frame(payload).map(Self::Vp9)
            }
            Codec::Avc
            | Codec::Hevc
            | Codec::Aac
            | Codec::Opus
            | Codec::Flac
            | Codec::Ac3
            | Codec::Eac3
            | Codec::Mp3 => None,
        }
    }

    /// The configuration from a unit on, if the unit brings another size or format of the pictures:
    /// AV1 and VP9 tracks may change without a new record. `None` if nothing changes.
    #[must_use]
    pub fn changed_by(&self, payload: &[u8]) -> Option<Self> {
        match self {
            Self::Av1(av1) => av1.changed_by(payload).map(Self::Av1),
            Self::Vp9(vp9) => vp9.changed_by(payload).map(Self::Vp9),
            Self::Avc(_)
            | Self::Hevc(_)
            | Self::Aac(_)
            | Self::Opus(_)
            | Self::Flac(_)
            | Self::Ac3(_)
            | Self::Mp3(_) => None,
        }
    }

    /// The codec.
    #[must_use]
    pub const fn codec(&self) -> Codec {
        match self {
            Self::Avc(_) => Codec::Avc,
            Self::Hevc(_) => Codec::Hevc,
            Self::Av1(_) => Codec::Av1,
            Self::Vp9(_) => Codec::Vp9,
            Self::Aac(_) => Codec::Aac,
            Self::Opus(_) => Codec::Opus,
            Self::Flac(_) => Codec::Flac,
            Self::Ac3(ac3) => ac3.codec(),
            Self::Mp3(_) => Codec::Mp3,
        }
    }

    /// The bytes that this was parsed from; `None` where a unit was looked at.
    #[must_use]
    pub const fn record(&self) -> Option<&Bytes> {
        match self {
            Self::Avc(avc) => Some(avc.record()),
            Self::Hevc(hevc) => Some(hevc.record()),
            Self::Av1(av1) => Some(av1.record()),
            Self::Vp9(vp9) => Some(vp9.record()),
            Self::Aac(aac) => Some(aac.record()),
            Self::Opus(opus) => Some(opus.record()),
            Self::Flac(flac) => Some(flac.record()),
            Self::Ac3(_) | Self::Mp3(_) => None,
        }
    }

    /// What the pictures look like; `None` for sound.
    #[must_use]
    pub fn video(&self) -> Option<VideoFormat> {
        match self {
            Self::Avc(avc) => Some(avc.video()),
            Self::Hevc(hevc) => Some(hevc.video()),
            Self::Av1(av1) => Some(av1.video()),
            Self::Vp9(vp9) => Some(vp9.video()),
            Self::Aac(_) | Self::Opus(_) | Self::Flac(_) | Self::Ac3(_) | Self::Mp3(_) => None,
        }
    }

    /// What the sound looks like; `None` for pictures.
    #[must_use]
    pub fn audio(&self) -> Option<AudioFormat> {
        match self {
            Self::Aac(aac) => Some(AudioFormat {
                sample_rate: aac.sample_rate(),
                output_sample_rate: aac.output_sample_rate(),
                channels: aac.channels(),
            }),
            Self::Opus(opus) => Some(AudioFormat::plain(opus::SAMPLE_RATE, opus.channels())),
            Self::Flac(flac) => Some(AudioFormat::plain(flac.sample_rate(), flac.channels())),
            Self::Ac3(ac3) => Some(AudioFormat::plain(ac3.sample_rate(), ac3.channels())),
            Self::Mp3(mp3) => Some(AudioFormat::plain(mp3.sample_rate(), mp3.channels())),
            Self::Avc(_) | Self::Hevc(_) | Self::Av1(_) | Self::Vp9(_) => None,
        }
    }

    /// The track's entry in the `CODECS` attribute of a multivariant playlist (RFC 6381).
    #[must_use]
    pub fn rfc6381(&self) -> String {
        match self {
            Self::Avc(avc) => avc.rfc6381(),
            Self::Hevc(hevc) => hevc.rfc6381(),
            Self::Av1(av1) => av1.rfc6381(),
            Self::Vp9(vp9) => vp9.rfc6381(),
            Self::Aac(aac) => aac.rfc6381(),
            Self::Opus(_) => "opus".to_owned(),
            Self::Flac(_) => "fLaC".to_owned(),
            Self::Ac3(ac3) => ac3.rfc6381().to_owned(),
            Self::Mp3(mp3) => mp3.rfc6381().to_owned(),
        }
    }

    /// Looks at a unit of the track. The publisher's own word on key frames is not to be trusted:
    /// encoders mark recovery points and even plain pictures as such.
    ///
    /// # Errors
    ///
    /// When the bytes cannot be a unit of this track.
    pub fn inspect(&self, payload: &[u8]) -> Result<Inspected, UnitError> {
        match self {
            Self::Avc(avc) => {
                let is_slice = |nal: &[u8]| NalType::of(nal).is_slice();
                let is_idr = |nal: &[u8]| NalType::of(nal).is_idr();
                inspect_nal_units(payload, avc.length_size(), is_slice, is_idr)
            }
            Self::Hevc(hevc) => {
                let is_slice = |nal: &[u8]| hevc::NalType::of(nal).is_slice();
                inspect_nal_units(payload, hevc.length_size(), is_slice, hevc::starts_decoding)
            }
            Self::Av1(av1) => Ok(Inspected { random_access: av1.is_key(payload)?, samples: 0 }),
            Self::Vp9(_) => Ok(Inspected { random_access: vp9::is_key(payload)?, samples: 0 }),
            Self::Aac(aac) => inspect_sound(payload, Some(aac.samples_per_frame())),
            Self::Opus(_) => inspect_sound(payload, opus::samples_in(payload)),
            Self::Flac(_) => inspect_sound(payload, flac::samples_in(payload)),
            Self::Ac3(_) => inspect_sound(payload, ac3::samples_in(payload)),
            Self::Mp3(_) => inspect_sound(payload, mp3::samples_in(payload)),
        }
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Avc => "H.264",
            Self::Hevc => "H.265",
            Self::Av1 => "AV1",
            Self::Vp9 => "VP9",
            Self::Aac => "AAC",
            Self::Opus => "Opus",
            Self::Flac => "FLAC",
            Self::Ac3 => "AC-3",
            Self::Eac3 => "E-AC-3",
            Self::Mp3 => "MP3",
        })
    }
}
