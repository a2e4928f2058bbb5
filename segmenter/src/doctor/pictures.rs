//! What is seen of the pictures.

use media::{AccessUnit, Track, TrackId};

use super::delays::Delays;
use super::format::PictureFormat;
use super::gops::Gops;
use super::held_back::HeldBack;
use super::rates::Rates;
use crate::latest::ticks;

/// Bits for 1,000 pixels of a picture that refers to others, below which nothing moves: 2.6 kB at
/// 1080p. At 30 a second pictures that move would be unrecognisable.
const STILL: i64 = 10;

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
    pub(super) held_back: HeldBack,
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
            held_back: HeldBack::default(),
        })
    }

    /// The same track, announced again.
    pub(super) fn change(&mut self, track: &Track) {
        self.declared = track.bit_rate;
        let Some(format) = PictureFormat::of(&track.codec) else { return };
        if std::mem::replace(&mut self.format, format) != format {
            self.restart();
            self.held_back = HeldBack::default();
        }
    }

    /// Which pictures came before says nothing of those that come.
    pub(super) fn restart(&mut self) {
        self.rates.reset();
        self.gops.reset();
    }

    /// A picture that arrived at `now_ms`. `is_excused` says that others may have been dropped for
    /// reasons that are not the encoder's, `is_settled` that arrival says something.
    pub(super) fn add(
        &mut self,
        unit: &AccessUnit,
        now_ms: i64,
        is_settled: bool,
        is_excused: bool,
    ) {
        let (dts, shown_ms) = (ticks(unit.dts), ticks(unit.pts) / 90);
        self.latest_ms = dts / 90;
        self.first_ms.get_or_insert(shown_ms);
        if !is_excused {
            self.rates.add(dts, unit.payload.len(), unit.random_access);
            self.gops.add(shown_ms, unit.random_access);
        }
        self.held_back.add(dts / 90, shown_ms.saturating_sub(dts / 90));
        if is_settled {
            self.delays.add(dts / 90, now_ms);
        }
    }

    /// Whether anything moves, as far as that is known. A still picture needs few others after it,
    /// and who watches it misses none.
    pub(super) fn moves(&self) -> bool {
        let bits = self.rates.judged().and_then(|judged| judged.bits_between());
        bits.is_none_or(|bits| {
            bits.saturating_mul(1_000) >= self.format.pixels().saturating_mul(STILL)
        })
    }

    /// The timeline jumped.
    pub(super) fn jump(&mut self) {
        self.restart();
        self.delays.reset();
        self.held_back = HeldBack::default();
    }
}
