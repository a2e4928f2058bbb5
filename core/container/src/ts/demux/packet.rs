//! One packet taken apart (2.4.3.2 to 2.4.3.5).

use crate::ts::packet::{Adaptation, PACKET_BYTES, Pcr, Pid};

/// A packet, taken apart. Its synchronisation byte is not looked at.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    /// Which of the streams it belongs to.
    pub pid: Pid,
    /// Whether it says itself that it is damaged.
    pub has_error: bool,
    /// Whether a PES packet or a section starts in it.
    pub is_start: bool,
    /// Whether its payload is scrambled.
    pub is_scrambled: bool,
    /// The continuity counter.
    pub continuity: u8,
    /// What its adaptation field says, or the default if there is none; `None` if there is one that
    /// does not fit.
    pub adaptation: Option<Adaptation>,
    /// Its payload, if it has one and the adaptation field before it fits.
    pub payload: Option<&'a [u8]>,
}

impl<'a> Packet<'a> {
    /// Takes a packet apart.
    #[must_use]
    pub fn read(packet: &'a [u8; PACKET_BYTES]) -> Self {
        let &[_sync, high, low, control, ref body @ ..] = packet;
        let (has_adaptation, has_payload) = (control & 0x20 != 0, control & 0x10 != 0);
        let read = match has_adaptation {
            true => read_adaptation(body, has_payload),
            false => Some((Adaptation::default(), body.as_slice())),
        };
        Self {
            pid: Pid::from_bits(u16::from_be_bytes([high, low])),
            has_error: high & 0x80 != 0,
            is_start: high & 0x40 != 0,
            is_scrambled: control & 0xc0 != 0,
            continuity: control & 0x0f,
            adaptation: read.map(|(adaptation, _)| adaptation),
            payload: read.filter(|_| has_payload).map(|(_, payload)| payload),
        }
    }
}

/// The adaptation field at the start of a packet's body, and what follows it.
fn read_adaptation(body: &[u8], has_payload: bool) -> Option<(Adaptation, &[u8])> {
    let (&length, rest) = body.split_first()?;
    let (field, rest) = rest.split_at_checked(usize::from(length))?;
    // 2.4.3.5: 0 to 182 bytes before a payload, 183 without one.
    if rest.is_empty() == has_payload {
        return None;
    }
    let Some((&flags, fields)) = field.split_first() else {
        return Some((Adaptation::default(), rest));
    };
    let pcr = match flags & 0x10 != 0 {
        true => Some(Pcr::decode(*fields.first_chunk()?)),
        false => None,
    };
    let is_random_access = flags & 0x40 != 0;
    Some((Adaptation { pcr, is_random_access, is_discontinuous: flags & 0x80 != 0 }, rest))
}
