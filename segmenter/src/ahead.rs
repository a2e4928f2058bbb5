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
/// Most bytes that are held: a second at 250 Mbit/s.
const BYTES_MAX: usize = 32 * 1024 * 1024;

/// What waits for the first video track to come as far: sound that is much earlier, and pictures
/// of other tracks, since only that track says whether they begin a segment.
#[derive(Debug, Default)]
pub(crate) struct Ahead {
    units: VecDeque<Arrived>,
    bytes: usize,
}

/// How far the first video track has come, in 90 kHz ticks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pictures {
    /// The decode time of its last picture.
    pub(crate) decoded: i64,
    /// The latest time at which one of its pictures is shown.
    pub(crate) shown: i64,
}

impl Ahead {
    /// Whether `unit` waits while the first video track is at `pictures`. When that track is silent
    /// for long, nothing waits for it. Other pictures are held by when they are shown, since tracks
    /// may reorder differently.
    fn is_ahead(unit: &AccessUnit, pictures: Option<Pictures>) -> bool {
        let Some(pictures) = pictures else { return false };
        let (at, most) = match unit.track.kind {
            TrackKind::Audio => (pictures.decoded, SOUND_TICKS_MAX),
            TrackKind::Video => (pictures.shown, SAME_MOMENT_TICKS),
        };
        let lead = ticks(unit.pts).saturating_sub(at);
        lead > most && lead < SILENCE_TICKS_MAX
    }

    /// Keeps a unit that is ahead, or gives it back.
    pub(crate) fn hold(&mut self, arrived: Arrived, pictures: Option<Pictures>) -> Option<Arrived> {
        let waits = Self::is_ahead(&arrived.unit, pictures)
            // What came before it on its track still waits.
            || self.units.iter().any(|other| other.unit.track == arrived.unit.track);
        if !waits {
            return Some(arrived);
        }
        self.bytes = self.bytes.saturating_add(arrived.unit.payload.len());
        self.units.push_back(arrived);
        None
    }

    /// The next unit that waits no longer.
    pub(crate) fn release(&mut self, pictures: Option<Pictures>) -> Option<Arrived> {
        let is_full = self.units.len() > UNITS_MAX || self.bytes > BYTES_MAX;
        // One that is far ahead says that the pictures have stopped, so all before it go.
        let is_silent = |arrived: &Arrived| {
            pictures.is_none_or(|at| {
                ticks(arrived.unit.pts).saturating_sub(at.decoded) >= SILENCE_TICKS_MAX
            })
        };
        let all = is_full || self.units.iter().any(is_silent);
        let released =
            self.units.pop_front_if(|first| all || !Self::is_ahead(&first.unit, pictures))?;
        self.bytes = self.bytes.saturating_sub(released.unit.payload.len());
        Some(released)
    }

    /// What still waits when the publication is over.
    pub(crate) fn drain(&mut self) -> VecDeque<Arrived> {
        self.bytes = 0;
        std::mem::take(&mut self.units)
    }
}
