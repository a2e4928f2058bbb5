//! Packets of 188 bytes (2.4.3.2 to 2.4.3.5).

use std::fmt;

use bytes::{BufMut, BytesMut};

/// Bytes of a packet.
pub const PACKET_BYTES: usize = 188;

/// The first byte of every packet.
pub const SYNC_BYTE: u8 = 0x47;

const HEADER_BYTES: usize = 4;
/// What is left for adaptation field and payload.
const BODY_BYTES: usize = PACKET_BYTES - HEADER_BYTES;

/// Names one of the streams that share the packets; 13 bits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pid(u16);

/// A program clock reference: a point on a 27 MHz clock (2.4.2.2).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Pcr {
    base: u64,
    extension: u16,
}

/// What an adaptation field says, stuffing apart.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Adaptation {
    /// A reference of the program's clock.
    pub pcr: Option<Pcr>,
    /// Whether decoding can start with what the packet starts.
    pub is_random_access: bool,
    /// Whether the clock breaks here.
    pub is_discontinuous: bool,
}

/// The continuity counter of one PID: the value that its newest packet had (2.4.3.3).
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Continuity(Option<u8>);

/// Writes one section or PES packet, of a length that is known beforehand, as packets of one PID.
/// Exactly that many bytes must be written.
pub(super) struct Packets<'a> {
    out: &'a mut BytesMut,
    pid: Pid,
    continuity: &'a mut Continuity,
    /// Bytes still to be written.
    left: usize,
    /// Bytes that the current packet still takes; `room <= left`.
    room: usize,
    is_first: bool,
    /// For the first packet; then empty.
    adaptation: Adaptation,
}

impl<'a> Packets<'a> {
    /// Makes room in `out` for `length` bytes on packets; nothing is written yet.
    pub(super) fn new(
        out: &'a mut BytesMut,
        pid: Pid,
        continuity: &'a mut Continuity,
        length: usize,
        adaptation: Adaptation,
    ) -> Self {
        let packets = (length + adaptation.bytes()).div_ceil(BODY_BYTES);
        out.reserve(packets * PACKET_BYTES);
        Self { out, pid, continuity, left: length, room: 0, is_first: true, adaptation }
    }

    /// Writes the next bytes.
    pub(super) fn write(&mut self, mut bytes: &[u8]) {
        debug_assert!(
            bytes.len() <= self.left,
            "{} bytes where {} are left",
            bytes.len(),
            self.left
        );
        loop {
            if self.room == 0 {
                bytes = self.write_full(bytes);
            }
            if bytes.is_empty() || self.left == 0 {
                break;
            }
            if self.room == 0 {
                self.start_packet();
            }
            let (now, later) = bytes.split_at(self.room.min(bytes.len()));
            self.out.extend_from_slice(now);
            self.room -= now.len();
            self.left -= now.len();
            bytes = later;
        }
    }

    /// Writes the packets that `bytes` fills, and gives back the rest: nearly all of a large
    /// picture goes this way. Compilers copy a known number of up to 128 bytes in place and call a
    /// function for more, which is why a payload goes in two halves.
    fn write_full<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        if self.is_first {
            return bytes;
        }
        let (bodies, rest) = bytes.as_chunks::<BODY_BYTES>();
        let [high, low] = self.pid.0.to_be_bytes();
        let header = u32::from_be_bytes([SYNC_BYTE, high, low, 0x10]);
        let out = &mut *self.out;
        let mut continuity = *self.continuity;
        for body in bodies {
            let counter = continuity.next();
            out.extend_from_slice(&(header | u32::from(counter)).to_be_bytes());
            let (halves, _) = body.as_chunks::<{ BODY_BYTES / 2 }>();
            halves.iter().for_each(|half| out.extend_from_slice(half));
        }
        *self.continuity = continuity;
        self.left -= bodies.len() * BODY_BYTES;
        rest
    }

    fn start_packet(&mut self) {
        let adaptation = std::mem::take(&mut self.adaptation);
        let least = adaptation.bytes();
        self.room = self.left.min(BODY_BYTES - least);
        let is_first = std::mem::replace(&mut self.is_first, false);
        let adaptation_bytes = BODY_BYTES - self.room;
        let control = if adaptation_bytes > 0 { 0x30 } else { 0x10 };
        let [high, low] = self.pid.0.to_be_bytes();
        let start = u8::from(is_first) << 6;
        self.out.put_slice(&[SYNC_BYTE, start | high, low, control | self.continuity.next()]);
        adaptation.write(adaptation_bytes, self.out);
    }
}

