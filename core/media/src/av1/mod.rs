//! AV1: the codec configuration record (AV1-ISOBMFF, 2.3), the units of a sample (2.4) and what
//! stands in them (AV1 bitstream specification).

mod obu;
mod sequence;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::iter;

use bytes::Bytes;
use thiserror::Error;

pub use obu::{Obu, ObuError, ObuType, Obus, obus};
pub use sequence::{SequenceHeader, SequenceHeaderError};

use crate::{Colour, UnitError, VideoFormat};

/// A parsed `AV1CodecConfigurationRecord` with a sequence header, which is Enhanced RTMP's AV1
/// sequence start. Two are equal if players are told the same.
#[derive(Clone, Debug)]
pub struct Av1Config {
    record: Bytes,
    av1c: Bytes,
    sequence_obu: Bytes,
    sequence: SequenceHeader,
}

/// Why a record cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Av1ConfigError {
    /// It ends inside its first four bytes.
    #[error("the AV1 configuration ends early, after {length} bytes")]
    Truncated {
        /// Bytes in the record.
        length: usize,
    },
    /// It is longer than a record can sensibly be.
    #[error("the AV1 configuration has {length} bytes, more than {limit}")]
    TooLong {
        /// Bytes in the record.
        length: usize,
        /// The most that is taken.
        limit: usize,
    },
    /// `marker` and `version` are not both 1.
    #[error("the AV1 configuration starts with the byte {0}, not 129")]
    Version(u8),
    /// The units in it are not where their sizes say.
    #[error(transparent)]
    Obu(#[from] ObuError),
    /// There is no sequence header: it comes with the pictures only, as that of rav1e does. See
    /// [`Av1Config::with_key_unit`].
    #[error("the AV1 configuration has no sequence header")]
    NoSequenceHeader,
    /// The sequence header cannot be used.
    #[error(transparent)]
    SequenceHeader(#[from] SequenceHeaderError),
}

/// Longest record that is taken, in bytes. Those of real encoders have 4 to 25; HDR metadata adds
/// less than a hundred.
pub const RECORD_BYTES_MAX: usize = 4 * 1_024;

/// Longest sequence header OBU that is taken, in bytes. One with all 32 operating points has fewer
/// than 400.
pub const SEQUENCE_BYTES_MAX: usize = 1_024;

/// `marker` and `version`.
const FIRST_BYTE: u8 = 0x81;

/// Bytes ahead of `configOBUs`.
const HEAD_BYTES: usize = 4;

impl Av1Config {
    /// Parses a record.
    ///
    /// # Errors
    ///
    /// When it is malformed, and when there is no sequence header in it.
    pub fn parse(record: Bytes) -> Result<Self, Av1ConfigError> {
        let head = head_of(&record)?;
        let [_, _, _, delay] = head;
        let configured = record.get(head.len()..).unwrap_or_default();
        let obu = find_sequence(configured)?.ok_or(Av1ConfigError::NoSequenceHeader)?;
        let sequence = SequenceHeader::parse(obu.payload)?;
        // One without a size could not stand before other units.
        let sized = (!obu.has_size()).then(|| obu.with_size());
        let bytes = sized.as_deref().unwrap_or(obu.bytes);
        Ok(Self::from_sequence(record.clone(), sequence, bytes, delay))
    }

    /// What a record without a sequence header makes together with a unit that decoding can start
    /// with. `None` if the unit is none, and if the record is malformed.
    #[must_use]
    pub fn with_key_unit(record: Bytes, payload: &[u8]) -> Option<Self> {
        let [_, _, _, delay] = head_of(&record).ok()?;
        let obu = find_sequence(payload).ok()??;
        let sequence = SequenceHeader::parse(obu.payload).ok()?;
        if !starts_with_key_frame(payload, sequence.is_reduced).ok()? {
            return None;
        }
        Some(Self::from_sequence(record, sequence, obu.bytes, delay))
    }

    /// What holds from a unit on that decoding can start with, if its sequence header says another
    /// size or format of the pictures than this. `None` if nothing changes.
    ///
    /// Headers may differ in more than that without a need for anybody to know: what SVT-AV1 puts
    /// into its record differs from what it sends.
    #[must_use]
    pub fn changed_by(&self, payload: &[u8]) -> Option<Self> {
        let obu = find_sequence(payload).ok()??;
        if obu.bytes == self.sequence_obu {
            return None;
        }
        let sequence = SequenceHeader::parse(obu.payload).ok()?;
        let is_key = starts_with_key_frame(payload, sequence.is_reduced).ok()?;
        if !is_key || sequence.has_pictures_of(&self.sequence) {
            return None;
        }
        let [_, _, _, delay] = head_of(&self.record).ok()?;
        Some(Self::from_sequence(self.record.clone(), sequence, obu.bytes, delay))
    }

    /// The bytes that came from the publisher.
    #[must_use]
    pub const fn record(&self) -> &Bytes {
        &self.record
    }

    /// The content of an `av1C` box, made of the sequence header: its first fields have to say the
    /// same (2.3.4), and nobody checked that the publisher's do. Of `configOBUs` only the sequence
    /// header stays; what else may stand there comes with the key frames too.
    #[must_use]
    pub const fn av1c(&self) -> &Bytes {
        &self.av1c
    }

    /// What the sequence header says.
    #[must_use]
    pub const fn sequence(&self) -> &SequenceHeader {
        &self.sequence
    }

    /// What containers and playlists must know of the pictures. Units are in the order in which
    /// they are shown.
    #[must_use]
    pub const fn video(&self) -> VideoFormat {
        VideoFormat {
            width: self.sequence.width,
            height: self.sequence.height,
            sample_aspect: None,
            frame_rate: self.sequence.frame_rate,
            colour: self.sequence.colour,
            reorder_frames_max: Some(0),
        }
    }

    /// Whether decoding can start with the unit: whether its first frame is a key frame and is
    /// shown. A sample like that must have a sequence header too, which [`Self::sample`] sees to.
    ///
    /// # Errors
    ///
    /// When it has no frame, or it cannot be taken apart.
    pub fn is_key(&self, payload: &[u8]) -> Result<bool, UnitError> {
        starts_with_key_frame(payload, self.sequence.is_reduced)
    }

    /// The pieces of a unit that make a sample of the ISO base media file format: without
    /// temporal delimiters and other units that do not belong there (2.4), and with a sequence
    /// header ahead of a key frame that comes without one.
    pub fn sample<'a>(&'a self, payload: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let stored = obus(payload).map_while(Result::ok).filter(|obu| obu.kind.is_stored());
        let lacks_sequence = self.is_key(payload) == Ok(true)
            && !matches!(find_sequence(payload), Ok(Some(_)) | Err(_));
        let sequence: &[u8] = &self.sequence_obu;
        iter::once(sequence).filter(move |_| lacks_sequence).chain(stored.map(|obu| obu.bytes))
    }

    /// The codec's entry in `CODECS` (AV1-ISOBMFF, 5): profile, level, tier and bit depth, and the
    /// kind of colour, all of it or none, if it is not the usual.
    #[must_use]
    pub fn rfc6381(&self) -> String {
        let SequenceHeader { profile, level, bit_depth, .. } = self.sequence;
        let tier = if self.sequence.is_high_tier { 'H' } else { 'M' };
        let mut text = format!("av01.{profile}.{level:02}{tier}.{bit_depth:02}");
        let colour = self.colour_parameters();
        if colour != USUAL_COLOUR {
            text += &colour;
        }
        text
    }

    /// The optional parameters.
    fn colour_parameters(&self) -> String {
        let SequenceHeader { is_monochrome, subsampling: (x, y), .. } = self.sequence;
        let position = self.sequence.chroma_position;
        // What is not said is BT.709 and not full range.
        let usual = Colour { primaries: 1, transfer: 1, matrix: 1, is_full_range: false };
        let colour = self.sequence.colour.unwrap_or(usual);
        let Colour { primaries, transfer, matrix, is_full_range } = colour;
        let mut text = format!(".{}.{}{}{position}", digit(is_monochrome), digit(x), digit(y));
        // Writing to a string cannot fail.
        let _ = write!(text, ".{primaries:02}.{transfer:02}.{matrix:02}.{}", digit(is_full_range));
        text
    }

    fn from_sequence(record: Bytes, sequence: SequenceHeader, obu: &[u8], delay: u8) -> Self {
        let SequenceHeader { profile, level, bit_depth, subsampling: (x, y), .. } = sequence;
        let format = digit(sequence.is_high_tier) << 7
            | digit(bit_depth > 8) << 6
            | digit(bit_depth > 10) << 5
            | digit(sequence.is_monochrome) << 4
            | digit(x) << 3
            | digit(y) << 2
            | sequence.chroma_position;
        let head = [FIRST_BYTE, profile << 5 | level, format, delay];
        let av1c = Bytes::from([&head, obu].concat());
        let sequence_obu = av1c.slice(HEAD_BYTES..);
        Self { record, av1c, sequence_obu, sequence }
    }
}

