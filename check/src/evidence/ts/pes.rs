//! PES packets (2.4.3.6 and 2.4.3.7): put together from packets, and held against what they say.

use container::ts::{PesFault, PesHeader};

use super::Few;
use super::clock::{difference, nanoseconds, unwrap};

/// What was seen of the PES packets of a stream. PES packets are counted from 0.
#[derive(Clone, Debug, Default)]
pub struct PesFacts {
    /// PES packets.
    pub packets: u64,
    /// Bytes behind their headers.
    pub data_bytes: u64,
    /// The times of each, as they are written; at most [`UNITS_MAX`].
    pub times: Vec<PesTimes>,
    /// Packets with payload before the first PES packet starts.
    pub headless: u64,
    /// PES packets whose header cannot be read.
    pub malformed: Few<(u64, PesFault)>,
    /// PES packets that are not as long as they say.
    pub lengths: Few<PesLength>,
    /// The PES packet that the segment ends in.
    pub unfinished: Option<PesLength>,
    /// PES packets that do not say how long they are.
    pub without_length: u64,
    /// PES packets with wrong marker bits in their times.
    pub bad_markers: Few<u64>,
    /// PES packets without a time.
    pub without_time: Few<u64>,
    /// PES packets that are decoded no later than the one before, and how much earlier, in
    /// nanoseconds.
    pub backwards: Few<(u64, i64)>,
    /// PES packets that are shown before they are decoded, and how much, in nanoseconds.
    pub shown_early: Few<(u64, i64)>,
    /// PES packets that start when the clock is past their decoding time, and how far, in
    /// nanoseconds.
    pub late: Few<(u64, i64)>,
    /// PES packets that start more than [`EARLY_MAX_NS`] before they are decoded, and how much, in
    /// nanoseconds.
    pub early: Few<(u64, i64)>,
}

/// The times of a PES packet: 33 bits at 90 kHz.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PesTimes {
    /// When it is shown.
    pub pts: Option<u64>,
    /// When it is decoded, if that is said apart.
    pub dts: Option<u64>,
}

/// How long a PES packet is, and how long it says that it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PesLength {
    /// Which one.
    pub packet: u64,
    /// Bytes that are there.
    pub actual: usize,
    /// Bytes that it announces, with its header.
    pub declared: usize,
}

/// Access units of a track, and PES packets, that are kept. Ten seconds at 120 pictures a second
/// are 1,200; more is not media.
pub const UNITS_MAX: usize = 65_536;

/// How long data may wait in the decoder's buffer (2.4.2.6 allows 10 s for H.264 and H.265).
pub const EARLY_MAX_NS: i64 = 10_000_000_000;

/// The PES packet of a stream that is being put together, and what was seen of those before.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    pub(super) facts: PesFacts,
    bytes: Vec<u8>,
    open: Option<Start>,
    /// The newest decoding time in unwrapped ticks, and in which part of the clock it was.
    last: Option<(i64, u64)>,
    /// Packets are missing since the last start.
    is_damaged: bool,
}

/// A PES packet that is complete, but for its bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Complete {
    /// Which one.
    pub(super) number: u64,
    /// Where its data begins, and where it ends.
    pub(super) data: (usize, usize),
    /// When it is shown and when it is decoded, in unwrapped 90 kHz ticks.
    pub(super) times: Option<(i64, i64)>,
    pub(super) is_random_access: bool,
    /// How often the clock broke until it started.
    pub(super) breaks: u64,
    /// Whether bytes of it are missing.
    pub(super) is_damaged: bool,
    pub(super) is_scrambled: bool,
    /// Whether the segment ends before it does.
    pub(super) is_unfinished: bool,
}

/// What is known when a PES packet starts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start {
    pub(super) is_random_access: bool,
    /// The clock then, in unwrapped ticks.
    pub(super) clock_ticks: Option<i64>,
    /// How often the clock broke until then.
    pub(super) breaks: u64,
}

