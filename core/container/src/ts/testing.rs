//! Two readers for what the tests write.

use mpeg2ts::pes::{PesPacketReader, ReadPesPacket};
use mpeg2ts::ts::TsPacketReader;

use super::{Demuxer, Event, Pes};

/// What our own reader finds in a whole stream. There must be no fault.
#[track_caller]
pub(crate) fn read(bytes: &[u8]) -> Vec<Event> {
    let mut demuxer = Demuxer::new();
    demuxer.push(bytes);
    let mut events = Vec::new();
    while let Some(event) = demuxer.pull().unwrap() {
        events.push(event);
    }
    demuxer.finish();
    while let Some(event) = demuxer.pull().unwrap() {
        events.push(event);
    }
    for event in &events {
        assert!(!matches!(event, Event::Fault(_)), "{event:?}");
    }
    events
}

/// Stream id, PTS, DTS and data of the PES packets of one stream id.
pub(crate) type Packet = (u8, Option<u64>, Option<u64>, Vec<u8>);

/// The PES packets as we read them, by stream id.
pub(crate) fn packets(events: &[Event]) -> Vec<Packet> {
    let packets = events.iter().filter_map(|event| {
        let Event::Pes(Pes { stream_id, pts, dts, data, .. }) = event else { return None };
        Some((*stream_id, *pts, *dts, data.to_vec()))
    });
    sorted(packets.collect())
}

/// The PES packets as the `mpeg2ts` crate reads them, by stream id.
pub(crate) fn packets_independently(bytes: &[u8]) -> Vec<Packet> {
    let mut reader = PesPacketReader::new(TsPacketReader::new(bytes));
    let packets = std::iter::from_fn(|| reader.read_pes_packet().unwrap()).map(|packet| {
        let header = packet.header;
        let (pts, dts) = (header.pts.map(|it| it.as_u64()), header.dts.map(|it| it.as_u64()));
        (header.stream_id.as_u8(), pts, dts, packet.data)
    });
    sorted(packets.collect())
}

/// By stream id only: packets of one stream keep their order.
fn sorted(mut packets: Vec<Packet>) -> Vec<Packet> {
    packets.sort_by_key(|packet| packet.0);
    packets
}
