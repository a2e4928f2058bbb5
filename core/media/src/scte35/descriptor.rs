//! Splice descriptors (10): of them, those of segmentation (10.3.3).

use bytes::Bytes;

use super::SpliceError;
use crate::bits::BitReader;

/// A segment of content that begins or ends: a program, a chapter, an advertisement.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Segmentation {
    /// Names the segment; its end has the same name.
    pub event_id: u32,
    /// Whether the segment that was announced is off. Nothing below is then said.
    pub is_cancelled: bool,
    /// What begins or ends: `segmentation_type_id` (table 23).
    pub type_id: u8,
    /// How long it is, in ticks.
    pub duration: Option<u64>,
    /// What kind of name its content has: `segmentation_upid_type` (table 22).
    pub upid_type: u8,
    /// The name of its content.
    pub upid: Bytes,
    /// Which of several segments it is, from 1; 0 if they are not counted.
    pub number: u8,
    /// How many there will be; 0 if they are not counted.
    pub expected: u8,
}

/// Where a splice leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Away from the stream.
    Out,
    /// Back to it.
    In,
}

/// `splice_descriptor_tag` of a segmentation.
const SEGMENTATION: u8 = 2;

/// `identifier` of the descriptors that the standard defines: "CUEI".
const IDENTIFIER: u32 = 0x4355_4549;

impl Segmentation {
    /// Where it leads. RFC 8216 leaves it to the segment's type: out where a break, an
    /// advertisement, an opportunity to place some, or a block of them begins (table 23), in
    /// where it ends. Programs and chapters lead nowhere, nor does what is cancelled.
    #[must_use]
    pub const fn direction(&self) -> Option<Direction> {
        if self.is_cancelled {
            return None;
        }
        match self.type_id {
            // Breaks; advertisements of the provider and the distributor; opportunities of both,
            // and such to lay something over; blocks of both.
            0x22 | 0x30 | 0x32 | 0x34 | 0x36 | 0x38 | 0x3a | 0x44 | 0x46 => Some(Direction::Out),
            0x23 | 0x31 | 0x33 | 0x35 | 0x37 | 0x39 | 0x3b | 0x45 | 0x47 => Some(Direction::In),
            _ => None,
        }
    }

    /// Reads what follows the descriptor's identifier.
    fn read(body: &Bytes) -> Option<Self> {
        let mut bits = BitReader::new(body);
        let mut read =
            Self { event_id: bits.u(32)?, is_cancelled: bits.flag()?, ..Self::default() };
        bits.skip(7)?;
        if read.is_cancelled {
            return Some(read);
        }
        let (is_of_program, has_duration) = (bits.flag()?, bits.flag()?);
        bits.skip(1 + 5)?; // delivery_not_restricted_flag and its restrictions
        if !is_of_program {
            let components = usize::from(bits.byte(8)?);
            bits.skip(components * (8 + 7 + 33))?; // component_tag, pts_offset
        }
        if has_duration {
            // 40 bits, unlike times
            read.duration = Some(u64::from(bits.u(8)?) << 32 | u64::from(bits.u(32)?));
        }
        read.upid_type = bits.byte(8)?;
        let upid_bytes = usize::from(bits.byte(8)?);
        let upid_start = body.len() - bits.left() / 8;
        read.upid = body.slice_ref(body.get(upid_start..)?.get(..upid_bytes)?);
        bits.skip(8 * upid_bytes)?;
        (read.type_id, read.number, read.expected) = (bits.byte(8)?, bits.byte(8)?, bits.byte(8)?);
        Some(read)
    }
}

/// The segmentations in a descriptor loop; other descriptors are passed over.
pub(super) fn read_all(bytes: &Bytes) -> Result<Vec<Segmentation>, SpliceError> {
    let wrong = SpliceError::Descriptor;
    let (&length, rest) = bytes.split_first_chunk().ok_or(wrong)?;
    let mut rest = rest.get(..usize::from(u16::from_be_bytes(length))).ok_or(wrong)?;
    let mut segmentations = Vec::new();
    while !rest.is_empty() {
        let (&[tag, length], after) = rest.split_first_chunk().ok_or(wrong)?;
        let (body, after) = after.split_at_checked(usize::from(length)).ok_or(wrong)?;
        let (&identifier, body) = body.split_first_chunk().ok_or(wrong)?;
        if tag == SEGMENTATION && u32::from_be_bytes(identifier) == IDENTIFIER {
            segmentations.push(Segmentation::read(&bytes.slice_ref(body)).ok_or(wrong)?);
        }
        rest = after;
    }
    Ok(segmentations)
}
