//! What is measured of a publication, for the rules to look at.

use std::collections::BTreeMap;

use media::{AccessUnit, Codec, Track, TrackId, TrackKind};

use super::delays::Delays;
use super::mending::{Counts, Mending};
use super::pauses::{PAUSE_MS, Pauses, Stalls};
use super::pictures::Pictures;
use super::sound::Sound;
use crate::Repairs;
use crate::latest::ticks;

/// How long nothing is made of how units arrive and of what is mended, in milliseconds: encoders
/// and players that are relayed send what they have kept at once, and find their pace.
const EARLY_MS: i64 = 10_000;
/// Tracks whose codecs are remembered: as many as a demuxer makes.
const TRACKS_MAX: usize = 32;
/// How much the server's clock may go back without a word, in milliseconds.
const BACK_MS_MAX: i64 = 100;

/// Everything that is measured.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) pictures: Option<Pictures>,
    pub(super) sound: Option<Sound>,
    codecs: BTreeMap<TrackId, Codec>,
    /// When the first unit arrived, and the newest.
    began_ms: Option<i64>,
    arrived_ms: i64,
    /// Where on the timeline the newest is, in milliseconds.
    latest_ms: i64,
    /// The delay of the first unit since the timeline or the clock jumped.
    first_delay_ms: Option<i64>,
    /// The delay of the newest.
    delay_ms: i64,
    pauses: Pauses,
    mending: Mending,
    /// When it was looked at last.
    pub(super) now_ms: i64,
}

impl Seen {
    pub(super) fn track(&mut self, track: &Track) {
        if self.codecs.len() < TRACKS_MAX || self.codecs.contains_key(&track.id) {
            self.codecs.insert(track.id, track.codec.codec());
        }
        let latest_ms = self.latest_ms;
        match track.id.kind {
            TrackKind::Video => match &mut self.pictures {
                Some(known) if known.id < track.id => {}
                Some(known) if known.id == track.id => known.change(track),
                other => *other = Pictures::of(track, latest_ms),
            },
            TrackKind::Audio => match &mut self.sound {
                Some(known) if known.id < track.id => {}
                Some(known) if known.id == track.id => known.change(track),
                other => *other = Sound::of(track, latest_ms),
            },
        }
    }

    pub(super) fn unit(&mut self, unit: &AccessUnit, jumped: bool, now_ms: i64) {
        if self.began_ms.is_none() {
            self.begin(ticks(unit.dts) / 90, now_ms);
        }
        let pause_ms = now_ms.saturating_sub(self.arrived_ms);
        if jumped {
            self.pictures.iter_mut().for_each(Pictures::jump);
            self.sound.iter_mut().for_each(Sound::jump);
            self.first_delay_ms = None;
        } else if pause_ms < -BACK_MS_MAX {
            self.each_delays(Delays::reset);
            self.first_delay_ms = None;
        }
        self.arrived_ms = now_ms;
        let is_settled = self.is_settled(now_ms);
        if pause_ms >= PAUSE_MS {
            self.each_delays(Delays::pause);
            if is_settled {
                self.pauses.add(now_ms, pause_ms);
            }
        }
        self.latest_ms = ticks(unit.dts) / 90;
        self.delay_ms = now_ms.saturating_sub(self.latest_ms);
        self.first_delay_ms.get_or_insert(self.delay_ms);
        match (&mut self.pictures, &mut self.sound) {
            (Some(pictures), _) if pictures.id == unit.track => {
                pictures.add(unit, is_settled, now_ms);
            }
            (_, Some(sound)) if sound.id == unit.track => sound.add(unit, is_settled, now_ms),
            _ => {}
        }
    }

    /// Nothing was read until `now_ms`: how units arrived meanwhile, nobody knows.
    pub(super) fn waited(&mut self, now_ms: i64) {
        self.arrived_ms = self.arrived_ms.max(now_ms);
        self.each_delays(Delays::reset);
        self.first_delay_ms = None;
    }

