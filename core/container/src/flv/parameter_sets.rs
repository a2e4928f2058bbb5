//! Parameter sets that come with the pictures of H.264: some encoders change the resolution that
//! way, and say nothing ahead of it.

#[cfg(test)]
mod tests;

use bytes::{BufMut, Bytes, BytesMut};
use media::avc::{AvcConfig, NalLengthSize, NalType, Sps, nal_units};

/// Sets of a kind that a record can count (ISO/IEC 14496-15, 5.3.3.1.2).
const SPS_MAX: usize = 31;
const PPS_MAX: usize = 255;

/// Profiles whose records end with the parameter sets; those of the others say the format of the
/// samples again.
const PROFILES_WITHOUT_FORMAT: [u8; 3] = [66, 77, 88];

/// The decoder configuration record of the pictures from `unit` on: `None` while its parameter sets
/// are those of `config`, byte for byte, or it brings none.
pub(super) fn changed_record(config: &AvcConfig, unit: &[u8]) -> Option<Bytes> {
    // Nearly always nothing changes, and then no memory is taken.
    let mut nals = nal_units(unit, config.length_size()).map_while(Result::ok);
    if nals.all(|nal| match NalType::of(nal) {
        NalType::SPS => config.sps_list().iter().any(|set| set == nal),
        NalType::PPS => config.pps_list().iter().any(|set| set == nal),
        _ => true,
    }) {
        return None;
    }
    let mut sps: Vec<&[u8]> = config.sps_list().iter().map(Bytes::as_ref).collect();
    let mut pps: Vec<&[u8]> = config.pps_list().iter().map(Bytes::as_ref).collect();
    let mut has_changed = false;
    for nal in nal_units(unit, config.length_size()).map_while(Result::ok) {
        has_changed |= match NalType::of(nal) {
            NalType::SPS => put(&mut sps, nal, sps_id),
            NalType::PPS => put(&mut pps, nal, pps_id),
            _ => false,
        };
    }
    if !has_changed {
        return None;
    }
    record(&sps, &pps, config.length_size())
}

/// Puts a set in the place of the one with its number, or behind the others. Says whether that
/// changes anything.
fn put<'a>(sets: &mut Vec<&'a [u8]>, new: &'a [u8], id: fn(&[u8]) -> Option<u32>) -> bool {
    let Some(number) = id(new) else { return false };
    match sets.iter_mut().find(|old| id(old) == Some(number)) {
        Some(old) if *old == new => return false,
        Some(old) => *old = new,
        None => sets.push(new),
    }
    true
}

fn record(sps: &[&[u8]], pps: &[&[u8]], length_size: NalLengthSize) -> Option<Bytes> {
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

fn put_sets(record: &mut BytesMut, sets: &[&[u8]]) -> Option<()> {
    for set in sets {
        record.put_u16(u16::try_from(set.len()).ok()?);
        record.put_slice(set);
    }
    Some(())
}

/// `seq_parameter_set_id` (7.3.2.1.1), which profile, constraints and level stand before.
fn sps_id(nal: &[u8]) -> Option<u32> {
    exp_golomb(nal.get(4..)?)
}

/// `pic_parameter_set_id` (7.3.2.2).
fn pps_id(nal: &[u8]) -> Option<u32> {
    exp_golomb(nal.get(1..)?)
}

/// The `ue(v)` at the start of `bytes` (9.1). Numbers of sets are below 256: they end before
/// anything could have been escaped.
fn exp_golomb(bytes: &[u8]) -> Option<u32> {
    let mut start = [0; 4];
    let there = bytes.len().min(start.len());
    start.get_mut(..there)?.copy_from_slice(bytes.get(..there)?);
    let bits = u32::from_be_bytes(start);
    let zeros = bits.leading_zeros();
    let number = (zeros <= 8).then(|| (bits >> (31 - 2 * zeros)) - 1)?;
    (number < 256).then_some(number)
}
