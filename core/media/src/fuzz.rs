//! Entry points for fuzzing. Each takes any bytes; the only thing that can go wrong is a panic.

use bytes::Bytes;

use crate::aac::AacConfig;
use crate::ac3::{self, Ac3Config};
use crate::av1::{Av1Config, obus};
use crate::avc::{AvcConfig, NalLengthSize, Sps, is_idr, sei};
use crate::flac::{self, FlacConfig};
use crate::hevc::{self, HevcConfig};
use crate::mp3::{self, Mp3Config};
use crate::opus::{self, OpusConfig};
use crate::scte35::{self, SpliceInfo};
use crate::vp9::{self, Vp9Record};
use crate::{Codec, CodecConfig, captions};

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

/// An `AV1CodecConfigurationRecord`.
pub fn av1_config(data: &[u8]) {
    if let Ok(config) = Av1Config::parse(Bytes::copy_from_slice(data)) {
        check_av1(&config, data);
    }
}

/// The OBUs of a temporal unit.
pub fn av1_unit(data: &[u8]) {
    for obu in obus(data).flatten() {
        assert!(obu.bytes.ends_with(obu.payload));
    }
    let record = Bytes::from_static(&[0x81, 0, 0, 0]);
    if let Some(config) = Av1Config::with_key_unit(record, data) {
        assert_eq!(config.is_key(data), Ok(true));
        assert_eq!(Av1Config::parse(config.av1c().clone()).as_ref(), Ok(&config));
        assert_eq!(config.changed_by(data), None);
        check_av1(&config, data);
    }
}

fn check_av1(config: &Av1Config, unit: &[u8]) {
    assert!(is_well_formed(&config.rfc6381(), "av01."));
    let sequence = config.sequence();
    assert!(sequence.width > 0 && sequence.height > 0);
    assert!(sequence.frame_rate.is_none_or(|(over, under)| over > 0 && under > 0));
    let sequence_bytes = config.av1c().len();
    let sample: usize = config.sample(unit).map(<[u8]>::len).sum();
    assert!(sample <= unit.len() + sequence_bytes);
}

/// A `VPCodecConfigurationRecord`.
pub fn vp9_config(data: &[u8]) {
    /// The start of a key frame of 320x240.
    const KEY: [u8; 9] = [0x82, 0x49, 0x83, 0x42, 0x50, 0x13, 0xf0, 0x0e, 0xf0];
    if let Ok(record) = Vp9Record::parse(Bytes::copy_from_slice(data)) {
        let config = record.with_key_frame(&KEY);
        assert!(config.is_some_and(|config| {
            is_well_formed(&config.rfc6381(), "vp09.")
                && Vp9Record::parse(Bytes::copy_from_slice(&config.vpcc())).is_ok()
        }));
    }
}

/// A frame of VP9.
pub fn vp9_frame(data: &[u8]) {
    let record = Bytes::from_static(&[0, 20, 0x82, 2, 2, 2, 0, 0]);
    let Ok(record) = Vp9Record::parse(record) else { return };
    if let Some(config) = record.with_key_frame(data) {
        assert_eq!(vp9::is_key(data), Ok(true));
        assert!((1..=65_536).contains(&config.width()) && (1..=65_536).contains(&config.height()));
        assert_eq!(config.changed_by(data), None);
    }
}

