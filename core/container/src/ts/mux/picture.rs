//! Length-prefixed NAL units to Annex B, as ISO/IEC 13818-1, 2.14.1 wants it in a transport
//! stream.

use media::avc::{AvcConfig, NalError, NalType, NalUnits, nal_units};

use crate::ts::packet::Packets;

/// A picture that was looked at and can be written.
pub(super) struct Picture<'a> {
    config: &'a AvcConfig,
    payload: &'a [u8],
    bytes: usize,
    is_idr: bool,
    /// Parameter sets that it needs and does not bring itself.
    needs_sps: bool,
    needs_pps: bool,
}

/// Four bytes are a must before the first NAL unit and before parameter sets (B.1.2), and before
/// the others they keep the length of the picture: the length prefix usually has four, too.
const START_CODE: [u8; 4] = [0, 0, 0, 1];

/// An access unit delimiter that allows every type of slice, with its start code.
const DELIMITER: [u8; 6] = [0, 0, 0, 1, 9, 0xf0];

impl<'a> Picture<'a> {
    /// Looks at every NAL unit; `None` if there is none.
    pub(super) fn inspect(
        config: &'a AvcConfig,
        payload: &'a [u8],
    ) -> Result<Option<Self>, NalError> {
        let mut picture = Self {
            config,
            payload,
            bytes: DELIMITER.len(),
            is_idr: false,
            needs_sps: true,
            needs_pps: true,
        };
        for nal in nal_units(payload, config.length_size()) {
            let nal = nal?;
            match NalType::of(nal) {
                NalType::AUD => continue,
                NalType::IDR => picture.is_idr = true,
                // A set behind the first slice of the picture comes too late for it.
                NalType::SPS if !picture.is_idr => picture.needs_sps = false,
                NalType::PPS if !picture.is_idr => picture.needs_pps = false,
                _ => {}
            }
            picture.bytes += START_CODE.len() + nal.len();
        }
        if picture.bytes == DELIMITER.len() {
            return Ok(None);
        }
        picture.needs_sps &= picture.is_idr;
        picture.needs_pps &= picture.is_idr;
        picture.bytes +=
            picture.needed_sets().map(|set| START_CODE.len() + set.len()).sum::<usize>();
        Ok(Some(picture))
    }

    /// Bytes in Annex B form.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) const fn is_idr(&self) -> bool {
        self.is_idr
    }

    /// Writes [`Self::bytes`] bytes.
    pub(super) fn write(&self, packets: &mut Packets<'_>) {
        packets.write(&DELIMITER);
        let mut sets = self.needed_sets().peekable();
        for nal in self.nal_units() {
            let kind = NalType::of(nal);
            // Missing sets come as early as they may: at the front, but behind a sequence
            // parameter set that the picture brings, which picture parameter sets refer to.
            if sets.peek().is_some() && (self.needs_sps || kind != NalType::SPS) {
                for set in sets.by_ref() {
                    packets.write(&START_CODE);
                    packets.write(set);
                }
            }
            packets.write(&START_CODE);
            packets.write(nal);
        }
    }

    /// The NAL units that are written; their lengths were looked at.
    fn nal_units(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let units: NalUnits<'a> = nal_units(self.payload, self.config.length_size());
        units.map_while(Result::ok).filter(|nal| NalType::of(nal) != NalType::AUD)
    }

    fn needed_sets(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let sps = if self.needs_sps { self.config.sps_list() } else { &[] };
        let pps = if self.needs_pps { self.config.pps_list() } else { &[] };
        sps.iter().chain(pps).map(AsRef::as_ref)
    }
}
