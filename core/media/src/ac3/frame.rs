//! Sync frames: their headers up to what a container must know (ETSI TS 102 366, 4.3 and 4.4 for
//! AC-3, E.1.2 and E.1.3 for Enhanced AC-3).

use super::{Ac3ConfigError, UNIT_FRAMES_MAX};
use crate::bits::BitReader;

/// What the header of a sync frame says.
#[derive(Clone, Copy, Debug)]
pub(super) struct SyncFrame {
    pub(super) stream: Stream,
    /// Bytes of the whole frame; at least those of the header.
    pub(super) bytes: usize,
    /// `fscod`.
    pub(super) rate_code: u8,
    /// Samples a second.
    pub(super) sample_rate: u32,
    /// Blocks of 256 samples: 1, 2, 3 or 6.
    pub(super) blocks: u8,
    /// `acmod`: which full channels there are.
    pub(super) coding_mode: u8,
    /// `lfeon`: whether there is a channel of low frequency effects.
    pub(super) has_lfe: bool,
    /// `bsid`: 0 to 8 for AC-3, 11 to 16 for Enhanced AC-3.
    pub(super) identification: u8,
    /// `bsmod`: what the sound is for; 0 is the main service, complete.
    pub(super) service: u8,
    /// `frmsizecod` of AC-3; 0 for Enhanced AC-3.
    pub(super) size_code: u8,
    /// `chanmap` of a dependent substream; 0 if there is none.
    pub(super) channel_map: u16,
}

/// What a sync frame is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    /// An AC-3 stream, which counts as independent substream 0.
    Ac3,
    /// An independent substream of Enhanced AC-3, by its number.
    Independent(u8),
    /// A substream that depends on the independent one before it, by its number.
    Dependent(u8),
}

/// Samples in a block.
const BLOCK_SAMPLES: u32 = 256;

/// Bytes of a header up to `bsid`, which decides how it is read.
const IDENTIFIED_BYTES: usize = 6;

/// Rates of AC-3 in kbit/s, by half of `frmsizecod` (table 4.13).
const BIT_RATES_KBPS: [usize; 19] =
    [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640];

/// The sync frames that a unit is made of, one after the other. Nothing comes after an error.
pub(super) fn sync_frames(
    unit: &[u8],
) -> impl Iterator<Item = Result<SyncFrame, Ac3ConfigError>> + '_ {
    let (mut rest, mut count) = (unit, 0);
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        count += 1;
        let frame = if count > UNIT_FRAMES_MAX {
            Err(Ac3ConfigError::TooMany { limit: UNIT_FRAMES_MAX })
        } else {
            SyncFrame::read(rest, unit.len() - rest.len())
        };
        rest = frame.ok().and_then(|frame| rest.get(frame.bytes..)).unwrap_or_default();
        Some(frame)
    })
}

impl SyncFrame {
    /// Reads the header of the frame at the beginning of `bytes`, which are `at` bytes into their
    /// unit and hold the whole frame.
    fn read(bytes: &[u8], at: usize) -> Result<Self, Ac3ConfigError> {
        let truncated = Ac3ConfigError::Truncated { left: bytes.len() };
        let head: &[u8; IDENTIFIED_BYTES] = bytes.first_chunk().ok_or(truncated)?;
        let &[0x0b, 0x77, size_high, size_low, codes, identified] = head else {
            return Err(Ac3ConfigError::Sync { at });
        };
        let identification = identified >> 3;
        let is_enhanced = match identification {
            0..=8 => false,
            11..=16 => true,
            _ => return Err(Ac3ConfigError::Identification(identification)),
        };
        let size = if is_enhanced {
            2 * (usize::from(u16::from_be_bytes([size_high & 0b111, size_low])) + 1)
        } else {
            ac3_frame_bytes(codes >> 6, codes & 0x3f).ok_or(Ac3ConfigError::Header)?
        };
        let frame = bytes.get(..size).ok_or(truncated)?;
        let read = if is_enhanced { Self::read_eac3(frame) } else { Self::read_ac3(frame) };
        read.ok_or(Ac3ConfigError::Header)
    }

    /// `syncinfo` and `bsi` of AC-3.
    fn read_ac3(frame: &[u8]) -> Option<Self> {
        let mut bits = BitReader::new(frame);
        bits.skip(16 + 16)?; // sync word, checksum
        let (rate_code, size_code) = (bits.byte(2)?, bits.byte(6)?);
        let (identification, service, coding_mode) = (bits.byte(5)?, bits.byte(3)?, bits.byte(3)?);
        if coding_mode & 1 != 0 && coding_mode != 1 {
            bits.skip(2)?; // cmixlev
        }
        if coding_mode & 4 != 0 {
            bits.skip(2)?; // surmixlev
        }
        if coding_mode == 2 {
            bits.skip(2)?; // dsurmod
        }
        Some(Self {
            stream: Stream::Ac3,
            bytes: frame.len(),
            rate_code,
            sample_rate: full_rate(rate_code)?,
            blocks: 6,
            coding_mode,
            has_lfe: bits.flag()?,
            identification,
            service,
            size_code,
            channel_map: 0,
        })
    }

