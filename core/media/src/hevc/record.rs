//! The decoder configuration record, made of the parameter sets that come with pictures.

use bytes::{BufMut, Bytes, BytesMut};

use super::{NalType, Sps};
use crate::avc::put_sets;
use crate::parameter_sets::{PPS_MAX, SPS_MAX, VPS_MAX};

/// The decoder configuration record with these parameter sets, which are NAL units, for NAL units
/// behind lengths of four bytes (ISO/IEC 14496-15, 8.3.3.1). `None` if there are more than are
/// taken, or the first sequence parameter set cannot be used.
#[must_use]
pub fn record(vps: &[&[u8]], sps: &[&[u8]], pps: &[&[u8]]) -> Option<Bytes> {
    if vps.len() > VPS_MAX || sps.len() > SPS_MAX || pps.len() > PPS_MAX {
        return None;
    }
    let Sps { profile_tier_level: tier, chroma_format, bit_depth, .. } =
        Sps::parse(sps.first()?).ok()?;
    let depth = 0xf8 | (bit_depth.saturating_sub(8) & 0x07);
    let mut record = BytesMut::new();
    record.put_u8(1);
    record.put_u8(tier.profile_space << 6 | u8::from(tier.is_high_tier) << 5 | tier.profile);
    record.put_u32(tier.compatibility);
    record.put_slice(&tier.constraints);
    record.put_u8(tier.level);
    // Spatial segmentation and parallelism are not said; neither is the frame rate, nor how many
    // layers of time there are.
    record.put_slice(&[0xf0, 0, 0xfc, 0xfc | chroma_format, depth, depth, 0, 0, 3]);
    let kinds = [(NalType::VPS, vps), (NalType::SPS, sps), (NalType::PPS, pps)];
    let kinds = kinds.into_iter().filter(|(_, sets)| !sets.is_empty());
    record.put_u8(u8::try_from(kinds.clone().count()).ok()?);
    for (kind, sets) in kinds {
        // array_completeness: there may be others with the pictures.
        record.put_u8(kind.number());
        record.put_u16(u16::try_from(sets.len()).ok()?);
        put_sets(&mut record, sets)?;
    }
    Some(record.freeze())
}
