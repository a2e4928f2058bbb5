//! `profile_tier_level()` (ITU-T H.265, 7.3.3), and how it is written in `CODECS`.

use std::fmt::Write as _;

use crate::bits::BitReader;

/// What a decoder must be able to do, as the parameter sets say it for the whole stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProfileTierLevel {
    /// `general_profile_space`; 0 but for profiles that are not in the standard.
    pub profile_space: u8,
    /// `general_tier_flag`: whether the bit rate may be that of the high tier.
    pub is_high_tier: bool,
    /// `general_profile_idc`.
    pub profile: u8,
    /// `general_profile_compatibility_flag`s, that of profile 0 in the most significant bit.
    pub compatibility: u32,
    /// The 48 bits from `general_progressive_source_flag` on.
    pub constraints: [u8; 6],
    /// `general_level_idc`: thirty times the level.
    pub level: u8,
}

/// `sub_layers_minus1` (7.4.3.1, 7.4.3.2.1).
pub(super) const SUB_LAYERS_MINUS1_MAX: u32 = 6;

/// Bits of a profile: `profile_space` to the last constraint flag.
const PROFILE_BITS: usize = 88;

impl ProfileTierLevel {
    /// Reads the structure with `profilePresentFlag` 1 and passes over what it says of the
    /// `sub_layers_minus1` lower sub-layers.
    pub(super) fn read(bits: &mut BitReader<'_>, sub_layers_minus1: u32) -> Option<Self> {
        let profile_space = bits.byte(2)?;
        let is_high_tier = bits.flag()?;
        let profile = bits.byte(5)?;
        let compatibility = bits.u(32)?;
        let mut constraints = [0; 6];
        for byte in &mut constraints {
            *byte = bits.byte(8)?;
        }
        let level = bits.byte(8)?;
        let mut sub_layer_bits = 0;
        for _ in 0..sub_layers_minus1 {
            sub_layer_bits += if bits.flag()? { PROFILE_BITS } else { 0 };
            sub_layer_bits += if bits.flag()? { 8 } else { 0 };
        }
        if sub_layers_minus1 > 0 {
            for _ in sub_layers_minus1..8 {
                bits.u(2)?; // reserved_zero_2bits
            }
        }
        bits.skip(sub_layer_bits)?;
        Some(Self { profile_space, is_high_tier, profile, compatibility, constraints, level })
    }

    /// The parameters of the codec's entry in `CODECS` (ISO/IEC 14496-15, E.3): profile space as a
    /// letter, profile, compatibility flags in reverse order, tier and level, and the constraint
    /// bytes up to the last that is not 0.
    pub(super) fn rfc6381(&self) -> String {
        let Self { profile, level, .. } = self;
        let space = match self.profile_space {
            1 => "A",
            2 => "B",
            3 => "C",
            _ => "",
        };
        let compatibility = self.compatibility.reverse_bits();
        let tier = if self.is_high_tier { 'H' } else { 'L' };
        let mut text = format!("{space}{profile}.{compatibility:X}.{tier}{level}");
        let zeros = self.constraints.iter().rev().take_while(|&&byte| byte == 0).count();
        for byte in self.constraints.iter().take(self.constraints.len() - zeros) {
            // Writing to a string cannot fail.
            let _ = write!(text, ".{byte:X}");
        }
        text
    }
}