    /// `bsi` of Enhanced AC-3.
    fn read_eac3(frame: &[u8]) -> Option<Self> {
        let mut bits = BitReader::new(frame);
        bits.skip(16)?; // sync word
        let (kind, number) = (bits.byte(2)?, bits.byte(3)?);
        let stream = match kind {
            0 | 2 => Stream::Independent(number), // 2: made of AC-3
            1 => Stream::Dependent(number),
            _ => return None,
        };
        bits.skip(11)?; // frmsiz
        let (rate_code, blocks_code) = (bits.byte(2)?, bits.byte(2)?);
        // With the reserved rate the next code is that of half a rate, and there are six blocks.
        let (sample_rate, blocks) = match (rate_code, blocks_code) {
            (3, half) => (full_rate(half)? / 2, 6),
            (_, 3) => (full_rate(rate_code)?, 6),
            (_, fewer) => (full_rate(rate_code)?, fewer + 1),
        };
        let mut read = Self {
            stream,
            bytes: frame.len(),
            rate_code,
            sample_rate,
            blocks,
            coding_mode: bits.byte(3)?,
            has_lfe: bits.flag()?,
            identification: bits.byte(5)?,
            service: 0,
            size_code: 0,
            channel_map: 0,
        };
        for _ in 0..=u8::from(read.coding_mode == 0) {
            bits.skip(5)?; // dialnorm
            skip_optional(&mut bits, 8)?; // compr
        }
        if kind == 1 && bits.flag()? {
            read.channel_map = u16::try_from(bits.u(16)?).ok()?;
        }
        read.service = read.read_service(&mut bits, kind == 0).unwrap_or(0);
        Some(read)
    }

    /// Samples that the frame adds to its unit: those of substream 0, since all others are heard
    /// at the same time.
    pub(super) fn samples_of_program(&self) -> u32 {
        match self.stream {
            Stream::Ac3 | Stream::Independent(0) => BLOCK_SAMPLES * u32::from(self.blocks),
            Stream::Independent(_) | Stream::Dependent(_) => 0,
        }
    }

    /// `bsmod`, which stands behind what is said about mixing. `None` where it is not said, or
    /// behind mixing data of variable length, which no encoder of live streams writes.
    fn read_service(&self, bits: &mut BitReader<'_>, is_independent: bool) -> Option<u8> {
        if bits.flag()? {
            if self.coding_mode > 2 {
                bits.skip(2)?; // dmixmod
                bits.skip(usize::from(self.coding_mode & 1) * 6)?; // ltrtcmixlev, lorocmixlev
            }
            if self.coding_mode & 4 != 0 {
                bits.skip(6)?; // ltrtsurmixlev, lorosurmixlev
            }
            if self.has_lfe {
                skip_optional(bits, 5)?; // lfemixlevcod
            }
            if is_independent {
                self.skip_program_mix(bits)?;
            }
        }
        if bits.flag()? { bits.byte(3) } else { None }
    }

    /// How an independent substream is mixed with others.
    fn skip_program_mix(&self, bits: &mut BitReader<'_>) -> Option<()> {
        let is_dual_mono = self.coding_mode == 0;
        skip_optional(bits, 6)?; // pgmscl
        if is_dual_mono {
            skip_optional(bits, 6)?; // pgmscl2
        }
        skip_optional(bits, 6)?; // extpgmscl
        match bits.u(2)? {
            0 => {}
            1 => bits.skip(5)?,  // premixcmpsel, drcsrc, premixcmpscl
            2 => bits.skip(12)?, // mixdata
            _ => return None,
        }
        if self.coding_mode < 2 {
            for _ in 0..=u8::from(is_dual_mono) {
                skip_optional(bits, 14)?; // panmean, paninfo
            }
        }
        if bits.flag()? {
            match self.blocks {
                1 => bits.skip(5)?, // blkmixcfginfo
                blocks => (0..blocks).try_for_each(|_| skip_optional(bits, 5))?,
            }
        }
        Some(())
    }
}

/// Passes over a field that a flag before it announces.
fn skip_optional(bits: &mut BitReader<'_>, count: usize) -> Option<()> {
    if bits.flag()? { bits.skip(count) } else { Some(()) }
}

/// Samples a second by `fscod` (table 4.1).
const fn full_rate(code: u8) -> Option<u32> {
    match code {
        0 => Some(48_000),
        1 => Some(44_100),
        2 => Some(32_000),
        _ => None,
    }
}

/// Bytes of an AC-3 frame (table 4.13): 1,536 samples at the rate that the code stands for. At
/// 44.1 kHz that is no whole number of words, so every rate has two sizes.
fn ac3_frame_bytes(rate_code: u8, size_code: u8) -> Option<usize> {
    let kbps = *BIT_RATES_KBPS.get(usize::from(size_code / 2))?;
    let words = match rate_code {
        0 => kbps * 2,
        1 => kbps * 320 / 147 + usize::from(size_code % 2),
        2 => kbps * 3,
        _ => return None,
    };
    Some(2 * words)
}
