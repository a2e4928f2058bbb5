//! The decoder configuration record, made of the parameter sets that come with pictures.

use bytes::{BufMut, Bytes, BytesMut};

use super::{NalLengthSize, Sps};
use crate::parameter_sets::{PPS_MAX, SPS_MAX};

/// Profiles whose records end with the parameter sets; those of the others say the format of the
/// samples again.
const PROFILES_WITHOUT_FORMAT: [u8; 3] = [66, 77, 88];

/// The decoder configuration record with these parameter sets, which are NAL units (ISO/IEC
/// 14496-15, 5.3.3.1). `None` if there are more than are taken, or no usable sequence parameter
/// set among them.
#[must_use]
pub fn record(sps: &[&[u8]], pps: &[&[u8]], length_size: NalLengthSize) -> Option<Bytes> {
    if sps.len() > SPS_MAX || pps.len() > PPS_MAX {
        return None;
    }
    let &[_, profile, constraints, level] = sps.first()?.first_chunk()?;
    let length_size = u8::try_from(length_size.bytes()).ok()?;
    let mut record = BytesMut::new();
    record.put_slice(&[1, profile, constraints, level, 0xfc | (length_size - 1)]);
    record.put_u8(0xe0 | u8::try_from(sps.len()).ok()?);
    put_sets(&mut record, sps)?;
    record.put_u8(u8::try_from(pps.len()).ok()?);
    put_sets(&mut record, pps)?;
    if !PROFILES_WITHOUT_FORMAT.contains(&profile)
        && let Ok(Sps { chroma_format, bit_depth, .. }) = Sps::parse(sps.first()?)
    {
        // No encoder has chroma of another depth than luma.
        let depth = 0xf8 | (bit_depth.saturating_sub(8) & 0x07);
        record.put_slice(&[0xfc | (chroma_format & 0x03), depth, depth, 0]);
    }
    Some(record.freeze())
}

/// Sets, each behind its length.
pub(crate) fn put_sets(record: &mut BytesMut, sets: &[&[u8]]) -> Option<()> {
    for set in sets {
        record.put_u16(u16::try_from(set.len()).ok()?);
        record.put_slice(set);
    }
    Some(())
}