impl Assembly {
    pub(super) fn start(&mut self, start: Start) {
        self.bytes.clear();
        self.is_damaged = false;
        self.open = Some(start);
    }

    pub(super) fn extend(&mut self, payload: &[u8]) {
        if self.open.is_some() {
            self.bytes.extend_from_slice(payload);
        } else if !self.is_damaged {
            self.facts.headless += 1;
        }
    }

    /// Packets are missing, or cannot be read.
    pub(super) const fn damage(&mut self) {
        self.is_damaged = true;
    }

    /// The PES packet is complete. `near` is a time that its own are near to, if none came before.
    pub(super) fn end(
        &mut self,
        is_video: bool,
        is_last: bool,
        near: Option<i64>,
    ) -> Option<Complete> {
        let open = self.open.take()?;
        let number = self.facts.packets;
        self.facts.packets += 1;
        let header = match PesHeader::read(&self.bytes) {
            Ok(header) => header,
            Err(fault) => {
                if !self.is_damaged {
                    self.facts.malformed.add((number, fault));
                }
                return None;
            }
        };
        let end = self.check_length(number, &header, is_video, is_last);
        let data = self.bytes.len().saturating_sub(header.bytes);
        self.facts.data_bytes += u64::try_from(data).unwrap_or(0);
        if !header.are_markers_right {
            self.facts.bad_markers.add(number);
        }
        let times = self.take_times(number, &header, open, near);
        Some(Complete {
            number,
            data: (header.bytes, end.max(header.bytes)),
            times,
            is_random_access: open.is_random_access,
            breaks: open.breaks,
            is_damaged: self.is_damaged,
            is_scrambled: header.is_scrambled,
            is_unfinished: end > self.bytes.len(),
        })
    }

    /// The data of a PES packet that is complete.
    pub(super) fn data(&self, complete: &Complete) -> &[u8] {
        let (start, end) = complete.data;
        self.bytes.get(start..end.min(self.bytes.len())).unwrap_or_default()
    }

    /// Notes a wrong length; gives back where the packet ends.
    fn check_length(
        &mut self,
        packet: u64,
        header: &PesHeader,
        is_video: bool,
        is_last: bool,
    ) -> usize {
        let actual = self.bytes.len();
        let Some(declared) = header.length else {
            self.facts.without_length += u64::from(!is_video);
            return actual;
        };
        let length = PesLength { packet, actual, declared };
        if actual != declared && !self.is_damaged {
            if is_last && actual < declared {
                self.facts.unfinished = Some(length);
            } else {
                self.facts.lengths.add(length);
            }
        }
        if is_last { declared } else { declared.min(actual) }
    }

    fn take_times(
        &mut self,
        number: u64,
        header: &PesHeader,
        open: Start,
        near: Option<i64>,
    ) -> Option<(i64, i64)> {
        if self.facts.times.len() < UNITS_MAX {
            self.facts.times.push(PesTimes { pts: header.pts, dts: header.dts });
        }
        let Some(pts) = header.pts else {
            self.facts.without_time.add(number);
            return None;
        };
        let last = self.last.filter(|(_, breaks)| *breaks == open.breaks).map(|(ticks, _)| ticks);
        let dts = unwrap(header.dts.unwrap_or(pts), last.or(near));
        let pts = dts + difference(unwrap(pts, None), dts);
        if pts < dts {
            self.facts.shown_early.add((number, nanoseconds(dts - pts)));
        }
        if let Some(last) = last.filter(|last| dts <= *last) {
            self.facts.backwards.add((number, nanoseconds(last - dts)));
        }
        self.last = Some((dts, open.breaks));
        if let Some(clock) = open.clock_ticks {
            let ahead_ns = nanoseconds(dts - clock);
            if ahead_ns < 0 {
                self.facts.late.add((number, -ahead_ns));
            } else if ahead_ns > EARLY_MAX_NS {
                self.facts.early.add((number, ahead_ns));
            }
        }
        Some((pts, dts))
    }
}
