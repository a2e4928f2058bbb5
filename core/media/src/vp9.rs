//! VP9: the codec configuration record (VP Codec ISO Media File Format Binding 1.0), and the size
//! in the uncompressed header of a key frame (VP9 bitstream specification, 6.2).

#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use bytes::Bytes;
use thiserror::Error;

use crate::bits::BitReader;
use crate::{Colour, UnitError, VideoFormat};

/// A parsed `VPCodecConfigurationRecord`, which is Enhanced RTMP's VP9 sequence start, together
/// with the size of the pictures, which only key frames say. Two are equal if both are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vp9Config {
    record: Vp9Record,
    key: KeyFrame,
}

/// What a key frame says of its pictures (6.2). It may say less than a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct KeyFrame {
    profile: u8,
    bit_depth: u8,
    /// `subsampling_x` and `subsampling_y`.
    subsampling: (bool, bool),
    /// `color_space` and `color_range`.
    colour: (u32, bool),
    width: u32,
    height: u32,
}

/// A record: all of a configuration but the size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vp9Record {
    bytes: Bytes,
    /// `profile`: 0 to 3.
    profile: u8,
    /// `level`: ten times the level, or a number that stands for none.
    level: u8,
    /// `bitDepth`: 8, 10 or 12.
    bit_depth: u8,
    /// `chromaSubsampling`: 0 and 1 are 4:2:0, 2 is 4:2:2, 3 is 4:4:4.
    chroma: u8,
    colour: Colour,
}

/// Why a record cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Vp9ConfigError {
    /// It ends inside a field.
    #[error("the VP9 configuration ends early, after {length} bytes")]
    Truncated {
        /// Bytes in the record.
        length: usize,
    },
    /// It is longer than a record can sensibly be.
    #[error("the VP9 configuration has {length} bytes, more than {limit}")]
    TooLong {
        /// Bytes in the record.
        length: usize,
        /// The most that is taken.
        limit: usize,
    },
    /// A value that the format does not know.
    #[error("{field} of the VP9 configuration is {value}")]
    Value {
        /// The name in the binding.
        field: &'static str,
        /// What was read.
        value: u8,
    },
}

/// Longest record that is taken, in bytes. VP9 has 8 or 12: initialization data is for codecs to
/// come.
pub const RECORD_BYTES_MAX: usize = 256;

/// Version 1 and no flags: what a `vpcC` box has ahead of the record.
const FULL_BOX: [u8; 4] = [1, 0, 0, 0];

/// `frame_sync_code` (7.2).
const SYNC_CODE: u32 = 0x49_83_42;

/// `color_space` of pictures in RGB (7.2.2).
const RGB: u32 = 7;

/// `colour_primaries`, `transfer_characteristics` and `matrix_coefficients` of ITU-T H.273 that
/// say nothing.
const UNSPECIFIED: u8 = 2;

/// Levels with the most samples in a picture and in a second (annex A).
const LEVELS: [(u8, u64, u64); 14] = [
    (10, 36_864, 829_440),
    (11, 73_728, 2_764_800),
    (20, 122_880, 4_608_000),
    (21, 245_760, 9_216_000),
    (30, 552_960, 20_736_000),
    (31, 983_040, 36_864_000),
    (40, 2_228_224, 83_558_400),
    (41, 2_228_224, 160_432_128),
    (50, 8_912_896, 311_951_360),
    (51, 8_912_896, 588_251_136),
    (52, 8_912_896, 1_176_502_272),
    (60, 35_651_584, 1_176_502_272),
    (61, 35_651_584, 2_353_004_544),
    (62, 35_651_584, 4_706_009_088),
];

/// Ten times the highest level.
const LEVEL_MAX: u8 = 62;

/// Frames a second that a level must allow where the publisher names none.
const FRAME_RATE_ASSUMED: u64 = 60;

