//! The start of the video usability information, which H.264 and H.265 write alike (annex E of
//! both).

use crate::Colour;
use crate::bits::BitReader;

/// `aspect_ratio_idc` that stands before an explicit ratio.
const EXTENDED_SAR: u8 = 255;

/// Width and height of a sample by `aspect_ratio_idc` (table E-1), from 1 on.
const SAMPLE_ASPECTS: [(u16, u16); 16] = [
    (1, 1),
    (12, 11),
    (10, 11),
    (16, 11),
    (40, 33),
    (24, 11),
    (20, 11),
    (32, 11),
    (80, 33),
    (18, 11),
    (15, 11),
    (64, 33),
    (160, 99),
    (4, 3),
    (3, 2),
    (2, 1),
];

/// What this part of the information says.
#[derive(Clone, Copy, Default)]
pub(crate) struct Vui {
    /// Width and height of a sample, if they are known; neither is 0.
    pub(crate) sample_aspect: Option<(u16, u16)>,
    /// What the sample values mean, if it is said.
    pub(crate) colour: Option<Colour>,
}

impl Vui {
    /// Reads from `aspect_ratio_info_present_flag` to `chroma_sample_loc_type_bottom_field`.
    /// `None` where it is cut off; what stands before the cut is then kept.
    pub(crate) fn read(&mut self, bits: &mut BitReader<'_>) -> Option<()> {
        if bits.flag()? {
            let (width, height) = match bits.byte(8)? {
                EXTENDED_SAR => (bits.u(16)?, bits.u(16)?),
                index => {
                    let known = SAMPLE_ASPECTS.get(usize::from(index).wrapping_sub(1));
                    known.map_or((0, 0), |&(width, height)| (width.into(), height.into()))
                }
            };
            if width > 0 && height > 0 {
                self.sample_aspect = Some((width.try_into().ok()?, height.try_into().ok()?));
            }
        }
        if bits.flag()? {
            bits.flag()?; // overscan_appropriate_flag
        }
        if bits.flag()? {
            bits.u(3)?; // video_format
            let is_full_range = bits.flag()?;
            if bits.flag()? {
                let (primaries, transfer) = (bits.byte(8)?, bits.byte(8)?);
                let matrix = bits.byte(8)?;
                self.colour = Some(Colour { primaries, transfer, matrix, is_full_range });
            }
        }
        if bits.flag()? {
            bits.ue()?; // chroma_sample_loc_type_top_field
            bits.ue()?; // chroma_sample_loc_type_bottom_field
        }
        Some(())
    }
}
