//! The sequence parameter set (ITU-T H.264, 7.3.2.1.1 and annex E).

#[cfg(test)]
mod tests;

use thiserror::Error;

use super::{NalType, unescape};
use crate::Colour;
use crate::bits::BitReader;
use crate::vui::Vui;

/// What a sequence parameter set says about the pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sps {
    /// `profile_idc`.
    pub profile: u8,
    /// The constraint flags, as the byte after `profile_idc`.
    pub constraints: u8,
    /// `level_idc`: ten times the level.
    pub level: u8,
    /// Width in samples of what is shown, after cropping.
    pub width: u32,
    /// Height in samples of what is shown, after cropping.
    pub height: u32,
    /// `chroma_format_idc`: 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4.
    pub chroma_format: u8,
    /// Bits per luma sample.
    pub bit_depth: u8,
    /// Whether pictures may be coded as fields.
    pub is_interlaced: bool,
    /// Width and height of a sample, if they are known.
    pub sample_aspect: Option<(u16, u16)>,
    /// What the sample values mean, if it is said.
    pub colour: Option<Colour>,
    /// The clock of the pictures, if there is one.
    pub timing: Option<Timing>,
    /// `max_num_reorder_frames`: pictures that may come before one in coding order and after it in
    /// output order, if it is said.
    pub reorder_frames_max: Option<u8>,
}

/// The clock of the pictures (E.2.1). A frame takes two ticks of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// `num_units_in_tick`; not 0.
    pub units_in_tick: u32,
    /// `time_scale`: units per second; not 0.
    pub time_scale: u32,
    /// Whether every frame takes the same time.
    pub is_fixed: bool,
}

/// Why a sequence parameter set cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SpsError {
    /// The NAL unit has another type.
    #[error("a NAL unit of type {0} instead of a sequence parameter set")]
    Type(u8),
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
    /// Cropping leaves nothing to show.
    #[error("the sequence parameter set crops everything away")]
    Cropped,
}

/// Macroblocks in a row or column. The highest level allows `sqrt(8 * 139264)` (A.3.1, table A-1).
const MACROBLOCKS_MAX: u32 = 1_055;

/// `num_ref_frames_in_pic_order_cnt_cycle` (7.4.2.1.1).
const ORDER_COUNT_CYCLE_MAX: u32 = 255;

/// `cpb_cnt_minus1` (E.2.2).
const CPB_COUNT_MAX: u32 = 31;

/// `max_num_reorder_frames`: `MaxDpbFrames` is never more (A.3.1).
const REORDER_FRAMES_MAX: u32 = 16;

impl Sps {
    /// Parses a sequence parameter set NAL unit. If its video usability information is cut off,
    /// which some encoders' is, what stands before the cut counts.
    ///
    /// # Errors
    ///
    /// When it ends before the size of the pictures is known, or a value is out of range.
    pub fn parse(nal: &[u8]) -> Result<Self, SpsError> {
        if NalType::of(nal) != NalType::SPS {
            return Err(SpsError::Type(NalType::of(nal).number()));
        }
        let rbsp = unescape(nal);
        let mut bits = BitReader::new(rbsp.get(1..).unwrap_or_default());
        let mut sps = Self {
            profile: bits.byte(8).ok_or(SpsError::Truncated)?,
            constraints: bits.byte(8).ok_or(SpsError::Truncated)?,
            level: bits.byte(8).ok_or(SpsError::Truncated)?,
            width: 0,
            height: 0,
            chroma_format: 1,
            bit_depth: 8,
            is_interlaced: false,
            sample_aspect: None,
            colour: None,
            timing: None,
            reorder_frames_max: None,
        };
        bits.ue().ok_or(SpsError::Truncated)?; // seq_parameter_set_id
        let mut separate_planes = false;
        if has_chroma_fields(sps.profile) {
            separate_planes = sps.read_chroma(&mut bits)?;
        }
        read_order_count(&mut bits)?;
        sps.read_size(&mut bits, separate_planes)?;
        if bits.flag() == Some(true) {
            // A cut is not an error here: see above.
            let _ = sps.read_vui(&mut bits);
        }
        Ok(sps)
    }

