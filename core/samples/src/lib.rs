//! What tests of pure crates begin with: recorded pushes of real encoders ([`CAPTURES`]), and
//! damage to any sample that is the same on every run ([`damaged`]), and files that one thing is
//! wrong with ([`fmp4_faults`]).
//!
//! Crates name it under `[dev-dependencies]`; nothing that runs is built with it.

mod damage;
pub mod fmp4_faults;
#[cfg(test)]
mod tests;
pub mod ts_faults;

pub use damage::{SEEDS, damaged, damaged_after, damaged_slowly};

/// What one encoder sent over one connection to an RTMP server that accepted everything: from its
/// first byte, handshake included, to its last.
#[derive(Clone, Copy, Debug)]
pub struct Capture {
    /// Encoder and its version, what is special, video codec, sound codec; the file's name.
    pub name: &'static str,
    /// The bytes.
    pub bytes: &'static [u8],
}

/// Bytes of a client's side of the handshake, with which every capture begins (RTMP 1.0 §5.2).
pub const HANDSHAKE_BYTES: usize = 1 + 1_536 + 1_536;

macro_rules! captures {
    ($($name:literal)*) => {
        /// Every push in `testkit/corpus`, whose README.md says how each was made.
        pub const CAPTURES: &[Capture] = &[$(Capture {
            name: $name,
            bytes: include_bytes!(concat!("../../../testkit/corpus/", $name, ".rtmp")),
        }),*];
    };
}

captures! {
    "ffmpeg-5.1_aac"
    "ffmpeg-5.1_flv1_mp3"
    "ffmpeg-5.1_h264-bframes_aac"
    "ffmpeg-5.1_h264-late-time_aac"
    "ffmpeg-5.1_h264_aac"
    "ffmpeg-5.1_h264_mp3"
    "ffmpeg-9.0_av1_opus"
    "ffmpeg-9.0_h264-bframes_aac"
    "ffmpeg-9.0_h264_aac"
    "ffmpeg-9.0_h264_ac3"
    "ffmpeg-9.0_h264_eac3"
    "ffmpeg-9.0_h264_flac"
    "ffmpeg-9.0_h264_mp3"
    "ffmpeg-9.0_hevc-bframes_aac"
    "ffmpeg-9.0_hevc-h264_aac-opus"
    "ffmpeg-9.0_hevc-hdr_opus-5.1"
    "ffmpeg-9.0_two-h264_two-aac"
    "ffmpeg-9.0_vp9_opus"
    "gstreamer-1.22-rtmpsink_h264_aac"
    "gstreamer-1.22_h264-bframes_mp3"
    "gstreamer-1.22_h264_aac"
    "obs-29.0-killed_h264_aac"
    "obs-29.0_h264_aac"
}

impl Capture {
    /// The capture called `name`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        CAPTURES.iter().find(|capture| capture.name == name).copied()
    }

    /// At most its first `length` bytes: enough for every sequence header, and quick to damage.
    #[must_use]
    pub fn head(&self, length: usize) -> &'static [u8] {
        self.bytes.get(..length).unwrap_or(self.bytes)
    }
}

/// So many bytes, the same ones each time, without a pattern that a copy could profit from.
#[must_use]
pub fn noise(bytes: usize) -> Vec<u8> {
    let mut state = u64::try_from(bytes).unwrap_or(u64::MAX);
    let next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56).to_le_bytes()[0]
    };
    std::iter::repeat_with(next).take(bytes).collect()
}

/// The bytes of a text of hexadecimal digits; white space is for the reader.
///
/// # Panics
///
/// If there is anything else in it: what a test was given is wrong then.
#[must_use]
#[expect(clippy::unwrap_used, reason = "only tests call it")]
pub fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}
