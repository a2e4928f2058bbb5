//! The sequence parameter set (ITU-T H.265, 7.3.2.2 and annex E).

mod rest;
#[cfg(test)]
mod tests;

use thiserror::Error;

use super::profile::{ProfileTierLevel, SUB_LAYERS_MINUS1_MAX};
use super::{NalType, is_base_layer, payload_of};
use crate::Colour;
use crate::bits::BitReader;

/// What a sequence parameter set says about the pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sps {
    /// What a decoder must be able to do.
    pub profile_tier_level: ProfileTierLevel,
    /// Width in samples of what is shown, after cropping.
    pub width: u32,
    /// Height in samples of what is shown, after cropping.
    pub height: u32,
    /// `chroma_format_idc`: 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4.
    pub chroma_format: u8,
    /// Bits per luma sample.
    pub bit_depth: u8,
    /// `sps_max_num_reorder_pics` of the highest sub-layer: pictures that may come before one in
    /// coding order and after it in output order.
    pub reorder_frames_max: u8,
    /// Width and height of a sample, if they are known.
    pub sample_aspect: Option<(u16, u16)>,
    /// What the sample values mean, if it is said.
    pub colour: Option<Colour>,
    /// The clock of the pictures, if there is one.
    pub timing: Option<Timing>,
}

/// The clock of the pictures (E.3.1 of a sequence parameter set, 7.4.3.1 of a video parameter set).
/// A picture takes a tick of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// `num_units_in_tick`; not 0.
    pub units_in_tick: u32,
    /// `time_scale`: units per second; not 0.
    pub time_scale: u32,
}

/// Why a sequence parameter set cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SpsError {
    /// The NAL unit has another type.
    #[error("a NAL unit of type {0} instead of a sequence parameter set")]
    Type(u8),
    /// It is for another layer than the one that every decoder shows.
    #[error("the sequence parameter set is not for the base layer")]
    Layer,
    /// It ends early, or a value in it cannot be read.
    #[error("the sequence parameter set ends early")]
    Truncated,
    /// A value that the standard does not know.
    #[error("{field} of a sequence parameter set is {value}, at most {limit}")]
    Value {
        /// The name in the standard.
        field: &'static str,
        /// What was read.
        value: u32,
        /// The most that the standard allows.
        limit: u32,
    },
    /// Nothing is left to show: the size is 0, or all of it is cropped away.
    #[error("the sequence parameter set leaves nothing to show")]
    Cropped,
}

/// Samples in a row or column. The highest level allows `sqrt(8 * MaxLumaPs)` (A.4.1), which for
/// the 80,216,064 of level 6.3 is 25,332; H.265 version 4 has no picture larger.
const SIZE_MAX: u32 = 25_332;

/// `sps_max_num_reorder_pics` is less than `MaxDpbSize`, which is never more than 16 (A.4.2).
const REORDER_FRAMES_MAX: u32 = 15;

impl Sps {
    /// Parses a sequence parameter set NAL unit. What stands behind the sizes and the order of the
    /// pictures may be cut off, as some encoders' usability information is: what stands before the
    /// cut counts.
    ///
    /// # Errors
    ///
    /// When it ends before that, or a value is out of range.
    pub fn parse(nal: &[u8]) -> Result<Self, SpsError> {
        if NalType::of(nal) != NalType::SPS {
            return Err(SpsError::Type(NalType::of(nal).number()));
        }
        if !is_base_layer(nal) {
            return Err(SpsError::Layer);
        }
        let rbsp = payload_of(nal);
        let mut bits = BitReader::new(&rbsp);
        bits.u(4).ok_or(SpsError::Truncated)?; // sps_video_parameter_set_id
        let sub_layers = "sps_max_sub_layers_minus1";
        let sub_layers_minus1 = limited(bits.u(3), sub_layers, SUB_LAYERS_MINUS1_MAX)?;
        bits.flag().ok_or(SpsError::Truncated)?; // sps_temporal_id_nesting_flag
        let profile_tier_level =
            ProfileTierLevel::read(&mut bits, sub_layers_minus1).ok_or(SpsError::Truncated)?;
        bits.ue().ok_or(SpsError::Truncated)?; // sps_seq_parameter_set_id
        let mut sps = Self {
            profile_tier_level,
            width: 0,
            height: 0,
            chroma_format: 1,
            bit_depth: 8,
            reorder_frames_max: 0,
            sample_aspect: None,
            colour: None,
            timing: None,
        };
        sps.read_size(&mut bits)?;
        let luma = limited(bits.ue(), "bit_depth_luma_minus8", 8)?;
        limited(bits.ue(), "bit_depth_chroma_minus8", 8)?;
        sps.bit_depth = 8 + u8::try_from(luma).map_err(|_| SpsError::Truncated)?;
        let order_count = "log2_max_pic_order_cnt_lsb_minus4";
        let order_count_bits = limited(bits.ue(), order_count, 12)? + 4;
        sps.read_order(&mut bits, sub_layers_minus1)?;
        // A cut is not an error here: see above.
        let _ = sps.read_rest(&mut bits, order_count_bits);
        Ok(sps)
    }

