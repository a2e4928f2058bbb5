//! What of a unit's payload becomes a sample.
//!
//! H.264 and H.265 have their parameter sets in the sample entry, and not in samples (ISO/IEC
//! 14496-15, 5.3.3.1 and 8.3.3.1, for `avc1` and `hvc1`); and where a sample starts needs no
//! delimiter. A set that the sample entry does not have stays, wrong as it is there: without it
//! the pictures cannot be decoded.

use bytes::{BufMut, Bytes, BytesMut};
use media::avc::{AvcConfig, NalError, NalLengthSize, nal_units};
use media::hevc::HevcConfig;
use media::{CodecConfig, avc, hevc};

use super::MuxError;

/// Bytes that [`write()`] will write of a payload.
pub(super) fn length(codec: &CodecConfig, payload: &[u8]) -> Result<usize, MuxError> {
    let of_nal_units = |size: NalLengthSize, is_stored: &dyn Fn(&[u8]) -> bool| {
        let add = |sum, nal: Result<&[u8], NalError>| {
            let nal = nal?;
            Ok(if is_stored(nal) { sum + size.bytes() + nal.len() } else { sum })
        };
        nal_units(payload, size).try_fold(0, add)
    };
    match codec {
        CodecConfig::Avc(config) => {
            of_nal_units(config.length_size(), &|nal| is_stored_avc(config, nal))
        }
        CodecConfig::Hevc(config) => {
            of_nal_units(config.length_size(), &|nal| is_stored_hevc(config, nal))
        }
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
    match codec {
        // Nothing was left out of it.
        CodecConfig::Avc(_) | CodecConfig::Hevc(_)
            if usize::try_from(length) == Ok(payload.len()) =>
        {
            out.put_slice(payload);
        }
        CodecConfig::Avc(config) => {
            put_nal_units(payload, config.length_size(), |nal| is_stored_avc(config, nal), out);
        }
        CodecConfig::Hevc(config) => {
            put_nal_units(payload, config.length_size(), |nal| is_stored_hevc(config, nal), out);
        }
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

fn put_nal_units(
    payload: &[u8],
    size: NalLengthSize,
    is_stored: impl Fn(&[u8]) -> bool,
    out: &mut BytesMut,
) {
    for nal in nal_units(payload, size).map_while(Result::ok).filter(|nal| is_stored(nal)) {
        // A prefix as it was: the last bytes of a length of four.
        let length = u32::try_from(nal.len()).unwrap_or(u32::MAX).to_be_bytes();
        let skipped = length.len().saturating_sub(size.bytes());
        out.put_slice(length.get(skipped..).unwrap_or_default());
        out.put_slice(nal);
    }
}

fn is_stored_avc(config: &AvcConfig, nal: &[u8]) -> bool {
    match avc::NalType::of(nal) {
        avc::NalType::AUD => false,
        avc::NalType::SPS => !has(config.sps_list(), nal),
        avc::NalType::PPS => !has(config.pps_list(), nal),
        _ => true,
    }
}

fn is_stored_hevc(config: &HevcConfig, nal: &[u8]) -> bool {
    match hevc::NalType::of(nal) {
        hevc::NalType::AUD => false,
        hevc::NalType::VPS => !has(config.vps_list(), nal),
        hevc::NalType::SPS => !has(config.sps_list(), nal),
        hevc::NalType::PPS => !has(config.pps_list(), nal),
        _ => true,
    }
}

fn has(sets: &[Bytes], nal: &[u8]) -> bool {
    sets.iter().any(|set| set == nal)
}
