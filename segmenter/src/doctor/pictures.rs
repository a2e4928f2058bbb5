//! What is seen of the pictures.

use media::{AccessUnit, Track, TrackId};

use super::delays::Delays;
use super::format::PictureFormat;
use super::gops::Gops;
use super::rates::Rates;
use crate::latest::ticks;

/// The first video track.
#[derive(Clone, Debug)]
pub(super) struct Pictures {
    pub(super) id: TrackId,
    pub(super) format: PictureFormat,
    /// Bits a second that the encoder says it is set to.
    pub(super) declared: Option<u32>,
    pub(super) rates: Rates,
    pub(super) gops: Gops,
    pub(super) delays: Delays,
    /// When the first is shown, on the timeline, in milliseconds.
    pub(super) first_ms: Option<i64>,
    /// Where on the timeline the newest is, in milliseconds, or the others were when the track was
    /// announced.
    pub(super) latest_ms: i64,
    /// The longest from decoding to showing, in milliseconds: what B-frames hold back.
    pub(super) held_back_ms: i64,
}

impl Pictures {
    pub(super) fn of(track: &Track, latest_ms: i64) -> Option<Self> {
        Some(Self {
            id: track.id,
            format: PictureFormat::of(&track.codec)?,
            declared: track.bit_rate,
            rates: Rates::default(),
            gops: Gops::default(),
            delays: Delays::default(),
            first_ms: None,
            latest_ms,
            held_back_ms: 0,
        })
    }

    /// The same track, announced again.
    pub(super) fn change(&mut self, track: &Track) {
        self.declared = track.bit_rate;
        let Some(format) = PictureFormat::of(&track.codec) else { return };
        if std::mem::replace(&mut self.format, format) != format {
            self.rates.reset();
            self.gops.reset();
            self.held_back_ms = 0;
        }
    }

    pub(super) fn add(&mut self, unit: &AccessUnit, is_settled: bool, now_ms: i64) {
        let (dts, shown_ms) = (ticks(unit.dts), ticks(unit.pts) / 90);
        self.latest_ms = dts / 90;
        self.first_ms.get_or_insert(shown_ms);
        self.rates.add(dts, unit.payload.len());
        self.gops.add(shown_ms, unit.random_access);
        self.held_back_ms = self.held_back_ms.max(shown_ms.saturating_sub(dts / 90));
        if is_settled {
            self.delays.add(dts / 90, now_ms);
        }
    }

    /// The timeline jumped.
    pub(super) fn jump(&mut self) {
        self.rates.reset();
        self.gops.reset();
        self.delays.reset();
        self.first_ms = None;
    }
}
