//! What an encoder says of its key frames.

use media::{AccessUnit, CodecConfig, Track, avc};

/// How far apart the encoder of `first` says its key frames can be, in milliseconds: x264 writes
/// it into its first picture.
pub(crate) fn declared_gop_ms(track: &Track, first: &AccessUnit) -> Option<i64> {
    let CodecConfig::Avc(avc) = &track.codec else { return None };
    let pictures = avc::sei::x264_keyint_max(&first.payload, avc.length_size())?;
    let (frames, seconds) = avc.sps().frame_rate()?;
    let gop_ms = u64::from(pictures)
        .saturating_mul(seconds)
        .saturating_mul(1_000)
        .checked_div(u64::from(frames))?;
    i64::try_from(gop_ms).ok()
}
