//! Configurations for tests.

use bytes::Bytes;
use media::{Codec, CodecConfig, Track, TrackId};

/// An `AVCDecoderConfigurationRecord`: 160x90, 25 pictures a second, as ffmpeg and x264 write it.
pub(crate) fn avc() -> Bytes {
    hex("0142c00bffe100186742c00bd9028df93011000003000100000300320f142a4801000568cb83cb20")
}

/// An `AVCDecoderConfigurationRecord` with another picture parameter set.
pub(crate) fn other_avc() -> Bytes {
    hex("0142c00bffe100186742c00bd9028df93011000003000100000300320f142a4801000568cb83cb21")
}

/// An `AudioSpecificConfig`: AAC-LC, 48 kHz, stereo.
pub(crate) fn aac() -> Bytes {
    hex("1190")
}

/// An `AudioSpecificConfig`: AAC-LC, 44.1 kHz, stereo.
pub(crate) fn aac_44100() -> Bytes {
    hex("1210")
}

/// A track of Opus: stereo, as ffmpeg sends its `OpusHead`.
pub(crate) fn opus() -> Track {
    let head = hex("4f707573486561640102380180bb0000000000");
    let config = CodecConfig::parse(Codec::Opus, head).unwrap();
    Track::new(TrackId::AUDIO, config)
}

fn hex(text: &str) -> Bytes {
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(byte).collect()
}
