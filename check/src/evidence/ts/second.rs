//! A second reading, by the `mpeg2ts` crate, which shares nothing with the first.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use container::ts::{PACKET_BYTES, Pid};
use mpeg2ts::ts::{ReadTsPacket, TsPacketReader, TsPayload};
use mpeg2ts::{Error, ErrorKind};

use super::pes::UNITS_MAX;
use super::{PesFacts, PesTimes, TsSegment};

/// What another reader makes of a segment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Second {
    /// It read everything.
    Read(SecondReading),
    /// It takes a packet for malformed that the first reader took.
    Refused {
        /// Which packet, counted from 0.
        packet: u64,
        /// Whose.
        pid: Pid,
        /// Why, in its words.
        why: String,
    },
}

/// What another reader found in a segment.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SecondReading {
    /// The elementary streams of the program map.
    pub streams: BTreeMap<u16, SecondStream>,
    /// Clock references on all PIDs together.
    pub references: u64,
}

/// What another reader found of one elementary stream.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SecondStream {
    /// `stream_type`.
    pub kind: u8,
    /// PES packets.
    pub packets: u64,
    /// Bytes behind their headers.
    pub data_bytes: u64,
    /// Their times, as they are written.
    pub times: Vec<PesTimes>,
}

/// Bytes of the longest segment that is read again: 16 s at 4 Mb/s, and about 5 ms of work.
pub const SECOND_BYTES_MAX: usize = 8 * 1_024 * 1_024;

/// Of so many segments of a rendition one is read again. The second reading takes about six times
/// as long as the first and the rules (docs/performance.md); in this way it adds one and a half.
pub const SECOND_EVERY: u64 = 4;

/// Reads a segment again. `None` if it is not to be read: it is too long, something in it is
/// broken, which the first reader has said already, or it has something that the other reader does
/// not support.
pub(super) fn read(first: &TsSegment, bytes: &[u8]) -> Option<Second> {
    let is_whole = !first.is_damaged()
        && first.tables.bad_checksums.is_empty()
        && first.tables.malformed.is_empty()
        && first.tables.map.is_some()
        && first.strangers.is_empty()
        && first.repeats == 0
        && first.streams.iter().all(|stream| is_sound(&stream.pes));
    if bytes.len() > SECOND_BYTES_MAX || !is_whole {
        return None;
    }
    // The crate splits a program map at a length that it was told, without looking, and panics if
    // that is too long. The first reader has found all tables whole by now; if there is more of the
    // kind, the exam goes on without a second opinion. The reader is dropped, so nothing that is
    // half done is seen again.
    catch_unwind(AssertUnwindSafe(|| read_packets(bytes))).unwrap_or(None)
}

/// Whether all of what the other reader minds is right.
const fn is_sound(pes: &PesFacts) -> bool {
    pes.headless == 0 && pes.malformed.is_empty() && pes.bad_markers.is_empty()
}

/// One packet at a time, so that it cannot but end: PES packets are not put together.
fn read_packets(bytes: &[u8]) -> Option<Second> {
    let (packets, _) = bytes.as_chunks::<PACKET_BYTES>();
    let mut reader = TsPacketReader::new(bytes);
    let mut reading = SecondReading::default();
    for (number, packet) in (0..).zip(packets) {
        let read = match reader.read_ts_packet() {
            Ok(Some(read)) => read,
            Ok(None) => break,
            Err(error) => return refusal(number, packet, &reading, &error),
        };
        reading.references += u64::from(read.adaptation_field.is_some_and(|a| a.pcr.is_some()));
        let pid = read.header.pid.as_u16();
        match read.payload {
            Some(TsPayload::Pmt(map)) => {
                for stream in map.es_info {
                    let known = reading.streams.entry(stream.elementary_pid.as_u16()).or_default();
                    known.kind = stream.stream_type as u8;
                }
            }
            Some(TsPayload::PesStart(pes)) => {
                let stream = reading.streams.entry(pid).or_default();
                stream.packets += 1;
                stream.data_bytes += u64::try_from(pes.data.len()).unwrap_or(0);
                if stream.times.len() < UNITS_MAX {
                    let [pts, dts] =
                        [pes.header.pts, pes.header.dts].map(|t| t.map(|t| t.as_u64()));
                    stream.times.push(PesTimes { pts, dts });
                }
            }
            Some(TsPayload::PesContinuation(data)) => {
                let stream = reading.streams.entry(pid).or_default();
                stream.data_bytes += u64::try_from(data.len()).unwrap_or(0);
            }
            Some(
                TsPayload::Pat(_) | TsPayload::Section(_) | TsPayload::Null(_) | TsPayload::Raw(_),
            )
            | None => {}
        }
    }
    Some(Second::Read(reading))
}

/// What the other reader cannot do says nothing of the segment: it knows neither tables that span
/// packets or share one, nor stream types of others. It means something in a stream that it has
/// understood so far.
fn refusal(
    packet: u64,
    bytes: &[u8; PACKET_BYTES],
    reading: &SecondReading,
    error: &Error,
) -> Option<Second> {
    let &[_, high, low, ..] = bytes;
    let pid = Pid::from_bits(u16::from_be_bytes([high, low]));
    let is_media = reading.streams.contains_key(&pid.number());
    let is_malformed = error.kind == ErrorKind::InvalidInput;
    (is_media && is_malformed).then(|| Second::Refused { packet, pid, why: error.reason.clone() })
}
