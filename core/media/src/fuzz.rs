//! Entry points for fuzzing. Each takes any bytes; the only thing that can go wrong is a panic.

use bytes::Bytes;

use crate::aac::AacConfig;
use crate::avc::{AvcConfig, NalLengthSize, Sps, is_idr, sei};

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

/// An `AudioSpecificConfig`.
pub fn aac_config(data: &[u8]) {
    if let Ok(config) = AacConfig::parse(Bytes::copy_from_slice(data)) {
        assert!(config.channels() > 0 && config.sample_rate() > 0);
        assert!(config.adts_header(data.len()).is_none_or(|header| header.starts_with(&[0xff])));
    }
}
