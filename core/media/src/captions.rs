//! Which closed captions the pictures carry: CEA-608 and CEA-708 in supplemental enhancement
//! information, as ATSC A/53 part 4, 6.2.3 puts them there.

#[cfg(test)]
mod tests;

use std::ops::{BitOr, BitOrAssign};

use crate::avc::{NalLengthSize, NalType, nal_units, sei, unescape};
use crate::{CodecConfig, hevc};

/// A set of captions.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Captions {
    /// CEA-608: CC1 in the least significant bit, to CC4.
    channels: u8,
    /// CEA-708: service n in bit n.
    services: u64,
}

/// What stands before ATSC's user data: country (USA), provider (ATSC), `user_identifier` and the
/// `user_data_type_code` of captions.
const ATSC_CAPTIONS: [u8; 8] = [0xb5, 0x00, 0x31, b'G', b'A', b'9', b'4', 3];

/// `process_cc_data_flag`.
const HAS_CAPTIONS: u8 = 0x40;

/// `cc_valid`.
const IS_VALID: u8 = 0b100;

/// The captions that a unit of a track carries; none for codecs that do not have NAL units.
///
/// CEA-608 names a channel only with its control codes, of which every caption has some, so a
/// unit of text alone adds nothing. Of a CEA-708 packet that goes on in the next unit, what stands
/// in the first counts. What is malformed is passed over.
#[must_use]
pub fn in_unit(codec: &CodecConfig, payload: &[u8]) -> Captions {
    match codec {
        CodecConfig::Avc(avc) => in_nal_units(payload, avc.length_size(), |nal| {
            (NalType::of(nal) == NalType::SEI).then_some(nal)
        }),
        CodecConfig::Hevc(hevc) => in_nal_units(payload, hevc.length_size(), |nal| {
            // Behind the first byte it is like that of H.264.
            let is_sei = hevc::NalType::of(nal) == hevc::NalType::PREFIX_SEI;
            if is_sei { nal.get(1..) } else { None }
        }),
        CodecConfig::Av1(_)
        | CodecConfig::Vp9(_)
        | CodecConfig::Aac(_)
        | CodecConfig::Opus(_)
        | CodecConfig::Flac(_)
        | CodecConfig::Ac3(_)
        | CodecConfig::Mp3(_) => Captions::EMPTY,
    }
}

impl Captions {
    /// None.
    pub const EMPTY: Self = Self { channels: 0, services: 0 };

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.channels == 0 && self.services == 0
    }

    /// The captions as `INSTREAM-ID` of a multivariant playlist names them (RFC 8216bis, 4.4.6.1):
    /// `CC1` to `CC4`, then `SERVICE1` to `SERVICE63`.
    pub fn names(self) -> impl Iterator<Item = String> {
        let channels = (1..=4).filter(move |number| self.channels >> (number - 1) & 1 == 1);
        let services = (1..=63).filter(move |number| self.services >> number & 1 == 1);
        let channels = channels.map(|number| format!("CC{number}"));
        channels.chain(services.map(|number| format!("SERVICE{number}")))
    }

    /// Takes in the content of `cc_data()` from its flags on.
    fn add_cc_data(&mut self, data: &[u8]) {
        let Some((&[flags, _em_data], triplets)) = data.split_first_chunk() else { return };
        if flags & HAS_CAPTIONS == 0 {
            return;
        }
        let mut packet: Option<Vec<u8>> = None;
        // What stands ahead of the first start of a packet is the end of one from another unit,
        // and cannot be read alone.
        for triplet in triplets.chunks_exact(3).take(usize::from(flags & 0b1_1111)) {
            let &[marker, first, second] = triplet else { return };
            if marker & IS_VALID == 0 {
                continue;
            }
            match marker & 0b11 {
                field @ (0 | 1) => self.add_pair(field, first),
                2 => packet.iter_mut().for_each(|packet| packet.extend([first, second])),
                _ => {
                    self.add_packet(packet.as_deref().unwrap_or_default());
                    packet = Some(vec![first, second]);
                }
            }
        }
        self.add_packet(packet.as_deref().unwrap_or_default());
    }

    /// Takes in the first byte of a CEA-608 pair. In a control code it names one of the two
    /// channels of its field (CEA-608, 8.4); the most significant bit is parity.
    fn add_pair(&mut self, field: u8, first: u8) {
        match first & 0x7f {
            0x10..=0x17 => self.channels |= 1 << (field * 2),
            0x18..=0x1f => self.channels |= 2 << (field * 2),
            _ => {}
        }
    }

    /// Takes in a caption channel packet (CEA-708, 5), or the start of one.
    fn add_packet(&mut self, packet: &[u8]) {
        let Some((&header, data)) = packet.split_first() else { return };
        let size_code = usize::from(header & 0b11_1111);
        let length = if size_code == 0 { 127 } else { size_code * 2 - 1 };
        let mut rest = data.get(..length).unwrap_or(data);
        while let Some((&header, after)) = rest.split_first() {
            let (mut service, size) = (header >> 5, usize::from(header & 0b1_1111));
            rest = after;
            if service == 7 && size > 0 {
                let Some((&extended, after)) = rest.split_first() else { return };
                service = extended & 0b11_1111;
                rest = after;
            }
            if service > 0 && size > 0 {
                self.services |= 1 << service;
            }
            rest = rest.get(size..).unwrap_or_default();
        }
    }
}

impl BitOr for Captions {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self { channels: self.channels | other.channels, services: self.services | other.services }
    }
}

impl BitOrAssign for Captions {
    fn bitor_assign(&mut self, other: Self) {
        *self = *self | other;
    }
}

/// What the NAL units carry that `as_sei` knows as supplemental enhancement information, which it
/// gives as one of H.264.
fn in_nal_units<'a>(
    payload: &'a [u8],
    length_size: NalLengthSize,
    as_sei: impl Fn(&'a [u8]) -> Option<&'a [u8]>,
) -> Captions {
    let mut captions = Captions::EMPTY;
    let nals = nal_units(payload, length_size).map_while(Result::ok).filter_map(as_sei);
    // Nothing in these four bytes can be escaped: most units are done without a copy.
    for nal in nals.filter(|nal| nal.windows(4).any(|bytes| bytes == b"GA94")) {
        for message in sei::messages(&unescape(nal)) {
            if message.kind == sei::USER_DATA_REGISTERED
                && let Some(data) = message.payload.strip_prefix(&ATSC_CAPTIONS)
            {
                captions.add_cc_data(data);
            }
        }
    }
    captions
}