    /// Frames per second as a fraction, if the pictures have a clock. It is what the encoder
    /// announces; only [`Timing::is_fixed`] makes it a promise.
    #[must_use]
    pub fn frame_rate(&self) -> Option<(u32, u64)> {
        self.timing.map(|timing| (timing.time_scale, u64::from(timing.units_in_tick) * 2))
    }

    /// The part that only high profiles have; whether the colour planes are coded apart.
    fn read_chroma(&mut self, bits: &mut BitReader<'_>) -> Result<bool, SpsError> {
        let chroma_format = limited(bits.ue(), "chroma_format_idc", 3)?;
        let is_separate = chroma_format == 3 && bits.flag().ok_or(SpsError::Truncated)?;
        let luma = limited(bits.ue(), "bit_depth_luma_minus8", 6)?;
        limited(bits.ue(), "bit_depth_chroma_minus8", 6)?;
        self.chroma_format = u8::try_from(chroma_format).map_err(|_| SpsError::Truncated)?;
        self.bit_depth = 8 + u8::try_from(luma).map_err(|_| SpsError::Truncated)?;
        bits.flag().ok_or(SpsError::Truncated)?; // qpprime_y_zero_transform_bypass_flag
        if bits.flag().ok_or(SpsError::Truncated)? {
            for list in 0..if chroma_format == 3 { 12 } else { 8 } {
                if bits.flag().ok_or(SpsError::Truncated)? {
                    skip_scaling_list(bits, if list < 6 { 16 } else { 64 })?;
                }
            }
        }
        Ok(is_separate)
    }

    fn read_size(
        &mut self,
        bits: &mut BitReader<'_>,
        separate_planes: bool,
    ) -> Result<(), SpsError> {
        let limit = MACROBLOCKS_MAX - 1;
        let columns = limited(bits.ue(), "pic_width_in_mbs_minus1", limit)? + 1;
        let rows = limited(bits.ue(), "pic_height_in_map_units_minus1", limit)? + 1;
        let frames_only = bits.flag().ok_or(SpsError::Truncated)?;
        if !frames_only {
            bits.flag().ok_or(SpsError::Truncated)?; // mb_adaptive_frame_field_flag
        }
        bits.flag().ok_or(SpsError::Truncated)?; // direct_8x8_inference_flag
        self.is_interlaced = !frames_only;
        let fields = if frames_only { 1 } else { 2 };
        (self.width, self.height) = (columns * 16, rows * 16 * fields);
        if !bits.flag().ok_or(SpsError::Truncated)? {
            return Ok(());
        }
        // 7-19 to 7-22: cropping counts in chroma samples, and vertically per field.
        let (unit_x, unit_y) = match (self.chroma_format, separate_planes) {
            (1, false) => (2, 2 * fields),
            (2, false) => (2, fields),
            _ => (1, fields),
        };
        let mut crop = |unit: u32| -> Result<u32, SpsError> {
            let first = bits.ue().ok_or(SpsError::Truncated)?;
            let second = bits.ue().ok_or(SpsError::Truncated)?;
            let sum = first.checked_add(second).and_then(|sum| sum.checked_mul(unit));
            sum.ok_or(SpsError::Cropped)
        };
        let (crop_x, crop_y) = (crop(unit_x)?, crop(unit_y)?);
        let left = |size: u32, crop| size.checked_sub(crop).filter(|&size| size > 0);
        self.width = left(self.width, crop_x).ok_or(SpsError::Cropped)?;
        self.height = left(self.height, crop_y).ok_or(SpsError::Cropped)?;
        Ok(())
    }

