//! Tables in packets (2.4.4): sections may span packets, and packets hold several.

use bytes::Bytes;

use crate::ts::packet::Pid;
use crate::ts::psi::{ProgramMap, Stream, StreamType, crc32};

/// The sections of one PID, put together.
#[derive(Debug, Default)]
pub(super) struct Sections {
    /// The start of a section that is not complete; at most one packet longer than a section.
    bytes: Vec<u8>,
}

/// A complete section whose checksum is right.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) table: u8,
    version: u8,
    /// What stands between the section numbers and the checksum.
    pub(super) entries: Vec<u8>,
}

/// A complete section whose checksum is wrong.
#[derive(Debug)]
pub(super) struct BadCrc;

/// Largest `section_length` (2.4.4.4).
const SECTION_LENGTH_MAX: usize = 1_021;

/// A table id that is none: stuffing follows.
const STUFFING: u8 = 0xff;

impl Sections {
    /// Takes in the payload of one packet; whether all of it made sense.
    pub(super) fn take(
        &mut self,
        is_start: bool,
        payload: &[u8],
        found: &mut Vec<Result<Section, BadCrc>>,
    ) -> bool {
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
    fn drain(&mut self, found: &mut Vec<Result<Section, BadCrc>>) -> bool {
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
                Some(Ok(section)) => found.extend(section.map(Ok)),
                Some(Err(bad)) => found.push(Err(bad)),
                None => return false,
            }
        }
    }
}

impl Section {
    /// `None` for one that is malformed, `Ok(None)` for one that is not in force yet.
    fn parse(bytes: &[u8]) -> Option<Result<Option<Self>, BadCrc>> {
        let (&[table, flags, _, _, _, version, _, _], rest) = bytes.split_first_chunk()?;
        let (entries, _crc) = rest.split_last_chunk::<4>()?;
        if flags & 0x80 == 0 {
            return None;
        }
        if crc32(bytes) != 0 {
            return Some(Err(BadCrc));
        }
        let is_current = version & 1 == 1;
        let entries = entries.to_vec();
        Some(Ok(is_current.then_some(Self { table, version: version >> 1 & 0x1f, entries })))
    }

    /// The content as program map (2.4.4.9).
    pub(super) fn program_map(&self) -> Option<ProgramMap> {
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
