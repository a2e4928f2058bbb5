//! The sequence header (AV1, 5.5).

#[cfg(test)]
mod tests;

use thiserror::Error;

use crate::Colour;
use crate::bits::BitReader;

/// What a sequence header says about the pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SequenceHeader {
    /// `seq_profile`: 0 main, 1 high, 2 professional.
    pub profile: u8,
    /// `seq_level_idx` of the first operating point; 31 for no level.
    pub level: u8,
    /// `seq_tier` of the first operating point: whether the bit rate may be that of the high tier.
    pub is_high_tier: bool,
    /// `reduced_still_picture_header`: every frame is a key frame, and its header does not say so.
    pub is_reduced: bool,
    /// `max_frame_width_minus_1 + 1`: not 0.
    pub width: u32,
    /// `max_frame_height_minus_1 + 1`: not 0.
    pub height: u32,
    /// `BitDepth`: 8, 10 or 12.
    pub bit_depth: u8,
    /// `mono_chrome`.
    pub is_monochrome: bool,
    /// `subsampling_x` and `subsampling_y`.
    pub subsampling: (bool, bool),
    /// `chroma_sample_position`; 0 where it is not known, and where chroma is not 4:2:0.
    pub chroma_position: u8,
    /// What the sample values mean, if it is said.
    pub colour: Option<Colour>,
    /// Frames over seconds, if they are equally far apart; neither is 0.
    pub frame_rate: Option<(u32, u64)>,
}

/// Why a sequence header cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SequenceHeaderError {
    /// It ends early, or a value in it cannot be read.
    #[error("the AV1 sequence header ends early")]
    Truncated,
    /// It is longer than one can sensibly be.
    #[error("the AV1 sequence header has {length} bytes, more than {limit}")]
    TooLong {
        /// Bytes in the unit.
        length: usize,
        /// The most that is taken.
        limit: usize,
    },
    /// A profile that the standard does not know.
    #[error("the AV1 sequence header has profile {0}, at most 2")]
    Profile(u8),
}

/// What `color_description_present_flag` 0 stands for: not specified (6.4.2).
const UNSPECIFIED: u8 = 2;

/// The colour primaries and transfer characteristics of sRGB; with the identity matrix they imply
/// full range and full chroma (5.5.2).
const SRGB: (u8, u8, u8) = (1, 13, 0);

impl SequenceHeader {
    /// Parses the payload of a sequence header OBU.
    ///
    /// # Errors
    ///
    /// When it is cut off, or of a profile that does not exist.
    pub fn parse(payload: &[u8]) -> Result<Self, SequenceHeaderError> {
        let sequence = Self::read(payload).ok_or(SequenceHeaderError::Truncated)?;
        if sequence.profile > 2 {
            return Err(SequenceHeaderError::Profile(sequence.profile));
        }
        Ok(sequence)
    }

    /// Whether the pictures of both can be shown by one decoder that was set up once: a player
    /// need not be told of the change from one to the other.
    #[must_use]
    pub fn has_pictures_of(&self, other: &Self) -> bool {
        let pictures = |it: &Self| {
            let size = (it.width, it.height);
            (size, it.profile, it.bit_depth, it.is_monochrome, it.subsampling, it.colour)
        };
        pictures(self) == pictures(other)
    }

    fn read(payload: &[u8]) -> Option<Self> {
        let mut bits = BitReader::new(payload);
        let mut sequence = Self {
            profile: bits.byte(3)?,
            level: 0,
            is_high_tier: false,
            is_reduced: false,
            width: 0,
            height: 0,
            bit_depth: 8,
            is_monochrome: false,
            subsampling: (true, true),
            chroma_position: 0,
            colour: None,
            frame_rate: None,
        };
        bits.flag()?; // still_picture
        sequence.is_reduced = bits.flag()?;
        if sequence.is_reduced {
            sequence.level = bits.byte(5)?;
        } else {
            sequence.read_operating_points(&mut bits)?;
        }
        let (width_bits, height_bits) = (bits.u(4)? + 1, bits.u(4)? + 1);
        sequence.width = bits.u(width_bits)? + 1;
        sequence.height = bits.u(height_bits)? + 1;
        if !sequence.is_reduced && bits.flag()? {
            bits.u(7)?; // delta_frame_id_length_minus_2, additional_frame_id_length_minus_1
        }
        bits.u(3)?; // use_128x128_superblock, enable_filter_intra, enable_intra_edge_filter
        if !sequence.is_reduced {
            skip_inter_tools(&mut bits)?;
        }
        bits.u(3)?; // enable_superres, enable_cdef, enable_restoration
        sequence.read_colour(&mut bits)?;
        bits.flag()?; // film_grain_params_present
        Some(sequence)
    }

