//! What is seen of the sound.

use media::{AccessUnit, Track, TrackId};

use super::delays::Delays;
use super::format::SoundFormat;
use super::rates::Rates;
use crate::latest::ticks;

/// The first audio track.
#[derive(Clone, Debug)]
pub(super) struct Sound {
    pub(super) id: TrackId,
    pub(super) format: SoundFormat,
    pub(super) rates: Rates,
    pub(super) delays: Delays,
    /// When the first is heard, on the timeline, in milliseconds.
    pub(super) first_ms: Option<i64>,
    /// Where on the timeline the newest is, in milliseconds, or the others were when the track was
    /// announced.
    pub(super) latest_ms: i64,
}

impl Sound {
    pub(super) fn of(track: &Track, latest_ms: i64) -> Option<Self> {
        Some(Self {
            id: track.id,
            format: SoundFormat::of(&track.codec)?,
            rates: Rates::default(),
            delays: Delays::default(),
            first_ms: None,
            latest_ms,
        })
    }

    /// The same track, announced again.
    pub(super) fn change(&mut self, track: &Track) {
        let Some(format) = SoundFormat::of(&track.codec) else { return };
        if std::mem::replace(&mut self.format, format) != format {
            self.rates.reset();
        }
    }

    pub(super) fn add(&mut self, unit: &AccessUnit, is_settled: bool, now_ms: i64) {
        let at = ticks(unit.dts);
        self.latest_ms = at / 90;
        self.first_ms.get_or_insert(at / 90);
        self.rates.add(at, unit.payload.len(), unit.random_access);
        if is_settled {
            self.delays.add(at / 90, now_ms);
        }
    }

    /// The timeline jumped.
    pub(super) fn jump(&mut self) {
        self.rates.reset();
        self.delays.reset();
    }
}
