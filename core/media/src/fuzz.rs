//! Entry points for fuzzing. Each takes any bytes; the only thing that can go wrong is a panic.

use bytes::Bytes;

use crate::aac::AacConfig;
use crate::avc::{AvcConfig, NalLengthSize, Sps, is_idr, sei};
use crate::hevc::{self, HevcConfig};

/// An `AVCDecoderConfigurationRecord`.
pub fn avc_config(data: &[u8]) {
    if let Ok(config) = AvcConfig::parse(Bytes::copy_from_slice(data)) {
        assert!(config.rfc6381().starts_with("avc1."));
        assert!(config.sps().width > 0 && config.sps().height > 0);
    }
}

/// A sequence parameter set NAL unit.
pub fn sps(data: &[u8]) {
    if let Ok(sps) = Sps::parse(data) {
        assert!(sps.width > 0 && sps.height > 0);
        assert!(sps.frame_rate().is_none_or(|(over, under)| over > 0 && under > 0));
    }
}

/// The length-prefixed NAL units of an access unit, and what SEI they hold.
pub fn nal_units(data: &[u8]) {
    for size in [NalLengthSize::One, NalLengthSize::Two, NalLengthSize::Four] {
        let _ = is_idr(data, size);
        assert_ne!(sei::x264_keyint_max(data, size), Some(0));
    }
}

/// An `HEVCDecoderConfigurationRecord`.
pub fn hevc_config(data: &[u8]) {
    if let Ok(config) = HevcConfig::parse(Bytes::copy_from_slice(data)) {
        assert!(is_well_formed(&config.rfc6381(), "hvc1."));
        assert!(config.sps().width > 0 && config.sps().height > 0);
        assert!(config.frame_rate().is_none_or(|(over, under)| over > 0 && under > 0));
    }
}

/// A sequence parameter set NAL unit of H.265.
pub fn hevc_sps(data: &[u8]) {
    if let Ok(sps) = hevc::Sps::parse(data) {
        assert!(sps.width > 0 && sps.height > 0 && (8..=16).contains(&sps.bit_depth));
        assert!(sps.sample_aspect.is_none_or(|(width, height)| width > 0 && height > 0));
    }
}

/// An `AudioSpecificConfig`.
pub fn aac_config(data: &[u8]) {
    if let Ok(config) = AacConfig::parse(Bytes::copy_from_slice(data)) {
        assert!(config.channels() > 0 && config.sample_rate() > 0);
        assert!(config.adts_header(data.len()).is_none_or(|header| header.starts_with(&[0xff])));
    }
}

/// Whether an entry of `CODECS` starts as it must and can stand in a quoted string.
fn is_well_formed(codecs: &str, start: &str) -> bool {
    codecs.starts_with(start)
        && codecs.len() <= 50
        && codecs
            .split('.')
            .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}
