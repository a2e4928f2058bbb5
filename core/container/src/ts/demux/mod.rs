//! Packets in, PES packets and clock out: a strict reader, for tests and for examining streams.

mod assembly;
mod packet;
mod section;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};

use bytes::{Buf, BytesMut};
use thiserror::Error;

use self::assembly::Assembly;
pub use self::packet::Packet;
pub use self::section::{Section, Sections};
use super::packet::{PACKET_BYTES, Pcr, Pid, SYNC_BYTE};
use super::pes::Pes;
use super::psi::{ProgramMap, TABLE_PAT, TABLE_PMT};

/// Reads a transport stream that comes in pieces. [`Self::push`] some bytes, then [`Self::pull`]
/// until `None`; at the end [`Self::finish`] and pull once more.
///
/// It does not search for packets: the first byte must start one, and losing that is an error.
/// Whatever else is wrong is an [`Event::Fault`], and reading goes on. Scrambled packets are not
/// read, repeated packets (2.4.3.3) count as a fault, and tables other than program association
/// and program map are passed over.
#[derive(Debug, Default)]
pub struct Demuxer {
    received: BytesMut,
    events: VecDeque<Event>,
    /// The newest continuity counter of each PID.
    counters: BTreeMap<Pid, u8>,
    sections: BTreeMap<Pid, Sections>,
    streams: BTreeMap<Pid, Assembly>,
    packets: u64,
}

/// What packets held.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// A program association table: the PIDs of the program maps.
    Programs(Vec<Pid>),
    /// A program map.
    Program(ProgramMap),
    /// A clock reference; it comes before what the packet that carries it completes.
    Pcr {
        /// Whose packet carries it.
        pid: Pid,
        /// The reference.
        pcr: Pcr,
        /// Whether the clock breaks here.
        is_discontinuous: bool,
    },
    /// A PES packet that is complete.
    Pes(Pes),
    /// Something that must not be.
    Fault(Fault),
}

/// Something in a transport stream that must not be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum Fault {
    /// Packets of a PID are missing, repeated or in the wrong order.
    #[error("continuity counter {actual} on {pid:?} instead of {expected}")]
    Continuity {
        /// The PID.
        pid: Pid,
        /// The counter that should be there.
        expected: u8,
        /// The counter that is.
        actual: u8,
    },
    /// A packet that says itself that it is damaged.
    #[error("a damaged packet on {0:?}")]
    TransportError(Pid),
    /// A scrambled packet.
    #[error("a scrambled packet on {0:?}")]
    Scrambled(Pid),
    /// An adaptation field that does not fit its packet.
    #[error("a malformed adaptation field on {0:?}")]
    Adaptation(Pid),
    /// A table whose checksum is wrong.
    #[error("a table with a wrong checksum on {0:?}")]
    Crc(Pid),
    /// A table that is malformed otherwise, or beyond the limits.
    #[error("a malformed table on {0:?}")]
    Table(Pid),
    /// A packet of a PID that no program map names.
    #[error("a packet on {0:?}, which no program has")]
    UnknownPid(Pid),
    /// A PES packet that is malformed.
    #[error("a PES packet on {pid:?} {what}")]
    Pes {
        /// Its PID.
        pid: Pid,
        /// What is wrong.
        what: PesFault,
    },
    /// The stream ends inside a packet.
    #[error("{0} bytes behind the last packet")]
    Cut(usize),
}

/// What is wrong with a PES packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum PesFault {
    /// Payload before the first PES packet of its PID starts.
    #[error("starts before the first packet")]
    Headless,
    /// It does not start with the start code.
    #[error("has no start code")]
    StartCode,
    /// Its header is cut off or has wrong bits.
    #[error("has a malformed header")]
    Header,
    /// Prefix or marker bits of a time are wrong.
    #[error("has a time with wrong marker bits")]
    Marker,
    /// Its length is not what its header says.
    #[error("does not have its length")]
    Length,
}

/// Why reading cannot go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum DemuxError {
    /// A packet does not start with the synchronisation byte.
    #[error("packet {packet} starts with {byte:#04x}, not 0x47")]
    Sync {
        /// How many packets came before.
        packet: u64,
        /// What stands there.
        byte: u8,
    },
    /// PES packets that do not end hold too much.
    #[error("more than {limit} bytes in PES packets that are not complete")]
    Buffered {
        /// What may be held.
        limit: usize,
    },
}

/// Bytes that PES packets may hold together before they are complete. A 4K key frame at 80 Mbit/s
/// is under 2 MiB.
pub const BUFFERED_BYTES_MAX: usize = 32 * 1_024 * 1_024;

/// Program maps that are read. HLS allows one.
const PROGRAMS_MAX: usize = 16;

/// Elementary streams that are read, of all programs together.
const STREAMS_MAX: usize = 64;

