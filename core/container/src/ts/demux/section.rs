//! Tables in packets (2.4.4): sections may span packets, and packets hold several.

use bytes::Bytes;

use crate::ts::packet::Pid;
use crate::ts::psi::{ProgramMap, Stream, StreamType, crc32};

/// The sections of one PID, put together.
#[derive(Debug, Default)]
pub struct Sections {
    /// The start of a section that is not complete; at most one packet longer than a section.
    bytes: Vec<u8>,
}

/// A complete section.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Section {
    /// `table_id`.
    pub table: u8,
    /// Five bits that change with the content.
    pub version: u8,
    /// Whether it is in force: the next one may be sent ahead.
    pub is_current: bool,
    /// Whether its checksum is right. If not, nothing in it is to be trusted.
    pub is_crc_right: bool,
    /// What stands between the section numbers and the checksum.
    pub entries: Vec<u8>,
}

/// Largest `section_length` (2.4.4.4).
const SECTION_LENGTH_MAX: usize = 1_021;

/// A table id that is none: stuffing follows.
const STUFFING: u8 = 0xff;

impl Sections {
    /// Takes in the payload of one packet; whether all of it made sense.
    pub fn take(&mut self, is_start: bool, payload: &[u8], found: &mut Vec<Section>) -> bool {
        if !is_start {
            if !self.bytes.is_empty() {
                self.bytes.extend_from_slice(payload);
            }
            return self.drain(found);
        }
        let split = payload
            .split_first()
            .and_then(|(&pointer, rest)| rest.split_at_checked(usize::from(pointer)));
        let Some((before, after)) = split else {
            self.bytes.clear();
            return false;
        };
        if !self.bytes.is_empty() {
            self.bytes.extend_from_slice(before);
        }
        let is_sound = self.drain(found) && self.bytes.is_empty();
        self.bytes.clear();
        self.bytes.extend_from_slice(after);
        self.drain(found) && is_sound
    }

    /// Takes out what is complete.
    fn drain(&mut self, found: &mut Vec<Section>) -> bool {
        loop {
            if self.bytes.first().is_none_or(|&table| table == STUFFING) {
                self.bytes.clear();
                return true;
            }
            let Some(&[_, high, low]) = self.bytes.first_chunk() else { return true };
            let length = usize::from(u16::from_be_bytes([high & 0x0f, low]));
            if length > SECTION_LENGTH_MAX {
                self.bytes.clear();
                return false;
            }
            let Some(section) = self.bytes.get(..3 + length) else { return true };
            let parsed = Section::parse(section);
            self.bytes.drain(..3 + length);
            match parsed {
                Some(section) => found.push(section),
                None => return false,
            }
        }
    }
}

impl Section {
    /// `None` for one that is malformed.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let (&[table, flags, _, _, _, version, _, _], rest) = bytes.split_first_chunk()?;
        let (entries, _crc) = rest.split_last_chunk::<4>()?;
        (flags & 0x80 != 0).then(|| Self {
            table,
            version: version >> 1 & 0x1f,
            is_current: version & 1 == 1,
            is_crc_right: crc32(bytes) == 0,
            entries: entries.to_vec(),
        })
    }

    /// The content as program association (2.4.4.3): the PIDs of the program maps.
    #[must_use]
    pub fn programs(&self) -> Option<Vec<Pid>> {
        let (entries, rest) = self.entries.as_chunks::<4>();
        // Program 0 names the network's own table.
        let programs = entries.iter().filter(|[p0, p1, ..]| [*p0, *p1] != [0, 0]);
        let pid = |&[_, _, high, low]: &[u8; 4]| Pid::from_bits(u16::from_be_bytes([high, low]));
        rest.is_empty().then(|| programs.map(pid).collect())
    }

    /// The content as program map (2.4.4.9).
    #[must_use]
    pub fn program_map(&self) -> Option<ProgramMap> {
        let (&[high, low, info_high, info_low], rest) = self.entries.split_first_chunk()?;
        let pcr_pid = Pid::from_bits(u16::from_be_bytes([high, low]));
        let info = usize::from(u16::from_be_bytes([info_high & 0x0f, info_low]));
        let (descriptors, mut rest) = rest.split_at_checked(info)?;
        let mut streams = Vec::new();
        while !rest.is_empty() {
            let (&[kind, high, low, info_high, info_low], after) = rest.split_first_chunk()?;
            let info = usize::from(u16::from_be_bytes([info_high & 0x0f, info_low]));
            let (descriptors, after) = after.split_at_checked(info)?;
            rest = after;
            let pid = Pid::from_bits(u16::from_be_bytes([high, low]));
            let descriptors = Bytes::copy_from_slice(descriptors);
            streams.push(Stream { kind: StreamType(kind), pid, descriptors });
        }
        let descriptors = Bytes::copy_from_slice(descriptors);
        Some(ProgramMap { version: self.version, pcr_pid, descriptors, streams })
    }
}
