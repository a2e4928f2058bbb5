//! Which streams there are: found before the packets are read, so that a map that comes late, or
//! whose checksum is wrong, costs nothing but its own finding.

use bytes::Bytes;
use container::ts::{Packet, Pid, ProgramMap, Section, Sections, Stream, StreamType};
use container::ts::{TABLE_PAT, TABLE_PMT};

use super::packets::{Packets, Piece};
use super::{At, TableFacts, TsSegment};

/// What the packets of a segment belong to.
#[derive(Debug, Default)]
pub(super) struct Program {
    /// Whose packets carry program maps.
    pub(super) map_pids: Vec<Pid>,
    /// The map that is used.
    pub(super) map: Option<ProgramMap>,
}

/// Program maps that are read. HLS allows one.
const PROGRAMS_MAX: usize = 16;

/// What the packets of a segment belong to: as its own tables say; if there are none, as the
/// segment before says, or a map without an association; if there is nothing, as what starts in
/// the packets looks like.
pub(super) fn find(bytes: &[u8], before: Option<&TsSegment>) -> Program {
    let associated = || {
        let right = find_associated(bytes, true);
        if right.map.is_some() { Some(right) } else { Some(find_associated(bytes, false)) }
    };
    let found = associated().filter(|program| program.map.is_some());
    found.or_else(|| find_before(bytes, before)).unwrap_or_else(|| guess(bytes))
}

fn find_associated(bytes: &[u8], must_be_right: bool) -> Program {
    let mut program = Program::default();
    // The association may come behind the map: then another pass finds that.
    for _ in 0..2 {
        let mut readers: Vec<_> = [Pid::PAT]
            .iter()
            .chain(&program.map_pids)
            .copied()
            .map(|pid| (pid, Sections::default()))
            .collect();
        for packet in packets(bytes) {
            for section in sections(&mut readers, &packet) {
                if !section.is_current || (must_be_right && !section.is_crc_right) {
                    continue;
                }
                if packet.pid == Pid::PAT && section.table == TABLE_PAT {
                    let pids = section.programs().unwrap_or_default();
                    for pid in pids.into_iter().take(PROGRAMS_MAX) {
                        if !program.map_pids.contains(&pid) {
                            program.map_pids.push(pid);
                            readers.push((pid, Sections::default()));
                        }
                    }
                } else if packet.pid != Pid::PAT && section.table == TABLE_PMT {
                    program.map = section.program_map();
                }
                if program.map.is_some() {
                    return program;
                }
            }
        }
        if program.map_pids.is_empty() {
            break;
        }
    }
    program
}

fn find_before(bytes: &[u8], before: Option<&TsSegment>) -> Option<Program> {
    let known = before.and_then(|before| before.tables.last_map.clone());
    for packet in packets(bytes).filter(|packet| packet.is_start && packet.pid != Pid::PAT) {
        // A section that starts at once, of the right table, with a right checksum.
        if packet.payload.is_some_and(|payload| payload.starts_with(&[0, TABLE_PMT])) {
            let mut readers = vec![(packet.pid, Sections::default())];
            let section = sections(&mut readers, &packet).into_iter().next();
            let section = section.filter(|section| section.is_crc_right);
            if let Some(map) = section.and_then(|section| section.program_map()) {
                return Some(Program { map_pids: vec![packet.pid], map: Some(map) });
            }
        }
    }
    known.map(|map| Program { map_pids: Vec::new(), map: Some(map) })
}

