//! What of a track's configuration decides whether browsers play it.

use media::{Codec, CodecConfig};

/// What pictures are coded as.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct PictureFormat {
    pub(super) codec: Codec,
    pub(super) width: u32,
    pub(super) height: u32,
    /// 1 for 4:2:0, 2 for 4:2:2, 3 for 4:4:4; 0 for none.
    pub(super) chroma: u8,
    pub(super) bit_depth: u8,
    pub(super) is_interlaced: bool,
}

/// What sound is coded as.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct SoundFormat {
    pub(super) codec: Codec,
    pub(super) sample_rate: u32,
    pub(super) channels: u8,
}

impl PictureFormat {
    /// Of pictures; `None` for sound.
    pub(super) fn of(config: &CodecConfig) -> Option<Self> {
        let video = config.video()?;
        let (chroma, bit_depth, is_interlaced) = match config {
            CodecConfig::Avc(avc) => {
                let sps = avc.sps();
                (sps.chroma_format, sps.bit_depth, sps.is_interlaced)
            }
            CodecConfig::Hevc(hevc) => (hevc.sps().chroma_format, hevc.sps().bit_depth, false),
            CodecConfig::Av1(av1) => {
                let sequence = av1.sequence();
                let chroma = match (sequence.is_monochrome, sequence.subsampling) {
                    (true, _) => 0,
                    (false, (true, true)) => 1,
                    (false, (true, false)) => 2,
                    (false, (false, _)) => 3,
                };
                (chroma, sequence.bit_depth, false)
            }
            // Its encoders make 4:2:0 unless they are forced.
            CodecConfig::Vp9(_) => (1, 8, false),
            CodecConfig::Aac(_)
            | CodecConfig::Opus(_)
            | CodecConfig::Flac(_)
            | CodecConfig::Ac3(_)
            | CodecConfig::Mp3(_) => return None,
        };
        let (codec, width, height) = (config.codec(), video.width, video.height);
        Some(Self { codec, width, height, chroma, bit_depth, is_interlaced })
    }

    pub(super) fn pixels(&self) -> i64 {
        i64::from(self.width).saturating_mul(self.height.into())
    }
}

impl SoundFormat {
    /// Of sound; `None` for pictures.
    pub(super) fn of(config: &CodecConfig) -> Option<Self> {
        let audio = config.audio()?;
        Some(Self {
            codec: config.codec(),
            sample_rate: audio.output_sample_rate,
            channels: audio.channels,
        })
    }
}

/// The name of a chroma format.
pub(super) const fn chroma_name(chroma: u8) -> &'static str {
    match chroma {
        0 => "4:0:0",
        2 => "4:2:2",
        3 => "4:4:4",
        _ => "4:2:0",
    }
}
