//! Program association and program map (2.4.4).

use bytes::BytesMut;

use super::packet::{Adaptation, Continuity, Packets, Pid};

/// What a program consists of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProgramMap {
    /// Five bits that change with the content.
    pub version: u8,
    /// Whose packets carry the clock; [`Pid::NULL`] for none.
    pub pcr_pid: Pid,
    /// The program's elementary streams.
    pub streams: Vec<Stream>,
}

/// One elementary stream of a program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stream {
    /// How it is coded.
    pub kind: StreamType,
    /// Whose packets carry it.
    pub pid: Pid,
}

/// How a stream is coded (table 2-34).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct StreamType(pub u8);

impl StreamType {
    /// H.264 in Annex B form.
    pub const AVC: Self = Self(0x1b);
    /// AAC with ADTS headers.
    pub const AAC_ADTS: Self = Self(0x0f);
}

/// The one program that is written.
const PROGRAM_NUMBER: u16 = 1;
/// Names this transport stream among others of a network: there is none.
const TRANSPORT_STREAM_ID: u16 = 1;
pub(super) const TABLE_PAT: u8 = 0;
pub(super) const TABLE_PMT: u8 = 2;

/// Bytes of a section apart from its entries: header, five bytes of versions and numbers, CRC.
const SECTION_BYTES: usize = 3 + 5 + 4;

/// Bytes of the longest section that is written: what a packet holds after the pointer.
const SECTION_BYTES_MAX: usize = 183;

/// The program association table for one program.
pub(super) fn write_pat(out: &mut BytesMut, continuity: &mut Continuity, map_pid: Pid) {
    let mut section = Section::new();
    section.start(TABLE_PAT, TRANSPORT_STREAM_ID, 0, 4);
    section.put(&PROGRAM_NUMBER.to_be_bytes());
    section.put(&(0xe000 | map_pid.number()).to_be_bytes());
    section.write(out, Pid::PAT, continuity);
}

impl ProgramMap {
    /// The program map as one packet. Streams that do not fit it are left out; the muxer has
    /// fewer.
    pub(super) fn write(&self, out: &mut BytesMut, continuity: &mut Continuity, pid: Pid) {
        let mut section = Section::new();
        let room = (SECTION_BYTES_MAX - SECTION_BYTES - 4) / 5;
        let streams = self.streams.get(..room).unwrap_or(&self.streams);
        section.start(TABLE_PMT, PROGRAM_NUMBER, self.version, 4 + 5 * streams.len());
        section.put(&(0xe000 | self.pcr_pid.number()).to_be_bytes());
        section.put(&[0xf0, 0]); // program_info_length
        for stream in streams {
            section.put(&[stream.kind.0]);
            section.put(&(0xe000 | stream.pid.number()).to_be_bytes());
            section.put(&[0xf0, 0]); // ES_info_length
        }
        section.write(out, pid, continuity);
    }
}

/// A section that fits one packet, being written.
struct Section {
    /// `pointer_field`, then the section.
    bytes: [u8; SECTION_BYTES_MAX + 1],
    length: usize,
}

impl Section {
    const fn new() -> Self {
        Self { bytes: [0xff; SECTION_BYTES_MAX + 1], length: 0 }
    }

    fn start(&mut self, table: u8, extension: u16, version: u8, entries: usize) {
        // The length counts what follows it; the longest has eight bits.
        let length = u8::try_from(entries + SECTION_BYTES - 3).unwrap_or(u8::MAX);
        self.put(&[0, table, 0xb0, length]);
        self.put(&extension.to_be_bytes());
        self.put(&[0xc1 | (version & 0x1f) << 1, 0, 0]);
    }

    fn put(&mut self, bytes: &[u8]) {
        let room = self.bytes.get_mut(self.length..self.length + bytes.len());
        debug_assert!(room.is_some(), "a section is longer than a packet");
        if let Some(room) = room {
            room.copy_from_slice(bytes);
            self.length += bytes.len();
        }
    }

    fn write(mut self, out: &mut BytesMut, pid: Pid, continuity: &mut Continuity) {
        let crc = crc32(self.bytes.get(1..self.length).unwrap_or_default());
        self.put(&crc.to_be_bytes());
        // The rest of the packet stays 0xff: stuffing (2.4.4).
        let length = self.bytes.len();
        Packets::new(out, pid, continuity, length, Adaptation::default()).write(&self.bytes);
    }
}

/// The CRC of annex A: polynomial 0x04c11db7, most significant bit first, starts with ones. Over a
/// section with its CRC it is 0.
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte) << 24, |crc, _| {
            let is_one = crc >> 31 == 1;
            if is_one { crc << 1 ^ 0x04c1_1db7 } else { crc << 1 }
        })
    })
}
