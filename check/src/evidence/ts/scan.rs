//! The pass over the packets of a segment.

use container::ts::{PACKET_BYTES, Packet, Pid, ProgramMap, Stream as MapStream, StreamType};
use media::{Codec, TrackKind};

use super::clock::Clock;
use super::packets::{Packets, Piece};
use super::pes::Start;
use super::stream::Stream;
use super::tables::{self, Tables};
use super::{At, CounterJump, Counters, STRANGERS_MAX, SyncLoss, TsSegment};
use crate::evidence::TrackMedia;

/// Elementary streams that are read. HLS has a handful.
const STREAMS_MAX: usize = 64;

/// Carries the service description of DVB; ffmpeg begins every segment with it.
const DESCRIPTION_PID: u16 = 0x11;

pub(super) fn scan(bytes: &[u8], before: Option<&TsSegment>) -> (TsSegment, Vec<TrackMedia>) {
    let program = tables::find(bytes, before);
    let mut scanner = Scanner::new(Tables::new(&program), before);
    if let Some(map) = &program.map {
        scanner.take_map(map);
    }
    for piece in Packets::new(bytes) {
        match piece {
            Piece::Packet { packet, at, is_synced } => {
                if !is_synced {
                    let byte = packet.first().copied().unwrap_or_default();
                    let loss = SyncLoss { offset: at, byte, skipped: 0 };
                    scanner.segment.lost_syncs.add(loss);
                }
                scanner.take(packet);
                scanner.segment.packets += 1;
            }
            Piece::Noise { at, bytes, byte } => {
                let loss = SyncLoss { offset: at, byte, skipped: bytes };
                scanner.segment.lost_syncs.add(loss);
                scanner.lose_all();
            }
            Piece::Cut { bytes } => scanner.segment.cut_bytes = bytes,
        }
    }
    scanner.finish()
}

struct Scanner<'a> {
    segment: TsSegment,
    tables: Tables,
    clock: Clock,
    clock_pid: Pid,
    streams: Vec<Stream>,
    pids: Vec<PidState<'a>>,
    /// Where a PID is in `pids`, for each that there can be.
    slots: Vec<u16>,
    /// A time that the next is near to, in unwrapped 90 kHz ticks.
    near: Option<i64>,
}

/// What is known of a PID.
struct PidState<'a> {
    pid: Pid,
    role: Role,
    counters: Option<Counters>,
    /// The newest packet's payload, and whether it was repeated.
    payload: Option<(&'a [u8], bool)>,
}

/// What packets of a PID are.
#[derive(Clone, Copy)]
enum Role {
    Table,
    /// By its place in the list of streams.
    Stream(usize),
    /// Tables of others that a transport stream may have.
    Tolerated,
    Stranger,
}

/// How a continuity counter follows the one before.
enum Following {
    Rightly,
    /// The same packet again (2.4.3.3 allows it once).
    Again,
    Wrongly {
        expected: u8,
    },
}

impl<'a> Scanner<'a> {
    fn new(tables: Tables, before: Option<&TsSegment>) -> Self {
        Self {
            segment: TsSegment::default(),
            tables,
            clock: Clock::default(),
            clock_pid: Pid::NULL,
            streams: Vec::new(),
            pids: Vec::new(),
            slots: vec![u16::MAX; 1 << 13],
            near: before.and_then(|before| before.last_ticks),
        }
    }

    /// Adds the streams of a program map to those that there are.
    fn take_map(&mut self, map: &ProgramMap) {
        self.clock_pid = map.pcr_pid;
        for stream in &map.streams {
            if self.streams.len() < STREAMS_MAX
                && self.streams.iter().all(|known| known.pid != stream.pid)
            {
                let (codec, kind) = codec(stream);
                self.streams.push(Stream::new(stream.pid, stream.kind, codec, kind));
                if let Some(state) = self.pids.iter_mut().find(|state| state.pid == stream.pid) {
                    state.role = Role::Stream(self.streams.len() - 1);
                }
            }
        }
    }

