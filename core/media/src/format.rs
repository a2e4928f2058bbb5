//! What containers and playlists must know of a track, whatever its codec.

/// What pictures look like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct VideoFormat {
    /// Width in samples of what is shown, after cropping; not 0.
    pub width: u32,
    /// Height in samples of what is shown, after cropping; not 0.
    pub height: u32,
    /// Width and height of a sample, if they are known; neither is 0.
    pub sample_aspect: Option<(u16, u16)>,
    /// Frames over seconds, if the encoder says so; neither is 0.
    pub frame_rate: Option<(u32, u64)>,
    /// What the sample values mean, if it is said.
    pub colour: Option<Colour>,
    /// Pictures that may come before one in coding order and after it in output order, if it is
    /// said.
    pub reorder_frames_max: Option<u8>,
}

/// What sound looks like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AudioFormat {
    /// Samples a second in which the units of the track are counted ([`crate::AccessUnit`]'s
    /// `samples`); not 0.
    pub sample_rate: u32,
    /// Samples a second that a decoder puts out: more where it replicates bands.
    pub output_sample_rate: u32,
    /// Channels that a decoder puts out; not 0.
    pub channels: u8,
}

impl AudioFormat {
    /// Of sound whose units are counted in the samples that a decoder puts out.
    pub(crate) const fn plain(sample_rate: u32, channels: u8) -> Self {
        Self { sample_rate, output_sample_rate: sample_rate, channels }
    }
}

/// What the sample values mean: the numbers of ITU-T H.273.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour {
    /// `colour_primaries`.
    pub primaries: u8,
    /// `transfer_characteristics`.
    pub transfer: u8,
    /// `matrix_coefficients`.
    pub matrix: u8,
    /// Whether samples use every value instead of 16 to 235.
    pub is_full_range: bool,
}

/// What pictures of a high dynamic range are made for: Enhanced RTMP's `colorInfo`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Light {
    /// What the sample values mean, where it is said here and not in the pictures.
    pub colour: Option<Colour>,
    /// How bright the content gets.
    pub content: Option<ContentLight>,
    /// The display that it was mastered on.
    pub mastering: Option<MasteringDisplay>,
}

/// Content light level (CTA-861.3), in candela per square metre.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ContentLight {
    /// Of the brightest pixel of all.
    pub max_cll: u16,
    /// Of the brightest picture's average.
    pub max_fall: u16,
}

/// Mastering display colour volume (SMPTE ST 2086), in the units of the `mdcv` box.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MasteringDisplay {
    /// Chromaticity of red, green and blue: x and y in 1/50,000.
    pub primaries: [(u16, u16); 3],
    /// Chromaticity of white: x and y in 1/50,000.
    pub white: (u16, u16),
    /// The brightest it can show, in 1/10,000 cd/m².
    pub luminance_max: u32,
    /// The darkest it can show, in 1/10,000 cd/m².
    pub luminance_min: u32,
}
