//! What was measured, good or not.

use media::Codec;

use super::seen::Seen;

/// The figures of a publication at a moment. What is not known yet, or not there, is `None`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Figures {
    /// How long it has been watched, in milliseconds.
    pub watched_ms: i64,
    /// Codec of the pictures.
    pub video_codec: Option<Codec>,
    /// Width and height of the pictures.
    pub size: Option<(u32, u32)>,
    /// Pictures in 1,000 seconds.
    pub frame_rate_milli: Option<i64>,
    /// Bits a second of the pictures.
    pub video_bit_rate: Option<i64>,
    /// Bits a second that the encoder says its pictures have.
    pub video_bit_rate_declared: Option<u32>,
    /// The shortest, the middle and the longest distance between key frames, in milliseconds.
    pub key_frames_ms: Option<(i64, i64, i64)>,
    /// How long B-frames hold pictures back at most, in milliseconds: 0 without any.
    pub held_back_ms: Option<i64>,
    /// Codec of the sound.
    pub audio_codec: Option<Codec>,
    /// Samples a second.
    pub sample_rate: Option<u32>,
    /// Channels.
    pub channels: Option<u8>,
    /// Bits a second of the sound.
    pub audio_bit_rate: Option<i64>,
    /// How much later than the pictures the sound begins by their times, in milliseconds.
    pub sound_begins_late_ms: Option<i64>,
    /// How much later than the pictures of the same moment sound arrives, in milliseconds.
    pub sound_arrives_late_ms: Option<i64>,
    /// How much faster than the server's the encoder's clock runs, in millionths.
    pub drift_ppm: Option<i64>,
    /// How unevenly units arrive, in milliseconds.
    pub jitter_ms: Option<i64>,
}

impl Seen {
    /// What is measured now.
    pub(super) fn figures(&self) -> Figures {
        let (pictures, sound) = (self.pictures.as_ref(), self.sound.as_ref());
        let shown = pictures.and_then(|pictures| pictures.rates.so_far());
        let heard = sound.and_then(|sound| sound.rates.so_far());
        Figures {
            watched_ms: self.watched_ms(),
            video_codec: pictures.map(|pictures| pictures.format.codec),
            size: pictures.map(|pictures| (pictures.format.width, pictures.format.height)),
            frame_rate_milli: shown.and_then(|shown| shown.rate_milli()),
            video_bit_rate: shown.and_then(|shown| shown.bit_rate()),
            video_bit_rate_declared: pictures.and_then(|pictures| pictures.declared),
            key_frames_ms: pictures.and_then(|pictures| pictures.gops.spread()),
            held_back_ms: pictures.map(|pictures| pictures.held_back.ms()),
            audio_codec: sound.map(|sound| sound.format.codec),
            sample_rate: sound.map(|sound| sound.format.sample_rate),
            channels: sound.map(|sound| sound.format.channels),
            audio_bit_rate: heard.and_then(|heard| heard.bit_rate()),
            sound_begins_late_ms: self.sound_begins_late_ms(),
            sound_arrives_late_ms: self.sound_arrives_late_ms(),
            drift_ppm: self.delays().and_then(|delays| delays.drift_ppm()),
            jitter_ms: self.delays().and_then(|delays| delays.jitter_ms()),
        }
    }
}
