//! MPEG transport streams (ISO/IEC 13818-1; section numbers are those of the 2018 edition).
//!
//! [`Muxer`] writes access units as packets in one pass, [`Demuxer`] reads packets back.

mod clock;
mod demux;

mod mux;
mod packet;
mod pes;
mod psi;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use clock::{PCR_INTERVAL_TICKS, PCR_LEAD_TICKS, REORDER_TICKS_MAX};
pub use demux::{
    BUFFERED_BYTES_MAX, DemuxError, Demuxer, Event, Fault, Packet, PesFault, Section, Sections,
};

pub use mux::{
    AUDIO_GROUP, ID3_BYTES_MAX, ID3_WAITING_MAX, MuxError, Muxer, TRACKS_MAX, UnsupportedTracks,
};
pub use packet::{Adaptation, PACKET_BYTES, Pcr, Pid, SYNC_BYTE, wrap33};
pub use pes::{Pes, PesHeader};
pub use psi::{ProgramMap, Stream, StreamType, TABLE_PAT, TABLE_PMT};