impl PartialEq for Av1Config {
    fn eq(&self, other: &Self) -> bool {
        self.av1c == other.av1c
    }
}

impl Eq for Av1Config {}

/// The optional parameters of `CODECS` that "should be omitted".
const USUAL_COLOUR: &str = ".0.110.01.01.01.0";

fn digit(flag: bool) -> u8 {
    u8::from(flag)
}

fn head_of(record: &Bytes) -> Result<[u8; HEAD_BYTES], Av1ConfigError> {
    let length = record.len();
    if length > RECORD_BYTES_MAX {
        return Err(Av1ConfigError::TooLong { length, limit: RECORD_BYTES_MAX });
    }
    let head: [u8; HEAD_BYTES] =
        *record.first_chunk().ok_or(Av1ConfigError::Truncated { length })?;
    let [first, ..] = head;
    if first == FIRST_BYTE { Ok(head) } else { Err(Av1ConfigError::Version(first)) }
}

/// The sequence header that stands before the first frame.
fn find_sequence(payload: &[u8]) -> Result<Option<Obu<'_>>, Av1ConfigError> {
    for obu in obus(payload) {
        let obu = obu?;
        if obu.kind.has_frame_header() {
            break;
        }
        if obu.kind == ObuType::SEQUENCE_HEADER {
            let length = obu.bytes.len();
            if length > SEQUENCE_BYTES_MAX {
                let limit = SEQUENCE_BYTES_MAX;
                return Err(SequenceHeaderError::TooLong { length, limit }.into());
            }
            return Ok(Some(obu));
        }
    }
    Ok(None)
}

/// Whether the first frame of a unit is a key frame and is shown (AV1, 5.9.2).
fn starts_with_key_frame(payload: &[u8], is_reduced: bool) -> Result<bool, UnitError> {
    let mut is_key = None;
    for obu in obus(payload) {
        let obu = obu.map_err(|_| UnitError::Header)?;
        if obu.kind.has_frame_header() && is_key.is_none() {
            let &first = obu.payload.first().ok_or(UnitError::Header)?;
            // show_existing_frame 0, frame_type KEY_FRAME (0), show_frame 1.
            is_key = Some(is_reduced || first >> 4 == 0b0001);
        }
    }
    is_key.ok_or(UnitError::Empty)
}