impl Demuxer {
    /// A demuxer at the start of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in the stream's next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.received.extend_from_slice(bytes);
    }

    /// What the stream holds next, or `None` until more bytes arrive. A PES packet without a
    /// length is complete when the next one of its PID starts.
    ///
    /// # Errors
    ///
    /// When packets cannot be told apart any more, or more is held than may be.
    pub fn pull(&mut self) -> Result<Option<Event>, DemuxError> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(Some(event));
            }
            let Some(&packet) = self.received.first_chunk::<PACKET_BYTES>() else {
                return Ok(None);
            };
            self.received.advance(PACKET_BYTES);
            self.read_packet(&packet)?;
            self.packets += 1;
        }
    }

    /// The stream ends here: PES packets without a length are complete.
    pub fn finish(&mut self) {
        if !self.received.is_empty() {
            self.events.push_back(Event::Fault(Fault::Cut(self.received.len())));
            self.received.clear();
        }
        for (&pid, assembly) in &mut self.streams {
            assembly.end(pid, &mut self.events);
        }
    }

    fn read_packet(&mut self, packet: &[u8; PACKET_BYTES]) -> Result<(), DemuxError> {
        let &[sync, ..] = packet;
        if sync != SYNC_BYTE {
            return Err(DemuxError::Sync { packet: self.packets, byte: sync });
        }
        let packet = Packet::read(packet);
        let pid = packet.pid;
        if pid == Pid::NULL {
            return Ok(());
        }
        if packet.has_error {
            self.fault(Fault::TransportError(pid));
            return Ok(());
        }
        if packet.is_scrambled {
            self.fault(Fault::Scrambled(pid));
            return Ok(());
        }
        let Some(adaptation) = packet.adaptation else {
            self.fault(Fault::Adaptation(pid));
            return Ok(());
        };
        let has_payload = packet.payload.is_some();
        self.check_continuity(pid, packet.continuity, has_payload, adaptation.is_discontinuous);
        if let Some(pcr) = adaptation.pcr {
            let is_discontinuous = adaptation.is_discontinuous;
            self.events.push_back(Event::Pcr { pid, pcr, is_discontinuous });
        }
        let Some(payload) = packet.payload else { return Ok(()) };
        let is_start = packet.is_start;
        if pid == Pid::PAT || self.sections.contains_key(&pid) {
            self.read_sections(pid, is_start, payload);
        } else if let Some(assembly) = self.streams.get_mut(&pid) {
            let is_random_access = adaptation.is_random_access;
            assembly.take(pid, is_start, is_random_access, payload, &mut self.events);
            if self.streams.values().map(Assembly::buffered).sum::<usize>() > BUFFERED_BYTES_MAX {
                return Err(DemuxError::Buffered { limit: BUFFERED_BYTES_MAX });
            }
        } else {
            self.fault(Fault::UnknownPid(pid));
        }
        Ok(())
    }

    /// 2.4.3.3: only packets with payload count, and a discontinuity indicator allows any value.
    fn check_continuity(&mut self, pid: Pid, actual: u8, has_payload: bool, is_break: bool) {
        let Some(last) = self.counters.insert(pid, actual) else { return };
        let expected = if has_payload { (last + 1) & 0x0f } else { last };
        if actual != expected && !is_break {
            self.fault(Fault::Continuity { pid, expected, actual });
        }
    }

    fn read_sections(&mut self, pid: Pid, is_start: bool, payload: &[u8]) {
        let mut found = Vec::new();
        let is_sound = self.sections.entry(pid).or_default().take(is_start, payload, &mut found);
        for section in found {
            if !section.is_crc_right {
                self.fault(Fault::Crc(pid));
            } else if !section.is_current {
                // Not in force yet.
            } else if pid == Pid::PAT && section.table == TABLE_PAT {
                self.read_programs(&section);
            } else if pid != Pid::PAT && section.table == TABLE_PMT {
                self.read_map(pid, &section);
            }
        }
        if !is_sound {
            self.fault(Fault::Table(pid));
        }
    }

    fn read_programs(&mut self, section: &Section) {
        let programs = section.programs().filter(|pids| pids.len() <= PROGRAMS_MAX);
        let Some(pids) = programs else { return self.fault(Fault::Table(Pid::PAT)) };
        self.sections.retain(|pid, _| *pid == Pid::PAT || pids.contains(pid));
        for &pid in &pids {
            self.sections.entry(pid).or_default();
        }
        self.events.push_back(Event::Programs(pids));
    }

    fn read_map(&mut self, pid: Pid, section: &Section) {
        let Some(map) = section.program_map() else { return self.fault(Fault::Table(pid)) };
        for stream in &map.streams {
            if self.streams.len() >= STREAMS_MAX && !self.streams.contains_key(&stream.pid) {
                return self.fault(Fault::Table(pid));
            }
            self.streams.entry(stream.pid).or_default();
        }
        self.events.push_back(Event::Program(map));
    }

    fn fault(&mut self, fault: Fault) {
        self.events.push_back(Event::Fault(fault));
    }
}
