//! Program association and program map (2.4.4).

mod descriptor;

use bytes::{Bytes, BytesMut};

use self::descriptor::descriptors;
pub(super) use self::descriptor::{AC3, EAC3, HEVC, ID3, ID3_POINTER};
use super::packet::{Adaptation, Continuity, Packets, Pid};

/// What a program consists of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProgramMap {
    /// Five bits that change with the content.
    pub version: u8,
    /// Whose packets carry the clock; [`Pid::NULL`] for none.
    pub pcr_pid: Pid,
    /// Descriptors of the program as a whole, one behind the other.
    pub descriptors: Bytes,
    /// The program's elementary streams.
    pub streams: Vec<Stream>,
}

/// One elementary stream of a program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stream {
    /// How it is coded.
    pub kind: StreamType,
    /// Whose packets carry it.
    pub pid: Pid,
    /// Its descriptors, one behind the other.
    pub descriptors: Bytes,
}

/// How a stream is coded (table 2-34).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct StreamType(pub u8);

impl StreamType {
    /// MPEG-1 audio: MP3 at 32 kHz and more.
    pub const MPEG1_AUDIO: Self = Self(0x03);
    /// MPEG-2 audio of lower sampling frequencies: MP3 below 32 kHz.
    pub const MPEG2_AUDIO: Self = Self(0x04);
    /// AAC with ADTS headers.
    pub const AAC_ADTS: Self = Self(0x0f);
    /// Metadata in PES packets, such as ID3 tags.
    pub const METADATA: Self = Self(0x15);
    /// H.264 in Annex B form.
    pub const AVC: Self = Self(0x1b);
    /// H.265 in Annex B form.
    pub const HEVC: Self = Self(0x24);
    /// AC-3 (ATSC A/52, annex A), not one of ISO/IEC 13818-1: a registration descriptor says so.
    pub const AC3: Self = Self(0x81);
    /// Enhanced AC-3 (ATSC A/52, annex G), as [`Self::AC3`].
    pub const EAC3: Self = Self(0x87);
}

/// The one program that is written.
const PROGRAM_NUMBER: u16 = 1;
/// Names this transport stream among others of a network: there is none.
const TRANSPORT_STREAM_ID: u16 = 1;
/// `table_id` of a program association table.
pub const TABLE_PAT: u8 = 0;
/// `table_id` of a program map.
pub const TABLE_PMT: u8 = 2;

/// Bytes of a section apart from its entries: header, five bytes of versions and numbers, CRC.
const SECTION_BYTES: usize = 3 + 5 + 4;

/// Bytes of the longest section that is written: what a packet holds after the pointer.
const SECTION_BYTES_MAX: usize = 183;

/// Bytes of a program map ahead of its streams, and of each stream, without descriptors.
const MAP_BYTES: usize = 4;
const STREAM_BYTES: usize = 5;

// All registration descriptors have one length.
const _: () = assert!(AC3.len() == EAC3.len() && AC3.len() == HEVC.len());

/// Streams that a program map has room for, the one of timed metadata apart: all of them with a
/// registration descriptor, and the descriptors of timed metadata there.
pub(super) const STREAMS_MAX: usize =
    (SECTION_BYTES_MAX - SECTION_BYTES - MAP_BYTES - ID3_POINTER.len() - STREAM_BYTES - ID3.len())
        / (STREAM_BYTES + AC3.len());

/// The program association table for one program.
pub(super) fn write_pat(out: &mut BytesMut, continuity: &mut Continuity, map_pid: Pid) {
    let mut section = Section::new();
    section.start(TABLE_PAT, TRANSPORT_STREAM_ID, 0, 4);
    section.put(&PROGRAM_NUMBER.to_be_bytes());
    section.put(&(0xe000 | map_pid.number()).to_be_bytes());
    section.write(out, Pid::PAT, continuity);
}

impl ProgramMap {
    /// The program map as one packet: the muxer has no more streams than fit.
    pub(super) fn write(&self, out: &mut BytesMut, continuity: &mut Continuity, pid: Pid) {
        let mut section = Section::new();
        let streams = self.streams.iter();
        let bytes: usize = streams.map(|stream| STREAM_BYTES + stream.descriptors.len()).sum();
        let bytes = MAP_BYTES + self.descriptors.len() + bytes;
        section.start(TABLE_PMT, PROGRAM_NUMBER, self.version, bytes);
        section.put(&(0xe000 | self.pcr_pid.number()).to_be_bytes());
        section.put_descriptors(&self.descriptors);
        for stream in &self.streams {
            section.put(&[stream.kind.0]);
            section.put(&(0xe000 | stream.pid.number()).to_be_bytes());
            section.put_descriptors(&stream.descriptors);
        }
        section.write(out, pid, continuity);
    }

    /// The first descriptor of the program with this tag: what stands behind its length.
    #[must_use]
    pub fn descriptor(&self, tag: u8) -> Option<&[u8]> {
        descriptors(&self.descriptors).find(|&(found, _)| found == tag).map(|(_, data)| data)
    }
}

impl Stream {
    /// The first descriptor of the stream with this tag: what stands behind its length.
    #[must_use]
    pub fn descriptor(&self, tag: u8) -> Option<&[u8]> {
        descriptors(&self.descriptors).find(|&(found, _)| found == tag).map(|(_, data)| data)
    }

    /// The four letters of a registration descriptor (2.6.8), which say what a stream type means
    /// that ISO/IEC 13818-1 leaves open.
    #[must_use]
    pub fn registration(&self) -> Option<[u8; 4]> {
        self.descriptor(descriptor::REGISTRATION)?.first_chunk().copied()
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

    /// Descriptors and, before them, their length, whose four upper bits are reserved.
    fn put_descriptors(&mut self, descriptors: &[u8]) {
        self.put(&[0xf0, u8::try_from(descriptors.len()).unwrap_or(u8::MAX)]);
        self.put(descriptors);
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