    /// From `timing_info_present_flag` to the last operating point.
    fn read_operating_points(&mut self, bits: &mut BitReader<'_>) -> Option<()> {
        let mut delay_bits = None;
        if bits.flag()? {
            let (units, scale) = (bits.u(32)?, bits.u(32)?);
            if bits.flag()? {
                let ticks = u64::from(bits.ue()?) + 1; // num_ticks_per_picture_minus_1
                // Both factors fit 32 bits.
                let is_clock = units > 0 && scale > 0;
                self.frame_rate = is_clock.then_some((scale, u64::from(units) * ticks));
            }
            if bits.flag()? {
                delay_bits = Some(bits.u(5)? + 1); // buffer_delay_length_minus_1
                bits.u(32)?; // num_units_in_decoding_tick
                bits.u(10)?; // lengths of the removal and of the presentation time
            }
        }
        let has_display_delay = bits.flag()?;
        for point in 0..=bits.u(5)? {
            bits.u(12)?; // operating_point_idc
            let level = bits.byte(5)?;
            let is_high_tier = level > 7 && bits.flag()?;
            if point == 0 {
                (self.level, self.is_high_tier) = (level, is_high_tier);
            }
            if let Some(delay_bits) = delay_bits
                && bits.flag()?
            {
                bits.u(delay_bits)?; // decoder_buffer_delay
                bits.u(delay_bits)?; // encoder_buffer_delay
                bits.flag()?; // low_delay_mode_flag
            }
            if has_display_delay && bits.flag()? {
                bits.u(4)?; // initial_display_delay_minus_1
            }
        }
        Some(())
    }

    /// 5.5.2.
    fn read_colour(&mut self, bits: &mut BitReader<'_>) -> Option<()> {
        let is_high = bits.flag()?;
        self.bit_depth = match (is_high, self.profile) {
            (true, 2) if bits.flag()? => 12,
            (true, _) => 10,
            (false, _) => 8,
        };
        self.is_monochrome = self.profile != 1 && bits.flag()?;
        let described =
            if bits.flag()? { Some((bits.byte(8)?, bits.byte(8)?, bits.byte(8)?)) } else { None };
        let mut is_full_range = true;
        if self.is_monochrome {
            is_full_range = bits.flag()?;
        } else if described == Some(SRGB) {
            self.subsampling = (false, false);
        } else {
            is_full_range = bits.flag()?;
            self.subsampling = match (self.profile, self.bit_depth) {
                (0, _) => (true, true),
                (1, _) => (false, false),
                (_, 12) if bits.flag()? => (true, bits.flag()?),
                (_, 12) => (false, false),
                (..) => (true, false),
            };
            if self.subsampling == (true, true) {
                self.chroma_position = bits.byte(2)?;
            }
        }
        if !self.is_monochrome {
            bits.flag()?; // separate_uv_delta_q
        }
        if described.is_some() || is_full_range {
            let (primaries, transfer, matrix) =
                described.unwrap_or((UNSPECIFIED, UNSPECIFIED, UNSPECIFIED));
            self.colour = Some(Colour { primaries, transfer, matrix, is_full_range });
        }
        Some(())
    }
}

/// From `enable_interintra_compound` to `order_hint_bits_minus_1`.
fn skip_inter_tools(bits: &mut BitReader<'_>) -> Option<()> {
    bits.u(4)?; // compounds, warped motion, dual filter
    let has_order_hint = bits.flag()?;
    if has_order_hint {
        bits.u(2)?; // enable_jnt_comp, enable_ref_frame_mvs
    }
    // seq_choose_screen_content_tools, else seq_force_screen_content_tools; then the same of
    // integer motion vectors.
    let may_have_screen_content = bits.flag()? || bits.flag()?;
    if may_have_screen_content && !bits.flag()? {
        bits.flag()?;
    }
    if has_order_hint {
        bits.u(3)?; // order_hint_bits_minus_1
    }
    Some(())
}
