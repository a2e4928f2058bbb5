//! What of a unit's payload becomes a sample.

use bytes::{BufMut, BytesMut};
use media::CodecConfig;
use media::avc::{NalLengthSize, NalType, nal_units};

use super::MuxError;

/// How the units of a track become samples.
#[derive(Clone, Copy, Debug)]
pub(super) enum Payload {
    /// All bytes as they are.
    Whole,
    /// H.264: parameter sets are in the sample entry (ISO/IEC 14496-15, 5.3.3.1: not in samples
    /// under `avc1`), and where a sample starts needs no delimiter.
    Avc(NalLengthSize),
}

/// Extends a sequence parameter set, and stands with them in the sample entry.
const SPS_EXTENSION: u8 = 13;

impl Payload {
    pub(super) const fn of(codec: &CodecConfig) -> Self {
        match codec {
            CodecConfig::Avc(config) => Self::Avc(config.length_size()),
            CodecConfig::Aac(_) => Self::Whole,
        }
    }

    /// Bytes that [`Self::write`] will write of `payload`.
    pub(super) fn length(self, payload: &[u8]) -> Result<usize, MuxError> {
        let mut length = 0;
        match self {
            Self::Whole => length = payload.len(),
            Self::Avc(size) => {
                for nal in nal_units(payload, size) {
                    length += stored_bytes(nal?, size);
                }
            }
        }
        Ok(length)
    }

    /// Writes a payload of which `bytes` bytes are kept.
    pub(super) fn write(self, payload: &[u8], bytes: u32, out: &mut BytesMut) {
        if usize::try_from(bytes) == Ok(payload.len()) {
            return out.put_slice(payload);
        }
        match self {
            Self::Whole => out.put_slice(payload),
            Self::Avc(size) => {
                for nal in nal_units(payload, size).map_while(Result::ok) {
                    if stored_bytes(nal, size) > 0 {
                        // The same prefix as before: its bytes are the last ones of the length.
                        let length = u32::try_from(nal.len()).unwrap_or(u32::MAX).to_be_bytes();
                        let skipped = length.len().saturating_sub(size.bytes());
                        out.put_slice(length.get(skipped..).unwrap_or_default());
                        out.put_slice(nal);
                    }
                }
            }
        }
    }
}

/// Bytes that a NAL unit of H.264 has in a sample: none if it does not belong there.
fn stored_bytes(nal: &[u8], size: NalLengthSize) -> usize {
    match NalType::of(nal) {
        NalType::SPS | NalType::PPS | NalType::AUD => 0,
        kind if kind.number() == SPS_EXTENSION => 0,
        _ => size.bytes() + nal.len(),
    }
}