    fn take(&mut self, packet: &'a [u8; PACKET_BYTES]) {
        let packet = Packet::read(packet);
        if packet.pid == Pid::NULL {
            return;
        }
        let at = At { packet: self.segment.packets, pid: packet.pid };
        let Some(slot) = self.slot(packet.pid) else { return };
        if packet.has_error {
            self.segment.errors.add(at);
            self.resume(slot, &packet);
            return;
        }
        let Some(adaptation) = packet.adaptation else {
            self.segment.bad_adaptations.add(at);
            self.resume(slot, &packet);
            return;
        };
        match self.follow(slot, &packet, adaptation.is_discontinuous) {
            Following::Rightly => {}
            Following::Again => {
                self.segment.repeats += 1;
                return;
            }
            Following::Wrongly { expected } => {
                let jump = CounterJump { at, expected, actual: packet.continuity };
                self.segment.jumps.add(jump);
                self.damage(slot);
            }
        }
        if adaptation.pcr.is_some() {
            self.clock.facts.references_anywhere += 1;
        }
        if packet.pid == self.clock_pid {
            self.clock.take(at.packet, adaptation, self.near);
            self.near = self.near.or_else(|| self.clock.now_ticks());
        }
        if packet.is_scrambled {
            self.segment.scrambled.add(at);
            self.damage(slot);
        } else if let Some(payload) = packet.payload {
            self.take_payload(slot, at, packet.is_start, adaptation.is_random_access, payload);
        }
    }

    fn take_payload(
        &mut self,
        slot: usize,
        at: At,
        is_start: bool,
        is_random_access: bool,
        payload: &[u8],
    ) {
        let Some(state) = self.pids.get(slot) else { return };
        if self.tables.facts.association.is_none() && at.pid != Pid::PAT {
            match at.pid.number() {
                DESCRIPTION_PID => self.tables.facts.descriptions_before += 1,
                _ => self.tables.facts.others_before += 1,
            }
        }
        match state.role {
            Role::Table => {
                if let Some(map) = self.tables.take(at, is_start, payload) {
                    self.take_map(&map);
                }
            }
            Role::Stream(index) => {
                self.tables.facts.first_media.get_or_insert(at.packet);
                let Some(stream) = self.streams.get_mut(index) else { return };
                if is_start {
                    stream.end(false, &mut self.near, &mut self.segment.scrambled, at);
                    let clock_ticks = self.clock.now_ticks();
                    let breaks = self.clock.breaks;
                    stream.assembly.start(Start { is_random_access, clock_ticks, breaks });
                }
                stream.assembly.extend(payload);
            }
            Role::Tolerated => {}
            Role::Stranger => {
                let strangers = &mut self.segment.strangers;
                if strangers.len() < STRANGERS_MAX || strangers.contains_key(&at.pid) {
                    *strangers.entry(at.pid).or_default() += 1;
                }
            }
        }
    }

    fn slot(&mut self, pid: Pid) -> Option<usize> {
        let known = usize::from(*self.slots.get(usize::from(pid.number()))?);
        if known < self.pids.len() {
            return Some(known);
        }
        let role = match self.streams.iter().position(|stream| stream.pid == pid) {
            _ if self.tables.is_table(pid) => Role::Table,
            Some(index) => Role::Stream(index),
            None if is_tolerated(pid) => Role::Tolerated,
            None => Role::Stranger,
        };
        let slot = u16::try_from(self.pids.len()).ok()?;
        *self.slots.get_mut(usize::from(pid.number()))? = slot;
        self.pids.push(PidState { pid, role, counters: None, payload: None });
        Some(usize::from(slot))
    }

    /// 2.4.3.3: only packets with payload count, and a discontinuity indicator allows any value.
    fn follow(&mut self, slot: usize, packet: &Packet<'a>, is_break: bool) -> Following {
        let Some(state) = self.pids.get_mut(slot) else { return Following::Rightly };
        let (actual, has_payload) = (packet.continuity, packet.payload.is_some());
        let Some(counters) = &mut state.counters else {
            let first = Counters { first: actual, has_payload, is_break, last: actual };
            state.counters = Some(first);
            state.payload = packet.payload.map(|payload| (payload, false));
            return Following::Rightly;
        };
        let last = std::mem::replace(&mut counters.last, actual);
        let expected = if has_payload { (last + 1) & 0x0f } else { last };
        let is_again = actual == last
            && packet.payload.is_some_and(|payload| state.payload == Some((payload, false)));
        if has_payload {
            state.payload = packet.payload.map(|payload| (payload, is_again));
        }
        if actual == expected || is_break {
            Following::Rightly
        } else if is_again {
            Following::Again
        } else {
            Following::Wrongly { expected }
        }
    }

