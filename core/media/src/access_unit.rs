//! The central type of the write side.

use bytes::Bytes;

use crate::{Rounding, Timescale, Timestamp, TrackId};

/// One coded picture or audio frame, with its times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessUnit {
    /// The track that the unit belongs to.
    pub track: TrackId,
    /// When the unit is decoded.
    pub dts: Timestamp,
    /// When the unit is shown or heard; in the same timescale as `dts`.
    pub pts: Timestamp,
    /// Whether decoding can start here (IDR pictures; every AAC frame).
    pub random_access: bool,
    /// Samples of sound in the unit, counted in [`crate::AudioFormat::sample_rate`]; 0 for
    /// pictures.
    pub samples: u32,
    /// The coded bytes as the ISO base media file format stores them: length-prefixed NAL units
    /// for H.264 and H.265 (ISO/IEC 14496-15, 4.2.2), OBUs with sizes for AV1, one raw data block
    /// for AAC (no ADTS header), a packet or frame for the others.
    pub payload: Bytes,
}

impl AccessUnit {
    /// `pts - dts` in ticks of `timescale`; negative when the encoder says so. `None` if a time
    /// does not fit.
    #[must_use]
    pub fn composition_offset(&self, timescale: Timescale) -> Option<i64> {
        let pts = self.pts.rescale(timescale, Rounding::Nearest)?;
        let dts = self.dts.rescale(timescale, Rounding::Nearest)?;
        pts.ticks().checked_sub(dts.ticks())
    }
}
