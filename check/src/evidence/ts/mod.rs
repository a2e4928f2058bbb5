//! Segments of MPEG-TS, taken apart in one pass (ISO/IEC 13818-1; section numbers are those of the
//! 2018 edition).
//!
//! A fault is noted once, where it is: what follows from it (a PES packet that lacks the bytes of a
//! lost packet, frames of sound that are cut by it) is not noted again.

mod clock;
mod few;
mod packets;
mod pes;
mod scan;
mod second;
mod sets;
mod sound;
mod stream;
mod tables;
mod video;

use std::collections::BTreeMap;

use bytes::Bytes;
use container::ts::{Pid, ProgramMap, StreamType};
use media::Codec;

pub use clock::{ClockFacts, ClockGap, ClockStep, INTERVAL_MAX_NS};
pub use few::{FEW_MAX, Few};
pub use pes::{EARLY_MAX_NS, PesFacts, PesLength, PesTimes, UNITS_MAX};
pub use second::{SECOND_BYTES_MAX, SECOND_EVERY, Second, SecondReading, SecondStream};
pub use sound::{SoundFacts, TimeOff};
pub use video::VideoFacts;

use super::{SegmentKind, SegmentMedia};
use packets::{Packets, Piece};

/// What only segments of MPEG-TS have.
#[derive(Clone, Debug, Default)]
pub struct TsSegment {
    /// Packets, null packets among them.
    pub packets: u64,
    /// Places where a packet should start and none does.
    pub lost_syncs: Few<SyncLoss>,
    /// Bytes behind the last whole packet.
    pub cut_bytes: usize,
    /// Packets that say themselves that they are damaged.
    pub errors: Few<At>,
    /// Scrambled packets, and PES packets that say that they are.
    pub scrambled: Few<At>,
    /// Packets whose adaptation field does not fit.
    pub bad_adaptations: Few<At>,
    /// Program association and program map.
    pub tables: TableFacts,
    /// The continuity counters of each PID, first and last.
    pub counters: BTreeMap<Pid, Counters>,
    /// Continuity counters that do not follow the ones before them.
    pub jumps: Few<CounterJump>,
    /// Packets that are there twice, as they may be (2.4.3.3).
    pub repeats: u64,
    /// Packets on PIDs that nothing names; at most [`STRANGERS_MAX`] PIDs are kept.
    pub strangers: BTreeMap<Pid, u64>,
    /// The program's clock.
    pub clock: ClockFacts,
    /// The elementary streams, as the program map names them.
    pub streams: Vec<TsStream>,
    /// What another reader makes of the same bytes: see [`SegmentMedia::read_again`].
    pub second: Option<Second>,
    /// The newest time, in unwrapped 90 kHz ticks: those of the next segment are near it.
    last_ticks: Option<i64>,
}

/// A place in a segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct At {
    /// Which packet, counted from 0.
    pub packet: u64,
    /// Whose.
    pub pid: Pid,
}

/// A place where a packet should start and none does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SyncLoss {
    /// Where, in bytes.
    pub offset: usize,
    /// What stands there.
    pub byte: u8,
    /// Bytes up to where a packet starts; 0 if only the byte itself is wrong.
    pub skipped: usize,
}

/// The continuity counters of a PID.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Counters {
    /// That of its first packet.
    pub first: u8,
    /// Whether that packet has payload: only then it counts.
    pub has_payload: bool,
    /// Whether that packet says that the counter may start anew.
    pub is_break: bool,
    /// That of its last packet.
    pub last: u8,
}

/// A continuity counter that does not follow the one before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CounterJump {
    /// Where.
    pub at: At,
    /// The counter that should be there.
    pub expected: u8,
    /// The counter that is.
    pub actual: u8,
}

/// Program association and program map. Places are packets, counted from 0.
#[derive(Clone, Debug, Default)]
pub struct TableFacts {
    /// Where the first program association is complete.
    pub association: Option<u64>,
    /// Where the first program map is complete.
    pub map_at: Option<u64>,
    /// The first packet of an elementary stream.
    pub first_media: Option<u64>,
    /// Packets of a service description before the program association.
    pub descriptions_before: u64,
    /// Other packets before it, but null packets.
    pub others_before: u64,
    /// Tables whose checksum is wrong.
    pub bad_checksums: Few<At>,
    /// Tables that are malformed otherwise.
    pub malformed: Few<At>,
    /// The most programs that an association names.
    pub programs: usize,
    /// The first program map, if there is one.
    pub map: Option<ProgramMap>,
    /// The program map that holds at the end: if the segment has none, the one it was read by.
    pub last_map: Option<ProgramMap>,
}

/// An elementary stream.
#[derive(Clone, Debug)]
pub struct TsStream {
    /// Whose packets carry it.
    pub pid: Pid,
    /// How it is coded.
    pub kind: StreamType,
    /// The codec, if it is one that is looked into.
    pub codec: Option<Codec>,
    /// Its PES packets.
    pub pes: PesFacts,
    /// Its pictures, if it has any.
    pub video: Option<VideoFacts>,
    /// Its sound, if it has any.
    pub sound: Option<SoundFacts>,
}

/// PIDs that are kept of those that nothing names: a segment of noise has thousands.
pub const STRANGERS_MAX: usize = 16;

/// Whether a segment is a transport stream, by its bytes: of the first packets most start as they
/// must. One byte may be wrong: that is a fault of a transport stream, not another kind of file.
#[must_use]
pub fn is_transport_stream(bytes: &[u8]) -> bool {
    const LOOKED_AT: usize = 5;
    let pieces = Packets::new(bytes).take(LOOKED_AT);
    let whole = pieces.filter(|piece| matches!(piece, Piece::Packet { is_synced: true, .. }));
    let packets = (bytes.len() / container::ts::PACKET_BYTES).min(LOOKED_AT);
    packets > 0 && whole.count() * 2 > packets
}

/// Takes a transport stream apart. Times go on from those of `before`.
#[must_use]
pub fn read(bytes: &Bytes, before: Option<&SegmentMedia>) -> SegmentMedia {
    let before = before.and_then(|before| match &before.kind {
        SegmentKind::Ts(ts) => Some(&**ts),
        SegmentKind::Fmp4(_)
        | SegmentKind::PackedAudio
        | SegmentKind::WebVtt
        | SegmentKind::Unknown => None,
    });
    let (segment, tracks) = scan::scan(bytes, before);
    SegmentMedia { kind: SegmentKind::Ts(Box::new(segment)), tracks }
}

impl SegmentMedia {
    /// Has another reader read the bytes of a transport stream, and keeps what it says for the rule
    /// `TS-SECOND`. It takes several times as long as the first reading, so an exam does it for one
    /// segment in [`SECOND_EVERY`] of each rendition. One that is longer than
    /// [`SECOND_BYTES_MAX`], or in which something is broken, is not read again.
    pub fn read_again(&mut self, bytes: &[u8]) {
        if let SegmentKind::Ts(segment) = &mut self.kind {
            segment.second = second::read(segment, bytes);
        }
    }
}

impl TsSegment {
    /// Whether packets are missing or cannot be read: what is made of the others is not whole.
    #[must_use]
    pub const fn is_damaged(&self) -> bool {
        !self.lost_syncs.is_empty()
            || self.cut_bytes > 0
            || !self.errors.is_empty()
            || !self.scrambled.is_empty()
            || !self.bad_adaptations.is_empty()
            || !self.jumps.is_empty()
    }
}