/// Without any map, `stream_id`s tell pictures from sound, and most streams are H.264 and AAC.
fn guess(bytes: &[u8]) -> Program {
    let mut streams: Vec<Stream> = Vec::new();
    for packet in packets(bytes).filter(|packet| packet.is_start) {
        let kind = match packet.payload.and_then(<[u8]>::first_chunk) {
            Some([0, 0, 1, 0xe0..=0xef]) => StreamType::AVC,
            Some([0, 0, 1, 0xc0..=0xdf]) => StreamType::AAC_ADTS,
            _ => continue,
        };
        if streams.len() < PROGRAMS_MAX && streams.iter().all(|other| other.pid != packet.pid) {
            streams.push(Stream { kind, pid: packet.pid, descriptors: Bytes::new() });
        }
    }
    let is_picture = |stream: &&Stream| stream.kind == StreamType::AVC;
    let clock = streams.iter().find(is_picture).or_else(|| streams.first());
    let pcr_pid = clock.map_or(Pid::NULL, |stream| stream.pid);
    let map = ProgramMap { version: 0, pcr_pid, descriptors: Bytes::new(), streams };
    let map = (!map.streams.is_empty()).then_some(map);
    Program { map_pids: Vec::new(), map }
}

fn packets(bytes: &[u8]) -> impl Iterator<Item = Packet<'_>> {
    let packets = Packets::new(bytes).filter_map(|piece| match piece {
        Piece::Packet { packet, .. } => Some(Packet::read(packet)),
        Piece::Noise { .. } | Piece::Cut { .. } => None,
    });
    packets.filter(|packet| !packet.has_error && !packet.is_scrambled)
}

fn sections(readers: &mut [(Pid, Sections)], packet: &Packet<'_>) -> Vec<Section> {
    let mut found = Vec::new();
    if let Some((_, reader)) = readers.iter_mut().find(|(pid, _)| *pid == packet.pid)
        && let Some(payload) = packet.payload
    {
        reader.take(packet.is_start, payload, &mut found);
    }
    found
}

/// Reads the tables as they come, for what is to be said of them.
#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) facts: TableFacts,
    readers: Vec<(Pid, Sections)>,
}

impl Tables {
    pub(super) fn new(program: &Program) -> Self {
        let facts = TableFacts { last_map: program.map.clone(), ..TableFacts::default() };
        let pids = [Pid::PAT].into_iter().chain(program.map_pids.iter().copied());
        Self { facts, readers: pids.map(|pid| (pid, Sections::default())).collect() }
    }

    pub(super) fn is_table(&self, pid: Pid) -> bool {
        self.readers.iter().any(|(other, _)| *other == pid)
    }

    /// Takes in a packet of a table. A program map that comes with it is given back.
    pub(super) fn take(&mut self, at: At, is_start: bool, payload: &[u8]) -> Option<ProgramMap> {
        let (_, reader) = self.readers.iter_mut().find(|(pid, _)| *pid == at.pid)?;
        let mut found = Vec::new();
        if !reader.take(is_start, payload, &mut found) {
            self.facts.malformed.add(at);
        }
        let mut map = None;
        for section in found {
            if !section.is_crc_right {
                self.facts.bad_checksums.add(at);
            }
            // What is broken is there all the same: that it is missing is another finding.
            if at.pid == Pid::PAT && section.table == TABLE_PAT {
                self.facts.association.get_or_insert(at.packet);
                if section.is_crc_right {
                    self.take_association(&section, at);
                }
            } else if at.pid != Pid::PAT && section.table == TABLE_PMT {
                self.facts.map_at.get_or_insert(at.packet);
                if section.is_crc_right && section.is_current {
                    map = section.program_map();
                    match &map {
                        Some(map) => {
                            self.facts.map.get_or_insert_with(|| map.clone());
                            self.facts.last_map = Some(map.clone());
                        }
                        None => self.facts.malformed.add(at),
                    }
                }
            }
        }
        map
    }

    fn take_association(&mut self, section: &Section, at: At) {
        let Some(pids) = section.programs() else { return self.facts.malformed.add(at) };
        self.facts.programs = self.facts.programs.max(pids.len());
        for pid in pids {
            if !self.is_table(pid) && self.readers.len() <= PROGRAMS_MAX {
                self.readers.push((pid, Sections::default()));
            }
        }
    }
}
