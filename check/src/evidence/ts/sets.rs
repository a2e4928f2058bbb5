//! What a decoder must know of pictures: the parameter sets that come with them.

use std::sync::Arc;

use media::avc::{self, AvcConfig, NalLengthSize};
use media::hevc::{self, HevcConfig};
use media::{Codec, CodecConfig};

/// The parameter sets of one access unit, as NAL units.
#[derive(Debug, Default)]
pub(super) struct UnitSets<'a> {
    pub(super) vps: Vec<&'a [u8]>,
    pub(super) sps: Vec<&'a [u8]>,
    pub(super) pps: Vec<&'a [u8]>,
}

/// The parameter sets that hold.
#[derive(Debug, Default)]
pub(super) struct Sets {
    sps: Vec<Vec<u8>>,
    pps: Vec<Vec<u8>>,
    vps: Vec<Vec<u8>>,
    pub(super) config: Option<Arc<CodecConfig>>,
}

/// Sets of a kind that are taken from one access unit: more than any record has.
pub(super) const SETS_MAX: usize = 64;

impl Sets {
    /// Takes in those of an access unit; what they change, if they change anything.
    ///
    /// Only a sequence parameter set that was not there makes a change. Encoders send picture
    /// parameter sets that differ from picture to picture, and a decoder goes on with them.
    pub(super) fn take(&mut self, codec: Codec, unit: &UnitSets<'_>) -> Option<Arc<CodecConfig>> {
        if unit.sps.iter().all(|new| self.sps.iter().any(|known| known == new)) {
            return None;
        }
        let keep = |to: &mut Vec<Vec<u8>>, from: &[&[u8]]| {
            if !from.is_empty() {
                *to = from.iter().map(|set| set.to_vec()).collect();
            }
        };
        keep(&mut self.sps, &unit.sps);
        keep(&mut self.pps, &unit.pps);
        keep(&mut self.vps, &unit.vps);
        let config = self.parse(codec).map(Arc::new);
        if config == self.config {
            return None;
        }
        self.config.clone_from(&config);
        config
    }

    fn parse(&self, codec: Codec) -> Option<CodecConfig> {
        let [vps, sps, pps] = [&self.vps, &self.sps, &self.pps]
            .map(|sets| sets.iter().map(Vec::as_slice).collect::<Vec<_>>());
        match codec {
            Codec::Avc => {
                let record = avc::record(&sps, &pps, NalLengthSize::Four)?;
                AvcConfig::parse(record).ok().map(CodecConfig::Avc)
            }
            Codec::Hevc => {
                let record = hevc::record(&vps, &sps, &pps)?;
                HevcConfig::parse(record).ok().map(CodecConfig::Hevc)
            }
            Codec::Av1
            | Codec::Vp9
            | Codec::Aac
            | Codec::Opus
            | Codec::Flac
            | Codec::Ac3
            | Codec::Eac3
            | Codec::Mp3 => None,
        }
    }

    /// Whether pictures may be coded as fields, as far as that is known.
    pub(super) fn may_be_fields(&self) -> bool {
        let Some(CodecConfig::Avc(avc)) = self.config.as_deref() else { return false };
        avc.sps().is_interlaced
    }
}
