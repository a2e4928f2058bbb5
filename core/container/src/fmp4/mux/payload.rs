//! What of a unit's payload becomes a sample.
//!
//! H.264 and H.265 have their parameter sets in the sample entry, and not in samples (ISO/IEC
//! 14496-15, 5.3.3.1 and 8.3.3.1, for `avc1` and `hvc1`); and where a sample starts needs no
//! delimiter. A set that the sample entry does not have stays, wrong as it is there: without it
//! the pictures cannot be decoded. So do the sets of a unit with so many that looking at each would
//! cost more than its bytes.

use bytes::{BufMut, Bytes, BytesMut};
use media::avc::{AvcConfig, NalError, NalLengthSize, nal_units};
use media::hevc::HevcConfig;
use media::{CodecConfig, avc, hevc};

use super::MuxError;
use crate::set_ids::SETS_LOOKED_AT_MAX;

/// Which NAL units of one unit go into its sample.
struct Filter<'a> {
    codec: &'a CodecConfig,
    /// Parameter sets that are still looked at.
    left: usize,
}

/// Bytes that [`write()`] will write of a payload.
pub(super) fn length(codec: &CodecConfig, payload: &[u8]) -> Result<usize, MuxError> {
    let of_nal_units = |size: NalLengthSize| {
        let mut filter = Filter::new(codec);
        let add = |sum, nal: Result<&[u8], NalError>| {
            let nal = nal?;
            Ok(if filter.is_stored(nal) { sum + size.bytes() + nal.len() } else { sum })
        };
        nal_units(payload, size).try_fold(0, add)
    };
    match codec {
        CodecConfig::Avc(config) => of_nal_units(config.length_size()),
        CodecConfig::Hevc(config) => of_nal_units(config.length_size()),
        CodecConfig::Av1(config) => Ok(config.sample(payload).map(<[u8]>::len).sum()),
        CodecConfig::Vp9(_)
        | CodecConfig::Aac(_)
        | CodecConfig::Opus(_)
        | CodecConfig::Flac(_)
        | CodecConfig::Ac3(_)
        | CodecConfig::Mp3(_) => Ok(payload.len()),
    }
}

/// Writes what [`length`] counted.
pub(super) fn write(codec: &CodecConfig, payload: &[u8], length: u32, out: &mut BytesMut) {
    let filter = Filter::new(codec);
    match codec {
        // Nothing was left out of it.
        CodecConfig::Avc(_) | CodecConfig::Hevc(_)
            if usize::try_from(length) == Ok(payload.len()) =>
        {
            out.put_slice(payload);
        }
        CodecConfig::Avc(config) => put_nal_units(payload, config.length_size(), filter, out),
        CodecConfig::Hevc(config) => put_nal_units(payload, config.length_size(), filter, out),
        CodecConfig::Av1(config) => {
            config.sample(payload).for_each(|piece| out.put_slice(piece));
        }
        CodecConfig::Vp9(_)
        | CodecConfig::Aac(_)
        | CodecConfig::Opus(_)
        | CodecConfig::Flac(_)
        | CodecConfig::Ac3(_)
        | CodecConfig::Mp3(_) => out.put_slice(payload),
    }
}

fn put_nal_units(payload: &[u8], size: NalLengthSize, mut filter: Filter<'_>, out: &mut BytesMut) {
    let nals = nal_units(payload, size).map_while(Result::ok);
    for nal in nals.filter(|nal| filter.is_stored(nal)) {
        // A prefix as it was: the last bytes of a length of four.
        let length = u32::try_from(nal.len()).unwrap_or(u32::MAX).to_be_bytes();
        let skipped = length.len().saturating_sub(size.bytes());
        out.put_slice(length.get(skipped..).unwrap_or_default());
        out.put_slice(nal);
    }
}

impl<'a> Filter<'a> {
    const fn new(codec: &'a CodecConfig) -> Self {
        Self { codec, left: SETS_LOOKED_AT_MAX }
    }

    /// To be asked for each NAL unit in turn.
    fn is_stored(&mut self, nal: &[u8]) -> bool {
        let (is_delimiter, known) = match self.codec {
            CodecConfig::Avc(config) => avc_sets(config, nal),
            CodecConfig::Hevc(config) => hevc_sets(config, nal),
            CodecConfig::Av1(_)
            | CodecConfig::Vp9(_)
            | CodecConfig::Aac(_)
            | CodecConfig::Opus(_)
            | CodecConfig::Flac(_)
            | CodecConfig::Ac3(_)
            | CodecConfig::Mp3(_) => (false, None),
        };
        let Some(known) = known else { return !is_delimiter };
        let Some(left) = self.left.checked_sub(1) else { return true };
        self.left = left;
        !known.iter().any(|set| set == nal)
    }
}

/// Whether a NAL unit is a delimiter, and the sets of its kind that the sample entry has if it is a
/// parameter set.
fn avc_sets<'a>(config: &'a AvcConfig, nal: &[u8]) -> (bool, Option<&'a [Bytes]>) {
    match avc::NalType::of(nal) {
        avc::NalType::AUD => (true, None),
        avc::NalType::SPS => (false, Some(config.sps_list())),
        avc::NalType::PPS => (false, Some(config.pps_list())),
        _ => (false, None),
    }
}

fn hevc_sets<'a>(config: &'a HevcConfig, nal: &[u8]) -> (bool, Option<&'a [Bytes]>) {
    match hevc::NalType::of(nal) {
        hevc::NalType::AUD => (true, None),
        hevc::NalType::VPS => (false, Some(config.vps_list())),
        hevc::NalType::SPS => (false, Some(config.sps_list())),
        hevc::NalType::PPS => (false, Some(config.pps_list())),
        _ => (false, None),
    }
}