impl Vp9Record {
    /// Parses a record, with or without the version and flags of a `vpcC` box ahead of it: ffmpeg
    /// sends them.
    ///
    /// # Errors
    ///
    /// When it is malformed.
    pub fn parse(bytes: Bytes) -> Result<Self, Vp9ConfigError> {
        let length = bytes.len();
        if length > RECORD_BYTES_MAX {
            return Err(Vp9ConfigError::TooLong { length, limit: RECORD_BYTES_MAX });
        }
        // A record of profile 1 and of level 0 could start alike, but there its third byte, of
        // the bit depth, is not 0.
        let fields = bytes.strip_prefix(&FULL_BOX).unwrap_or(&bytes);
        let &[profile, level, format, primaries, transfer, matrix, _, _] =
            fields.first_chunk().ok_or(Vp9ConfigError::Truncated { length })?;
        let (bit_depth, chroma) = (format >> 4, format >> 1 & 0b111);
        let known = |field, value, is_known| {
            if is_known { Ok(value) } else { Err(Vp9ConfigError::Value { field, value }) }
        };
        Ok(Self {
            profile: known("profile", profile, profile <= 3)?,
            level,
            bit_depth: known("bitDepth", bit_depth, matches!(bit_depth, 8 | 10 | 12))?,
            chroma: known("chromaSubsampling", chroma, chroma <= 3)?,
            colour: Colour { primaries, transfer, matrix, is_full_range: format & 1 == 1 },
            bytes,
        })
    }

    /// The configuration that the record makes with a key frame; `None` if `frame` is none.
    #[must_use]
    pub fn with_key_frame(self, frame: &[u8]) -> Option<Vp9Config> {
        Some(Vp9Config { record: self, key: KeyFrame::parse(frame)? })
    }
}

impl Vp9Config {
    /// What holds from a key frame on, if its size, profile, bit depth, chroma or colour is not
    /// that of the one before. `None` if nothing changes.
    ///
    /// Key frames are held against each other, not against the record: what both say counts as the
    /// record says it, as long as nothing changes.
    #[must_use]
    pub fn changed_by(&self, frame: &[u8]) -> Option<Self> {
        let (old, key) = (self.key, KeyFrame::parse(frame)?);
        if key == old {
            return None;
        }
        let mut record = self.record.clone();
        record.profile = key.profile;
        record.bit_depth = key.bit_depth;
        if key.subsampling != old.subsampling {
            record.chroma = key.chroma();
        }
        if key.colour != old.colour {
            record.colour = key.colour();
        }
        Some(Self { record, key })
    }

    /// The bytes that came from the publisher.
    #[must_use]
    pub const fn record(&self) -> &Bytes {
        &self.record.bytes
    }

    /// The content of a `vpcC` box: version, flags and the record, with the level of
    /// [`Self::level`].
    #[must_use]
    pub fn vpcc(&self) -> [u8; 12] {
        let Vp9Record { profile, bit_depth, chroma, colour, .. } = self.record;
        let [version, flags @ ..] = FULL_BOX;
        let [high, middle, low] = flags;
        let format = bit_depth << 4 | chroma << 1 | u8::from(colour.is_full_range);
        let Colour { primaries, transfer, matrix, .. } = colour;
        let level = self.level();
        // codecInitializationDataSize is 0.
        [version, high, middle, low, profile, level, format, primaries, transfer, matrix, 0, 0]
    }

    /// Width in samples; not 0.
    #[must_use]
    pub const fn width(&self) -> u32 {
        self.key.width
    }

    /// Height in samples; not 0.
    #[must_use]
    pub const fn height(&self) -> u32 {
        self.key.height
    }

    /// Ten times the level: the publisher's, or where that is none the lowest that allows pictures
    /// of this size 60 times a second, since players refuse what has no level.
    #[must_use]
    pub fn level(&self) -> u8 {
        let named = LEVELS.iter().find(|(level, ..)| *level == self.record.level);
        let samples = u64::from(self.key.width) * u64::from(self.key.height);
        let allows = |&&(_, size, rate): &&(u8, u64, u64)| {
            samples <= size && samples * FRAME_RATE_ASSUMED <= rate
        };
        named.or_else(|| LEVELS.iter().find(allows)).map_or(LEVEL_MAX, |(level, ..)| *level)
    }

    /// What the sample values mean, if it is said.
    #[must_use]
    pub fn colour(&self) -> Option<Colour> {
        let Colour { primaries, transfer, matrix, is_full_range } = self.record.colour;
        let is_said = [primaries, transfer, matrix].iter().any(|&it| it != UNSPECIFIED);
        (is_said || is_full_range).then_some(self.record.colour)
    }

    /// What containers and playlists must know of the pictures. Units are in the order in which
    /// they are shown.
    #[must_use]
    pub fn video(&self) -> VideoFormat {
        VideoFormat {
            width: self.key.width,
            height: self.key.height,
            sample_aspect: None,
            frame_rate: None,
            colour: self.colour(),
            reorder_frames_max: Some(0),
        }
    }

