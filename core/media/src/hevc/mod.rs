//! H.265: the decoder configuration record (ISO/IEC 14496-15, 8.3.3.1) and what stands in it.

mod nal;
mod profile;
mod record;
mod sps;
#[cfg(test)]
mod tests;
mod vps;

use bytes::Bytes;
use thiserror::Error;

pub use nal::{NAL_HEADER_BYTES, NalType, is_base_layer, starts_decoding};
pub use profile::ProfileTierLevel;
pub use record::record;
pub use sps::{Sps, SpsError, Timing};

use crate::VideoFormat;
use crate::avc::{NalLengthSize, unescape};
use crate::fields::Fields;
use crate::parameter_sets::{self, SetsError};

/// A parsed `HEVCDecoderConfigurationRecord`, which is Enhanced RTMP's HEVC sequence start and the
/// content of an `hvcC` box. Two are equal if their bytes are.
#[derive(Clone, Debug)]
pub struct HevcConfig {
    record: Bytes,
    length_size: NalLengthSize,
    vps: Vec<Bytes>,
    sps: Vec<Bytes>,
    pps: Vec<Bytes>,
    base_sps: Sps,
    timing: Option<Timing>,
}

/// Why a decoder configuration record cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum HevcConfigError {
    /// It ends inside a field or a NAL unit.
    #[error("the HEVC configuration ends early, after {length} bytes")]
    Truncated {
        /// Bytes in the record.
        length: usize,
    },
    /// It is longer than a record can sensibly be.
    #[error("the HEVC configuration has {length} bytes, more than {limit}")]
    TooLong {
        /// Bytes in the record.
        length: usize,
        /// The most that is taken.
        limit: usize,
    },
    /// `configurationVersion` is not 1, the only one there is.
    #[error("the HEVC configuration has version {0}, not 1")]
    Version(u8),
    /// NAL units would be prefixed by three-byte lengths, which the format does not know.
    #[error("the HEVC configuration announces NAL unit lengths of 3 bytes")]
    LengthSize,
    /// There is no sequence parameter set of the base layer, so nothing is known about the
    /// pictures.
    #[error("the HEVC configuration has no sequence parameter set")]
    NoSps,
    /// There are more parameter sets than are taken, or longer ones.
    #[error("the HEVC configuration has {0}")]
    Sets(#[from] SetsError),
    /// The first sequence parameter set cannot be used.
    #[error(transparent)]
    Sps(#[from] SpsError),
}

/// Longest record that is taken, in bytes. x265 puts all its options into it as an SEI NAL unit,
/// which makes 2.6 KiB; parameter sets alone are 100 bytes, or a few hundred with scaling lists.
/// The parameter sets have limits of their own: [`parameter_sets`].
pub const RECORD_BYTES_MAX: usize = 8 * 1_024;

/// Bytes from `configurationVersion` to `numOfArrays`.
const HEAD_BYTES: usize = 23;

impl HevcConfig {
    /// Parses a record. Of the fields ahead of the parameter sets only the size of the lengths
    /// counts: the parameter sets say the same as the others, and are what decoders obey.
    ///
    /// # Errors
    ///
    /// When the record is malformed or its first sequence parameter set cannot be used.
    pub fn parse(record: Bytes) -> Result<Self, HevcConfigError> {
        let length = record.len();
        if length > RECORD_BYTES_MAX {
            return Err(HevcConfigError::TooLong { length, limit: RECORD_BYTES_MAX });
        }
        let truncated = HevcConfigError::Truncated { length };
        let mut rest = Fields::new(&record);
        let head: [u8; HEAD_BYTES] = rest.take().ok_or(truncated)?;
        let [version, .., length_size, arrays] = head;
        if version != 1 {
            return Err(HevcConfigError::Version(version));
        }
        let length_size =
            NalLengthSize::from_minus_one(length_size & 0b11).ok_or(HevcConfigError::LengthSize)?;
        let (mut vps, mut sps, mut pps) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..arrays {
            let [_kind, count_high, count_low] = rest.take().ok_or(truncated)?;
            // What a NAL unit is stands in it too, and that is what a decoder goes by.
            let nals = rest.sets(u16::from_be_bytes([count_high, count_low])).ok_or(truncated)?;
            // A header with nothing behind it says nothing.
            for nal in nals.into_iter().filter(|nal| nal.len() > NAL_HEADER_BYTES) {
                match NalType::of(&nal) {
                    NalType::VPS => vps.push(nal),
                    NalType::SPS => sps.push(nal),
                    NalType::PPS => pps.push(nal),
                    // SEI: not needed to decode.
                    _ => {}
                }
            }
        }
        parameter_sets::check(&vps, &sps, &pps)?;
        let base_sps = sps.iter().find(|nal| is_base_layer(nal)).ok_or(HevcConfigError::NoSps)?;
        let base_sps = Sps::parse(base_sps)?;
        let timing = base_sps.timing.or_else(|| vps.iter().find_map(|nal| vps::timing(nal)));
        Ok(Self { length_size, vps, sps, pps, base_sps, timing, record })
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

    /// The video parameter sets, as NAL units. May be empty.
    #[must_use]
    pub fn vps_list(&self) -> &[Bytes] {
        &self.vps
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

    /// What the first sequence parameter set of the base layer says.
    #[must_use]
    pub const fn sps(&self) -> &Sps {
        &self.base_sps
    }

    /// Pictures per second as a fraction, if a parameter set gives a clock: the sequence parameter
    /// set before the video parameter set. It is what the encoder announces, not a promise.
    #[must_use]
    pub fn frame_rate(&self) -> Option<(u32, u64)> {
        self.timing.map(|timing| (timing.time_scale, u64::from(timing.units_in_tick)))
    }

    /// What containers and playlists must know of the pictures.
    #[must_use]
    pub fn video(&self) -> VideoFormat {
        let sps = &self.base_sps;
        VideoFormat {
            width: sps.width,
            height: sps.height,
            sample_aspect: sps.sample_aspect,
            frame_rate: self.frame_rate(),
            colour: sps.colour,
            reorder_frames_max: Some(sps.reorder_frames_max),
        }
    }

    /// The codec's entry in `CODECS` (ISO/IEC 14496-15, E.3) for tracks whose parameter sets are
    /// in the configuration: `hvc1` with profile, tier, level and constraints.
    #[must_use]
    pub fn rfc6381(&self) -> String {
        format!("hvc1.{}", self.base_sps.profile_tier_level.rfc6381())
    }
}

impl PartialEq for HevcConfig {
    fn eq(&self, other: &Self) -> bool {
        self.record == other.record
    }
}

impl Eq for HevcConfig {}

/// What stands behind the header of a NAL unit, without emulation prevention.
fn payload_of(nal: &[u8]) -> Vec<u8> {
    unescape(nal.get(NAL_HEADER_BYTES..).unwrap_or_default())
}