    /// A packet that cannot be read, where its counter goes on from.
    fn resume(&mut self, slot: usize, packet: &Packet<'a>) {
        if let Some(state) = self.pids.get_mut(slot)
            && let Some(counters) = &mut state.counters
        {
            counters.last = packet.continuity;
            state.payload = None;
        }
        self.damage(slot);
    }

    fn damage(&mut self, slot: usize) {
        if let Some(PidState { role: Role::Stream(index), .. }) = self.pids.get(slot)
            && let Some(stream) = self.streams.get_mut(*index)
        {
            stream.damage();
        }
    }

    /// Nobody knows how many packets are missing, nor whose.
    fn lose_all(&mut self) {
        self.streams.iter_mut().for_each(Stream::damage);
        for state in &mut self.pids {
            self.segment.counters.extend(state.counters.take().map(|known| (state.pid, known)));
        }
    }

    fn finish(mut self) -> (TsSegment, Vec<TrackMedia>) {
        let is_cut = self.segment.cut_bytes > 0;
        for stream in &mut self.streams {
            if is_cut {
                stream.damage();
            }
            let at = At { packet: self.segment.packets, pid: stream.pid };
            stream.end(true, &mut self.near, &mut self.segment.scrambled, at);
        }
        for state in &self.pids {
            if let Some(counters) = state.counters {
                let known = self.segment.counters.entry(state.pid).or_insert(counters);
                known.last = counters.last;
            }
        }
        self.segment.tables = self.tables.facts;
        self.segment.clock = self.clock.facts;
        self.segment.last_ticks = self.near;
        let mut tracks = Vec::new();
        for stream in self.streams {
            let (stream, track) = stream.finish(is_cut);
            self.segment.streams.push(stream);
            tracks.extend(track);
        }
        (self.segment, tracks)
    }
}

/// Tables of the network, of conditional access and of DVB and ATSC (table 2-3 and EN 300 468,
/// 5.1.3): nobody names their PIDs.
fn is_tolerated(pid: Pid) -> bool {
    matches!(pid.number(), 0x01..=0x1f | 0x1ffb)
}

/// What a stream is, if it is known.
fn codec(stream: &MapStream) -> (Option<Codec>, Option<TrackKind>) {
    let codec = match stream.kind {
        StreamType::AVC => Some(Codec::Avc),
        StreamType::HEVC => Some(Codec::Hevc),
        StreamType::AAC_ADTS => Some(Codec::Aac),
        StreamType::MPEG1_AUDIO | StreamType::MPEG2_AUDIO => Some(Codec::Mp3),
        StreamType::AC3 => Some(Codec::Ac3),
        StreamType::EAC3 => Some(Codec::Eac3),
        PRIVATE if stream.registration() == Some(*b"AC-3") => Some(Codec::Ac3),
        PRIVATE if stream.registration() == Some(*b"EAC3") => Some(Codec::Eac3),
        // What DVB has instead (EN 300 468, annex D).
        PRIVATE if stream.descriptor(0x6a).is_some() => Some(Codec::Ac3),
        PRIVATE if stream.descriptor(0x7a).is_some() => Some(Codec::Eac3),
        _ => None,
    };
    let other = match stream.kind {
        // MPEG-1, MPEG-2 and MPEG-4 video, H.266; AAC in LATM.
        StreamType(0x01 | 0x02 | 0x10 | 0x33) => Some(TrackKind::Video),
        StreamType(0x11) => Some(TrackKind::Audio),
        _ => None,
    };
    (codec, codec.map(Codec::kind).or(other))
}

/// PES packets with private data: descriptors say what.
const PRIVATE: StreamType = StreamType(0x06);