/// Writes a packet without payload, for its adaptation field alone.
pub(super) fn write_adaptation_packet(
    out: &mut BytesMut,
    pid: Pid,
    continuity: &mut Continuity,
    adaptation: Adaptation,
) {
    out.reserve(PACKET_BYTES);
    let [high, low] = pid.0.to_be_bytes();
    out.put_slice(&[SYNC_BYTE, high, low, 0x20 | continuity.same()]);
    adaptation.write(BODY_BYTES, out);
}

/// Writes a packet that carries nothing (2.4.3.3).
pub(super) fn write_null_packet(out: &mut BytesMut) {
    out.reserve(PACKET_BYTES);
    let [high, low] = Pid::NULL.0.to_be_bytes();
    out.put_slice(&[SYNC_BYTE, high, low, 0x10]);
    out.put_bytes(0xff, BODY_BYTES);
}

impl Adaptation {
    /// Bytes with nothing stuffed, the length byte included.
    fn bytes(&self) -> usize {
        if self.pcr.is_some() {
            8
        } else if self.is_random_access || self.is_discontinuous {
            2
        } else {
            0
        }
    }

    /// Writes the field stuffed to `bytes` bytes, the length byte included; none for 0.
    fn write(&self, bytes: usize, out: &mut BytesMut) {
        let Some(length) = bytes.checked_sub(1).and_then(|length| u8::try_from(length).ok()) else {
            return;
        };
        out.put_u8(length);
        if length == 0 {
            return;
        }
        let flags = u8::from(self.is_discontinuous) << 7
            | u8::from(self.is_random_access) << 6
            | u8::from(self.pcr.is_some()) << 4;
        out.put_u8(flags);
        if let Some(pcr) = self.pcr {
            out.put_slice(&pcr.encode());
        }
        out.put_bytes(0xff, bytes - self.bytes().max(2));
    }
}

impl Continuity {
    /// For a packet with payload; a PID starts at 0.
    const fn next(&mut self) -> u8 {
        let next = match self.0 {
            Some(last) => (last + 1) & 0x0f,
            None => 0,
        };
        self.0 = Some(next);
        next
    }

    /// For a packet without payload.
    const fn same(&mut self) -> u8 {
        let same = match self.0 {
            Some(last) => last,
            None => 0,
        };
        self.0 = Some(same);
        same
    }
}

impl Pid {
    /// Carries the program association table.
    pub const PAT: Self = Self(0);
    /// Carries nothing: padding for a constant rate.
    pub const NULL: Self = Self(0x1fff);

    /// The PID of the lower 13 bits.
    #[must_use]
    pub const fn from_bits(bits: u16) -> Self {
        Self(bits & 0x1fff)
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }
}

impl fmt::Debug for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

impl Pcr {
    /// The reference at a point counted in 90 kHz ticks, which wraps at 33 bits.
    #[must_use]
    pub const fn from_ticks(ticks: i64) -> Self {
        Self { base: wrap33(ticks), extension: 0 }
    }

    /// The 33 bits that count at 90 kHz.
    #[must_use]
    pub const fn base(self) -> u64 {
        self.base
    }

    /// The point on the 27 MHz clock.
    #[must_use]
    pub fn clock(self) -> u64 {
        self.base * 300 + u64::from(self.extension)
    }

    /// 33 bits of base, six reserved ones, nine bits of extension.
    fn encode(self) -> [u8; 6] {
        let bits = self.base << 15 | 0x7e00 | u64::from(self.extension);
        let [_, _, encoded @ ..] = bits.to_be_bytes();
        encoded
    }