    /// The codec's entry in `CODECS` (the binding's section on the codecs parameter string):
    /// profile, level and bit depth, and chroma and colour, all of it or none, if they are not the
    /// usual.
    #[must_use]
    pub fn rfc6381(&self) -> String {
        let Vp9Record { profile, bit_depth, chroma, .. } = self.record;
        let mut text = format!("vp09.{profile:02}.{:02}.{bit_depth:02}", self.level());
        // What is not said is BT.709 and not full range, and 4:2:0.
        let usual = Colour { primaries: 1, transfer: 1, matrix: 1, is_full_range: false };
        let colour = self.colour().unwrap_or(usual);
        if colour != usual || chroma > 1 {
            let Colour { primaries, transfer, matrix, is_full_range } = colour;
            let range = u8::from(is_full_range);
            // Writing to a string cannot fail.
            let _ =
                write!(text, ".{chroma:02}.{primaries:02}.{transfer:02}.{matrix:02}.{range:02}",);
        }
        text
    }
}

/// Whether decoding can start with `frame`, or with the first of the frames that it is made of.
///
/// # Errors
///
/// When it is empty, or does not begin as a frame.
pub fn is_key(frame: &[u8]) -> Result<bool, UnitError> {
    if frame.is_empty() {
        return Err(UnitError::Empty);
    }
    let mut bits = BitReader::new(frame);
    read_start(&mut bits).map(|start| start.is_key).ok_or(UnitError::Header)
}

/// The first fields of an uncompressed header.
struct Start {
    profile: u32,
    is_key: bool,
}

/// From `frame_marker` to `error_resilient_mode`. A frame that only shows an old one is no key
/// frame and ends before that.
fn read_start(bits: &mut BitReader<'_>) -> Option<Start> {
    if bits.u(2)? != 2 {
        return None; // frame_marker
    }
    let (low, high) = (bits.u(1)?, bits.u(1)?);
    let profile = high << 1 | low;
    if profile == 3 && bits.flag()? {
        return None; // reserved_zero
    }
    if bits.flag()? {
        return Some(Start { profile, is_key: false }); // show_existing_frame
    }
    let is_key = !bits.flag()?; // frame_type
    bits.u(2)?; // show_frame, error_resilient_mode
    Some(Start { profile, is_key })
}

impl KeyFrame {
    /// `None` for all other frames.
    fn parse(frame: &[u8]) -> Option<Self> {
        let mut bits = BitReader::new(frame);
        let Start { profile, is_key } = read_start(&mut bits)?;
        if !is_key || bits.u(24)? != SYNC_CODE {
            return None;
        }
        let bit_depth = match profile {
            0 | 1 => 8,
            _ => {
                if bits.flag()? {
                    12
                } else {
                    10
                }
            } // ten_or_twelve_bit
        };
        let has_other_chroma = profile % 2 == 1;
        let space = bits.u(3)?;
        let (range, subsampling) = match (space, has_other_chroma) {
            (RGB, false) => (true, (false, false)),
            (RGB, true) => {
                bits.flag()?; // reserved_zero
                (true, (false, false))
            }
            (_, false) => (bits.flag()?, (true, true)),
            (_, true) => {
                let range = bits.flag()?;
                let subsampling = (bits.flag()?, bits.flag()?);
                bits.flag()?; // reserved_zero
                (range, subsampling)
            }
        };
        Some(Self {
            profile: u8::try_from(profile).ok()?,
            bit_depth,
            subsampling,
            colour: (space, range),
            width: bits.u(16)? + 1,
            height: bits.u(16)? + 1,
        })
    }

    /// `chromaSubsampling` of a record. It has no number for half as many rows and all columns.
    const fn chroma(&self) -> u8 {
        match self.subsampling {
            (true, true) => 1,
            (true, false) => 2,
            (false, true | false) => 3,
        }
    }

    /// `color_space` (7.2.2) as ITU-T H.273 numbers it; only the matrix is said.
    fn colour(&self) -> Colour {
        let (space, is_full_range) = self.colour;
        let matrix = match space {
            1 => 5, // BT.601
            2 => 1, // BT.709
            3 => 6, // SMPTE 170M
            4 => 7, // SMPTE 240M
            5 => 9, // BT.2020
            RGB => 0,
            _ => UNSPECIFIED,
        };
        Colour { primaries: UNSPECIFIED, transfer: UNSPECIFIED, matrix, is_full_range }
    }
}
