//! Packets and PES packets, taken apart and put together again.

/// A packet.
pub(super) type Packet = [u8; 188];

pub(super) const PAT: u16 = 0;

/// The packets of a segment.
pub(super) fn packets(segment: &[u8]) -> Vec<Packet> {
    segment.as_chunks().0.to_vec()
}

pub(super) fn pid(packet: &Packet) -> u16 {
    u16::from_be_bytes([packet[1] & 0x1f, packet[2]])
}

pub(super) fn set_pid(packet: &mut Packet, pid: u16) {
    let [high, low] = pid.to_be_bytes();
    packet[1] = packet[1] & 0xe0 | high;
    packet[2] = low;
}

pub(super) fn is_start(packet: &Packet) -> bool {
    packet[1] & 0x40 != 0
}

/// Where the payload begins.
pub(super) fn body(packet: &Packet) -> usize {
    if packet[3] & 0x20 != 0 { 5 + usize::from(packet[4]) } else { 4 }
}

/// Whose packets carry program map, pictures and sound.
pub(super) struct Pids {
    pub(super) map: u16,
    pub(super) video: u16,
    pub(super) audio: u16,
}

impl Pids {
    pub(super) fn of(packets: &[Packet]) -> Self {
        let section = |wanted: u16| {
            let packet = packets.iter().find(|packet| pid(packet) == wanted).unwrap();
            let section = &packet[body(packet) + 1..];
            let length = usize::from(u16::from_be_bytes([section[1] & 0x0f, section[2]]));
            section[..3 + length - 4].to_vec()
        };
        let pid_at = |bytes: &[u8]| u16::from_be_bytes([bytes[0] & 0x1f, bytes[1]]);
        let map = pid_at(&section(PAT)[10..]);
        let section = section(map);
        let (mut video, mut audio) = (0, 0);
        let mut rest =
            &section[12 + (usize::from(section[10] & 0x0f) << 8 | usize::from(section[11]))..];
        while !rest.is_empty() {
            match rest[0] {
                0x1b | 0x24 => video = pid_at(&rest[1..]),
                _ => audio = pid_at(&rest[1..]),
            }
            rest = &rest[5 + (usize::from(rest[3] & 0x0f) << 8 | usize::from(rest[4]))..];
        }
        Self { map, video, audio }
    }
}

/// Changes the section in a packet, which it fills alone, and makes its checksum right.
pub(super) fn change_section(packet: &mut Packet, change: impl FnOnce(&mut Vec<u8>)) {
    let start = body(packet) + 1;
    let length = usize::from(u16::from_be_bytes([packet[start + 1] & 0x0f, packet[start + 2]]));
    let mut section = packet[start..start + 3 + length - 4].to_vec();
    change(&mut section);
    let [high, low] = u16::try_from(section.len() + 4 - 3).unwrap().to_be_bytes();
    section[1] = section[1] & 0xf0 | high;
    section[2] = low;
    let checksum = crc32(&section);
    section.extend(checksum.to_be_bytes());
    packet[start..].fill(0xff);
    packet[start..start + section.len()].copy_from_slice(&section);
}

fn crc32(bytes: &[u8]) -> u32 {
    bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte) << 24, |crc, _| {
            if crc >> 31 == 1 { crc << 1 ^ 0x04c1_1db7 } else { crc << 1 }
        })
    })
}

/// A PES packet: its bytes, header and all, and the adaptation field of its first packet.
#[derive(Clone)]
pub(super) struct Pes {
    pub(super) bytes: Vec<u8>,
    adaptation: Vec<u8>,
}

impl Pes {
    /// Bytes of the header.
    pub(super) fn header(&self) -> usize {
        9 + usize::from(self.bytes[8])
    }

    /// Takes the random access indicator away.
    pub(super) fn unmark(&mut self) {
        self.adaptation.iter_mut().take(1).for_each(|flags| *flags &= !0x40);
    }

    /// Writes the length that it has, if one was written.
    pub(super) fn measure(&mut self) {
        if self.bytes[4..6] != [0, 0] {
            let length = u16::try_from(self.bytes.len() - 6).unwrap();
            self.bytes[4..6].copy_from_slice(&length.to_be_bytes());
        }
    }
}

/// Changes the PES packets of a PID. Each goes where its first packet was, and the continuity
/// counters go on from the first.
pub(super) fn change_pes(
    packets: &[Packet],
    wanted: u16,
    change: impl FnOnce(&mut Vec<Pes>),
) -> Vec<u8> {
    let own = |packet: &&Packet| pid(packet) == wanted && packet[3] & 0x10 != 0;
    let mut list: Vec<Pes> = Vec::new();
    for packet in packets.iter().filter(own) {
        let body = body(packet);
        if is_start(packet) {
            // Flags and a clock reference stay; stuffing is made anew.
            let kept = if body > 5 && packet[5] & 0x10 != 0 { 7 } else { usize::from(body > 5) };
            list.push(Pes { bytes: Vec::new(), adaptation: packet[5..5 + kept].to_vec() });
        }
        list.last_mut().unwrap().bytes.extend(&packet[body..]);
    }
    let mut continuity = packets.iter().find(own).unwrap()[3] & 0x0f;
    change(&mut list);
    let mut list = list.iter();
    let mut out = Vec::new();
    for packet in packets {
        if !own(&packet) {
            out.extend(packet);
        } else if is_start(packet)
            && let Some(pes) = list.next()
        {
            write(pes, wanted, &mut continuity, &mut out);
        }
    }
    out
}

fn write(pes: &Pes, pid: u16, continuity: &mut u8, out: &mut Vec<u8>) {
    let [high, low] = pid.to_be_bytes();
    let (mut rest, mut adaptation) = (pes.bytes.as_slice(), pes.adaptation.clone());
    let mut start = 0x40;
    while !rest.is_empty() {
        let least = if adaptation.is_empty() { 0 } else { 1 + adaptation.len() };
        let room = rest.len().min(184 - least);
        let field = 184 - room;
        out.extend([0x47, start | high, low, if field > 0 { 0x30 } else { 0x10 } | *continuity]);
        if field > 0 {
            out.push(u8::try_from(field - 1).unwrap());
            if field > 1 {
                if adaptation.is_empty() {
                    adaptation.push(0);
                }
                out.extend(&adaptation);
                out.extend(std::iter::repeat_n(0xff, field - 1 - adaptation.len()));
            }
        }
        out.extend(&rest[..room]);
        rest = &rest[room..];
        (adaptation, start) = (Vec::new(), 0);
        *continuity = (*continuity + 1) & 0x0f;
    }
}

/// A time of 33 bits and its marker bits, read and written in place.
pub(super) fn time(field: &[u8]) -> u64 {
    let bits = field[..5].iter().fold(0, |bits, &byte| bits << 8 | u64::from(byte));
    (bits >> 33 & 7) << 30 | (bits >> 17 & 0x7fff) << 15 | bits >> 1 & 0x7fff
}

pub(super) fn set_time(field: &mut [u8], time: u64) {
    let old = field[..5].iter().fold(0, |bits, &byte| bits << 8 | u64::from(byte));
    let marks = 0xf << 36 | 1 << 32 | 1 << 16 | 1;
    let bits =
        old & marks | (time >> 30 & 7) << 33 | (time >> 15 & 0x7fff) << 17 | (time & 0x7fff) << 1;
    field[..5].copy_from_slice(&bits.to_be_bytes()[3..]);
}