/// An access unit of H.264 or H.265 with captions, its NAL units behind lengths of four bytes.
pub fn captions(data: &[u8]) {
    let configs = [(Codec::Avc, &AVC[..]), (Codec::Hevc, &HEVC[..])];
    for (codec, record) in configs {
        if let Ok(config) = CodecConfig::parse(codec, Bytes::from_static(record)) {
            let captions = captions::in_unit(&config, data);
            assert_eq!(captions.is_empty(), captions.names().next().is_none());
            assert!(!captions.names().any(|name| name == "SERVICE0"));
        }
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

/// A configuration of H.264: 1080p of x264.
const AVC: [u8; 48] = [
    0x01, 0x64, 0x00, 0x28, 0xff, 0xe1, 0x00, 0x1b, 0x67, 0x64, 0x00, 0x28, 0xac, 0xd9, 0x40, 0x78,
    0x02, 0x27, 0xe5, 0xc0, 0x44, 0x00, 0x00, 0x03, 0x00, 0x04, 0x00, 0x00, 0x03, 0x00, 0xf0, 0x3c,
    0x60, 0xc6, 0x58, 0x01, 0x00, 0x06, 0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0, 0xfd, 0xf8, 0xf8, 0x00,
];

/// A configuration of H.265: 360p of x265.
const HEVC: [u8; 70] = [
    0x01, 0x01, 0x60, 0x00, 0x00, 0x00, 0x90, 0x00, 0x00, 0x00, 0x00, 0x00, 0x3f, 0xf0, 0x00, 0xfc,
    0xfd, 0xf8, 0xf8, 0x00, 0x00, 0x0f, 0x01, 0x21, 0x00, 0x01, 0x00, 0x2a, 0x42, 0x01, 0x01, 0x01,
    0x60, 0x00, 0x00, 0x03, 0x00, 0x90, 0x00, 0x00, 0x03, 0x00, 0x00, 0x03, 0x00, 0x3f, 0xa0, 0x05,
    0x02, 0x01, 0x69, 0x65, 0x95, 0x9a, 0x49, 0x32, 0xbc, 0x05, 0xa0, 0x20, 0x00, 0x00, 0x03, 0x00,
    0x20, 0x00, 0x00, 0x03, 0x03, 0xc1,
];

/// An Opus identification header, and a packet.
pub fn opus(data: &[u8]) {
    if let Ok(config) = OpusConfig::parse(Bytes::copy_from_slice(data)) {
        assert!(config.channels() > 0);
        assert!((11..=11 + 2 + 255).contains(&config.dops().len()));
    }
    assert!(opus::samples_in(data).is_none_or(|samples| (120..=5_760).contains(&samples)));
}

/// FLAC metadata, and a frame.
pub fn flac(data: &[u8]) {
    if let Ok(config) = FlacConfig::parse(Bytes::copy_from_slice(data)) {
        assert!((1..=8).contains(&config.channels()) && config.sample_rate() > 0);
        let payload = config.dfla().split_off(4);
        assert_eq!(FlacConfig::parse(payload.into()).map(|again| again.dfla()), Ok(config.dfla()));
    }
    assert!(flac::samples_in(data).is_none_or(|samples| (1..=65_535).contains(&samples)));
}

/// A unit of AC-3 or Enhanced AC-3.
pub fn ac3(data: &[u8]) {
    let samples = ac3::samples_in(data);
    if let Ok(config) = Ac3Config::of_frame(data) {
        assert!(config.channels() > 0 && config.sample_rate() >= 16_000);
        assert!(config.dac3().is_some() != config.dec3().is_some());
        assert!(samples.is_some_and(|samples| samples.is_multiple_of(256)));
    }
}

/// A unit of MP3.
pub fn mp3(data: &[u8]) {
    let samples = mp3::samples_in(data);
    if let Ok(config) = Mp3Config::of_frame(data) {
        assert!((1..=2).contains(&config.channels()) && config.sample_rate() >= 8_000);
        assert!(samples.is_some_and(|samples| samples.is_multiple_of(config.samples_per_frame())));
    } else {
        assert_eq!(samples, None);
    }
}

/// Splice information: bytes whose checksum is put right first, since few others get past it, and
/// a text.
pub fn scte35(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = SpliceInfo::from_text(text);
    }
    let _ = SpliceInfo::parse(&Bytes::copy_from_slice(data));
    if let Ok(info) = SpliceInfo::parse(&scte35::with_checksum(data).into()) {
        assert!(info.section().len() <= scte35::SECTION_BYTES_MAX);
        assert!(info.time().is_none_or(|time| time < 1 << 33));
        assert!(info.duration().is_none_or(|duration| duration < 1 << 40));
        let digits: String = info.section().iter().map(|byte| format!("{byte:02X}")).collect();
        assert_eq!(SpliceInfo::from_text(&format!("0x{digits}")), Ok(info));
    }
}