    /// E.1.1, as far as it is of use.
    fn read_vui(&mut self, bits: &mut BitReader<'_>) -> Option<()> {
        let mut vui = Vui::default();
        let start = vui.read(bits);
        (self.sample_aspect, self.colour) = (vui.sample_aspect, vui.colour);
        start?;
        if bits.flag()? {
            let (units_in_tick, time_scale) = (bits.u(32)?, bits.u(32)?);
            let is_fixed = bits.flag()?;
            if units_in_tick > 0 && time_scale > 0 {
                self.timing = Some(Timing { units_in_tick, time_scale, is_fixed });
            }
        }
        let mut has_hrd = false;
        for _ in ["NAL", "VCL"] {
            if bits.flag()? {
                skip_hrd(bits)?;
                has_hrd = true;
            }
        }
        if has_hrd {
            bits.flag()?; // low_delay_hrd_flag
        }
        bits.flag()?; // pic_struct_present_flag
        if bits.flag()? {
            bits.flag()?; // motion_vectors_over_pic_boundaries_flag
            for _ in 0..4 {
                bits.ue()?; // sizes of pictures, macroblocks and motion vectors
            }
            let frames = bits.ue().filter(|&frames| frames <= REORDER_FRAMES_MAX)?;
            self.reorder_frames_max = u8::try_from(frames).ok();
        }
        Some(())
    }
}

/// The profiles with `chroma_format_idc` and scaling lists (7.3.2.1.1).
const fn has_chroma_fields(profile: u8) -> bool {
    matches!(profile, 100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128 | 138 | 139 | 134 | 135)
}

fn limited(value: Option<u32>, field: &'static str, limit: u32) -> Result<u32, SpsError> {
    let value = value.ok_or(SpsError::Truncated)?;
    if value > limit { Err(SpsError::Value { field, value, limit }) } else { Ok(value) }
}

/// 7.3.2.1.1.1. A list ends early where a scale becomes 0.
fn skip_scaling_list(bits: &mut BitReader<'_>, size: usize) -> Result<(), SpsError> {
    let mut scale = 8_i32;
    for _ in 0..size {
        let delta = bits.se().ok_or(SpsError::Truncated)?;
        scale = scale.wrapping_add(delta) & 0xff;
        if scale == 0 {
            break;
        }
    }
    Ok(())
}

/// The fields from `log2_max_frame_num_minus4` to `gaps_in_frame_num_value_allowed_flag`.
fn read_order_count(bits: &mut BitReader<'_>) -> Result<(), SpsError> {
    limited(bits.ue(), "log2_max_frame_num_minus4", 12)?;
    match limited(bits.ue(), "pic_order_cnt_type", 2)? {
        0 => {
            limited(bits.ue(), "log2_max_pic_order_cnt_lsb_minus4", 12)?;
        }
        1 => {
            bits.flag().ok_or(SpsError::Truncated)?; // delta_pic_order_always_zero_flag
            bits.se().ok_or(SpsError::Truncated)?; // offset_for_non_ref_pic
            bits.se().ok_or(SpsError::Truncated)?; // offset_for_top_to_bottom_field
            let field = "num_ref_frames_in_pic_order_cnt_cycle";
            for _ in 0..limited(bits.ue(), field, ORDER_COUNT_CYCLE_MAX)? {
                bits.se().ok_or(SpsError::Truncated)?;
            }
        }
        _ => {}
    }
    bits.ue().ok_or(SpsError::Truncated)?; // max_num_ref_frames
    bits.flag().ok_or(SpsError::Truncated)?; // gaps_in_frame_num_value_allowed_flag
    Ok(())
}

/// E.1.2.
fn skip_hrd(bits: &mut BitReader<'_>) -> Option<()> {
    let count = bits.ue().filter(|&count| count <= CPB_COUNT_MAX)? + 1;
    bits.skip(8)?; // bit_rate_scale, cpb_size_scale
    for _ in 0..count {
        bits.ue()?; // bit_rate_value_minus1
        bits.ue()?; // cpb_size_value_minus1
        bits.flag()?; // cbr_flag
    }
    bits.skip(20) // lengths of delays and of time offsets
}
