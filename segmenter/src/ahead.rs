//! Units that arrive before the pictures that decide where they belong.

use std::collections::VecDeque;

use media::{AccessUnit, TrackKind};

use crate::boundary::SAME_MOMENT_TICKS;
use crate::latest::{SILENCE_TICKS_MAX, ticks};
use crate::start::Arrived;

/// How much earlier than pictures of the same time sound may arrive and still be written at once,
/// in 90 kHz ticks: about a frame, by which sound may then be cut too late.
const SOUND_TICKS_MAX: i64 = 1_800;
/// Most units that are held: a second of a few tracks has a few hundred.
const UNITS_MAX: usize = 2_048;

/// What waits for the first video track to come as far: sound that is much earlier, and pictures
/// of other tracks, since only that track says whether they begin a segment.
#[derive(Debug, Default)]
pub(crate) struct Ahead {
    units: VecDeque<Arrived>,
}

impl Ahead {
    /// Whether `unit` waits while the first video track is at `pictures` (90 kHz ticks of decode
    /// time). When that track is silent for long, nothing waits for it.
    fn is_ahead(unit: &AccessUnit, pictures: Option<i64>) -> bool {
        let Some(pictures) = pictures else { return false };
        let (lead, most) = match unit.track.kind {
            TrackKind::Audio => (ticks(unit.pts).saturating_sub(pictures), SOUND_TICKS_MAX),
            TrackKind::Video => (ticks(unit.dts).saturating_sub(pictures), SAME_MOMENT_TICKS),
        };
        lead > most && lead < SILENCE_TICKS_MAX
    }

    /// Keeps a unit that is ahead, or gives it back.
    pub(crate) fn hold(&mut self, arrived: Arrived, pictures: Option<i64>) -> Option<Arrived> {
        let waits = Self::is_ahead(&arrived.unit, pictures)
            // What came before it on its track still waits.
            || self.units.iter().any(|other| other.unit.track == arrived.unit.track);
        if !waits {
            return Some(arrived);
        }
        self.units.push_back(arrived);
        None
    }

    /// The next unit that waits no longer.
    pub(crate) fn release(&mut self, pictures: Option<i64>) -> Option<Arrived> {
        let is_full = self.units.len() > UNITS_MAX;
        // One that is far ahead says that the pictures have stopped, so all before it go.
        let is_silent = |arrived: &Arrived| {
            pictures
                .is_none_or(|at| ticks(arrived.unit.pts).saturating_sub(at) >= SILENCE_TICKS_MAX)
        };
        let all = is_full || self.units.iter().any(is_silent);
        self.units.pop_front_if(|first| all || !Self::is_ahead(&first.unit, pictures))
    }

    /// What still waits when the publication is over.
    pub(crate) fn drain(&mut self) -> VecDeque<Arrived> {
        std::mem::take(&mut self.units)
    }
}
