//! Which renditions there are, as tracks come, change and go.

use media::{Track, TrackKind};

use super::Segmenter;
use crate::UnsupportedTrack;
use crate::rendition::Rendition;
use crate::start::Arrived;

/// A track as it was announced last.
#[derive(Clone, Debug)]
pub(crate) struct Announced {
    pub(crate) track: Track,
    /// Counts its configurations.
    pub(crate) config: u32,
}

impl Segmenter {
    /// Announces a track, or a change of it. The same announcement again changes nothing.
    ///
    /// # Errors
    ///
    /// When no rendition can carry the track; the others go on without it.
    pub fn track(&mut self, track: Track) -> Result<(), UnsupportedTrack> {
        let known = self.tracks.get(&track.id);
        // What the encoder is set to may change without anything in the media.
        let is_same =
            |it: &Announced| it.track.codec == track.codec && it.track.light == track.light;
        if self.start.is_none() && known.is_some_and(is_same) {
            self.doctor.track(&track);
            return Ok(());
        }
        if let Err(error) = self.packaging.check(&track) {
            // What it was is over as well.
            self.has_new_tracks |= self.tracks.remove(&track.id).is_some();
            self.clock.forget(track.id);
            return Err(error);
        }
        self.clock.track(&track);
        self.doctor.track(&track);
        let config = known.map_or(0, |known| {
            let has_changed = known.track.codec != track.codec;
            known.config.saturating_add(u32::from(has_changed))
        });
        let id = track.id;
        self.tracks.insert(id, Announced { track, config });
        self.has_new_tracks = true;
        if let Some(boundary) = &mut self.boundary {
            // It is between two tracks of one moment: both change there.
            boundary.discontinuity |= boundary.next(id).is_none();
        }
        Ok(())
    }

    /// Makes the renditions what the tracks want them to be. Those that go on keep their counters.
    /// Pictures wait for a key frame, but for those of the first track at the beginning: it has
    /// one, or will never have.
    pub(super) fn make_renditions(&mut self) {
        let is_first = self.renditions.is_empty();
        let first = self.tracks.keys().copied().find(|id| id.kind == TrackKind::Video);
        let mut before = std::mem::take(&mut self.renditions);
        for plan in self.packaging.plan(&self.tracks) {
            if let Some(at) = before.iter().position(|rendition| *rendition.id() == plan.id) {
                let mut rendition = before.swap_remove(at);
                rendition.change(plan, &self.tracks);
                self.renditions.push(rendition);
            } else if let Some(mut rendition) =
                Rendition::new(plan, &self.tracks, self.timed_id3, self.low_latency)
            {
                rendition.await_key_frame(first.filter(|_| is_first));
                self.renditions.push(rendition);
            }
        }
    }

    /// Whether a track of this kind is announced.
    #[must_use]
    pub fn has_track(&self, kind: TrackKind) -> bool {
        self.tracks.keys().any(|id| id.kind == kind)
    }
    /// Whether a unit is sound that is coded otherwise than its renditions know.
    pub(super) fn is_other_sound(&self, arrived: &Arrived) -> bool {
        let unit = &arrived.unit;
        unit.track.kind == TrackKind::Audio
            && self.renditions.iter().any(|r| r.knows_otherwise(unit.track, arrived.config))
    }
}
