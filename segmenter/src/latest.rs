//! How far a publication has come.

use media::{AccessUnit, Rounding, Timescale, TrackKind};

/// How far each kind of media has come, in 90 kHz ticks.
#[derive(Debug, Default)]
pub(crate) struct Latest {
    /// The last decode time of a picture.
    pub(crate) video_dts: Option<i64>,
    /// From the picture before the last to the last.
    pub(crate) video_step: i64,
    /// Where the latest picture ends.
    pub(crate) video_end: Option<i64>,
    /// Where the latest sound ends.
    pub(crate) audio_end: Option<i64>,
}

/// The longest that the last picture of a publication is taken to last, in 90 kHz ticks.
const STEP_TICKS_MAX: i64 = 90_000;
/// How long pictures may stay away before sound alone says where to cut, in 90 kHz ticks: slide
/// shows send a picture every two seconds.
pub(crate) const NO_PICTURES_TICKS_MAX: i64 = 3 * 90_000;

impl Latest {
    /// Where the publication ends: with its last picture, or with its sound if the pictures have
    /// stayed away.
    pub(crate) fn end(&self) -> Option<i64> {
        let (video, audio) = (self.video_end, self.audio_end);
        match video.zip(audio) {
            Some((video, audio)) if audio.saturating_sub(video) > NO_PICTURES_TICKS_MAX => {
                Some(audio)
            }
            Some(_) | None => video.or(audio),
        }
    }

    /// Takes in a unit; sound lasts `audio_unit_ticks`.
    pub(crate) fn update(&mut self, unit: &AccessUnit, audio_unit_ticks: i64) {
        let (dts, pts) = (ticks(unit.dts), ticks(unit.pts));
        match unit.track.kind {
            TrackKind::Video => {
                if let Some(last) = self.video_dts.replace(dts) {
                    self.video_step = dts.saturating_sub(last).min(STEP_TICKS_MAX);
                }
                let end = pts.saturating_add(self.video_step);
                self.video_end = Some(self.video_end.map_or(end, |latest| latest.max(end)));
            }
            TrackKind::Audio => self.audio_end = Some(pts.saturating_add(audio_unit_ticks)),
        }
    }
}

/// A time in 90 kHz ticks. The clock bounds times, so they fit.
pub(crate) fn ticks(time: media::Timestamp) -> i64 {
    time.rescale(Timescale::MPEG, Rounding::Nearest).map_or(0, media::Timestamp::ticks)
}
