//! What all tracks share: the packets' counters and the clock.

use std::collections::BTreeMap;

use bytes::BytesMut;

use crate::ts::clock::{Clock, Drives, Stamp};
use crate::ts::packet::{Adaptation, Continuity, Packets, Pcr, Pid, write_adaptation_packet};
use crate::ts::pes::Header;

/// What lasts from packet to packet.
#[derive(Debug, Default)]
pub(super) struct Sink {
    /// By PID; those of tracks that are gone stay, for when they come back.
    counters: BTreeMap<Pid, Continuity>,
    pub(super) clock: Clock,
}

/// A [`Sink`] with a place to write to.
pub(super) struct Writer<'a> {
    pub(super) sink: &'a mut Sink,
    pub(super) pcr_pid: Pid,
    pub(super) out: &'a mut BytesMut,
}

impl Sink {
    pub(super) fn continuity(&mut self, pid: Pid) -> &mut Continuity {
        self.counters.entry(pid).or_default()
    }
}

impl Writer<'_> {
    /// Keeps the clock going for a unit of a track that does not carry it.
    pub(super) fn advance(&mut self, dts: i64) {
        self.fill(dts, Drives::WhenLate);
        if self.sink.clock.is_due() {
            let stamp = self.sink.clock.stamp(dts, Drives::WhenLate);
            self.write_reference(stamp);
        }
    }

    /// A packet sequence for one PES packet with `data_bytes` bytes of data, decoded at `dts`;
    /// its header is written. It brings the clock, if it is on that PID.
    pub(super) fn start_pes(
        &mut self,
        pid: Pid,
        header: &Header,
        data_bytes: usize,
        dts: i64,
        is_random_access: bool,
    ) -> Packets<'_> {
        let mut adaptation = Adaptation { is_random_access, ..Adaptation::default() };
        if pid == self.pcr_pid {
            self.fill(dts, Drives::Always);
            let stamp = self.sink.clock.stamp(dts, Drives::Always);
            adaptation.pcr = Some(Pcr::from_ticks(stamp.ticks));
            adaptation.is_discontinuous = stamp.is_broken;
        } else {
            self.advance(dts);
        }
        self.write_header(pid, header, data_bytes, adaptation)
    }

    /// The same for data that has no part in the clock.
    pub(super) fn start_untimed_pes(
        &mut self,
        pid: Pid,
        header: &Header,
        data_bytes: usize,
    ) -> Packets<'_> {
        self.write_header(pid, header, data_bytes, Adaptation::default())
    }

    fn write_header(
        &mut self,
        pid: Pid,
        header: &Header,
        data_bytes: usize,
        adaptation: Adaptation,
    ) -> Packets<'_> {
        let header = header.as_bytes();
        let length = header.len() + data_bytes;
        let continuity = self.sink.continuity(pid);
        let mut packets = Packets::new(self.out, pid, continuity, length, adaptation);
        packets.write(header);
        packets
    }

    fn fill(&mut self, dts: i64, drives: Drives) {
        for ticks in self.sink.clock.fill(dts, drives) {
            self.write_reference(Stamp { ticks, is_broken: false });
        }
    }

    fn write_reference(&mut self, stamp: Stamp) {
        let adaptation = Adaptation {
            pcr: Some(Pcr::from_ticks(stamp.ticks)),
            is_random_access: false,
            is_discontinuous: stamp.is_broken,
        };
        let continuity = self.sink.continuity(self.pcr_pid);
        write_adaptation_packet(self.out, self.pcr_pid, continuity, adaptation);
    }
}