    /// The inverse of `encode`; reserved bits are not looked at.
    pub(super) fn decode([b0, b1, b2, b3, b4, b5]: [u8; 6]) -> Self {
        let bits = u64::from_be_bytes([0, 0, b0, b1, b2, b3, b4, b5]);
        Self { base: bits >> 15, extension: u16::from_be_bytes([b4 & 1, b5]) }
    }
}

/// The 33 bits that times have in a transport stream.
pub const fn wrap33(ticks: i64) -> u64 {
    ticks.cast_unsigned() & 0x1_ffff_ffff
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::hex;

    #[track_caller]
    fn check(length: usize, adaptation: Adaptation, expected: &str) {
        let mut out = BytesMut::new();
        let mut continuity = Continuity(Some(14));
        let pid = Pid::from_bits(0x1ffe);
        let mut packets = Packets::new(&mut out, pid, &mut continuity, length, adaptation);
        packets.write(&vec![7; length]);
        let shown = out.chunks(PACKET_BYTES).map(|packet| {
            assert_eq!(packet.len(), PACKET_BYTES);
            let end = packet.iter().rposition(|&byte| byte != 7).unwrap();
            let stuffing = packet[4..=end].iter().rev().take_while(|&&byte| byte == 0xff).count();
            let head: String =
                packet[..=end - stuffing].iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{head} {stuffing} {}", 187 - end)
        });
        assert_eq!(shown.collect::<Vec<_>>().join(", "), expected, "{length} bytes");
    }

    /// Each packet's bytes up to the stuffing, bytes of stuffing, bytes of payload.
    #[test]
    fn packets_are_filled_up_with_stuffing() {
        let nothing = Adaptation::default();
        check(184, nothing, "475ffe1f 0 184");
        check(183, nothing, "475ffe3f00 0 183");
        check(182, nothing, "475ffe3f0100 0 182");
        check(181, nothing, "475ffe3f0200 1 181");
        check(1, nothing, "475ffe3fb600 181 1");
        check(185, nothing, "475ffe1f 0 184, 471ffe30b600 181 1");
        check(368, nothing, "475ffe1f 0 184, 471ffe10 0 184");
    }

    #[test]
    fn an_adaptation_field_says_what_it_should() {
        let random_access = Adaptation { is_random_access: true, ..Adaptation::default() };
        check(182, random_access, "475ffe3f0140 0 182");
        check(181, random_access, "475ffe3f0240 1 181");
        check(183, random_access, "475ffe3f0140 0 182, 471ffe30b600 181 1");
        let is_discontinuous = Adaptation { is_discontinuous: true, ..Adaptation::default() };
        check(100, is_discontinuous, "475ffe3f5380 82 100");
        let pcr = Some(Pcr::from_ticks(0x1_2345_6789));
        let all = Adaptation { pcr, is_random_access: true, is_discontinuous: true };
        check(176, all, "475ffe3f07d091a2b3c4fe00 0 176");
        check(175, all, "475ffe3f08d091a2b3c4fe00 1 175");
    }

    #[test]
    fn a_packet_without_payload_does_not_count() {
        let mut out = BytesMut::new();
        let mut continuity = Continuity::default();
        let pcr = Some(Pcr::from_ticks(-1));
        let adaptation = Adaptation { pcr, ..Adaptation::default() };
        write_adaptation_packet(&mut out, Pid::from_bits(0x100), &mut continuity, adaptation);
        assert_eq!(out.len(), PACKET_BYTES);
        assert_eq!(out[..13], hex("47010020 b710 fffffffffe00 ff"));
        assert_eq!((continuity.same(), continuity.next(), continuity.same()), (0, 1, 1));
    }

    #[test]
    fn a_clock_reference_is_300_times_its_base_and_its_extension() {
        let check = |text: &str, base: u64, clock: u64| {
            let pcr = Pcr::decode(*hex(text).first_chunk().unwrap());
            assert_eq!((pcr.base(), pcr.clock()), (base, clock), "{text}");
        };
        check("fffffffffe00", 0x1_ffff_ffff, 0x1_ffff_ffff * 300);
        check("00000000ff2b", 1, 300 + 299);
        check("00000000012b", 0, 299);
    }
}