    fn read_size(&mut self, bits: &mut BitReader<'_>) -> Result<(), SpsError> {
        let chroma_format = limited(bits.ue(), "chroma_format_idc", 3)?;
        self.chroma_format = u8::try_from(chroma_format).map_err(|_| SpsError::Truncated)?;
        let separate_planes = chroma_format == 3 && bits.flag().ok_or(SpsError::Truncated)?;
        self.width = limited(bits.ue(), "pic_width_in_luma_samples", SIZE_MAX)?;
        self.height = limited(bits.ue(), "pic_height_in_luma_samples", SIZE_MAX)?;
        let (mut crop_x, mut crop_y) = (0, 0);
        if bits.flag().ok_or(SpsError::Truncated)? {
            // Table 6-1: the window counts in chroma samples.
            let (unit_x, unit_y) = match (self.chroma_format, separate_planes) {
                (1, false) => (2, 2),
                (2, false) => (2, 1),
                _ => (1, 1),
            };
            let mut crop = |unit: u32| -> Result<u32, SpsError> {
                let first = bits.ue().ok_or(SpsError::Truncated)?;
                let second = bits.ue().ok_or(SpsError::Truncated)?;
                let sum = first.checked_add(second).and_then(|sum| sum.checked_mul(unit));
                sum.ok_or(SpsError::Cropped)
            };
            (crop_x, crop_y) = (crop(unit_x)?, crop(unit_y)?);
        }
        let left = |size: u32, crop| size.checked_sub(crop).filter(|&size| size > 0);
        self.width = left(self.width, crop_x).ok_or(SpsError::Cropped)?;
        self.height = left(self.height, crop_y).ok_or(SpsError::Cropped)?;
        Ok(())
    }

    /// The limits of each sub-layer, or of the highest alone, which stands last.
    fn read_order(
        &mut self,
        bits: &mut BitReader<'_>,
        sub_layers_minus1: u32,
    ) -> Result<(), SpsError> {
        let has_all = bits.flag().ok_or(SpsError::Truncated)?;
        for _ in if has_all { 0 } else { sub_layers_minus1 }..=sub_layers_minus1 {
            bits.ue().ok_or(SpsError::Truncated)?; // sps_max_dec_pic_buffering_minus1
            let frames = limited(bits.ue(), "sps_max_num_reorder_pics", REORDER_FRAMES_MAX)?;
            bits.ue().ok_or(SpsError::Truncated)?; // sps_max_latency_increase_plus1
            self.reorder_frames_max = u8::try_from(frames).map_err(|_| SpsError::Truncated)?;
        }
        Ok(())
    }
}

impl Timing {
    /// Reads the two numbers; `None` inside where one of them is 0 and there is no clock.
    pub(super) fn read(bits: &mut BitReader<'_>) -> Option<Option<Self>> {
        let (units_in_tick, time_scale) = (bits.u(32)?, bits.u(32)?);
        let is_clock = units_in_tick > 0 && time_scale > 0;
        Some(is_clock.then_some(Self { units_in_tick, time_scale }))
    }
}

fn limited(value: Option<u32>, field: &'static str, limit: u32) -> Result<u32, SpsError> {
    let value = value.ok_or(SpsError::Truncated)?;
    if value > limit { Err(SpsError::Value { field, value, limit }) } else { Ok(value) }
}
