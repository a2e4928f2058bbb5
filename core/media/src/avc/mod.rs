//! H.264: the decoder configuration record (ISO/IEC 14496-15, 5.3.3.1) and what stands in it.

mod nal;
mod record;
pub mod sei;
mod sps;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use thiserror::Error;

pub use nal::{NalError, NalLengthSize, NalType, NalUnits, is_idr, nal_units, unescape};
pub(crate) use record::put_sets;
pub use record::record;
pub use sps::{Sps, SpsError, Timing};

use crate::VideoFormat;
use crate::fields::Fields;
use crate::parameter_sets::{self, SetsError};

/// A parsed `AVCDecoderConfigurationRecord`, which is FLV's AVC sequence header and the content of
/// an `avcC` box. Two are equal if their bytes are.
#[derive(Clone, Debug)]
pub struct AvcConfig {
    record: Bytes,
    length_size: NalLengthSize,
    sps: Vec<Bytes>,
    pps: Vec<Bytes>,
    first_sps: Sps,
}

/// Why a decoder configuration record cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AvcConfigError {
    /// It ends inside a field or a parameter set.
    #[error("the AVC configuration ends early, after {length} bytes")]
    Truncated {
        /// Bytes in the record.
        length: usize,
    },
    /// It is longer than a record can sensibly be.
    #[error("the AVC configuration has {length} bytes, more than {limit}")]
    TooLong {
        /// Bytes in the record.
        length: usize,
        /// The most that is taken.
        limit: usize,
    },
    /// `configurationVersion` is not 1, the only one there is.
    #[error("the AVC configuration has version {0}, not 1")]
    Version(u8),
    /// NAL units would be prefixed by three-byte lengths, which the format does not know.
    #[error("the AVC configuration announces NAL unit lengths of 3 bytes")]
    LengthSize,
    /// There is no sequence parameter set, so nothing is known about the pictures.
    #[error("the AVC configuration has no sequence parameter set")]
    NoSps,
    /// There are more parameter sets than are taken, or longer ones.
    #[error("the AVC configuration has {0}")]
    Sets(#[from] SetsError),
    /// The first sequence parameter set cannot be used.
    #[error(transparent)]
    Sps(#[from] SpsError),
}

/// Longest record that is taken, in bytes. Those of real encoders have 30 to 100; one with every
/// parameter set of a multi-layer stream stays below 4 KiB. The parameter sets have limits of their
/// own: [`parameter_sets`].
pub const RECORD_BYTES_MAX: usize = 4 * 1_024;

impl AvcConfig {
    /// Parses a record. What follows the picture parameter sets (chroma format, SPS extensions) is
    /// kept in [`Self::record`] but not looked at: the sequence parameter set says the same.
    ///
    /// # Errors
    ///
    /// When the record is malformed or its first sequence parameter set cannot be used.
    pub fn parse(record: Bytes) -> Result<Self, AvcConfigError> {
        let length = record.len();
        if length > RECORD_BYTES_MAX {
            return Err(AvcConfigError::TooLong { length, limit: RECORD_BYTES_MAX });
        }
        let truncated = AvcConfigError::Truncated { length };
        let mut rest = Fields::new(&record);
        let [version, _profile, _constraints, _level, length_size, sps_count] =
            rest.take().ok_or(truncated)?;
        if version != 1 {
            return Err(AvcConfigError::Version(version));
        }
        let length_size =
            NalLengthSize::from_minus_one(length_size & 0b11).ok_or(AvcConfigError::LengthSize)?;
        let sps = rest.sets(u16::from(sps_count & 0b1_1111)).ok_or(truncated)?;
        let [pps_count] = rest.take().ok_or(truncated)?;
        let pps = rest.sets(u16::from(pps_count)).ok_or(truncated)?;
        parameter_sets::check(&[], &sps, &pps)?;
        let first_sps = Sps::parse(sps.first().ok_or(AvcConfigError::NoSps)?)?;
        Ok(Self { length_size, sps, pps, first_sps, record })
    }

    /// The bytes that this was parsed from.
    #[must_use]
    pub const fn record(&self) -> &Bytes {
        &self.record
    }

    /// How long the lengths before the track's NAL units are.
    #[must_use]
    pub const fn length_size(&self) -> NalLengthSize {
        self.length_size
    }

    /// The sequence parameter sets, as NAL units; at least one.
    #[must_use]
    pub fn sps_list(&self) -> &[Bytes] {
        &self.sps
    }

    /// The picture parameter sets, as NAL units. May be empty: they can also come with the
    /// pictures.
    #[must_use]
    pub fn pps_list(&self) -> &[Bytes] {
        &self.pps
    }

    /// What the first sequence parameter set says.
    #[must_use]
    pub const fn sps(&self) -> &Sps {
        &self.first_sps
    }

    /// What containers and playlists must know of the pictures.
    #[must_use]
    pub fn video(&self) -> VideoFormat {
        let sps = &self.first_sps;
        VideoFormat {
            width: sps.width,
            height: sps.height,
            sample_aspect: sps.sample_aspect,
            frame_rate: sps.frame_rate(),
            colour: sps.colour,
            reorder_frames_max: sps.reorder_frames_max,
        }
    }

    /// The codec's entry in `CODECS` (RFC 6381, 3.3): `avc1` with profile, constraints and level.
    #[must_use]
    pub fn rfc6381(&self) -> String {
        let Sps { profile, constraints, level, .. } = self.first_sps;
        format!("avc1.{profile:02X}{constraints:02X}{level:02X}")
    }
}

impl PartialEq for AvcConfig {
    fn eq(&self, other: &Self) -> bool {
        self.record == other.record
    }
}

impl Eq for AvcConfig {}
