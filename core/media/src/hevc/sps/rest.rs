//! From the coding block sizes to the clock of the pictures: the part that may be cut off.

use super::{Sps, Timing};
use crate::bits::BitReader;
use crate::vui::Vui;

/// `num_short_term_ref_pic_sets` (7.4.3.2.1).
const REFERENCE_SETS_MAX: u32 = 64;

/// `NumDeltaPocs`: pictures in a set. `sps_max_dec_pic_buffering_minus1` is never more (A.4.2).
const REFERENCES_MAX: u32 = 16;

/// `num_long_term_ref_pics_sps` (7.4.3.2.1).
const LONG_TERM_MAX: u32 = 32;

impl Sps {
    /// `None` where it is cut off or makes no sense; what was read before is kept.
    pub(super) fn read_rest(
        &mut self,
        bits: &mut BitReader<'_>,
        order_count_bits: u32,
    ) -> Option<()> {
        for _ in 0..6 {
            bits.ue()?; // sizes of coding and transform blocks, depths of the transform tree
        }
        if bits.flag()? && bits.flag()? {
            skip_scaling_lists(bits)?;
        }
        bits.u(2)?; // amp_enabled_flag, sample_adaptive_offset_enabled_flag
        if bits.flag()? {
            bits.u(8)?; // bit depths of PCM samples
            bits.ue()?; // log2_min_pcm_luma_coding_block_size_minus3
            bits.ue()?; // log2_diff_max_min_pcm_luma_coding_block_size
            bits.flag()?; // pcm_loop_filter_disabled_flag
        }
        let sets = bits.ue().filter(|&sets| sets <= REFERENCE_SETS_MAX)?;
        let mut references = 0;
        for set in 0..sets {
            references = read_reference_set(bits, set, references)?;
        }
        if bits.flag()? {
            let count = bits.ue().filter(|&count| count <= LONG_TERM_MAX)?;
            for _ in 0..count {
                bits.u(order_count_bits + 1)?; // lt_ref_pic_poc_lsb_sps and whether it is used
            }
        }
        bits.u(2)?; // sps_temporal_mvp_enabled_flag, strong_intra_smoothing_enabled_flag
        if bits.flag()? { self.read_vui(bits) } else { Some(()) }
    }

    /// E.2.1, as far as it is of use.
    fn read_vui(&mut self, bits: &mut BitReader<'_>) -> Option<()> {
        let mut vui = Vui::default();
        let start = vui.read(bits);
        (self.sample_aspect, self.colour) = (vui.sample_aspect, vui.colour);
        start?;
        bits.u(3)?; // neutral_chroma_indication_flag, field_seq_flag, frame_field_info_present_flag
        if bits.flag()? {
            for _ in 0..4 {
                bits.ue()?; // offsets of the default display window
            }
        }
        if bits.flag()? {
            self.timing = Timing::read(bits)?;
        }
        Some(())
    }
}

/// 7.3.4.
fn skip_scaling_lists(bits: &mut BitReader<'_>) -> Option<()> {
    for (size, matrices) in [(16, 6), (64, 6), (64, 6), (64, 2)].into_iter().enumerate() {
        let (coefficients, matrices) = matrices;
        for _ in 0..matrices {
            if !bits.flag()? {
                bits.ue()?; // scaling_list_pred_matrix_id_delta
                continue;
            }
            if size > 1 {
                bits.se()?; // scaling_list_dc_coef_minus8
            }
            for _ in 0..coefficients {
                bits.se()?; // scaling_list_delta_coef
            }
        }
    }
    Some(())
}

/// 7.3.7. How many pictures the set has; `before` is the number of the set before it.
fn read_reference_set(bits: &mut BitReader<'_>, set: u32, before: u32) -> Option<u32> {
    let mut references = 0;
    if set > 0 && bits.flag()? {
        bits.flag()?; // delta_rps_sign
        bits.ue()?; // abs_delta_rps_minus1
        for _ in 0..=before {
            // used_by_curr_pic_flag, else use_delta_flag
            references += u32::from(bits.flag()? || bits.flag()?);
        }
    } else {
        let negative = bits.ue().filter(|&count| count <= REFERENCES_MAX)?;
        let positive = bits.ue().filter(|&count| count <= REFERENCES_MAX)?;
        references = negative + positive;
        for _ in 0..references {
            bits.ue()?; // delta_poc_s0_minus1 or delta_poc_s1_minus1
            bits.flag()?; // used_by_curr_pic_s0_flag or used_by_curr_pic_s1_flag
        }
    }
    Some(references).filter(|&references| references <= REFERENCES_MAX)
}
