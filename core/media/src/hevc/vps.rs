//! The video parameter set (ITU-T H.265, 7.3.2.1), as far as the clock of the pictures.

use super::profile::{ProfileTierLevel, SUB_LAYERS_MINUS1_MAX};
use super::{NalType, Timing, payload_of};
use crate::bits::BitReader;

/// `vps_num_layer_sets_minus1` (7.4.3.1).
const LAYER_SETS_MINUS1_MAX: u32 = 1_023;

/// The clock that a video parameter set NAL unit gives; `None` where there is none or it cannot be
/// read.
pub(super) fn timing(nal: &[u8]) -> Option<Timing> {
    if NalType::of(nal) != NalType::VPS {
        return None;
    }
    let rbsp = payload_of(nal);
    let mut bits = BitReader::new(&rbsp);
    bits.u(12)?; // its number, and which layers there are
    let sub_layers_minus1 = bits.u(3).filter(|&count| count <= SUB_LAYERS_MINUS1_MAX)?;
    bits.u(17)?; // vps_temporal_id_nesting_flag, vps_reserved_0xffff_16bits
    ProfileTierLevel::read(&mut bits, sub_layers_minus1)?;
    let has_all = bits.flag()?;
    for _ in if has_all { 0 } else { sub_layers_minus1 }..=sub_layers_minus1 {
        for _ in 0..3 {
            bits.ue()?; // buffering, reordering, latency
        }
    }
    let layers = usize::try_from(bits.u(6)?).ok()? + 1;
    let sets = bits.ue().filter(|&sets| sets <= LAYER_SETS_MINUS1_MAX)?;
    bits.skip(usize::try_from(sets).ok()? * layers)?; // layer_id_included_flag
    if bits.flag()? { Timing::read(&mut bits)? } else { None }
}