    pub(super) fn examine(&mut self, repairs: Repairs, broken: u64, now_ms: i64) {
        self.now_ms = now_ms;
        if self.is_settled(now_ms) {
            self.mending.add(repairs, broken, now_ms);
        }
    }

    /// Whether no unit has come yet.
    pub(super) const fn is_empty(&self) -> bool {
        self.began_ms.is_none()
    }

    /// Whether a codec is among those of the tracks.
    pub(super) fn has_codec(&self, codec: Codec) -> bool {
        self.codecs.values().any(|known| *known == codec)
    }

    /// How long it has been watched, in milliseconds.
    pub(super) fn watched_ms(&self) -> i64 {
        self.began_ms.map_or(0, |began| self.arrived_ms.saturating_sub(began))
    }

    /// How long pauses have been looked for.
    fn settled_ms(&self) -> i64 {
        self.watched_ms().saturating_sub(EARLY_MS)
    }

    /// What was mended in the last minute.
    pub(super) fn lately(&self) -> Counts {
        self.mending.lately()
    }

    /// The delays that arrival is judged by: the pictures', or the sound's where there are none.
    pub(super) fn delays(&self) -> Option<&Delays> {
        let pictures = self.pictures.as_ref().map(|pictures| &pictures.delays);
        pictures.or_else(|| self.sound.as_ref().map(|sound| &sound.delays))
    }

    pub(super) fn stalls(&self, least_ms: i64) -> Option<Stalls> {
        // Before, a stall cannot be told from the first of many bursts.
        let is_known = self.settled_ms() >= 15_000;
        self.pauses.stalls(self.now_ms, least_ms).filter(|_| is_known)
    }

    pub(super) fn bursts_ms(&self) -> Option<i64> {
        self.pauses.bursts_ms(self.now_ms, self.settled_ms())
    }

    /// How far the media has run ahead of the time, in milliseconds.
    pub(super) fn ahead_ms(&self) -> Option<i64> {
        let at_first = self.first_delay_ms.filter(|_| self.watched_ms() < 60_000);
        let ahead = at_first.map(|first| first.saturating_sub(self.delay_ms));
        ahead.or_else(|| self.delays()?.ahead_ms())
    }

    /// How much later than the pictures of the same moment sound arrives, in milliseconds.
    pub(super) fn sound_arrives_late_ms(&self) -> Option<i64> {
        let (pictures, sound) = (self.pictures.as_ref()?, self.sound.as_ref()?);
        Some(sound.delays.present_ms()?.saturating_sub(pictures.delays.present_ms()?))
    }

    /// How much later than the pictures the sound begins on the timeline, in milliseconds.
    pub(super) fn sound_begins_late_ms(&self) -> Option<i64> {
        Some(self.sound.as_ref()?.first_ms?.saturating_sub(self.pictures.as_ref()?.first_ms?))
    }

    /// How long no picture has come although sound has.
    pub(super) fn without_pictures_ms(&self) -> Option<i64> {
        let (pictures, sound) = (self.pictures.as_ref()?, self.sound.as_ref()?);
        Some(sound.latest_ms.saturating_sub(pictures.latest_ms))
    }

    /// How long no sound has come although pictures have.
    pub(super) fn without_sound_ms(&self) -> Option<i64> {
        Some(self.without_pictures_ms()?.saturating_neg())
    }

    fn begin(&mut self, media_ms: i64, now_ms: i64) {
        self.began_ms = Some(now_ms);
        self.arrived_ms = now_ms;
        // Tracks were announced before the timeline began.
        self.pictures.iter_mut().for_each(|pictures| pictures.latest_ms = media_ms);
        self.sound.iter_mut().for_each(|sound| sound.latest_ms = media_ms);
    }

    fn is_settled(&self, now_ms: i64) -> bool {
        self.began_ms.is_some_and(|began| now_ms.saturating_sub(began) >= EARLY_MS)
    }

    fn each_delays(&mut self, change: fn(&mut Delays)) {
        self.pictures.iter_mut().for_each(|pictures| change(&mut pictures.delays));
        self.sound.iter_mut().for_each(|sound| change(&mut sound.delays));
    }
}
