//! How far a publication has come.

use std::collections::BTreeMap;

use media::{AccessUnit, Rounding, Timescale, TrackId, TrackKind};

use crate::ahead::Pictures;

/// How far each track has come, in 90 kHz ticks.
#[derive(Debug, Default)]
pub(crate) struct Latest {
    tracks: BTreeMap<TrackId, Progress>,
}

#[derive(Clone, Copy, Debug)]
struct Progress {
    /// The decode time of the last unit that arrived.
    arrived: i64,
    /// The latest presentation time of one that arrived.
    shown: i64,
    /// The decode time of the last unit that was written.
    written: Option<i64>,
    /// From the unit written before the last to the last.
    step: i64,
    /// Where what was written ends.
    end: Option<i64>,
    /// How long the last unit that was written lasts.
    length: i64,
}

/// The longest that the last picture of a publication is taken to last, in 90 kHz ticks.
const STEP_TICKS_MAX: i64 = 90_000;
/// How long pictures may stay away before sound alone says where to cut, in 90 kHz ticks: slide
/// shows send a picture every two seconds.
pub(crate) const NO_PICTURES_TICKS_MAX: i64 = 3 * 90_000;
/// How long a track may send nothing before the others no longer wait for it, in 90 kHz ticks.
pub(crate) const SILENCE_TICKS_MAX: i64 = 90_000;

impl Latest {
    /// A unit has arrived.
    pub(crate) fn arrive(&mut self, unit: &AccessUnit) {
        let arrived = ticks(unit.dts);
        let shown = ticks(unit.pts);
        let fresh = Progress { arrived, shown, written: None, step: 0, end: None, length: 0 };
        let progress = self.tracks.entry(unit.track).or_insert(fresh);
        (progress.arrived, progress.shown) = (arrived, progress.shown.max(shown));
    }

    /// A unit is written; sound lasts `sound_ticks`.
    pub(crate) fn write(&mut self, unit: &AccessUnit, sound_ticks: i64) {
        let (dts, pts) = (ticks(unit.dts), ticks(unit.pts));
        let Some(progress) = self.tracks.get_mut(&unit.track) else { return };
        let length = match unit.track.kind {
            TrackKind::Video => {
                if let Some(last) = progress.written {
                    progress.step = dts.saturating_sub(last).min(STEP_TICKS_MAX);
                }
                progress.step
            }
            TrackKind::Audio => sound_ticks,
        };
        (progress.written, progress.length) = (Some(dts), length);
        let end = pts.saturating_add(length);
        progress.end = Some(match unit.track.kind {
            // Pictures are not decoded in the order in which they are shown.
            TrackKind::Video => progress.end.map_or(end, |latest| latest.max(end)),
            TrackKind::Audio => end,
        });
    }

    /// How far the first video track has come.
    pub(crate) fn pictures_arrived(&self) -> Option<Pictures> {
        let first = self.tracks.iter().find(|(id, _)| id.kind == TrackKind::Video)?;
        Some(Pictures { decoded: first.1.arrived, shown: first.1.shown })
    }

    /// Whether the unit's track says where segments begin: the first one that has sent something
    /// of late, pictures before sound.
    pub(crate) fn is_master(&self, unit: &AccessUnit) -> bool {
        let dts = ticks(unit.dts);
        let is_alive =
            |progress: &Progress| dts.saturating_sub(progress.arrived) < NO_PICTURES_TICKS_MAX;
        let before = self.tracks.iter().take_while(|(id, _)| **id != unit.track);
        !before.into_iter().any(|(_, progress)| is_alive(progress))
    }

    /// The tracks that have something to send before `at` still.
    pub(crate) fn behind(&self, at: i64) -> impl Iterator<Item = TrackId> {
        let lags = move |end: i64| end < at && at.saturating_sub(end) < SILENCE_TICKS_MAX;
        let behind = self.tracks.iter().filter(move |(_, progress)| progress.end.is_some_and(lags));
        behind.map(|(id, _)| *id)
    }

    /// The sounds that have a frame to send still whose middle is before `at`.
    pub(crate) fn sounds_behind(&self, at: i64) -> impl Iterator<Item = TrackId> {
        let lags = move |progress: &Progress| {
            let next_middle = progress.end.map(|end| end.saturating_add(progress.length / 2));
            next_middle
                .is_some_and(|middle| middle < at && at.saturating_sub(middle) < SILENCE_TICKS_MAX)
        };
        let sounds = self.tracks.iter().filter(|(id, _)| id.kind == TrackKind::Audio);
        sounds.filter(move |(_, progress)| lags(progress)).map(|(id, _)| *id)
    }

    /// How long the last picture of the first video track lasts, as far as is known.
    pub(crate) fn step(&self) -> i64 {
        let video = self.tracks.iter().find(|(id, _)| id.kind == TrackKind::Video);
        video.map_or(0, |(_, progress)| progress.step)
    }

    /// Where the publication ends: with its last picture, or with its sound if the pictures have
    /// stayed away.
    pub(crate) fn end(&self) -> Option<i64> {
        let last = |kind| {
            let ends = self.tracks.iter().filter(move |(id, _)| id.kind == kind);
            ends.filter_map(|(_, progress)| progress.end).max()
        };
        let (video, audio) = (last(TrackKind::Video), last(TrackKind::Audio));
        match video.zip(audio) {
            Some((video, audio)) if audio.saturating_sub(video) > NO_PICTURES_TICKS_MAX => {
                Some(audio)
            }
            Some(_) | None => video.or(audio),
        }
    }
}

/// A time in 90 kHz ticks. The clock bounds times, so they fit.
pub(crate) fn ticks(time: media::Timestamp) -> i64 {
    time.rescale(Timescale::MPEG, Rounding::Nearest).map_or(0, media::Timestamp::ticks)
}
