//! The numbers of parameter sets, which others refer to them by. A set takes the place of the one
//! with its number.

/// Parameter sets of one unit that are looked at. Encoders send two to ten; the others stay as they
/// are, so that a unit of millions of tiny sets costs no more than its bytes.
pub(crate) const SETS_LOOKED_AT_MAX: usize = 64;

/// `seq_parameter_set_id` of H.264 (7.3.2.1.1), which profile, constraints and level stand before.
/// There are 32.
pub(crate) fn avc_sps(nal: &[u8]) -> Option<u32> {
    exp_golomb(nal.get(4..)?.iter().copied()).filter(|&id| id < 32)
}

/// `pic_parameter_set_id` of H.264 (7.3.2.2).
pub(crate) fn avc_pps(nal: &[u8]) -> Option<u32> {
    exp_golomb(nal.get(1..)?.iter().copied())
}

/// `vps_video_parameter_set_id` of H.265 (7.3.2.1).
pub(crate) fn hevc_vps(nal: &[u8]) -> Option<u32> {
    nal.get(2).map(|first| u32::from(first >> 4))
}

/// `sps_seq_parameter_set_id` of H.265 (7.3.2.2.1), which profile, tier and level stand before:
/// those of the whole and those of the lower sub-layers that say them (7.3.3).
pub(crate) fn hevc_sps(nal: &[u8]) -> Option<u32> {
    let mut bytes = unescaped(nal.get(2..)?);
    let sub_layers = bytes.next()? >> 1 & 0b111;
    let mut passed_over = 12;
    if sub_layers > 0 {
        bytes.nth(passed_over - 1)?;
        let flags = u16::from_be_bytes([bytes.next()?, bytes.next()?]);
        // Two flags for each: 11 bytes of profile and tier, one of level.
        let said = (0..sub_layers).map(|layer| {
            let flags = flags << (2 * layer);
            (if flags & 0x8000 == 0 { 0 } else { 11 }) + usize::from(flags & 0x4000 != 0)
        });
        passed_over = said.sum();
    }
    if let Some(last) = passed_over.checked_sub(1) {
        bytes.nth(last)?;
    }
    exp_golomb(bytes)
}

/// `pps_pic_parameter_set_id` of H.265 (7.3.2.3.1).
pub(crate) fn hevc_pps(nal: &[u8]) -> Option<u32> {
    exp_golomb(unescaped(nal.get(2..)?))
}

/// The bytes without those that prevent emulation (H.264, 7.4.1; H.265, 7.4.2).
fn unescaped(bytes: &[u8]) -> impl Iterator<Item = u8> {
    let mut zeros = 0_u8;
    bytes.iter().copied().filter(move |&byte| {
        let is_escape = zeros >= 2 && byte == 3;
        zeros = if byte == 0 { zeros.saturating_add(1) } else { 0 };
        !is_escape
    })
}

/// The `ue(v)` at the start of `bytes` (9.1). Numbers of sets are below 256: they end before
/// anything could have been escaped.
fn exp_golomb(bytes: impl Iterator<Item = u8>) -> Option<u32> {
    let mut start = [0; 4];
    start.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
    let bits = u32::from_be_bytes(start);
    let zeros = bits.leading_zeros();
    let number = (zeros <= 8).then(|| (bits >> (31 - 2 * zeros)) - 1)?;
    (number < 256).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::hex;

    #[test]
    fn numbers_are_exponential_golomb_codes() {
        let cases = [
            ("80", Some(0)),
            ("40", Some(1)),
            ("60", Some(2)),
            ("22", Some(3)),
            ("008000", Some(255)),
            ("00807fff", Some(255)),
            ("00808000", None),
            ("0040", None),
            ("", None),
            ("00000000", None),
        ];
        for (bytes, expected) in cases {
            assert_eq!(exp_golomb(hex(bytes).into_iter()), expected, "{bytes}");
        }
    }

    #[track_caller]
    fn check(id: fn(&[u8]) -> Option<u32>, nal: &str, expected: Option<u32>) {
        assert_eq!(id(&hex(nal)), expected, "{nal}");
    }

    #[test]
    fn every_kind_of_set_has_its_number() {
        check(avc_sps, "6764000b 22", Some(3));
        check(avc_sps, "6764000b 0420", None);
        check(avc_sps, "6764000b 0400", Some(31));
        check(avc_sps, "6764000b", None);
        check(avc_pps, "68 40", Some(1));
        check(avc_pps, "68", None);
        check(hevc_vps, "4001 3c", Some(3));
        check(hevc_vps, "4001", None);
        check(hevc_pps, "4401 60", Some(2));
        check(hevc_pps, "44", None);
        // What x265 makes, with its escapes, and the same with another number.
        check(hevc_sps, "4201010160000003009000000300000300 3f a0", Some(0));
        check(hevc_sps, "4201010160000003009000000300000300 3f 20", Some(3));
        check(hevc_sps, "4201010160000003009000000300000300 3f", None);
        check(hevc_sps, "4201", None);
        // Two lower sub-layers, of which one says its profile and one its level.
        let said = "1111111111111111111111 22";
        check(hevc_sps, &format!("420105 0160000000900000000000 3f 9000 {said} 60"), Some(2));
    }
}
